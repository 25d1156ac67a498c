from __future__ import annotations

import pytest

from barkive.boxes import Box
from barkive.detection.combining import centre_square, dogs_among, is_portrait, worth_judging
from barkive.detection.proposal import Proposal

LARGE, SMALL = Box(0.0, 0.0, 0.6, 1.0), Box(0.7, 0.5, 0.2, 0.2)


def proposal(box: Box, score: float = 0.9) -> Proposal:
    return Proposal(box, score, score)


@pytest.mark.parametrize(
    ("boxes", "aspect", "expected"),
    [
        ([Box(0.3, 0.2, 0.4, 0.7)], 4 / 3, True),
        ([Box(0.0, 0.0, 1.0, 1.0)], 4 / 3, True),
        ([Box(0.0, 0.3, 0.3, 0.6)], 4 / 3, False),  # at the edge
        ([Box(0.45, 0.45, 0.1, 0.1)], 4 / 3, False),  # small
        ([Box(0.3, 0.2, 0.4, 0.7), Box(0.0, 0.0, 0.1, 0.1)], 4 / 3, False),
        ([], 4 / 3, False),
    ],
)
def test_portraits(boxes: list[Box], aspect: float, expected: bool) -> None:
    assert is_portrait([proposal(box) for box in boxes], aspect) is expected


@pytest.mark.parametrize(
    ("proposals", "odds", "expected"),
    [
        ([], [], []),
        ([SMALL], [3.0], [0]),
        ([SMALL], [0.0], [0]),
        ([SMALL], [-0.1], []),
        ([SMALL, LARGE], [2.0, 3.0], [1, 0]),
        ([SMALL, LARGE], [2.0, -3.0], [0]),
        ([SMALL, LARGE], [-2.0, -3.0], []),
    ],
)
def test_the_dogs_are_what_the_judge_takes_for_dogs(
    proposals: list[Box], odds: list[float], expected: list[int]
) -> None:
    assert dogs_among([proposal(box) for box in proposals], odds) == expected


@pytest.mark.parametrize(
    ("aspect", "square"),
    [(1.0, Box(0, 0, 1, 1)), (2.0, Box(0.25, 0, 0.5, 1)), (0.05, Box(0, 0.475, 1, 0.05))],
)
def test_the_square_in_the_middle(aspect: float, square: Box) -> None:
    assert centre_square(aspect).to_json() == square.to_json()


def test_of_a_thousand_dogs_the_surest_are_judged() -> None:
    many = [proposal(SMALL, 1 - i / 1000) for i in range(1000)]
    assert worth_judging(many) == tuple(many[:32])
