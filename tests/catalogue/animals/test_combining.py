"""One verdict from many views."""

from __future__ import annotations

import numpy as np
import pytest

from barkive.catalogue.animals.combining import Combined, agree, combine, weigh
from barkive.verdicts import Status

LABELS = ("beagle", "pug", "boxer", "husky", "akita", "briard")


def combined(
    views: list[list[float]], sure: list[bool], groups: list[int] | None = None
) -> Combined:
    """What views say, the rest of each one's probability being the briard's."""
    rows = np.zeros((len(views), len(LABELS)))
    for row, view in zip(rows, views, strict=True):
        row[: len(view)] = view
        row[-1] += 1 - sum(view)
    numbers = np.arange(len(views)) if groups is None else np.array(groups)
    return combine(LABELS, rows, np.array(sure), numbers)


def shown(found: Combined) -> tuple[str, list[tuple[str, float]]]:
    return found.status.value, [(breed, round(share, 4)) for breed, share in found.breeds]


@pytest.mark.parametrize("probability", [0.9, 0.35])
def test_one_view_says_what_its_photo_says(probability: float) -> None:
    view = [probability, (1 - probability) / 2, (1 - probability) / 2]
    assert combined([view], [True]).status is Status.DOG
    assert combined([view], [False]).status is Status.UNCERTAIN
    assert combined([view], [True]).breeds[0] == ("beagle", probability)


@pytest.mark.parametrize("count", [2, 3, 40])
def test_views_that_say_the_same_are_as_sure_as_one(count: int) -> None:
    one = combined([[0.7, 0.2]], [True])
    many = combined([[0.7, 0.2]] * count, [True] * count)
    assert shown(many) == shown(one) == ("dog", [("beagle", 0.7), ("pug", 0.2), ("briard", 0.1)])
    unsure = combined([[0.7, 0.2]] * count, [False] * count)
    assert unsure.status is Status.UNCERTAIN


def test_probabilities_are_averaged_and_the_best_five_listed() -> None:
    found = combined([[0.5, 0.3, 0.1, 0.05, 0.04], [0.1, 0.7, 0.1, 0.05, 0.04]], [False, False])
    assert shown(found) == (
        "uncertain",
        [("pug", 0.5), ("beagle", 0.3), ("boxer", 0.1), ("husky", 0.05), ("akita", 0.04)],
    )


def test_a_breed_without_a_chance_is_not_listed() -> None:
    assert shown(combined([[1.0], [0.5, 0.5]], [True, False]))[1] == [
        ("beagle", 0.75),
        ("pug", 0.25),
    ]


@pytest.mark.parametrize(
    ("second", "sure", "status"),
    [
        ([0.61], False, "dog"),  # on average 0.8
        ([0.59], False, "uncertain"),
        ([0.55], True, "dog"),
        ([0.0, 0.99], False, "uncertain"),
        ([0.0, 0.98], True, "uncertain"),
    ],
)
def test_of_two_views_one_may_be_unsure(second: list[float], sure: bool, status: str) -> None:
    found = combined([[0.99], second], [True, sure])
    assert (found.status.value, found.breeds[0][0]) == (status, "beagle")


def test_of_three_views_two_must_be_sure() -> None:
    assert combined([[0.9], [0.9], [0.2, 0.8]], [True, True, False]).status is Status.DOG
    assert combined([[0.9], [0.6], [0.4]], [True, False, False]).status is Status.UNCERTAIN


def test_a_view_that_is_sure_of_another_breed_supports_none() -> None:
    found = combined([[0.8], [0.8], [0.1, 0.9]], [True, False, True])
    assert (found.status, found.disagrees) == (Status.UNCERTAIN, True)


def test_views_contradict_each_other_where_both_are_sure() -> None:
    assert combined([[0.9], [0.1, 0.9]], [True, True]).disagrees
    assert not combined([[0.9], [0.1, 0.9]], [True, False]).disagrees
    assert not combined([[0.9], [0.8]], [True, True]).disagrees


def test_near_duplicates_weigh_as_one() -> None:
    views, sure = [[0.9], [0.9], [0.9], [0.2, 0.8]], [True, True, True, True]
    assert shown(combined(views, sure))[0] == "dog"
    assert shown(combined(views, sure, [7, 7, 7, 2])) == (
        "uncertain",
        [("beagle", 0.55), ("pug", 0.4), ("briard", 0.05)],
    )
    assert weigh(np.array([7, 7, 7, 2])).tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_what_people_say_alike_is_the_answer() -> None:
    assert agree([("pug",), ("pug",)]) == Combined(Status.DOG, (("pug", 1.0),), False)
    crosses = agree([("pug", "beagle"), ("beagle", "pug")])
    assert crosses == Combined(Status.DOG, (("pug", 0.5), ("beagle", 0.5)), False)


def test_what_people_say_differently_is_not_known() -> None:
    found = agree([("pug",), ("pug",), ("pug", "beagle"), ("boxer",)])
    assert (found.status, found.disagrees) == (Status.UNCERTAIN, True)
    assert found.breeds == (("pug", 0.625), ("boxer", 0.25), ("beagle", 0.125))
