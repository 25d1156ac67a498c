"""What people said of a photo, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from barkive.catalogue import Change, Entry, Kind
from barkive.messages import Messages
from barkive.verdicts import Status


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody said.

    Attributes:
        id: The number of the label.
        what: Who said what.
        at: When, UTC.
        note: What stands beside it.
    """

    id: int
    what: str
    at: datetime
    note: str | None


def told(entry: Entry, history: Sequence[Change], words: Messages) -> list[Line]:
    """All that people said of a photo, each with the dog that is meant where there are several."""
    places = {dog.id: number for number, dog in enumerate(entry.dogs or (), 1)}
    has_several = len(places.keys() | {one.dog for one in history} - {None}) > 1
    by_number = {one.id: one for one in history}

    def of_dog(one: Change) -> str:
        what = _told(one, by_number.get(one.undoes or 0), words)
        if one.dog is None or not has_several:
            return what
        if one.dog not in places:
            return words("photo.said_of_gone", what=what)
        return words("boxes.dog", number=places[one.dog], name=what)

    return [Line(one.id, of_dog(one), one.at, one.note) for one in history]


def short(kind: Kind, breeds: Sequence[str], note: str | None, words: Messages) -> str:
    """What a label says, in a few words.

    Args:
        kind: What is said.
        breeds: The names of its breeds.
        note: What stands beside it.
        words: Of the visitor's language.
    """
    return words(f"photo.short_{kind.value}", breed=" × ".join(breeds), note=note or "")


def named(change: Change, words: Messages) -> list[str]:
    """The names of the breeds that somebody gave."""
    return [label.name(words.lang) for label in change.labels]


def _told(one: Change, undone: Change | None, words: Messages) -> str:
    by = one.by or words("photo.somebody")
    if one.kind is Kind.UNDO:
        if undone is None:
            return words("photo.said_undo", by=by)
        what = short(undone.kind, named(undone, words), undone.note, words)
        return words("photo.took_back", by=by, what=what)
    names = named(one, words)
    status, before = one.was_called(words.lang)
    key = f"said_{one.kind.value}"
    if names and before and status == Status.DOG:
        key = "confirmed" if list(before) == names else "changed"
    return words(f"photo.{key}", by=by, breed=" × ".join(names), was=" × ".join(before))
