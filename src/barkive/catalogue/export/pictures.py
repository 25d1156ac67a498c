"""Pictures that are made of photos: upright ones, and crops of the dogs in them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.boxes import Box

# High, because what is made may be trained on.
_QUALITY = 95


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """A picture as a JPEG, made anew, so that it holds no place, no camera and no orientation.

    Args:
        pixels: RGB, shape (height, width, 3).
    """
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def cut(photo: NDArray[np.uint8], box: Box, margin: float) -> NDArray[np.uint8]:
    """What lies in a box and round it, as far as the photo goes.

    Args:
        photo: Upright, RGB, shape (height, width, 3).
        box: In shares of it.
        margin: How much is shown beside the box, as a share of its longer side; at least 0.

    Returns:
        A view of the photo, at least one pixel wide and high.
    """
    height, width = photo.shape[:2]
    more = margin * max(box.width * width, box.height * height)
    left, right = _span(box.x * width - more, box.right * width + more, width)
    top, bottom = _span(box.y * height - more, box.bottom * height + more, height)
    return photo[top:bottom, left:right]


def _span(start: float, end: float, length: int) -> tuple[int, int]:
    """A stretch in whole pixels, within 0..length."""
    first = min(max(round(start), 0), length - 1)
    return first, min(max(round(end), first + 1), length)
