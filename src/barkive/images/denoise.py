"""Noise in photos: its kind estimated, and the filters against it.

All take RGB, uint8 of shape (height, width, 3) and any size, and never change what they
were given. The filters are OpenCV's, from the extra “enhance”. Strengths and limits were
chosen on real photos with noise added; docs/log.md has the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from barkive.images.quality import second_difference

NoiseKind = Literal["none", "gaussian", "impulse"]

_BLOCK = 16
_BLOCKS = 64
# The smoothest tenth of the blocks shows the noise and hardly any texture. It is the
# tenth where noise alone happens to be weakest, too: to 88 %.
_SMOOTHEST, _WEAKEST = 0.1, 0.88
# Where more is cut off at black or white, noise looks weaker than it is.
_CLIPPED = 0.01
_LEAST_SIGMA = 4.0
_STRONG_SIGMA = 35.0

_FOREIGN = 100
_LEAST_IMPULSES = 0.003
_SALT_OR_PEPPER, _OUTLIER = 8, 30


@dataclass(frozen=True, slots=True)
class Noise:
    """What noise was found in a photo.

    Attributes:
        kind: `none`, `gaussian` or `impulse`: what `denoise` goes by.
        sigma: The standard deviation of Gaussian noise in a channel, in grey levels;
            0 in pictures too small to tell.
        impulses: The share of channel values that are salt or pepper for certain, 0..1;
            about six tenths of those there are.
    """

    kind: NoiseKind
    sigma: float
    impulses: float


def gaussian(pixels: NDArray[np.uint8], *, sigma: float = 1.0) -> NDArray[np.uint8]:
    """Blurs with a Gaussian kernel (Gonzalez and Woods, "Digital Image Processing", 3.5).

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        sigma: The kernel's standard deviation, in pixels, above 0.
    """
    import cv2

    return cast(NDArray[np.uint8], cv2.GaussianBlur(pixels, (0, 0), sigma))


def median(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median of 3 x 3 pixels, in each channel (Tukey, 1977, "Exploratory Data Analysis").

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
    """
    import cv2

    return cast(NDArray[np.uint8], cv2.medianBlur(pixels, 3))


def bilateral(pixels: NDArray[np.uint8], *, sigma: float = 10.0) -> NDArray[np.uint8]:
    """Averages each pixel with those of its neighbours that have its colour: edges stay.

    Tomasi and Manduchi, 1998, "Bilateral Filtering for Gray and Color Images".

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        sigma: The standard deviation of the noise to remove, in grey levels, above 0.
    """
    import cv2

    return cast(NDArray[np.uint8], cv2.bilateralFilter(pixels, 7, 5 * sigma, 1.5))


def non_local_means(pixels: NDArray[np.uint8], *, sigma: float = 10.0) -> NDArray[np.uint8]:
    """Averages each pixel with those whose surroundings look like its own.

    Buades, Coll and Morel, 2005, "A Non-Local Algorithm for Image Denoising": surroundings
    of 3 x 3 pixels, searched for in 11 x 11. The slowest of the filters by far.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        sigma: The standard deviation of the noise to remove, in grey levels, above 0.
    """
    import cv2

    return cast(NDArray[np.uint8], cv2.fastNlMeansDenoising(pixels, None, 1.2 * sigma, 3, 11))


def denoise(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Estimates the kind of noise, and removes it by the method that is best against it.

    | noise | method |
    |---|---|
    | none | the pixels stay as they are |
    | salt and pepper | the median, where a pixel is black or white and differs from it (a
      switching median: Sun and Neuvo, 1994, "Detail-preserving median based filters in
      image processing"), twice |
    | Gaussian, sigma below 35 | bilateral, by the estimated sigma |
    | Gaussian, stronger | non-local means, by the estimated sigma |

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
    """
    noise = estimate_noise(pixels)
    if noise.kind == "impulse":
        return _without_impulses(pixels)
    if noise.kind == "gaussian":
        weak = noise.sigma < _STRONG_SIGMA
        return (bilateral if weak else non_local_means)(pixels, sigma=noise.sigma)
    return pixels.copy()


def estimate_noise(pixels: NDArray[np.uint8]) -> Noise:
    """Tells salt and pepper, Gaussian noise and clean photos apart.

    Salt and pepper are values of exactly 0 or 255 more than 100 levels from the median of
    their 3 x 3 neighbourhood; 0.3 % of them are more than texture makes. Gaussian noise is
    measured as Immerkær does (see `Quality.noise`), but in the smoothest blocks alone
    (Olsen, 1993, "Estimation of Noise in Images: An Evaluation"), so that fur and grass
    are not taken for it; from a sigma of 4 levels on it is called noise.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
    """
    import cv2

    extreme = (pixels == 0) | (pixels == 255)
    foreign = cv2.absdiff(pixels, median(pixels)) > _FOREIGN
    impulses = float(np.mean(extreme & foreign))
    if impulses >= _LEAST_IMPULSES:
        return Noise("impulse", _gaussian_sigma(_without_impulses(pixels)), impulses)
    sigma = _gaussian_sigma(pixels)
    return Noise("gaussian" if sigma >= _LEAST_SIGMA else "none", sigma, impulses)


def _without_impulses(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replaces near black and near white that stands alone; the second pass meets clusters."""
    import cv2

    for _ in range(2):
        middle = median(pixels)
        # Near, because JPEG blurs what was exactly black or white.
        extreme = (pixels <= _SALT_OR_PEPPER) | (pixels >= 255 - _SALT_OR_PEPPER)
        foreign = cv2.absdiff(pixels, middle) > _OUTLIER
        pixels = np.where(extreme & foreign, middle, pixels)
    return pixels


def _gaussian_sigma(pixels: NDArray[np.uint8]) -> float:
    """The noise of the smoothest blocks, in grey levels; 0 where there is none to judge by."""
    rows, columns = (side // _BLOCK for side in pixels.shape[:2])
    if not rows * columns:
        return 0.0
    blocks = pixels[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK, 3)
    # A large photo has more blocks than are needed; those looked at lie all over it.
    blocks = blocks[:: -(-rows // _BLOCKS), :, :: -(-columns // _BLOCKS)]
    blocks = blocks.transpose(1, 3, 0, 2, 4).reshape(_BLOCK, _BLOCK, -1)
    mask = second_difference(second_difference(blocks.astype(np.int16)).swapaxes(0, 1))
    sigmas = math.sqrt(math.pi / 2) / 6 * np.abs(mask).mean(axis=(0, 1))
    clipped = ((blocks == 0) | (blocks == 255)).mean(axis=(0, 1))
    judged = sigmas[clipped <= max(_CLIPPED, np.quantile(clipped, _SMOOTHEST))]
    return float(np.quantile(judged, _SMOOTHEST)) / _WEAKEST
