from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from barkive.errors import PhotoError
from barkive.images import decode

R, G, B, W = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)

# What the four quadrants, stored as red, green / blue, white, must show under each orientation.
UPRIGHT = {
    1: (R, G, B, W),
    2: (G, R, W, B),
    3: (W, B, G, R),
    4: (B, W, R, G),
    5: (R, B, G, W),
    6: (B, R, W, G),
    7: (W, G, B, R),
    8: (G, W, R, B),
}


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=-1, chroma=444, **options)
    return file.getvalue()


def corners(pixels: np.ndarray) -> np.ndarray:
    """The middles of the four quadrants."""
    height, width = pixels.shape[:2]
    rows, columns = [height // 4, height * 3 // 4], [width // 4, width * 3 // 4]
    return pixels[np.ix_(rows, columns)].reshape(4, 3).astype(int)


def assert_shows(pixels: np.ndarray, expected: tuple[tuple[int, int, int], ...], within: int = 0):
    np.testing.assert_allclose(corners(pixels), expected, atol=within)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("MPO", {"quality": 95, "save_all": True, "append_images": [Image.new("RGB", (40, 24))]}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("GIF", {"save_all": True, "append_images": [Image.new("RGB", (40, 24))]}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_every_format_gives_its_first_picture(quadrants, kind, options):
    pixels = decode(saved(quadrants, kind, **options))
    assert pixels.shape == (24, 40, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert_shows(pixels, (R, G, B, W), within=4)


def test_heic(quadrants):
    assert_shows(decode(heic(quadrants)), (R, G, B, W), within=4)


def test_heic_without_the_extra_names_the_command_that_installs_it(quadrants, monkeypatch):
    content = heic(quadrants)
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match=r"pip install 'barkive\[heic\]'"):
        decode(content)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_orientations(quadrants, kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    if kind == "HEIC":
        content = heic(quadrants, exif=exif.tobytes())
    else:
        content = saved(quadrants, kind, exif=exif, quality=95)
    pixels = decode(content)
    assert pixels.shape == ((24, 40, 3) if orientation < 5 else (40, 24, 3))
    assert_shows(pixels, UPRIGHT[orientation], within=4)
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(quadrants, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    assert_shows(decode(saved(quadrants, "PNG", exif=exif)), (R, G, B, W))


def test_damaged_exif_costs_nothing_but_the_orientation(quadrants):
    content = saved(
        quadrants, "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"7" * 40
    )
    assert_shows(decode(content), (R, G, B, W), within=4)


def test_pillow_images_are_turned_by_their_own_exif(quadrants):
    quadrants.getexif()[274] = 6
    assert_shows(decode(quadrants), UPRIGHT[6])


@pytest.mark.parametrize(
    ("size", "shorter_side", "expected"),
    [
        ((4000, 3000), 224, (375, 500, 3)),
        ((3000, 4000), 224, (500, 375, 3)),
        ((4000, 3000), 376, (750, 1000, 3)),
        ((500, 375), 224, (375, 500, 3)),
        ((447, 900), 224, (900, 447, 3)),
        ((448, 900), 224, (450, 224, 3)),
        ((4000, 3000), None, (3000, 4000, 3)),
    ],
)
def test_large_jpegs_are_reduced_but_never_below_what_is_asked(size, shorter_side, expected):
    content = saved(Image.new("L", size), "JPEG")
    assert decode(content, shorter_side=shorter_side).shape == expected


def test_other_formats_are_reduced_to_no_less_than_twice_what_is_asked():
    assert decode(saved(Image.new("L", (900, 600)), "PNG"), shorter_side=100).shape == (200, 300, 3)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_reduced_jpeg_shows_the_same_picture(make_photo, progressive):
    path = make_photo(size=(1600, 1200), quality=90, progressive=progressive)
    whole = Image.fromarray(decode(path)).resize((224, 168), Image.Resampling.BICUBIC)
    reduced = Image.fromarray(decode(path, shorter_side=168)).resize((224, 168))
    difference = np.asarray(whole, float) - np.asarray(reduced, float)
    assert np.abs(difference).mean() < 1


def test_arrays(quadrants):
    pixels = np.asarray(quadrants)
    np.testing.assert_array_equal(decode(pixels), pixels)
    np.testing.assert_array_equal(decode(pixels[::2, ::2]), pixels[::2, ::2])
    assert decode(np.full((2, 3), 7, np.uint8)).tolist() == [[[7, 7, 7]] * 3] * 2
    assert decode(np.full((1, 1, 4), (9, 9, 9, 0), np.uint8)).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros(4, np.uint8)]
)
def test_other_arrays_are_refused_by_shape_and_type(array):
    with pytest.raises(PhotoError, match=r"it must be uint8 of shape \(height, width\)"):
        decode(array)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0, 3)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(PhotoError, match="The array is empty"):
        decode(np.zeros(shape, np.uint8))


def test_path_types(make_photo):
    path: Path = make_photo()
    np.testing.assert_array_equal(decode(path), decode(str(path)))
    np.testing.assert_array_equal(decode(path), decode(path.read_bytes()))


@pytest.mark.parametrize(
    ("photo", "kind"), [(1, "int"), (None, "NoneType"), (bytearray(b"x"), "bytearray")]
)
def test_what_is_no_photo_is_named(photo, kind):
    with pytest.raises(PhotoError, match=f"^It is of type {kind}; give a path"):
        decode(photo)
