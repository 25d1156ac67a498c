"""What the catalogue says of a photo: frozen types, and their JSON form.

Knows nothing of databases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row
from typing_extensions import TypedDict

from barkive.boxes import Box, BoxJSON
from barkive.breeds import called
from barkive.errors import UnknownDogError
from barkive.messages import VERBATIM, Language, Message
from barkive.verdicts import (
    BreedName,
    Candidate,
    CandidateJSON,
    Dog,
    DogJSON,
    Status,
    Verdict,
    WholeJSON,
)

VERSION = re.compile("([0-9a-f]{32})-([0-9]{1,18})")
"""An `Entry.version`: the first half of the content's SHA-256, and a number for what was said."""


class Kind(StrEnum):
    """What a person can say of a photo or of one of its dogs.

    `dog` says that a dog is there, where a box was drawn or moved, and nothing of its breed;
    `note` says nothing of it but what is written beside it.
    """

    BREED = "breed"
    CROSS = "cross"
    NOT_DOG = "not_dog"
    UNSURE = "unsure"
    DOG = "dog"
    NOTE = "note"
    UNDO = "undo"


class EntryDogJSON(DogJSON):
    """The JSON form of a dog of the catalogue: that of a verdict's, and its own fields."""

    id: int
    corrected: bool
    note: str | None


class EntryJSON(WholeJSON):
    """An entry's JSON form: that of a verdict, and the catalogue's own fields behind it."""

    dogs: list[EntryDogJSON] | None
    id: int
    version: str | None
    corrected: bool
    note: str | None
    model_status: str | None
    model_breeds: list[CandidateJSON]
    width: int | None
    height: int | None
    taken_at: str | None
    camera: str | None
    bytes: int | None
    sha256: str | None
    added_at: str
    identified_at: str | None
    unreadable_since: str | None
    missing_since: str | None


class FoundJSON(EntryJSON):
    """The JSON form of a photo found by its likeness to another."""

    similarity: float


@dataclass(frozen=True, slots=True)
class EntryDog:
    """One dog of a catalogued photo.

    Attributes:
        id: Its number. That of a dog of which only the model speaks follows from the file's
            content and the box; that of one of which people spoke is kept with what they said.
        box: Where it is: a person's box, or else the model's.
        score: How sure the detector is that an animal is there, 0..1; 1 where people said so.
        status: Of its effective label: `dog` or `uncertain`.
        breeds: As `Entry.breeds` has them.
        corrected: Whether a person named its breed.
        note: What people wrote of it last, beside a label that holds or alone.
        guesses: The breeds that the model finds most probable, at most five; empty where the
            model did not see it.
    """

    id: int
    box: Box
    score: float
    status: Status
    breeds: tuple[Candidate, ...]
    corrected: bool = False
    note: str | None = None
    guesses: tuple[Candidate, ...] = ()

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """The breeds of the effective label: one, two for a cross, none if it is not known."""
        if self.status is not Status.DOG:
            return ()
        return tuple(c.label for c in (self.breeds if self.corrected else self.breeds[:1]))

    def to_json(self, lang: Language = "en", top: int = 5) -> EntryDogJSON:
        """The dog as a JSON object.

        Args:
            lang: Of the breeds' names.
            top: How many breeds to list.
        """
        seen = Dog(self.box, self.score, self.status, self.breeds[:top]).to_json(lang)
        return {**seen, "id": self.id, "corrected": self.corrected, "note": self.note}


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo of the catalogue.

    Attributes:
        id: Its number: random, made once, and kept when the file is moved, renamed, converted
            or given tags, when the catalogue is copied, merged or made anew.
        picture: The number of the picture; files that hold the same one share it.
        file: The absolute path; bytes that are no text are kept (`surrogateescape`).
        status: Of the effective label: a person's, or else the model's.
        breeds: The breed of the effective label, two for a cross, best first; the short list of an
            `uncertain` photo; empty for `not_dog` and `failed`. A breed that a person gave
            has probability 1, those of a cross 0.5 each.
        reason: Why it could not be read; None unless `failed`, or `unreadable_since` is given.
        corrected: Whether a person said so.
        label_id: The number of the person's label in force; None where there is none. Where
            people named the main dog, that is its label.
        note: What people wrote of it last, beside a label that holds or alone.
        prediction: What the model said; None where the photo could not be read.
        guesses: The breeds that the model finds most probable, at most five, also where it
            sees no dog; empty where the photo could not be read.
        model: The model that judged it, as verdicts name it.
        width: In pixels, of the upright photo; None where it could not be read.
        height: Likewise.
        format: `JPEG`, `PNG` and so on, by the content; None where it could not be read.
        taken_at: When the camera says that it was taken, in the camera's local time.
        camera: Maker and model.
        bytes: The file's size; None where it could not be read at all.
        mtime_ns: When it was last written, in nanoseconds since 1970; None where that does not
            tell whether it has changed since.
        ctime_ns: When the file or what the system knows of it was last changed; likewise.
        coded: The digest of the coded picture in hex digits, see `images.fingerprint`.
        sha256: Of the file's content, in hex digits; None where it could not be read at all.
        added_at: When it was first catalogued, UTC.
        identified_at: When a model last judged it, UTC.
        unreadable_since: When a file that had been read first could not be, UTC; what is known of
            it stays. None if it can.
        missing_since: When a scan first did not find the file any more, UTC; None if it is there.
        dogs: The dogs that have a box, the largest first, by their effective labels; None where
            they were never looked for, and nobody drew one.
        said_id: Where people spoke of single dogs or wrote a note alone, the number of the last
            thing that was said; None where nobody did.
        orientation: Of its EXIF data, 1..8, as `Header` has it; None where it could not be read.
        dog_probability: How probable the model finds it that the photo shows a dog, 0..1; None
            where it could not be read.
    """

    id: int
    picture: int
    file: str
    status: Status
    breeds: tuple[Candidate, ...]
    reason: Message | None
    corrected: bool
    label_id: int | None
    note: str | None
    prediction: Verdict | None
    guesses: tuple[Candidate, ...]
    model: str
    width: int | None
    height: int | None
    format: str | None
    taken_at: datetime | None
    camera: str | None
    bytes: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    sha256: str | None
    coded: str | None
    added_at: datetime
    identified_at: datetime | None
    unreadable_since: datetime | None
    missing_since: datetime | None
    dogs: tuple[EntryDog, ...] | None = None
    said_id: int | None = None
    orientation: int | None = None
    dog_probability: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The effective label, as a verdict."""
        reason = self.reason if self.status is Status.FAILED else None
        dogs = None
        if self.dogs is not None:
            dogs = tuple(Dog(one.box, one.score, one.status, one.breeds) for one in self.dogs)
        return Verdict(self.file, self.status, self.breeds, reason, self.model, dogs)

    @property
    def error(self) -> str | None:
        """Why it could not be read, in English; None unless there is a `reason`."""
        return self.reason.text() if self.reason is not None else None

    @property
    def version(self) -> str | None:
        """What a person who looks at the photo sees: its content, and the labels in force.

        None where the file could never be read.
        """
        if self.sha256 is None:
            return None
        return f"{self.sha256[:32]}-{self.said_id or self.label_id or 0}"

    @property
    def open_dog(self) -> EntryDog | None:
        """The largest dog of which the model is not sure and nobody spoke; None where none is."""
        waiting = (
            one for one in self.dogs or () if one.status is Status.UNCERTAIN and not one.corrected
        )
        return next(waiting, None)

    def dog(self, number: int) -> EntryDog:
        """One of its dogs.

        Args:
            number: Counted from 1, the largest first.

        Raises:
            UnknownDogError: There is no such dog.
        """
        if self.dogs is None and self.status is not Status.FAILED:
            raise UnknownDogError("photo_dogs_not_looked_for", file=self.file, dog=number)
        dogs = self.dogs or ()
        if not 1 <= number <= len(dogs):
            raise UnknownDogError("photo_dog_unknown", file=self.file, dog=number, n=len(dogs))
        return dogs[number - 1]

    def dog_by_id(self, dog: int) -> EntryDog:
        """One of its dogs.

        Args:
            dog: Its `EntryDog.id`.

        Raises:
            UnknownDogError: There is no such dog.
        """
        dogs = self.dogs or ()
        found = next((one for one in dogs if one.id == dog), None)
        if found is None:
            raise UnknownDogError("label_dog_unknown", file=self.file, dog=dog, n=len(dogs))
        return found

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """The breeds of the effective label: one, two for a cross, none if it is not known."""
        if self.status is not Status.DOG:
            return ()
        return tuple(c.label for c in (self.breeds if self.corrected else self.breeds[:1]))

    def _repr_html_(self) -> str:
        """The photo as notebooks show it: with its breed, how sure that is, and who says so."""
        from barkive.notebook import card

        title, bars = self.verdict.headline(), [(c.label.en, c.probability) for c in self.breeds]
        if self.corrected:
            title, bars = f"{' x '.join(label.en for label in self.labels) or title} ✓", []
        notes = [*filter(None, (self.note, self.error, self.file, f"Photo {self.id}"))]
        there = self.missing_since is None
        return card(self.file if there else None, title, bars, notes)

    def to_json(self, lang: Language = "en", top: int = 5) -> EntryJSON:
        """The entry as a JSON object; times in ISO 8601.

        Args:
            lang: Of the breeds' names.
            top: How many breeds to list.
        """
        prediction = self.prediction.to_json(lang) if self.prediction else None
        verdict = self.verdict.to_json(lang)
        return {
            **verdict,
            "breeds": verdict["breeds"][:top],
            "dogs": None if self.dogs is None else [one.to_json(lang, top) for one in self.dogs],
            "id": self.id,
            "version": self.version,
            "corrected": self.corrected,
            "note": self.note,
            "model_status": prediction["status"] if prediction else None,
            "model_breeds": prediction["breeds"][:top] if prediction else [],
            "width": self.width,
            "height": self.height,
            "taken_at": self.taken_at.isoformat() if self.taken_at else None,
            "camera": self.camera,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "added_at": utc(self.added_at),
            "identified_at": utc(self.identified_at) if self.identified_at else None,
            "unreadable_since": utc(self.unreadable_since) if self.unreadable_since else None,
            "missing_since": utc(self.missing_since) if self.missing_since else None,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A photo that resembles another.

    Attributes:
        entry: The photo.
        similarity: Cosine of the angle between the embeddings, -1..1; 1 for the same.
    """

    entry: Entry
    similarity: float

    def to_json(self, lang: Language = "en", top: int = 5) -> FoundJSON:
        """The entry's JSON object with `similarity`, rounded to four decimals."""
        return {**self.entry.to_json(lang, top), "similarity": round(self.similarity, 4)}


@dataclass(slots=True)
class LabelRow:
    """A row of `correction`, to be written into another catalogue.

    Attributes:
        id: Its number; below 0 where it has none yet.
        picture: The number of the picture that it is said of.
        sha256: The content that was seen.
        kind: A `Kind`.
        breed: The id of the breed; None for neither `breed` nor `cross`.
        breed2: That of the second one of a cross.
        note: What was written beside it.
        said_by: Who said it.
        said_at: When, UTC.
        was: What held before.
        undoes: The number of the one that it takes back.
        turn: Its place among the labels of one second.
        dog: The number of the dog that it is said of; None for the photo.
        box: Where that dog is, as `Mark.to_text` writes it; for the photo, where its main dog was,
            None where none was known.
    """

    id: int
    picture: int
    sha256: bytes
    kind: str
    breed: str | None
    breed2: str | None
    note: str | None
    said_by: str | None
    said_at: datetime
    was: str
    undoes: int | None
    turn: int
    dog: int | None = None
    box: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a dog is of which people spoke.

    Attributes:
        box: In the upright photo that they saw.
        drawn: Whether they drew or moved it; else it is what the model proposed.
        before: Where it was until it was moved; None where it was not.
        beside: Other dogs that overlapped it when they drew it, so that it is none of these.
        only: Whether it was taken away, and no other dog was there.
    """

    box: Box
    drawn: bool = False
    before: Box | None = None
    beside: tuple[Box, ...] = ()
    only: bool = False

    def to_text(self) -> str:
        """The mark as a label keeps it, in JSON."""
        before = self.before.to_json() if self.before is not None else None
        further: dict[str, Any] = {"drawn": True, "before": before} if self.drawn else {}
        if self.beside:
            further["beside"] = [box.to_json() for box in self.beside]
        if self.only:
            further["only"] = True
        return json.dumps({**self.box.to_json(), **further})

    @staticmethod
    def from_text(text: str) -> Mark:
        """What `to_text` wrote."""
        said = json.loads(text)
        drawn, before = said.pop("drawn", False), said.pop("before", None)
        beside, only = said.pop("beside", ()), said.pop("only", False)
        return Mark(
            Box(**said),
            drawn,
            Box(**before) if before is not None else None,
            tuple(Box(**one) for one in beside),
            only,
        )

    def moved(self, place: Callable[[Box], Box]) -> Mark:
        """The mark with each of its boxes elsewhere, as where the photo was turned."""
        return replace(
            self,
            box=place(self.box),
            before=place(self.before) if self.before is not None else None,
            beside=tuple(map(place, self.beside)),
        )


class ChangeJSON(TypedDict):
    """A change's JSON form."""

    id: int
    undoes: int | None
    kind: str
    breeds: list[str]
    note: str | None
    by: str | None
    at: str
    was: str
    dog: int | None
    box: BoxJSON | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a person once said of a photo, or of one of its dogs.

    Attributes:
        id: The number of the label.
        undoes: The number of the one that it takes back; None unless `undo`.
        kind: What was said.
        labels: The breed; two for a cross; else none.
        note: What was written beside it.
        by: Who said it.
        at: When, UTC.
        was: What held before, such as `uncertain` or `dog: Pug`.
        dog: The number of the dog that is meant; None for the photo.
        box: Where that dog was for who said so; None for the photo.
    """

    id: int
    undoes: int | None
    kind: Kind
    labels: tuple[BreedName, ...]
    note: str | None
    by: str | None
    at: datetime
    was: str
    dog: int | None = None
    box: Box | None = None

    def was_called(self, lang: Language = "en") -> tuple[str, tuple[str, ...]]:
        """What held before: a status, and the names of its breeds in a language."""
        status, _, breeds = self.was.partition(": ")
        names = []
        for name in breeds.split(" x ") if breeds else ():
            breed = called(name)
            # Breeds that people added have one name.
            names.append(breed.name(lang) if breed is not None and breed.en == name else name)
        return status, tuple(names)

    def to_json(self, lang: Language = "en") -> ChangeJSON:
        """The change as a JSON object."""
        return {
            "id": self.id,
            "undoes": self.undoes,
            "kind": self.kind.value,
            "breeds": [label.name(lang) for label in self.labels],
            "note": self.note,
            "by": self.by,
            "at": utc(self.at),
            "was": self.was,
            "dog": self.dog,
            "box": self.box.to_json() if self.box is not None else None,
        }


def now() -> datetime:
    """The moment, UTC, as the catalogue keeps it: to the second, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def utc(moment: datetime) -> str:
    """A moment in UTC as the JSON forms write it."""
    return f"{moment.isoformat(timespec='seconds')}Z"


def message_columns(message: Message | None) -> dict[str, str | None]:
    """The columns of a row that keep a message: in English, its code, and its parameters."""
    if message is None:
        return dict.fromkeys(("error", "error_code", "error_params"))
    params = json.dumps(message.params_to_json()) if message.code != VERBATIM else None
    # A path in it may hold bytes that are no text.
    sentence = message.text().encode(errors="backslashreplace").decode()
    return {"error": sentence, "error_code": message.code, "error_params": params}


def message_of(row: Row[Any]) -> Message | None:
    """The message that `message_columns` kept; one of which only the sentence is known as such."""
    if row.error is None:
        return None
    if row.error_code is None or row.error_params is None:
        return Message.verbatim(row.error)
    return Message.from_json(row.error_code, json.loads(row.error_params))
