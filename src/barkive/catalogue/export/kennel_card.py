"""Draws kennel cards to print: an animal a page, with its main photo and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from typing import BinaryIO, Final, Literal, get_args

from PIL import Image, ImageDraw, ImageOps

from barkive.catalogue.animal_records import Animal, Origin
from barkive.catalogue.export.animal_words import (
    age_words,
    birth_words,
    breed_words,
    sex_words,
    species_words,
    status_words,
)
from barkive.catalogue.export.lettering import Lettering
from barkive.catalogue.export.pdf import PicturePDF
from barkive.catalogue.photos.identity import Now, compare
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import decode, map_ahead
from barkive.messages import Language, Messages
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

CardSize = Literal["a5", "a4"]
CARD_SIZES: Final[tuple[str, ...]] = get_args(CardSize)

# An A4 card is the A5 one, enlarged: the same picture at fewer pixels per inch.
_DPI: Final = {"a5": 300, "a4": 212}
_PAGES: Final = {"a5": (1748, 2480), "a4": (1753, 2479)}
_MARGIN, _GAP = 118, 36
_PHOTO_HEIGHT = 1090
_NAMES, _CODE, _BREED, _TEXT, _SMALL = (150, 130, 112, 96), 72, 64, 50, 34
_AHEAD = 2

_INK, _FAINT, _PAPER, _GREY = "#1a1a1a", "#5a5a5a", "#ffffff", "#dddddd"
_PAW, _PLACE = "#c4c4c4", "#f0f0f0"

_Card = tuple[Animal, Image.Image | None]


def write_cards(
    cards: Iterable[tuple[Animal, Entry | None]],
    file: BinaryIO,
    *,
    lang: Language,
    size: CardSize = "a5",
    day: date | None = None,
    on_progress: OnProgress = silent,
) -> None:
    """Draws kennel cards: a PDF of which each page is an animal's.

    The photo is upright and whole. In place of one that is missing, can't be read, or is no longer
    the picture that was scanned there is a drawn paw. Memory stays flat, whatever the number of
    cards.

    Args:
        cards: Each animal and its main photo; None where it has none.
        file: Open to be written.
        lang: Of the words.
        size: The paper, upright.
        day: On which the ages hold; None for today.
        on_progress: Called with (cards done, None).

    Raises:
        OSError: The file can't be written; what lies there is then no whole file.
    """
    card = _Layout(lang, _PAGES[size], day or date.today())
    document = PicturePDF(file, title=Messages(lang)("card.title"), dpi=_DPI[size])
    decoded = map_ahead(lambda one: (one[0], card.photo(one[1])), cards, ahead=_AHEAD)
    for done, page in enumerate(_pages(card, decoded), 1):
        document.add(page)
        on_progress(done, None)
    document.close()


def _pages(card: _Layout, decoded: Iterable[_Card]) -> Iterator[Image.Image]:
    """Each card; without any there is one page, and it says so."""
    cards = iter(decoded)
    first = next(cards, None)
    if first is None:
        yield card.empty()
        return
    for animal, photo in chain([first], cards):
        yield card.page(animal, photo)


class _Layout:
    """What all cards of a file share."""

    def __init__(self, lang: Language, page: tuple[int, int], day: date) -> None:
        self._lang, self._words, self._page, self._day = lang, Messages(lang), page, day
        self._width = page[0] - 2 * _MARGIN
        self._names = {size: Lettering.of_size(size, bold=True) for size in _NAMES}
        self._code = Lettering.of_size(_CODE)
        self._breed = Lettering.of_size(_BREED, bold=True)
        self._plain = Lettering.of_size(_TEXT)
        self._bold = Lettering.of_size(_TEXT, bold=True)
        self._small = Lettering.of_size(_SMALL)

    def photo(self, entry: Entry | None) -> Image.Image | None:
        """The photo as large as its place; None where there is none to show."""
        if entry is None or entry.missing_since is not None or entry.status is Status.FAILED:
            return None
        if compare(entry) is not Now.SAME:
            return None
        try:
            photo = Image.fromarray(decode(entry.file, shorter_side=_PHOTO_HEIGHT))
        except PhotoError:
            return None
        return ImageOps.contain(photo, (self._width, _PHOTO_HEIGHT), Image.Resampling.LANCZOS)

    def empty(self) -> Image.Image:
        """A page that says that there are no animals."""
        page = Image.new("RGB", self._page, _PAPER)
        text = self._plain.legible(self._words("card.empty"))
        self._plain.write(ImageDraw.Draw(page), (_MARGIN, _MARGIN), text, _FAINT)
        return page

    def page(self, animal: Animal, photo: Image.Image | None) -> Image.Image:
        """Draws an animal's card."""
        page = Image.new("RGB", self._page, _PAPER)
        draw = ImageDraw.Draw(page)
        top = self._draw_name(draw, _MARGIN, animal) + _GAP
        if photo is None:
            self._draw_placeholder(draw, top)
        else:
            left = _MARGIN + (self._width - photo.width) // 2
            page.paste(photo, (left, top + (_PHOTO_HEIGHT - photo.height) // 2))
        top += _PHOTO_HEIGHT + _GAP
        breed = breed_words(animal, self._lang)
        breed = breed[:1].upper() + breed[1:]
        top = self._draw_lines(draw, self._breed, top, breed, 2, _line(_BREED))
        top = self._draw_facts(draw, top + _GAP // 2, self._facts(animal)) + _GAP // 2
        bottom = self._draw_foot(draw, animal)
        lines = (bottom - _GAP - top) // _line(_TEXT)
        if animal.notes:
            self._draw_lines(draw, self._plain, top, animal.notes, lines, _line(_TEXT))
        return page

    def _draw_name(self, draw: ImageDraw.ImageDraw, top: int, animal: Animal) -> int:
        """The name and the code under it; returns where they end."""
        name = animal.name or animal.code or self._words("card.no_name")
        under = animal.code if animal.name and animal.code else None
        if not animal.code:
            under = self._words("card.number", number=str(animal.id))
        # What is too long for one line of the smallest is told in two, and cut if need be.
        size = next((size for size in _NAMES if self._fits(name, size)), _NAMES[-1])
        top = self._draw_lines(draw, self._names[size], top, name, 2, _line(size))
        if under is not None:
            text = self._code.fitted(under, self._width)
            self._code.write(draw, (_MARGIN, top), text, _FAINT)
        return top + _line(_CODE)

    def _fits(self, name: str, size: int) -> bool:
        letters = self._names[size]
        return letters.width(letters.legible(name)) <= self._width

    def _facts(self, animal: Animal) -> list[tuple[str, str]]:
        """What else is known of it, by headings."""
        lang = self._lang
        age = birth = None
        if animal.birth is not None:
            birth = birth_words(animal.birth, animal.birth_is_estimate, lang)
            if animal.status != "deceased":
                age = age_words(animal.birth, animal.birth_is_estimate, self._day, lang)
        facts = {
            "species": species_words(animal, lang) if animal.species != "dog" else None,
            "sex": sex_words(animal, lang),
            "age": age,
            "born": birth,
            "status": status_words(animal, lang),
            "arrived": self._words.day(animal.arrived) if animal.arrived else None,
            "left": self._words.day(animal.left) if animal.left else None,
        }
        return [(self._words(f"card.{name}"), text) for name, text in facts.items() if text]

    def _draw_facts(
        self, draw: ImageDraw.ImageDraw, top: int, facts: Sequence[tuple[str, str]]
    ) -> int:
        """Two facts a line, or one that is long; returns where they end."""
        column, left = (self._width - _GAP) // 2, 0
        for heading, text in facts:
            heading = self._plain.legible(heading)
            indent = round(self._plain.width(heading)) + 20
            needed = indent + self._bold.width(self._bold.legible(text))
            if left + needed > self._width or (left == 0 and needed > column):
                top, left = top + _line(_TEXT) * (left > 0), 0
            at = _MARGIN + left
            self._plain.write(draw, (at, top), heading, _FAINT)
            fitted = self._bold.fitted(text, self._width - left - indent)
            self._bold.write(draw, (at + indent, top), fitted, _INK)
            if left == 0 and needed <= column:
                left = column + _GAP
            else:
                top, left = top + _line(_TEXT), 0
        return top + _line(_TEXT) * (left > 0)

    def _draw_foot(self, draw: ImageDraw.ImageDraw, animal: Animal) -> int:
        """The day, and what “looks like” means; returns where it begins."""
        top = self._page[1] - _MARGIN - _line(_SMALL)
        day = self._small.legible(self._words("card.printed", day=self._words.day(self._day)))
        width = self._small.width(day)
        self._small.write(draw, (_MARGIN + self._width - width, top), day, _FAINT)
        if animal.verdict.labels and animal.verdict.origin is not Origin.ANIMAL:
            looks = self._words("card.only_looks")
            fitted = self._small.fitted(looks, self._width - width - _GAP)
            self._small.write(draw, (_MARGIN, top), fitted, _FAINT)
        return top

    def _draw_placeholder(self, draw: ImageDraw.ImageDraw, top: int) -> None:
        right, bottom = _MARGIN + self._width - 1, top + _PHOTO_HEIGHT - 1
        draw.rectangle([_MARGIN, top, right, bottom], _PLACE)
        across, down = (_MARGIN + right) // 2, (top + bottom) // 2
        # The pad, and its four toes: each by its centre and its half axes.
        for x, y, wide, high in (
            *((0, 110, 150, 120), (-230, -60, 62, 88), (-85, -170, 66, 96)),
            *((85, -170, 66, 96), (230, -60, 62, 88)),
        ):
            centre = across + x, down + y - 60
            box = (centre[0] - wide, centre[1] - high, centre[0] + wide, centre[1] + high)
            draw.ellipse(box, _PAW)
        text = self._plain.legible(self._words("card.no_photo"))
        self._plain.write(draw, (across - self._plain.width(text) / 2, down + 260), text, _FAINT)

    def _draw_lines(
        self,
        draw: ImageDraw.ImageDraw,
        letters: Lettering,
        top: int,
        text: str,
        lines: int,
        height: int,
    ) -> int:
        """A text in so many lines at most; returns where it ends."""
        for line in letters.wrapped(text, self._width, lines):
            letters.write(draw, (_MARGIN, top), line, _INK)
            top += height
        return top


def _line(size: int) -> int:
    """How high a line of letters of a size is."""
    return round(1.3 * size)
