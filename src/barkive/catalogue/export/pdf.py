"""Writes a PDF of which each page is one picture, page by page.

Pillow can append a page to a PDF, but reads the whole file again each time: a thousand pages
take ten minutes. Here a page costs the same wherever it comes, and no page is kept in memory.
The format: ISO 32000-1, https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image

_QUALITY = 88
_POINTS = 72
# The objects that each file has once: the catalogue, the list of pages, the title.
_CATALOGUE, _PAGES, _INFO = 1, 2, 3


class PicturePDF:
    """A PDF that is being written; whole only after `close`."""

    def __init__(self, file: BinaryIO, *, title: str, dpi: int) -> None:
        """Begins the file.

        Args:
            file: Open for writing, at its start.
            title: What readers show in the window's title.
            dpi: The pictures' pixels per inch.
        """
        self._file = file
        self._dpi = dpi
        self._title = title
        self._position = 0
        self._offsets = {_CATALOGUE: 0, _PAGES: 0, _INFO: 0}
        self._pages: list[int] = []
        # Bytes above 127 tell programs that carry files to leave the lines' ends alone.
        self._write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def add(self, picture: Image.Image) -> None:
        """Adds a page of the picture's size."""
        width, height = (round(side * _POINTS / self._dpi, 2) for side in picture.size)
        jpeg = io.BytesIO()
        picture.convert("RGB").save(jpeg, "JPEG", quality=_QUALITY, subsampling=0)
        image = self._add_stream(
            f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} "
            "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
            jpeg.getvalue(),
        )
        drawing = self._add_stream("", f"{width} 0 0 {height} 0 0 cm /Picture Do".encode())
        page = self._new()
        self._add(
            page,
            f"/Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width} {height}] "
            f"/Contents {drawing} 0 R /Resources << /XObject << /Picture {image} 0 R >> >>",
        )
        self._pages.append(page)

    def close(self) -> None:
        """Writes what stands at the end. The file itself stays open."""
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._add(_PAGES, f"/Type /Pages /Count {len(self._pages)} /Kids [{kids}]")
        self._add(_CATALOGUE, f"/Type /Catalog /Pages {_PAGES} 0 R")
        title = f"\ufeff{self._title}".encode("utf-16-be", "backslashreplace").hex()
        self._add(_INFO, f"/Title <{title}> /Producer (Barkive)")
        start, count = self._position, len(self._offsets) + 1
        lines = [f"xref\n0 {count}\n0000000000 65535 f \n"]
        lines += [f"{self._offsets[number]:010} 00000 n \n" for number in range(1, count)]
        lines.append(
            f"trailer\n<< /Size {count} /Root {_CATALOGUE} 0 R /Info {_INFO} 0 R >>\n"
            f"startxref\n{start}\n%%EOF\n"
        )
        self._write("".join(lines).encode())

    def _new(self) -> int:
        number = len(self._offsets) + 1
        self._offsets[number] = 0
        return number

    def _add(self, number: int, entries: str, stream: bytes | None = None) -> None:
        self._offsets[number] = self._position
        self._write(f"{number} 0 obj\n<< {entries} >>\n".encode())
        if stream is not None:
            self._write(b"stream\n" + stream + b"\nendstream\n")
        self._write(b"endobj\n")

    def _add_stream(self, entries: str, content: bytes) -> int:
        number = self._new()
        self._add(number, f"{entries} /Length {len(content)}", content)
        return number

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._position += len(content)
