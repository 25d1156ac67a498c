"""Which files hold one picture: a digest of the coded picture, and a sketch of how it looks.

A file's own digest changes with every tag that a photo manager writes. The digest of the coded
picture does not: it is of what the decoder is given, and of nothing else. The sketch stays
nearly the same where the picture itself was coded anew: turned without loss, or converted.
Knows nothing of file names; which of the three decides where, `catalogue/identity` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.images import jpeg
from barkive.images.decode import sniff

_SIDE = 16
# Of 8 bits of grey: the farthest cell, and the mean of all. Of 1,000 photos coded anew or turned
# none came to more than 11 and 1.61; of the pairs of different ones the nearest had 47 and 7.65:
# see `benchmarks/fingerprints.py`.
_FARTHEST, _MEAN = 16, 2.0
# Where a picture is coded anew, all cells differ a little. A few that differ more, by this much
# and this many times what nine of ten do, are another dog before the same background.
_FEW_APART, _FEW_TIMES = 3.0, 4.0
# A picture with less contrast than this looks like many others.
_CONTRAST = 6.0

_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_WEBP_PICTURE = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}


def picture_digest(content: bytes) -> bytes | None:
    """The SHA-256 of the coded picture in a JPEG, PNG or WebP file, metadata left out.

    Of a JPEG these are its tables and scans (ITU-T T.81, annex B), of a PNG the chunks `IHDR`,
    `PLTE`, `tRNS` and `IDAT`, of a WebP its frames. Orientation and colour profile are metadata:
    a photo that is turned by a tag is the same picture. Nothing is decoded.

    Args:
        content: Of the file.

    Returns:
        32 bytes; None for another format, or a file that is cut off or damaged.
    """
    pieces = {"JPEG": _of_jpeg, "PNG": _of_png, "WebP": _of_webp}.get(sniff(content) or "")
    if pieces is None:
        return None
    digest = hashlib.sha256()
    try:
        for piece in pieces(content):
            digest.update(piece)
    except IndexError:
        return None
    return digest.digest()


def sketch(pixels: NDArray[np.uint8]) -> bytes:
    """How a photo looks from afar.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255, upright.

    Returns:
        256 bytes: 16 rows of 16 grey values, the means of the photo's parts.
    """
    grey = Image.fromarray(pixels).convert("L")
    return grey.resize((_SIDE, _SIDE), Image.Resampling.BOX).tobytes()


def is_same_look(one: bytes, other: bytes) -> bool:
    """Whether two sketches are of one picture that was coded anew, perhaps turned or mirrored.

    Not for pictures of hardly any contrast, which look like many others.
    """
    first, second = (
        np.frombuffer(x, np.uint8).reshape(_SIDE, _SIDE).astype(np.int16) for x in (one, other)
    )
    if min(first.std(), second.std()) < _CONTRAST:
        return False
    for turned in (second, second.T):
        for rows in (1, -1):
            for columns in (1, -1):
                apart = np.abs(first - turned[::rows, ::columns])
                farthest = apart.max()
                if farthest > _FARTHEST or apart.mean() > _MEAN:
                    continue
                if farthest <= _FEW_APART + _FEW_TIMES * np.quantile(apart, 0.9):
                    return True
    return False


def _of_jpeg(content: bytes) -> Iterator[memoryview]:
    """Of the first picture: all segments that are not about it, and its scans."""
    view = memoryview(content)
    for marker, start, end in jpeg.segments(content):
        if marker not in jpeg.ABOUT and marker != jpeg.EOI:
            yield view[start:end]


def _of_png(content: bytes) -> Iterator[bytes | memoryview]:
    yield from _chunks(content, 8, "big", _PNG_PICTURE)


def _of_webp(content: bytes) -> Iterator[bytes | memoryview]:
    yield from _chunks(content, 12, "little", _WEBP_PICTURE)


def _chunks(
    content: bytes, at: int, order: Literal["big", "little"], wanted: set[bytes]
) -> Iterator[bytes | memoryview]:
    """The wanted chunks of a PNG, whose numbers are big-endian, or of a WebP.

    Into how many chunks of one name the data are divided does not matter.
    """
    view = memoryview(content)
    is_png = order == "big"
    before = b""
    while is_png or at < len(content):
        head = content[at : at + 8]
        size, name = (head[:4], head[4:]) if is_png else (head[4:], head[:4])
        start, end = at + 8, at + 8 + int.from_bytes(size, order)
        if len(head) < 8 or end > len(content):
            raise IndexError
        if name in wanted:
            if name != before:
                yield name
            yield view[start:end]
        if name == b"IEND":
            return
        before = name
        at = end + (4 if is_png else end % 2)  # a checksum, or a byte that makes it even
