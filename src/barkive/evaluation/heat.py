"""Shows what a network looked at: heat maps laid over the photos that it saw."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.boxes import Box
from barkive.detection.views import Viewer, shown
from barkive.errors import PhotoError
from barkive.images import Photo, Preprocessing, decode, read_file

Heat = Callable[[NDArray[np.uint8], NDArray[np.intp]], NDArray[np.float32]]
"""Pixels (n, size, size, 3), RGB, and a class for each, (n,), to how much each place of the
photo speaks for that class: (n, height, width), of any size and scale, below 0 for against.
"""

_BATCH = 16
# From dark red through orange to pale yellow: light where it is hot, in print as well.
_STOPS = (0.0, 0.4, 0.75, 1.0)
_COLOURS = ((90, 0, 60), (215, 40, 40), (255, 150, 0), (255, 250, 170))
_OPACITY = 0.75


@dataclass(frozen=True, slots=True)
class HeatMaps:
    """Shows what a network looked at.

    Attributes:
        heat: Computes the maps.
        preprocessing: How the network's photos are prepared.
    """

    heat: Heat
    preprocessing: Preprocessing

    def over(
        self, photos: Sequence[Photo], classes: Sequence[int], *, side: int
    ) -> list[Image.Image | None]:
        """Lays the heat map of a class over each photo, in grey and cut as the network saw it.

        What speaks against the class is left plain, and the hottest place of each photo has
        the full colour: the maps tell where, and can't be compared in how much.

        Args:
            photos: Their paths or contents.
            classes: For each of them the index of the class.
            side: Of the squares, in pixels.

        Returns:
            A square a photo; None for a photo that can't be read.
        """
        squares: list[Image.Image | None] = []
        for start in range(0, len(photos), _BATCH):
            loaded = [self._load(photo) for photo in photos[start : start + _BATCH]]
            pairs = zip(loaded, classes[start : start + _BATCH], strict=True)
            read = [(photo, one) for photo, one in pairs if photo is not None]
            if read:
                pixels = np.stack([photo for photo, _ in read])
                maps = iter(self.heat(pixels, np.array([one for _, one in read], np.intp)))
            squares += [
                None if one is None else _heated(_square(one, side), next(maps)) for one in loaded
            ]
        return squares

    def over_whole(
        self, photo: Photo, one: int, *, side: int, box: Box | None = None
    ) -> Image.Image:
        """Lays the heat map of a class over what the network saw of a photo, shown whole, in grey.

        Args:
            photo: Its path or content.
            box: Where the dog is that was judged, in the upright photo; None where the photo was
                judged as a whole.
            one: The index of the class.
            side: Of the picture's longer side, in pixels; but it is no larger than the photo.

        Raises:
            PhotoError: The photo can't be read.
        """
        if isinstance(photo, (str, os.PathLike)):
            photo = read_file(photo)
        if box is None:
            pixels = self.preprocessing.load(photo)
        else:
            (pixels,) = Viewer(self.preprocessing, None).crops(photo, [box])
        (heat,) = self.heat(pixels[np.newaxis], np.array([one], np.intp))
        picture = Image.fromarray(decode(photo, shorter_side=side))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        place = self._seen(picture, box)
        heated = _heated(picture.crop(place), heat)
        picture = picture.convert("L").convert("RGB")
        picture.paste(heated, place[:2])
        return picture

    def _seen(self, picture: Image.Image, box: Box | None) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what the network saw; it may be more than the photo."""
        width, height = picture.size
        if box is not None:
            rows, columns = shown(box, width, height)
            return columns.start, rows.start, columns.stop, rows.stop
        if self.preprocessing.square == "squash":
            return 0, 0, width, height
        edge = (min if self.preprocessing.square == "crop" else max)(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        return left, top, left + edge, top + edge

    def _load(self, photo: Photo) -> NDArray[np.uint8] | None:
        try:
            return self.preprocessing.load(photo)
        except PhotoError:
            return None


def _square(pixels: NDArray[np.uint8], side: int) -> Image.Image:
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)


def _heated(photo: Image.Image, heat: NDArray[np.float32]) -> Image.Image:
    """A photo under the map of its heat, shape (height, width)."""
    warm = np.clip(np.nan_to_num(heat, posinf=0, neginf=0), 0, None)
    share = (warm / (warm.max() or 1)).astype(np.float32)
    resized = Image.fromarray(share).resize(photo.size, Image.Resampling.BILINEAR)
    strength = np.asarray(resized)[..., np.newaxis]
    colours = np.array(_COLOURS, np.float32)
    colour = np.stack([np.interp(strength[..., 0], _STOPS, c) for c in colours.T], axis=-1)
    # In grey, because on a red coat the colours would not be seen.
    grey = np.asarray(photo.convert("L"))[..., np.newaxis]
    cover = _OPACITY * strength
    return Image.fromarray(np.rint(grey * (1 - cover) + colour * cover).astype(np.uint8))
