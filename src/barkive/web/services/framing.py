"""Which part of a photo a small square picture shows: its dogs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from barkive.boxes import Box

_ROOM: Final = 1.15
"""The square is so much longer than what the dogs need."""
_LEAST: Final = 0.4
"""Of the photo's shorter side; of smaller dogs, what is around them is shown too."""


def square_around(dogs: Sequence[Box], width: int, height: int) -> Box:
    """The square that shows all dogs, or as many as it can beside the main one.

    Args:
        dogs: At least one, the main dog first.
        width: Of the upright photo, in pixels.
        height: Likewise.
    """
    shorter = min(width, height)
    left, top = min(dog.x for dog in dogs) * width, min(dog.y for dog in dogs) * height
    right, bottom = max(dog.right for dog in dogs) * width, max(dog.bottom for dog in dogs) * height
    needed = _ROOM * max(right - left, bottom - top)
    side = min(max(needed, _LEAST * shorter), shorter)
    main = dogs[0]
    x = _start((left, right), (main.x * width, main.right * width), side, width)
    y = _start((top, bottom), (main.y * height, main.bottom * height), side, height)
    return Box(x / width, y / height, side / width, side / height)


def _start(
    every: tuple[float, float], main: tuple[float, float], side: float, length: int
) -> float:
    """Where a stretch begins that has all dogs in its middle, but the main one inside."""
    start = (sum(every) - side) / 2
    if main[1] - main[0] > side:
        start = (sum(main) - side) / 2
    else:
        start = min(max(start, main[1] - side), main[0])
    return min(max(start, 0.0), length - side)
