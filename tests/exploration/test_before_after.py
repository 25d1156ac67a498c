"""The picture of a photo before and after its adjustments."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from barkive.errors import MissingExtraError
from barkive.exploration.before_after import before_after, describe, require_matplotlib


def drawn(before, after, **words):
    content = before_after(before, after, **{"title": "dog", "adjustments": "stretch"} | words)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def coloured(height, width, colour):
    return np.full((height, width, 3), colour, np.uint8)


def test_before_is_on_the_left_and_after_on_the_right():
    before, after = coloured(300, 400, (10, 200, 30)), coloured(300, 400, (30, 10, 200))
    picture = drawn(before, after)
    half = picture.shape[1] // 2
    for side, colour in ((picture[:, :half], (10, 200, 30)), (picture[:, half:], (30, 10, 200))):
        share = (side == colour).all(axis=2).mean()
        assert share > 0.3
    assert not (picture[:, :half] == (30, 10, 200)).all(axis=2).any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 900), (900, 2)])
def test_every_shape_and_name_is_drawn_without_a_warning(height, width):
    pixels = coloured(height, width, (0, 0, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = drawn(pixels, pixels, title="cost $1^$ 犬 \\alpha_{")
    assert picture.shape[1] > 1000
    assert 500 < picture.shape[0] < 1500


def test_what_is_measured_is_told():
    rng = np.random.default_rng(0)
    flat = coloured(64, 64, (100, 100, 100))
    assert describe(flat) == (
        "brightness 100, contrast 0, sharpness 0, noise 0.0\nkind of noise: none found"
    )
    noisy = (flat + rng.normal(0, 15, flat.shape)).clip(0, 255).astype(np.uint8)
    assert describe(noisy).endswith("kind of noise: Gaussian, sigma 15")
    salted = flat.copy()
    salted[rng.random((64, 64)) < 0.05] = 255
    assert describe(salted).endswith("kind of noise: salt and pepper")


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    require_matplotlib()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="before and after needs the extra “report”"):
        require_matplotlib()
