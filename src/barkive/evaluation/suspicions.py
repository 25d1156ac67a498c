"""Finds photos that may bear the wrong label, from the answers of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive.evaluation.scoring import Evaluation
from barkive.verdicts import BreedName


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A photo that looks more like another breed than like its label.

    Attributes:
        path: The photo.
        label: The breed that it is filed under.
        suggested: The model's answer.
        probability: Of that answer, 0..1.
        threshold: How sure the model is of that breed on average, where it is right; 0..1.
    """

    path: str
    label: BreedName
    suggested: BreedName
    probability: float
    threshold: float


def suspected_labels(evaluation: Evaluation, limit: int | None = None) -> list[Suspicion]:
    """The photos of an evaluation whose label may be wrong; see `suspicions`.

    They say most where the model was not trained on these photos: a model can learn a wrong
    label by heart.

    Args:
        evaluation: The answers.
        limit: How many at most; None for all.
    """
    dogs = evaluation.dogs
    return suspicions(
        [dogs.paths[i] for i in dogs.read],
        evaluation.labels,
        evaluation.truth_read,
        dogs.top[:, 0],
        dogs.probability,
    )[:limit]


def suspicions(
    paths: Sequence[str],
    labels: Sequence[BreedName],
    truth: NDArray[np.intp],
    answer: NDArray[np.intp],
    probability: NDArray[np.float32],
) -> list[Suspicion]:
    """The photos labelled i whose answer is j with at least the self-confidence of j.

    Confident learning (Northcutt, Jiang and Chuang, 2021, "Confident Learning: Estimating
    Uncertainty in Dataset Labels", JAIR 70). There the threshold of j is the mean
    probability of j over all photos labelled j. Here only the probability of each answer is
    known, so it is the mean over the photos that are labelled j and answered j: higher, and
    so with fewer suspicions. A class that was nowhere answered rightly has the mean over all
    right answers; where no answer is right, nothing is suspected.

    Args:
        paths: The photos, n of them.
        labels: The classes.
        truth: The index of each photo's label, shape (n,).
        answer: The index of the class answered, shape (n,).
        probability: Of that answer, 0..1, shape (n,).

    Returns:
        The most probable answer first; of equals in the order of the photos.
    """
    right = truth == answer
    if not right.any():
        return []
    counts = np.bincount(truth[right], minlength=len(labels))
    sums = np.bincount(truth[right], weights=probability[right], minlength=len(labels))
    overall = probability[right].mean(dtype=np.float64)
    threshold = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    suspected = np.flatnonzero(~right & (probability >= threshold[answer]))
    return [
        Suspicion(
            path=paths[i],
            label=labels[truth[i]],
            suggested=labels[answer[i]],
            probability=float(probability[i]),
            threshold=float(threshold[answer[i]]),
        )
        for i in suspected[np.argsort(-probability[suspected], kind="stable")]
    ]


def suspicion_rows(suspicions: Iterable[Suspicion]) -> Iterator[Sequence[Any]]:
    """The rows of `suspected-labels.csv`, the header first."""
    yield "file", "label", "suggested", "probability", "threshold"
    for one in suspicions:
        probability, threshold = f"{one.probability:.4f}", f"{one.threshold:.4f}"
        yield one.path, one.label.en, one.suggested.en, probability, threshold
