"""What is measured on photos, and how the values are distributed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive.exploration.survey import PhotoRecord

_BINS = 32
# Above this ratio of the largest to the smallest value, equal steps would put nearly all
# photos into the first bars.
_WIDE = 8
# Values that differ by less are the same, and too close to be told apart by bars.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that every photo has.

    Attributes:
        key: Its name in files.
        title: Its name for people.
        unit: Of the values; empty where they have none.
        value: Gives it.
        log_offset: Where ratios count rather than differences, what is added to a value
            before its logarithm is taken, so that 0 has one too; otherwise None.
    """

    key: str
    title: str
    unit: str
    value: Callable[[PhotoRecord], float]
    log_offset: float | None = None

    def of(self, photos: Sequence[PhotoRecord]) -> NDArray[np.float64]:
        """The values of n photos, shape (n,)."""
        return np.array([self.value(photo) for photo in photos], dtype=np.float64)

    def to_scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on the scale on which equal steps mean the same."""
        return values if self.log_offset is None else np.log(values + self.log_offset)

    def from_scale(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of `to_scale`."""
        return levels if self.log_offset is None else np.exp(levels) - self.log_offset


WIDTH = Measure("width", "Width", "pixels", lambda p: p.header.width, 0)
HEIGHT = Measure("height", "Height", "pixels", lambda p: p.header.height, 0)
MEGAPIXELS = Measure("megapixels", "Megapixels", "", lambda p: p.megapixels, 0)
ASPECT_RATIO = Measure(
    "aspect_ratio", "Width to height", "", lambda p: p.header.width / p.header.height, 0
)
BYTES_PER_PIXEL = Measure(
    *("bytes_per_pixel", "File size", "bytes a pixel"),
    lambda p: p.size / (p.header.width * p.header.height),
    log_offset=0,
)
BRIGHTNESS = Measure("brightness", "Brightness", "", lambda p: p.quality.brightness)
CONTRAST = Measure("contrast", "Contrast", "", lambda p: p.quality.contrast)
SHARPNESS = Measure("sharpness", "Sharpness", "", lambda p: p.quality.sharpness, 1)
NOISE = Measure("noise", "Noise", "", lambda p: p.quality.noise, 1)

SIZES = (WIDTH, HEIGHT, MEGAPIXELS, ASPECT_RATIO, BYTES_PER_PIXEL)
QUALITIES = (BRIGHTNESS, CONTRAST, SHARPNESS, NOISE)
MEASURES = (*SIZES, *QUALITIES)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the values of one measure are spread over n photos.

    Attributes:
        measure: Which one.
        mean: The mean value.
        quantiles: Minimum, 5 %, quartile, median, quartile, 95 % and maximum.
        edges: Of the histogram's b bars, shape (b + 1,), ascending.
        counts: Photos in each bar, shape (b,).
        log: Whether the bars are equally wide by ratio instead of by difference.
    """

    measure: Measure
    mean: float
    quantiles: tuple[float, ...]
    edges: NDArray[np.float64]
    counts: NDArray[np.intp]
    log: bool

    @property
    def constant(self) -> bool:
        """Whether all photos have the same value; the histogram is one bar then."""
        return len(self.counts) == 1

    @property
    def median(self) -> float:
        """The value that half of the photos stay under."""
        return self.quantiles[3]

    def to_json(self) -> dict[str, Any]:
        """The distribution as a JSON object, to six significant digits."""
        names = ("min", "p5", "q1", "median", "q3", "p95", "max")
        return {
            "mean": significant(self.mean),
            **dict(zip(names, map(significant, self.quantiles), strict=True)),
            "histogram": {
                "edges": [significant(edge) for edge in self.edges.tolist()],
                "photos": self.counts.tolist(),
            },
        }


def distribution(measure: Measure, photos: Sequence[PhotoRecord]) -> Distribution:
    """Describes one measure over photos, at least one."""
    values = measure.of(photos)
    quantiles = np.quantile(values, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))
    smallest, largest = values.min(), values.max()
    offset = measure.log_offset
    log = offset is not None and largest + offset > _WIDE * (smallest + offset)
    if largest - smallest <= _ROUNDING * max(largest, 1):
        edges = np.array([smallest, largest])
        counts = np.array([len(values)])
    elif log:
        levels = measure.to_scale(values)
        counts, level_edges = np.histogram(levels, _BINS)
        edges = measure.from_scale(level_edges)
        edges[[0, -1]] = smallest, largest  # there and back again costs the last digit
    else:
        counts, edges = np.histogram(values, _BINS)
    return Distribution(
        measure, float(values.mean()), tuple(quantiles.tolist()), edges, counts, bool(log)
    )


def significant(value: float) -> float:
    """A number to six significant digits; a whole one as `int`."""
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() else rounded
