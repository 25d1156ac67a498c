"""Scores of a classifier, in pure NumPy: accuracies, calibration, ranking, thresholds.

Arrays in, numbers out; knows nothing of photos, breeds or models. Throughout, n >= 1
is the number of photos and `truth` and `predicted` are class indices of shape (n,).
`confidence` is the probability of the answer given, in 0..1, and `correct` says whether
that answer was right; both have shape (n,).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_Reals = NDArray[np.floating[Any]]
_Classes = NDArray[np.integer[Any]]
_Flags = NDArray[np.bool_]

_Z95 = 1.959964  # the normal distribution's two-sided 95 % point


class Interval(NamedTuple):
    """A confidence interval of a share: 0 <= low <= high <= 1."""

    low: float
    high: float


class CalibrationBins(NamedTuple):
    """Confidence against accuracy in equal-width bins; three arrays of shape (bins,).

    `confidence` and `accuracy` are the means over each bin's photos, 0..1, and 0 in a
    bin without photos.
    """

    photos: NDArray[np.intp]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


class ConfusedPair(NamedTuple):
    """Two classes and how often each was taken for the other."""

    first: int
    second: int
    first_as_second: int
    second_as_first: int

    @property
    def total(self) -> int:
        """Confusions in both directions together."""
        return self.first_as_second + self.second_as_first


def top_k(probabilities: _Reals, k: int) -> NDArray[np.intp]:
    """The k most probable classes of each photo, best first; of equals the lower index.

    Args:
        probabilities: Shape (n, classes).
        k: At least 1.

    Returns:
        Shape (n, min(k, classes)).
    """
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :k]


def wilson_interval(successes: int, n: int) -> Interval:
    """The 95 % score interval of a share of `successes` out of `n`.

    Unlike the normal approximation it stays within 0..1 and is sound for shares near
    the ends. Wilson (1927), "Probable Inference, the Law of Succession, and Statistical
    Inference", JASA 22.

    Args:
        successes: 0..n.
        n: At least 0; for 0 the interval is all of 0..1.
    """
    if n == 0:
        return Interval(0.0, 1.0)
    share, z2 = successes / n, _Z95**2
    centre = share + z2 / (2 * n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    # Exactly 0 and 1 at the ends, where rounding would leave them a hair inside or outside.
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return Interval(low, high)


def mean_per_class_accuracy(truth: _Classes, predicted: _Classes) -> float:
    """The mean of the accuracies of the classes that occur in `truth`, 0..1.

    Every class weighs the same, however many photos it has.
    """
    _, position, count = np.unique(truth, return_inverse=True, return_counts=True)
    return float((np.bincount(position, weights=truth == predicted) / count).mean())


def calibration_bins(confidence: _Reals, correct: _Flags, bins: int = 15) -> CalibrationBins:
    """Mean confidence and accuracy in `bins` intervals ](i - 1) / bins, i / bins] of 0..1."""
    edges = np.linspace(0, 1, bins + 1)
    index = np.digitize(confidence, edges[1:-1], right=True)
    photos = np.bincount(index, minlength=bins)
    divisor = np.maximum(photos, 1)
    return CalibrationBins(
        photos,
        np.bincount(index, weights=confidence, minlength=bins) / divisor,
        np.bincount(index, weights=correct, minlength=bins) / divisor,
    )


def expected_calibration_error(confidence: _Reals, correct: _Flags, bins: int = 15) -> float:
    """The mean gap between confidence and accuracy over the bins, weighted by photos, 0..1.

    Guo et al. (2017), "On Calibration of Modern Neural Networks", equation 3.
    """
    photos, mean_confidence, accuracy = calibration_bins(confidence, correct, bins)
    return float((photos * np.abs(accuracy - mean_confidence)).sum() / photos.sum())


def auroc(positive: _Reals, negative: _Reals) -> float:
    """The area under the ROC curve, 0..1; 0.5 is chance.

    It equals the probability that a positive outscores a negative, a tie counting half
    (Hanley and McNeil, 1982, "The Meaning and Use of the Area under a ROC Curve").

    Args:
        positive: Scores of the positives, shape (p,), p >= 1; higher means more positive.
        negative: Scores of the negatives, shape (q,), q >= 1.
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    not_above = np.searchsorted(ordered, positive, side="right")
    return float((below + not_above).sum() / (2 * len(positive) * len(negative)))


def recall_threshold(positive: _Reals, recall: float = 0.95) -> float:
    """The highest threshold at or above which at least a share `recall` of `positive` lies.

    Args:
        positive: Scores of the positives, shape (p,), p >= 1.
        recall: Above 0, at most 1.
    """
    # 0.95 * 20 may come out as 19.000000000000004, which must not round up to 20.
    kept = math.ceil(recall * len(positive) - 1e-9)
    return float(np.sort(positive)[-kept])


def false_positive_rate_at_recall(
    positive: _Reals, negative: _Reals, recall: float = 0.95
) -> float:
    """The share of negatives let through when a share `recall` of the positives is kept, 0..1.

    Args:
        positive: Scores of the positives, shape (p,), p >= 1; higher means more positive.
        negative: Scores of the negatives, shape (q,), q >= 1.
        recall: Above 0, at most 1.
    """
    return float((negative >= recall_threshold(positive, recall)).mean())


def confusion_matrix(truth: _Classes, predicted: _Classes, classes: int) -> NDArray[np.intp]:
    """Counts of photos, shape (classes, classes): a row per true class, a column per answer."""
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def most_confused_pairs(matrix: NDArray[np.intp], n: int) -> list[ConfusedPair]:
    """The n pairs of classes most often taken for each other, in either direction.

    Args:
        matrix: A confusion matrix, shape (classes, classes).
        n: How many pairs at most; pairs that are never confused are left out.

    Returns:
        Most confused first; of equals the lower class indices.
    """
    first, second = np.triu_indices(len(matrix), k=1)
    totals = matrix[first, second] + matrix[second, first]
    order = np.argsort(-totals, kind="stable")[:n]
    return [
        ConfusedPair(a, b, int(matrix[a, b]), int(matrix[b, a]))
        for a, b in zip(first[order].tolist(), second[order].tolist(), strict=True)
        if matrix[a, b] + matrix[b, a] > 0
    ]


def precision_and_coverage(correct: _Flags, given: _Flags) -> tuple[float, float]:
    """How far the answers that were given can be trusted, and how many were given.

    Args:
        correct: Whether the top class is the true one, shape (n,).
        given: Whether it was given as the answer, shape (n,).

    Returns:
        The share of right ones among the answers given, 0..1 (NaN where none was given),
        and the share of photos that got an answer, 0..1.
    """
    precision = float(correct[given].mean()) if given.any() else math.nan
    return precision, float(given.mean())


def precision_threshold(confidence: _Reals, correct: _Flags, precision: float = 0.95) -> float:
    """The lowest threshold at or above which the answers are right at least `precision` often.

    Of all thresholds that reach the precision it takes the one that gives the most
    answers, so that a short run of errors among the surest does not hide those below it.

    Args:
        confidence: Shape (n,), 0..1.
        correct: Shape (n,).
        precision: 0..1.

    Returns:
        One of the values of `confidence`; 1.0 where none reaches the precision.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered, right = confidence[order], np.cumsum(correct[order])
    reached = right >= precision * np.arange(1, len(ordered) + 1) - 1e-9
    # A threshold takes all photos of equal confidence, so only the last of them counts.
    last_of_equals = np.append(ordered[1:] != ordered[:-1], True)
    candidates = ordered[reached & last_of_equals]
    return float(candidates[-1]) if len(candidates) else 1.0


def balanced_threshold(positive: _Reals, negative: _Reals) -> float:
    """The threshold at which the shares of both kinds of error sum to least.

    Where several do, the middle of them: Youden's J (1950, "Index for rating diagnostic tests"),
    with as much room to either side as there is.

    Args:
        positive: Scores of the positives, shape (p,), p >= 1; higher means more positive.
        negative: Scores of the negatives, shape (q,), q >= 1.
    """
    scores = np.unique(np.concatenate([positive, negative]).astype(np.float64))
    low = np.searchsorted(np.sort(positive), scores, side="left") / len(positive)
    high = 1 - np.searchsorted(np.sort(negative), scores, side="left") / len(negative)
    errors = low + high
    best = int(np.flatnonzero(errors <= errors.min() + 1e-12)[-1])
    # Any threshold above the score before it does as well.
    return float((scores[max(best - 1, 0)] + scores[best]) / 2)
