"""Large photos: read in strips to the same pixels, within a budget, or refused in a sentence."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from barkive.errors import PhotoError
from barkive.images import LargePhotoError, decode, describe
from barkive.images.memory import budget

decoding = sys.modules["barkive.images.decode"]  # the name is taken by the function

WIDTH, HEIGHT = 67, 101


@pytest.fixture
def in_strips(monkeypatch):
    """Has every photo be large, and strips be of a few rows."""

    def now() -> None:
        monkeypatch.setattr(decoding, "_LARGE_MEGAPIXELS", 0)
        monkeypatch.setattr(decoding, "_STRIP_PIXELS", 7 * WIDTH)

    return now


def picture(mode: str) -> Image.Image:
    """Soft and rough places, so that the encoder chooses each of a PNG's filters."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    base = np.stack([3 * x + y, 255 - x - 2 * y, x * y // 16, 255 - x], axis=-1) % 256
    base[40:60] = rng.integers(0, 256, (20, WIDTH, 4))
    levels = base.astype(np.uint8)
    if mode == "I;16":
        return Image.fromarray(levels[..., 0].astype(np.uint16) * 251 + levels[..., 1])
    if mode == "I":
        return Image.fromarray(levels[..., 0].astype(np.int32) * 1000)
    if mode == "F":
        return Image.fromarray(levels[..., 0].astype(np.float32) / 300)
    if mode == "LA":
        return Image.merge("LA", [Image.fromarray(levels[..., i]) for i in (0, 3)])
    if mode == "RGBA":
        return Image.fromarray(levels)
    image = Image.fromarray(np.ascontiguousarray(levels[..., :3]))
    return image.quantize(200) if mode == "P" else image.convert(mode)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def deep_png(kind: int, bands: int) -> bytes:
    """A PNG of 16 bits a band, which Pillow can't write; each row has another filter."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (HEIGHT, 1 + WIDTH * bands * 2)).astype(np.uint8)
    rows[:, 0] = np.arange(HEIGHT) % 5
    return png(16, kind, rows.tobytes())


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(depth: int, kind: int, rows: bytes, *behind: bytes) -> bytes:
    stream = zlib.compress(rows)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">2I5B", WIDTH, HEIGHT, depth, kind, 0, 0, 0)),
            # In pieces, as encoders write it.
            *(chunk(b"IDAT", stream[i : i + 100]) for i in range(0, len(stream), 100)),
            *behind,
            chunk(b"IEND", b""),
        ]
    )


PNGS = {
    **{mode: encoded(picture(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")},
    "2 bits": encoded(picture("RGB").quantize(4), "PNG", bits=2),
    "4 bits": encoded(picture("RGB").quantize(16), "PNG", bits=4),
    "I;16": encoded(picture("I;16"), "PNG"),
    "palette with transparency": encoded(picture("P"), "PNG", transparency=bytes(range(200))),
    "transparent grey": encoded(picture("L"), "PNG", transparency=17),
    "transparent colour": encoded(picture("RGB"), "PNG", transparency=(3, 252, 0)),
    "deep grey with alpha": deep_png(4, 2),
    "deep colour": deep_png(2, 3),
    "deep colour with alpha": deep_png(6, 4),
    "deep grey": deep_png(0, 1),
}


@pytest.mark.parametrize("side", [None, 9, 24])
@pytest.mark.parametrize("name", PNGS)
def test_a_large_png_has_the_same_pixels(name, side, in_strips):
    whole = decode(PNGS[name], shorter_side=side)
    in_strips()
    np.testing.assert_array_equal(decode(PNGS[name], shorter_side=side), whole)


@pytest.mark.parametrize("side", [None, 9])
@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *[(mode, "TIFF") for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F")],
        ("P", "GIF"),
        ("RGB", "BMP"),
        ("RGBA", "WEBP"),
        ("RGB", "AVIF"),
        ("CMYK", "JPEG"),
        ("RGB", "JPEG"),
    ],
)
def test_other_large_photos_have_the_same_pixels(mode, kind, side, in_strips):
    content = encoded(picture(mode), kind)
    whole = decode(content, shorter_side=side)
    in_strips()
    np.testing.assert_array_equal(decode(content, shorter_side=side), whole)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_large_heic_has_the_same_pixels(mode, in_strips):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(picture(mode)).save(file)
    whole = decode(file.getvalue())
    in_strips()
    np.testing.assert_array_equal(decode(file.getvalue()), whole)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_large_photos_are_turned_upright(kind, orientation, in_strips):
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(picture("RGB"), kind, exif=exif)
    whole, header = decode(content), describe(content)
    in_strips()
    np.testing.assert_array_equal(decode(content), whole)
    assert describe(content) == header
    assert (header.height, header.width) == whole.shape[:2]


def test_an_orientation_behind_the_picture(in_strips, monkeypatch):
    exif = Image.Exif()
    exif[274] = 6
    rows = bytes(HEIGHT * (WIDTH + 1))
    content = png(8, 0, rows, chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")))
    in_strips()
    load, loaded = PngImagePlugin.PngImageFile.load, []

    def told(image):
        loaded.append(image.size)
        return load(image)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", told)
    assert decode(content).shape == (WIDTH, HEIGHT, 3)
    assert describe(content).orientation == 6
    assert set(loaded) == {(1, 1)}  # never the whole


def test_a_large_png_that_is_cut_off_or_damaged(in_strips):
    in_strips()
    content = PNGS["RGB"]
    with pytest.raises(PhotoError, match=r"^The file is cut off: the picture ends early\.$"):
        decode(content[: len(content) // 2])
    middle = len(content) // 2
    broken = content[:middle] + bytes(64) + content[middle + 64 :]
    with pytest.raises(PhotoError, match=r"^The file is (damaged|cut off)"):
        decode(broken)
    with pytest.raises(PhotoError, match=r"^The file is damaged"):
        decode(png(8, 0, b"\x09" * (HEIGHT * (WIDTH + 1))))


def test_what_does_not_fit_the_budget_is_refused(monkeypatch):
    monkeypatch.setattr(budget(), "limit", 50_000)
    with pytest.raises(PhotoError) as caught:
        decode(encoded(picture("RGB"), "WEBP"))
    assert str(caught.value) == (
        "Decoding it needs 1 MB of memory; the limit is 1 MB (--memory or BARKIVE_MEMORY)."
    )


def test_a_jpeg_of_several_scans_needs_its_coefficients(monkeypatch):
    image = Image.new("RGB", (4000, 4000))
    options = {"subsampling": "4:2:0", "quality": 20}
    once = encoded(image, "JPEG", **options)
    often = encoded(image, "JPEG", progressive=True, **options)
    # 16 million pixels of 1.5 samples of 2 bytes; at an eighth of the scale nearly nothing.
    monkeypatch.setattr(budget(), "limit", 40 * 10**6)
    assert decode(once, shorter_side=500).shape == (500, 500, 3)
    with pytest.raises(PhotoError, match=r"^Decoding it needs 58 MB of memory"):
        decode(often, shorter_side=500)


def test_large_photos_are_left_where_nobody_waits_for_them(monkeypatch):
    content = encoded(picture("RGB"), "PNG")
    assert decode(content, large=False).shape == (HEIGHT, WIDTH, 3)
    monkeypatch.setattr(decoding, "_LARGE_MEGAPIXELS", 0)
    with pytest.raises(LargePhotoError):
        decode(content, large=False)
    monkeypatch.setattr(decoding, "_LARGE_MEGAPIXELS", 50)
    monkeypatch.setattr(decoding, "_LARGE_BYTES", 1000)
    with pytest.raises(LargePhotoError):
        decode(content, large=False)
