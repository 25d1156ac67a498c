"""What goes wrong with photos, made on purpose: to test adjustments and models with.

Each takes RGB, uint8 of shape (height, width, 3) and any size, never changes what it was
given, and gives the same for a random generator in the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Degradation = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]

DARK_SHARE = 0.35
"""What `darken` leaves of each level: about one and a half stops less light."""
FADED_SHARE = 0.35
"""What `fade` leaves of each level's distance from the mid grey."""
NOISE_SIGMA = 20.0
"""The standard deviation of `gaussian_noise`, in grey levels."""
SALTED_SHARE = 0.05
"""The share of pixels that `salt_and_pepper` turns white or black."""


def darken(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Takes light away: all levels become `DARK_SHARE` of what they were. Draws nothing."""
    darker: NDArray[np.uint8] = np.rint(pixels * np.float32(DARK_SHARE)).astype(np.uint8)
    return darker


def fade(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Shrinks the contrast around the mid grey, 128, to `FADED_SHARE`. Draws nothing."""
    faded = 128 + (pixels - np.float32(128)) * np.float32(FADED_SHARE)
    whole: NDArray[np.uint8] = np.rint(faded).astype(np.uint8)
    return whole


def gaussian_noise(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Adds Gaussian noise, in each channel by itself, of deviation `NOISE_SIGMA`."""
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(NOISE_SIGMA)
    noisy: NDArray[np.uint8] = np.rint((pixels + noise).clip(0, 255)).astype(np.uint8)
    return noisy


def salt_and_pepper(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turns a share of `SALTED_SHARE` of the pixels white or black, as many of each."""
    drawn = rng.random(pixels.shape[:2], np.float32)
    salted = pixels.copy()
    salted[drawn < SALTED_SHARE / 2] = 0
    salted[drawn > 1 - SALTED_SHARE / 2] = 255
    return salted


DEGRADATIONS: Mapping[str, Degradation] = {
    "dark": darken,
    "faded": fade,
    "noisy": gaussian_noise,
    "salted": salt_and_pepper,
}
