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


@dataclass(frozen=True, slots=True, eq=False)
class RowsDetector:
    """Tells dogs from other things by the rows of the backbone's own classifier.

    The log-odds are log Σ exp over its classes that are dogs, less that over all others. Its
    rows were fitted on a million photos of other things, which no folder of `--not-dogs` has.

    Attributes:
        dogs: From features to the logits of the classes that are dogs.
        others: From features to the logits of all others.
    """

    dogs: Linear
    others: Linear

    def __call__(self, features: Floats, logits: Floats) -> Floats:
        """Features (n, channels) → log-odds (n,); the logits of the breeds don't count."""
        return energy(self.dogs(features)) - energy(self.others(features))


@dataclass(frozen=True, slots=True)
class DogDetector:
    """Tells dogs from other things by the energy of the logits: `slope * energy + bias`.

    For backbones without a classifier of their own.

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

    def __call__(self, features: Floats, logits: Floats) -> Floats:
        """Logits (n, labels) → log-odds (n,); the features don't count."""
        return np.float32(self.slope) * energy(logits) + np.float32(self.bias)


Detector = RowsDetector | DogDetector


def energy(logits: Floats) -> Floats:
    """Log Σ exp over the labels, (n, labels) → (n,)."""
    return torch.logsumexp(torch.from_numpy(logits), dim=1).numpy()


def fit_prediction_layers(
    features: Floats,
    truth: NDArray[np.intp],
    classes: int,
    penalties: Sequence[float],
    *,
    anchor: Linear | None = None,
) -> Iterator[Linear]:
    """Softmax regression for each of several L2 penalties.

    Minimises mean cross-entropy + penalty / 2 · |weights|² with L-BFGS (Liu and Nocedal,
    1989), on features centred and divided by one common scale: dividing each feature by
    its own deviation measured worse. Each fit starts from the one before.

    With an anchor the weights are what is added to it, so that the penalty draws the layer
    towards the anchor rather than towards 0; the anchor itself gets one common scale, which
    is fitted without a penalty. A class without samples has the anchor alone.

    Args:
        features: Shape (n, channels).
        truth: The class of each row, shape (n,), 0..classes - 1.
        classes: The number of classes.
        penalties: Best from strong to weak.
        anchor: A layer with an output for each class.

    Yields:
        One layer a penalty, on the features as they came.
    """
    mean, scale = _standardisation(features)
    x = torch.from_numpy((features - mean) / scale)
    seen = np.bincount(truth, minlength=classes) > 0
    # Positions among the classes that have samples; the others take no part in the fit.
    y = torch.from_numpy((np.cumsum(seen) - 1)[truth])
    weight = torch.zeros(x.shape[1], int(seen.sum()), requires_grad=True)
    bias = torch.zeros(int(seen.sum()), requires_grad=True)
    parameters = [weight, bias]
    common = torch.ones((), requires_grad=True)
    base: Tensor | float = 0.0
    if anchor is not None:
        anchor = _centred(anchor, seen)
        base = torch.from_numpy(anchor(features)[:, seen])
        parameters.append(common)
    for penalty in penalties:

        def loss(penalty: float = penalty) -> Tensor:
            error = functional.cross_entropy(x @ weight + bias + common * base, y)
            return error + penalty / 2 * weight.square().sum()

        _minimise(loss, parameters)
        added = _unstandardised(weight, bias, mean, scale)
        layer = Linear(np.zeros((x.shape[1], classes), np.float32), np.zeros(classes, np.float32))
        if anchor is not None:
            factor = np.float32(common.item())
            layer = Linear(factor * anchor.weight, factor * anchor.bias)
        layer.weight[:, seen] += added.weight
        layer.bias[seen] += added.bias
        yield layer


def _centred(anchor: Linear, seen: NDArray[np.bool_]) -> Linear:
    """The anchor less its mean over the classes that have samples, which no softmax sees.

    What has no row of its own, and so starts from 0, then starts in their middle.
    """
    weight = anchor.weight - anchor.weight[:, seen].mean(axis=1, keepdims=True)
    return Linear(weight, anchor.bias - anchor.bias[seen].mean())


def fit_temperature(
    logits: Floats, truth: NDArray[np.intp], *, shift: Floats | float = 0.0
) -> float:
    """The temperature that minimises the cross-entropy (Guo et al., 2017).

    Args:
        logits: Of photos that the layer was not fitted on, shape (n, classes).
        truth: Shape (n,).
        shift: What is added after the division, such as a prior, shape (classes,).
    """
    log_temperature = torch.zeros((), requires_grad=True)
    x, y = torch.from_numpy(logits), torch.from_numpy(truth)
    added = torch.as_tensor(shift, dtype=torch.float32)

    def loss() -> Tensor:
        # Few photos, all answered right, would ask for a temperature of 0: the penalty
        # holds it near 1 then, and vanishes as photos come.
        error = functional.cross_entropy(x / log_temperature.exp() + added, y)
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


def fit_log_odds(
    measures: Floats, positive: NDArray[np.bool_], penalty: float
) -> tuple[Floats, float]:
    """Logistic regression of a few measures.

    Minimises the summed cross-entropy + penalty / 2 · |weights|² with L-BFGS.

    Args:
        measures: Shape (n, measures).
        positive: Which of the n are positive, shape (n,).
        penalty: Above 0.

    Returns:
        The weights, shape (measures,), and the bias, of the log-odds.
    """
    x, y = torch.from_numpy(measures), torch.from_numpy(positive.astype(np.float32))
    weight = torch.zeros(x.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)

    def loss() -> Tensor:
        error = functional.binary_cross_entropy_with_logits(x @ weight + bias, y, reduction="sum")
        return (error + penalty / 2 * weight.square().sum()) / len(y)

    _minimise(loss, [weight, bias])
    return weight.detach().numpy(), bias.item()


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
