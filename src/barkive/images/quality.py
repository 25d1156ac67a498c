"""How bright, rich in contrast, sharp and noisy a photo is. NumPy and Pillow only.

All four are measured on the luminance, so a grey photo and its colour original compare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# In strips of so many pixels all that is computed stays in the cache, and small enough that the
# allocator keeps the memory rather than asking the system for it each time.
_STRIP_PIXELS = 1 << 14


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on a photo's luminance, in grey levels of 0..255.

    Attributes:
        brightness: The mean, 0..255.
        contrast: The standard deviation, 0..127.5.
        sharpness: The variance of the Laplacian (Pech-Pacheco et al., 2000, "Diatom
            autofocusing in brightfield microscopy"), in squared grey levels, at least 0. It
            grows with noise and with contrast too, and compares pictures of one size only.
        noise: The standard deviation of the noise, if it is Gaussian (Immerkær, 1996, "Fast
            Noise Variance Estimation"), at least 0. Fine texture counts as noise in part.
    """

    brightness: float
    contrast: float
    sharpness: float
    noise: float


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The luma of Rec. 601, 0.299 R + 0.587 G + 0.114 B, rounded.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255, at least one pixel.

    Returns:
        Shape (height, width), 0..255.
    """
    return np.asarray(Image.fromarray(pixels).convert("L"))


def measure(pixels: NDArray[np.uint8]) -> Quality:
    """Measures a photo. One with a side below 3 pixels has sharpness and noise 0.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255, at least one pixel; or its luminance, shape
            (height, width).
    """
    grey = pixels if pixels.ndim == 2 else luminance(pixels)
    # From the histogram, because that is exact, and much faster than from the pixels.
    shares = histogram(grey) / grey.size
    levels = np.arange(256)
    mean = float(shares @ levels)
    contrast = math.sqrt(shares @ (levels - mean) ** 2)
    if min(grey.shape) < 3:
        return Quality(mean, contrast, 0.0, 0.0)
    total = squares = absolute = 0
    rows = max(1, _STRIP_PIXELS // grey.shape[1])
    for top in range(0, len(grey) - 2, rows):
        whole = grey[top : top + rows + 2].astype(np.int16)
        # From one row's end to the next one's start as well, which is faster, and is cut off.
        across = np.zeros_like(whole)
        across.reshape(-1)[1:-1] = second_difference(whole.reshape(-1))
        across = across[:, 1:-1]
        down = second_difference(whole)
        laplacian = across[1:-1] + down[:, 1:-1]
        mask = second_difference(across)
        total += int(laplacian.sum(dtype=np.int64))
        squares += int(np.square(laplacian, dtype=np.int32).sum(dtype=np.int64))
        absolute += int(np.abs(mask).sum(dtype=np.int64))
    inside = (grey.shape[0] - 2) * (grey.shape[1] - 2)
    sharpness = max(squares / inside - (total / inside) ** 2, 0.0)
    # The mask's absolute values add up to 16, their squares to 36: the 6 of the paper.
    noise = math.sqrt(math.pi / 2) / 6 * absolute / inside
    return Quality(mean, contrast, sharpness, noise)


def histogram(levels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """How many of each level there are: shape (256,)."""
    return np.array(Image.fromarray(levels).histogram(), np.intp)


def second_difference(levels: NDArray[np.int16]) -> NDArray[np.int16]:
    """The filter (1, -2, 1) along the first axis, which is shorter by 2 then.

    Args:
        levels: Of any shape, -8191..8191.
    """
    first = levels[1:] - levels[:-1]
    second: NDArray[np.int16] = first[1:] - first[:-1]
    return second
