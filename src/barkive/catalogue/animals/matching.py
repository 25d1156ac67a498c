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
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

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
# Of an animal that is compared with others so many photos are.
_VIEWS = 3


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
        same = schema.animal_photo.c.picture == schema.photo.c.picture
        shows_one = exists().where(same, *self.pairs(store))
        return [and_(shows_one, case) for case in Filter.cases(self, store)]

    def pairs(self, store: Store, *, is_main: bool = True) -> list[ColumnElement[bool]]:
        """The rows of `animal_photo`, beside `photo`, that are of one of the animals.

        Args:
            store: The catalogue.
            is_main: Whether as the photo's main dog, or else as another one.
        """
        c, animal = schema.animal_photo.c, schema.animal.c
        # Of a photo that shows a single dog it does not matter that people said which.
        of_main = or_(c.dog.is_(None), func.coalesce(schema.photo.c.dogs, 0) <= 1)
        conditions: list[ColumnElement[bool]] = [of_main if is_main else ~of_main]
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
    """The animals that look most like one, by its main photo and some others.

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
            .join_from(schema.photo, schema.answer)
            .join(schema.animal_photo, shown.picture == photo.picture)
            .where(shown.animal == row.number, present())
            .where(or_(shown.dog.is_(None), func.coalesce(photo.dogs, 0) <= 1))
            .order_by(photo.picture != (row.cover or 0), photo.id)
        )
        views = connection.execute(own.limit(_VIEWS)).all()
    best: dict[int, tuple[float, int]] = {}
    for view in views:
        sought = Sought(unpack_embeddings([view.vector])[0], view.model_id, view.id)
        for one, near in _nearest(store, sought, _OfAnimals(but=row.number), limit).items():
            best[one] = max(near, best.get(one, near))
    return _to_matches(store, best, limit)


def _nearest(
    store: Store, sought: Sought, query: _OfAnimals, limit: int
) -> dict[int, tuple[float, int]]:
    """The animals most like what is sought: by number, the cosine and the `photo.id` of the best.

    There may be more than the limit; those are as right.
    """
    index = Similar(store)
    taken = _PHOTOS * limit
    while True:
        near = index.nearest(sought.packed, sought.model_id, query, taken)
        with store.read() as connection:
            best = _of_animals(connection, store, near, query)
        if len(best) >= limit or len(near) < taken:
            break
        taken *= 4
    with store.read() as connection:
        for one, cosine, photo in _other_dogs(connection, store, sought, query):
            best[one] = max((cosine, photo), best.get(one, (-2.0, 0)))
    return best


def _of_animals(
    connection: Connection, store: Store, near: dict[int, float], query: _OfAnimals
) -> dict[int, tuple[float, int]]:
    """The animals that photos show as their main dog: see `_nearest`."""
    photo, shown = schema.photo.c, schema.animal_photo.c
    pairs = select(photo.id, shown.animal).where(
        shown.picture == photo.picture, *query.pairs(store)
    )
    best: dict[int, tuple[float, int]] = {}
    for part in chunks(list(near)):
        for row in connection.execute(pairs.where(photo.id.in_(part))):
            found = near[row.id], row.id
            best[row.animal] = max(found, best.get(row.animal, found))
    return best


def _other_dogs(
    connection: Connection, store: Store, sought: Sought, query: _OfAnimals
) -> Iterator[tuple[int, float, int]]:
    """The animals that people said to be a certain dog among several of a photo.

    These are few, and in no index.

    Yields:
        An animal's number, the cosine, and the `photo.id`.
    """
    photo, shown = schema.photo.c, schema.animal_photo.c
    answer, seen = schema.answer.c, schema.detection.c
    rows = (
        select(photo.id, photo.sha256, shown.animal, shown.dog)
        .add_columns(seen.x, seen.y, seen.width, seen.height)
        .add_columns(func.coalesce(seen.vector, answer.vector).label("vector"))
        .where(shown.picture == photo.picture, *query.pairs(store, is_main=False))
        .where(answer.id == photo.answer_id, answer.model_id == sought.model_id)
        .where(seen.answer_id == answer.id, present())
    )
    embedding = unit(sought.packed[np.newaxis])[0]
    for row in connection.execute(rows):
        if dog_id(bytes(row.sha256), Box(row.x, row.y, row.width, row.height)) == row.dog:
            vector = unit(unpack_embeddings([row.vector]))[0]
            yield row.animal, float(vector @ embedding), row.id


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
