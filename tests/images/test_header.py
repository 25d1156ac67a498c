from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from barkive.errors import PhotoError
from barkive.images import Header, decode, describe


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WebP"), ("GIF", "GIF")),
        *(("BMP", "BMP"), ("TIFF", "TIFF"), ("AVIF", "AVIF")),
    ],
)
def test_size_and_format(quadrants, kind, name):
    header = describe(saved(quadrants, kind))
    assert (header.width, header.height, header.format) == (40, 24, name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_the_size_is_that_of_the_upright_photo(quadrants, kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    if kind == "HEIC":
        import pillow_heif

        file = io.BytesIO()
        pillow_heif.from_pillow(quadrants).save(file, exif=exif.tobytes())
        content = file.getvalue()
    else:
        content = saved(quadrants, kind, exif=exif)
    header = describe(content)
    assert (header.height, header.width) == decode(content).shape[:2]
    assert header.width == (40 if orientation < 5 else 24)


def test_a_png_can_hold_its_orientation_in_text(quadrants):
    exif = Image.Exif()
    exif[274] = 6
    raw = exif.tobytes()
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("Raw profile type exif", f"\nexif\n{len(raw):8}\n{raw.hex()}\n")
    content = saved(quadrants, "PNG", pnginfo=chunks)
    assert (describe(content).width, describe(content).height) == (24, 40)
    assert decode(content).shape == (40, 24, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_what_xmp_says_of_the_orientation_turns_nothing(quadrants, kind):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
        content = saved(quadrants, kind, pnginfo=chunks)
    elif kind == "TIFF":
        content = saved(quadrants, kind, tiffinfo={700: packet})
    else:
        content = saved(quadrants, kind, xmp=packet)
    header = describe(content)
    assert (header.width, header.height, header.orientation) == (40, 24, 1)
    assert decode(content).shape == (24, 40, 3)


@pytest.mark.parametrize(
    ("image", "kind", "mode"),
    [
        (Image.new("L", (5, 4)), "JPEG", "L"),
        (Image.new("CMYK", (5, 4)), "JPEG", "CMYK"),
        (Image.new("P", (5, 4)), "PNG", "P"),
        (Image.new("RGBA", (5, 4)), "PNG", "RGBA"),
        (Image.new("1", (5, 4)), "PNG", "1"),
        (Image.fromarray(np.zeros((4, 5), np.uint16)), "PNG", "I;16"),
    ],
)
def test_modes_are_those_of_the_file(image, kind, mode):
    assert describe(saved(image, kind)) == Header(5, 4, kind, mode)


@pytest.mark.parametrize("content", [b"", b"no photo", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_photo_has_no_header(content):
    with pytest.raises(PhotoError):
        describe(content)
