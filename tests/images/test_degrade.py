from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from barkive.images.degrade import (
    DEGRADATIONS,
    NOISE_SIGMA,
    SALTED_SHARE,
    darken,
    fade,
    gaussian_noise,
    salt_and_pepper,
)

GREY = np.full((300, 300, 3), 128, np.uint8)


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_names():
    assert list(DEGRADATIONS) == ["dark", "faded", "noisy", "salted"]


@pytest.mark.parametrize("name", DEGRADATIONS)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_each_keeps_the_shape_and_leaves_its_input_alone(name, pixels):
    before = pixels.copy()
    pixels.setflags(write=False)
    degraded = DEGRADATIONS[name](pixels, generator())
    assert degraded.shape == pixels.shape
    assert degraded.dtype == np.uint8
    assert (pixels == before).all()
    assert (DEGRADATIONS[name](pixels, generator()) == degraded).all()


def test_darkening_scales():
    pixels = np.array([[[0, 100, 255]]], np.uint8)
    assert darken(pixels, generator()).tolist() == [[[0, 35, 89]]]


def test_fading_draws_towards_the_mid_grey():
    pixels = np.array([[[0, 128, 255]]], np.uint8)
    assert fade(pixels, generator()).tolist() == [[[83, 128, 172]]]


def test_the_noise_has_its_deviation_in_each_channel_by_itself():
    noise = gaussian_noise(GREY, generator()).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert noise.std() == pytest.approx(NOISE_SIGMA, rel=0.02)
    correlation = np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]
    assert abs(correlation) < 0.02


def test_noise_does_not_wrap_around():
    assert gaussian_noise(np.zeros((50, 50, 3), np.uint8), generator()).max() < 128
    assert gaussian_noise(np.full((50, 50, 3), 255, np.uint8), generator()).min() > 128


def test_as_much_salt_as_pepper():
    salted = salt_and_pepper(GREY, generator())
    black, white = (salted == 0).all(axis=2), (salted == 255).all(axis=2)
    assert black.mean() == pytest.approx(SALTED_SHARE / 2, rel=0.1)
    assert white.mean() == pytest.approx(SALTED_SHARE / 2, rel=0.1)
    assert (salted[~black & ~white] == 128).all()
