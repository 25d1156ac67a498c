"""Photos unlike the rest: beyond the outer fences of Tukey (1977, “Exploratory Data Analysis”).

A value is beyond them if it lies more than three interquartile ranges under the first
quartile or over the third. What is skewed (sizes, sharpness, noise) is judged on a
logarithmic scale, on which the lower tail can be told as well as the upper one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from barkive.exploration import measures
from barkive.exploration.measures import Measure
from barkive.exploration.survey import PhotoRecord

_REACH = 3.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a photo stands out by one measure, and what it is then.

    Attributes:
        measure: Which one.
        low: What a photo beyond the lower fence is.
        high: What one beyond the upper fence is.
        leeway: How far from the quartiles a value is usual in any case, on the measure's
            scale. Where most photos are alike, that keeps small differences out.
    """

    measure: Measure
    low: str
    high: str
    leeway: float


CRITERIA = (
    Criterion(measures.MEGAPIXELS, "very small", "very large", math.log(4)),
    Criterion(measures.ASPECT_RATIO, "very tall", "very wide", math.log(2)),
    Criterion(measures.BYTES_PER_PIXEL, "heavily compressed", "hardly compressed", math.log(4)),
    Criterion(measures.BRIGHTNESS, "very dark", "very bright", 30),
    Criterion(measures.CONTRAST, "very flat", "very harsh", 15),
    Criterion(measures.SHARPNESS, "blurred", "very sharp", math.log(4)),
    Criterion(measures.NOISE, "very smooth", "noisy", math.log(2)),
)


@dataclass(frozen=True, slots=True)
class Outlier:
    """One photo that stands out by one measure.

    Attributes:
        photo: Its index.
        value: Of the measure.
        high: Whether it is above the fences; otherwise below.
        excess: Its distance from the nearer quartile as a multiple of the fence's, above 1,
            on the scale of the measure.
    """

    photo: int
    value: float
    high: bool
    excess: float


@dataclass(frozen=True, slots=True)
class Outliers:
    """The photos that stand out by one measure.

    Attributes:
        criterion: Which one, and what it means.
        low: The lower fence, in the measure's own unit.
        high: The upper one.
        found: The photos beyond them, the most extreme first.
    """

    criterion: Criterion
    low: float
    high: float
    found: tuple[Outlier, ...]

    @property
    def measure(self) -> Measure:
        """The measure that was judged."""
        return self.criterion.measure

    def reason(self, outlier: Outlier) -> str:
        """What is unusual about a photo, `very dark` for instance."""
        return self.criterion.high if outlier.high else self.criterion.low


def find_outliers(photos: Sequence[PhotoRecord]) -> tuple[Outliers, ...]:
    """Looks for outliers by each of `CRITERIA`."""
    return tuple(_beyond(criterion, photos) for criterion in CRITERIA)


def _beyond(criterion: Criterion, photos: Sequence[PhotoRecord]) -> Outliers:
    measure = criterion.measure
    values = measure.of(photos)
    levels = measure.to_scale(values)
    first, third = np.quantile(levels, (0.25, 0.75))
    distance = max(_REACH * (third - first), criterion.leeway)
    low, high = measure.from_scale(np.array([first - distance, third + distance])).tolist()
    excess = np.maximum(first - levels, levels - third) / distance
    beyond = np.flatnonzero(excess > 1)
    order = beyond[np.argsort(-excess[beyond], kind="stable")]
    found = tuple(
        Outlier(int(i), float(values[i]), bool(levels[i] > third), float(excess[i])) for i in order
    )
    return Outliers(criterion, low, high, found)
