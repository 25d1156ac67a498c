"""The dogs of a photo as pages show them: what each is, and where its box lies."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from barkive.boxes import Box
from barkive.catalogue import Change, Entry, EntryDog, Kind, standing
from barkive.errors import UsageError
from barkive.messages import Messages
from barkive.verdicts import Candidate, Status
from barkive.web.moments import day, told
from barkive.web.pages.breed_choice import LabelForm
from barkive.web.pages.gallery import title

MOST = 50
"""So many dogs of a photo are shown at once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a form speaks of: a photo as a whole, or one of its dogs.

    Attributes:
        id: The dog's number in the catalogue; 0 for the photo.
        number: Its place among the dogs of the photo, of which the largest is 1; 0 for the photo.
        title: What it shows, in a few words.
        status: Of its effective label.
        corrected: Whether a person said so.
        checked: Which person, and when, as HTML; None where it is the model's word.
        note: What they wrote beside it.
        can_undo: Whether something that people said of it stands.
        answer: What the model says of it; None where it did not look.
        guesses: The breeds that the model finds most probable; empty where it sees no dog.
        seen: The number of the dog that the model looked at; None where it was the photo.
        crop: Its part of the photo, as the view box of an SVG picture; None for the photo.
        no_dog: How sure the model is that there is no dog, 0..1; None where it sees one.
    """

    id: int
    number: int
    title: str
    status: Status
    corrected: bool
    checked: Markup | None
    note: str | None
    can_undo: bool
    answer: Status | None
    guesses: tuple[Candidate, ...]
    seen: int | None
    crop: str | None = None
    no_dog: float | None = None


def subjects(
    entry: Entry, history: Sequence[Change], words: Messages, dogs: Sequence[tuple[int, EntryDog]]
) -> list[Subject]:
    """What can be spoken of on a photo's page: its dogs, or the photo where there are not several.

    Args:
        entry: The photo.
        history: What people said of it.
        words: Of the visitor's language.
        dogs: The dogs to show, each with its place: see `around`.
    """
    if len(entry.dogs or ()) < 2:
        return [_photo(entry, history, words)]
    return [_dog(entry, number, dog, history, words) for number, dog in dogs]


def around(entry: Entry, dog: int) -> list[tuple[int, EntryDog]]:
    """The dogs of a photo that are shown together with one, each with its place, from 1 on.

    Args:
        entry: The photo.
        dog: The number of the dog; where there is no such dog, the first ones are shown.
    """
    placed = list(enumerate(entry.dogs or (), 1))
    place = next((number for number, one in placed if one.id == dog), 1)
    start = (place - 1) // MOST * MOST
    return placed[start : start + MOST]


def windows(entry: Entry, dogs: Sequence[tuple[int, EntryDog]]) -> list[tuple[str, EntryDog]]:
    """The ways to the dogs of a photo that are not shown: a message's key, and the first dog there.

    Args:
        entry: The photo.
        dogs: Those that are shown: see `around`.
    """
    everyone = entry.dogs or ()
    ways: list[tuple[str, EntryDog]] = []
    if dogs and dogs[0][0] > 1:
        ways.append(("boxes.larger", everyone[dogs[0][0] - 1 - MOST]))
    if dogs and dogs[-1][0] < len(everyone):
        ways.append(("boxes.smaller", everyone[dogs[-1][0]]))
    return ways


def drawn(
    dogs: Sequence[tuple[int, EntryDog]], words: Messages, *, chosen: int = 0, keys: bool = True
) -> dict[str, Any]:
    """What the script needs that draws boxes over a photo.

    Args:
        dogs: Each with its place.
        words: Of the visitor's language.
        chosen: The number of the dog that is meant; 0 for none.
        keys: Whether their places are shown, by which they can be chosen.
    """
    numbered = keys and len(dogs) > 1
    return {
        "dogs": [
            {
                "id": dog.id,
                "number": number if numbered else None,
                "name": title(dog, words),
                "box": _sides(dog.box),
            }
            for number, dog in dogs
        ],
        "chosen": chosen,
        "texts": box_texts(words),
    }


def box_texts(words: Messages) -> dict[str, str]:
    """The sentences that `boxes.js` needs."""
    return {
        "label": words("boxes.label"),
        "dog": words("boxes.dog", number="{number}", name="{name}"),
    }


def drawing(entry: Entry, words: Messages, form: LabelForm | None) -> dict[str, Any]:
    """What the script needs with which boxes are drawn and moved.

    Args:
        entry: The photo.
        words: Of the visitor's language.
        form: One that was refused; a box in it can be saved again.
    """
    draft = None
    with suppress(UsageError):
        box = form.drawn() if form is not None else None
        if form is not None and box is not None:
            draft = {"dog": form.dog, "box": _sides(box)}
    return {
        "texts": drawing_texts(words),
        "draw": words("boxes.draw" if entry.dogs else "boxes.draw_first"),
        "draft": draft,
    }


def drawing_texts(words: Messages) -> dict[str, str]:
    """The sentences that `box-editor.js` needs."""
    sides = ("left", "top", "width", "height")
    return {
        "new": words("boxes.new_dog"),
        "hint": words("boxes.hint"),
        "left": words("boxes.left"),
        "corner": words("boxes.corner"),
        "at": words("boxes.at", **{side: f"{{{side}}}" for side in sides}),
    }


def _sides(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]


def _photo(entry: Entry, history: Sequence[Change], words: Messages) -> Subject:
    answer = entry.prediction.status if entry.prediction is not None else None
    guesses = entry.prediction.breeds if entry.prediction is not None else ()
    seen = None
    for dog in entry.dogs or ():
        guesses = dog.guesses or guesses
        seen = dog.id if dog.guesses else None
        answer = Status.UNCERTAIN if answer is Status.NOT_DOG and guesses else answer
    said = standing(history)
    return Subject(
        id=0,
        number=0,
        title=title(entry, words),
        status=entry.status,
        corrected=entry.corrected,
        checked=_checked(said, words) if entry.corrected else None,
        note=entry.note,
        can_undo=bool(said),
        answer=answer,
        guesses=guesses,
        seen=seen,
        no_dog=1 - (entry.dog_probability or 0.0) if answer is Status.NOT_DOG else None,
    )


def _dog(
    entry: Entry, number: int, dog: EntryDog, history: Sequence[Change], words: Messages
) -> Subject:
    answer = dog.status if not dog.corrected else Status.DOG
    own = [change for change in standing(history) if change.dog == dog.id]
    # What was said of the photo was said of its main dog.
    said = own or [one for one in standing(history) if one.dog is None and number == 1]
    return Subject(
        id=dog.id,
        number=number,
        title=title(dog, words),
        status=dog.status,
        corrected=dog.corrected,
        checked=_checked(said, words) if dog.corrected else None,
        note=dog.note,
        can_undo=bool(own),
        answer=answer if dog.guesses else None,
        guesses=dog.guesses,
        seen=dog.id,
        crop=_crop(entry, dog.box),
    )


def _checked(said: Sequence[Change], words: Messages) -> Markup | None:
    """Who named a breed last, and when."""
    naming = (one for one in reversed(said) if one.kind not in (Kind.DOG, Kind.NOTE))
    holding = next(naming, None)
    if holding is None:
        return None
    at = day(holding.at, words)
    if holding.by:
        return told(words, "photo.checked_by", by=holding.by, day=at)
    return told(words, "photo.checked", day=at)


def _crop(entry: Entry, box: Box) -> str | None:
    if not entry.width or not entry.height:
        return None
    across = zip(_sides(box), (entry.width, entry.height) * 2, strict=True)
    return " ".join(f"{share * pixels:.1f}" for share, pixels in across)
