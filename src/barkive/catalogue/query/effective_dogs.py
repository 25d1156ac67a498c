"""The effective dogs of a photo: what people said of each, or else what the model did.

One pure function, `effective`, which knows no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Row

from barkive.boxes import Box
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.records import Kind, LabelRow, Mark
from barkive.verdicts import Status

SAME_DOG = 0.5
"""Boxes whose intersection over union is at least this are of one dog."""

_ID_BITS = 53


class Prediction(NamedTuple):
    """What a model said of a photo, or of one dog in it.

    Attributes:
        model: Which one.
        status: Of its verdict.
        probabilities: Packed.
        dog: Log-odds that there is a dog.
        detection: The number of the row of `detection` in which it stands; None for the answer's.
    """

    model: Model
    status: Status
    probabilities: bytes
    dog: float
    detection: int | None = None


class SeenDog(NamedTuple):
    """A dog that a model saw, or that it judged in a box which people drew.

    Attributes:
        id: Of the content and the box, see `dog_id`.
        box: Where it is.
        score: How sure the detector is that an animal is there, 0..1.
        prediction: What the model says of it.
    """

    id: int
    box: Box
    score: float
    prediction: Prediction


class Said(NamedTuple):
    """What a person said of a photo, or of a dog in it.

    Attributes:
        row: Of `correction`.
        mark: Where the dog is in the photo as its file is now; None where the photo is meant.
    """

    row: Row[Any] | LabelRow
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class EffectiveDog:
    """A dog of a photo, and what holds of it.

    Attributes:
        id: See `EntryDog`.
        box: Likewise.
        score: Likewise.
        prediction: What the model says of it; None where it did not see it.
        label: What a person said of its breed, or that it can't be told; None where nobody did.
        is_judged: Whether the prediction is of this box; else people drew or moved it since.
    """

    id: int
    box: Box
    score: float
    prediction: Prediction | None
    label: Row[Any] | LabelRow | None
    is_judged: bool


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds of a photo.

    Attributes:
        dogs: Those that have a box, the largest first; None where they were never looked for,
            and nobody drew one.
        label: What a person said of the photo's main dog, or of the photo; None where nobody did.
        prediction: What the model says of the main dog, or of the photo.
    """

    dogs: tuple[EffectiveDog, ...] | None
    label: Row[Any] | LabelRow | None
    prediction: Prediction | None


def dog_id(content: bytes, box: Box) -> int:
    """The number of a dog of which nobody has spoken yet: the same in every catalogue.

    Args:
        content: The SHA-256 of the file.
        box: Where the dog is.

    Returns:
        53 bits, so that JavaScript keeps it as it is.
    """
    sides = " ".join(f"{side:.4f}" for side in (box.x, box.y, box.width, box.height))
    digest = hashlib.sha256(content + sides.encode()).digest()
    return int.from_bytes(digest[:7], "big") >> (56 - _ID_BITS)


def effective(
    prediction: Prediction | None,
    seen: Sequence[SeenDog] | None,
    drawn: Sequence[SeenDog],
    said: Iterable[Said],
) -> Effective:
    """What holds of a photo and of each of its dogs.

    A label of a dog holds for the dog that a model sees at the same place; what people say of the
    photo, for the largest of the dogs that were there then. The last word holds. Where nobody
    spoke of the dogs, they are those of the model.

    Args:
        prediction: What the model said of the photo as a whole; None where it could not be read.
        seen: The dogs that the model saw, the largest first; None where they were not looked for.
        drawn: What the model said of boxes that people drew.
        said: All that people said of the picture, in order.
    """
    words = _Words()
    words.add(said)
    known = _same_dogs(words.of_dogs, seen or ())
    there: list[tuple[int, _History, SeenDog | None]] = []
    for number, one in enumerate(seen or ()):
        spoken = known.get(number)
        history = words.of_dogs.pop(spoken) if spoken is not None else _History()
        there.append((one.id if spoken is None else spoken, history, one))
    there += [(id_, one, None) for id_, one in words.of_dogs.items() if one.last >= 0]
    judged = {_sides(one.box): one.prediction for one in drawn}
    dogs = [(_dog(*one, judged), one[1]) for one in there if words.leaves(one[1])]
    dogs.sort(key=lambda dog: -dog[0].box.area)
    found = words.named(dogs)
    if found and not seen and found[0].prediction is None:
        # What it saw without a box is the dog that people have boxed since.
        found[0] = replace(found[0], prediction=prediction)
    if found:
        return Effective(tuple(found), found[0].label, found[0].prediction)
    removed = max(((one.last, one.removal) for _, one, was in there if was), default=None, key=_at)
    label = max(filter(None, (words.of_photo, removed if seen else None)), default=None, key=_at)
    return Effective(None if seen is None else (), label[1] if label else None, prediction)


_Label = Row[Any] | LabelRow
_Sides = tuple[float, float, float, float]


@dataclass(slots=True)
class _History:
    """What people said of one dog, without what they took back.

    Attributes:
        boxes: Every box that it ever had.
        first: When they first spoke of it, as a position in all that was said; below 0 for never.
        last: When last; likewise.
        box: Where it was then.
        drawn: Where they drew it last, or moved it to.
        label: What they said of its breed.
        named: When; likewise.
        removal: That it is no dog; None where it is one.
    """

    boxes: list[Box] = field(default_factory=list)
    first: int = -1
    last: int = -1
    box: Box | None = None
    drawn: Box | None = None
    label: _Label | None = None
    named: int = -1
    removal: _Label | None = None

    def add(self, at: int, said: Said) -> None:
        """Adds what was said next."""
        row, mark = said
        assert mark is not None
        self.first, self.last, self.box = (self.first if self.first >= 0 else at), at, mark.box
        self.drawn = mark.box if mark.drawn else self.drawn
        self.removal = row if row.kind == Kind.NOT_DOG else None
        if row.kind != Kind.DOG:
            self.label, self.named = (None if self.removal else row), at


@dataclass(slots=True)
class _Words:
    """What people said of a picture, without what they took back.

    Attributes:
        of_photo: The last that they said of the photo: when, and what.
        of_dogs: What they said of each dog.
    """

    of_photo: tuple[int, _Label] | None = None
    of_dogs: dict[int, _History] = field(default_factory=dict)

    def add(self, said: Iterable[Said]) -> None:
        """Adds all that was said, in order."""
        words = list(said)
        undone = {one.row.undoes for one in words if one.row.kind == Kind.UNDO}
        for at, one in enumerate(words):
            stands = one.row.kind != Kind.UNDO and one.row.id not in undone
            if one.mark is None:
                if stands:
                    self.of_photo = at, one.row
                continue
            assert one.row.dog is not None
            history = self.of_dogs.setdefault(one.row.dog, _History())
            history.boxes += [box for box in (one.mark.box, one.mark.before) if box is not None]
            if stands:
                history.add(at, one)

    def leaves(self, history: _History) -> bool:
        """Whether they leave a dog there: it was not taken away alone, nor with all others."""
        none = self.of_photo is not None and self.of_photo[1].kind == Kind.NOT_DOG
        at = self.of_photo[0] if self.of_photo is not None and none else -1
        return history.removal is None and history.last >= at

    def named(self, dogs: Sequence[tuple[EffectiveDog, _History]]) -> list[EffectiveDog]:
        """Dogs, the largest first; what was said of the photo is said of one of them."""
        found = [dog for dog, _ in dogs]
        at, label = self.of_photo or (-1, None)
        if label is None or label.kind == Kind.NOT_DOG:
            return found
        for number, (dog, history) in enumerate(dogs):
            # One that was drawn later is not what was meant.
            if not history.drawn or history.first <= at:
                if at > history.named:
                    found[number] = replace(dog, label=label)
                break
        return found


def _at(word: tuple[int, _Label | None]) -> int:
    """When something was said."""
    return word[0]


def _dog(
    id_: int, history: _History, seen: SeenDog | None, drawn: Mapping[_Sides, Prediction]
) -> EffectiveDog:
    """A dog as people and the model leave it."""
    box = history.drawn or (seen.box if seen is not None else history.box)
    assert box is not None
    score = seen.score if seen is not None and history.last < 0 else 1.0
    # Of one that was moved, what was seen at its old place is better than nothing.
    prediction = seen.prediction if seen is not None else None
    is_judged = seen is not None and (box is seen.box or seen.box.iou(box) >= SAME_DOG)
    if history.last >= 0 and (judged := drawn.get(_sides(box))) is not None:
        prediction, is_judged = judged, True
    return EffectiveDog(id_, box, score, prediction, history.label, is_judged)


def _sides(box: Box) -> _Sides:
    """What tells a box that people drew from others."""
    return round(box.x, 4), round(box.y, 4), round(box.width, 4), round(box.height, 4)


def _same_dogs(of_dogs: Mapping[int, _History], seen: Sequence[SeenDog]) -> dict[int, int]:
    """Which of the dogs that a model saw people spoke of: numbers by positions, the best first."""
    pairs: list[tuple[float, int, int]] = []
    for id_, history in of_dogs.items():
        for number, one in enumerate(seen):
            share = max((box.iou(one.box) for box in history.boxes), default=0.0)
            if one.id == id_ or share >= SAME_DOG:
                pairs.append((2.0 if one.id == id_ else share, number, id_))
    found: dict[int, int] = {}
    for _, number, id_ in sorted(pairs, key=lambda pair: -pair[0]):
        if number not in found and id_ not in found.values():
            found[number] = id_
    return found
