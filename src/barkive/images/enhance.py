"""Adjustments of photos: brightness, contrast, noise. Each is a pure function, with a name.

All take and give RGB, uint8 of shape (height, width, 3) and any size, and never change
what they were given. A name and its strengths are part of what a bundle's preprocessing
means: a model was trained on exactly these pixels, so to change a strength, add a name.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import MissingExtraError, UsageError
from barkive.images.denoise import bilateral, denoise, gaussian, median, non_local_means
from barkive.images.quality import histogram, luminance

Adjustment = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

_CLAHE_CLIP = 2.0
_CLAHE_TILES = (8, 8)


def stretch(
    pixels: NDArray[np.uint8], *, low: float = 1.0, high: float = 99.0
) -> NDArray[np.uint8]:
    """Spreads the histogram, by a rule of three, from black to white.

    Linear contrast stretching (Gonzalez and Woods, "Digital Image Processing", 3.2). The
    luminance at percentile `low` becomes 0 and that at `high` 255; all three channels go
    through the same line, so that hues stay. A picture without a range between the two,
    such as one of a single colour, is unchanged.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        low: The percentile that becomes black, 0..100.
        high: The percentile that becomes white, above `low`, at most 100.

    Raises:
        UsageError: The percentiles are out of order or of range.
    """
    check_percentiles(low, high)
    shares = np.cumsum(histogram(luminance(pixels)))
    black, white = np.searchsorted(shares, (low / 100 * shares[-1], high / 100 * shares[-1]))
    # Of the darkest 0 % the darkest level is the end, not an empty level below it.
    black = max(int(black), int(np.flatnonzero(shares)[0]))
    if black >= white:
        return pixels.copy()
    line = (np.arange(256) - black) * 255 / (int(white) - black)
    return _looked_up(pixels, line)


def equalize(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Equalises the histogram of the luminance (Gonzalez and Woods, 3.3); colours stay.

    A picture of one luminance is unchanged.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
    """
    grey = luminance(pixels)
    counts = np.cumsum(histogram(grey))
    darkest = counts[np.flatnonzero(counts)[0]]
    if darkest == grey.size:
        return pixels.copy()
    shares = (counts - darkest).clip(0) / (grey.size - darkest)
    return _with_luminance(pixels, grey, _looked_up(grey, shares * 255))


def clahe(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Equalises the luminance tile by tile, with the slope of each limited; colours stay.

    Contrast-limited adaptive histogram equalisation (Zuiderveld, 1994, "Contrast Limited
    Adaptive Histogram Equalization", Graphics Gems IV): 8 x 8 tiles, slope at most 2.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
    """
    import cv2

    grey = luminance(pixels)
    equalised = cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(grey)
    return _with_luminance(pixels, grey, cast(NDArray[np.uint8], equalised))


def _with_luminance(
    pixels: NDArray[np.uint8], old: NDArray[np.uint8], new: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Moves all channels of a pixel alike, as a new Y does in YCbCr, without its rounding."""
    change = new.astype(np.int16) - old
    moved = pixels + change[..., None]
    return moved.clip(0, 255, out=moved).astype(np.uint8)


def _looked_up(levels: NDArray[np.uint8], table: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Puts every level through a table of 256. By Pillow: NumPy's indices take 8 times the room."""
    image = Image.fromarray(levels)
    whole = np.rint(table.clip(0, 255)).astype(int).tolist()
    return np.array(image.point(whole * len(image.getbands())))


ADJUSTMENTS: Mapping[str, Adjustment] = {
    "stretch": stretch,
    "equalize": equalize,
    "clahe": clahe,
    "gaussian": gaussian,
    "median": median,
    "bilateral": bilateral,
    "nlm": non_local_means,
    "denoise": denoise,
}
_WITHOUT_OPENCV = ("stretch", "equalize")


def enhance(
    pixels: NDArray[np.uint8], names: Sequence[str], *, low: float = 1.0, high: float = 99.0
) -> NDArray[np.uint8]:
    """Applies adjustments in the order given; without any, gives `pixels` themselves.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        names: Of `ADJUSTMENTS`.
        low: The percentile that `stretch` makes black.
        high: The percentile that `stretch` makes white.
    """
    for name in names:
        adjust = ADJUSTMENTS[name]
        pixels = stretch(pixels, low=low, high=high) if adjust is stretch else adjust(pixels)
    return pixels


def parse_adjustments(text: str) -> tuple[str, ...]:
    """The names in a list such as `equalize,denoise`, not checked; none in an empty text."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def check_percentiles(low: float, high: float) -> None:
    """Refuses ends of a stretch that are out of order or of range.

    Raises:
        UsageError: It names both.
    """
    if not 0 <= low < high <= 100:
        raise UsageError("enhance_percentiles_range", low=low, high=high)


def check_adjustments(names: Sequence[str]) -> None:
    """Refuses names that are not in `ADJUSTMENTS`.

    Raises:
        UsageError: It lists all unknown names, and those there are.
    """
    unknown = [name for name in names if name not in ADJUSTMENTS]
    if unknown:
        corrections = list(ADJUSTMENTS)
        raise UsageError("enhance_correction_unknown", names=unknown, corrections=corrections)


def require_adjustments(names: Sequence[str]) -> None:
    """Checks, before any work begins, that the adjustments can be applied here.

    Raises:
        MissingExtraError: One needs OpenCV, and that is not installed.
    """
    needing = [name for name in names if name in ADJUSTMENTS and name not in _WITHOUT_OPENCV]
    if needing and importlib.util.find_spec("cv2") is None:
        raise MissingExtraError("enhance", "purpose_enhance_correction", correction=needing[0])
