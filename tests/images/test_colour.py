from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from barkive.images import decode

R, G, B, W = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def corners(pixels: np.ndarray) -> np.ndarray:
    """The middles of the four quadrants."""
    height, width = pixels.shape[:2]
    rows, columns = [height // 4, height * 3 // 4], [width // 4, width * 3 // 4]
    return pixels[np.ix_(rows, columns)].reshape(4, 3).astype(int)


def assert_shows(pixels: np.ndarray, expected: tuple[tuple[int, int, int], ...], within: int = 0):
    np.testing.assert_allclose(corners(pixels), expected, atol=within)


@pytest.mark.parametrize("mode", ["RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "P", "RGBa"])
def test_colour_modes(quadrants, mode):
    assert_shows(
        decode(
            quadrants.convert("RGBA").convert(mode) if mode == "RGBa" else quadrants.convert(mode)
        ),
        (R, G, B, W),
        within=2,
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "PA"])
def test_grey_modes(mode):
    image = Image.new("L", (4, 4), 255)
    image = image.convert("LA").convert(mode) if mode in ("La", "PA") else image.convert(mode)
    assert (decode(image) == 255).all()


def test_lab():
    lab = Image.merge("LAB", [Image.new("L", (4, 4), level) for level in (255, 128, 128)])
    np.testing.assert_allclose(decode(lab), 255, atol=3)


def test_cmyk_jpeg(quadrants):
    assert_shows(decode(saved(quadrants.convert("CMYK"), "JPEG", quality=95)), (R, G, B, W), 4)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.array([[0, 32896, 65535]], np.uint16), [0, 128, 255]),
        (np.array([[0, 32896, 65535]], np.int32), [0, 128, 255]),
        (np.array([[-5, 0, 200]], np.int32), [0, 0, 200]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 250]], np.float32), [0, 100, 250]),
        (np.array([[np.nan, np.inf, 1e6]], np.float32), [0, 0, 255]),
        (np.array([[-1, -2, 0]], np.float32), [0, 0, 0]),
    ],
)
def test_deep_greys(levels, expected):
    content = saved(Image.fromarray(levels), "TIFF")
    assert decode(content)[0, :, 0].tolist() == expected


def test_16_bit_png():
    levels = Image.fromarray(np.array([[0, 32896, 65535]], np.uint16))
    assert decode(saved(levels, "PNG"))[0, :, 2].tolist() == [0, 128, 255]


def test_transparency_is_laid_on_white():
    half_red = Image.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert decode(saved(half_red, "PNG"))[0, 0].tolist() == [255, 127, 127]
    black = Image.new("LA", (2, 2), (0, 0))
    assert decode(saved(black, "PNG"))[0, 0].tolist() == [255, 255, 255]
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([0, 0, 0, 0, 0, 255])
    assert decode(saved(palette, "PNG", transparency=1))[0, 0].tolist() == [255, 255, 255]
    assert decode(saved(palette, "PNG", transparency=b"\0\xff"))[0, 0].tolist() == [0, 0, 255]
    keyed = Image.new("RGB", (2, 2), (9, 8, 7))
    assert decode(saved(keyed, "PNG", transparency=(9, 8, 7)))[0, 0].tolist() == [255, 255, 255]


def icc_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A minimal ICC version 2 display profile."""
    header = bytearray(128)
    header[8:12] = b"\x02\x10\0\0"
    header[12:24] = b"mntr" + space + b"XYZ "
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">2I", 132 + 12 * len(tags) + len(data), len(content))
        data += content
    profile = header + table + data
    profile[:4] = struct.pack(">I", len(profile))
    return bytes(profile)


def xyz(*coordinates: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(c * 65536) for c in coordinates))


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256)) + b"\0\0"


WHITE_POINT = {b"wtpt": xyz(0.9642, 1, 0.8249)}
# sRGB's own primaries, red and blue exchanged: whoever ignores the profile sees it.
EXCHANGED = icc_profile(
    b"RGB ",
    WHITE_POINT
    | {
        b"rXYZ": xyz(0.1431, 0.0606, 0.7139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.4360, 0.2225, 0.0139),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(2.2)),
    },
)
LINEAR_GREY = icc_profile(b"GRAY", WHITE_POINT | {b"kTRC": gamma(1)})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_colour_profiles_are_converted_to_srgb(quadrants, kind):
    pixels = decode(saved(quadrants, kind, icc_profile=EXCHANGED, quality=95))
    assert_shows(pixels, (B, G, R, W), within=6)


def test_grey_profiles():
    grey = Image.new("L", (8, 8), 55)  # linear light of 0.216 is level 128 in sRGB
    np.testing.assert_allclose(decode(saved(grey, "PNG", icc_profile=LINEAR_GREY)), 128, atol=1)


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        EXCHANGED[:200],
        LINEAR_GREY,  # of other bands than the picture
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ],
)
def test_profiles_without_use_change_nothing(quadrants, profile):
    pixels = decode(saved(quadrants, "PNG", icc_profile=profile))
    np.testing.assert_array_equal(pixels, np.asarray(quadrants))
