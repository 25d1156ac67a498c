"""L-BFGS finds where functions are least."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.learning.optimiser import minimise


def test_the_lowest_point_of_a_valley() -> None:
    scale, centre = np.array([1.0, 100.0, 0.01]), np.array([3.0, -2.0, 5.0])

    def valley(at):
        return float((scale * (at - centre) ** 2).sum()), 2 * scale * (at - centre)

    assert minimise(valley, np.zeros(3)) == pytest.approx(centre, abs=1e-4)


def test_where_it_is_lowest_already_nothing_moves() -> None:
    start = np.array([1.0, 2.0])
    assert minimise(lambda at: (0.0, np.zeros(2)), start) is start


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.integers(0, 10))
def test_it_never_ends_higher_than_it_began(start: list[float], iterations: int) -> None:
    def bumpy(at):
        return float((np.cos(at) + at**2 / 10).sum()), -np.sin(at) + at / 5

    began = np.array(start)
    assert bumpy(minimise(bumpy, began, iterations=iterations))[0] <= bumpy(began)[0]
