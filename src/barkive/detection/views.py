"""The pictures of a photo that a judge is shown: the whole, and each animal in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from barkive.boxes import Box
from barkive.detection.combining import is_portrait, worth_judging
from barkive.detection.detector import Detector
from barkive.detection.proposal import Proposal
from barkive.images import Photo, Preprocessing, decode, describe, read_file

_Pixels = NDArray[np.uint8]

# Round a box so much is shown beside it, as a share of its sides: what the detector has cut off.
_MARGIN = 0.05
# So much longer than the other may a side of a crop be, before it is squashed into the square:
# as that of most photos, and so of those that the judge was trained on.
_ASPECT = 4 / 3
# A crop of fewer pixels than this share of what the judge takes is cut from a larger picture.
_COARSE = 0.75
_LARGEST_SIDE = 2048


@dataclass(frozen=True, slots=True)
class Views:
    """What the networks make of a photo before it is judged.

    Attributes:
        pixels: The views, RGB, shape (n, size, size, 3): of the whole photo, and then of each
            proposal; but of a portrait the first alone.
        proposals: The animals to judge; None where none were looked for.
    """

    pixels: _Pixels
    proposals: tuple[Proposal, ...] | None

    @property
    def first(self) -> _Pixels:
        """The views that are judged first: of the proposals, or else of the whole photo."""
        return self.pixels[1:] if len(self.pixels) > 1 else self.pixels


class Viewer:
    """Makes the views of photos. Safe to use from several threads at once."""

    def __init__(self, preprocessing: Preprocessing, detector: Detector | None) -> None:
        """Takes what decides on the views.

        Args:
            preprocessing: Of the judge.
            detector: That proposes animals; None where photos are judged as wholes alone.
        """
        self.preprocessing = preprocessing
        self._of_crops = replace(preprocessing, square="squash")
        self._detector = detector

    def load(self, photo: Photo, *, large: bool = True) -> Views:
        """Decodes a photo, and makes its views.

        Args:
            photo: See `decode`.
            large: Likewise.

        Raises:
            PhotoError: The photo can't be read.
            LargePhotoError: It is large, and is not to be decoded then.
        """
        if self._detector is not None and isinstance(photo, (str, os.PathLike)):
            photo = read_file(photo)  # once, also where it is decoded twice
        decoded = decode(photo, shorter_side=self.preprocessing.size, large=large)
        return self.views(photo, decoded)

    def views(self, photo: Photo, decoded: _Pixels) -> Views:
        """The views of a photo that is decoded already.

        Args:
            photo: See `decode`: decoded once more, less reduced, where animals in it are small.
            decoded: Upright, RGB, shape (height, width, 3), reduced to the judge's size at
                most.
        """
        whole = self.preprocessing.apply(decoded)
        proposals, crops = self._search(photo, decoded)
        return Views(np.stack([whole, *crops]), proposals)

    def _search(
        self, photo: Photo, decoded: _Pixels
    ) -> tuple[tuple[Proposal, ...] | None, list[_Pixels]]:
        """The animals to judge, if any were looked for, and a view of each, but for a portrait."""
        if self._detector is None:
            return None, []
        found = self._detector.propose(decoded)
        height, width = decoded.shape[:2]
        proposals = worth_judging(found)
        if not proposals or is_portrait(found, width / height):
            return proposals, []
        return proposals, list(self._crops(photo, decoded, [one.box for one in proposals]))

    def crops(self, photo: Photo, boxes: list[Box]) -> Iterator[_Pixels]:
        """What the judge is shown of boxes in a photo, which is decoded once.

        Args:
            photo: See `decode`.
            boxes: At least one.

        Yields:
            RGB, shape (size, size, 3).

        Raises:
            PhotoError: The photo can't be read.
        """
        decoded = decode(photo, shorter_side=self.preprocessing.size)
        return self._crops(photo, decoded, boxes)

    def _crops(self, photo: Photo, decoded: _Pixels, boxes: list[Box]) -> Iterator[_Pixels]:
        sharp = self._sharp(photo, decoded, boxes)
        return (self._of_crops.apply(crop(sharp, box)) for box in boxes)

    def _sharp(self, photo: Photo, decoded: _Pixels, boxes: list[Box]) -> _Pixels:
        """The photo with enough pixels for crops of these boxes, if it has them."""
        height, width = decoded.shape[:2]
        smallest = min(max(one.width * width, one.height * height) for one in boxes)
        header = describe(photo) if isinstance(photo, bytes) else None
        if smallest >= _COARSE * self.preprocessing.size or header is None:
            return decoded
        if header.width * header.height <= height * width:
            return decoded
        side = min(height, width) * self.preprocessing.size / smallest
        return decode(photo, shorter_side=min(round(side), _LARGEST_SIDE))


def crop(photo: _Pixels, box: Box, margin: float = _MARGIN) -> _Pixels:
    """What the judge is shown of a box, before it is brought to its size: see `shown`.

    Args:
        photo: RGB, shape (height, width, 3).
        box: In shares of it.
        margin: See `shown`.

    Returns:
        A part of the photo, at least one pixel wide and high.
    """
    height, width = photo.shape[:2]
    return np.ascontiguousarray(photo[shown(box, width, height, margin)])


def shown(box: Box, width: int, height: int, margin: float = _MARGIN) -> tuple[slice, slice]:
    """A box with what is round it, moved into the photo, and at most a third longer than wide.

    A square would show more of the neighbours in a group: with it, breeds of overlapping dogs
    were named right 0.87 times as often as each dog alone, so 0.99 times.

    Args:
        box: In shares of the photo.
        width: Of the photo, in pixels.
        height: Likewise.
        margin: How much is shown at each side, as a share of the box's width or height.

    Returns:
        The rows and columns, at least one of each.
    """
    sides = box.width * width * (1 + 2 * margin), box.height * height * (1 + 2 * margin)
    shorter = max(sides) / _ASPECT
    columns = _span((box.x + box.width / 2) * width, max(sides[0], shorter), width)
    rows = _span((box.y + box.height / 2) * height, max(sides[1], shorter), height)
    return rows, columns


def _span(centre: float, wanted: float, length: int) -> slice:
    """A stretch round its centre, moved into the photo where it would leave it."""
    side = min(max(round(wanted), 1), length)
    start = min(max(round(centre - side / 2), 0), length - side)
    return slice(start, start + side)
