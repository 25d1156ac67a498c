"""The head on frozen features: prediction layer, temperature, and dog detector.

All three are convex problems, solved to their optimum: no learning rate, no epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float32]

_MAX_ITERATIONS = 100
_PLATT_PENALTY = 1e-4


@dataclass(frozen=True, slots=True)
class Linear:
    """An affine map of features: `features @ weight + bias`.

    Attributes:
        weight: Shape (channels, outputs).
        bias: Shape (outputs,).
    """

    weight: Floats
    bias: Floats

    def __call__(self, features: Floats) -> Floats:
        """(n, channels) → (n, outputs)."""
        return features @ self.weight + self.bias


@dataclass(frozen=True, slots=True)
class DogDetector:
    """Tells dogs from other things by the energy of the logits: `slope * energy + bias`.

    The energy, log Σ exp (Liu et al., 2020, "Energy-based Out-of-distribution
    Detection"), is high where any breed answers. A classifier on the features does
    better on validation and much worse on photos from elsewhere: what it learns is how
    the two sets of photos differ, not what a dog is (docs/log.md has the figures).

    Attributes:
        slope: Above 0 wherever dogs have more energy than other things.
        bias: Makes the answer log-odds.
    """

    slope: float
    bias: float

    def __call__(self, logits: Floats) -> Floats:
        """(n, labels) → log-odds (n,)."""
        return np.float32(self.slope) * energy(logits) + np.float32(self.bias)


def energy(logits: Floats) -> Floats:
    """Log Σ exp over the labels, (n, labels) → (n,)."""
    return torch.logsumexp(torch.from_numpy(logits), dim=1).numpy()


def fit_prediction_layers(
    features: Floats, truth: NDArray[np.intp], classes: int, penalties: Sequence[float]
) -> Iterator[Linear]:
    """Softmax regression for each of several L2 penalties.

    Minimises mean cross-entropy + penalty / 2 · |weights|² with L-BFGS (Liu and Nocedal,
    1989), on features centred and divided by one common scale: dividing each feature by
    its own deviation measured worse. Each fit starts from the one before.

    Args:
        features: Shape (n, channels).
        truth: The class of each row, shape (n,), 0..classes - 1.
        classes: The number of classes.
        penalties: Best from strong to weak.

    Yields:
        One layer a penalty, on the features as they came.
    """
    mean, scale = _standardisation(features)
    x = torch.from_numpy((features - mean) / scale)
    y = torch.from_numpy(truth)
    weight = torch.zeros(x.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    for penalty in penalties:

        def loss(penalty: float = penalty) -> Tensor:
            error = functional.cross_entropy(x @ weight + bias, y)
            return error + penalty / 2 * weight.square().sum()

        _minimise(loss, [weight, bias])
        yield _unstandardised(weight, bias, mean, scale)


def fit_temperature(logits: Floats, truth: NDArray[np.intp]) -> float:
    """The temperature that minimises the cross-entropy (Guo et al., 2017).

    Args:
        logits: Of photos that the layer was not fitted on, shape (n, classes).
        truth: Shape (n,).
    """
    log_temperature = torch.zeros((), requires_grad=True)
    x, y = torch.from_numpy(logits), torch.from_numpy(truth)

    def loss() -> Tensor:
        # Few photos, all answered right, would ask for a temperature of 0: the penalty
        # holds it near 1 then, and vanishes as photos come.
        error = functional.cross_entropy(x / log_temperature.exp(), y)
        return error + log_temperature.square() / len(y)

    _minimise(loss, [log_temperature])
    return float(log_temperature.detach().exp())


def fit_dog_detector(dogs: Floats, others: Floats | None) -> DogDetector:
    """Log-odds from the energy, by logistic regression with both sides weighing the same.

    Platt (1999), "Probabilistic Outputs for Support Vector Machines".

    Args:
        dogs: Logits of photos of dogs that the layer was not fitted on, (n, labels).
        others: Logits of photos of other things, (m, labels); None where there are none:
            then the answer is in standard deviations above the mean of dogs.
    """
    positive = energy(dogs)
    centre, spread = float(positive.mean()), float(positive.std()) + 1e-6
    if others is None:
        return DogDetector(1 / spread, -centre / spread)
    negative = energy(others)
    x = torch.from_numpy((np.concatenate([positive, negative]) - centre) / spread)
    y = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))])
    weight = torch.where(y > 0, 0.5 / len(positive), 0.5 / len(negative))
    slope, bias = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)

    def loss() -> Tensor:
        error = functional.binary_cross_entropy_with_logits(
            slope * x + bias, y, weight, reduction="sum"
        )
        # Keeps the slope finite where the two sides do not overlap.
        return error + _PLATT_PENALTY * slope.square()

    _minimise(loss, [slope, bias])
    factor = slope.item() / spread
    return DogDetector(factor, bias.item() - factor * centre)


def _standardisation(features: Floats) -> tuple[Floats, np.float32]:
    mean: Floats = features.mean(axis=0)
    return mean, np.float32(features.std(axis=0).mean() + 1e-6)


def _unstandardised(weight: Tensor, bias: Tensor, mean: Floats, scale: np.float32) -> Linear:
    """Folds the standardisation of the features into the layer."""
    folded = (weight.detach().numpy() / scale).astype(np.float32)
    return Linear(folded, (bias.detach().numpy() - mean @ folded).astype(np.float32))


def _minimise(loss: Callable[[], Tensor], parameters: list[Tensor]) -> None:
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=_MAX_ITERATIONS,
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
        history_size=10,
        line_search_fn="strong_wolfe",
    )

    def closure() -> float:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value.item()

    optimiser.step(closure)  # type: ignore[no-untyped-call]
