"""Judges photos again by a learned model from their features, so that no file is read.

A learned model has the body of its parent and another head. So the features that an answer of one
holds give, bit for bit, the answer that the other gives of the file; which dogs are there does not
change, because the body says so. Each step is a transaction of its own: whatever ends it, the next
one goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Alias,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    exists,
    func,
    insert,
    select,
    update,
)

from barkive.bundle import Bundle
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.learning.in_use import require_in_use, require_still
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.predictions.packing import pack_probabilities, unpack_features
from barkive.catalogue.query.effective_label import (
    keep_effective_labels,
    unspoken_labels,
    write_labels,
)
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity import pgvector_index
from barkive.clock import now
from barkive.progress import OnProgress, silent

# So many answers are in memory, and in a transaction. Photos go by more: each of them stands in
# eight indexes, whose pages are written once in a transaction.
_ANSWERS_AT_ONCE, _PHOTOS_AT_ONCE = 2000, 20_000


@dataclass(frozen=True, slots=True)
class JudgedAgain:
    """What came of it.

    Attributes:
        photos: How many have the model's answer now and had another one's.
        left: How many keep another model's answer: it has no features, because an older Barkive
            wrote it, or it is of another network. A scan judges them, from their files.
    """

    photos: int
    left: int


class _Step(NamedTuple):
    """Photos of one model, and the model that judges them again."""

    old: Model
    new: Model


def judge_again(
    store: Store, bundle: Bundle, model: Model, *, on_progress: OnProgress = silent
) -> JudgedAgain:
    """Has the photos follow that were judged by a model of the same family.

    Those models are of a family which were learned from each other, or from one parent. Photos in
    which a detector looked for dogs follow where it is the bundle's; photos that were judged as
    wholes stay so. What people said stands. Done twice, it is the same as once.

    Args:
        store: The catalogue.
        bundle: The model in use.
        model: What it is in the catalogue.
        on_progress: Called with (photos done, photos in all).

    Raises:
        SwitchedMeanwhileError: Another model is in use, or was put to use meanwhile.
        CatalogueError: The catalogue can't be written; what is done stays.
    """
    with store.read() as connection:
        in_use = require_in_use(connection, store, bundle)
        others = [one for one in relatives(connection, store, model) if not one.is_of(bundle)]
        photos_of = _photos_of(connection, others)
    steps = list(_steps(store, bundle, model, [one for one in others if one.id in photos_of]))
    total = sum(photos_of[step.old.id] for step in steps)
    judge = _Judge(store, bundle, in_use)
    done = photos = 0
    for step in steps:
        last = 0
        while numbers := judge.next(step, last):
            parts = list(chunks(judge.unanswered(step, last, numbers[-1]), _ANSWERS_AT_ONCE))
            for count, part in enumerate(parts, 1):
                judge.answer(step, part)
                # The second half of the work is to write it into the photos.
                on_progress(done + len(numbers) * count // (2 * len(parts)), total)
            photos += judge.follow(step, last, numbers[-1])
            done, last = done + len(numbers), numbers[-1]
            on_progress(done, total)
    return JudgedAgain(photos, _left(store, bundle))


def relatives(connection: Connection, store: Store, model: Model) -> list[Model]:
    """The models that were learned from each other, or from one parent; the one itself among them.

    Args:
        connection: Of the catalogue.
        store: The catalogue.
        model: One of them.
    """
    c, models = schema.learned_model.c, store.models
    numbers = connection.execute(select(schema.model.c.id).order_by(schema.model.c.id)).scalars()
    known = {number: models.get(connection, number) for number in numbers.all()}
    links = [
        {known[one].network, known[other].network}
        for one, other in connection.execute(select(c.model_id, c.parent_id))
    ]
    family = {model.network}
    for _ in links:
        for link in links:
            family |= link if family & link else set()
    return [one for one in known.values() if one.network in family]


def _photos_of(connection: Connection, models: Sequence[Model]) -> dict[int, int]:
    """How many photos each of some models has judged, without those that have judged none."""
    c = schema.photo.c
    counted = select(c.model_id, func.count()).where(c.model_id.in_([one.id for one in models]))
    rows = connection.execute(counted.group_by(c.model_id))
    return {row.model_id: row[1] for row in rows}


def _steps(store: Store, bundle: Bundle, model: Model, olds: Iterable[Model]) -> Iterator[_Step]:
    """Which photos follow to which model."""
    for old in olds:
        if old.detector == model.detector:
            yield _Step(old, model)
        elif not old.detector:
            with store.write() as connection:
                alone = store.models.add(connection, replace(bundle, detector=None))
            yield _Step(old, alone)


def _left(store: Store, bundle: Bundle) -> int:
    with store.read() as connection:
        numbers = connection.execute(select(schema.model.c.id)).scalars().all()
        models = [store.models.get(connection, number) for number in numbers]
        others = [one for one in models if not one.is_of(bundle)]
        return sum(_photos_of(connection, others).values())


class _Judge:
    """Judges again, a step at a time."""

    def __init__(self, store: Store, bundle: Bundle, in_use: int | None) -> None:
        """Takes what all steps share.

        Args:
            store: The catalogue.
            bundle: That judges.
            in_use: The number of the model in use.
        """
        self._store, self._bundle, self._in_use = store, bundle, in_use
        self._moment = now()

    def next(self, step: _Step, last: int) -> list[int]:
        """The `id`s of the next photos of a step, ascending."""
        c = schema.photo.c
        found = select(c.id).where(c.model_id == step.old.id, c.id > last)
        with self._store.read() as connection:
            rows = connection.execute(found.order_by(c.id).limit(_PHOTOS_AT_ONCE))
            return list(rows.scalars())

    def unanswered(self, step: _Step, after: int, last: int) -> list[int]:
        """The answers of which the new model has none yet of the same content."""
        photo, new = schema.photo.c, schema.answer.alias("new")
        found = (
            select(photo.answer_id)
            .outerjoin_from(schema.photo, new, _of_content(photo.sha256, new, step.new))
            .where(*_within(step, after, last), photo.answer_id.is_not(None), new.c.id.is_(None))
            .distinct()
        )
        with self._store.read() as connection:
            return list(connection.execute(found.order_by(photo.answer_id)).scalars())

    def answer(self, step: _Step, numbers: Sequence[int]) -> None:
        """Judges contents again, and keeps what comes of it.

        Args:
            step: By which model.
            numbers: Of the answers whose features are used; those without are passed over.
        """
        with self._store.write() as connection:
            require_still(connection, self._in_use)
            rows = self._with_features(connection, step, numbers)
            others = _other_dogs(connection, [row.id for row in rows])
            blind = {dog.answer_id for dog in others if dog.features is None}
            rows = [row for row in rows if row.id not in blind]
            others = [dog for dog in others if dog.answer_id not in blind]
            if not rows:
                return
            judged = [*rows, *others]
            values = self._judged(judged)
            before = connection.execute(select(func.max(schema.answer.c.id))).scalar_one()
            answers = [
                {
                    "sha256": row.sha256,
                    "model_id": step.new.id,
                    "dog": row.dog,
                    "vector": row.vector,
                    "identified_at": self._moment,
                    "dogs": row.dogs,
                    "source_id": row.source_id,
                    **value,
                }
                for row, value in zip(rows, values, strict=False)
            ]
            bulk.insert(connection, schema.answer, answers)
            c = schema.answer.c
            added = select(c.sha256, c.id).where(c.id > before, c.model_id == step.new.id)
            ids = {bytes(row.sha256): row.id for row in connection.execute(added).all()}
            of_olds = {row.id: ids[bytes(row.sha256)] for row in rows}
            self._copy_main_dogs(connection, step, before)
            dogs = zip(others, values[len(rows) :], strict=True)
            _add_dogs(connection, ((of_olds[dog.answer_id], dog, value) for dog, value in dogs))
            if not self._store.is_sqlite:
                vectors = {ids[bytes(row.sha256)]: bytes(row.vector) for row in rows}
                pgvector_index.follow(connection, step.new.id, before, vectors)

    def follow(self, step: _Step, after: int, last: int) -> int:
        """Has photos follow to the answers of the new model; gives how many."""
        photo = schema.photo.c
        with self._store.write() as connection:
            require_still(connection, self._in_use)
            rows = connection.execute(_followers(step, after, last)).all()
            beside = {
                row.id: {
                    "answer_id": row.answer_id,
                    "model_id": step.new.id,
                    "identified_at": self._moment,
                }
                for row in rows
            }
            # Of nearly all photos nobody spoke, and they show one dog at most.
            plain = [
                row
                for row in rows
                if not row.is_spoken_of and max(row.answer_dogs or 0, row.dogs or 0) < 2
            ]
            labels = unspoken_labels(self._store.models, step.new, plain)
            columns = {number: label | beside[number] for number, label in labels.items()}
            write_labels(connection, columns, {row.id: row.words for row in plain})
            rest = [row for row in rows if row.id not in columns]
            self._judge_drawn_boxes(connection, [row for row in rest if row.is_spoken_of])
            keep_effective_labels(connection, self._store.models, rest, beside)
            # What can't be read is not read again for the sake of another model.
            unread = update(schema.photo).where(*_within(step, after, last))
            unread = unread.where(photo.answer_id.is_(None))
            connection.execute(unread.values(model_id=step.new.id))
        return len(rows)

    def _with_features(
        self, connection: Connection, step: _Step, numbers: Sequence[int]
    ) -> list[Row[Any]]:
        """Answers whose contents the new model has not judged, with features and their source."""
        old, source = schema.answer.c, schema.answer.alias("source")
        new = schema.answer.alias("new")
        features = func.coalesce(old.features, source.c.features)
        wanted = (
            select(
                *(old.id, old.sha256, old.dog, old.vector, old.dogs),
                features.label("features"),
                func.coalesce(old.source_id, old.id).label("source_id"),
            )
            .outerjoin_from(schema.answer, source, source.c.id == old.source_id)
            .where(
                features.is_not(None),
                ~exists().where(_of_content(old.sha256, new, step.new)),
            )
        )
        rows: list[Row[Any]] = []
        for part in chunks(numbers):
            found: Select[Any] = wanted.where(old.id.in_(part)).order_by(old.id)
            rows += connection.execute(found).all()
        return rows

    def _judged(self, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        """Status and probabilities of what has `features` and log-odds of a `dog`."""
        dog: NDArray[np.float32] = np.array([row.dog for row in rows], np.float32)
        features = unpack_features([row.features for row in rows])
        scores = self._bundle.score_features(features, dog)
        statuses = self._bundle.info.statuses(scores)
        return [
            {"status": status.value, "probabilities": pack_probabilities(row)}
            for status, row in zip(statuses, scores.probabilities, strict=True)
        ]

    @staticmethod
    def _copy_main_dogs(connection: Connection, step: _Step, before: int) -> None:
        """Copies where the main dogs are for the answers that are new."""
        dog, old, new = (
            schema.detection,
            schema.answer.alias("old"),
            schema.answer.alias("new"),
        )
        where = [dog.c[name] for name in ("x", "y", "width", "height", "score")]
        found = (
            select(new.c.id, dog.c.place, *where, new.c.status)
            .select_from(
                new.join(old, _of_content(new.c.sha256, old, step.old)).join(
                    dog, dog.c.answer_id == old.c.id
                )
            )
            .where(new.c.id > before, new.c.model_id == step.new.id, dog.c.place == 0)
        )
        names = ["answer_id", "place", *(one.name for one in where), "status"]
        connection.execute(insert(dog).from_select(names, found.order_by(new.c.id)))

    def _judge_drawn_boxes(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        """Judges the boxes again that people drew, as far as the new answers lack them."""
        c = schema.detection.c
        drawn: list[Row[Any]] = []
        for part in chunks([number for row in rows for number in (row.old_id, row.answer_id)]):
            found = select(schema.detection).where(c.answer_id.in_(part), c.place.is_(None))
            drawn += connection.execute(found.where(c.features.is_not(None)).order_by(c.id))
        there = {(one.answer_id, _sides(one)) for one in drawn}
        of_olds = {row.old_id: row.answer_id for row in rows}
        lacking = [
            one
            for one in drawn
            if one.answer_id in of_olds and (of_olds[one.answer_id], _sides(one)) not in there
        ]
        if lacking:
            judged = zip(lacking, self._judged(lacking), strict=True)
            _add_dogs(connection, ((of_olds[one.answer_id], one, value) for one, value in judged))


def _of_content(
    content: ColumnElement[bytes], answer: Alias | FromClause, model: Model
) -> ColumnElement[bool]:
    """Whether an answer is a model's to a content."""
    return (answer.c.sha256 == content) & (answer.c.model_id == model.id)


def _within(step: _Step, after: int, last: int) -> tuple[ColumnElement[bool], ...]:
    """Whether a photo is one of a step, behind one number and up to another."""
    c = schema.photo.c
    return c.model_id == step.old.id, c.id > after, c.id <= last


def _followers(step: _Step, after: int, last: int) -> Select[Any]:
    """Photos, and the answers that they will have, as `entries.chosen` has them."""
    photo, new, said = schema.photo.c, schema.answer.alias("new"), schema.correction.c
    return (
        select(
            *(photo.id, photo.number, photo.picture, photo.path, photo.sha256),
            *(photo.breed, photo.words, photo.dogs, photo.answer_id.label("old_id")),
            exists().where(said.picture == photo.picture).label("is_spoken_of"),
            new.c.id.label("answer_id"),
            new.c.model_id.label("answer_model_id"),
            new.c.status.label("answer_status"),
            new.c.dogs.label("answer_dogs"),
            *(new.c.probabilities, new.c.dog),
        )
        .join_from(schema.photo, new, _of_content(photo.sha256, new, step.new))
        .where(*_within(step, after, last), photo.answer_id.is_not(None))
    )


def _other_dogs(connection: Connection, answers: Sequence[int]) -> list[Row[Any]]:
    """The dogs beside the main ones that answers saw."""
    c = schema.detection.c
    found: list[Row[Any]] = []
    for part in chunks(answers):
        rows = select(schema.detection).where(c.answer_id.in_(part), c.place > 0)
        found += connection.execute(rows.order_by(c.id)).all()
    return found


def _add_dogs(
    connection: Connection, judged: Iterator[tuple[int, Row[Any], Mapping[str, Any]]]
) -> None:
    """Adds dogs to answers.

    Args:
        connection: Of a writing transaction.
        judged: The number of the answer, the row that the dog has for another one, and what is
            said of it now.
    """
    rows = [
        {name: value for name, value in dog._mapping.items() if name != "id"}
        | {"answer_id": answer, **now_said}
        for answer, dog, now_said in judged
    ]
    bulk.insert(connection, schema.detection, rows)


def _sides(row: Row[Any]) -> tuple[float, ...]:
    return row.x, row.y, row.width, row.height
