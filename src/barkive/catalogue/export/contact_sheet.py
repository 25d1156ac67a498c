"""Draws a contact sheet to print: small pictures with file name or animal, and breed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageOps

from barkive.catalogue.animal_records import Animal, Origin
from barkive.catalogue.export.animal_words import breed_words
from barkive.catalogue.export.exporter import AnimalPhotos
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
    shown = ((entry, _caption(entry, lang)) for entry in entries)
    sheet = _Sheet(lang, title, day or date.today(), Messages(lang)("export.sheet_empty"))
    return _write(sheet, shown, file, pdf, on_progress)


def write_animal_sheet(
    animals: Iterable[AnimalPhotos],
    file: BinaryIO,
    lang: Language,
    *,
    pdf: bool = True,
    title: str = "Barkive",
    day: date | None = None,
    on_progress: OnProgress = silent,
) -> int:
    """Draws the animals likewise, each with its main photo, code, name and breed.

    Args:
        animals: With their photos.
        file: See `write_contact_sheet`.
        lang: Likewise.
        pdf: Likewise.
        title: Likewise.
        day: Likewise.
        on_progress: Called after each animal.

    Returns:
        How many animals there are on it.

    Raises:
        UsageError: There are too many animals for one PNG.
        OSError: The file can't be written; what lies there is then no whole file.
    """
    shown = ((one.main, _animal_caption(one.animal, lang)) for one in animals)
    sheet = _Sheet(lang, title, day or date.today(), Messages(lang)("card.empty"))
    return _write(sheet, shown, file, pdf, on_progress)


@dataclass(frozen=True, slots=True)
class _Caption:
    """What stands under a picture.

    Attributes:
        name: The first line.
        heading: The second one, in bold.
        details: The last one: the first of them, and the others if they fit.
        colour: Of the heading.
        is_ticked: Whether a person said so.
        cut_in_middle: Whether the first line keeps its end where it is too long.
    """

    name: str
    heading: str
    details: Sequence[str] = ()
    colour: str = _INK
    is_ticked: bool = False
    cut_in_middle: bool = False


_Cell = tuple[_Caption, Image.Image | Message]
"""What stands under a small picture, and the picture or why there is none."""


def _write(
    sheet: _Sheet,
    shown: Iterable[tuple[Entry | None, _Caption]],
    file: BinaryIO,
    pdf: bool,
    on_progress: OnProgress,
) -> int:
    shown = iter(shown)
    per_page = _COLUMNS * _ROWS
    if not pdf:
        most = (_LONGEST_PNG - 2 * _MARGIN - _HEADER) // _CELL[1] * _COLUMNS
        chosen = list(islice(shown, most + 1))
        if len(chosen) > most:
            raise UsageError("export_png_full", limit=most)
        shown, per_page = iter(chosen), max(len(chosen), 1)
    done = 0

    def counted(rows: Iterable[_Cell]) -> Iterator[_Cell]:
        nonlocal done
        for done, cell in enumerate(rows, 1):
            yield cell
            on_progress(done, None)

    cells = counted(map_ahead(_decoded, shown, ahead=_AHEAD))
    pages = iter(lambda: list(islice(cells, per_page)), [])
    # Without photos there is one page, and it says so.
    pages = chain([next(pages, [])], pages)
    if not pdf:
        height = 2 * _MARGIN + _HEADER + -(-per_page // _COLUMNS) * _CELL[1]
        sheet.page(next(pages), height).save(file, "PNG", dpi=(_DPI, _DPI))
    else:
        document = PicturePDF(file, title=sheet.title, dpi=_DPI)
        for number, page in enumerate(pages, 1):
            document.add(sheet.page(page, _PAGE[1], number))
        document.close()
    return done


def _decoded(shown: tuple[Entry | None, _Caption]) -> _Cell:
    entry, caption = shown
    if entry is None:
        return caption, Message("animal_without_photo")
    if entry.status is Status.FAILED:
        return caption, entry.reason or Message.verbatim("")
    try:
        photo = Image.fromarray(decode(entry.file, shorter_side=min(_PICTURE)))
    except PhotoError as error:
        return caption, error.message
    return caption, ImageOps.contain(photo, _PICTURE)


def _caption(entry: Entry, lang: Language) -> _Caption:
    words = Messages(lang)
    names = [label.name(lang) for label in entry.labels]
    # The second breed of a cross has a line of its own, because both rarely fit on one.
    details = [f"x {name}" for name in names[1:]]
    if entry.corrected:
        details.append(words("export.column_corrected"))
    elif entry.status is Status.DOG:
        details.append(words.formatted(entry.breeds[0].probability, ".0%"))
    elif entry.status is Status.UNCERTAIN:
        details += [
            f"{c.label.name(lang)} {words.formatted(c.probability, '.0%')}"
            for c in entry.breeds[:2]
        ]
    return _Caption(
        Path(entry.file).name,
        names[0] if names else words(f"export.folder_{entry.status}"),
        details,
        _DOUBT if entry.status is Status.UNCERTAIN else _INK,
        entry.corrected,
        cut_in_middle=True,
    )


def _animal_caption(animal: Animal, lang: Language) -> _Caption:
    code, breed = animal.code or str(animal.id), breed_words(animal, lang)
    return _Caption(
        code if animal.name else "",
        animal.name or code,
        (breed[:1].upper() + breed[1:],),
        is_ticked=animal.verdict.origin in (Origin.ANIMAL, Origin.LABELS),
    )


class _Sheet:
    """What all pages of a sheet share."""

    def __init__(self, lang: Language, title: str, day: date, empty: str) -> None:
        self._lang, self.title, self._words, self._empty = lang, title, Messages(lang), empty
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
            text = self._plain.legible(self._empty)
            self._plain.write(draw, (_MARGIN, _MARGIN + _HEADER), text, _FAINT)
        return page

    def _draw_header(self, draw: ImageDraw.ImageDraw, number: int | None) -> None:
        right = _PAGE[0] - _MARGIN
        page = "" if number is None else f"   {self._words('export.sheet_page', number=number)}"
        text = self._plain.legible(f"{self._day}{page}")
        width = self._plain.width(text)
        self._plain.write(draw, (right - width, _MARGIN + 8), text, _FAINT)
        title = self._heading.fitted(self.title, right - _MARGIN - width - _GAP)
        self._heading.write(draw, (_MARGIN, _MARGIN - 4), title, _INK)
        draw.line([(_MARGIN, _MARGIN + 42), (right, _MARGIN + 42)], _GREY, 2)

    def _draw_cell(
        self, page: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], cell: _Cell
    ) -> None:
        caption, picture = cell
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
        name = self._small.fitted(caption.name, _CELL[0], middle=caption.cut_in_middle)
        self._small.write(draw, (left, top), name, _FAINT)
        top += _LINE
        indent = 0
        if caption.is_ticked:
            indent = 21
            tick = [(left + 1, top + 11), (left + 6, top + 16), (left + 15, top + 4)]
            draw.line(tick, _SURE, 3, joint="curve")
        heading = self._bold.fitted(caption.heading, _CELL[0] - indent)
        self._bold.write(draw, (left + indent, top), heading, caption.colour)
        detail = ", ".join(caption.details)
        if self._plain.width(self._plain.legible(detail)) > _CELL[0]:
            detail = caption.details[0]
        detail = self._plain.fitted(detail, _CELL[0])
        self._plain.write(draw, (left, top + _LINE), detail, _FAINT)
