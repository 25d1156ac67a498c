"""Fits rows that are added to a head: softmax regression on features, held near what was.

The logits that the head was trained to give stay, but for the rows of breeds that people named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from barkive.learning.memory import Reals
from barkive.learning.optimiser import minimise

PENALTY_NEW: Final = 0.005
PENALTY_KNOWN: Final = 0.5
"""What draws rows towards what they were: those of new breeds, and those of known ones."""

WEIGHT_OF_A_BREED: Final = 28.0
"""What all photos of one breed weigh together, a remembered photo weighing 1."""

LARGEST_WEIGHT: Final = 10.0
"""What one photo weighs at most."""

MOST_FORGOTTEN: Final = 0.0019
"""Of the probability of remembered photos, the share that new breeds may get at most."""

_DIMENSIONS: Final = 256


@dataclass(frozen=True, slots=True)
class Sample:
    """Features with what they show, n in all.

    Attributes:
        features: Shape (n, channels).
        base: The logits that the head was trained to give, as they are compared: divided by the
            temperature, the prior added. Shape (n, taught).
        targets: What is right, as shares of 1, shape (n, labels).
        weights: Above 0, shape (n,).
    """

    features: Reals
    base: Reals
    targets: Reals
    weights: Reals

    def __len__(self) -> int:
        return len(self.weights)

    def only(self, kept: NDArray[np.bool_]) -> Sample:
        """Some of them."""
        return Sample(self.features[kept], self.base[kept], self.targets[kept], self.weights[kept])

    def __add__(self, other: Sample) -> Sample:
        return Sample(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.base, other.base]),
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """What is added to the logits as they are compared.

    Attributes:
        weight: Shape (channels, rows).
        bias: Shape (rows,).
        places: Which label each row is of, shape (rows,), in order.
    """

    weight: Reals
    bias: Reals
    places: NDArray[np.intp]

    def logits(self, features: Reals, base: Reals, labels: int) -> Reals:
        """The logits as they are compared, shape (n, labels).

        Args:
            features: Shape (n, channels).
            base: Shape (n, taught).
            labels: How many there are.
        """
        logits = begun(base, labels)
        logits[:, self.places] += features @ self.weight + self.bias
        return logits

    def softened(self, share: float, taught: int) -> Rows:
        """The same with less added to known breeds.

        Args:
            share: How much of it stays, 0..1.
            taught: How many labels are not new.
        """
        factor = np.where(self.places < taught, np.float32(share), np.float32(1))
        return Rows(self.weight * factor, self.bias * factor, self.places)

    def lowered(self, shift: float, taught: int) -> Rows:
        """The same with all new breeds less likely.

        Args:
            shift: Added to their logits.
            taught: How many labels are not new.
        """
        new = np.float32(shift) * (self.places >= taught).astype(np.float32)
        return Rows(self.weight, self.bias + new, self.places)


def begun(base: Reals, labels: int) -> Reals:
    """Logits before anything is added: those of new labels are the mean of the others."""
    more = labels - base.shape[1]
    mean = base.mean(axis=1, keepdims=True)
    return np.concatenate([base, np.repeat(mean, more, axis=1)], axis=1)


def softmax(logits: Reals) -> Reals:
    """Probabilities, (n, labels) → (n, labels)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Reals = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def fit_rows(sample: Sample, places: NDArray[np.intp]) -> Rows:
    """Fits the rows of some labels; those of all others stay.

    Minimises the weighted mean cross-entropy + penalty / 2 · |weights|².

    Args:
        sample: All photos, the remembered ones included; their features as a `Basis` gives them.
        places: Which labels get rows, in order.
    """
    taught, labels = sample.base.shape[1], sample.targets.shape[1]
    x = sample.features
    before = begun(sample.base, labels)
    wanted = sample.targets[:, places]
    right_before = (sample.targets * before).sum(axis=1)
    share = (sample.weights / sample.weights.sum()).astype(np.float32)
    penalty = np.where(places < taught, PENALTY_KNOWN, PENALTY_NEW).astype(np.float32)
    shape = (x.shape[1] + 1, len(places))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        layer = parameters.reshape(shape).astype(np.float32)
        added = x @ layer[:-1] + layer[-1]
        right = right_before + np.einsum("ij,ij->i", wanted, added)
        logits = before.copy()
        logits[:, places] += added
        top = logits.max(axis=1, keepdims=True)
        odds = np.exp(logits - top, out=logits)
        total = odds.sum(axis=1, keepdims=True)
        value = float(share @ (np.log(total) + top)[:, 0]) - float(share @ right)
        error = odds[:, places]
        error /= total
        error -= wanted
        error *= share[:, None]
        slope = np.concatenate([x.T @ error + penalty * layer[:-1], error.sum(axis=0)[None]])
        value += float((penalty * layer[:-1] ** 2).sum()) / 2
        return value, slope.astype(np.float64).ravel()

    layer = minimise(loss, np.zeros(shape).ravel()).reshape(shape).astype(np.float32)
    return Rows(layer[:-1], layer[-1], places)


def bounded(rows: Rows, memory: Sample, *, most: float = MOST_FORGOTTEN) -> Rows:
    """Lowers new breeds so far that remembered photos keep their own.

    Args:
        rows: As they were fitted.
        memory: The remembered photos of the labels that are not new.
        most: The share of their probability that new breeds get at most.
    """
    taught, labels = memory.base.shape[1], memory.targets.shape[1]
    if labels == taught or not len(memory):
        return rows
    logits = rows.logits(memory.features, memory.base, labels)
    old, new = (_log_sum(part) for part in (logits[:, :taught], logits[:, taught:]))

    def forgotten(shift: float) -> float:
        return float((1 / (1 + np.exp(np.clip(old - new - shift, -80, 80)))).mean())

    if forgotten(0) <= most:
        return rows
    low, high = -30.0, 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if forgotten(middle) <= most else (low, middle)
    return rows.lowered(low, taught)


def _log_sum(logits: Reals) -> Reals:
    top = logits.max(axis=1)
    total: Reals = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return total


@dataclass(frozen=True, slots=True)
class Basis:
    """The directions in which features differ most, and their scale.

    In them the mean of the features is 0, and their mean square about 1 at most.
    """

    mean: Reals
    axes: Reals
    scale: np.float32

    @classmethod
    def of(cls, features: Reals) -> Basis:
        """The basis of features, shape (n, channels)."""
        mean = features.mean(axis=0)
        centred = features - mean
        scale = np.float32(np.sqrt((centred**2).mean()) + 1e-6)
        channels = features.shape[1]
        if channels <= _DIMENSIONS:
            return cls(mean, np.eye(channels, dtype=np.float32), scale)
        _, directions = np.linalg.eigh(centred.T @ centred)
        axes = np.ascontiguousarray(directions[:, -_DIMENSIONS:], np.float32)
        return cls(mean, axes, scale)

    def __call__(self, features: Reals) -> Reals:
        """(n, channels) → (n, directions)."""
        inside: Reals = (((features - self.mean) / self.scale) @ self.axes).astype(np.float32)
        return inside

    def outside(self, rows: Rows) -> Rows:
        """Rows on features as they came, of rows on those that this gives."""
        weight: Reals = (self.axes @ rows.weight / self.scale).astype(np.float32)
        return Rows(weight, rows.bias - self.mean @ weight, rows.places)
