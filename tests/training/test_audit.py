"""Each photo judged by a layer that never saw it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.errors import DataError
from barkive.training import head
from barkive.training.audit import assign_folds, audit, audited_labels, near_duplicates
from barkive.verdicts import BreedName

LABELS = [BreedName(name, name.upper(), name) for name in ("red", "green", "blue")]


@pytest.fixture
def clusters():
    """Thirty photos of three breeds that their features tell apart."""
    truth = np.repeat(np.arange(3), 10)
    noise = np.random.default_rng(0).normal(0, 0.1, (30, 4))
    return (np.eye(4)[truth] + noise).astype(np.float32), truth, np.arange(30)


@st.composite
def photos(draw):
    n = draw(st.integers(1, 60))
    truth = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    return np.array(truth), np.array(groups)


@given(photos(), st.integers(2, 7), st.integers(0, 2**32))
def test_folds_keep_their_promises(photos, folds, seed):
    truth, groups = photos
    fold_of = assign_folds(truth, groups, folds, seed)
    for group in set(groups):
        assert len(set(fold_of[groups == group])) == 1
    assert set(fold_of) == set(range(min(folds, len(set(groups)))))
    assert (fold_of == assign_folds(truth, groups, folds, seed)).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(2, 7))
def test_without_near_duplicates_each_breed_is_dealt_evenly(counts, folds):
    truth = np.repeat(np.arange(len(counts)), counts)
    fold_of = assign_folds(truth, np.arange(len(truth)), folds, 0)
    for breed, count in enumerate(counts):
        dealt = np.bincount(fold_of[truth == breed], minlength=folds)
        assert dealt.max() <= -(-count // folds)


def test_no_layer_sees_the_photos_that_it_judges(clusters, monkeypatch):
    features, truth, groups = clusters
    fit, fitted = head.fit_prediction_layers, []

    def listen(rows, *rest):
        fitted.append({tuple(row) for row in rows})
        return fit(rows, *rest)

    monkeypatch.setattr(head, "fit_prediction_layers", listen)
    done = []
    logits = audit(
        features, truth, groups, 3, penalty=0.01, on_progress=lambda *step: done.append(step)
    )
    assert done == [(i, 5) for i in range(1, 6)]
    assert [len(rows) for rows in fitted] == [24] * 5
    seen = [sum(tuple(row) in rows for rows in fitted) for row in features]
    assert seen == [4] * 30  # each by all layers but the one that judges it
    assert (logits.argmax(axis=1) == truth).all()
    assert (logits == audit(features, truth, groups, 3, penalty=0.01)).all()


def test_a_wrong_label_is_found(clusters):
    features, truth, groups = clusters
    truth[4] = 2
    logits = audit(features, truth, groups, 3, penalty=0.01)
    (one,) = audited_labels(logits, truth, LABELS, [f"{i}.jpg" for i in range(30)])
    assert (one.path, one.label.id, one.suggested.id) == ("4.jpg", "blue", "red")
    assert one.probability >= one.threshold > 0.5


def test_copies_do_not_vouch_for_each_other(clusters):
    features, truth, groups = clusters
    features[:2], truth[:2], groups[:2] = features[15], 0, 99  # a green photo, twice, as red
    logits = audit(features, truth, groups, 3, penalty=0.001)
    assert logits[:2].argmax(axis=1).tolist() == [1, 1]


def test_a_breed_of_one_picture_is_not_judged(clusters):
    features, truth, groups = clusters
    kept = truth < 2
    kept[20:22] = True
    groups[20:22] = 20
    logits = audit(features[kept], truth[kept], groups[kept], 3, penalty=0.01)
    assert np.isnan(logits[20:]).all()
    assert not np.isnan(logits[:20]).any()
    assert audited_labels(logits, truth[kept], LABELS, ["x"] * 22) == []
    assert audited_labels(logits[20:], truth[kept][20:], LABELS, ["x"] * 2) == []


def test_one_picture_is_refused():
    with pytest.raises(DataError, match="All 2 photos show one picture"):
        audit(np.ones((2, 3), np.float32), np.array([0, 1]), np.zeros(2, int), 2, penalty=0.1)


def test_near_duplicates_across_breeds_come_first():
    paths = [f"{i}.jpg" for i in range(7)]
    rows = near_duplicates(
        paths, np.array([0, 0, 1, 2, 1, 0, 2]), np.array([4, 4, 9, 9, 7, 3, 9]), LABELS
    )
    assert list(rows) == [
        ("group", "file", "breed", "across_breeds"),
        (1, "2.jpg", "GREEN", "yes"),
        (1, "3.jpg", "BLUE", "yes"),
        (1, "6.jpg", "BLUE", "yes"),
        (2, "0.jpg", "RED", "no"),
        (2, "1.jpg", "RED", "no"),
    ]


def test_without_near_duplicates_there_is_the_header_only():
    assert len(list(near_duplicates(["a"], np.array([0]), np.array([0]), LABELS))) == 1
