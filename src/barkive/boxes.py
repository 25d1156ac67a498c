"""Boxes, in shares of an upright photo, and how they lie to one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from barkive.errors import UsageError

_Reals = NDArray[np.float32]


class BoxJSON(TypedDict):
    """A box's JSON form."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in an upright photo, all four in shares of its width and height, 0..1.

    Attributes:
        x: Of its left edge.
        y: Of its upper edge.
        width: Above 0.
        height: Above 0.

    Raises:
        UsageError: It is empty, or not inside the photo.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        sides = (self.x, self.y, self.width, self.height)
        inside = (
            all(map(math.isfinite, sides))
            and min(self.x, self.y) >= 0
            and min(self.width, self.height) > 0
            and max(self.right, self.bottom) <= 1 + _ROUNDING
        )
        if not inside:
            raise UsageError("box_outside_photo", box=", ".join(f"{side:g}" for side in sides))

    @classmethod
    def between(cls, left: float, top: float, right: float, bottom: float) -> Box:
        """The box between two corners, the part of it that lies in the photo.

        Args:
            left: In shares of the photo's width; may lie outside 0..1, as the others may.
            top: In shares of its height.
            right: Beyond `left`.
            bottom: Beyond `top`.

        Raises:
            UsageError: None of it lies in the photo, or the corners are the wrong way round.
        """
        x, y = max(left, 0.0), max(top, 0.0)
        return cls(x, y, min(right, 1.0) - x, min(bottom, 1.0) - y)

    @property
    def right(self) -> float:
        """Of its right edge, in shares of the photo's width."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Of its lower edge, in shares of the photo's height."""
        return self.y + self.height

    @property
    def area(self) -> float:
        """Its share of the photo, 0..1."""
        return self.width * self.height

    def shared(self, other: Box) -> float:
        """The area that lies in both, as a share of the photo."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.shared(other)
        return shared / (self.area + other.area - shared)

    def turned(self, orientation: int) -> Box:
        """Where it lies when the picture is turned as an EXIF orientation says.

        From a stored picture to the upright one.

        Args:
            orientation: 1..8; anything else turns nothing, as viewers have it.
        """
        turn = _TURNS.get(orientation, _TURNS[1])
        (left, top), (right, bottom) = turn(self.x, self.y), turn(self.right, self.bottom)
        return Box.between(min(left, right), min(top, bottom), max(left, right), max(top, bottom))

    def turned_back(self, orientation: int) -> Box:
        """The opposite of `turned`: from an upright picture to the stored one."""
        return self.turned({6: 8, 8: 6}.get(orientation, orientation))

    def to_json(self) -> BoxJSON:
        """The box as a JSON object, rounded to four decimals."""
        return {
            "x": round(self.x, 4),
            "y": round(self.y, 4),
            "width": round(self.width, 4),
            "height": round(self.height, 4),
        }


# Where a point of the stored picture lies in the upright one, by EXIF orientation (CIPA DC-008,
# "Exchangeable image file format for digital still cameras").
_TURNS: Mapping[int, Callable[[float, float], tuple[float, float]]] = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
# What sums of shares may exceed 1 by, in floating-point numbers or rounded to four decimals.
_ROUNDING = 2e-4


def suppress(corners: _Reals, scores: _Reals, overlap: float) -> NDArray[np.intp]:
    """Non-maximum suppression: the boxes that no better one covers, best first.

    Args:
        corners: Left, top, right, bottom, in any unit, shape (n, 4).
        scores: Shape (n,).
        overlap: Boxes whose intersection over union is above this are taken for one; 0..1.

    Returns:
        Their positions.
    """
    order = np.argsort(-scores, kind="stable")
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(corners[rest, :2], corners[best, :2])
        high = np.minimum(corners[rest, 2:], corners[best, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[rest] + areas[best] - shared
        order = rest[shared <= overlap * union]
    return np.array(kept, np.intp)
