"""The figures of an evaluation: the shares with their intervals, the breeds, the errors."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from barkive import metrics
from barkive.evaluation.scoring import Evaluation
from barkive.metrics import Interval
from barkive.verdicts import BreedName, Status


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a model is. Shares lie in 0..1; what can't be told is None.

    Attributes:
        n: Photos of dogs that were scored.
        failed: Photos that could not be read, of dogs and of other things.
        top1: Share of the n whose breed is the most probable label, whatever its status.
        top1_interval: Its 95 % Wilson interval.
        top5: Share of the n whose breed is among the five most probable labels.
        top5_interval: Its 95 % Wilson interval.
        mean_per_breed: Mean of the breeds' own accuracies.
        ece: Expected calibration error of the most probable label, 15 bins.
        dog_precision: Share of right ones among the answers given as `dog`.
        dog_coverage: Share of the n that were answered `dog`.
        not_dog_auroc: How well the log-odds of a dog tell the two kinds of photo apart.
        not_dog_fpr95: Share of photos without a dog that pass for dogs when the threshold
            keeps 95 % of the dogs.
        not_dog_answers: How often each status was given to a photo without a dog.
        images_per_second: Photos of dogs decoded and scored a second.
    """

    n: int
    failed: int
    top1: float
    top1_interval: Interval
    top5: float
    top5_interval: Interval
    mean_per_breed: float
    ece: float
    dog_precision: float | None
    dog_coverage: float
    not_dog_auroc: float | None
    not_dog_fpr95: float | None
    not_dog_answers: dict[str, int] | None
    images_per_second: float

    def to_json(self) -> dict[str, Any]:
        """The figures as a JSON object, to six decimals."""
        return {name: _rounded(value) for name, value in asdict(self).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    return [round(end, 6) for end in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class BreedFigures:
    """How well one breed is recognised.

    Attributes:
        label: The breed.
        photos: Photos of it that were scored, at least 1.
        right: How many of them were recognised.
        mistaken_for: The label most often given instead; None where there was no error.
        mistaken: How often that label was given.
    """

    label: BreedName
    photos: int
    right: int
    mistaken_for: BreedName | None
    mistaken: int

    @property
    def accuracy(self) -> float:
        """The share recognised, 0..1."""
        return self.right / self.photos


@dataclass(frozen=True, slots=True)
class Mistake:
    """A photo whose most probable label, with its probability in 0..1, is not the true one."""

    path: str
    truth: BreedName
    answer: BreedName
    probability: float


def figures(evaluation: Evaluation) -> Figures:
    """Computes the figures."""
    dogs, others = evaluation.dogs, evaluation.not_dogs
    correct, n = evaluation.correct, len(evaluation.dogs.read)
    among_five = (dogs.top == evaluation.truth_read[:, np.newaxis]).any(axis=1)
    precision, coverage = metrics.precision_and_coverage(correct, dogs.given(Status.DOG))
    given = Counter(others.statuses) if others else Counter()
    return Figures(
        n=n,
        failed=len(evaluation.failures),
        top1=float(correct.mean()),
        top1_interval=metrics.wilson_interval(int(correct.sum()), n),
        top5=float(among_five.mean()),
        top5_interval=metrics.wilson_interval(int(among_five.sum()), n),
        mean_per_breed=metrics.mean_per_class_accuracy(evaluation.truth_read, dogs.top[:, 0]),
        ece=metrics.expected_calibration_error(dogs.probability, correct),
        dog_precision=None if math.isnan(precision) else precision,
        dog_coverage=coverage,
        not_dog_auroc=metrics.auroc(dogs.dog, others.dog) if others else None,
        not_dog_fpr95=(
            metrics.false_positive_rate_at_recall(dogs.dog, others.dog) if others else None
        ),
        not_dog_answers=(
            {str(s): given[s] for s in (Status.DOG, Status.UNCERTAIN, Status.NOT_DOG)}
            if others
            else None
        ),
        images_per_second=len(dogs.paths) / dogs.seconds,
    )


def worst_breeds(evaluation: Evaluation) -> list[BreedFigures]:
    """Every breed that was scored, the least recognised first; of equals by name."""
    rows = []
    for i, counts in enumerate(evaluation.confusion):
        photos, right = int(counts.sum()), int(counts[i])
        if photos == 0:
            continue
        wrong = counts.copy()
        wrong[i] = 0
        instead = evaluation.labels[int(wrong.argmax())] if right < photos else None
        row = BreedFigures(evaluation.labels[i], photos, right, instead, int(wrong.max()))
        rows.append(row)
    return sorted(rows, key=lambda row: (row.accuracy, row.label.en))


def most_confident_errors(evaluation: Evaluation, limit: int) -> list[Mistake]:
    """The wrong answers with the highest probabilities, at most `limit`, surest first."""
    dogs, labels = evaluation.dogs, evaluation.labels
    wrong = np.flatnonzero(~evaluation.correct)
    surest = wrong[np.argsort(-dogs.probability[wrong], kind="stable")][:limit]
    return [
        Mistake(
            path=dogs.paths[dogs.read[row]],
            truth=labels[evaluation.truth_read[row]],
            answer=labels[dogs.top[row, 0]],
            probability=float(dogs.probability[row]),
        )
        for row in surest
    ]
