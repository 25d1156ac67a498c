"""The convex problems of the head are solved to their optimum."""

import numpy as np
import pytest

from barkive.training.head import (
    Linear,
    RowsDetector,
    energy,
    fit_dog_detector,
    fit_log_odds,
    fit_prediction_layers,
    fit_temperature,
)


def softmax(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def clouds(n=90, channels=5, classes=3):
    rng = np.random.default_rng(0)
    truth = np.arange(n) % classes
    centres = rng.normal(size=(classes, channels))
    features = (centres[truth] + rng.normal(size=(n, channels)) + 7) * 4
    return features.astype(np.float32), truth.astype(np.intp)


@pytest.mark.parametrize("penalties", [(1.0,), (1.0, 0.1, 0.01)])
def test_the_layer_is_at_the_optimum(penalties):
    features, truth = clouds()
    layers = list(fit_prediction_layers(features, truth, 3, penalties))
    assert len(layers) == len(penalties)
    scale = features.std(axis=0).mean()
    x = (features - features.mean(axis=0)) / scale
    for penalty, layer in zip(penalties, layers, strict=True):
        # On the features as they came, the layer answers as on those it was fitted on.
        weight = layer.weight * scale
        bias = layer.bias + features.mean(axis=0) @ layer.weight
        assert layer(features) == pytest.approx(x @ weight + bias, abs=1e-3)
        error = (softmax(layer(features)) - np.eye(3)[truth]) / len(truth)
        assert np.abs(x.T @ error + penalty * weight).max() < 1e-3
        assert np.abs(error.sum(axis=0)).max() < 1e-3
    assert layers[0].weight.dtype == layers[0].bias.dtype == np.float32


def test_two_points_have_a_known_solution():
    # Features -1 and 1 have deviation 1. The logits are ±w(1, -1), and w solves
    # w * penalty = sigmoid(-2 w) / 1: for penalty 0.2689 / 0.5 it is 0.5.
    penalty = 1 / (1 + np.e) / 0.5
    (layer,) = fit_prediction_layers(
        np.array([[-1], [1]], np.float32), np.array([0, 1]), 2, [penalty]
    )
    assert layer.weight == pytest.approx(np.array([[-0.5, 0.5]]), abs=1e-3)
    assert layer.bias == pytest.approx(np.zeros(2), abs=1e-4)


def test_a_stronger_penalty_makes_smaller_weights():
    features, truth = clouds()
    sizes = [
        np.abs(layer.weight).sum()
        for layer in fit_prediction_layers(features, truth, 3, (1, 0.1, 0.01))
    ]
    assert sizes == sorted(sizes)


def test_features_that_never_vary_are_harmless():
    (layer,) = fit_prediction_layers(np.ones((4, 2), np.float32), np.array([0, 0, 0, 1]), 2, [0.1])
    assert softmax(layer(np.ones((1, 2), np.float32))) == pytest.approx(
        np.array([[0.75, 0.25]]), abs=1e-3
    )


@pytest.mark.parametrize("scale", [0.5, 1, 3])
def test_the_temperature_undoes_a_known_scale(scale):
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=(20_000, 4)).astype(np.float32) * 2
    truth = np.array([rng.choice(4, p=row) for row in softmax(log_odds.astype(np.float64))])
    assert fit_temperature(scale * log_odds, truth) == pytest.approx(scale, rel=0.05)


def test_a_few_right_answers_do_not_freeze_the_temperature():
    logits = np.array([[9, 0], [0, 9], [9, 0]], np.float32)
    assert 0.3 < fit_temperature(logits, np.array([0, 1, 0])) <= 1.5


def test_the_energy_is_the_log_of_the_sum():
    logits = np.log(np.array([[1, 2, 3], [4, 4, 8]], np.float32))
    assert energy(logits) == pytest.approx(np.log([6, 16]), abs=1e-6)


def logits_of(energies):
    return np.array(energies, np.float32)[:, np.newaxis] - np.log(np.full((1, 2), 2, np.float32))


def test_the_detector_puts_dogs_above_other_things():
    dogs, others = logits_of([4, 5, 6]), logits_of([0, 1, 2])
    detector = fit_dog_detector(dogs, others)
    assert detector.slope > 0
    assert detector(dogs, dogs).min() > 1 > -1 > detector(others, others).max()
    # Both sides spread alike, so that between them nothing speaks for either.
    middle = logits_of([3])
    assert detector(middle, middle) == pytest.approx([0], abs=0.01)


def test_both_sides_weigh_the_same_whatever_their_number():
    few, many = logits_of([4, 2]), logits_of([3, 1])
    once = fit_dog_detector(few, many)
    often = fit_dog_detector(few, np.concatenate([many] * 50))
    assert often(few, few) == pytest.approx(once(few, few), abs=0.02)
    assert np.isfinite(once.slope)


def test_without_other_things_it_counts_deviations():
    detector = fit_dog_detector(logits_of([2, 4]), None)
    some = logits_of([2, 3, 4, 7])
    assert detector(some, some) == pytest.approx([-1, 0, 1, 4], abs=1e-3)


def test_a_temperature_is_fitted_beside_what_is_added():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=(20_000, 3)).astype(np.float32) * 2
    shift = np.array([1, 0, -1], np.float32)
    truth = np.array([rng.choice(3, p=row) for row in softmax((log_odds + shift).astype(float))])
    assert fit_temperature(2 * log_odds, truth, shift=shift) == pytest.approx(2, rel=0.05)


def test_an_anchor_holds_where_there_is_nothing_to_learn():
    features, truth = clouds()
    anchor = Linear(*(np.random.default_rng(1).normal(size=s).astype("f4") for s in ((5, 3), 3)))
    (layer,) = fit_prediction_layers(features, truth, 3, [1e6], anchor=anchor)
    # All but its scale and what no softmax sees.
    mean = anchor.weight.mean(axis=1, keepdims=True)
    factor = layer.weight[0, 0] / (anchor.weight - mean)[0, 0]
    assert layer.weight == pytest.approx(factor * (anchor.weight - mean), abs=1e-4)


def test_with_an_anchor_the_layer_is_at_the_optimum():
    features, truth = clouds()
    rng = np.random.default_rng(1)
    anchor = Linear(rng.normal(size=(5, 3)).astype("f4") / 9, np.zeros(3, np.float32))
    (layer,) = fit_prediction_layers(features, truth, 3, [0.1], anchor=anchor)
    error = (softmax(layer(features)) - np.eye(3)[truth]) / len(truth)
    # The scale of the anchor is free, so nothing along it is left to win.
    assert (anchor(features) * error).sum() == pytest.approx(0, abs=1e-3)
    assert np.abs(error.sum(axis=0)).max() < 1e-3


def test_a_class_without_photos_has_its_anchor():
    features, truth = clouds()
    anchor = Linear(np.eye(5, dtype="f4")[:, :4], np.array([0, 0, 0, 8], np.float32))
    (three,) = fit_prediction_layers(
        features, truth, 3, [0.1], anchor=Linear(anchor.weight[:, :3], anchor.bias[:3])
    )
    (four,) = fit_prediction_layers(features, truth, 4, [0.1], anchor=anchor)
    assert four.weight[:, :3] == pytest.approx(three.weight, abs=1e-5)
    # Less the middle of the three, times the scale: what it weighs of the channel that they lack.
    factor = four.weight[3, 3]
    assert four.weight[:, 3] == pytest.approx(factor * np.array([-1 / 3] * 3 + [1, 0]), abs=1e-5)
    assert four.bias[3] == pytest.approx(8 * factor, abs=1e-4)


def test_log_odds_are_at_their_optimum():
    rng = np.random.default_rng(0)
    measures = rng.normal(size=(300, 2)).astype(np.float32)
    positive = rng.random(300) < 1 / (1 + np.exp(-2 * measures[:, 0]))
    weights, bias = fit_log_odds(measures, positive, 5.0)
    error = 1 / (1 + np.exp(-(measures @ weights + bias))) - positive
    assert measures.T @ error + 5 * weights == pytest.approx(np.zeros(2), abs=0.05)
    assert error.sum() == pytest.approx(0, abs=0.05)
    assert weights[0] > 1
    assert abs(weights[1]) < 0.3


def test_rows_tell_dogs_from_other_things():
    detector = RowsDetector(
        Linear(np.array([[1, 0]], np.float32), np.log([1, 3]).astype("f4")),
        Linear(np.array([[0]], np.float32), np.log([2]).astype("f4")),
    )
    features = np.log(np.array([[1], [5]], np.float32))
    # (1 + 3) / 2 and (5 + 3) / 2.
    assert detector(features, features) == pytest.approx(np.log([2, 4]))


def test_a_linear_layer():
    layer = Linear(np.array([[1, 2], [3, 4]], np.float32), np.array([5, 6], np.float32))
    assert layer(np.array([[1, 10]], np.float32)).tolist() == [[36, 48]]
