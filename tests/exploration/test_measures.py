import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.exploration import measures
from barkive.exploration.measures import MEASURES, distribution


def test_the_values_of_a_photo(record):
    photo = record(size=(500, 400), bytes_=60_000, brightness=1, contrast=2, sharpness=3, noise=4)
    assert {measure.key: measure.value(photo) for measure in MEASURES} == {
        "width": 500,
        "height": 400,
        "megapixels": 0.2,
        "aspect_ratio": 1.25,
        "bytes_per_pixel": 0.3,
        "brightness": 1,
        "contrast": 2,
        "sharpness": 3,
        "noise": 4,
    }


def test_a_distribution(record):
    photos = [record(brightness=value) for value in range(101)]
    spread = distribution(measures.BRIGHTNESS, photos)
    assert spread.mean == 50
    assert spread.median == 50
    assert spread.quantiles == (0, 5, 25, 50, 75, 95, 100)
    assert spread.counts.sum() == 101
    assert (spread.edges[0], spread.edges[-1]) == (0, 100)
    assert not spread.log
    assert not spread.constant


def test_sizes_far_apart_are_drawn_by_ratio(record):
    photos = [record(size=(size, 100)) for size in (100, 200, 400, 900)]
    spread = distribution(measures.WIDTH, photos)
    assert spread.log
    assert spread.edges[1] / spread.edges[0] == pytest.approx(spread.edges[-1] / spread.edges[-2])
    assert not distribution(measures.WIDTH, photos[:-1]).log


def test_all_the_same(record):
    spread = distribution(measures.WIDTH, [record(), record()])
    assert spread.constant
    assert spread.to_json() == {
        "mean": 500,
        **dict.fromkeys(("min", "p5", "q1", "median", "q3", "p95", "max"), 500),
        "histogram": {"edges": [500, 500], "photos": [2]},
    }


def test_values_that_differ_by_a_rounding_error_are_the_same(record):
    photos = [record(brightness=120.0), record(brightness=120.00000000000001)]
    assert distribution(measures.BRIGHTNESS, photos).constant


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_wild_values_give_whole_histograms_and_plain_json(values):
    photos = [SimpleNamespace(quality=SimpleNamespace(sharpness=value)) for value in values]
    spread = distribution(measures.SHARPNESS, photos)
    assert spread.counts.sum() == len(values)
    assert (np.diff(spread.edges) >= 0).all()
    json.dumps(spread.to_json(), allow_nan=False)
