"""How far two runs of a model agree."""

import numpy as np
import pytest

from barkive.bundle import BundleInfo
from barkive.evaluation import Agreement, agreement
from barkive.verdicts import Scores


def scores(rows: list[list[float]], dog: list[float]) -> Scores:
    features = np.zeros((len(rows), 1), np.float32)
    return Scores(np.array(rows, np.float32), np.array(dog, np.float32), features)


def test_a_run_agrees_with_itself(colour_info: BundleInfo) -> None:
    one = scores([[0.5, 0.25, 0.25], [1, 0, 0]], [1, -1])
    assert agreement(colour_info, one, one) == Agreement(2, 0, 0, 0, 0, 0, 0)


def test_differences_are_those_of_the_worst_breed_of_each_photo(colour_info: BundleInfo) -> None:
    one = scores([[0.5, 0.25, 0.25], [0.75, 0.25, 0], [0.25, 0.5, 0.25]], [1, 2, 3])
    other = scores([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.5, 0.375, 0.125]], [1, 2.5, 1])
    found = agreement(colour_info, one, other)
    assert (found.photos, found.median, found.largest, found.dog) == (3, 0.25, 0.25, 2)
    assert found.breeds == 1  # the third
    assert found.statuses == 1  # the second, of which 0.5 is below the threshold of 0.6


def test_a_photo_may_stop_being_one_of_a_dog(colour_info: BundleInfo) -> None:
    row = [[0.75, 0.25, 0]]
    found = agreement(colour_info, scores(row, [0.01]), scores(row, [-0.01]))
    assert (found.largest, found.breeds, found.statuses) == (0, 0, 1)
    assert found.dog == pytest.approx(0.02)


def test_one_photo_of_a_hundred_may_be_left_aside(colour_info: BundleInfo) -> None:
    one = scores([[0.5, 0.5, 0]] * 201, [1] * 201)
    other = scores([[0.5, 0.5, 0]] * 199 + [[1, 0, 0]] * 2, [1] * 201)
    found = agreement(colour_info, one, other)
    assert (found.median, found.most, found.largest) == (0, 0, 0.5)
