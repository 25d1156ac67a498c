"""What Barkive says of a photo: frozen result types, and their JSON form.

Knows nothing of how a verdict is reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from barkive.boxes import Box, BoxJSON
from barkive.messages import Language, Message, reason_json


class Status(StrEnum):
    """The four things that a verdict can say."""

    DOG = "dog"
    UNCERTAIN = "uncertain"
    NOT_DOG = "not_dog"
    FAILED = "failed"


_HEADLINES = {
    Status.DOG: "A dog",
    Status.UNCERTAIN: "Not sure",
    Status.NOT_DOG: "No dog here",
    Status.FAILED: "Can't be read",
}


@dataclass(frozen=True, slots=True)
class BreedName:
    """What a breed is called, under the id by which a model or a person means it.

    `id` is the breed's WordNet id where the breed table knows it, otherwise the
    name of the folder that the model was trained on, or the name that a person gave.
    """

    id: str
    en: str
    fr: str

    def name(self, lang: Language = "en") -> str:
        """The breed's name in the language asked for."""
        return self.fr if lang == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Scores:
    """What a network says of a batch of photos, before any threshold.

    Attributes:
        probabilities: Calibrated, shape (n, labels); each row sums to 1.
        dog: Log-odds that the photo shows a dog at all, shape (n,).
        features: The pooled features, shape (n, channels).
    """

    probabilities: NDArray[np.float32]
    dog: NDArray[np.float32]
    features: NDArray[np.float32]

    def row(self, i: int) -> Scores:
        """The scores of one photo of the batch."""
        one = slice(i, i + 1)
        return Scores(self.probabilities[one], self.dog[one], self.features[one])


class CandidateJSON(TypedDict):
    """One element of `breeds` in a verdict's JSON form."""

    id: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A breed that a photo may show, with its calibrated probability in 0..1."""

    label: BreedName
    probability: float

    def to_json(self, lang: Language = "en") -> CandidateJSON:
        """The breed as a JSON object, its probability rounded to four decimals."""
        return {
            "id": self.label.id,
            "name": self.label.name(lang),
            "probability": round(self.probability, 4),
        }


class DogJSON(TypedDict):
    """One element of `dogs` in a verdict's JSON form."""

    box: BoxJSON
    score: float
    status: str
    breeds: list[CandidateJSON]


class WholeJSON(TypedDict):
    """What the JSON forms of a verdict and of a catalogued photo have in common."""

    file: str | None
    status: str
    breeds: list[CandidateJSON]
    error: str | None
    error_code: str | None
    model: str


class VerdictJSON(WholeJSON):
    """A verdict's JSON form: the contract of `--format json`."""

    dogs: list[DogJSON] | None


@dataclass(frozen=True, slots=True)
class Dog:
    """One dog of a photo, and what a model says of it.

    Attributes:
        box: Where it is.
        score: How sure the detector is that an animal is there, 0..1.
        status: `dog` (the first of `breeds` is the answer) or `uncertain` (`breeds` is the short
            list).
        breeds: The most probable breeds, best first.
    """

    box: Box
    score: float
    status: Status
    breeds: tuple[Candidate, ...]

    def to_json(self, lang: Language = "en") -> DogJSON:
        """The dog as a JSON object; score and probabilities rounded to four decimals.

        Args:
            lang: Of the names.
        """
        return {
            "box": self.box.to_json(),
            "score": round(self.score, 4),
            "status": self.status.value,
            "breeds": [one.to_json(lang) for one in self.breeds],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a model says of one photo.

    Attributes:
        file: The path as it was given; None for a photo that came without one.
        status: `dog` (the first of `breeds` is the answer), `uncertain` (`breeds` is the
            short list), `not_dog` or `failed` (`breeds` is empty).
        breeds: The most probable breeds, best first.
        reason: Why the photo could not be read; None unless `failed`.
        model: The bundle that answered: its name and the start of its SHA-256.
        dogs: The dogs that have a box, the largest first; the photo's own status and breeds are
            those of the first. None where dogs were not looked for.
    """

    file: str | None
    status: Status
    breeds: tuple[Candidate, ...]
    reason: Message | None
    model: str
    dogs: tuple[Dog, ...] | None = None

    @property
    def error(self) -> str | None:
        """Why the photo could not be read, in English; None unless `failed`."""
        return self.reason.text() if self.reason is not None else None

    def to_json(self, lang: Language = "en") -> VerdictJSON:
        """The verdict as a JSON object, probabilities rounded to four decimals.

        Args:
            lang: Of the names, and of the error.
        """
        return {
            "file": self.file,
            "status": self.status.value,
            "breeds": [one.to_json(lang) for one in self.breeds],
            **reason_json(self.reason, lang),
            "model": self.model,
            "dogs": None if self.dogs is None else [one.to_json(lang) for one in self.dogs],
        }

    def _repr_html_(self) -> str:
        """The verdict as notebooks show it: the photo, its breed, and how sure that is."""
        from barkive.notebook import card

        bars = [(one.label.en, one.probability) for one in self.breeds]
        notes = [*filter(None, (self.error, self.file))]
        return card(self.file, self.headline(), bars, notes)

    def headline(self) -> str:
        """The breed in English, or why there is none, in a few words."""
        if self.status is Status.DOG and self.breeds:
            return self.breeds[0].label.en
        return _HEADLINES[self.status]
