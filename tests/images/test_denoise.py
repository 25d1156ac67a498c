from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from barkive.images.degrade import SALTED_SHARE, gaussian_noise, salt_and_pepper
from barkive.images.denoise import (
    bilateral,
    denoise,
    estimate_noise,
    gaussian,
    median,
    non_local_means,
)


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """160 x 200: soft colours on the left, a texture of stripes on the right."""
    patches = np.random.default_rng(0).integers(40, 216, (5, 6, 3)).astype(np.uint8)
    pixels = np.array(Image.fromarray(patches).resize((200, 160), Image.Resampling.BICUBIC))
    pixels[:, 120::2] = pixels[:, 120::2] // 4 * 3
    return pixels


def noisy(pixels, sigma, seed=1):
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return np.rint((pixels + noise).clip(0, 255)).astype(np.uint8)


def salted(pixels):
    return salt_and_pepper(pixels, np.random.default_rng(1))


def error(one, other):
    """The root of the mean squared difference."""
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


def dot(value=200, ground=100):
    """One different pixel in the middle of 7 x 7."""
    pixels = np.full((7, 7, 3), ground, np.uint8)
    pixels[3, 3] = value
    return pixels


def test_gaussian_spreads_by_the_bell():
    blurred = gaussian(dot(), sigma=1)[3, 3:, 0]
    weights = np.exp(-(np.arange(-3, 4) ** 2) / 2)
    expected = 100 + 100 * (weights[3] * weights[3:]) / weights.sum() ** 2
    assert blurred.tolist() == pytest.approx(expected.tolist(), abs=1)


def test_median_removes_what_stands_alone_and_keeps_edges():
    assert (median(dot()) == 100).all()
    edge = np.full((6, 6, 3), 20, np.uint8)
    edge[:, 3:] = 220
    assert (median(edge) == edge).all()


@pytest.mark.parametrize("smooth", [bilateral, non_local_means])
def test_edges_stay_and_noise_goes(smooth):
    edge = np.full((64, 64, 3), 40, np.uint8)
    edge[:, 32:] = 215
    smoothed = smooth(noisy(edge, 10))
    assert error(smoothed, edge) < 5
    assert smoothed[:, 33].mean() - smoothed[:, 30].mean() > 165
    assert error(gaussian(edge), edge) > 9


def test_a_clean_photo_is_called_clean_and_stays_as_it_is(clean):
    noise = estimate_noise(clean)
    assert noise.kind == "none"
    assert noise.sigma < 2
    assert noise.impulses == 0
    assert (denoise(clean) == clean).all()
    assert denoise(clean) is not clean


@pytest.mark.parametrize("sigma", [6, 10, 20, 30])
def test_gaussian_noise_is_found_and_measured(clean, sigma):
    noise = estimate_noise(noisy(clean, sigma))
    assert noise.kind == "gaussian"
    assert noise.sigma == pytest.approx(sigma, rel=0.15)


def test_noise_that_is_alike_in_all_channels_is_found(clean):
    grain = np.random.default_rng(1).normal(0, 12, clean.shape[:2])[..., None]
    noise = estimate_noise((clean + grain).clip(0, 255).astype(np.uint8))
    assert (noise.kind, round(noise.sigma)) == ("gaussian", 12)


def test_black_and_white_do_not_count_as_free_of_noise():
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, 64:] = 120
    assert estimate_noise(noisy(pixels, 15)).sigma == pytest.approx(15, rel=0.15)
    assert estimate_noise(np.zeros((64, 64, 3), np.uint8)).sigma == 0


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_impulses_are_found(clean, share):
    drawn = np.random.default_rng(1).random(clean.shape)
    pixels = np.where(drawn < share / 2, 0, np.where(drawn > 1 - share / 2, 255, clean))
    noise = estimate_noise(pixels.astype(np.uint8))
    assert noise.kind == "impulse"
    assert 0.3 * share < noise.impulses < share


def test_impulses_are_removed_and_nothing_else(clean):
    pixels = salted(clean)
    touched = (pixels != clean).any(axis=2)
    assert touched.mean() == pytest.approx(SALTED_SHARE, rel=0.1)
    restored = denoise(pixels)
    assert error(restored, clean) < 0.25 * error(pixels, clean)
    assert error(restored, clean) < 0.5 * error(median(pixels), clean)
    assert (restored == clean).all(axis=2)[~touched].mean() > 0.99


def test_salt_does_not_pass_for_gaussian_noise(clean):
    assert estimate_noise(salted(clean)).sigma < 3


@pytest.mark.parametrize(
    ("sigma", "method", "other"),
    [(10, bilateral, non_local_means), (40, non_local_means, bilateral)],
)
def test_the_method_goes_by_the_strength(clean, sigma, method, other):
    pixels = noisy(clean, sigma)
    found = estimate_noise(pixels).sigma
    assert (denoise(pixels) == method(pixels, sigma=found)).all()
    assert error(denoise(pixels), clean) < 0.7 * error(pixels, clean)
    assert (denoise(pixels) != other(pixels, sigma=found)).any()


def test_the_degradations_are_recognised(clean):
    rng = np.random.default_rng(0)
    assert estimate_noise(gaussian_noise(clean, rng)).kind == "gaussian"
    assert estimate_noise(salt_and_pepper(clean, rng)).kind == "impulse"


def test_a_large_photo_costs_no_more_blocks_and_gives_the_same():
    pixels = noisy(np.full((1300, 1300, 3), 128, np.uint8), 8)
    assert estimate_noise(pixels).sigma == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (15, 100)])
def test_small_pictures_are_not_judged(size):
    pixels = noisy(np.full((*size, 3), 128, np.uint8), 20)
    noise = estimate_noise(pixels)
    assert (noise.kind, noise.sigma) == ("none", 0)
    assert (denoise(pixels) == pixels).all()
