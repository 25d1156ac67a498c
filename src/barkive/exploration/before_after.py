"""Draws a photo before and after its adjustments, with histograms and qualities."""

from __future__ import annotations

import importlib.util
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import MissingExtraError
from barkive.evaluation import to_png
from barkive.images import measure
from barkive.images.denoise import estimate_noise
from barkive.images.quality import histogram, luminance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_SIDE = 800
_BIN = 8
_WIDTH = 11.0  # inches, of both columns together
_TALLEST = 1.4
_COLOURS = {"red": "#d62728", "green": "#2ca02c", "blue": "#1f77b4"}
_LUMINANCE, _FAINT = "#bbbbbb", "#555555"


def require_matplotlib() -> None:
    """Checks, before any photo is adjusted, that `before_after` can draw.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("report", "purpose_before_after")


def before_after(
    before: NDArray[np.uint8], after: NDArray[np.uint8], *, title: str, adjustments: str
) -> bytes:
    """Draws both photos side by side, their histograms below, and what was measured on each.

    Args:
        before: RGB, shape (height, width, 3), 0..255.
        after: Of the same shape.
        title: The photo's name.
        adjustments: What was done to it, for instance `denoise, stretch`.

    Returns:
        A PNG file's bytes.
    """
    from matplotlib.figure import Figure

    height, width = before.shape[:2]
    shown = _WIDTH / 2 * min(max(height / width, 0.3), _TALLEST)
    figure = Figure(figsize=(_WIDTH, shown + 3.4), layout="constrained")
    # Names come from files, and a dollar sign in one starts no formula.
    figure.suptitle(title, parse_math=False)
    photos, charts = figure.subplots(2, 2, height_ratios=(shown, 2.2))
    top = 1.05 * max(_highest(before), _highest(after))
    for column, (name, pixels) in enumerate((("Before", before), (f"After: {adjustments}", after))):
        photo, chart = photos[column], charts[column]
        image = Image.fromarray(pixels)
        image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        photo.imshow(np.asarray(image))
        photo.set_axis_off()
        photo.set_title(name, fontsize=11, parse_math=False)
        _draw_histogram(chart, pixels)
        chart.set(xlim=(0, 256), ylim=(0, top))
        chart.set_xlabel(f"Level\n{describe(pixels)}", color=_FAINT)
    charts[0].set_ylabel("Share of the pixels, %")
    handles, labels = charts[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, without a word on it.
        warnings.filterwarnings("ignore", "Glyph")
        return to_png(figure)


def describe(pixels: NDArray[np.uint8]) -> str:
    """What is measured on a photo, in two lines."""
    quality, noise = measure(pixels), estimate_noise(pixels)
    kind = {
        "none": "none found",
        "gaussian": f"Gaussian, sigma {noise.sigma:.0f}",
        "impulse": "salt and pepper",
    }[noise.kind]
    return (
        f"brightness {quality.brightness:.0f}, contrast {quality.contrast:.0f}, "
        f"sharpness {quality.sharpness:.0f}, noise {quality.noise:.1f}\nkind of noise: {kind}"
    )


def _shares(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The histogram, in per cent of the pixels.

    In bins, because a stretched histogram has gaps between its levels.
    """
    shares: NDArray[np.float64] = 100 * histogram(levels).reshape(-1, _BIN).sum(1) / levels.size
    return shares


def _highest(pixels: NDArray[np.uint8]) -> float:
    """The peak of the curves; what is cut off at black and white may go beyond the chart."""
    inner = [_shares(levels)[1:-1] for levels in (luminance(pixels), *_channels(pixels))]
    return max(float(np.max(inner)), 1.0)


def _channels(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [np.ascontiguousarray(pixels[..., i]) for i in range(3)]


def _draw_histogram(axes: Axes, pixels: NDArray[np.uint8]) -> None:
    edges = np.arange(0, 257, _BIN)
    shares = _shares(luminance(pixels))
    axes.stairs(shares, edges, fill=True, color=_LUMINANCE, label="luminance")
    for (name, colour), channel in zip(_COLOURS.items(), _channels(pixels), strict=True):
        axes.stairs(_shares(channel), edges, color=colour, label=name)
    axes.spines[["top", "right"]].set_visible(False)
