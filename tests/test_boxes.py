from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from barkive.boxes import Box, suppress
from barkive.errors import UsageError

LEFT = Box(0.0, 0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("other", "shared", "iou"),
    [
        (LEFT, 0.5, 1.0),
        (Box(0.5, 0.0, 0.5, 1.0), 0.0, 0.0),
        (Box(0.25, 0.0, 0.5, 1.0), 0.25, 1 / 3),
        (Box(0.1, 0.2, 0.25, 0.4), 0.1, 0.2),
        (Box(0.6, 0.6, 0.1, 0.1), 0.0, 0.0),
    ],
)
def test_how_two_boxes_lie_to_one_another(other: Box, shared: float, iou: float) -> None:
    assert LEFT.shared(other) == pytest.approx(shared)
    assert LEFT.iou(other) == other.iou(LEFT) == pytest.approx(iou)


@pytest.mark.parametrize(
    "sides",
    [
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, 1.0, -0.5),
        (-0.1, 0.0, 0.5, 0.5),
        (0.6, 0.0, 0.5, 0.5),
        (0.0, 0.0, float("nan"), 0.5),
        (0.0, 0.0, float("inf"), 0.5),
    ],
)
def test_a_box_that_is_empty_or_outside_is_refused(
    sides: tuple[float, float, float, float],
) -> None:
    with pytest.raises(UsageError, match=r"A box of .* does not lie inside the photo"):
        Box(*sides)


def test_a_box_beyond_the_photo_is_cut_to_it() -> None:
    assert Box.between(-1.0, 0.25, 0.5, 3.0) == Box(0.0, 0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    "corners",
    [(0.5, 0.0, 0.25, 1.0), (0.0, 0.5, 1.0, 0.5), (1.5, 0.0, 2.0, 1.0)],
    ids=["upside down", "no height", "outside"],
)
def test_corners_that_make_no_box_are_refused(
    corners: tuple[float, float, float, float],
) -> None:
    with pytest.raises(UsageError):
        Box.between(*corners)


def test_json_is_rounded_to_four_decimals() -> None:
    box = Box(1 / 3, 0.0, 2 / 3, 0.00005)
    assert box.to_json() == {"x": 0.3333, "y": 0.0, "width": 0.6667, "height": 0.0001}


@given(st.tuples(*[st.floats(0, 0.5)] * 2, *[st.floats(0.001, 0.5)] * 2))
def test_what_json_rounds_is_a_box_again(sides: tuple[float, float, float, float]) -> None:
    rounded = Box(**Box(*sides).to_json())
    assert rounded.iou(Box(*sides)) > 0.8


def test_suppression_keeps_the_best_of_each_heap() -> None:
    corners = np.array(
        [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [20, 5, 30, 15], [0, 0, 10, 9.9]],
        np.float32,
    )
    scores = np.array([0.5, 0.9, 0.3, 0.2, 0.9], np.float32)
    assert suppress(corners, scores, 0.6).tolist() == [1, 2, 3]
    assert suppress(corners, scores, 0.3).tolist() == [1, 2]
    assert suppress(corners[:0], scores[:0], 0.5).tolist() == []


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, Box(0.1, 0.2, 0.3, 0.5)),
        (2, Box(0.6, 0.2, 0.3, 0.5)),
        (3, Box(0.6, 0.3, 0.3, 0.5)),
        (4, Box(0.1, 0.3, 0.3, 0.5)),
        (5, Box(0.2, 0.1, 0.5, 0.3)),
        (6, Box(0.3, 0.1, 0.5, 0.3)),
        (7, Box(0.3, 0.6, 0.5, 0.3)),
        (8, Box(0.2, 0.6, 0.5, 0.3)),
    ],
)
def test_a_box_turns_with_its_picture(orientation: int, expected: Box) -> None:
    box = Box(0.1, 0.2, 0.3, 0.5)
    turned = box.turned(orientation)
    assert sides(turned) == pytest.approx(sides(expected))
    assert sides(turned.turned_back(orientation)) == pytest.approx(sides(box))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_turns_as_pillow_turns_pixels(orientation: int) -> None:
    stored = np.zeros((40, 60, 3), np.uint8)
    stored[8:28, 6:24] = 255
    image = Image.fromarray(stored)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))[..., 0]
    rows, columns = np.nonzero(upright)
    height, width = upright.shape
    found = Box.between(
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    assert sides(Box(0.1, 0.2, 0.3, 0.5).turned(orientation)) == pytest.approx(sides(found))


def sides(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


@pytest.mark.parametrize("orientation", [0, 9, -1])
def test_an_orientation_that_makes_no_sense_turns_nothing(orientation: int) -> None:
    box = Box(0.125, 0.25, 0.5, 0.25)
    assert box.turned(orientation) == box == box.turned_back(orientation)
