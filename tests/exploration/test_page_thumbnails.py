import io

import pytest
from PIL import Image

from barkive.exploration.page_thumbnails import spread_out, thumbnails


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [15]), (2, [12, 17]), (5, [11, 13, 15, 17, 19]), (10, list(range(10, 20))), (99, None)],
)
def test_examples_are_spread_over_all(count, expected):
    assert spread_out(range(10, 20), count) == (expected or list(range(10, 20)))


def test_a_thumbnail_is_a_small_jpeg_of_the_same_shape(make_photo):
    path = str(make_photo(size=(1440, 720)))
    with Image.open(io.BytesIO(thumbnails([path, path])[path])) as image:
        assert (image.format, image.size) == ("JPEG", (144, 72))


def test_small_photos_stay_as_they_are_and_missing_ones_are_left_out(make_photo):
    path = str(make_photo(size=(30, 20)))
    made = thumbnails([path, "gone.jpg"])
    assert list(made) == [path]
    with Image.open(io.BytesIO(made[path])) as image:
        assert image.size == (30, 20)
