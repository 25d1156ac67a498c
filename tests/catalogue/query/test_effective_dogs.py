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
WHOLE = Box(0.0, 0.0, 1.0, 1.0)
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


def drawn(box: Box, before: Box | None = None, *beside: Box) -> Mark:
    return Mark(box, drawn=True, before=before, beside=beside)


def moved(dog: int, box: Box, before: Box) -> tuple[Kind, int, Mark]:
    return Kind.DOG, dog, drawn(box, before)


OF_LARGE = (Kind.BREED, None, Mark(LARGE))


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


@pytest.mark.parametrize(
    ("dogs", "said", "expected", "label"),
    [
        # Its box is moved, or another one made larger: it stays with its dog.
        ([seen(1, LARGE)], [OF_LARGE, moved(1, SMALL, LARGE)], [(1, SMALL, 1)], 1),
        (
            *(BOTH, [OF_LARGE, moved(1, ELSEWHERE, LARGE)]),
            *([(2, SMALL, None), (1, ELSEWHERE, 1)], None),
        ),
        (
            *(BOTH, [OF_LARGE, moved(2, WHOLE, SMALL)]),
            *([(2, WHOLE, None), (1, LARGE, 1)], None),
        ),
        # It was moved before, or made the largest one.
        (
            *(BOTH, [moved(1, ELSEWHERE, LARGE), (Kind.BREED, None, at(SMALL))]),
            *([(2, SMALL, 2), (1, ELSEWHERE, None)], 2),
        ),
        (
            *(BOTH, [moved(2, WHOLE, SMALL), (Kind.BREED, None, at(WHOLE)), (Kind.UNDO, 1)]),
            *([(1, LARGE, None), (2, SMALL, 2)], None),
        ),
        # In another catalogue it had been moved, which who spoke of the photo did not know.
        (
            *(BOTH, [moved(1, ELSEWHERE, LARGE), OF_LARGE]),
            *([(2, SMALL, None), (1, ELSEWHERE, 2)], None),
        ),
        # It was taken away: it goes to no other dog.
        (BOTH, [OF_LARGE, (Kind.NOT_DOG, 1, at(LARGE))], [(2, SMALL, None)], 1),
        (
            *(BOTH, [OF_LARGE, (Kind.NOT_DOG, 1, at(LARGE)), (Kind.UNDO, 2)]),
            *([(1, LARGE, 1), (2, SMALL, None)], 1),
        ),
        # It had been taken away already.
        (
            *(BOTH, [(Kind.NOT_DOG, 1, at(LARGE)), (Kind.BREED, None, at(SMALL))]),
            *([(2, SMALL, 2)], 2),
        ),
        # Dogs are no longer looked for, or it is no longer seen.
        (None, [OF_LARGE], None, 1),
        (None, [OF_LARGE, (Kind.CROSS, 2, at(SMALL))], [(2, SMALL, 2)], 1),
        (None, [(Kind.CROSS, 2, at(SMALL)), OF_LARGE], [(2, SMALL, 1)], 2),
        ([seen(2, SMALL)], [OF_LARGE], [(2, SMALL, None)], 1),
        # Another model sees others as the largest.
        (
            *([seen(8, WIDE), seen(9, NEAR_LARGE)], [OF_LARGE]),
            *([(8, WIDE, None), (9, NEAR_LARGE, 1)], None),
        ),
        # Nobody knew of dogs: it is the largest that a model sees, and none that was drawn since.
        (BOTH, [(Kind.BREED, None, None)], [(1, LARGE, 1), (2, SMALL, None)], 1),
        (None, [(Kind.BREED, None, None), (Kind.DOG, 7, drawn(SMALL))], [(7, SMALL, None)], 1),
        (
            *([], [(Kind.BREED, None, None), (Kind.DOG, 7, drawn(SMALL))]),
            *([(7, SMALL, None)], 1),
        ),
        (
            *(BOTH, [(Kind.BREED, None, None), (Kind.DOG, 7, drawn(WHOLE, None, LARGE))]),
            *([(7, WHOLE, None), (1, LARGE, 1), (2, SMALL, None)], None),
        ),
        (
            *(BOTH, [(Kind.BREED, None, None), (Kind.DOG, 7, drawn(NEAR_LARGE))]),
            *([(7, NEAR_LARGE, 1), (2, SMALL, None)], 1),
        ),
        (BOTH, [(Kind.BREED, None, None), (Kind.NOT_DOG, 1, at(LARGE))], [(2, SMALL, None)], 1),
        (
            *(BOTH, [(Kind.BREED, None, None), moved(1, ELSEWHERE, LARGE)]),
            *([(2, SMALL, None), (1, ELSEWHERE, 1)], None),
        ),
        (None, [(Kind.DOG, 7, drawn(SMALL)), (Kind.BREED, None, None)], [(7, SMALL, 2)], 2),
        (
            *(None, [(Kind.BREED, None, None), (Kind.CROSS, 2, at(SMALL))]),
            *([(2, SMALL, 2)], 1),
        ),
        # The last word on the only dog holds.
        (
            *(None, [(Kind.BREED, None, None), (Kind.CROSS, 7, drawn(SMALL))]),
            *([(7, SMALL, 2)], 2),
        ),
        # All were taken away, one by one; then dogs are no longer looked for.
        (
            *(None, [(Kind.NOT_DOG, 1, at(LARGE)), (Kind.NOT_DOG, 2, Mark(SMALL, only=True))]),
            *(None, 2),
        ),
        (None, [(Kind.NOT_DOG, 1, at(LARGE))], None, None),
        (None, [(Kind.NOT_DOG, 1, Mark(LARGE, only=True)), (Kind.UNDO, 1)], None, None),
        ([], [(Kind.NOT_DOG, 1, Mark(LARGE, only=True))], [], 1),
        (
            *(None, [(Kind.DOG, 7, drawn(SMALL)), (Kind.NOT_DOG, 7, Mark(SMALL, only=True))]),
            *(None, None),
        ),
    ],
)
def test_what_is_said_of_the_photo_stays_with_the_dog_that_was_meant(
    dogs: Sequence[SeenDog] | None,
    said: list[tuple[Kind, int | None, Mark | None]],
    expected: list[tuple[int, Box, int | None]] | None,
    label: int | None,
) -> None:
    found = effective(predicted(Status.DOG), dogs, (), history(*said))
    assert told(found) == expected
    assert (found.label.id if found.label else None) == label


@pytest.mark.parametrize(
    ("dogs", "said", "expected"),
    [
        (
            *(BOTH, [(Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE))]),
            [(1, LARGE), (7, NEAR_LARGE), (2, SMALL)],
        ),
        # Taken back, the other one keeps its number.
        (BOTH, [(Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE)), (Kind.UNDO, 1)], BOTH),
        # Another model that sees both, or one of them.
        (
            [seen(8, NEAR_LARGE), seen(9, Box(0.0, 0.0, 0.61, 1.0))],
            [(Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE))],
            [(9, Box(0.0, 0.0, 0.61, 1.0)), (7, NEAR_LARGE)],
        ),
        (
            [seen(9, Box(0.0, 0.0, 0.61, 1.0))],
            [(Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE))],
            [(9, Box(0.0, 0.0, 0.61, 1.0)), (7, NEAR_LARGE)],
        ),
        (
            *([seen(8, NEAR_LARGE)], [(Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE))]),
            [(7, NEAR_LARGE)],
        ),
        # People spoke of both.
        (
            [seen(8, LARGE), seen(9, NEAR_LARGE)],
            [(Kind.BREED, 1, at(LARGE)), (Kind.DOG, 7, drawn(NEAR_LARGE, None, LARGE))],
            [(1, LARGE), (7, NEAR_LARGE)],
        ),
    ],
)
def test_another_dog_is_none_of_those_that_were_there(
    dogs: Sequence[SeenDog],
    said: list[tuple[Kind, int | None, Mark | None]],
    expected: Sequence[SeenDog] | list[tuple[int, Box]],
) -> None:
    found = effective(predicted(Status.DOG), dogs, (), history(*said)).dogs or ()
    assert [(dog.id, dog.box) for dog in found] == [tuple(one)[:2] for one in expected]


def test_a_dog_of_which_the_photo_does_not_say_what_holds_is_among_the_others() -> None:
    of_another = history(OF_LARGE, (Kind.CROSS, 2, at(SMALL)))
    found = effective(predicted(Status.DOG), None, (), of_another)
    assert [dog.id for dog in found.others] == [2]
    assert [dog.id for dog in effective(predicted(Status.DOG), BOTH, (), []).others] == [2]


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
