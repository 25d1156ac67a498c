"""Draws a contact sheet to print: small pictures with file name, breed and probability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageOps

from barkive.catalogue.export.lettering import Lettering
from barkive.catalogue.export.pdf import PicturePDF
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError, UsageError
from barkive.images import decode, map_ahead
from barkive.messages import Language, Message, Messages
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

# A4 upright.
_DPI = 150
_PAGE = (1240, 1754)
_MARGIN, _HEADER = 75, 66
_COLUMNS, _ROWS = 4, 6
_GAP = 20
_CELL = (
    (_PAGE[0] - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS,
    (_PAGE[1] - 2 * _MARGIN - _HEADER) // _ROWS,
)
_LINE = 23
_PICTURE = (_CELL[0], _CELL[1] - 3 * _LINE - _GAP)
_LONGEST_PNG = 20_000
_AHEAD = 32

_INK, _FAINT, _PAPER, _GREY = "#1a1a1a", "#5a5a5a", "#ffffff", "#dddddd"
_DOUBT, _SURE = "#9a4b00", "#1b6e3c"


def write_contact_sheet(
    entries: Iterable[Entry],
    file: BinaryIO,
    lang: Language,
    *,
    pdf: bool = True,
    title: str = "Barkive",
    day: date | None = None,
    on_progress: OnProgress = silent,
) -> int:
    """Draws the photos in rows of four: a PDF of A4 pages, or one tall PNG.

    A photo that can't be read is a grey box with the reason. Memory stays flat, whatever the
    number of photos.

    Args:
        entries: The photos.
        file: Open to be written.
        lang: Of the breeds' names and the words.
        pdf: Write a PDF; else a PNG.
        title: Stands above each page.
        day: Stands there as well; None for today.
        on_progress: Called after each photo.

    Returns:
        How many photos there are on it.

    Raises:
        UsageError: There are too many photos for one PNG.
        OSError: The file can't be written; what lies there is then no whole file.
    """
    sheet = _Sheet(lang, title, day or date.today())
    entries = iter(entries)
    per_page = _COLUMNS * _ROWS
    if not pdf:
        most = (_LONGEST_PNG - 2 * _MARGIN - _HEADER) // _CELL[1] * _COLUMNS
        chosen = list(islice(entries, most + 1))
        if len(chosen) > most:
            raise UsageError("export_png_full", limit=most)
        entries, per_page = iter(chosen), max(len(chosen), 1)
    done = 0

    def counted(rows: Iterable[_Cell]) -> Iterator[_Cell]:
        nonlocal done
        for done, cell in enumerate(rows, 1):
            yield cell
            on_progress(done, None)

    cells = counted(map_ahead(_decoded, entries, ahead=_AHEAD))
    pages = iter(lambda: list(islice(cells, per_page)), [])
    # Without photos there is one page, and it says so.
    pages = chain([next(pages, [])], pages)
    if not pdf:
        height = 2 * _MARGIN + _HEADER + -(-per_page // _COLUMNS) * _CELL[1]
        sheet.page(next(pages), height).save(file, "PNG", dpi=(_DPI, _DPI))
    else:
        document = PicturePDF(file, title=title, dpi=_DPI)
        for number, page in enumerate(pages, 1):
            document.add(sheet.page(page, _PAGE[1], number))
        document.close()
    return done


_Cell = tuple[Entry, Image.Image | Message]
"""A photo, and its small picture or why there is none."""


def _decoded(entry: Entry) -> _Cell:
    if entry.status is Status.FAILED:
        return entry, entry.reason or Message.verbatim("")
    try:
        photo = Image.fromarray(decode(entry.file, shorter_side=min(_PICTURE)))
    except PhotoError as error:
        return entry, error.message
    return entry, ImageOps.contain(photo, _PICTURE)


class _Sheet:
    """What all pages of a sheet share."""

    def __init__(self, lang: Language, title: str, day: date) -> None:
        self._lang, self._title, self._words = lang, title, Messages(lang)
        self._day = self._words.short_day(day)
        self._heading = Lettering.of_size(28, bold=True)
        self._bold = Lettering.of_size(17, bold=True)
        self._plain = Lettering.of_size(17)
        self._small = Lettering.of_size(15)

    def page(self, cells: Sequence[_Cell], height: int, number: int | None = None) -> Image.Image:
        """Draws a page; its number is left out where it is the only one."""
        page = Image.new("RGB", (_PAGE[0], height), _PAPER)
        draw = ImageDraw.Draw(page)
        self._draw_header(draw, number)
        for i, cell in enumerate(cells):
            row, column = divmod(i, _COLUMNS)
            left = _MARGIN + column * (_CELL[0] + _GAP)
            self._draw_cell(page, draw, (left, _MARGIN + _HEADER + row * _CELL[1]), cell)
        if not cells:
            text = self._plain.legible(self._words("export.sheet_empty"))
            self._plain.write(draw, (_MARGIN, _MARGIN + _HEADER), text, _FAINT)
        return page

    def _draw_header(self, draw: ImageDraw.ImageDraw, number: int | None) -> None:
        right = _PAGE[0] - _MARGIN
        page = "" if number is None else f"   {self._words('export.sheet_page', number=number)}"
        text = self._plain.legible(f"{self._day}{page}")
        width = self._plain.width(text)
        self._plain.write(draw, (right - width, _MARGIN + 8), text, _FAINT)
        title = self._heading.fitted(self._title, right - _MARGIN - width - _GAP)
        self._heading.write(draw, (_MARGIN, _MARGIN - 4), title, _INK)
        draw.line([(_MARGIN, _MARGIN + 42), (right, _MARGIN + 42)], _GREY, 2)

    def _draw_cell(
        self, page: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], cell: _Cell
    ) -> None:
        entry, picture = cell
        left, top = at
        if isinstance(picture, Message):
            draw.rectangle([left, top, left + _PICTURE[0] - 1, top + _PICTURE[1] - 1], _GREY)
            for i, line in enumerate(
                self._small.wrapped(picture.text(self._lang), _PICTURE[0] - 24, 6)
            ):
                self._small.write(draw, (left + 12, top + 12 + 21 * i), line, _INK)
        else:
            # On the ground line of the row, next to its caption.
            page.paste(picture, (left, top + _PICTURE[1] - picture.height))
        top += _PICTURE[1] + 5
        file = self._small.fitted(Path(entry.file).name, _CELL[0], middle=True)
        self._small.write(draw, (left, top), file, _FAINT)
        heading, details, colour = self._caption(entry)
        top += _LINE
        indent = 0
        if entry.corrected:
            indent = 21
            tick = [(left + 1, top + 11), (left + 6, top + 16), (left + 15, top + 4)]
            draw.line(tick, _SURE, 3, joint="curve")
        heading = self._bold.fitted(heading, _CELL[0] - indent)
        self._bold.write(draw, (left + indent, top), heading, colour)
        detail = ", ".join(details)
        if self._plain.width(self._plain.legible(detail)) > _CELL[0]:
            detail = details[0]
        detail = self._plain.fitted(detail, _CELL[0])
        self._plain.write(draw, (left, top + _LINE), detail, _FAINT)

    def _caption(self, entry: Entry) -> tuple[str, list[str], str]:
        """The line in bold, what the line under it holds if it fits, and the bold one's colour."""
        colour = _DOUBT if entry.status is Status.UNCERTAIN else _INK
        names = [label.name(self._lang) for label in entry.labels]
        # The second breed of a cross has a line of its own, because both rarely fit on one.
        heading = names[0] if names else self._words(f"export.folder_{entry.status}")
        details = [f"x {name}" for name in names[1:]]
        if entry.corrected:
            details.append(self._words("export.column_corrected"))
        elif entry.status is Status.DOG:
            details.append(self._percent(entry.breeds[0].probability))
        elif entry.status is Status.UNCERTAIN:
            details += [
                f"{c.label.name(self._lang)} {self._percent(c.probability)}"
                for c in entry.breeds[:2]
            ]
        return heading, details, colour

    def _percent(self, probability: float) -> str:
        return self._words.formatted(probability, ".0%")
