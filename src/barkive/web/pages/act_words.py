"""What people did to animals and to many photos at once, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.requests import Request

from barkive.catalogue import Act, ActKind, Animal, AnimalChange, Catalogue, birth_words
from barkive.errors import NothingToSayError, UnknownPhotoError
from barkive.messages import Messages
from barkive.web.moments import moment
from barkive.web.pages.animal_words import word
from barkive.web.pages.history import named, short

_SHOWN_FIELDS = ("code", "name", "species", "sex", "birth", "breeds", "status", "notes")
_DAYS = ("arrived", "left")
_LONGEST_VALUE = 80
_LONGEST_NUMBER = 18
_NAMED = 3
_MARK = "\ufdd0"  # no character: no text holds it


@dataclass(frozen=True, slots=True)
class Told:
    """An act in words.

    Attributes:
        id: Its number.
        what: What was done, in one sentence without its full stop.
        by: Who did it; None where they did not say.
        at: When.
        details: What it changed in the record of an animal, each a line.
        parts: The same sentence in parts, each with the number of the animal that it names; 0
            where it names none to which a page can lead.
        can_undo: Whether it can be taken back.
        is_undone: Whether it was.
    """

    id: int
    what: str
    by: str | None
    at: str
    details: tuple[str, ...]
    parts: tuple[tuple[str, int], ...]
    can_undo: bool
    is_undone: bool


def told(catalogue: Catalogue, acts: Sequence[Act], words: Messages, animal: int = 0) -> list[Told]:
    """Acts in words.

    Args:
        catalogue: Of the animals.
        acts: What was done.
        words: Of the visitor's language.
        animal: The number of the animal on whose page they stand: its changes are told, and it is
            not linked to; 0 for none.
    """
    undone = {one.undoes: catalogue.animals.act(one.undoes) for one in acts if one.undoes}
    named = {
        one for act in [*acts, *undone.values()] for one in [*act.animals[:_NAMED], *_kept(act)]
    }
    known = catalogue.animals.records(named)
    return [
        Told(
            id=act.id,
            what="".join(text for text, _ in parts),
            by=act.by,
            at=moment(act.at, words),
            details=tuple(_details(act, animal, catalogue, words)),
            parts=parts,
            can_undo=act.kind is not ActKind.UNDO and not act.is_undone,
            is_undone=act.is_undone,
        )
        for act in acts
        for parts in [_parts(_what(act, undone, catalogue, words), act, known, animal)]
    ]


def told_of(
    request: Request, catalogue: Catalogue, words: Messages, animal: int = 0
) -> Told | None:
    """What was just done, as the address says; None where it says nothing of it.

    Args:
        request: That asks for the page.
        catalogue: Of the animals.
        words: Of the visitor's language.
        animal: The number of the animal of the page; 0 where it is that of none.
    """
    value = request.query_params.get("act", "")
    if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER):
        return None
    with suppress(NothingToSayError):
        act = catalogue.animals.act(int(value))
        if not animal or animal in act.animals:
            return told(catalogue, [act], words, animal)[0]
    return None


def _what(
    act: Act,
    undone: Mapping[int, Act],
    catalogue: Catalogue,
    words: Messages,
) -> str:
    """What was done, in one sentence with marks in the places of animals."""
    if act.undoes is not None and act.undoes in undone:
        what = _what(undone[act.undoes], {}, catalogue, words)
        return words("acts.undo", what=what)
    if act.kind is ActKind.LABEL:
        return words("acts.label", n=act.photos, what=_label(act, catalogue, words))
    n = len(act.animals) if act.kind is ActKind.IMPORT else act.photos
    kind = "new_empty" if act.kind is ActKind.NEW and not n else act.kind.value
    gave, got = [], list(act.animals)
    if act.kind in (ActKind.MOVE, ActKind.SPLIT, ActKind.MERGE):
        gave = _gave(act)
        got = _kept(act) or [one for one in act.animals if one not in gave]
        if not got:  # the other one had these photos already
            kind, got = ActKind.TAKE_AWAY.value, gave
    source, animals = (_marks(one) for one in (gave, got))
    return words(f"acts.{kind}", n=n, animals=animals, source=source)


def _gave(act: Act) -> list[int]:
    """The animals of which photos went to others, or which became one with another.

    An act from the history of an animal holds only that one's changes.
    """
    changed = {one.animal for one in act.changes}
    lost = {
        one.animal
        for one in act.changes
        if (one.field == "photo" and one.now is None) or one.field == "merged_into"
    }
    return [one for one in act.animals if one in lost or not (lost or one in changed)]


def _kept(act: Act) -> list[int]:
    """The animal into which others were merged."""
    merged = (one.now for one in act.changes if one.field == "merged_into" and one.now)
    return list(dict.fromkeys(merged))


def _label(act: Act, catalogue: Catalogue, words: Messages) -> str:
    """What an act said of its photos, as it stands with the first of them."""
    for change in act.changes:
        if change.photo is None:
            continue
        try:
            history = catalogue.history(change.photo)
        except UnknownPhotoError:
            continue
        for one in history:
            if one.id == change.now:
                names = named(one, words)
                return " × ".join(names) or short(one.kind, (), one.note, words)
    return "…"


def _marks(animals: Sequence[int]) -> str:
    marks = [f"{_MARK}{one}{_MARK}" for one in animals[:_NAMED]]
    return ", ".join([*marks, *(["…"] if len(animals) > _NAMED else [])])


def _parts(
    marked: str, act: Act, known: Mapping[int, Animal], here: int
) -> tuple[tuple[str, int], ...]:
    """A sentence with its animals by their names, see `Told.parts`."""
    parts = []
    for place, text in enumerate(marked.split(_MARK)):
        if place % 2 == 0:
            parts.append((text, 0))
            continue
        number = int(text)
        animal = known.get(number)
        leads = animal is not None and not animal.removed and number != here
        parts.append((_title(number, animal, act), number if leads else 0))
    return tuple(parts)


def _title(number: int, animal: Animal | None, act: Act) -> str:
    """What an animal is called; one that has no name any more, as the act called it."""
    if animal is not None and (animal.code or animal.name):
        return animal.title
    given = {one.field: one.now or one.was for one in act.changes if one.animal == number}
    return " ".join(filter(None, (given.get("code"), given.get("name")))) or str(number)


def _details(act: Act, animal: int, catalogue: Catalogue, words: Messages) -> Iterable[str]:
    """What an act changed in the record of an animal, each a line."""
    if act.kind in (ActKind.REMOVE, ActKind.UNDO):
        return ()
    own = [one for one in act.changes if one.animal == animal]
    return filter(None, (_detail(catalogue, one, words) for one in own))


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
