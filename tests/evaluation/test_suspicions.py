"""Labels that may be wrong."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barkive.evaluation import suspected_labels, suspicion_rows, suspicions
from barkive.verdicts import BreedName

LABELS = [BreedName(name, name.upper(), name) for name in "abc"]


def found(truth, answer, probability):
    return suspicions(
        [str(i) for i in range(len(truth))],
        LABELS,
        np.array(truth),
        np.array(answer),
        np.array(probability, np.float32),
    )


def test_the_threshold_is_the_mean_of_the_answers_that_are_right():
    # Class 1 is answered rightly with 0.9 and 0.7; wrongly with 0.81, 0.8 and 0.79.
    suspected = found([1, 1, 0, 0, 2, 0], [1, 1, 1, 1, 1, 0], [0.9, 0.7, 0.79, 0.8, 0.81, 0.99])
    assert [(one.path, one.label.id, one.suggested.id) for one in suspected] == [
        ("4", "c", "b"),
        ("3", "a", "b"),
    ]
    assert [round(one.threshold, 6) for one in suspected] == [0.8, 0.8]
    assert round(suspected[0].probability, 6) == 0.81


def test_a_class_that_was_never_right_has_the_mean_of_all():
    suspected = found([0, 1, 0, 1], [0, 1, 2, 2], [0.9, 0.5, 0.75, 0.65])
    assert [(one.path, round(one.threshold, 6)) for one in suspected] == [("2", 0.7)]


def test_where_nothing_is_right_nothing_is_suspected():
    assert found([0, 1], [1, 0], [1.0, 1.0]) == []


def test_the_threshold_itself_is_enough():
    assert [one.path for one in found([1, 0], [1, 1], [0.5, 0.5])] == ["1"]


def test_of_equals_the_first_photo_comes_first():
    suspected = found([1, 0, 0, 0], [1, 1, 1, 1], [0.5, 0.6, 0.7, 0.6])
    assert [one.path for one in suspected] == ["2", "1", "3"]


def test_of_an_evaluation(evaluation, data):
    (one,) = suspected_labels(evaluation)
    assert one.path == str(data / "n02085620-Chihuahua" / "2.png")
    assert (one.label.en, one.suggested.en, one.threshold) == ("Chihuahua", "Maltese", 0.5)
    assert suspected_labels(evaluation, 0) == []


def test_the_rows():
    rows = list(suspicion_rows(found([1, 0], [1, 1], [0.5, 0.66666])))
    assert rows == [
        ("file", "label", "suggested", "probability", "threshold"),
        ("1", "A", "B", "0.6667", "0.5000"),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.floats(0, 1, width=32)), min_size=1)
)
def test_only_wrong_answers_at_or_above_their_threshold_are_suspected(photos):
    truth, answer, probability = zip(*photos, strict=True)
    for one in found(truth, answer, probability):
        i = int(one.path)
        assert (one.label, one.suggested) == (LABELS[truth[i]], LABELS[answer[i]])
        assert one.label != one.suggested
        assert one.probability >= one.threshold
