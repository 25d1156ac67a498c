from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from barkive.images import measure
from barkive.images.quality import Quality, luminance


def grey(levels: object) -> np.ndarray:
    """A grey picture as RGB."""
    return np.stack([np.asarray(levels, np.uint8)] * 3, axis=2)


def test_luminance_is_that_of_rec_601():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]], np.uint8)
    assert luminance(pixels).tolist() == [[76, 150, 29, 7]]
    assert luminance(pixels).dtype == np.uint8


def test_one_bright_pixel():
    quality = measure(grey([[0, 0, 0], [0, 90, 0], [0, 0, 0]]))
    assert quality.brightness == pytest.approx(10)
    assert quality.contrast == pytest.approx(math.sqrt((80**2 + 8 * 10**2) / 9))
    assert quality.sharpness == 0  # one value of the Laplacian does not vary
    assert quality.noise == pytest.approx(math.sqrt(math.pi / 2) / 6 * 4 * 90)


def test_the_variance_of_the_laplacian():
    # Inside, the Laplacian is -4 * 9, 9, 0 and 9 of the four pixels.
    levels = np.zeros((4, 4))
    levels[1, 1] = 9
    assert measure(grey(levels)).sharpness == pytest.approx(np.var([-36, 9, 9, 0]))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 5), (5, 2)])
def test_pictures_too_small_for_a_filter(size):
    assert measure(np.full((*size, 3), 200, np.uint8)) == Quality(200, 0, 0, 0)


def test_a_ramp_is_neither_sharp_nor_noisy():
    quality = measure(grey(np.tile(np.arange(0, 200, 2), (50, 1))))
    assert quality.sharpness == 0
    assert quality.noise == 0
    assert quality.brightness == pytest.approx(99)


@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
def test_the_noise_that_was_added_is_found(sigma):
    rng = np.random.default_rng(0)
    slope = np.linspace(80, 160, 200)
    assert measure(
        grey(np.rint(slope + rng.normal(0, sigma, (200, 200)))),
    ).noise == pytest.approx(sigma, rel=0.05)


def test_blur_costs_sharpness():
    levels = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(float)
    soft = (levels + np.roll(levels, 1, 0) + np.roll(levels, 1, 1)) / 3
    assert measure(grey(soft)).sharpness < measure(grey(levels)).sharpness / 2


@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))))
def test_values_lie_in_their_ranges(pixels):
    before = pixels.copy()
    quality = measure(pixels)
    assert 0 <= quality.brightness <= 255
    assert 0 <= quality.contrast <= 127.5 + 1e-9
    assert 0 <= quality.sharpness <= 1020**2
    assert 0 <= quality.noise <= math.sqrt(math.pi / 2) / 6 * 2040 + 1e-9
    assert (pixels == before).all()
