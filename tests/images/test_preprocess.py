from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.errors import UsageError
from barkive.images import Preprocessing
from barkive.images.enhance import equalize, stretch

RED, GREEN, BLUE, GREY = [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]


@pytest.fixture
def wide():
    """128 x 64: red, 64 columns of green, blue."""
    pixels = np.empty((64, 128, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:96], pixels[:, 96:] = RED, GREEN, BLUE
    return pixels


def row(square, pixels):
    """Four pixels of the middle row."""
    return Preprocessing(size=32, square=square).apply(pixels)[16, [0, 5, 26, 31]].tolist()


def test_crop_keeps_the_centre(wide):
    assert row("crop", wide)[1:3] == [GREEN, GREEN]
    assert row("crop", wide.swapaxes(0, 1).copy())[1:3] == [GREEN, GREEN]


def test_squash_keeps_everything(wide):
    assert row("squash", wide) == [RED, RED, BLUE, BLUE]


def test_pad_keeps_the_shape_and_adds_grey(wide):
    assert row("pad", wide) == [RED, RED, BLUE, BLUE]
    padded = Preprocessing(size=32, square="pad").apply(wide)
    assert padded[[0, 7, 24, 31], 16].tolist() == [GREY] * 4
    assert padded[[8, 23], 16].tolist() == [GREEN] * 2


def test_pixels_of_the_right_size_are_left_alone():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert Preprocessing(size=32).apply(pixels) is pixels


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(32, 64),
    st.sampled_from(["crop", "squash", "pad"]),
)
def test_any_shape_becomes_the_square(height, width, size, square):
    pixels = np.full((height, width, 3), 128, np.uint8)
    result = Preprocessing(size=size, square=square).apply(pixels)
    assert result.shape == (size, size, 3)
    assert (result == 128).all()


def test_load_decodes_and_applies(make_photo):
    path = make_photo(size=(800, 600), quality=95)
    preprocessing = Preprocessing(size=64)
    loaded = preprocessing.load(path)
    assert loaded.shape == (64, 64, 3)
    assert loaded.dtype == np.uint8


def test_json_round_trip():
    preprocessing = Preprocessing(size=256, square="pad")
    assert preprocessing.to_json() == {"size": 256, "square": "pad"}
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


@pytest.mark.parametrize("size", [31, 1025, -1])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(UsageError, match=f"The image size is {size}; it must lie between"):
        Preprocessing(size=size)


def test_an_unknown_square_is_refused_with_the_ones_there_are():
    with pytest.raises(UsageError, match="“round” does not make a square; choose one of: crop, "):
        Preprocessing(square="round")  # type: ignore[arg-type]


def test_corrections_are_applied_in_order_to_the_square():
    pixels = np.random.default_rng(0).integers(90, 120, (64, 96, 3)).astype(np.uint8)
    square = Preprocessing(size=32).apply(pixels)
    corrected = Preprocessing(size=32, enhance=("equalize", "stretch")).apply(pixels)
    assert corrected.tolist() == stretch(equalize(square)).tolist()
    assert corrected.tolist() != equalize(stretch(square)).tolist()
    assert corrected.tolist() != square.tolist()


def test_pixels_of_the_right_size_are_corrected_too_and_stay_as_they_were():
    pixels = np.random.default_rng(0).integers(90, 120, (32, 32, 3)).astype(np.uint8)
    before = pixels.copy()
    corrected = Preprocessing(size=32, enhance=("stretch",)).apply(pixels)
    assert corrected.tolist() == stretch(before).tolist()
    assert pixels.tolist() == before.tolist()


def test_corrections_survive_the_way_through_json():
    preprocessing = Preprocessing(enhance=("equalize", "denoise"))
    entry = json.loads(json.dumps(preprocessing.to_json()))
    assert entry == {"size": 224, "square": "crop", "enhance": ["equalize", "denoise"]}
    assert Preprocessing.from_json(entry) == preprocessing


def test_unknown_corrections_are_refused_with_those_there_are():
    with pytest.raises(UsageError) as caught:
        Preprocessing(enhance=("sharpen", "stretch", "x"))
    assert str(caught.value) == (
        "There is no correction called “sharpen” or “x”; choose from: "
        "stretch, equalize, clahe, gaussian, median, bilateral, nlm, denoise."
    )


@pytest.mark.parametrize("corrections", ["stretch", 3, {"stretch": 1}, None])
def test_corrections_in_json_must_be_a_list(corrections):
    with pytest.raises(UsageError, match="they must be a list of names"):
        Preprocessing.from_json({"enhance": corrections})
