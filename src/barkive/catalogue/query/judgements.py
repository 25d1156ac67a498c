"""Reads what models and people said of photos, for many photos at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from barkive.boxes import Box
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_dogs import (
    Effective,
    Prediction,
    Said,
    SeenDog,
    dog_id,
    effective,
)
from barkive.catalogue.records import Mark
from barkive.verdicts import Status

IN_ORDER = (schema.correction.c.said_at, schema.correction.c.turn, schema.correction.c.id)
"""The order of what people said of a picture."""

_NO_DETECTIONS: tuple[list[SeenDog], list[SeenDog]] = ([], [])


def said_of(connection: Connection, pictures: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """What people said of each picture of which they spoke, in order.

    Args:
        connection: Of the catalogue.
        pictures: Which ones.
    """
    table = schema.correction
    said: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for part in chunks(list(pictures)):
        rows = select(table).where(table.c.picture.in_(part)).order_by(*IN_ORDER)
        for row in connection.execute(rows):
            said[row.picture].append(row)
    return said


def effective_of(
    connection: Connection,
    models: Models,
    rows: Sequence[Row[Any]],
    said: Mapping[int, Sequence[Row[Any]]],
) -> list[Effective]:
    """What holds of photos and of their dogs.

    Args:
        connection: Of the catalogue.
        models: Its models.
        rows: Of `entries.chosen`.
        said: Of `said_of`.
    """
    wanted = [
        row
        for row in rows
        if row.answer_dogs or (row.answer_id is not None and row.picture in said)
    ]
    predictions = {row.id: prediction_of(connection, models, row) for row in rows}
    detections = _detections(connection, wanted, predictions)
    turns = Turns.read(connection, _other_contents(rows, said))
    found: list[Effective] = []
    for row in rows:
        seen, drawn = detections.get(row.answer_id, _NO_DETECTIONS)
        words = [Said(word, turns.mark(word, row.sha256)) for word in said.get(row.picture, ())]
        looked = seen if row.answer_dogs is not None else None
        found.append(effective(predictions[row.id], looked, drawn, words))
    return found


def prediction_of(connection: Connection, models: Models, row: Row[Any]) -> Prediction | None:
    """What the model said of a photo as a whole; None where it could not be read."""
    if row.answer_id is None:
        return None
    model = models.get(connection, row.answer_model_id)
    return Prediction(model, Status(row.answer_status), row.probabilities, row.dog)


def _detections(
    connection: Connection,
    rows: Sequence[Row[Any]],
    predictions: Mapping[int, Prediction | None],
) -> dict[int, tuple[list[SeenDog], list[SeenDog]]]:
    """The dogs that the answers of photos saw, and what they said of boxes that people drew."""
    c = schema.detection.c
    of_answers = {row.answer_id: row for row in rows}
    found: dict[int, tuple[list[SeenDog], list[SeenDog]]] = {}
    for part in chunks(list(of_answers)):
        kept = (one for one in c if one.name not in ("vector", "features"))
        stored = select(*kept).where(c.answer_id.in_(part))
        for one in connection.execute(stored.order_by(c.answer_id, c.place, c.id)):
            row = of_answers[one.answer_id]
            whole = predictions[row.id]
            assert whole is not None
            status = Status(one.status)
            prediction = whole._replace(status=status)
            if one.probabilities is not None:
                prediction = Prediction(whole.model, status, one.probabilities, one.dog, one.id)
            box = Box(one.x, one.y, one.width, one.height)
            dog = SeenDog(dog_id(bytes(row.sha256), box), box, one.score, prediction)
            found.setdefault(one.answer_id, ([], []))[one.place is None].append(dog)
    return found


def _other_contents(rows: Iterable[Row[Any]], said: Mapping[int, Sequence[Row[Any]]]) -> set[bytes]:
    """The contents in which people saw dogs of photos that have other contents now, and these."""
    return {
        bytes(content)
        for row in rows
        for word in said.get(row.picture, ())
        if word.box is not None and row.sha256 is not None and word.sha256 != row.sha256
        for content in (word.sha256, row.sha256)
    }


class Turns:
    """How the contents of pictures are turned, so that a box of one is found in another.

    Where only the orientation tag of a file was changed, a box turns with the picture. Where the
    picture itself was rewritten, it is upright in both, and the box lies where it lay.
    """

    def __init__(self, contents: Mapping[bytes, tuple[bytes | None, int | None]]) -> None:
        """Takes the coded picture and the orientation of contents, by their SHA-256."""
        self._contents = contents

    @staticmethod
    def read(connection: Connection, contents: Iterable[bytes]) -> Turns:
        """Reads how some contents are turned."""
        c = schema.content.c
        found: dict[bytes, tuple[bytes | None, int | None]] = {}
        for part in chunks(list(contents)):
            for one in connection.execute(
                select(c.sha256, c.coded, c.orientation).where(c.sha256.in_(part))
            ):
                found[bytes(one.sha256)] = one.coded, one.orientation
        return Turns(found)

    def mark(self, word: Row[Any], content: bytes | None) -> Mark | None:
        """Where a dog of which somebody spoke is in a content; None where none was known."""
        if word.box is None:
            return None
        return Mark.from_text(word.box).moved(lambda box: self.box(box, word.sha256, content))

    def box(self, box: Box, content: bytes, other: bytes | None) -> Box:
        """Where a box of one content is in another content of the same picture."""
        if other is None or content == other:
            return box
        coded, orientation = self._contents.get(bytes(content), (None, None))
        other_coded, other_orientation = self._contents.get(bytes(other), (None, None))
        if coded is None or coded != other_coded or None in (orientation, other_orientation):
            return box
        assert orientation is not None
        assert other_orientation is not None
        return box.turned_back(orientation).turned(other_orientation)
