"""What photos from elsewhere teach, on logits that are made up."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from barkive.bundle import BundleInfo
from barkive.errors import DataError
from barkive.images import Preprocessing
from barkive.training.certainty import (
    Elsewhere,
    choose_prior,
    fit_certainty,
    read_elsewhere,
)
from barkive.verdicts import BreedName

LABELS = (
    BreedName("n02085620", "Chihuahua", "Chihuahua"),
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
DRAFT = BundleInfo.draft("test", LABELS, Preprocessing(32), (8.0, 1.0, 1.0))


def folders(root, **photos):
    for name, count in photos.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            (root / name / f"{i}.jpg").touch()
    return root


def test_known_breeds_and_others_are_told_apart(tmp_path):
    said = []
    data = folders(tmp_path / "data", pug=2, dachshund=1, maltese=1, any_poodle=3)
    found = read_elsewhere(data, LABELS, said.append)
    assert [Path(path).parent.name for path in found.paths] == [
        *("dachshund", "maltese", "pug", "pug"),
    ]
    assert found.truth.tolist() == [-1, 2, 1, 1]
    assert len(np.unique(found.folders)) == 3
    assert said == ["3 photos from elsewhere of breeds that the model knows, 1 of others."]


@pytest.mark.parametrize(
    ("photos", "lacking"), [({"pug": 1}, "others"), ({"dachshund": 1, "any_pug": 1}, "its")]
)
def test_both_kinds_are_needed(photos, lacking, tmp_path):
    with pytest.raises(DataError) as refused:
        read_elsewhere(folders(tmp_path / "data", **photos), LABELS, print)
    assert "breed" in str(refused.value)


def logits(rows):
    return np.log(np.array(rows, np.float32))


def test_a_prior_is_chosen_where_it_wins():
    # Elsewhere most are Chihuahuas that look slightly more like Pugs.
    here, truth = logits([[9, 1, 1], [1, 9, 1], [1, 1, 9]] * 10), np.array([0, 1, 2] * 10)
    there = logits([[5, 6, 1]] * 9 + [[1, 9, 1]])
    said = []
    assert choose_prior(DRAFT, here, truth, there, np.array([0] * 9 + [1]), said.append) == 0.1
    assert said == [
        "Frequencies of breeds, to the power of 0.1: +0.00 points on validation, +90.00 elsewhere."
    ]


def test_a_prior_that_costs_too_much_is_left_out():
    # On validation the same photos are Pugs.
    here, there = logits([[5, 6, 1]] * 10), logits([[5, 6, 1]] * 10)
    said = []
    prior = choose_prior(
        DRAFT, here, np.ones(10, np.intp), there, np.zeros(10, np.intp), said.append
    )
    assert prior == 0
    assert said == ["Frequencies of breeds are not used: they win nothing."]


def made_up(n=600):
    """Known breeds are sure and right; others are unsure, and sure only of the Pug."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, -1], n // 4)
    breed = np.concatenate([np.repeat([0, 1, 2], n // 4), 3 + np.arange(n // 4) % 10])
    answers = np.where(truth >= 0, truth, 1)
    spread = np.where(truth >= 0, 4.0, 1.0) + rng.normal(size=n)
    rows = np.zeros((n, 3), np.float32)
    rows[np.arange(n), answers] = spread
    paths = tuple(f"{i}.jpg" for i in range(n))
    return rows, Elsewhere(paths, truth, breed)


def test_answers_are_given_where_enough_are_right():
    rows, elsewhere = made_up()
    said = []
    certainty, threshold = fit_certainty(DRAFT, rows, elsewhere, said.append)
    info = dataclasses.replace(DRAFT, certainty=certainty, answer_threshold=threshold)
    told = info.scores(rows, np.zeros(len(rows), np.float32), rows).probabilities
    given = info.certainties(told) >= threshold
    right = told.argmax(axis=1) == elsewhere.truth
    assert right[given].mean() > 0.9
    assert given[elsewhere.truth >= 0].mean() > 0.8
    assert certainty.entropy > 0
    assert said[0].endswith("% of all answers given are right.")


def test_where_no_answer_can_be_trusted_none_is_given():
    rows, elsewhere = made_up(80)
    nowhere = dataclasses.replace(elsewhere, truth=np.where(elsewhere.truth == 1, 1, -1))
    said = []
    _, threshold = fit_certainty(DRAFT, -rows, nowhere, said.append)
    assert threshold == 1
    assert said == ["None of the photos from elsewhere is sure enough for an answer."]
