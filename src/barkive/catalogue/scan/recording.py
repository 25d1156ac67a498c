"""Writes into the catalogue what was read and judged of photos.

Which row a photo belongs to, `placing` tells. What people said of a picture holds for every
file with it, and is never overwritten here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.identity import keep
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.predictions.models import Model, Models
from barkive.catalogue.predictions.packing import (
    detection_row,
    pack_embedding,
    pack_features,
    pack_probabilities,
)
from barkive.catalogue.query.effective_dogs import Prediction, Said, SeenDog, dog_id, effective
from barkive.catalogue.query.effective_label import (
    effective_label,
    keep_other_dogs,
    other_dogs,
    update_effective_labels,
)
from barkive.catalogue.query.judgements import said_of
from barkive.catalogue.records import message_columns
from barkive.catalogue.scan.placing import MOVED, Placing, join
from barkive.catalogue.similarity import pgvector_index
from barkive.classifier import Judged
from barkive.clock import now
from barkive.images.taken import taken_by_name
from barkive.verdicts import Scores, Status


def record(
    connection: Connection,
    models: Models,
    model: Model,
    batch: Sequence[Judged[Reading]],
    lost: Mapping[int, str] | None = None,
) -> Counter[str]:
    """Writes a batch of judged photos.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        model: That judged.
        batch: Each path at most once.
        lost: What `find_lost` found for it.

    Returns:
        How many are `new`, `changed`, `moved`, `replaced` or judged `again`, and how many of
        each status.
    """
    moment = now()
    predictions = _add_predictions(connection, model, batch, moment)
    placing = Placing(connection, batch, lost or {})
    said = said_of(connection, {one.picture for one in placing.placed})
    # Where the dogs lie that people spoke of is known when the contents are kept.
    later = {picture for picture, words in said.items() if any(one.box for one in words)}
    counts: Counter[str] = Counter()
    others: dict[int, list[dict[str, Any]]] = {}
    new: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    for one in placing.placed:
        reading, row = one.judged.item, one.row
        counts[one.change] += 1
        if one.stays_as_seen:
            assert row is not None
            counts[row.status] += 1
            unreadable.append(_unreadable(row, one.judged, moment))
            continue
        words = said.get(one.picture, ())
        found = effective(
            *_predicted(model, one.judged),
            drawn=(),
            said=[Said(word, None) for word in words if word.dog is None],
        )
        others[one.number] = other_dogs(models, found)
        columns = {
            **_facts(reading),
            **effective_label(models, reading.path, found, words),
            "number": one.number,
            "picture": one.picture,
            **message_columns(one.judged.reason),
            "model_id": model.id,
            "answer_id": predictions.numbers.get(reading.sha256) if reading.sha256 else None,
            "identified_at": moment,
            "unreadable_since": None,
            "missing_since": None,
        }
        if one.picture not in later:
            counts[columns["status"]] += 1
        if row is None:
            new.append({**columns, "added_at": moment})
        else:
            known.append({**columns, "id": row.id})
    read = [one for one in placing.placed if not one.stays_as_seen]
    keep(connection, [(one.judged.item, one.picture) for one in read])
    _free(connection, placing, moment)
    bulk.insert(connection, schema.photo, new)
    bulk.update(connection, schema.photo, known)
    bulk.update(connection, schema.photo, unreadable)
    if predictions.numbers and connection.dialect.name == "postgresql":
        pgvector_index.follow(connection, model.id, predictions.before, predictions.vectors)
    keep_other_dogs(connection, others)
    moved = (one for one in placing.placed if one.stays_as_seen and one.change == MOVED)
    for picture in {one.picture for one in moved} | placing.joined | later:
        update_effective_labels(connection, models, picture)
    of_later = [one.number for one in read if one.picture in later]
    c = schema.photo.c
    for part in chunks(of_later):
        counts.update(connection.execute(select(c.status).where(c.number.in_(part))).scalars())
    return counts


def _predicted(
    model: Model, judged: Judged[Reading]
) -> tuple[Prediction | None, list[SeenDog] | None]:
    """What a model said of a photo, and of each dog in it."""
    content = judged.item.sha256
    if judged.scores is None or content is None:
        return None, None
    prediction = _prediction(model, judged.status, judged.scores)
    if judged.dogs is None:
        return prediction, None
    return prediction, [
        SeenDog(
            dog_id(content, one.box), one.box, one.score, _prediction(model, one.status, one.scores)
        )
        for one in judged.dogs
    ]


def _prediction(model: Model, status: Status, scores: Scores) -> Prediction:
    packed = pack_probabilities(scores.probabilities[0])
    return Prediction(model, status, packed, float(scores.dog[0]))


def _unreadable(row: Row[Any], judged: Judged[Reading], moment: datetime) -> dict[str, Any]:
    """What changes of a photo whose file can't be read: all that was known of it stays."""
    reading = judged.item
    return {
        "id": row.id,
        "path": reading.path,
        "missing_since": None,
        "bytes": reading.size,
        "mtime_ns": reading.mtime_ns,
        "ctime_ns": reading.ctime_ns,
        **message_columns(judged.reason),
        "unreadable_since": row.unreadable_since or moment,
    }


def _free(connection: Connection, placing: Placing, moment: datetime) -> None:
    """Frees the paths of rows that leave them; those that find no other are missing then."""
    c = schema.photo.c
    for part in chunks(sorted(placing.moving)):
        leaving = c.id.in_(part), c.missing_since.is_(None)
        connection.execute(update(schema.photo).where(*leaving).values(missing_since=moment))
    for part in chunks(sorted(placing.blank)):
        connection.execute(delete(schema.photo).where(c.id.in_(part)))


def _facts(reading: Reading) -> dict[str, Any]:
    header = reading.header
    return {
        "path": reading.path,
        "bytes": reading.size,
        "mtime_ns": reading.mtime_ns,
        "ctime_ns": reading.ctime_ns,
        "sha256": reading.sha256,
        "phash": reading.phash,
        "format": header.format if header else None,
        "width": header.width if header else None,
        "height": header.height if header else None,
        "orientation": header.orientation if header else None,
        "taken_at": header.taken_at or taken_by_name(reading.path) if header else None,
        "camera": header.camera if header else None,
    }


class _Predictions(NamedTuple):
    """The predictions of a batch.

    Attributes:
        numbers: By content.
        before: The highest number of a prediction before; 0 where there was none.
        vectors: The packed vectors of those that are new, by their numbers.
    """

    numbers: dict[bytes, int]
    before: int
    vectors: dict[int, bytes]


def _add_predictions(
    connection: Connection, model: Model, batch: Sequence[Judged[Reading]], moment: datetime
) -> _Predictions:
    """Adds the predictions that are not known yet."""
    rows: dict[bytes, dict[str, Any]] = {}
    judged: dict[bytes, Judged[Reading]] = {}
    for one in batch:
        content, scores = one.item.sha256, one.scores
        if content is not None and scores is not None:
            judged[content] = one
            rows[content] = {
                "sha256": content,
                "model_id": model.id,
                "status": one.status.value,
                "probabilities": pack_probabilities(scores.probabilities[0]),
                "dog": float(scores.dog[0]),
                "vector": pack_embedding(scores.features[0]),
                "features": pack_features(scores.features[0]),
                "identified_at": moment,
                "dogs": None if one.dogs is None else len(one.dogs),
            }
    if not rows:
        return _Predictions({}, 0, {})
    table = schema.answer
    before = connection.execute(select(func.max(table.c.id))).scalar() or 0
    if connection.dialect.name == "postgresql":
        found = bulk.insert_missing(connection, table, list(rows.values()), ("sha256", "model_id"))
        numbers = {bytes(content): number for (content, _), number in found.items()}
    else:
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(), list(rows.values()))
        of_these = table.c.model_id == model.id, table.c.sha256.in_(list(rows))
        stored = connection.execute(select(table.c.sha256, table.c.id).where(*of_these))
        numbers = {bytes(row.sha256): row.id for row in stored}
    new = {content: number for content, number in numbers.items() if number > before}
    detections = [
        detection_row(number, place, dog)
        for content, number in new.items()
        for place, dog in enumerate(judged[content].dogs or ())
    ]
    bulk.insert(connection, schema.detection, detections)
    vectors = {number: rows[content]["vector"] for content, number in new.items()}
    return _Predictions(numbers, before, vectors)


def mark_missing(connection: Connection, photos: Mapping[int, str]) -> int:
    """Marks photos whose files are gone; they are not forgotten.

    Args:
        connection: Of a writing transaction.
        photos: Their paths by their numbers. One that was moved meanwhile is left as it is.

    Returns:
        How many were marked.
    """
    c, marked = schema.photo.c, 0
    for part in chunks(list(photos)):
        paths = [photos[number] for number in part]
        meant = c.id.in_(part), c.path.in_(paths), c.missing_since.is_(None)
        marked += connection.execute(
            update(schema.photo).where(*meant).values(missing_since=now())
        ).rowcount
    return marked


def mark_unchanged(
    connection: Connection, changed_at: Mapping[int, tuple[str, int | None]]
) -> None:
    """Marks photos whose files are there with the content that they had.

    Args:
        connection: Of a writing transaction.
        changed_at: The path of each by its `id`, and what the system says of when it was last
            changed, in nanoseconds. One that was moved meanwhile is left as it is.
    """
    c = schema.photo.c
    for number, (path, moment) in changed_at.items():
        other = select(c.id).where(c.path == path, c.missing_since.is_(None), c.id != number)
        if connection.execute(other.limit(1)).first() is None:
            row = update(schema.photo).where(c.id == number, c.path == path)
            connection.execute(row.values(missing_since=None, ctime_ns=moment))


def adopt(connection: Connection, models: Models, gone: tuple[int, str], new: int) -> bool:
    """Has a photo whose file is gone take the place of a new one that holds its picture.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        gone: The `id` and the path of the one.
        new: The `id` of the other; its row goes, and its number leads to the first.

    Returns:
        Whether that was done: not where either has changed meanwhile, or people have spoken of
        the new one as of another picture.
    """
    c, said = schema.photo.c, schema.correction.c
    number, path = gone
    rows = connection.execute(select(schema.photo).where(c.id.in_([number, new])))
    known = {row.id: row for row in rows}
    if len(known) < 2 or known[number].path != path:
        return False
    old, now_there = known[number], known[new]
    is_copy = old.picture == now_there.picture
    spoken = select(said.id).where(said.picture == now_there.picture).limit(1)
    if now_there.missing_since is not None:
        return False
    if not is_copy and connection.execute(spoken).first() is not None:
        return False
    kept = ("id", "number", "picture", "added_at")
    columns = {name: value for name, value in now_there._mapping.items() if name not in kept}
    connection.execute(delete(schema.photo).where(c.id == new))
    connection.execute(update(schema.photo).where(c.id == number).values(columns))
    if not is_copy:
        join(connection, now_there.picture, old.picture)
    # Somebody may have its number before them.
    led_on = {"number": now_there.number, "picture": old.picture}
    connection.execute(insert(schema.alias).values(led_on))
    update_effective_labels(connection, models, old.picture)
    return True
