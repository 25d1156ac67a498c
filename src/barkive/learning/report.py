"""What was gained by learning, before anybody relies on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from barkive.verdicts import BreedName

_CHANCE: Final = 0.05
MOST_LOST: Final = 0.005
"""The share of the breeds' remembered photos that may be lost."""


@dataclass(frozen=True, slots=True)
class Score:
    """How often a model was right before and after, on the same photos.

    Attributes:
        photos: How many they are.
        before: On how many of them it was right before.
        after: On how many it is right now.
        lost: On how many it was right, and is not any more.
    """

    photos: int
    before: int
    after: int
    lost: int

    @property
    def is_worse(self) -> bool:
        """Whether more was lost than chance explains: a sign test, one-sided, 5 %."""
        won = self.after - self.before + self.lost
        changed = won + self.lost
        if self.lost <= won:
            return False
        tail = sum(math.comb(changed, k) for k in range(self.lost, changed + 1))
        return bool(tail / 2**changed < _CHANCE)


@dataclass(frozen=True, slots=True)
class BreedScore:
    """How often the photos of one breed are named right.

    Attributes:
        breed: The breed.
        is_new: Whether the model did not know it.
        score: On people's own photos of it.
    """

    breed: BreedName
    is_new: bool
    score: Score


@dataclass(frozen=True, slots=True)
class Suspect:
    """A photo that looks like another breed than people said.

    Attributes:
        photo: What it is called.
        said: The breed that people said.
        looks_like: The breed that it looks like.
        probability: How likely that is, 0..1.
    """

    photo: str
    said: BreedName
    looks_like: BreedName
    probability: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a model has learned, and what it gained; figures are cross-validated.

    Attributes:
        parent: The model that it was learned from, by its name.
        photos: How many photos or dogs it learned from.
        fresh: How many of these the parent had not learned from.
        not_dogs: How many of them show no dog.
        crosses: How many show a cross of two breeds.
        own: On all of people's photos of single breeds.
        breeds: The same for each breed, those with most photos first.
        remembered: On photos that the model remembers from its training.
        later: Breeds with too few photos yet, with how many there are.
        contradictions: Copies of one photo that were given different names; none was learned.
        suspects: Photos that look like another breed than people said, the likeliest first.
        unjudged: How many labels could not be learned, because the model has not judged their
            photos.
        by: Who had it learn.
        at: When, in ISO form, UTC.
        seconds: How long it took.
    """

    parent: str
    photos: int
    fresh: int
    not_dogs: int
    crosses: int
    own: Score
    breeds: tuple[BreedScore, ...]
    remembered: Score
    later: tuple[tuple[BreedName, int], ...]
    contradictions: tuple[tuple[str, ...], ...]
    suspects: tuple[Suspect, ...]
    unjudged: int
    by: str | None
    at: str
    seconds: float

    @property
    def worse(self) -> tuple[BreedScore, ...]:
        """The breeds that got worse by more than chance."""
        return tuple(one for one in self.breeds if one.score.is_worse)

    @property
    def is_better(self) -> bool:
        """Whether it may be used: it is right at least as often, and forgets next to nothing."""
        lost = self.remembered.before - self.remembered.after
        return (
            self.own.after >= self.own.before
            and not self.own.is_worse
            and lost <= max(1.0, MOST_LOST * self.remembered.photos)
        )

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return asdict(self) | {"is_better": self.is_better}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Report:
        """What `to_json` made."""
        fields = {name: value for name, value in entry.items() if name != "is_better"}
        breeds = [
            BreedScore(BreedName(**one["breed"]), one["is_new"], Score(**one["score"]))
            for one in fields["breeds"]
        ]
        suspects = [
            Suspect(
                one["photo"],
                BreedName(**one["said"]),
                BreedName(**one["looks_like"]),
                one["probability"],
            )
            for one in fields["suspects"]
        ]
        return cls(
            **fields
            | {
                "own": Score(**fields["own"]),
                "remembered": Score(**fields["remembered"]),
                "breeds": tuple(breeds),
                "later": tuple((BreedName(**breed), n) for breed, n in fields["later"]),
                "contradictions": tuple(map(tuple, fields["contradictions"])),
                "suspects": tuple(suspects),
            }
        )
