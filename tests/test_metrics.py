"""Scores against values worked out by hand, and against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from barkive import metrics

probabilities = st.floats(0, 1, width=32)
# Few distinct values, so that ties are common.
coarse = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12).map(np.array)


@st.composite
def judged(draw):
    """Confidences, and whether each answer was right."""
    n = draw(st.integers(1, 40))
    return (
        draw(arrays(np.float32, n, elements=probabilities)),
        draw(arrays(np.bool_, n)),
    )


@st.composite
def answered(draw):
    """Truth and answers over five classes."""
    n = draw(st.integers(1, 40))
    classes = arrays(np.intp, n, elements=st.integers(0, 4))
    return draw(classes), draw(classes)


def test_top_k_is_best_first_and_prefers_the_lower_index():
    rows = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]])
    assert metrics.top_k(rows, 2).tolist() == [[1, 2], [0, 2]]
    assert metrics.top_k(rows, 5).shape == (2, 3)


def test_wilson_interval():
    # 8 of 10: the textbook example's 0.490 to 0.943.
    assert metrics.wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    # At the ends: z² / (n + z²) with z² = 3.841459.
    assert metrics.wilson_interval(0, 10) == pytest.approx((0, 0.277533), abs=1e-6)
    assert metrics.wilson_interval(10, 10) == pytest.approx((0.722467, 1), abs=1e-6)
    assert metrics.wilson_interval(0, 0) == (0, 1)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(case):
    successes, n = case
    low, high = metrics.wilson_interval(successes, n)
    assert 0 <= low <= high <= 1
    assert n == 0 or low <= successes / n <= high


def test_mean_per_class_accuracy_weighs_classes_equally():
    truth, predicted = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 1])
    assert metrics.mean_per_class_accuracy(truth, predicted) == pytest.approx((2 / 3 + 0) / 2)


def test_expected_calibration_error():
    confidence = np.array([0.9, 0.9, 0.6, 0.6])
    correct = np.array([True, False, True, True])
    # Two bins of two photos: |0.5 - 0.9| and |1 - 0.6|.
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(0.4)


def test_calibration_bins_are_closed_above():
    bins = metrics.calibration_bins(np.array([0.0, 0.5, 0.51, 1.0]), np.array([True] * 4), bins=2)
    assert bins.photos.tolist() == [2, 2]
    assert bins.confidence.tolist() == pytest.approx([0.25, 0.755])
    assert bins.accuracy.tolist() == [1, 1]


@given(judged())
def test_calibration_error_is_bounded(case):
    confidence, correct = case
    assert 0 <= metrics.expected_calibration_error(confidence, correct) <= 1
    assert metrics.calibration_bins(confidence, correct).photos.sum() == len(confidence)


def test_auroc():
    positive, negative = np.array([3.0, 2.0]), np.array([1.0, 2.0])
    # 3 > 1, 3 > 2, 2 > 1, and one tie.
    assert metrics.auroc(positive, negative) == pytest.approx(3.5 / 4)
    assert metrics.auroc(negative + 9, positive) == 1


@given(coarse, coarse)
def test_auroc_equals_brute_force(positive, negative):
    wins = np.sign(positive[:, None] - negative[None, :])
    area = metrics.auroc(positive, negative)
    assert area == pytest.approx(((wins + 1) / 2).mean())
    assert metrics.auroc(negative, positive) == pytest.approx(1 - area)


def test_recall_threshold_keeps_just_enough():
    assert metrics.recall_threshold(np.arange(20.0), 0.95) == 1
    assert metrics.recall_threshold(np.arange(10.0), 0.95) == 0
    assert metrics.recall_threshold(np.arange(60.0), 0.95) == 3


def test_false_positive_rate_at_recall():
    positive = np.arange(20.0)  # 19 of 20 are at 1 or above
    negative = np.array([-1.0, 0.0, 1.0, 5.0])
    assert metrics.false_positive_rate_at_recall(positive, negative) == 0.5


@given(coarse, coarse, st.floats(0.05, 1))
def test_recall_threshold_is_the_highest_that_suffices(positive, negative, recall):
    threshold = metrics.recall_threshold(positive, recall)
    assert (positive >= threshold).mean() >= recall - 1e-9
    assert (positive > threshold).mean() < recall
    assert 0 <= metrics.false_positive_rate_at_recall(positive, negative, recall) <= 1


def test_confusion_matrix_has_the_truth_in_rows():
    matrix = metrics.confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


@given(answered())
def test_confusion_matrix_counts_every_photo(case):
    truth, predicted = case
    matrix = metrics.confusion_matrix(truth, predicted, 5)
    assert matrix.sum() == len(truth)
    assert np.trace(matrix) == (truth == predicted).sum()
    assert 0 <= metrics.mean_per_class_accuracy(truth, predicted) <= 1


def test_most_confused_pairs():
    matrix = np.array([[9, 1, 0], [2, 5, 3], [0, 1, 7]])
    pairs = metrics.most_confused_pairs(matrix, 20)
    assert pairs == [(1, 2, 3, 1), (0, 1, 1, 2)]
    assert [pair.total for pair in pairs] == [4, 3]
    assert metrics.most_confused_pairs(matrix, 1) == [(1, 2, 3, 1)]


@given(answered())
def test_most_confused_pairs_hold_every_error(case):
    truth, predicted = case
    pairs = metrics.most_confused_pairs(metrics.confusion_matrix(truth, predicted, 5), 20)
    assert sum(pair.total for pair in pairs) == (truth != predicted).sum()


def test_precision_and_coverage():
    correct = np.array([True, False, True, True])
    given_as_dog = np.array([True, True, True, False])
    assert metrics.precision_and_coverage(correct, given_as_dog) == (
        pytest.approx(2 / 3),
        pytest.approx(3 / 4),
    )
    precision, coverage = metrics.precision_and_coverage(correct, np.zeros(4, bool))
    assert math.isnan(precision)
    assert coverage == 0


def test_precision_threshold_looks_past_a_sure_error():
    confidence = np.array([0.99, 0.9, 0.8, 0.7, 0.6])
    correct = np.array([False, True, True, True, False])
    assert metrics.precision_threshold(confidence, correct, 0.75) == 0.7
    assert metrics.precision_threshold(confidence, correct, 0.6) == 0.6
    assert metrics.precision_threshold(confidence, correct, 0.9) == 1.0


def test_precision_threshold_takes_all_of_equal_confidence():
    confidence = np.array([0.9, 0.8, 0.8])
    correct = np.array([True, True, False])
    assert metrics.precision_threshold(confidence, correct, 1.0) == 0.9


@given(judged(), st.floats(0, 1))
def test_precision_threshold_is_the_lowest_that_suffices(case, precision):
    confidence, correct = case
    threshold = metrics.precision_threshold(confidence, correct, precision)
    for other in confidence:
        reached = correct[confidence >= other].mean() >= precision - 1e-12
        assert not reached or threshold <= other
    if (confidence >= threshold).any() and threshold != 1:
        assert correct[confidence >= threshold].mean() >= precision - 1e-7
