"""One verdict of an animal from many views of it. Pure; knows no database.

The probabilities of the views are averaged: the linear opinion pool (Stone, 1961, "The opinion
pool", Annals of Mathematical Statistics 32). Views of one dog err together, and nobody knows how
far. An average is never surer than the surest of them, and of views that say the same it is what
each says; a product of probabilities would count them as if each had seen another dog.

A breed is the answer where it is probable and most views are sure of it: see `support`. With two or
more photos of one breed, dogs of other breeds included, 95 of 100 answers are then right; one view
says what its photo says, and views of one moment are right as often as that
(`python benchmarks/animals.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from barkive.verdicts import Status

LEAST_SUPPORT: Final = 0.65
"""So much support of its views a breed needs to be an animal's answer, 0..1."""

MOST_BREEDS: Final = 5
"""So many breeds a verdict lists at most."""

Reals = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Combined:
    """What many views say together.

    Attributes:
        status: `dog` (the first breed is the answer, or all of them where people gave a cross) or
            `uncertain`.
        breeds: The ids of at most `MOST_BREEDS` breeds, each with its probability, best first.
        disagrees: Whether two of them contradict each other.
    """

    status: Status
    breeds: tuple[tuple[str, float], ...]
    disagrees: bool


def combine(
    labels: Sequence[str], probabilities: Reals, sure: Flags, groups: NDArray[Any]
) -> Combined:
    """Combines what a model says of views.

    Two views contradict each other where the model is sure of another breed in each.

    Args:
        labels: The breeds' ids.
        probabilities: Calibrated, shape (n, labels), n at least 1.
        sure: Whether the view's own status is `dog`, shape (n,).
        groups: Of near-duplicates, which weigh as one view: a number for each view, shape (n,).
    """
    weights = weigh(groups)
    mean = weights @ probabilities
    order = np.argsort(-mean, kind="stable")[:MOST_BREEDS]
    own = probabilities.argmax(axis=1)
    enough = support(probabilities, sure, weights) >= LEAST_SUPPORT
    breeds = tuple((labels[i], float(mean[i])) for i in order.tolist() if mean[i] > 0)
    status = Status.DOG if enough else Status.UNCERTAIN
    return Combined(status, breeds, len(set(own[sure].tolist())) > 1)


def support(probabilities: Reals, sure: Flags, weights: Reals) -> float:
    """How far views support the breed that is best on average, 0..1.

    The mean of two things: its average probability, and the share of the views that are sure of
    it. Of two views of which one is sure, the average must then be 0.8.

    Args:
        probabilities: Shape (n, labels).
        sure: Shape (n,).
        weights: Of the views, shape (n,); their sum is 1.
    """
    mean = weights @ probabilities
    best = int(mean.argmax())
    share = weights @ (sure & (probabilities.argmax(axis=1) == best))
    return float(mean[best] + share) / 2


def weigh(groups: NDArray[Any]) -> NDArray[np.float64]:
    """The weights of views, whose sum is 1: each group of near-duplicates weighs the same.

    Args:
        groups: A number for each view, shape (n,), n at least 1.
    """
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / (counts[group] * len(counts))


def agree(said: Sequence[Collection[str]]) -> Combined:
    """Combines what people said of views.

    Where all said the same, that is the answer; else it is not known, and each breed has the share
    of them who said it.

    Args:
        said: The ids of the breeds of each view, at least one view: one, or two of a cross.
    """
    shares: defaultdict[str, float] = defaultdict(float)
    for breeds in said:
        for breed in breeds:
            shares[breed] += 1 / (len(breeds) * len(said))
    differ = len({frozenset(breeds) for breeds in said}) > 1
    ranked = sorted(shares.items(), key=lambda share: -share[1])[:MOST_BREEDS]
    return Combined(Status.UNCERTAIN if differ else Status.DOG, tuple(ranked), differ)
