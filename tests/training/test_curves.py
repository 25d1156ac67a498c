"""What is said of a run, and its curves."""

import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from barkive.training.curves import (
    CurvePoint,
    Epoch,
    best_epoch,
    diagnose,
    diagnose_penalty,
    draw_curves,
    epoch_rows,
)


def history(*epochs):
    """From (training loss, training %, validation loss, validation %) for each epoch."""
    return [
        Epoch(i, train, shown / 100, loss, right / 100, 2.5)
        for i, (train, shown, loss, right) in enumerate(epochs, start=1)
    ]


SOUND = history((1.0, 80, 0.9, 82), (0.5, 90, 0.5, 88), (0.4, 92, 0.45, 90), (0.39, 92, 0.45, 90))


@pytest.mark.parametrize(
    ("epochs", "said"),
    [
        ([], "No epoch was finished, so there is nothing to judge."),
        (
            history((0.5, 81, 0.6, 79)),
            "After one epoch: 81.0% right in training and 79.0% on validation. "
            "One epoch does not tell which way it goes.",
        ),
        (
            history((1.0, 70, 0.9, 72), (0.5, 85, 0.6, 81), (0.1, 97, 0.8, 80)),
            "It over-fits: after epoch 2 the validation loss rises from 0.60 to 0.80 while the "
            "training loss falls from 0.50 to 0.10. At the end it has 97.0% right in training "
            "and 80.0% on validation; most on validation, 81.0%, were right in epoch 2.",
        ),
        (
            history((1.0, 70, 0.9, 72), (0.5, 90, 0.60, 81), (0.1, 99, 0.61, 81)),
            "It over-fits: 99.0% right in training and 81.0% on validation, 18.0 points apart. "
            "More photos, more augmentation or more weight decay may bring them together.",
        ),
        (
            history((3.0, 40, 3.0, 41), (2.5, 50, 2.5, 49), (2.49, 50, 2.5, 49)),
            "It under-fits: only 50.0% right in training and 49.0% on validation, and no longer "
            "improving. A larger network, a higher learning rate or less augmentation may do "
            "better.",
        ),
        (
            history((3.0, 40, 3.0, 41), (2.5, 50, 2.5, 49), (2.0, 60, 2.0, 57)),
            "It under-fits so far, stopped too early: 60.0% right in training and 57.0% on "
            "validation, and still improving, since epoch 2 by 10.0 points in training and 8.0 "
            "on validation. Train longer.",
        ),
        (
            history((1.0, 80, 0.9, 80), (0.5, 85, 0.6, 83), (0.4, 88, 0.5, 86)),
            "It was stopped too early: 88.0% right in training and 86.0% on validation, and "
            "still improving, since epoch 2 by 3.0 points in training and 3.0 on validation. "
            "Train longer.",
        ),
        (
            SOUND,
            "It neither over-fits nor under-fits: 92.0% right in training and 90.0% on "
            "validation at the end, and 90.0% at best, in epoch 3.",
        ),
        (
            history((4.8, 1, 4.8, 1), (4.7, 3, 4.8, 2)),
            "It learned nothing that helps on validation: 2.0% right at best, where guessing "
            "gives 1.0%; in training 3.0%.",
        ),
        (
            history((4.8, 10, 4.8, 10), (math.nan, 1, 4.8, 1)),
            "The run diverged: the loss of epoch 2 is not finite. "
            "A lower learning rate may hold it.",
        ),
    ],
)
def test_what_is_said(epochs, said):
    assert diagnose(epochs, 0.01) == said


def test_a_rising_loss_is_over_fitting_only_while_that_of_training_falls():
    worse = history((0.5, 90, 0.5, 90), (0.6, 90, 0.6, 90))
    assert diagnose(worse, 0.01).startswith("It neither")


def test_where_nearly_all_are_right_a_small_rise_is_no_over_fitting():
    tiny = history((0.05, 99, 0.010, 100), (0.01, 100, 0.012, 100))
    assert diagnose(tiny, 0.01).startswith("It neither")
    large = history((0.05, 99, 0.010, 100), (0.01, 100, 0.070, 98))
    assert diagnose(large, 0.01).startswith("It over-fits: after epoch 1")


def test_photos_that_augmentation_makes_hard_are_no_under_fitting():
    augmented = history((2.0, 55, 0.6, 86), (2.0, 55, 0.6, 86))
    assert diagnose(augmented, 0.01).startswith("It neither")


def test_one_bad_epoch_in_between_is_no_progress():
    dip = history((0.5, 90, 0.5, 90), (0.5, 90, 0.5, 80), (0.5, 90, 0.5, 90))
    assert diagnose(dip, 0.01).startswith("It neither")


def test_what_a_few_photos_could_show_by_luck_counts_for_nothing():
    better = history((0.7, 60, 0.7, 60))
    assert diagnose(better, 0.5, validation_photos=10).startswith("It learned nothing")
    assert diagnose(better, 0.5, validation_photos=1000).startswith("After one epoch")
    apart = history((0.4, 92, 0.4, 80), (0.4, 92, 0.4, 80))
    assert diagnose(apart, 0.01, validation_photos=10).startswith("It neither")
    assert diagnose(apart, 0.01, validation_photos=1000).startswith("It over-fits")


shares = st.floats(0, 1)
losses = st.floats(0, 10)


@given(
    st.lists(st.builds(Epoch, st.integers(1, 99), losses, shares, losses, shares, losses)),
    st.one_of(st.none(), st.integers(1, 1000)),
)
def test_of_any_history_one_or_two_sentences_are_said(epochs, photos):
    said = diagnose(epochs, 0.1, validation_photos=photos)
    assert re.fullmatch(r"[A-Z].+?\.( [A-Z].+\.)?", said)


def test_the_best_of_equals_has_the_lowest_loss():
    epochs = history((1, 1, 0.6, 80), (1, 1, 0.5, 80), (1, 1, 0.4, 79))
    assert best_epoch(epochs).epoch == 2


def test_the_rows():
    header, row = epoch_rows(history((1.0, 50, 0.5, 25)))
    assert header == (
        *("epoch", "train_loss", "train_accuracy"),
        *("validation_loss", "validation_accuracy", "seconds"),
    )
    assert row == (1, 1.0, 0.5, 0.5, 0.25, 2.5)
    assert len(list(epoch_rows([]))) == 1


@pytest.mark.parametrize(
    "epochs", [SOUND, SOUND[:1], [], history((math.inf, 1, math.nan, 1), (math.nan, 1, 1, 1))]
)
def test_the_curves_are_a_picture(epochs):
    content = draw_curves(epochs, "A $\\frac$ verdict. " * 12, "$\\frac$")
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        assert picture.width == 1100


CURVE = (
    CurvePoint(1.0, 0.8, 0.9, 0.75, 0.95),
    CurvePoint(0.1, 0.9, 0.5, 0.84, 0.6),
    CurvePoint(0.01, 0.97, 0.2, 0.85, 0.7),
    CurvePoint(0.001, 1.0, 0.1, 0.83, 0.9),
)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (0, "That is the strongest tried; a stronger one may do better."),
        (1, "The validation loss alone would choose it, too."),
        (
            2,
            "It over-fits: 97.0% right in training and 85.0% on validation, 12.0 points apart, "
            "with the penalty chosen, 0.01. It is less regularised than the validation loss alone "
            "would choose, which is 0.70 there, and lowest, 0.60, with 0.1.",
        ),
        (3, "That is the weakest tried; a weaker one may do better."),
    ],
)
def test_where_a_penalty_lies(chosen, said):
    assert diagnose_penalty(CURVE, CURVE[chosen]).endswith(said)


def test_a_penalty_stronger_than_that_of_the_lowest_loss_may_over_fit_all_the_same():
    curve = (CURVE[0], CURVE[2], CURVE[3], CurvePoint(1e-4, 1.0, 0.1, 0.8, 0.5))
    assert diagnose_penalty(curve, curve[1]) == (
        "It over-fits: 97.0% right in training and 85.0% on validation, 12.0 points apart, with "
        "the penalty chosen, 0.01. It is more regularised than the validation loss alone would "
        "choose, which is 0.70 there, and lowest, 0.50, with 0.0001."
    )


def test_the_figures_of_the_only_penalty():
    assert diagnose_penalty(CURVE[1:2], CURVE[1]) == (
        "With the penalty chosen, 0.1, it has 90.0% right in training and 84.0% on validation. "
        "No other was tried."
    )
