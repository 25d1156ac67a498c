"""What people said of photos, as numbers to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from barkive.learning.memory import Reals
from barkive.verdicts import BreedName

FEWEST_PHOTOS: Final = 5
"""So many photos of a new breed are needed; with fewer it waits for more."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Photos, or dogs on photos, of which people said what they show; n in all.

    Attributes:
        features: Shape (n, channels).
        breeds: The ids of each one's breeds: one, two of a cross, or none of what is no dog.
        groups: Photos of one animal or of one burst have one number, shape (n,).
        copies: Photos that look nearly the same have one number, shape (n,).
        known: Whether the model in use has learned from it already, shape (n,).
        photos: What each photo is called.
    """

    features: Reals
    breeds: Sequence[tuple[str, ...]]
    groups: NDArray[np.intp]
    copies: NDArray[np.intp]
    known: NDArray[np.bool_]
    photos: Sequence[str]

    def __len__(self) -> int:
        return len(self.photos)

    def only(self, kept: NDArray[np.bool_]) -> Lessons:
        """Some of them."""
        at = np.flatnonzero(kept).tolist()
        return Lessons(
            self.features[at],
            [self.breeds[i] for i in at],
            self.groups[at],
            self.copies[at],
            self.known[at],
            [self.photos[i] for i in at],
        )

    def contradictions(self) -> list[list[int]]:
        """Copies of one photo that people gave different names: their positions."""
        of_copies: dict[int, list[int]] = {}
        for i, number in enumerate(self.copies.tolist()):
            of_copies.setdefault(number, []).append(i)
        return [
            some
            for some in of_copies.values()
            if len({frozenset(self.breeds[i]) for i in some}) > 1
        ]

    def counts(self) -> Counter[str]:
        """How many photos there are of each breed; a cross counts for none."""
        return Counter(named[0] for named in self.breeds if len(named) == 1)


@dataclass(frozen=True, slots=True)
class Syllabus:
    """Which labels a model has when it has learned.

    Attributes:
        taught: Those that the head was trained on, in order.
        new: Those that are added, in order.
        later: New breeds with too few photos, and how many there are.
    """

    taught: tuple[BreedName, ...]
    new: tuple[BreedName, ...]
    later: Mapping[str, int]

    @classmethod
    def plan(
        cls,
        taught: tuple[BreedName, ...],
        added: tuple[BreedName, ...],
        lessons: Lessons,
        names: Mapping[str, BreedName],
    ) -> Syllabus:
        """Finds the breeds that are new, and of which there are photos enough.

        Args:
            taught: See `Syllabus`.
            added: New ones that it has learned elsewhere, and keeps.
            lessons: What people said.
            names: What the breeds of these are called, by their ids.
        """
        known = {label.id for label in (*taught, *added)}
        counts = {b: n for b, n in lessons.counts().items() if b not in known}
        enough = sorted(breed for breed, n in counts.items() if n >= FEWEST_PHOTOS)
        later = {breed: n for breed, n in sorted(counts.items()) if n < FEWEST_PHOTOS}
        return cls(taught, (*added, *(names[breed] for breed in enough)), later)

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """All of them."""
        return (*self.taught, *self.new)

    def targets(self, lessons: Lessons, before: Reals) -> Reals:
        """What is right for each photo, as shares of 1, shape (n, labels).

        A cross is half one breed and half the other. Of what is no dog, or is a breed that is not
        learned yet, nothing is known but that it is none of the new breeds: there what the model
        said before is right.

        Args:
            lessons: The photos, n of them.
            before: The probabilities that the head was trained to give, shape (n, taught).
        """
        position = {label.id: i for i, label in enumerate(self.labels)}
        targets = np.zeros((len(lessons), len(position)), np.float32)
        for i, named in enumerate(lessons.breeds):
            places = [position[breed] for breed in named if breed in position]
            if places and len(places) == len(named):
                targets[i, places] = 1 / len(places)
            else:
                targets[i, : len(self.taught)] = before[i]
        return targets

    def truth(self, lessons: Lessons) -> NDArray[np.intp]:
        """The label of each photo; -1 of crosses, of no dog, and of what is not learned yet."""
        position = {label.id: i for i, label in enumerate(self.labels)}
        return np.array(
            [position.get(named[0], -1) if len(named) == 1 else -1 for named in lessons.breeds],
            np.intp,
        )
