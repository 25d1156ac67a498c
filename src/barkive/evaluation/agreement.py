"""How far two runs of one model on the same photos agree, for instance on two devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from barkive.bundle import BundleInfo
from barkive.verdicts import Scores


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two runs agree.

    A difference of a photo is the largest of its probabilities' differences. A status can
    only be another where probability or log-odds differ by as much as they are away from
    their threshold.

    Attributes:
        photos: How many were compared, at least 1.
        median: The median of the photos' differences, 0..1.
        most: The difference that 99 of 100 photos don't exceed, 0..1.
        largest: The largest, 0..1.
        dog: The largest difference of the log-odds that the photo shows a dog.
        breeds: Photos with another most probable breed.
        statuses: Photos with another status.
    """

    photos: int
    median: float
    most: float
    largest: float
    dog: float
    breeds: int
    statuses: int


def agreement(info: BundleInfo, one: Scores, other: Scores) -> Agreement:
    """Compares what a model says of photos in two runs.

    Args:
        info: The model's thresholds.
        one: Of the first run: probabilities (n, labels), dog log-odds (n,), n at least 1.
        other: Of the second, for the same n photos in the same order.
    """
    differences = np.abs(one.probabilities - other.probabilities).max(axis=1)
    best, other_best = (scores.probabilities.argmax(axis=1) for scores in (one, other))
    statuses = zip(info.statuses(one), info.statuses(other), strict=True)
    return Agreement(
        photos=len(differences),
        median=float(np.median(differences)),
        most=float(np.quantile(differences, 0.99)),
        largest=float(differences.max()),
        dog=float(np.abs(one.dog - other.dog).max()),
        breeds=int((best != other_best).sum()),
        statuses=sum(here is not there for here, there in statuses),
    )
