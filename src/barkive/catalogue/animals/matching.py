"""Which animal a photo may show: all of them, by how like their photos are to it.

An animal counts by its photo that is most like. A model that tells breeds sees what dogs of one
breed have in common, and little of what sets one apart: what this finds first are dogs that look
alike, among which a person has to look (`benchmarks/animal_matching.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, func, select

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

_ALL: Final = AnimalFilter()
# An animal has about so many photos; where it has more, more are looked at.
_PHOTOS = 10
# Among so many photos that are most like, animals are looked for first.
_LIKEST = 2000


@dataclass(frozen=True)
class _OfAnimals(Filter):
    """The photos whose main dog is one of some animals.

    Attributes:
        animals: Which animals.
        but: The number of an animal that is left out.
        picture: One that is left out.
    """

    animals: AnimalFilter = _ALL
    but: int | None = None
    picture: int | None = None

    def cases(self, store: Store) -> list[ColumnElement[bool]]:
        """See `Filter`."""
        c = schema.animal_photo.c
        pictures = select(c.picture).where(c.dog.is_(None), *self.of_animals(store))
        shows_one = schema.photo.c.picture.in_(pictures)
        return [and_(shows_one, case) for case in Filter.cases(self, store)]

    def of_animals(self, store: Store) -> list[ColumnElement[bool]]:
        """The rows of `animal_photo` that are of one of the animals."""
        c, animal = schema.animal_photo.c, schema.animal.c
        conditions: list[ColumnElement[bool]] = []
        if self.but is not None:
            conditions.append(c.animal != self.but)
        if self.picture is not None:
            conditions.append(c.picture != self.picture)
        if self.animals != _ALL:
            meant = select(animal.number).where(finding.condition(store.models, self.animals))
            conditions.append(c.animal.in_(meant))
        return conditions


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
    best = _nearest(store, sought, _OfAnimals(animals=query, picture=picture), limit)
    return _to_matches(store, best, limit)


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
    return _to_matches(store, _nearest(store, sought, _OfAnimals(but=row.number), limit), limit)


def _nearest(
    store: Store, sought: Sought, query: _OfAnimals, limit: int
) -> dict[int, tuple[float, int]]:
    """The animals most like what is sought: by number, the cosine and the `photo.id` of the best.

    There may be more than the limit; those are as right.
    """
    index = Similar(store)
    taken = _PHOTOS * limit
    while True:
        # To look which photos are of animals takes longer than to look for the likest of all.
        photos = Filter() if taken <= _LIKEST else query
        near = index.nearest(sought.packed, sought.model_id, photos, taken)
        with store.read() as connection:
            best = _of_animals(connection, store, near, query)
        if len(best) >= limit or len(near) < taken:
            break
        taken *= 4
    with store.read() as connection:
        for one, cosine, photo in _said_dogs(connection, store, sought, query):
            best[one] = max((cosine, photo), best.get(one, (-2.0, 0)))
    return best


def _of_animals(
    connection: Connection, store: Store, near: dict[int, float], query: _OfAnimals
) -> dict[int, tuple[float, int]]:
    """The animals that photos show as their main dog: see `_nearest`."""
    photo, shown, animal = schema.photo.c, schema.animal_photo.c, schema.animal.c
    pairs = select(photo.id, photo.picture, shown.animal).where(
        shown.picture == photo.picture, shown.dog.is_(None)
    )
    best: dict[int, tuple[float, int]] = {}
    for part in chunks(list(near)):
        for row in connection.execute(pairs.where(photo.id.in_(part))):
            if row.picture != query.picture and row.animal != query.but:
                found = near[row.id], row.id
                best[row.animal] = max(found, best.get(row.animal, found))
    if query.animals == _ALL:
        return best
    condition = finding.condition(store.models, query.animals)
    meant: set[int] = set()
    for some in chunks(list(best)):
        numbers = select(animal.number).where(animal.number.in_(some), condition)
        meant |= set(connection.execute(numbers).scalars())
    return {one: found for one, found in best.items() if one in meant}


def _said_dogs(
    connection: Connection, store: Store, sought: Sought, query: _OfAnimals
) -> Iterator[tuple[int, float, int]]:
    """The animals of which people said which dog of a photo they are.

    These are few, and in no index.

    Yields:
        An animal's number, the cosine, and the `photo.id`.
    """
    photo, shown = schema.photo.c, schema.animal_photo.c
    answer, seen = schema.answer.c, schema.detection.c
    said = select(shown.picture, shown.animal, shown.dog).where(
        shown.dog.is_not(None), *query.of_animals(store)
    )
    embedding = unit(sought.packed[np.newaxis])[0]
    for part in chunks(connection.execute(said).all()):
        rows = (
            select(photo.id, photo.picture, photo.sha256)
            .add_columns(seen.x, seen.y, seen.width, seen.height)
            .add_columns(func.coalesce(seen.vector, answer.vector).label("vector"))
            .where(photo.picture.in_({one.picture for one in part}), present())
            .where(answer.id == photo.answer_id, answer.model_id == sought.model_id)
            .where(seen.answer_id == answer.id)
        )
        animals = {(one.picture, one.dog): one.animal for one in part}
        for row in connection.execute(rows):
            dog = dog_id(bytes(row.sha256), Box(row.x, row.y, row.width, row.height))
            if (animal := animals.get((row.picture, dog))) is not None:
                vector = unit(unpack_embeddings([row.vector]))[0]
                yield animal, float(vector @ embedding), row.id


def _to_matches(store: Store, best: dict[int, tuple[float, int]], limit: int) -> list[Match]:
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
