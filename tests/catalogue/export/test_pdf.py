"""PDF files of pictures: read again by Pillow's own parser, and object by object."""

import io
import re

from PIL import Image, PdfParser

from barkive.catalogue.export.pdf import PicturePDF


def document(*pictures: Image.Image, title: str = "Sheet") -> bytes:
    file = io.BytesIO()
    pdf = PicturePDF(file, title=title, dpi=150)
    for picture in pictures:
        pdf.add(picture)
    pdf.close()
    return file.getvalue()


def test_pages() -> None:
    red, blue = Image.new("RGB", (1240, 1754), "red"), Image.new("L", (150, 75), 9)
    content = document(red, blue)
    with PdfParser.PdfParser(buf=content) as parsed:
        assert len(parsed.pages) == 2
        pages = [parsed.read_indirect(page) for page in parsed.pages]
        assert pages[0][b"MediaBox"] == [0, 0, 595.2, 841.92]
        assert pages[1][b"MediaBox"] == [0, 0, 72, 36]


def test_pictures() -> None:
    content = document(Image.new("RGB", (30, 20), (200, 10, 10)))
    start = content.index(b"\xff\xd8\xff")
    with Image.open(io.BytesIO(content[start : content.index(b"\nendstream")])) as picture:
        assert picture.size == (30, 20)
        assert max(abs(a - b) for a, b in zip(picture.getpixel((9, 9)), (200, 10, 10))) < 4  # type: ignore[arg-type]  # noqa: B905


def test_every_object_is_where_the_table_says() -> None:
    content = document(Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9)))
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", content)[1])  # type: ignore[index]
    lines = content[start:].split(b"\n")
    assert lines[:3] == [b"xref", b"0 10", b"0000000000 65535 f "]
    for number, line in enumerate(lines[3:12], 1):
        assert content[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
        assert len(line) == 19


def test_every_title_is_carried() -> None:
    content = document(Image.new("RGB", (9, 9)), title="Été (狗) \udce9")
    title = bytes.fromhex(re.search(rb"/Title <([0-9a-f]+)>", content)[1].decode())  # type: ignore[index]
    assert title.decode("utf-16") == "Été (狗) \\udce9"
