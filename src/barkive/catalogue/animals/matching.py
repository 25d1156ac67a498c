"""Which animal a photo may show: all of them, by how like their photos are to it.

An animal counts by its photo that is most like. A model that tells breeds sees what dogs of one
breed have in common, and little of what sets one apart: what this finds first are dogs that look
alike, among which a person has to look (`benchmarks/animal_matching.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, select

from barkive.boxes import Box
from barkive.catalogue.animal_records import AnimalFilter, Match
from barkive.catalogue.animals import finding
from barkive.catalogue.animals.finding import Known
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.query.effective_dogs import dog_id
from barkive.catalogue.query.filters import Filter, present
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity.exact_index import unit
from barkive.catalogue.similarity.similar import Similar, Sought
from barkive.classifier import Classifier, Judged
from barkive.errors import UsageError

_Best = dict[int, tuple[float, int]]
"""Animals by their numbers: the cosine of the photo that is most like, and its `photo.id`."""

_ALL: Final = AnimalFilter()
# An animal has about so many photos; where it has more, more are looked at.
_PHOTOS = 10
# Among so many photos that are most like, animals are looked for first, unless those that are meant
# have so few.
_LIKEST, _FEW = 500, 5000


class _Asked(NamedTuple):
    """What animals are looked for.

    Attributes:
        sought: What their photos are compared with.
        animals: Which animals.
        but: The number of an animal that is left out; None for none.
        picture: One that is left out; None for none.
        limit: How many animals at least, if there are so many.
    """

    sought: Sought
    animals: AnimalFilter
    limit: int
    but: int | None = None
    picture: int | None = None

    def pairs(self) -> list[ColumnElement[bool]]:
        """The rows of `animal_photo`, beside `photo`, that may be an answer."""
        c = schema.animal_photo.c
        conditions = [c.picture == schema.photo.c.picture, present()]
        conditions += [c.animal != self.but] if self.but is not None else []
        return conditions + ([c.picture != self.picture] if self.picture is not None else [])


def match(
    store: Store,
    photo: str | int | Judged[str],
    classifier: Callable[[], Classifier],
    *,
    limit: int,
    query: AnimalFilter = _ALL,
    dog: int | None = None,
) -> list[Match]:
    """The animals that a photo may show, the likest first.

    Args:
        store: The catalogue.
        photo: Its path or number, or what the model has said of it; it need not be in the
            catalogue.
        classifier: Opens the model; called only for a photo that is not in the catalogue.
        limit: How many at most.
        query: Which animals.
        dog: The `EntryDog.id` of a dog of a catalogued photo; None for the main one.

    Raises:
        PhotoError: The photo can't be read.
        UnknownBreedError: There is no such breed.
        UnknownDogError: There is no such dog.
        UnknownPhotoError: The catalogue has no photo of that number.
        UsageError: The limit is below 1, or the catalogue knows nothing of the model.
    """
    if limit < 1:
        raise UsageError("limit_below_one", limit=limit)
    sought = Similar(store).sought(photo, classifier, dog)
    picture = None
    if sought.photo_id is not None:
        with store.read() as connection:
            own = select(schema.photo.c.picture).where(schema.photo.c.id == sought.photo_id)
            picture = connection.execute(own).scalar_one()
    asked = _Asked(sought, query, limit, picture=picture)
    return _to_matches(store, _nearest(store, asked), limit)


def similar(store: Store, animal: Known, *, limit: int) -> list[Match]:
    """The animals that look most like one, by its main photo.

    Args:
        store: The catalogue.
        animal: Which one.
        limit: How many at most.

    Raises:
        UnknownAnimalError: There is no such animal.
        UsageError: The limit is below 1, or several animals are called so.
    """
    if limit < 1:
        raise UsageError("limit_below_one", limit=limit)
    photo, answer, shown = schema.photo.c, schema.answer.c, schema.animal_photo.c
    with store.read() as connection:
        row = finding.find(connection, animal)
        own = (
            select(photo.id, answer.vector, answer.model_id)
            .join_from(schema.photo, schema.answer, answer.id == photo.answer_id)
            .join(schema.animal_photo, shown.picture == photo.picture)
            .where(shown.animal == row.number, shown.dog.is_(None), present())
            .order_by(photo.picture != (row.cover or 0), photo.id)
        )
        main = connection.execute(own.limit(1)).first()
    if main is None:
        return []
    sought = Sought(unpack_embeddings([main.vector])[0], main.model_id, main.id)
    asked = _Asked(sought, _ALL, limit, but=row.number)
    return _to_matches(store, _nearest(store, asked), limit)


def _nearest(store: Store, asked: _Asked) -> _Best:
    """The animals most like what is sought.

    There may be more than the limit; those are as right.
    """
    best = _among_likest(store, asked)
    if best is None:
        with store.read() as connection:
            best = _of_all(connection, store, asked)
    with store.read() as connection:
        for one, cosine, photo in _said_dogs(connection, store, asked):
            best[one] = max((cosine, photo), best.get(one, (-2.0, 0)))
    return best


def _among_likest(store: Store, asked: _Asked) -> _Best | None:
    """The animals among the photos that are most like; None where these may be too few.

    Not where the animals that are meant have so few photos that all are soon looked at.
    """
    meant = finding.condition(store.models, asked.animals)
    with store.read() as connection:
        counted = select(func.sum(schema.animal.c.photos)).where(meant)
        photos = connection.execute(counted).scalar() or 0
    if photos <= _FEW:
        return None
    index, taken = Similar(store), _PHOTOS * asked.limit
    while taken <= max(_LIKEST, _PHOTOS * asked.limit):
        near = index.nearest(asked.sought.packed, asked.sought.model_id, Filter(), taken)
        with store.read() as connection:
            best = _among(connection, store, asked, near)
        if len(best) >= asked.limit or len(near) < taken:
            return best
        taken *= 4
    return None


def _among(connection: Connection, store: Store, asked: _Asked, near: dict[int, float]) -> _Best:
    """The animals that some photos show as their main dog.

    Args:
        connection: Of the catalogue.
        store: The catalogue.
        asked: Which animals.
        near: The cosines of the photos, by `photo.id`.
    """
    photo, shown = schema.photo.c, schema.animal_photo.c
    pairs = select(photo.id, shown.animal).where(*asked.pairs(), shown.dog.is_(None))
    best: _Best = {}
    for part in chunks(list(near)):
        for row in connection.execute(pairs.where(photo.id.in_(part))):
            found = near[row.id], row.id
            best[row.animal] = max(found, best.get(row.animal, found))
    meant = set(_numbers(connection, store, asked, list(best)))
    return {one: found for one, found in best.items() if one in meant}


def _of_all(connection: Connection, store: Store, asked: _Asked) -> _Best:
    """All animals that are meant, by each of their photos."""
    photo, shown, answer = schema.photo.c, schema.animal_photo.c, schema.answer.c
    embedding = unit(asked.sought.packed[np.newaxis])[0]
    photos = select(photo.id, shown.animal, answer.vector).where(
        *asked.pairs(),
        shown.dog.is_(None),
        answer.id == photo.answer_id,
        answer.model_id == asked.sought.model_id,
    )
    best: _Best = {}
    for part in chunks(_numbers(connection, store, asked)):
        rows = connection.execute(photos.where(shown.animal.in_(part))).all()
        if not rows:
            continue
        cosines = unit(unpack_embeddings([row.vector for row in rows])) @ embedding
        for row, cosine in zip(rows, cosines.tolist(), strict=True):
            found = cosine, row.id
            best[row.animal] = max(found, best.get(row.animal, found))
    return best


def _numbers(
    connection: Connection, store: Store, asked: _Asked, among: Sequence[int] | None = None
) -> list[int]:
    """The numbers of the animals that are meant, of all or among some."""
    number = schema.animal.c.number
    meant = select(number).where(finding.condition(store.models, asked.animals))
    if among is None:
        return list(connection.execute(meant).scalars())
    if asked.animals == _ALL:
        return list(among)
    parts = (connection.execute(meant.where(number.in_(some))) for some in chunks(among))
    return [one for found in parts for one in found.scalars()]


def _said_dogs(
    connection: Connection, store: Store, asked: _Asked
) -> Iterator[tuple[int, float, int]]:
    """The animals of which people said which dog of a photo they are.

    These are few, and in no index.

    Yields:
        An animal's number, the cosine, and the `photo.id`.
    """
    photo, shown = schema.photo.c, schema.animal_photo.c
    answer, seen = schema.answer.c, schema.detection.c
    pairs = connection.execute(
        select(shown.picture, shown.animal, shown.dog).where(shown.dog.is_not(None))
    ).all()
    meant = set(_numbers(connection, store, asked, [row.animal for row in pairs]))
    embedding = unit(asked.sought.packed[np.newaxis])[0]
    for part in chunks([row for row in pairs if row.animal in meant]):
        rows = (
            select(photo.id, photo.sha256, shown.animal, shown.dog)
            .add_columns(seen.x, seen.y, seen.width, seen.height)
            .add_columns(func.coalesce(seen.vector, answer.vector).label("vector"))
            .where(*asked.pairs(), shown.picture.in_({one.picture for one in part}))
            .where(answer.id == photo.answer_id, answer.model_id == asked.sought.model_id)
            .where(seen.answer_id == answer.id, shown.dog.is_not(None))
        )
        for row in connection.execute(rows):
            dog = dog_id(bytes(row.sha256), Box(row.x, row.y, row.width, row.height))
            if row.animal in meant and row.dog == dog:
                vector = unit(unpack_embeddings([row.vector]))[0]
                yield row.animal, float(vector @ embedding), row.id


def _to_matches(store: Store, best: _Best, limit: int) -> list[Match]:
    """The likest animals; of equals the one that was made first."""
    photo = schema.photo.c
    with store.read() as connection:
        rows = {row.number: row for row in finding.rows_of(connection, best)}
        ordered = sorted(rows.values(), key=lambda row: (-best[row.number][0], row.id))[:limit]
        wanted = [best[row.number][1] for row in ordered]
        numbers = select(photo.id, photo.number).where(photo.id.in_(wanted))
        photos = {row.id: row.number for row in connection.execute(numbers)}
        animals = finding.to_animals(connection, store.models, ordered)
    return [
        Match(animal, photos[best[animal.id][1]], best[animal.id][0])
        for animal in animals
        if best[animal.id][1] in photos
    ]
