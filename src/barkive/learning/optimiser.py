"""Minimises smooth functions of many numbers: L-BFGS.

Liu and Nocedal (1989), "On the limited memory BFGS method for large scale optimization", with a
backtracking line search. SciPy has it as well, for 100 MB more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_HISTORY: Final = 10
_SUFFICIENT: Final = 1e-4  # Armijo's condition
_SHORTEST: Final = 1e-10


def minimise(
    loss: Callable[[Vector], tuple[float, Vector]],
    start: Vector,
    *,
    iterations: int = 30,
    tolerance: float = 1e-6,
) -> Vector:
    """Finds where a convex function is least.

    Args:
        loss: Gives the value and the gradient at a point.
        start: Where to begin, shape (n,).
        iterations: How many at most.
        tolerance: No part of the gradient is larger than this at the end, unless the iterations
            were too few.

    Returns:
        The point, shape (n,).
    """
    point, (value, slope) = start, loss(start)
    steps: list[tuple[Vector, Vector]] = []
    for _ in range(iterations):
        if np.abs(slope).max(initial=0) < tolerance:
            break
        direction = _direction(slope, steps)
        length, descent = 1.0, float(slope @ direction)
        while True:
            candidate = point + length * direction
            new_value, new_slope = loss(candidate)
            if new_value <= value + _SUFFICIENT * length * descent:
                break
            length /= 2
            if length < _SHORTEST:
                return point
        step, change = candidate - point, new_slope - slope
        point, value, slope = candidate, new_value, new_slope
        if step @ change > 0:
            steps = [*steps[1 - _HISTORY :], (step, change)]
    return point


def _direction(slope: Vector, steps: list[tuple[Vector, Vector]]) -> Vector:
    """Where to go: the two-loop recursion."""
    if not steps:
        return -slope / max(1.0, float(np.abs(slope).sum()))
    direction = -slope
    factors = []
    for step, change in reversed(steps):
        factor = (step @ direction) / (step @ change)
        direction = direction - factor * change
        factors.append(factor)
    step, change = steps[-1]
    direction = direction * ((step @ change) / (change @ change))
    for (step, change), factor in zip(steps, reversed(factors), strict=True):
        direction = direction + (factor - (change @ direction) / (step @ change)) * step
    return direction
