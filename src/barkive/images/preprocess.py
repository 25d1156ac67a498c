"""How a decoded photo becomes the square that a network takes. Preprocessing is data.

A bundle carries its `Preprocessing`; training, evaluation and serving all apply it
through the one function here, so that a photo's pixels are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import UsageError
from barkive.images.decode import Photo, decode
from barkive.images.enhance import check_adjustments, enhance

Square = Literal["crop", "squash", "pad"]

_PAD_GREY = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From a photo of any shape to `size` x `size` pixels.

    Attributes:
        size: Side of the square, in pixels, at least 32.
        square: `crop` keeps the centre, `squash` ignores the aspect ratio, `pad` adds grey.
        enhance: Adjustments by name, in the order in which they are applied. They work on
            the square, after resizing, so that their cost is the same for every photo.

    Raises:
        UsageError: A setting is out of its range.
    """

    size: int = 224
    square: Square = "crop"
    enhance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 1024:
            raise UsageError("preprocessing_size_range", size=self.size)
        if self.square not in get_args(Square):
            allowed = ", ".join(get_args(Square))
            raise UsageError("preprocessing_square_unknown", square=self.square, squares=allowed)
        check_adjustments(self.enhance)

    def to_json(self) -> dict[str, Any]:
        """The settings as a JSON object, for a bundle's metadata.

        Without adjustments there is no word of them, as in bundles before there were any.
        """
        settings = asdict(self)
        adjustments = settings.pop("enhance")
        return settings | ({"enhance": list(adjustments)} if adjustments else {})

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> Preprocessing:
        """The settings from a bundle's metadata."""
        adjustments = settings.get("enhance", [])
        if not isinstance(adjustments, list):
            raise UsageError("preprocessing_corrections_not_list", corrections=adjustments)
        return cls(**{**settings, "enhance": tuple(adjustments)})

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resizes with an antialiased bicubic filter, then applies the adjustments.

        Args:
            pixels: RGB, shape (height, width, 3), 0..255.

        Returns:
            RGB, shape (size, size, 3), 0..255; `pixels` itself where it has that shape
            and there are no adjustments.
        """
        return enhance(self._resize(pixels), self.enhance)

    def _resize(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        if height == width == self.size:
            return pixels
        image = Image.fromarray(pixels)
        side = (self.size, self.size)
        if self.square == "crop":
            edge = min(width, height)
            left, top = (width - edge) / 2, (height - edge) / 2
            box = (left, top, left + edge, top + edge)
            image = image.resize(side, Image.Resampling.BICUBIC, box=box)
        elif self.square == "squash":
            image = image.resize(side, Image.Resampling.BICUBIC)
        else:
            scale = self.size / max(width, height)
            fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
            canvas = Image.new("RGB", side, _PAD_GREY)
            offset = ((self.size - fitted[0]) // 2, (self.size - fitted[1]) // 2)
            canvas.paste(image.resize(fitted, Image.Resampling.BICUBIC), offset)
            image = canvas
        return np.asarray(image)

    def load(self, photo: Photo, *, large: bool = True) -> NDArray[np.uint8]:
        """Decodes a photo, at a reduced scale where that loses nothing, and applies this.

        Args:
            photo: See `decode`.
            large: Likewise.

        Raises:
            PhotoError: The photo can't be read.
            LargePhotoError: It is large, and is not to be decoded then.
        """
        return self.apply(decode(photo, shorter_side=self.size, large=large))
