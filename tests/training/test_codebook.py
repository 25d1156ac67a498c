"""Encodings of a toy vocabulary, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barkive.errors import DataError
from barkive.training.codebook import ENCODERS, describe, fit_codebook, histogram, vlad

CENTRES = np.array([[0, 0], [10, 0]], np.float32)
# Three near the first word, (3, 0), (0, 4), (0, 0), and one near the second, (10, 5).
DESCRIPTORS = np.array([[3, 0], [10, 5], [0, 4], [0, 0]], np.float32)


def test_a_histogram_is_the_root_of_the_shares():
    encoded = histogram(DESCRIPTORS, CENTRES)
    assert encoded == pytest.approx([0.75**0.5, 0.5])
    assert encoded.dtype == np.float32


def test_vlad_sums_the_differences_of_each_word_and_normalises_twice():
    # Sums (3, 4) and (0, 5), each of length 5; then two words of length 1.
    encoded = vlad(DESCRIPTORS, CENTRES)
    assert encoded == pytest.approx(np.array([0.6, 0.8, 0, 1]) / 2**0.5)
    assert encoded.dtype == np.float32


def test_a_word_that_does_not_occur_stays_zero():
    only = DESCRIPTORS[[0, 2]]
    assert histogram(only, CENTRES).tolist() == [1, 0]
    assert vlad(only, CENTRES) == pytest.approx([0.6, 0.8, 0, 0])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(ENCODERS)),
    st.integers(0, 40),
    st.integers(1, 9),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
def test_any_encoding_has_length_1_or_0_and_forgets_the_order(name, m, words, channels, seed):
    rng = np.random.default_rng(seed)
    descriptors = rng.normal(size=(m, channels)).astype(np.float32)
    centres = rng.normal(size=(words, channels)).astype(np.float32)
    encoded = ENCODERS[name](descriptors, centres)
    assert encoded.shape == ({"vlad": words * channels, "histogram": words}[name],)
    assert np.linalg.norm(encoded) == pytest.approx(1 if m else 0, abs=1e-5)
    assert ENCODERS[name](descriptors[::-1], centres) == pytest.approx(encoded, abs=1e-4)


def clusters():
    rng = np.random.default_rng(0)
    return (np.repeat([[0, 0], [9, 0], [0, 9]], 50, axis=0) + rng.normal(size=(150, 2)) / 3).astype(
        np.float32
    )


def test_a_vocabulary_is_the_centres_of_the_clusters():
    centres = fit_codebook(clusters(), 3, seed=0)
    assert centres.shape == (3, 2)
    assert centres[np.lexsort(centres.round().T)] == pytest.approx(
        np.array([[0, 0], [9, 0], [0, 9]]), abs=0.3
    )


def test_the_seed_alone_decides_the_vocabulary():
    sample = np.random.default_rng(0).random((500, 8), np.float32)
    first = fit_codebook(sample, 12, seed=1)
    assert np.array_equal(first, fit_codebook(sample, 12, seed=1))
    assert not np.array_equal(first, fit_codebook(sample, 12, seed=2))


def test_fewer_descriptors_than_words_are_refused():
    with pytest.raises(DataError, match="hold 4 descriptors, and a vocabulary of 5 words"):
        fit_codebook(DESCRIPTORS, 5, seed=0)


@pytest.mark.parametrize("sampling", ["dense", "sparse"])
def test_descriptors_have_length_1(sampling):
    patches = np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    pixels = patches.repeat(8, axis=0).repeat(8, axis=1)
    described = describe(pixels, sampling)
    assert described.dtype == np.float32
    assert len(described) > 20
    assert np.linalg.norm(described, axis=1) == pytest.approx(1, abs=1e-5)
    assert describe(np.zeros((64, 64, 3), np.uint8), sampling).shape == (0, 128)
