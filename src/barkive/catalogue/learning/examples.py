"""What people said of photos, with the features that a model has of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, func, select

from barkive.bundle import Bundle
from barkive.catalogue.animals.finding import animals_of
from barkive.catalogue.animals.grouping import bursts
from barkive.catalogue.animals.patterns import read
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.learning.judging_again import relatives
from barkive.catalogue.photos.reading import hash_of
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.predictions.packing import unpack_features
from barkive.catalogue.query.effective_dogs import Effective, Prediction
from barkive.catalogue.query.entries import chosen
from barkive.catalogue.query.judgements import effective_of, said_of
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Kind
from barkive.images import group_near_duplicates
from barkive.learning import Lessons
from barkive.verdicts import BreedName

TEACHING: Final = (Kind.BREED, Kind.CROSS, Kind.NOT_DOG)
"""What people say from which a model learns."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Examples:
    """What a model can learn from a catalogue.

    Attributes:
        lessons: Photos and dogs with what people said of each.
        names: What their breeds are called, by the ids in the lessons.
        unjudged: How many labels are left out, because the model has no features of their photos.
        last: The number of the last label that there is; 0 where there is none.
    """

    lessons: Lessons
    names: dict[str, BreedName]
    unjudged: int
    last: int


class _Example(NamedTuple):
    """One photo or dog of which somebody spoke."""

    row: Row[Any]
    said: Any
    prediction: Prediction | None
    is_main: bool


def read_examples(store: Store, bundle: Bundle, model: Model, learned: int) -> Examples:
    """Reads what people said, and the features of what they said it of.

    Args:
        store: The catalogue.
        bundle: The model that learns.
        model: What it is in the catalogue.
        learned: The number of the last label that it has learned from; 0 for none.
    """
    names = store.models.names
    own = {names.meant(label.id): label for label in bundle.info.labels}
    with store.read() as connection:
        last = connection.execute(select(func.max(schema.correction.c.id))).scalar() or 0
        family = {one.id for one in relatives(connection, store, model)}
        found: list[_Example] = []
        vectors: list[bytes] = []
        unjudged = 0
        for some in _spoken_of(connection, store):
            features = _features(connection, some, family)
            found += [one for one, vector in zip(some, features, strict=True) if vector]
            vectors += filter(None, features)
            unjudged += sum(vector is None for vector in features)
        animals = animals_of(connection, {one.row.picture for one in found})
    breeds: list[tuple[str, ...]] = []
    called: dict[str, BreedName] = {}
    for one in found:
        meant = dict.fromkeys(
            names.meant(breed) for breed in (one.said.breed, one.said.breed2) if breed
        )
        labels = [own.get(breed) or names.label(breed) for breed in meant]
        called |= {label.id: label for label in labels}
        breeds.append(tuple(label.id for label in labels))
    copies, groups = _alike(found, animals)
    lessons = Lessons(
        features=unpack_features(vectors) if vectors else np.empty((0, 0), np.float32),
        breeds=breeds,
        groups=groups,
        copies=copies,
        known=np.array([one.said.id <= learned for one in found], bool),
        photos=[one.row.path for one in found],
    )
    return Examples(lessons, called, unjudged, last)


def _spoken_of(connection: Connection, store: Store) -> Iterator[list[_Example]]:
    """The photos and dogs with a label in force from which a model learns, some at once."""
    said = schema.correction.c
    pictures = connection.execute(select(said.picture).distinct().order_by(said.picture))
    for part in chunks(list(pictures.scalars()), _AT_ONCE):
        photo = schema.photo.c
        rows = connection.execute(
            chosen()
            .where(photo.picture.in_(part))
            .order_by(photo.picture, photo.missing_since.is_not(None), photo.id)
        ).all()
        # Of several files of one picture one is enough.
        of_pictures = {row.picture: row for row in reversed(rows)}
        ordered = [of_pictures[picture] for picture in sorted(of_pictures)]
        words = said_of(connection, part)
        found = effective_of(connection, store.models, ordered, words)
        yield [
            one
            for row, held in zip(ordered, found, strict=True)
            for one in _of_photo(row, held)
            if one.said.kind in TEACHING
        ]


def _of_photo(row: Row[Any], held: Effective) -> Iterator[_Example]:
    """What people said of a photo, and of each of its other dogs."""
    main = (held.dogs or (None,))[0]
    if held.label is not None:
        is_judged = main is None or main.label is not held.label or main.is_judged
        yield _Example(row, held.label, held.prediction if is_judged else None, True)
    for dog in held.others:
        if dog.label is not None:
            yield _Example(row, dog.label, dog.prediction if dog.is_judged else None, False)


def _features(
    connection: Connection, some: Sequence[_Example], family: set[int]
) -> list[bytes | None]:
    """The packed features of each photo or dog; None where the model's family has none."""
    answer, source = schema.answer, schema.answer.alias("source")
    dog = schema.detection.c
    answers = {one.row.answer_id for one in some if one.row.answer_model_id in family}
    of_answers: dict[int, bytes | None] = {}
    of_dogs: dict[int, bytes | None] = {}
    for part in chunks(sorted(answers)):
        kept = func.coalesce(answer.c.features, source.c.features)
        found = select(answer.c.id, kept).outerjoin(source, source.c.id == answer.c.source_id)
        rows = connection.execute(found.where(answer.c.id.in_(part)))
        of_answers |= {row[0]: row[1] for row in rows}
        of_boxes = select(dog.id, dog.features).where(dog.answer_id.in_(part))
        of_dogs |= {row[0]: row[1] for row in connection.execute(of_boxes)}
    features: list[bytes | None] = []
    for one in some:
        if one.prediction is None:
            features.append(None)
        elif one.prediction.detection is not None:
            features.append(of_dogs.get(one.prediction.detection))
        else:
            features.append(of_answers.get(one.row.answer_id))
    return features


def _alike(
    found: Sequence[_Example], animals: Mapping[int, Sequence[int]]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which photos are copies of each other, and which are of one animal or one burst.

    Photos of one animal are those that people put to it, and those in one folder that are called
    alike, such as `Rex_01` and `Rex_02`; those of a burst were taken there within a minute.

    Args:
        found: The photos and dogs.
        animals: The numbers of the animals that each picture shows.
    """
    count = len(found)
    looks = np.arange(count)
    hashed = [i for i, one in enumerate(found) if one.row.phash and any(one.row.phash)]
    if hashed:
        hashes = hash_of(b"".join(bytes(found[i].row.phash) for i in hashed))
        near = group_near_duplicates(hashes.reshape(len(hashed), -1))
        first: dict[int, int] = {}
        for i, group in zip(hashed, near.tolist(), strict=True):
            looks[i] = first.setdefault(group, i)
    # Of several dogs on one photo, nothing says which one of a copy is which.
    several = np.array([(one.row.dogs or 0) > 1 for one in found], bool)
    copies = np.where(several, count + np.arange(count), looks)
    joined = _Joined(count)
    _join_equal(joined, looks.tolist())
    _join_equal(joined, [one.row.picture for one in found])
    _join_equal(joined, [_animal(one.row.path) for one in found])
    of_animals: dict[int, int] = {}
    for i, example in enumerate(found):
        for animal in animals.get(example.row.picture, ()):
            joined.join(of_animals.setdefault(animal, i), i)
    for burst in bursts((one.row.path, one.row.taken_at) for one in found):
        for other in burst:
            joined.join(burst[0], other)
    groups = np.array([joined.find(i) for i in range(count)], np.intp)
    return copies.astype(np.intp), groups


def _animal(path: str) -> tuple[str, ...] | None:
    """What photos of one animal share in how they are named; None where they share nothing."""
    reading = read(path)
    return reading.named.key if reading is not None else None


class _Joined:
    """Groups that are joined pair by pair."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, one: int) -> int:
        """The number of the group of one."""
        while self._parents[one] != one:
            self._parents[one] = self._parents[self._parents[one]]
            one = self._parents[one]
        return one

    def join(self, one: int, other: int) -> None:
        """Makes the groups of two one."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parents[second] = first


def _join_equal(joined: _Joined, keys: Iterable[Any]) -> None:
    """Joins those whose keys are equal, and not None."""
    first: dict[Any, int] = {}
    for i, key in enumerate(keys):
        if key is not None:
            joined.join(first.setdefault(key, i), i)
