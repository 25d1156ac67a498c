"""What can't be read becomes a reason: never another exception, a warning or a hang."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from barkive.errors import PhotoError
from barkive.images import decode

NOT_A_PHOTO = (
    "It is not a photo in a format that Barkive reads "
    "(JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, RAW)."
)


def reason(photo, **options) -> str:
    with pytest.raises(PhotoError) as caught:
        decode(photo, **options)
    return str(caught.value)


def valid(kind: str, **options) -> bytes:
    patches = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    image = Image.fromarray(patches).resize((64, 48))
    exif = Image.Exif()
    exif[274] = 6
    file = io.BytesIO()
    if kind == "HEIC":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.from_pillow(image).save(file, exif=exif.tobytes())
    elif kind in ("GIF", "BMP"):
        image.save(file, kind, **options)
    else:
        image.save(file, kind, exif=exif, **options)
    return file.getvalue()


KINDS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"]


def png_chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\0" * 1000,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"P6 1 1 255\n\1\2\3",
        b"%PDF-1.7\n",
    ],
)
def test_only_listed_formats_are_read_whatever_the_name_says(tmp_path, content):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert reason(path) == NOT_A_PHOTO


def test_a_wrong_extension_does_not_matter(make_photo, tmp_path):
    path = make_photo("photo.png").rename(tmp_path / "photo.eps")
    assert decode(path).shape == (48, 64, 3)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert reason(tmp_path / "a.jpg") == "The file is empty."


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("shorter_side", [None, 6])
def test_a_jpeg_that_is_cut_off_fails_at_every_scale(options, shorter_side):
    content = valid("JPEG", **options)
    expected = "The file is cut off: the picture ends early."
    assert reason(content[:-100], shorter_side=shorter_side) == expected
    assert reason(content[: len(content) // 2], shorter_side=shorter_side) in (
        expected,
        "The file starts as JPEG does, but is damaged or cut off.",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_file_fails(kind):
    content = valid(kind)
    assert re.fullmatch(
        r"The file (is cut off: the picture ends early"
        r"|is damaged: the picture can't be decoded"
        r"|starts as \w+ does, but is damaged or cut off)\.",
        reason(content[: len(content) // 2]),
    )


@pytest.mark.parametrize(
    ("content", "megapixels"),
    [
        (png(20_000, 20_000), "400"),
        (b"GIF89a" + struct.pack("<2H", 65535, 65535) + valid("GIF")[10:], "4295"),
        (valid("BMP")[:18] + struct.pack("<2i", 30_000, 10_000) + valid("BMP")[26:], "300"),
        (
            b"II*\0\x08\0\0\0\x05\0"
            + b"".join(
                struct.pack("<2H2I", tag, 4, 1, value)
                for tag, value in [(256, 4_000_000), (257, 4_000_000), (258, 8), (262, 1), (273, 8)]
            )
            + b"\0\0\0\0",
            "16000000",
        ),
    ],
)
def test_decompression_bombs_are_refused_by_their_header(content, megapixels):
    expected = f"It has {megapixels} megapixels; the limit is 250 megapixels."
    assert reason(content) == expected


def test_a_webp_bomb():
    content = bytearray(valid("WEBP", lossless=True, quality=0))
    start = content.index(b"VP8X") + 12
    content[start : start + 6] = b"\xfe\x3f\0\xfe\x3f\0"
    assert "pixels" in reason(bytes(content))


def test_200_megapixels_of_a_phone_are_read():
    file = io.BytesIO()
    Image.new("L", (16320, 12240)).save(file, "JPEG")
    assert decode(file.getvalue(), shorter_side=224).shape == (510, 680, 3)


def test_text_bombs_are_refused():
    text = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 2_000_000))
    assert reason(png(4, 4, text)) == "The file starts as PNG does, but is damaged or cut off."


def test_a_jpeg_of_endless_scans_is_refused():
    content = valid("JPEG", progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]
    assert decode(content[:-2] + scan * 50 + b"\xff\xd9").shape == (64, 48, 3)
    expected = "It is a JPEG of more than 100 scans, which no photo has."
    assert reason(content[:-2] + scan * 100 + b"\xff\xd9") == expected


def test_paths_that_are_not_files(tmp_path, monkeypatch):
    assert reason(tmp_path) == "It is a folder, not a photo."
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert reason(tmp_path) == "No permission to open the folder."


@pytest.mark.parametrize("name", ["none.jpg", "photo.jpg/inside", "nul\0l", "\ud800.jpg"])
def test_paths_that_do_not_exist(make_photo, tmp_path, name):
    make_photo("photo.jpg")
    assert reason(f"{tmp_path}/{name}") == "The file does not exist."


def test_links_that_lead_nowhere(tmp_path):
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    assert reason(tmp_path / "loop.jpg") == "It is a symbolic link that leads back to itself."
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    assert reason(tmp_path / "gone.jpg") == "The file does not exist."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "It is a device or a pipe, not a photo."
    assert reason(os.devnull) == "It is a device or a pipe, not a photo."


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(13, "Permission denied"), "No permission to read the file."),
        (FileNotFoundError(2, "gone since"), "The file does not exist."),
        (OSError(5, "Input/output error"), "The file can't be read: Input/output error."),
    ],
)
def test_files_that_cannot_be_opened(make_photo, monkeypatch, error, expected):
    def refuse(*_):
        raise error

    path = make_photo()
    monkeypatch.setattr(sys.modules["barkive.images.decode"], "open", refuse, raising=False)
    assert reason(path) == expected


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(600 << 20)
    assert reason(tmp_path / "a.jpg") == "The file has 600 MB; the limit is 512 MB."


@pytest.mark.parametrize("name", ["with space.jpg", "été ☀ 🐕.jpg", "two\nlines.jpg", "-n.jpg"])
def test_odd_names(make_photo, name):
    assert decode(make_photo(name)).shape == (48, 64, 3)


def test_memory_that_runs_out_is_a_reason(quadrants, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(quadrants, "load", fail)
    assert reason(quadrants) == "There is not enough memory to decode it."


def assert_pixels_or_a_reason(photo: bytes, **options) -> None:
    try:
        shape = decode(photo, **options).shape
    except PhotoError as error:
        shape, message = (1, 1, 3), str(error)
    else:
        message = "None."
    assert shape[2] == 3
    assert re.fullmatch(r"[A-Z].*\.", message)


@given(st.sampled_from([b"", *(valid(kind)[:16] for kind in KINDS)]), st.binary(max_size=300))
def test_any_bytes_give_pixels_or_a_reason(start, rest):
    assert_pixels_or_a_reason(start + rest)


CONTENTS = {kind: valid(kind) for kind in KINDS}


@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=5),
    st.floats(0, 1),
    st.sampled_from([None, 10]),
)
def test_damaged_files_give_pixels_or_a_reason(kind, changes, kept, shorter_side):
    content = bytearray(CONTENTS[kind])
    for place, value in changes:
        # Most places near the start, where the headers are.
        content[int(place**3 * len(content))] = value
    content = content[: int(len(content) * kept)] if kept < 0.5 else content
    assert_pixels_or_a_reason(bytes(content), shorter_side=shorter_side)


def test_threads_agree_and_leave_the_warning_filters_alone():
    broken_exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"7" * 40
    plain = io.BytesIO()
    Image.new("RGB", (64, 48)).save(plain, "JPEG", exif=broken_exif)
    photos = [*CONTENTS.values(), plain.getvalue()] * 20
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(decode, photos))
    assert warnings.filters == before
    for one, other in zip(together, map(decode, photos), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_is_printed(capfd):
    rng = np.random.default_rng(0)
    for content in CONTENTS.values():
        for _ in range(20):
            damaged = bytearray(content)
            damaged[rng.integers(len(damaged))] ^= 255
            assert_pixels_or_a_reason(bytes(damaged))
            assert_pixels_or_a_reason(bytes(damaged[: rng.integers(len(damaged))]))
    assert capfd.readouterr() == ("", "")
