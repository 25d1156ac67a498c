"""The segments of a JPEG file (ITU-T T.81, annex B). Nothing is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

START = b"\xff\xd8\xff"
"""How a JPEG begins: the start of the picture, and of its first segment."""
SOS, EOI = 0xDA, 0xD9
ABOUT = frozenset({0xFE, *range(0xE0, 0xF0)} - {0xEE})
"""Markers of segments about the picture: COM, and every APPn but APP14, which says how the colours
are coded."""
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class Segment(NamedTuple):
    """One segment; that of a scan goes on to the end of its data.

    Attributes:
        marker: Its second byte.
        start: Where the marker begins in the file.
        end: Where the next one does.
    """

    marker: int
    start: int
    end: int


def segments(content: bytes, start: int = 0) -> Iterator[Segment]:
    """The segments of the picture that begins at a place; the last is the end of the picture.

    Raises:
        IndexError: The picture is cut off or damaged, or there is none.
    """
    at = start + 2
    while True:
        while content[at] == 0xFF and content[at + 1] == 0xFF:  # fill bytes
            at += 1
        if content[at] != 0xFF:
            raise IndexError
        marker = content[at + 1]
        if marker == EOI:
            yield Segment(marker, at, at + 2)
            return
        if marker in _STANDALONE:
            at += 2
            continue
        end = at + 2 + (content[at + 2] << 8 | content[at + 3])
        if end > len(content):
            raise IndexError
        if marker == SOS:
            found = _END_OF_SCAN.search(content, end)
            if found is None:
                raise IndexError
            end = found.start()
        yield Segment(marker, at, end)
        at = end
