"""The picture that a camera puts into its RAW file to show it by.

The sensor's own data are not read. Every maker has a format of its own, but nearly all hold a
JPEG for showing the photo, so the file is searched for the largest one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from barkive.errors import PhotoError
from barkive.images import jpeg

# Fujifilm, Panasonic, Olympus, Minolta, Sigma, and Canon before 2004.
_SIGNATURES = (
    *(b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"\0MRM", b"FOVb"),
    b"II\x1a\0\0\0HEAPCCDR",
)
_TIFF = (b"II*\0", b"MM\0*")
_CANON_2, _CANON_3 = b"CR", b"ftypcrx "
# Of TIFF 6.0 and of DNG 1.7: what the first directory of a RAW file says of its picture.
_SUBFILE, _PHOTOMETRIC, _DNG_VERSION = 254, 262, 50706
_REDUCED = 1
_SENSOR = (32803, 34892)
# A preview is of a thousand pixels or more, a thumbnail of 160 to 320.
_LEAST_SIDE = 400
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; lossless ones are the sensor's
_APP1 = 0xE1
_SEGMENTS, _CANDIDATES, _TRIES = 100, 1000, 8
_SAID = (
    ExifTags.Base.Orientation,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.DateTime,
)
_SAID_OF_EXPOSURE = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


def is_raw(content: bytes) -> bool:
    """Whether a file is a camera's own format, by what is in it."""
    if content.startswith(_SIGNATURES) or content[4:12] == _CANON_3:
        return True
    if not content.startswith(_TIFF):
        return False
    if content[8:10] == _CANON_2:
        return True
    said = _first_directory(content)
    return (
        _DNG_VERSION in said or said.get(_SUBFILE) == _REDUCED or said.get(_PHOTOMETRIC) in _SENSOR
    )


def preview(content: bytes) -> bytes:
    """The largest JPEG in a RAW file.

    Returns:
        A JPEG file. Where it has no EXIF data it is given the file's orientation, date and camera.

    Raises:
        PhotoError: There is none, or only a thumbnail.
    """
    found = sorted(_frames(content), reverse=True)[:_TRIES]
    for least, _, start in found:
        if least < _LEAST_SIDE:
            break
        with suppress(IndexError):
            parts = list(jpeg.segments(content, start))
            picture = content[start : parts[-1].end]
            has_exif = any(
                one.marker == _APP1 and content[one.start + 4 :].startswith(b"Exif\0")
                for one in parts
            )
            return picture if has_exif else _with_exif(picture, content)
    raise PhotoError("photo_raw_without_preview")


def _frames(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Of each JPEG in a file its shorter side and its longer one, and where it begins."""
    at = content.find(jpeg.START)
    for _ in range(_CANDIDATES):
        if at < 0:
            return
        with suppress(IndexError):
            for _, (marker, start, _end) in zip(
                range(_SEGMENTS), jpeg.segments(content, at), strict=False
            ):
                if marker == jpeg.SOS:
                    break
                if marker in _FRAMES and content[start + 4] == 8:
                    height = int.from_bytes(content[start + 5 : start + 7], "big")
                    width = int.from_bytes(content[start + 7 : start + 9], "big")
                    yield min(width, height), max(width, height), at
                    break
        at = content.find(jpeg.START, at + 1)


def _with_exif(picture: bytes, content: bytes) -> bytes:
    said = _exif(content).tobytes()
    size = (len(said) + 2).to_bytes(2, "big")
    return picture[:2] + bytes((0xFF, _APP1)) + size + said + picture[2:]


def _exif(content: bytes) -> Image.Exif:
    """What a RAW file says of its photo, as far as a verdict and a catalogue need it."""
    said = Image.Exif()
    with suppress(Exception):  # what is damaged costs orientation and date, not the photo
        whole = Image.Exif()
        whole.load(_tiff(content))
        exposure = whole.get_ifd(ExifTags.IFD.Exif)
        said.update({tag: whole[tag] for tag in _SAID if tag in whole})
        said[ExifTags.IFD.Exif] = {
            tag: exposure[tag] for tag in _SAID_OF_EXPOSURE if tag in exposure
        }
    return said


def _tiff(content: bytes) -> bytes:
    """The directories of a RAW file as a TIFF file has them; those of Canon lie in a box."""
    if content[4:12] == _CANON_3:
        at = content.index(b"CMT1")
        size = int.from_bytes(content[at - 4 : at], "big")
        return content[at + 4 : at - 4 + size]
    start = b"MM\0*" if content.startswith(b"MM") else b"II*\0"
    return start + content[4:]


def _first_directory(content: bytes) -> dict[int, Any]:
    with suppress(Exception):
        directory = ImageFileDirectory_v2(content[:8])
        file = io.BytesIO(content)
        file.seek(directory.next)
        directory.load(file)
        tags = (_SUBFILE, _PHOTOMETRIC, _DNG_VERSION)
        return {tag: directory[tag] for tag in tags if tag in directory}
    return {}
