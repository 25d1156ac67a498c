"""Large PNGs in strips, and PNGs without their picture. Knows nothing of colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImagePalette, PngImagePlugin

BYTES = 40
"""What a pixel of a strip needs at most while it is unfiltered."""

_SIGNATURE = 8
# What a filter takes for a pixel, by its bytes; of deeper ones see `strips`.
_LANES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_BANDS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# What is inflated at once: zlib copies the rest each time.
_PIECE = 1 << 16
# Of an animation: they tell the size of the picture again.
_FRAMES = (b"acTL", b"fcTL", b"fdAT")


def has_strips(image: PngImagePlugin.PngImageFile) -> bool:
    """Whether `strips` can cut it: an interlaced picture has its rows seven times."""
    return not image.info.get("interlace")


def strips(image: PngImagePlugin.PngImageFile, content: bytes, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, each pixel as Pillow decodes it, in little memory.

    The stream is inflated piece by piece. A strip is unfiltered by Pillow's own decoder, as a
    picture whose first row is the one before it. (PNG specification, third edition, section 9:
    a row is filtered with itself and the row before it, each byte of a pixel for itself.)

    Args:
        image: Opened, but not loaded; not interlaced.
        content: Of its file.
        rows: Of a strip; the last may have fewer.

    Yields:
        Images of the mode of `image`, with its palette and info.

    Raises:
        EOFError: The picture ends early.
        zlib.error: It is damaged.
    """
    (width, height), rawmode = image.size, str(image.tile[0].args)
    depth, kind = content[_SIGNATURE + 16], content[_SIGNATURE + 17]
    bits = depth * _BANDS[kind]
    length = (width * bits + 7) // 8
    # Each byte of a pixel is filtered for itself, so of 16 bits the high ones make a picture of
    # 8 bits, which is all that Pillow keeps of them in colour. Of grey it keeps both.
    deep = depth == 16
    lane = _LANES[max(1, bits // 8 // (2 if deep else 1))]
    high = _Unfiltered(lane)
    low = _Unfiltered(lane)
    stream = _Inflated(content)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        filtered = np.frombuffer(stream.read(count * (length + 1)), np.uint8)
        filtered = filtered.reshape(count, length + 1)
        if not deep:
            raw = high.next(filtered)
            strip = raw
            if raw.mode != image.mode:
                strip = Image.frombytes(image.mode, (width, count), raw.tobytes(), "raw", rawmode)
        else:
            types, pixels = filtered[:, :1], filtered[:, 1:]
            strip = high.next(np.hstack([types, pixels[:, ::2]]))
            if kind == 0:
                fine = np.asarray(low.next(np.hstack([types, pixels[:, 1::2]])))
                strip = Image.fromarray(np.asarray(strip).astype(np.uint16) << 8 | fine)
        if image.palette is not None:
            strip.palette = ImagePalette.raw(image.palette.rawmode or "RGB", image.palette.palette)
        strip.info = image.info.copy()
        yield strip


class _Unfiltered:
    """Takes the filters off strip after strip."""

    def __init__(self, mode: str) -> None:
        self._mode, self._bytes = mode, Image.getmodebands(mode)
        self._before: bytes | None = None

    def next(self, filtered: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Image.Image:
        """A strip, from its rows as they are in the stream, each with its filter's number."""
        rows, length = filtered.shape
        before = b"\0" + (self._before or bytes(length - 1))
        size = ((length - 1) // self._bytes, rows + 1)
        # Level 0 stores: Pillow's decoder wants a stream, and this one costs a copy.
        stored = zlib.compress(before + filtered.tobytes(), 0)
        both = Image.frombytes(self._mode, size, stored, "zip", self._mode)
        self._before = both.crop((0, rows, size[0], rows + 1)).tobytes()
        return both.crop((0, 1, *size))


class _Inflated:
    """The stream of rows."""

    def __init__(self, content: bytes) -> None:
        self._pieces = (
            body[start : start + _PIECE]
            for name, body in _chunks(content)
            if name == b"IDAT"
            for start in range(0, len(body), _PIECE)
        )
        self._inflate = zlib.decompressobj()
        self._waiting: bytes | memoryview = b""

    def read(self, size: int) -> bytearray:
        got = bytearray()
        while len(got) < size:
            if not self._waiting:
                piece = None if self._inflate.eof else next(self._pieces, None)
                if piece is None:
                    raise EOFError
                self._waiting = piece
            got += self._inflate.decompress(self._waiting, size - len(got))
            self._waiting = self._inflate.unconsumed_tail
        return got


def without_picture(content: bytes) -> bytes:
    """The same PNG of one pixel: what it says of itself can be read without its picture.

    Also what stands behind the picture, for which Pillow would decode it first.
    """
    parts = [content[:_SIGNATURE]]
    is_before = True
    for name, body in _chunks(content):
        if name == b"IHDR":
            parts.append(_chunk(name, struct.pack(">2I", 1, 1) + body[8:]))
        elif name == b"IDAT":
            if is_before:
                # Enough zeros for a pixel of any kind, and for all passes of an interlaced one.
                parts.append(_chunk(name, zlib.compress(bytes(64))))
            is_before = False
        elif name not in _FRAMES:
            parts.append(_chunk(name, body))
    return b"".join(parts)


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Names and contents, until the file ends; one that is cut off as far as it goes."""
    view, start = memoryview(content), _SIGNATURE
    while start + 8 <= len(view):
        length, name = struct.unpack_from(">I4s", view, start)
        yield name, view[start + 8 : start + 8 + length]
        start += length + 12


def _chunk(name: bytes, body: bytes | memoryview) -> bytes:
    return b"".join(
        [
            struct.pack(">I", len(body)),
            name,
            body,
            struct.pack(">I", zlib.crc32(body, zlib.crc32(name))),
        ]
    )
