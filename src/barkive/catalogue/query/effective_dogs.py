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
        mark: Where the dog is in the photo as its file is now; of what was said of the photo, where
            its main dog was. None where no dog was known.
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
        note: What people wrote of it last, beside the label or alone.
    """

    id: int
    box: Box
    score: float
    prediction: Prediction | None
    label: Row[Any] | LabelRow | None
    is_judged: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds of a photo.

    Attributes:
        dogs: Those that have a box, the largest first; None where they were never looked for,
            and nobody drew one.
        label: What a person said of the photo's main dog; or of the photo, where it was said of a
            dog that is not among them. None where nobody did.
        prediction: What the model says of the main dog, or of the photo.
        note: What people wrote last of the main dog or of the photo, beside a label or alone.
    """

    dogs: tuple[EffectiveDog, ...] | None
    label: Row[Any] | LabelRow | None
    prediction: Prediction | None
    note: str | None = None

    @property
    def others(self) -> tuple[EffectiveDog, ...]:
        """The dogs of which the photo itself does not say what holds."""
        dogs = self.dogs or ()
        return dogs[1:] if dogs and dogs[0].label is self.label else dogs


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
    photo, for the largest of the dogs that were there then, or where that is not known or was
    taken away, for the photo alone. The last word holds. Where nobody spoke of the dogs, they are
    those of the model.

    Args:
        prediction: What the model said of the photo as a whole; None where it could not be read.
        seen: The dogs that the model saw, the largest first; None where they were not looked for.
        drawn: What the model said of boxes that people drew.
        said: All that people said of the picture, in order.
    """
    every = list(said)
    words = _Words.of(every)
    return _noted(_effective(prediction, seen, drawn, every, words), every, words.notes)


def _effective(
    prediction: Prediction | None,
    seen: Sequence[SeenDog] | None,
    drawn: Sequence[SeenDog],
    every: Sequence[Said],
    words: _Words,
) -> Effective:
    """What holds, but for the notes."""
    known = _same_dogs(words.of_dogs, seen or ())
    there: list[_There] = []
    for number, one in enumerate(seen or ()):
        spoken = known.get(number)
        history = words.of_dogs.pop(spoken) if spoken is not None else _History()
        there.append(_There(one.id if spoken is None else spoken, history, one))
    there += [_There(id_, one, None) for id_, one in words.of_dogs.items() if one.last >= 0]
    judged = {_sides(one.box): one.prediction for one in drawn}
    standing = [one for one in there if words.leaves(one.history)]
    dogs = [(_dog(*one, judged), one.history) for one in standing]
    dogs.sort(key=lambda dog: -dog[0].box.area)
    found = [dog for dog, _ in dogs]
    if found and not seen and found[0].prediction is None:
        # What it saw without a box is the dog that people have boxed since.
        found[0] = replace(found[0], prediction=prediction)
    at, label = words.of_photo or (-1, None)
    if found and (label is None or label.kind == Kind.NOT_DOG):
        return Effective(tuple(found), found[0].label, found[0].prediction)
    if found:
        meant = _meant(every, at, there)
        for number, (dog, history) in enumerate(dogs):
            if dog.id == meant:
                found[number] = replace(
                    found[number], label=dog.label if history.named > at else label
                )
                return Effective(tuple(found), found[0].label, found[0].prediction)
        main = dogs[0][1]
        if every[at].mark is None and main.seen_at is None and main.named > at:
            # It was said before anybody knew where the dog is.
            label = found[0].label
        return Effective(tuple(found), label, found[0].prediction)
    return Effective(None if seen is None else (), _without_dogs(words, there), prediction)


def _noted(
    found: Effective, every: Sequence[Said], notes: Mapping[int | None, tuple[int, _Label]]
) -> Effective:
    """The same with the last note on the photo, and on each of its dogs.

    Args:
        found: What holds.
        every: All that people said of the picture, in order.
        notes: The last note that stands alone of the photo and of each dog, and when.
    """
    times = {word.row.id: at for at, word in enumerate(every)} if notes else {}

    def last(label: _Label | None, *of: int | None) -> str | None:
        written = [notes[one] for one in of if one in notes]
        if label is not None and label.note:
            written.append((times.get(label.id, -1), label))
        return max(written, key=lambda one: one[0])[1].note if written else None

    dogs = found.dogs and tuple(replace(one, note=last(one.label, one.id)) for one in found.dogs)
    main = found.dogs[0].id if found.dogs else None
    return replace(found, dogs=dogs, note=last(found.label, None, main))


_Label = Row[Any] | LabelRow
_Sides = tuple[float, float, float, float]


@dataclass(slots=True)
class _History:
    """What people said of one dog, without what they took back.

    Attributes:
        boxes: Every box that it ever had, what was taken back included.
        beside: The boxes of dogs that were beside it when they drew it.
        seen_at: Where a model saw it when they first spoke of it; None where they drew it.
        last: When they last spoke of it, as a position in all that was said; below 0 for never.
        box: Where it was then.
        drawn: Where they drew it last, or moved it to.
        label: What they said of its breed.
        named: When; likewise.
        removal: That it is no dog; None where it is one.
        was_only: Whether no other dog was there when they said so.
    """

    boxes: list[Box] = field(default_factory=list)
    beside: list[Box] = field(default_factory=list)
    seen_at: Box | None = None
    last: int = -1
    box: Box | None = None
    drawn: Box | None = None
    label: _Label | None = None
    named: int = -1
    removal: _Label | None = None
    was_only: bool = False

    def mention(self, mark: Mark) -> None:
        """Adds where it is, also where that was taken back."""
        if not self.boxes:
            self.seen_at = mark.before if mark.drawn else mark.box
        self.boxes += [box for box in (mark.box, mark.before) if box is not None]
        self.beside += mark.beside

    def add(self, at: int, row: _Label, mark: Mark) -> None:
        """Adds what was said next."""
        self.last, self.box = at, mark.box
        self.drawn = mark.box if mark.drawn else self.drawn
        self.removal = row if row.kind == Kind.NOT_DOG else None
        self.was_only = mark.only
        if row.kind != Kind.DOG:
            self.label, self.named = (None if self.removal else row), at

    def share(self, box: Box) -> float:
        """How far a box that a model saw is this dog's, 0..1."""
        share = max((one.iou(box) for one in self.boxes), default=0.0)
        return share if all(one.iou(box) < share for one in self.beside) else 0.0


class _There(NamedTuple):
    """A dog that a model saw, or of which people spoke."""

    id: int
    history: _History
    seen: SeenDog | None


@dataclass(slots=True)
class _Words:
    """What people said of a picture, without what they took back.

    Attributes:
        of_photo: The last that they said of the photo: when, and what.
        of_dogs: What they said of each dog.
        notes: The last note that they wrote alone of the photo, and of each dog: when, and which.
    """

    of_photo: tuple[int, _Label] | None = None
    of_dogs: dict[int, _History] = field(default_factory=dict)
    notes: dict[int | None, tuple[int, _Label]] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Sequence[Said]) -> _Words:
        """From all that was said, in order."""
        words = cls()
        undone = {one.row.undoes for one in said if one.row.kind == Kind.UNDO}
        for at, (row, mark) in enumerate(said):
            stands = row.kind != Kind.UNDO and row.id not in undone
            is_note = row.kind == Kind.NOTE
            if stands and is_note:
                words.notes[row.dog] = at, row
            if row.dog is None:
                if stands and not is_note:
                    words.of_photo = at, row
                continue
            assert mark is not None
            history = words.of_dogs.setdefault(row.dog, _History())
            history.mention(mark)
            if stands and not is_note:
                history.add(at, row, mark)
        return words

    def leaves(self, history: _History) -> bool:
        """Whether they leave a dog there: it was not taken away alone, nor with all others."""
        none = self.of_photo is not None and self.of_photo[1].kind == Kind.NOT_DOG
        at = self.of_photo[0] if self.of_photo is not None and none else -1
        return history.removal is None and history.last >= at


def _meant(said: Sequence[Said], at: int, there: Sequence[_There]) -> int | None:
    """The number of the dog that was the main one when something was said of the photo.

    Where dogs were known then, its box is kept. Else it is the largest of those that a model has
    seen since, or that people had drawn before.

    Args:
        said: All that was said of the picture, in order.
        at: The position of what was said of the photo.
        there: The dogs; also those that were taken away.
    """
    past, mark = _Words.of(said[:at]), said[at].mark
    fits: list[tuple[float, float, int]] = []
    for id_, history, seen in there:
        then = past.of_dogs.get(id_, _History())
        if then.removal is not None:
            continue
        first = seen.box if seen is not None else history.seen_at
        box = then.drawn or first or then.box
        if box is None:
            continue
        if mark is not None:
            # Of two catalogues one may not know yet that the other moved it.
            now, ever = (
                box.iou(mark.box),
                max(one.iou(mark.box) for one in (box, *then.boxes, first or box)),
            )
            if ever >= SAME_DOG:
                fits.append((now if now >= SAME_DOG else 0.0, ever, id_))
        elif seen is not None or history.seen_at is None:
            fits.append((box.area, 0.0, id_))
    return max(fits, key=lambda fit: fit[:2])[2] if fits else None


def _without_dogs(words: _Words, there: Sequence[_There]) -> _Label | None:
    """What people said of a photo in which no dog has a box: the last word on it or on its dogs."""
    last = [words.of_photo] if words.of_photo is not None else []
    # Of a dog that they drew themselves it says nothing of the photo.
    taken = [one for one in there if one.seen is not None or one.history.seen_at is not None]
    if any(one.seen is not None or one.history.was_only for one in taken):
        last += [(one.history.last, one.history.removal) for one in taken if one.history.removal]
    return max(last, key=lambda word: word[0])[1] if last else None


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
            share = history.share(one.box)
            if one.id == id_ or share >= SAME_DOG:
                pairs.append((2.0 if one.id == id_ else share, number, id_))
    found: dict[int, int] = {}
    for _, number, id_ in sorted(pairs, key=lambda pair: -pair[0]):
        if number not in found and id_ not in found.values():
            found[number] = id_
    return found
