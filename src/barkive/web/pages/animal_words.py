"""What pages say of animals: careful words, small pictures, and acts in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from barkive.catalogue import (
    SPECIES,
    STATUSES,
    Act,
    ActKind,
    Animal,
    AnimalChange,
    Catalogue,
    Origin,
    Sex,
    birth_words,
    breed_words,
)
from barkive.messages import Messages
from barkive.verdicts import Status

_SHOWN_FIELDS = ("code", "name", "species", "sex", "birth", "breeds", "status", "notes")
_DAYS = ("arrived", "left")
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Told:
    """An act in words.

    Attributes:
        id: Its number.
        what: Who did what.
        at: When.
        details: What it changed in the record, each a line.
        others: The other animals that it changed, each with its number and name.
        can_undo: Whether it can be taken back.
        is_undone: Whether it was.
    """

    id: int
    what: str
    at: str
    details: tuple[str, ...]
    others: tuple[tuple[int, str], ...]
    can_undo: bool
    is_undone: bool


def word(section: str, value: str, words: Messages) -> str:
    """A species, a sex or a status in the visitor's language; one that is their own as it is."""
    if section == "species" and value in SPECIES:
        return words(f"animals.species_{value}")
    if section == "sex" and value in [*Sex]:
        return words(f"animals.sex_{value}")
    if section == "status" and value in STATUSES:
        return words(f"animals.status_{value}")
    return value


def breed_line(animal: Animal, words: Messages) -> str:
    """The breed, carefully: `looks like a Boxer`, `perhaps Boxer`, `breed not known`."""
    verdict = animal.verdict
    if verdict.status is Status.UNCERTAIN and verdict.breeds:
        return words("animals.perhaps", breed=verdict.breeds[0].label.name(words.lang))
    return breed_words(animal, words.lang)


def tile(animal: Animal, words: Messages) -> dict[str, Any]:
    """What a small picture says of its animal."""
    return {
        "id": animal.id,
        "photo": animal.main_photo,
        "name": animal.name or "",
        "code": animal.code or "",
        "title": animal.title,
        "breed": breed_line(animal, words),
        "breed_status": animal.verdict.status.value if animal.verdict.status else "",
        "is_said": animal.verdict.origin in (Origin.ANIMAL, Origin.LABELS),
        "disagrees": animal.verdict.disagrees,
        "status": animal.status,
        "status_word": word("status", animal.status, words),
        "photos": animal.photos,
    }


def likeness(similarity: float, words: Messages) -> str:
    """How alike two dogs look, carefully.

    Args:
        similarity: The cosine of what the model sees in them.
        words: Of the visitor's language.
    """
    for least, name in ((0.9, "nearly"), (0.8, "much"), (0.7, "somewhat")):
        if similarity >= least:
            return words(f"which.{name}")
    return words("which.little")


def told(catalogue: Catalogue, acts: Sequence[Act], words: Messages, animal: int) -> list[Told]:
    """Acts in words, as they are seen from an animal.

    Args:
        catalogue: Of the animals.
        acts: What was done.
        words: Of the visitor's language.
        animal: The number of the animal; 0 for none.
    """
    known = catalogue.animals.records({one for act in acts for one in act.animals})
    undone = [act.undoes for act in acts if act.undoes]
    before = {act.id: act for act in acts} | _acts(catalogue, set(undone) - {a.id for a in acts})
    return [
        _told(catalogue, act, before.get(act.undoes or 0), known, words, animal) for act in acts
    ]


def _acts(catalogue: Catalogue, numbers: Iterable[int]) -> dict[int, Act]:
    return {number: catalogue.animals.act(number) for number in numbers}


def _told(
    catalogue: Catalogue,
    act: Act,
    undone: Act | None,
    known: Mapping[int, Animal],
    words: Messages,
    animal: int,
) -> Told:
    others = [known[one] for one in act.animals if one != animal and one in known]
    details = [
        line
        for change in act.changes
        if change.animal == animal
        and act.kind is not ActKind.REMOVE
        and (line := _detail(catalogue, change, words))
    ]
    what = _what(undone or act, words, animal, others)
    if undone is not None:
        by = act.by or words("photo.somebody")
        what = words("animals.act_undo", by=by, what=what)
    return Told(
        id=act.id,
        what=what,
        at=words.moment(act.at),
        details=tuple(details) if act.kind is not ActKind.UNDO else (),
        others=tuple((one.id, one.title) for one in others if not one.removed),
        can_undo=act.kind is not ActKind.UNDO and not act.is_undone,
        is_undone=act.is_undone,
    )


def _what(act: Act, words: Messages, animal: int, others: Sequence[Animal]) -> str:
    """Who did what, in a sentence without its full stop."""
    own = [one for one in act.changes if one.animal == animal]
    of_animal = [one for one in own if one.field == "photo"]
    n = len(of_animal) or act.photos
    is_taken = any(one.now is None for one in of_animal)
    kind = act.kind.value
    match act.kind:
        case ActKind.NEW if not n:
            kind = "new_empty"
        case ActKind.MERGE if any(one.field == "merged_into" for one in own):
            kind = "merged_away"
        case ActKind.MOVE:
            kind = "move_from" if is_taken else "move_to"
        case ActKind.SPLIT:
            kind = "split_from" if is_taken else "split_to"
    names = ", ".join(one.title for one in others)
    by = act.by or words("photo.somebody")
    return words(f"animals.act_{kind}", by=by, n=n, animals=names)


def _detail(catalogue: Catalogue, change: AnimalChange, words: Messages) -> str:
    """A change of the record in a line; empty for what is told otherwise."""
    field = change.field
    if field not in (*_SHOWN_FIELDS, *_DAYS, "main_photo"):
        return ""
    if field == "main_photo":
        return words("animals.changed_main") if change.now else words("animals.changed_no_main")
    was, now = (_value(catalogue, field, one, words) for one in (change.was, change.now))
    name = words(f"animals.{field}")
    if not was:
        return words("animals.changed_to", field=name, now=now)
    if not now:
        return words("animals.changed_away", field=name, was=was)
    return words("animals.changed", field=name, was=was, now=now)


def _value(catalogue: Catalogue, field: str, value: Any, words: Messages) -> str:
    if not value:
        return ""
    match field:
        case "species" | "sex" | "status":
            return word(field, value, words)
        case "breeds":
            names = catalogue.models.names
            return " × ".join(names.label(names.meant(one)).name(words.lang) for one in value)
        case "arrived" | "left":
            return words.day(date.fromisoformat(value))
        case "birth":
            return birth_words(value, False, words.lang)
        case _:
            text = str(value)
            return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
