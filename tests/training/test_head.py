"""The convex problems of the head are solved to their optimum."""

import numpy as np
import pytest

from barkive.training.head import (
    Linear,
    energy,
    fit_dog_detector,
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
    assert detector(dogs).min() > 1 > -1 > detector(others).max()
    # Both sides spread alike, so that between them nothing speaks for either.
    assert detector(logits_of([3])) == pytest.approx([0], abs=0.01)


def test_both_sides_weigh_the_same_whatever_their_number():
    few, many = logits_of([4, 2]), logits_of([3, 1])
    once = fit_dog_detector(few, many)
    often = fit_dog_detector(few, np.concatenate([many] * 50))
    assert often(few) == pytest.approx(once(few), abs=0.02)
    assert np.isfinite(once.slope)


def test_without_other_things_it_counts_deviations():
    detector = fit_dog_detector(logits_of([2, 4]), None)
    assert detector(logits_of([2, 3, 4, 7])) == pytest.approx([-1, 0, 1, 4], abs=1e-3)


def test_a_linear_layer():
    layer = Linear(np.array([[1, 2], [3, 4]], np.float32), np.array([5, 6], np.float32))
    assert layer(np.array([[1, 10]], np.float32)).tolist() == [[36, 48]]
