"""What the catalogue says of an animal: frozen types, and their JSON form.

Knows nothing of databases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from typing_extensions import TypedDict

from barkive.catalogue.records import Entry, utc
from barkive.errors import UsageError
from barkive.messages import Language, Message
from barkive.verdicts import BreedName, Candidate, CandidateJSON, Status

SPECIES: Final = ("dog", "cat", "rabbit", "other")
"""The species that have a name in each language; others are taken as they are written."""

IN_CARE: Final = "in_care"
STATUSES: Final = (IN_CARE, "adopted", "lost", "found", "deceased")
"""What an animal's status is mostly; others are taken as they are written."""

LONGEST: Final = 200
"""Characters of a code, a name, a species or a status at most."""
LONGEST_NOTES: Final = 10_000

_BIRTH = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_EARLIEST = 1900


class Sex(StrEnum):
    """An animal's sex, where it is known."""

    FEMALE = "female"
    MALE = "male"


class Origin(StrEnum):
    """Where an animal's breed comes from: what people said of it, of its photos, or the model."""

    ANIMAL = "animal"
    LABELS = "labels"
    MODEL = "model"


class ActKind(StrEnum):
    """What a person did, in one step that can be undone as one."""

    NEW = "new"
    EDIT = "edit"
    ADD = "add"
    TAKE_AWAY = "take_away"
    MOVE = "move"
    MERGE = "merge"
    SPLIT = "split"
    REMOVE = "remove"
    REFUSE = "refuse"
    ACCEPT = "accept"
    IMPORT = "import"
    LABEL = "label"
    UNDO = "undo"


def parse_birth(text: str) -> str:
    """A date of birth as it is kept: `2021-05-31`, `2021-05` or `2021`.

    Raises:
        UsageError: It is no date, too early, or in the future.
    """
    given = text.strip()
    found = _BIRTH.fullmatch(given)
    try:
        if found is None:
            raise ValueError
        year, month, day = (int(part) if part else 1 for part in found.groups())
        first = date(year, month, day)
    except ValueError:
        raise UsageError("animal_birth_invalid", text=text) from None
    if first.year < _EARLIEST:
        raise UsageError("animal_birth_too_early", text=text, earliest=_EARLIEST)
    if first > date.today():
        raise UsageError("animal_birth_in_future", text=text)
    return given


@dataclass(frozen=True, slots=True)
class AnimalFields:
    """What people say of an animal; what is None stays as it is, and what is empty is taken away.

    Attributes:
        code: The shelter's own, of which each animal has another one.
        name: What it is called.
        species: `dog`, or one of `SPECIES`, or any other.
        sex: `female` or `male`; empty where it is not known.
        birth: A date, `2021-05-31`, `2021-05` or `2021`.
        birth_is_estimate: Whether that is an estimate.
        breeds: Names or ids: one, or two of a cross; empty for what its photos say.
        status: One of `STATUSES`, or any other.
        notes: Anything worth remembering.
        arrived: The day on which it came.
        left: The day on which it left.
        main_photo: The number of the photo that stands for it; 0 for the best one.
        other: Whether breeds that Barkive has no name for are taken as they are written.
    """

    code: str | None = None
    name: str | None = None
    species: str | None = None
    sex: Sex | str | None = None
    birth: str | None = None
    birth_is_estimate: bool | None = None
    breeds: Sequence[str] | None = None
    status: str | None = None
    notes: str | None = None
    arrived: date | str | None = None
    left: date | str | None = None
    main_photo: int | None = None
    other: bool = False

    def given(self) -> dict[str, Any]:
        """What is not None, by its name."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None and name != "other"}


class AnimalJSON(TypedDict):
    """An animal's JSON form."""

    id: int
    code: str | None
    name: str | None
    species: str
    sex: str | None
    birth: str | None
    birth_is_estimate: bool
    status: str
    breed_status: str | None
    breeds: list[CandidateJSON]
    breed_origin: str | None
    breed_disagrees: bool
    notes: str | None
    arrived: str | None
    left: str | None
    photos: int
    main_photo: int | None
    version: int
    made_at: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class AnimalVerdict:
    """An animal's breed, from what people said or from many views.

    Attributes:
        status: `dog` (the breeds are the answer: one, or two of a cross) or `uncertain` (they are
            the short list); None where no photo shows a dog and nobody said anything.
        breeds: Best first, at most five; those that people gave have probability 1, or 0.5 each.
        origin: Who says so; None where nothing is said.
        disagrees: Whether its photos contradict each other.
        views: How many views count, near-duplicates as one; 0 where people gave the breed of the
            animal itself.
    """

    status: Status | None = None
    breeds: tuple[Candidate, ...] = ()
    origin: Origin | None = None
    disagrees: bool = False
    views: int = 0

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """The breeds: one, two of a cross, none if it is not known."""
        if self.status is not Status.DOG:
            return ()
        said = self.origin is not Origin.MODEL
        return tuple(one.label for one in (self.breeds if said else self.breeds[:1]))


@dataclass(frozen=True, slots=True)
class Animal:
    """One animal of the catalogue.

    Attributes:
        id: Its number: random, made once, never changed.
        code: The shelter's own; None for none.
        name: What it is called; None where it has no name.
        species: `dog`, another of `SPECIES`, or what people wrote.
        sex: None where it is not known.
        birth: `2021-05-31`, `2021-05` or `2021`; None where it is not known.
        birth_is_estimate: Whether that is an estimate.
        status: One of `STATUSES`, or what people wrote.
        notes: Anything worth remembering.
        arrived: The day on which it came.
        left: The day on which it left.
        verdict: Its breed.
        photos: How many pictures show it.
        main_photo: The number of the photo that stands for it: the one that people chose, or else
            the best one whose file is there; None for none.
        is_main_chosen: Whether people chose it.
        version: The number of the last act that changed it: say it when you change it, and what
            others did meanwhile is not overwritten.
        made_at: When it was made, UTC.
        changed_at: When people last changed it, UTC.
        merged_into: The number of the animal that it was merged into; None for none.
        removed: Whether people removed or merged it: it is in no list then.
    """

    id: int
    code: str | None
    name: str | None
    species: str
    sex: Sex | None
    birth: str | None
    birth_is_estimate: bool
    status: str
    notes: str | None
    arrived: date | None
    left: date | None
    verdict: AnimalVerdict
    photos: int
    main_photo: int | None
    is_main_chosen: bool
    version: int
    made_at: datetime
    changed_at: datetime
    merged_into: int | None = None
    removed: bool = False

    @property
    def title(self) -> str:
        """What it is called in one line: code and name, or else its number."""
        return " ".join(filter(None, (self.code, self.name))) or str(self.id)

    def to_json(self, lang: Language = "en", top: int = 5) -> AnimalJSON:
        """The animal as a JSON object; times in ISO 8601.

        Args:
            lang: Of the breeds' names.
            top: How many breeds to list.
        """
        verdict = self.verdict
        return {
            "id": self.id,
            "code": self.code,
            "name": self.name,
            "species": self.species,
            "sex": self.sex.value if self.sex is not None else None,
            "birth": self.birth,
            "birth_is_estimate": self.birth_is_estimate,
            "status": self.status,
            "breed_status": verdict.status.value if verdict.status is not None else None,
            "breeds": [one.to_json(lang) for one in verdict.breeds[:top]],
            "breed_origin": verdict.origin.value if verdict.origin is not None else None,
            "breed_disagrees": verdict.disagrees,
            "notes": self.notes,
            "arrived": self.arrived.isoformat() if self.arrived is not None else None,
            "left": self.left.isoformat() if self.left is not None else None,
            "photos": self.photos,
            "main_photo": self.main_photo,
            "version": self.version,
            "made_at": utc(self.made_at),
            "changed_at": utc(self.changed_at),
        }


class ViewJSON(TypedDict):
    """A view's JSON form; `id` is the photo's number."""

    id: int
    file: str
    dog: int | None
    status: str
    breeds: list[CandidateJSON]
    corrected: bool
    same_as: int | None
    disagrees: bool


@dataclass(frozen=True, slots=True)
class View:
    """One photo of an animal, and what it says of its breed.

    Attributes:
        entry: The photo.
        dog: The `EntryDog.id` of the dog that is the animal; None for the main one.
        status: What this view says: `dog`, `uncertain`, `not_dog` or `failed`.
        breeds: Best first; of a label those that people gave.
        corrected: Whether people said so.
        same_as: The number of a photo of the animal that is nearly the same, and counts instead;
            None where this one counts.
        disagrees: Whether it contradicts the animal's breed.
    """

    entry: Entry
    dog: int | None
    status: Status
    breeds: tuple[Candidate, ...]
    corrected: bool
    same_as: int | None = None
    disagrees: bool = False

    def to_json(self, lang: Language = "en", top: int = 5) -> ViewJSON:
        """The view as a JSON object.

        Args:
            lang: Of the breeds' names.
            top: How many breeds to list.
        """
        return {
            "id": self.entry.id,
            "file": self.entry.file,
            "dog": self.dog,
            "status": self.status.value,
            "breeds": [one.to_json(lang) for one in self.breeds[:top]],
            "corrected": self.corrected,
            "same_as": self.same_as,
            "disagrees": self.disagrees,
        }


class AnimalChangeJSON(TypedDict):
    """A change's JSON form."""

    animal: int | None
    field: str
    photo: int | None
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class AnimalChange:
    """One change that an act made.

    Attributes:
        animal: The number of the animal; None where it is of none.
        field: A field's name, or `photo`, `dog`, `refused`, `label`.
        photo: The number of a photo of the picture that it is about; None where it is of none.
        was: What stood there before; None for nothing.
        now: What stands there since; None for nothing.
    """

    animal: int | None
    field: str
    photo: int | None
    was: Any
    now: Any

    def to_json(self) -> AnimalChangeJSON:
        """The change as a JSON object."""
        return {
            "animal": self.animal,
            "field": self.field,
            "photo": self.photo,
            "was": self.was,
            "now": self.now,
        }


class ActJSON(TypedDict):
    """An act's JSON form."""

    id: int
    kind: str
    by: str | None
    at: str
    undoes: int | None
    is_undone: bool
    animals: list[int]
    photos: int
    changes: list[AnimalChangeJSON]


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did in one step.

    Attributes:
        id: Its number; later ones are higher.
        kind: What was done.
        by: Who did it; None where they did not say.
        at: When, UTC.
        undoes: The number of the act that it takes back.
        is_undone: Whether it was taken back.
        animals: The numbers of the animals that it changed.
        photos: How many pictures it was about.
        changes: Each change; of an act of thousands the first of them.
    """

    id: int
    kind: ActKind
    by: str | None
    at: datetime
    undoes: int | None
    is_undone: bool
    animals: tuple[int, ...]
    photos: int
    changes: tuple[AnimalChange, ...]

    def to_json(self) -> ActJSON:
        """The act as a JSON object; its time in ISO 8601."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "by": self.by,
            "at": utc(self.at),
            "undoes": self.undoes,
            "is_undone": self.is_undone,
            "animals": list(self.animals),
            "photos": self.photos,
            "changes": [one.to_json() for one in self.changes],
        }


@dataclass(frozen=True, slots=True)
class AnimalFilter:
    """Which animals are meant; an animal must fit every filter that is set.

    Attributes:
        text: Words, each the start of a word of the code, the name, the notes or the breed; case
            and accents don't matter.
        breed: A name or id.
        species: As `Animal.species` has it.
        sex: `female`, `male`, or empty for those of which it is not known.
        status: One of these.
        breed_status: `dog`, `uncertain`, or empty for those without a verdict.
        disagrees: Whether the photos contradict each other; None for both.
        has_photos: Whether there is a photo; None for both.
        removed: Whether those that were merged or removed are meant, and not the others.
    """

    text: str | None = None
    breed: str | None = None
    species: str | None = None
    sex: str | None = None
    status: Sequence[str] = ()
    breed_status: str | None = None
    disagrees: bool | None = None
    has_photos: bool | None = None
    removed: bool = False


class SuggestionKind(StrEnum):
    """What a suggestion proposes to do with its photos."""

    NEW = "new"
    ADD = "add"


class SuggestionJSON(TypedDict):
    """A suggestion's JSON form."""

    id: int
    kind: str
    animal: int | None
    code: str | None
    name: str | None
    photos: list[int]
    reason: str
    reason_code: str
    is_large: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Photos that seem to show one animal.

    Attributes:
        id: Its number: higher ones were made later.
        animal: The number of the animal that they seem to show; None for one that is not known.
        code: The shelter's code that their folder or files give; None for none.
        name: The name that they give; None for none.
        photos: The numbers of the photos, of each picture one.
        reason: Why they seem to be of one animal.
        is_large: Whether these are more photos than one animal mostly has, so that a person should
            look at them first.
    """

    id: int
    animal: int | None
    code: str | None
    name: str | None
    photos: tuple[int, ...]
    reason: Message
    is_large: bool

    @property
    def kind(self) -> SuggestionKind:
        """Whether a new animal is made of them, or they are added to one."""
        return SuggestionKind.NEW if self.animal is None else SuggestionKind.ADD

    def to_json(self, lang: Language = "en") -> SuggestionJSON:
        """The suggestion as a JSON object.

        Args:
            lang: Of the reason.
        """
        return {
            "id": self.id,
            "kind": self.kind.value,
            "animal": self.animal,
            "code": self.code,
            "name": self.name,
            "photos": list(self.photos),
            "reason": self.reason.text(lang),
            "reason_code": self.reason.code,
            "is_large": self.is_large,
        }


class SuggestionLeftOutJSON(TypedDict):
    """The JSON form of a suggestion that was not accepted."""

    suggestion: int
    error: str
    error_code: str


class AcceptedJSON(TypedDict):
    """The JSON form of what came of accepting suggestions."""

    new: int
    added: int
    photos: int
    acts: list[int]
    left_out: list[SuggestionLeftOutJSON]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of accepting many suggestions at once.

    Attributes:
        new: How many animals were made.
        added: How many suggestions added to animals that were known.
        photos: How many photos belong to animals since.
        acts: The numbers of the acts, one a suggestion.
        left_out: The numbers of the suggestions that were not accepted, each with the reason.
    """

    new: int
    added: int
    photos: int
    acts: tuple[int, ...]
    left_out: tuple[tuple[int, Message], ...]

    def to_json(self, lang: Language = "en") -> AcceptedJSON:
        """The same as a JSON object.

        Args:
            lang: Of the reasons.
        """
        return {
            "new": self.new,
            "added": self.added,
            "photos": self.photos,
            "acts": list(self.acts),
            "left_out": [
                {"suggestion": number, "error": why.text(lang), "error_code": why.code}
                for number, why in self.left_out
            ],
        }


class MatchJSON(TypedDict):
    """A match's JSON form."""

    animal: AnimalJSON
    photo: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Match:
    """An animal that a photo may show.

    Attributes:
        animal: Which one.
        photo: The number of its photo that is most like.
        similarity: How like they are: the cosine of the angle between the embeddings, -1..1.
    """

    animal: Animal
    photo: int
    similarity: float

    def to_json(self, lang: Language = "en", top: int = 5) -> MatchJSON:
        """The match as a JSON object, the similarity rounded to four decimals.

        Args:
            lang: Of the breeds' names.
            top: How many breeds to list.
        """
        return {
            "animal": self.animal.to_json(lang, top),
            "photo": self.photo,
            "similarity": round(self.similarity, 4),
        }
