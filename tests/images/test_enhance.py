from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from barkive.errors import MissingExtraError, UsageError
from barkive.images import measure
from barkive.images.degrade import darken, fade
from barkive.images.enhance import (
    ADJUSTMENTS,
    check_adjustments,
    check_percentiles,
    clahe,
    enhance,
    equalize,
    parse_adjustments,
    require_adjustments,
    stretch,
)
from barkive.images.quality import luminance

RNG = np.random.default_rng(0)
PICTURES = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))


def grey(levels: object) -> np.ndarray:
    """A grey picture as RGB."""
    return np.stack([np.asarray(levels, np.uint8)] * 3, axis=2)


@pytest.fixture
def scene() -> np.ndarray:
    """A bright and a dark half, each with soft colours of little contrast."""
    levels = np.linspace(0, 20, 64)[None, :, None] + np.array([5, 0, 10])
    return np.concatenate(
        [np.tile(levels + 20, (32, 1, 1)), np.tile(levels + 200, (32, 1, 1))]
    ).astype(np.uint8)


@pytest.mark.parametrize("name", ADJUSTMENTS)
@settings(deadline=None, max_examples=30)
@given(PICTURES)
def test_each_keeps_the_shape_and_leaves_its_input_alone(name, pixels):
    before = pixels.copy()
    pixels.setflags(write=False)
    corrected = ADJUSTMENTS[name](pixels)
    assert corrected.shape == pixels.shape
    assert corrected.dtype == np.uint8
    assert corrected.flags.writeable
    assert (pixels == before).all()
    assert (ADJUSTMENTS[name](pixels) == corrected).all()


@pytest.mark.parametrize("name", ADJUSTMENTS)
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (40, 40, 40), (200, 90, 10)])
def test_a_picture_of_one_colour_stays_flat(name, colour):
    corrected = ADJUSTMENTS[name](np.full((40, 40, 3), colour, np.uint8))
    assert (corrected == corrected[0, 0]).all()
    if name != "clahe":  # it equalises a single level, too
        assert corrected[0, 0].tolist() == list(colour)


@pytest.mark.parametrize("name", ADJUSTMENTS)
def test_grey_stays_grey(name):
    corrected = ADJUSTMENTS[name](grey(RNG.integers(0, 256, (40, 50))))
    assert (corrected == corrected[..., :1]).all()


@pytest.mark.parametrize("name", ADJUSTMENTS)
def test_a_view_of_an_array_is_as_good_as_an_array(name):
    pixels = RNG.integers(0, 256, (40, 80, 3)).astype(np.uint8)[::-1, ::2]
    expected = ADJUSTMENTS[name](np.ascontiguousarray(pixels))
    assert ADJUSTMENTS[name](pixels).tolist() == expected.tolist()


def test_stretching_is_a_rule_of_three():
    levels = [[50, 75, 100, 150]]
    assert stretch(grey(levels), low=0, high=100)[..., 0].tolist() == [[0, 64, 128, 255]]


def test_stretching_cuts_off_at_the_percentiles():
    levels = np.arange(100).reshape(10, 10) + 100
    stretched = stretch(grey(levels), low=10, high=60)[..., 0].ravel()
    # 10 % of the levels are 109 or below, 60 % are 159 or below.
    assert stretched[[0, 9, 10, 34, 58, 59, 99]].tolist() == [0, 0, 5, 128, 250, 255, 255]


def test_stretching_takes_all_channels_alike():
    pixels = np.array([[[60, 60, 60], [80, 100, 110], [160, 160, 160]]], np.uint8)
    assert stretch(pixels, low=0, high=100).tolist() == [
        [[0, 0, 0], [51, 102, 128], [255, 255, 255]],
    ]


def test_a_full_range_has_nothing_to_stretch():
    pixels = grey(np.arange(256).reshape(16, 16))
    assert (stretch(pixels, low=0, high=100) == pixels).all()


@pytest.mark.parametrize("degrade", [darken, fade])
def test_stretching_undoes_what_made_a_photo_dark_or_faded(degrade):
    pixels = RNG.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    pixels[0, 0], pixels[0, 1] = 0, 255
    restored = stretch(degrade(pixels, RNG), low=0, high=100)
    assert np.abs(restored.astype(int) - pixels).max() <= 3


@pytest.mark.parametrize("ends", [(-1, 99), (50, 50), (60, 40), (1, 101), (float("nan"), 99)])
def test_percentiles_out_of_order_are_refused(ends):
    message = r"the first must be below the second, and both lie between 0 and 100\.$"
    with pytest.raises(UsageError, match=message):
        check_percentiles(*ends)
    with pytest.raises(UsageError, match=message):
        stretch(grey([[1]]), low=ends[0], high=ends[1])


def test_equalising_spreads_levels_by_their_share():
    assert equalize(grey([[10, 10, 20, 30, 31]]))[..., 0].tolist() == [[0, 0, 85, 170, 255]]


def test_equalising_moves_the_channels_of_a_pixel_alike():
    pixels = np.array([[[100, 120, 90], [10, 10, 10], [0, 0, 0]]], np.uint8)
    assert luminance(pixels).tolist() == [[111, 10, 0]]
    assert equalize(pixels).tolist() == [[[244, 255, 234], [128, 128, 128], [0, 0, 0]]]


@given(PICTURES)
def test_an_equalised_grey_picture_reaches_from_black_to_white_in_the_same_order(pixels):
    levels = pixels[..., 0]
    equalised = equalize(grey(levels))[..., 0]
    if levels.min() < levels.max():
        assert (equalised.min(), equalised.max()) == (0, 255)
        assert (np.diff(equalised.ravel()[np.argsort(levels, axis=None)].astype(int)) >= 0).all()


def test_clahe_brings_out_both_halves_where_equalising_cannot(scene):
    def contrasts(pixels):
        return [measure(half).contrast for half in (pixels[:32], pixels[32:])]

    before, after = contrasts(scene), contrasts(clahe(scene))
    assert after[0] > 1.2 * before[0]
    assert after[1] > 1.2 * before[1]


def test_clahe_keeps_the_differences_of_the_channels(scene):
    dim = scene // 2 + 40
    corrected = clahe(dim).astype(int)
    assert (corrected[..., 0] - corrected[..., 1]).tolist() == (
        dim[..., 0].astype(int) - dim[..., 1]
    ).tolist()


def test_corrections_are_applied_in_order():
    pixels = RNG.integers(90, 120, (20, 20, 3)).astype(np.uint8)
    assert (enhance(pixels, ("median", "stretch")) == stretch(ADJUSTMENTS["median"](pixels))).all()
    assert (
        enhance(pixels, ("stretch",), low=20, high=70) == stretch(pixels, low=20, high=70)
    ).all()
    assert enhance(pixels, ()) is pixels


def test_names_are_read_from_a_list():
    assert parse_adjustments(" equalize, denoise,") == ("equalize", "denoise")
    assert parse_adjustments("") == ()


def test_all_unknown_names_are_told_with_those_there_are():
    check_adjustments(tuple(ADJUSTMENTS))
    with pytest.raises(UsageError) as caught:
        check_adjustments(("sharpen", "stretch", "Stretch"))
    assert str(caught.value) == (
        "There is no correction called “sharpen” or “Stretch”; choose from: "
        "stretch, equalize, clahe, gaussian, median, bilateral, nlm, denoise."
    )


def test_opencv_is_asked_for_only_where_it_is_needed(monkeypatch):
    require_adjustments(tuple(ADJUSTMENTS))
    monkeypatch.setattr("barkive.images.enhance.importlib.util.find_spec", lambda name: None)
    require_adjustments(("stretch", "equalize"))
    with pytest.raises(MissingExtraError, match="The correction “nlm” needs the extra “enhance”"):
        require_adjustments(("stretch", "nlm", "median"))
