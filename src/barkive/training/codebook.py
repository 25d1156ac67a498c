"""Visual words: from descriptors to a codebook, and from a photo's descriptors to one vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from barkive.errors import DataError
from barkive.images.keypoints import dense_descriptors, find_keypoints

Floats = NDArray[np.float32]

Sampling = Literal["dense", "sparse"]
"""Descriptors on a grid, or at key points."""

Encoding = Literal["vlad", "histogram"]

_MOST_KEYPOINTS = 1000
_ROUNDS = 20


def describe(pixels: NDArray[np.uint8], sampling: Sampling) -> Floats:
    """The descriptors of a photo, as RootSIFT.

    Arandjelović and Zisserman, 2012, "Three Things Everyone Should Know to Improve Object
    Retrieval": of a descriptor that sums to 1 the root, so that Euclidean distances compare
    histograms as the Hellinger kernel does.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        sampling: On a grid or at key points.

    Returns:
        Shape (m, 128), each row of length 1.
    """
    descriptors = (
        dense_descriptors(pixels)
        if sampling == "dense"
        else find_keypoints(pixels, _MOST_KEYPOINTS).descriptors
    )
    rooted: Floats = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1))
    return rooted


def fit_codebook(descriptors: Floats, words: int, seed: int) -> Floats:
    """The centres of a k-means clustering (k-means++, Arthur and Vassilvitskii, 2007).

    Args:
        descriptors: A sample of those in the training photos, shape (n, channels).
        words: How many centres.
        seed: The same seed gives the same codebook.

    Returns:
        Shape (words, channels).

    Raises:
        DataError: There are fewer descriptors than words.
    """
    import cv2

    if len(descriptors) < words:
        raise DataError("words_too_few_descriptors", count=len(descriptors), words=words)
    cv2.setRNGSeed(seed)
    until = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, _ROUNDS, 1e-4)
    labels = np.empty((len(descriptors), 1), np.int32)
    centres = cv2.kmeans(descriptors, words, labels, until, 1, cv2.KMEANS_PP_CENTERS)[2]
    return np.asarray(centres, np.float32)


def histogram(descriptors: Floats, centres: Floats) -> Floats:
    """The root of the share of each word, so that it has length 1 (the Hellinger kernel).

    Args:
        descriptors: Of one photo, shape (m, channels).
        centres: The codebook, shape (words, channels).

    Returns:
        Shape (words,); zeros for a photo without descriptors.
    """
    counts = np.bincount(_nearest(descriptors, centres), minlength=len(centres))
    shares: Floats = np.sqrt(counts / max(counts.sum(), 1)).astype(np.float32)
    return shares


def vlad(descriptors: Floats, centres: Floats) -> Floats:
    """For each word the sum of the differences between its descriptors and itself.

    Jégou et al., 2010, "Aggregating Local Descriptors into a Compact Image Representation",
    each word's sum normalised (Arandjelović and Zisserman, 2013, "All about VLAD"): else
    words that come in bursts, such as grass, drown the others.

    Args:
        descriptors: Of one photo, shape (m, channels).
        centres: The codebook, shape (words, channels).

    Returns:
        Shape (words * channels,), of length 1; zeros for a photo without descriptors.
    """
    member = (_nearest(descriptors, centres)[:, np.newaxis] == np.arange(len(centres))).astype(
        np.float32
    )
    sums = member.T @ descriptors - member.sum(axis=0)[:, np.newaxis] * centres
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    flat: Floats = sums.ravel()
    flat /= np.maximum(np.linalg.norm(flat), 1e-12)
    return flat


ENCODERS: Mapping[Encoding, Callable[[Floats, Floats], Floats]] = {
    "vlad": vlad,
    "histogram": histogram,
}


def _nearest(descriptors: Floats, centres: Floats) -> NDArray[np.intp]:
    """Each descriptor's word, (m, channels) → (m,)."""
    nearest: NDArray[np.intp] = np.argmin(
        np.square(centres).sum(axis=1) - 2 * descriptors @ centres.T, axis=1
    )
    return nearest
