"""Key points on pictures whose corners and blobs are known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from barkive.errors import MissingExtraError, UsageError
from barkive.images.keypoints import dense_descriptors, draw_keypoints, find_keypoints


def blob(direction: float, side: int = 121) -> np.ndarray:
    """A bright disc of radius 9 in the middle of a ramp that grows brighter in a direction."""
    y, x = np.mgrid[:side, :side] - side // 2
    turned = x * np.cos(np.deg2rad(direction)) + y * np.sin(np.deg2rad(direction))
    grey = 90 + turned / 2 + 60 * (x**2 + y**2 < 80)
    return np.stack([grey.astype(np.uint8)] * 3, axis=2)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("direction", [0, 90, 180, 270])
def test_a_blob_is_found_where_it_lies_as_large_as_it_is_and_turned_as_it_is(direction):
    found = find_keypoints(blob(direction))
    assert len(found) == 1
    assert found.positions[0] == pytest.approx([60, 60], abs=0.02)
    assert found.sizes[0] == pytest.approx(11.2, abs=0.2)
    turned = (found.orientations[0] - direction + 180) % 360 - 180
    assert turned == pytest.approx(0, abs=1)
    assert found.strengths[0] > 0.02


def test_a_turned_picture_has_the_same_descriptors():
    first, second = (find_keypoints(blob(direction)).descriptors[0] for direction in (0, 90))
    assert np.abs(first - second).max() <= 5
    assert first.max() > 100


def test_a_large_photo_is_searched_small_and_answered_in_its_own_pixels():
    enlarged = np.asarray(Image.fromarray(blob(0)).resize((1936, 1936)))
    found = find_keypoints(enlarged, 1)
    # Sixteen times the blob of above, whose middle, (60, 60), comes to lie between two pixels.
    assert found.positions[0] == pytest.approx([967.5, 967.5], abs=1)
    assert found.sizes[0] == pytest.approx(16 * 11.2, abs=4)


def patches(seed: int = 0) -> np.ndarray:
    return noise(12, 15, seed).repeat(8, axis=0).repeat(8, axis=1)


def test_the_strongest_come_first_and_a_limit_keeps_them():
    every, some = find_keypoints(patches(), 10_000), find_keypoints(patches(), 7)
    assert len(every) > 50
    assert len(some) == 7
    assert (np.diff(every.strengths) <= 0).all()
    assert some.strengths.tolist() == every.strengths[:7].tolist()


def test_the_same_picture_gives_the_same_key_points():
    first, second = find_keypoints(patches()), find_keypoints(patches())
    for field in ("positions", "sizes", "orientations", "strengths", "descriptors"):
        assert np.array_equal(getattr(first, field), getattr(second, field))


@pytest.mark.parametrize("pixels", [np.full((60, 60, 3), 80, np.uint8), noise(1, 1), noise(1, 40)])
def test_what_has_no_structure_has_no_key_points(pixels):
    found = find_keypoints(pixels)
    assert len(found) == 0
    assert found.positions.shape == (0, 2)
    assert found.descriptors.shape == (0, 128)
    assert found.sizes.shape == found.orientations.shape == found.strengths.shape == (0,)
    assert draw_keypoints(pixels, found).dtype == np.uint8


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 20))
def test_any_size_keeps_the_promised_shapes(height, width, limit):
    pixels = noise(height, width)
    before = pixels.copy()
    found = find_keypoints(pixels, limit)
    count = len(found)
    assert count <= limit
    assert found.positions.shape == (count, 2)
    assert found.descriptors.shape == (count, 128)
    assert all(
        values.dtype == np.float32
        for values in (found.positions, found.sizes, found.orientations, found.descriptors)
    )
    assert ((found.orientations >= 0) & (found.orientations < 360)).all()
    assert (found.positions > -1).all()
    assert (found.positions < [width, height]).all()
    drawn = draw_keypoints(pixels, found)
    assert drawn.shape == (4 * height, 4 * width, 3)
    dense = dense_descriptors(pixels)
    assert dense.shape[1] == 128
    assert np.array_equal(pixels, before)


def test_a_limit_below_1_is_refused():
    with pytest.raises(UsageError, match="is 0; it must be 1 or more"):
        find_keypoints(noise(9, 9), 0)


def test_a_grid_has_a_descriptor_a_place_and_level():
    # 224 / 8 = 28 places a side, then 14, then 7.
    assert dense_descriptors(noise(224, 224)).shape == (28**2 + 14**2 + 7**2, 128)
    assert dense_descriptors(noise(224, 224), step=16, levels=1).shape == (14**2, 128)
    assert dense_descriptors(noise(40, 16), levels=1).shape == (5 * 2, 128)
    assert dense_descriptors(noise(4, 4)).shape == (0, 128)


def test_a_grid_leaves_out_what_is_flat():
    pixels = np.full((64, 64, 3), 30, np.uint8)
    assert dense_descriptors(pixels).shape == (0, 128)
    pixels[:, 32:] = 200
    assert 0 < len(dense_descriptors(pixels, levels=1)) < 64


def test_the_directions_of_a_grid_are_upright():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 255
    one, other = (
        dense_descriptors(pixels, levels=1).mean(axis=0).reshape(16, 8).sum(axis=0)
        for pixels in (stripes, stripes.transpose(1, 0, 2))
    )
    # Of eight directions from the right on, vertical stripes have the first and the fifth.
    assert one[[0, 4]].sum() > 0.9 * one.sum()
    assert other[[2, 6]].sum() > 0.9 * other.sum()


def test_a_drawing_has_circle_and_line_where_they_belong():
    pixels = blob(0)
    found = find_keypoints(pixels)
    drawn = draw_keypoints(pixels, found)
    assert drawn.shape == (484, 484, 3)
    yellow = (drawn[..., 0] > 200) & (drawn[..., 1] > 180) & (drawn[..., 2] < 90)
    rows, columns = np.nonzero(yellow)
    # Centre (60 + 0.5) * 4 - 0.5 = 241.5, radius 11.2 / 2 * 4 = 22.3.
    distance = np.hypot(rows - 241.5, columns - 241.5)
    assert distance.max() == pytest.approx(22.3, abs=2)
    inside = distance < 18
    assert (columns[inside] > 239).all()
    assert np.abs(rows[inside] - 241.5).max() < 2.5
    assert columns[inside].max() > 257


def test_a_drawing_of_a_large_photo_is_shrunk():
    pixels = noise(40, 3000)
    assert draw_keypoints(pixels, find_keypoints(pixels)).shape == (14, 1024, 3)


@pytest.mark.parametrize("function", [find_keypoints, dense_descriptors])
def test_without_opencv_the_extra_is_named(function, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"Finding key points.*'barkive\[enhance\]'"):
        function(noise(9, 9))


def test_threads_may_be_the_first_to_need_opencv():
    """In a process of its own, because here it is imported already."""
    program = (
        "import numpy as np\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from barkive.images.keypoints import find_keypoints\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(sum(map(len, pool.map(find_keypoints, [np.zeros((9, 9, 3), 'u1')] * 16))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "0\n", done.stderr
