"""What holds of each dog of a photo, from what the model and people say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from barkive.boxes import Box
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.query.effective_dogs import (
    Effective,
    Prediction,
    Said,
    SeenDog,
    dog_id,
    effective,
)
from barkive.catalogue.records import Kind, LabelRow, Mark
from barkive.verdicts import Status

LARGE, SMALL = Box(0.0, 0.0, 0.6, 1.0), Box(0.7, 0.5, 0.2, 0.2)
NEAR_LARGE, NEAR_SMALL = Box(0.0, 0.0, 0.5, 1.0), Box(0.7, 0.5, 0.2, 0.25)
WIDE, ELSEWHERE = Box(0.35, 0.0, 0.65, 1.0), Box(0.9, 0.9, 0.05, 0.05)
MODEL = Model(1, "digest", "model", ())


def predicted(status: Status, name: bytes = b"whole") -> Prediction:
    return Prediction(MODEL, status, name, 0.0)


def seen(id_: int, box: Box, status: Status = Status.DOG) -> SeenDog:
    return SeenDog(id_, box, 0.8, predicted(status, str(id_).encode()))


BOTH = [seen(1, LARGE), seen(2, SMALL)]


def history(*words: tuple[Kind, int | None, Mark | None] | tuple[Kind, int]) -> list[Said]:
    """Labels numbered from 1: kind, dog and mark; of an undo, the label that it takes back."""
    said = []
    for number, (kind, dog, *mark) in enumerate(words, 1):
        of, undoes = (dog, None) if kind != Kind.UNDO else (None, dog)
        row = LabelRow(
            *(number, 1, b"", kind.value, None, None, None, None, datetime(2026, 1, 1), ""),
            undoes=undoes,
            turn=0,
            dog=of,
        )
        where = mark[0] if mark else None
        if kind == Kind.UNDO and dog is not None and (taken := said[dog - 1]).mark is not None:
            row.dog, where = taken.row.dog, taken.mark
        said.append(Said(row, where))
    return said


def at(box: Box) -> Mark:
    return Mark(box)


def drawn(box: Box, before: Box | None = None) -> Mark:
    return Mark(box, drawn=True, before=before)


def told(found: Effective) -> list[tuple[int, Box, int | None]] | None:
    """Number, box and label of each dog."""
    if found.dogs is None:
        return None
    return [(dog.id, dog.box, dog.label.id if dog.label else None) for dog in found.dogs]


@pytest.mark.parametrize(
    ("dogs", "said", "expected", "label"),
    [
        # Nobody spoke.
        (None, [], None, None),
        ([], [], [], None),
        (BOTH, [], [(1, LARGE, None), (2, SMALL, None)], None),
        # Of the photo: of its main dog.
        (None, [(Kind.BREED, None, None)], None, 1),
        (BOTH, [(Kind.BREED, None, None)], [(1, LARGE, 1), (2, SMALL, None)], 1),
        (BOTH, [(Kind.UNSURE, None, None)], [(1, LARGE, 1), (2, SMALL, None)], 1),
        (BOTH, [(Kind.NOT_DOG, None, None)], [], 1),
        ([], [(Kind.BREED, None, None)], [], 1),
        # Of a dog.
        (BOTH, [(Kind.BREED, 2, at(SMALL))], [(1, LARGE, None), (2, SMALL, 1)], None),
        (BOTH, [(Kind.BREED, 1, at(LARGE))], [(1, LARGE, 1), (2, SMALL, None)], 1),
        (BOTH, [(Kind.NOT_DOG, 1, at(LARGE))], [(2, SMALL, None)], None),
        (BOTH, [(Kind.NOT_DOG, 1, at(LARGE)), (Kind.NOT_DOG, 2, at(SMALL))], [], 2),
        # Of both: the last word holds.
        (
            *(BOTH, [(Kind.BREED, None, None), (Kind.CROSS, 1, at(LARGE))]),
            *([(1, LARGE, 2), (2, SMALL, None)], 2),
        ),
        (
            *(BOTH, [(Kind.CROSS, 1, at(LARGE)), (Kind.BREED, None, None)]),
            *([(1, LARGE, 2), (2, SMALL, None)], 2),
        ),
        (BOTH, [(Kind.NOT_DOG, None, None), (Kind.BREED, 2, at(SMALL))], [(2, SMALL, 2)], 2),
        (BOTH, [(Kind.BREED, 2, at(SMALL)), (Kind.NOT_DOG, None, None)], [], 2),
        # Drawn and moved.
        ([], [(Kind.DOG, 7, drawn(SMALL))], [(7, SMALL, None)], None),
        (None, [(Kind.DOG, 7, drawn(SMALL))], [(7, SMALL, None)], None),
        ([], [(Kind.DOG, 7, drawn(SMALL)), (Kind.NOT_DOG, 7, at(SMALL))], [], None),
        (
            *(BOTH, [(Kind.DOG, 7, drawn(WIDE))]),
            *([(7, WIDE, None), (1, LARGE, None), (2, SMALL, None)], None),
        ),
        (
            *(BOTH, [(Kind.DOG, 2, drawn(ELSEWHERE, SMALL))]),
            *([(1, LARGE, None), (2, ELSEWHERE, None)], None),
        ),
        (
            *(BOTH, [(Kind.BREED, 2, at(SMALL)), (Kind.DOG, 2, drawn(ELSEWHERE, SMALL))]),
            *([(1, LARGE, None), (2, ELSEWHERE, 1)], None),
        ),
        # What was said of the photo was not said of a larger dog that was drawn later.
        (
            *(BOTH, [(Kind.BREED, None, None), (Kind.DOG, 7, drawn(WIDE))]),
            *([(7, WIDE, None), (1, LARGE, 1), (2, SMALL, None)], None),
        ),
        # Another model sees the dogs of which people spoke at about the same places.
        (
            *([seen(8, NEAR_LARGE), seen(9, NEAR_SMALL)], [(Kind.BREED, 2, at(SMALL))]),
            *([(8, NEAR_LARGE, None), (2, NEAR_SMALL, 1)], None),
        ),
        (
            *([seen(8, NEAR_LARGE), seen(9, NEAR_SMALL)], [(Kind.NOT_DOG, 2, at(SMALL))]),
            *([(8, NEAR_LARGE, None)], None),
        ),
        (
            *([seen(8, LARGE), seen(9, SMALL)], [(Kind.DOG, 2, drawn(ELSEWHERE, SMALL))]),
            *([(8, LARGE, None), (2, ELSEWHERE, None)], None),
        ),
        # It does not see the one that people saw.
        (
            *([seen(8, NEAR_LARGE)], [(Kind.BREED, 2, at(SMALL))]),
            *([(8, NEAR_LARGE, None), (2, SMALL, 1)], None),
        ),
        # Two people drew nearly the same: the nearer one is what the model sees.
        (
            *(
                [seen(8, SMALL)],
                [(Kind.DOG, 5, drawn(NEAR_SMALL)), (Kind.DOG, 6, drawn(SMALL))],
            ),
            *([(5, NEAR_SMALL, None), (6, SMALL, None)], None),
        ),
        # Taken back.
        (
            *(BOTH, [(Kind.BREED, 2, at(SMALL)), (Kind.UNDO, 1)]),
            *([(1, LARGE, None), (2, SMALL, None)], None),
        ),
        (
            *(BOTH, [(Kind.NOT_DOG, 2, at(SMALL)), (Kind.UNDO, 1)]),
            *([(1, LARGE, None), (2, SMALL, None)], None),
        ),
        ([], [(Kind.DOG, 7, drawn(SMALL)), (Kind.UNDO, 1)], [], None),
        (None, [(Kind.DOG, 7, drawn(SMALL)), (Kind.UNDO, 1)], None, None),
        (
            *(BOTH, [(Kind.BREED, 1, at(LARGE)), (Kind.CROSS, 1, at(LARGE)), (Kind.UNDO, 2)]),
            *([(1, LARGE, 1), (2, SMALL, None)], 1),
        ),
    ],
)
def test_what_holds(
    dogs: Sequence[SeenDog] | None,
    said: list[tuple[Kind, int | None, Mark | None]],
    expected: list[tuple[int, Box, int | None]] | None,
    label: int | None,
) -> None:
    found = effective(predicted(Status.DOG), dogs, (), history(*said))
    assert told(found) == expected
    assert (found.label.id if found.label else None) == label


def test_the_photo_says_what_its_main_dog_says() -> None:
    found = effective(predicted(Status.DOG, b"1"), BOTH, (), [])
    assert found.prediction == BOTH[0].prediction
    without = history((Kind.NOT_DOG, 1, at(LARGE)))
    assert effective(predicted(Status.DOG, b"1"), BOTH, (), without).prediction == (
        BOTH[1].prediction
    )


def test_what_the_model_says_of_a_dog_that_people_drew() -> None:
    said = history((Kind.DOG, 7, drawn(SMALL)))
    # Where it saw none, what it said of the whole.
    (dog,) = effective(predicted(Status.NOT_DOG), [], (), said).dogs or ()
    assert dog.prediction == predicted(Status.NOT_DOG)
    # Where it has judged the box since, that.
    judged = seen(3, SMALL, Status.UNCERTAIN)
    (dog,) = effective(predicted(Status.NOT_DOG), [], [judged], said).dogs or ()
    assert dog.prediction == judged.prediction
    # That of another box, or of the one that it was before it was moved, is none of it.
    moved = history((Kind.DOG, 7, drawn(SMALL)), (Kind.DOG, 7, drawn(NEAR_SMALL, SMALL)))
    (dog,) = effective(predicted(Status.NOT_DOG), [], [judged], moved).dogs or ()
    assert (dog.prediction, dog.is_judged) == (predicted(Status.NOT_DOG), False)
    # Of one that it saw elsewhere, what it saw there.
    away = history((Kind.DOG, 2, drawn(ELSEWHERE, SMALL)))
    dogs = effective(predicted(Status.DOG), BOTH, [], away).dogs or ()
    assert (dogs[1].prediction, dogs[1].is_judged) == (BOTH[1].prediction, False)
    # Beside others that it saw, nothing.
    dogs = effective(predicted(Status.DOG), [seen(1, LARGE)], (), said).dogs or ()
    assert dogs[1].prediction is None


def test_how_sure_it_is_that_a_dog_is_there() -> None:
    said = history((Kind.UNSURE, 2, at(SMALL)))
    dogs = effective(predicted(Status.DOG), BOTH, (), said).dogs or ()
    assert [dog.score for dog in dogs] == [0.8, 1.0]


def test_the_number_of_a_dog_is_of_its_content_and_box() -> None:
    number = dog_id(b"content", SMALL)
    assert number == dog_id(b"content", Box(0.70001, 0.5, 0.2, 0.2))
    assert number != dog_id(b"content", NEAR_SMALL)
    assert number != dog_id(b"other", SMALL)
    assert 0 < number < 2**53


def test_a_thousand_dogs_are_told_apart() -> None:
    boxes = [Box(i / 1000, j / 40, 0.001, 0.025) for i in range(0, 1000, 40) for j in range(40)]
    words = history(*((Kind.DOG, number, drawn(box)) for number, box in enumerate(boxes, 10)))
    found = effective(predicted(Status.DOG), BOTH, (), words)
    assert len(found.dogs or ()) == 1002
