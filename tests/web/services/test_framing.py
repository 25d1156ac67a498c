"""Which part of a photo its small picture shows."""

from dataclasses import astuple

import pytest

from barkive.boxes import Box
from barkive.web.services.framing import square_around

WIDE, HIGH = (2000, 1000), (1000, 2000)


@pytest.mark.parametrize(
    ("size", "dogs", "square"),
    [
        # A dog that fills the photo: the whole height, moved to the dog.
        (WIDE, [Box(0, 0, 0.5, 1)], Box(0, 0, 0.5, 1)),
        (WIDE, [Box(0.6, 0, 0.4, 1)], Box(0.5, 0, 0.5, 1)),
        # A small one, with what is around it.
        (WIDE, [Box(0.45, 0.45, 0.1, 0.1)], Box(0.4, 0.3, 0.2, 0.4)),
        (HIGH, [Box(0.45, 0.45, 0.1, 0.1)], Box(0.3, 0.4, 0.4, 0.2)),
        # Small ones at the edge, and in the corner.
        (WIDE, [Box(0, 0.9, 0.05, 0.1)], Box(0, 0.6, 0.2, 0.4)),
        (WIDE, [Box(0.99, 0, 0.01, 0.01)], Box(0.8, 0, 0.2, 0.4)),
        # Two that fit, with a little room.
        (WIDE, [Box(0.3, 0.2, 0.1, 0.4), Box(0.5, 0.3, 0.1, 0.4)], Box(0.2775, 0.105, 0.345, 0.69)),
        # Two that don't: as near to the other as the main one allows.
        (WIDE, [Box(0.1, 0, 0.3, 1), Box(0.8, 0, 0.2, 1)], Box(0.1, 0, 0.5, 1)),
        # One that is longer than any square.
        (WIDE, [Box(0.1, 0.5, 0.8, 0.5)], Box(0.25, 0, 0.5, 1)),
        # A strip, and a photo of one pixel.
        ((20, 1), [Box(0.5, 0, 0.5, 1)], Box(0.725, 0, 0.05, 1)),
        ((30000, 1), [Box(0.5, 0, 0.5, 1)], Box(0.75 - 0.5 / 30000, 0, 1 / 30000, 1)),
        ((1, 1), [Box(0, 0, 1, 1)], Box(0, 0, 1, 1)),
    ],
)
def test_the_square_shows_the_dogs(size: tuple[int, int], dogs: list[Box], square: Box) -> None:
    assert astuple(square_around(dogs, *size)) == pytest.approx(astuple(square))


def test_of_a_thousand_dogs_the_square_shows_the_main_one() -> None:
    dogs = [Box(0.7, 0.1, 0.05, 0.05), *(Box(i / 1000, 0.5, 0.001, 0.01) for i in range(1000))]
    shown = square_around(dogs, 4000, 3000)
    assert (shown.x <= 0.7, shown.right >= 0.75) == (True, True)
    assert (shown.width, shown.height) == (0.75, 1)
