import math

import pytest

from barkive.exploration.outliers import find_outliers


def found(photos):
    return {
        by.measure.key: [(one.photo, by.reason(one)) for one in by.found]
        for by in find_outliers(photos)
        if by.found
    }


def test_photos_unlike_the_rest_are_found_and_the_reason_named(record):
    photos = [record(brightness=100 + i % 11, sharpness=400 + 20 * (i % 11)) for i in range(40)]
    photos += [record(brightness=3), record(sharpness=2), record(size=(4000, 500))]
    assert found(photos) == {
        "megapixels": [(42, "very large")],
        "aspect_ratio": [(42, "very wide")],
        "bytes_per_pixel": [(42, "heavily compressed")],
        "brightness": [(40, "very dark")],
        "sharpness": [(41, "blurred")],
    }


def test_the_most_extreme_comes_first_from_either_side(record):
    photos = [record(brightness=100 + i % 11) for i in range(40)]
    photos += [record(brightness=value) for value in (200, 2, 240)]
    assert found(photos) == {
        "brightness": [(42, "very bright"), (41, "very dark"), (40, "very bright")]
    }


def test_the_fences_are_those_of_tukey(record):
    photos = [record(brightness=value) for value in range(101)]
    by = next(by for by in find_outliers(photos) if by.measure.key == "brightness")
    assert (by.low, by.high) == (-125, 225)
    assert by.found == ()


def test_sizes_are_judged_by_ratio(record):
    photos = [record(size=(side, side)) for side in (100, 100, 200, 200, 400, 400)]
    by = next(by for by in find_outliers(photos) if by.measure.key == "megapixels")
    quartiles = math.log(0.01) + 1.25 * math.log(0.16 / 0.01) / 5
    assert by.low < math.exp(quartiles) < by.high
    assert by.low > 0


def test_small_differences_among_equals_are_none(record):
    photos = [record()] * 50
    assert found([*photos, record(size=(520, 410), brightness=140, contrast=60, noise=2.5)]) == {}
    assert found([*photos, record(brightness=151)]) == {"brightness": [(50, "very bright")]}


def test_excess_is_one_at_the_fence(record):
    photos = [*[record()] * 50, record(brightness=120 + 60)]
    (one,) = (one for by in find_outliers(photos) for one in by.found)
    assert one.excess == pytest.approx(2)
    assert one.value == 180


@pytest.mark.parametrize("count", [1, 2])
def test_few_photos_have_no_outliers(record, count):
    photos = [record(brightness=0, size=(1, 1), sharpness=0), record(brightness=255)][:count]
    assert found(photos) == {}
