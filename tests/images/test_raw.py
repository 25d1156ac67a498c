"""RAW files that are made here: a thumbnail, a picture to show the photo by, and noise."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from barkive.errors import PhotoError
from barkive.images import decode, describe
from barkive.images.decode import sniff
from barkive.images.raw import preview

MADE = {271: "Nikon", 272: "D70", 274: 6, 306: "2026:05:31 14:22:33"}
NOISE = b"\xff\xd8\xff\x00\xff\xd8\xff\xd9" * 50


def jpeg(size: tuple[int, int], colour: str, **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", **options)
    return file.getvalue()


def tiff(said: dict[int, object]) -> bytes:
    """A TIFF file whose only picture is a thumbnail."""
    file = io.BytesIO()
    Image.new("RGB", (160, 120), "blue").save(file, "TIFF", tiffinfo=said)
    return file.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


SHOWN = jpeg((160, 120), "blue") + NOISE + jpeg((1200, 800), "red")


def of_fuji() -> bytes:
    exif = Image.Exif()
    exif.update(MADE)
    return b"FUJIFILMCCD-RAW 0201" + jpeg((1200, 800), "red", exif=exif)


RAW = {
    "NEF": tiff({**MADE, 254: 1}) + SHOWN,
    "DNG": tiff({**MADE, 50706: b"\1\4\0\0"}) + SHOWN,
    "RW2": b"IIU\0" + tiff(MADE)[4:] + SHOWN,
    "CR3": box(b"ftyp", b"crx \0\0\0\1crx ") + box(b"CMT1", tiff(MADE)) + SHOWN,
    "RAF": of_fuji(),
}


@pytest.mark.parametrize("kind", RAW)
def test_a_raw_file_is_the_picture_in_it(kind):
    content = RAW[kind]
    assert sniff(content) == "RAW"
    header = describe(content)
    assert (header.width, header.height, header.format, header.orientation) == (800, 1200, "RAW", 6)
    assert (str(header.taken_at), header.camera) == ("2026-05-31 14:22:33", "Nikon D70")
    pixels = decode(content)
    assert pixels.shape == (1200, 800, 3)
    assert pixels[600, 400].tolist() == [254, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        tiff({254: 1}) + jpeg((320, 240), "red"),
        tiff({254: 1}) + jpeg((1200, 800), "red")[:-300],
        b"FUJIFILMCCD-RAW",
        b"IIU\0" + NOISE * 100,
    ],
)
def test_one_without_such_a_picture_is_not_judged_by_its_thumbnail(content):
    for read in (decode, describe, preview):
        with pytest.raises(PhotoError) as caught:
            read(content)
        assert caught.value.code == "photo_raw_without_preview"


def test_a_plain_tiff_is_none():
    assert sniff(tiff(MADE)) == "TIFF"
    assert decode(tiff(MADE)).shape == (160, 120, 3)
    # Only the beginning, as of a file that is looked at.
    assert sniff(RAW["NEF"][:8]) == "TIFF"


@pytest.mark.parametrize(
    "content",
    [
        box(b"ftyp", b"isom\0\0\2\0isomiso2mp41"),
        b"RIFF\0\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3\1\0\0\0",
        b"\0\0\1\xba\x44\0\4\0",
    ],
)
def test_a_video_is_called_one(content):
    with pytest.raises(PhotoError) as caught:
        decode(content)
    assert caught.value.code == "photo_is_video"
