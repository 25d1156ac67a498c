"""Reads animals from CSV files: of a spreadsheet, Animal Shelter Manager's, and Barkive's own.

Such files differ in how they are encoded, in what stands between cells, in what columns are called
and in how dates are written. Each is found by a rule that is said where it stands. Column names of
Animal Shelter Manager are those of its CSV export, its CSV import and its reports
(https://github.com/sheltermanager/asm3: `csvexport_animals` in `src/asm3/csvimport.py`,
`get_animal_query` in `src/asm3/animal.py`). Knows nothing of the catalogue.
"""

from __future__ import annotations

import codecs
import csv
import html
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from barkive.breeds import normalise
from barkive.catalogue.animal_records import AnimalFields, Origin, parse_birth
from barkive.catalogue.animals.animal_cells import (
    DayOrder,
    is_ambiguous,
    is_nothing,
    orders_of,
    read_age,
    read_date,
    read_sex,
    read_species,
    read_status,
    read_yes,
)
from barkive.catalogue.export.tables import undefused
from barkive.errors import UsageError, system_reason
from barkive.messages import LANGUAGES, Message, Messages

MOST_BYTES: Final = 100_000_000
"""What a file holds at most: a wrong one is refused before it is read."""
MOST_ROWS: Final = 50_000
"""How many rows a file has at most."""

_SEPARATORS: Final = ",;\t"
# A sheet may have a title above its headings.
_HEAD = 10

# What each column is called once case, accents and all but letters and digits are gone.
_COLUMNS: Mapping[str, str] = {
    # Barkive's own number, or else the code.
    "id": "id number animalnumber numero no n numerodelanimal",
    "code": "code animalcode sheltercode shortcode reference ref codeanimal codedelanimal",
    "name": "name animalname animal dog dogname nom chien nomdelanimal nomanimal nomduchien",
    "species": "species animalspecies speciesname espece",
    "sex": "sex gender animalsex sexname sexmf sexe genre sexemf",
    "birth": "birth born dateofbirth birthdate birthday dob animaldob ne nee nele neele naissance "
    "datedenaissance datenaissance",
    "birth_is_estimate": "birthisestimate estimateddob estimate estimated naissanceestimee "
    "dateestimee estimation estimee",
    "age": "age animalage",
    "breed": "breed breeds breed1 animalbreed1 breedname1 breedname race races race1",
    "breed2": "breed2 secondbreed animalbreed2 breedname2 race2 deuxiemerace",
    "status": "status statut situation",
    "notes": "notes note comments comment description animalcomments animaldescription "
    "commentaire commentaires remarque remarques observation observations",
    "arrived": "arrived arrival arrivaldate dateofarrival entrydate intakedate datein "
    "animalentrydate datebroughtin arrivee arriveele arrivele datedarrivee entree entreele "
    "datedentree",
    "left": "left lefton departure departuredate dateleft leavingdate outdate depart partile "
    "datededepart sortie sortiele datedesortie",
    "died": "animaldeceaseddate deceaseddate",
    "movement": "movementtype activemovementtype",
    "moved": "movementdate activemovementdate",
    "breed_origin": "breedorigin",
    "hidden": "animalhiddendetails hiddenanimaldetails",
}
# Columns of Barkive's own export; those that follow from others say nothing.
_OWN = (
    *("id", "code", "name", "species", "sex", "birth", "birth_is_estimate", "breed", "breed2"),
    *("status", "notes", "arrived", "left", "breed_origin"),
)
_FOLLOWING = (
    *("breed_status", "probability", "alternatives", "breed_disagrees", "photos", "main_photo"),
    *("main_file", "photo_files", "version", "made_at", "changed_at"),
)
_IDENTIFYING = frozenset({"id", "code", "name"})
_DATES = ("birth", "arrived", "left", "died", "moved")
# Headings that only French has.
_FRENCH = frozenset(
    {"nom", "espece", "sexe", "statut", "race", "nele", "neele", "naissance", "datedenaissance"}
    | {"arrivee", "datedarrivee", "entree", "datedentree", "depart", "sortie", "chien", "numero"}
)
_OF_ASM3 = frozenset({"animalname", "animalcode", "sheltercode"})

# What became of an animal, by the number of its movement in Animal Shelter Manager; those that
# are fostered (2) or at a shop (8) are still the shelter's.
_MOVEMENTS = {
    **{"1": "adopted", "3": "transferred", "4": "lost", "5": "reclaimed"},
    **{"6": "lost", "7": "released"},
}
_ID_DIGITS = 12
_SENT = re.compile(r"BA(\d{12})", re.ASCII)

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    *(
        (b"PK\3\4", "animals_file_workbook"),
        (b"\xd0\xcf\x11\xe0", "animals_file_workbook"),
        (b"%PDF", "animals_file_pdf"),
    ),
    *(
        (b"\xff\xd8\xff", "animals_file_picture"),
        (b"\x89PNG", "animals_file_picture"),
        (b"GIF8", "animals_file_picture"),
    ),
    *(
        (b"RIFF", "animals_file_picture"),
        (b"II*\0", "animals_file_picture"),
        (b"MM\0*", "animals_file_picture"),
    ),
)
_FRENCH_LETTERS = frozenset("àâäæçèéêëîïôöœùûüÀÂÇÈÉÊËÎÏÔŒÙÛ’")


@dataclass(frozen=True, slots=True)
class AnimalRow:
    """What a row of a file says of an animal.

    Attributes:
        line: On which line of the file it begins, from 1.
        fields: What it says; breeds as they are written.
        id: The animal's number in the catalogue, where a file of Barkive's has it.
        is_age: Whether the date of birth follows from an age, and is told only where none is known.
        is_of_asm3: Whether Animal Shelter Manager wrote it, which makes a day of every birth, and
            may have its breed from Barkive.
    """

    line: int
    fields: AnimalFields
    id: int | None = None
    is_age: bool = False
    is_of_asm3: bool = False


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something in a file that was not taken.

    Attributes:
        line: On which line of the file its row begins, from 1.
        why: What is wrong.
        is_row: Whether nothing of the row was taken; else it is about one cell.
    """

    line: int
    why: Message
    is_row: bool


@dataclass(frozen=True, slots=True)
class AnimalFile:
    """What a file says of animals.

    Attributes:
        rows: Those that can be used.
        problems: What can't be used, in the order of lines.
        unknown: The headings of columns that hold something which Barkive does not know.
    """

    rows: tuple[AnimalRow, ...]
    problems: tuple[RowProblem, ...]
    unknown: tuple[str, ...]


def read_animals(
    file: str | Path | bytes, dates: DayOrder | str | None = None, *, name: str = "CSV"
) -> AnimalFile:
    """Reads animals from a CSV file.

    A cell that can't be used is left out, and told; the rest of its row is taken. A row without
    code, name and number is left out as a whole.

    Args:
        file: Its path, or its bytes.
        dates: `dmy` or `mdy`: what comes first in dates such as 5/6/2021. None for what the
            file's other dates show, and for the day where its headings are French.
        name: What a file is called of which only the bytes are given.

    Raises:
        UsageError: It can't be read, is no CSV or too large, has no headings that Barkive knows,
            or holds dates that can be read in both orders.
    """
    name = name if isinstance(file, bytes) else str(file)
    order = _day_order(dates)
    content = file if isinstance(file, bytes) else _content(Path(file))
    table = _Table.read(name, _text(name, content))
    return table.animals(order)


def _day_order(dates: DayOrder | str | None) -> DayOrder | None:
    try:
        return None if dates is None else DayOrder(dates)
    except ValueError:
        raise UsageError("animals_dates_invalid", text=dates) from None


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UsageError("animals_file_large", file=path, limit=MOST_BYTES, size=size)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (
            system_reason(error)
            if isinstance(error, OSError)
            else Message("reason_name_impossible")
        )
        raise UsageError("animals_file_unreadable", file=path, reason=reason) from None


def _text(name: str, content: bytes) -> str:
    """A file's text.

    With a byte order mark it is UTF-8 or UTF-16. Else it is UTF-8 if it can be; or else of Windows,
    unless more French letters come of it as one of an older Mac.

    Raises:
        UsageError: It is none.
    """
    if len(content) > MOST_BYTES:
        raise UsageError("animals_file_large", file=name, limit=MOST_BYTES, size=len(content))
    kind = next((kind for mark, kind in _SIGNATURES if content.startswith(mark)), None)
    if kind is not None:
        raise UsageError("animals_file_other", file=name, kind=Message(kind))
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError("animals_file_other", file=name, kind=Message("animals_file_binary"))
    return text


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    of_windows, of_mac = content.decode("cp1252", "replace"), content.decode("mac_roman")
    return of_mac if _french_letters(of_mac) > _french_letters(of_windows) else of_windows


def _french_letters(text: str) -> int:
    return sum(map(text.count, _FRENCH_LETTERS))


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as text.

    Attributes:
        name: Of the file.
        headings: As they are written.
        columns: What each means; None where that is not known.
        rows: The line of each row, and its cells, as many as there are headings at most.
        problems: Rows that are left out.
    """

    name: str
    headings: tuple[str, ...]
    columns: tuple[str | None, ...]
    rows: list[tuple[int, list[str]]]
    problems: list[RowProblem]

    @staticmethod
    def read(name: str, text: str) -> _Table:
        """Splits a text into cells.

        Raises:
            UsageError: It has no headings that are known, too many rows, a cell too long, or a
                quotation mark that is not closed.
        """
        first = text.split("\n", 1)[0].strip().strip('"').lower()
        told = first.startswith("sep=") and len(first) == len("sep=,")
        if not text.strip(f' "\r\n{_SEPARATORS}'):
            raise UsageError("animals_file_empty", file=name)
        # A separator is not counted, because cells hold it as well: the right one is that which
        # makes headings that are known.
        candidates = [
            (_heading(list(islice(_split(text, one), _HEAD))), one)
            for one in (first[-1] if told else _SEPARATORS)
        ]
        best, separator = max(candidates, key=lambda found: found[0].rank)
        if not best.is_known:
            raise UsageError("animals_file_headings", file=name, found=best.cells[:20])
        rows: list[tuple[int, list[str]]] = []
        problems: list[RowProblem] = []
        size = len(best.cells)
        for line, cells in islice(_split(text, separator), best.index + 1, None):
            if any(cell.strip() for cell in cells[size:]):
                why = Message("animals_row_long", {"cells": len(cells), "headings": size})
                problems.append(RowProblem(line, why, is_row=True))
            else:
                rows.append((line, cells[:size]))
            if len(rows) > MOST_ROWS:
                raise UsageError("animals_file_long", file=name, limit=MOST_ROWS)
        _require_closed(text, separator, rows[-1][0] if rows else 1)
        return _Table(name, best.cells, best.columns, rows, problems)

    def animals(self, order: DayOrder | None) -> AnimalFile:
        """What the rows say."""
        is_of_asm3 = any(normalise(one) in _OF_ASM3 for one in self.headings)
        clean: Callable[[str], str] = _of_asm3 if is_of_asm3 else _plain
        cells = [(line, self._by_column(row, clean)) for line, row in self.rows]
        orders = self._orders(cells, order)
        rows: list[AnimalRow] = []
        problems = list(self.problems)
        for line, by_column in cells:
            reader = _Reader(line, by_column, orders, is_of_asm3=is_of_asm3)
            if (row := reader.row()) is not None:
                rows.append(row)
            problems += reader.problems
        problems.sort(key=lambda one: one.line)
        return AnimalFile(tuple(rows), tuple(problems), self._unknown())

    def _by_column(self, row: Sequence[str], clean: Callable[[str], str]) -> dict[str, str]:
        """The cells that say something, by what their columns mean; the first of several."""
        found: dict[str, str] = {}
        for column, cell in zip(self.columns, row, strict=False):
            if column and column not in found and (text := clean(cell)):
                found[column] = text
        return found

    def _orders(
        self, cells: Sequence[tuple[int, Mapping[str, str]]], given: DayOrder | None
    ) -> dict[str, DayOrder | None]:
        """What comes first in the dates of each column.

        Raises:
            UsageError: There is a date that can be read in both orders, and nothing tells which.
        """
        if given is not None:
            return dict.fromkeys(_DATES, given)
        shown = {column: orders_of(row.get(column, "") for _, row in cells) for column in _DATES}
        of_file = set().union(*shown.values())
        if len(of_file) != 1 and _FRENCH & set(map(normalise, self.headings)):
            of_file = {DayOrder.DMY}
        found: dict[str, DayOrder | None] = {}
        for column in _DATES:
            orders = shown[column] if len(shown[column]) == 1 else of_file
            found[column] = next(iter(orders)) if len(orders) == 1 else None
            if found[column] is not None:
                continue
            for line, row in cells:
                if is_ambiguous(text := row.get(column, "")):
                    raise UsageError("animals_dates_ambiguous", text=text, line=line)
        return found

    def _unknown(self) -> tuple[str, ...]:
        places = [place for place, column in enumerate(self.columns) if column is None]
        held = {
            place
            for _, row in self.rows
            for place in places
            if place < len(row) and row[place].strip()
        }
        return tuple(self.headings[place].strip() or f"{place + 1}" for place in sorted(held))


@dataclass(frozen=True, slots=True)
class _Heading:
    """A row that may hold the headings.

    Attributes:
        index: Which of the rows it is, from 0.
        cells: What it holds.
        columns: What each cell means as a heading; None where that is not known.
    """

    index: int
    cells: tuple[str, ...]
    columns: tuple[str | None, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """What makes it likelier than others: how many columns are known, and are there."""
        return len({one for one in self.columns if one}), len(self.columns)

    @property
    def is_known(self) -> bool:
        """Whether animals can be told by its columns."""
        return bool(_IDENTIFYING & set(self.columns))


@cache
def _meant() -> Mapping[str, str]:
    """What each heading means; empty for what follows from other columns."""
    meant = {name: column for column, names in _COLUMNS.items() for name in names.split()}
    for words in map(Messages, LANGUAGES):
        for name in (*_OWN, *_FOLLOWING):
            column = name if name in _OWN else ""
            for heading in (name, words(f"export.column_{name}")):
                meant.setdefault(normalise(heading), column)
    return meant


@cache
def _said_of_the_animal() -> frozenset[str]:
    """How Barkive's own export writes that people said the breed of the animal itself."""
    written = {Messages(lang)("export.origin_animal") for lang in LANGUAGES}
    return frozenset({Origin.ANIMAL.value, *map(normalise, written)})


@cache
def _ages_that_are_none() -> frozenset[str]:
    """What Barkive writes beside the age that it gives Animal Shelter Manager for want of one."""
    return frozenset(Messages(lang)("export.asm3_age") for lang in LANGUAGES)


def _heading(rows: Sequence[tuple[int, Sequence[str]]]) -> _Heading:
    """The likeliest of the first rows."""
    found = [
        _Heading(index, tuple(cells), tuple(_meant().get(normalise(one)) for one in cells))
        for index, (_, cells) in enumerate(rows)
    ]
    return max(found, key=lambda one: (one.rank[0], -one.index), default=_Heading(0, (), ()))


def _split(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, each with the line on which it begins.

    Raises:
        UsageError: A cell is too long, as where a quotation mark is not closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        limit = csv.field_size_limit()
        raise UsageError("animals_file_cell", line=line, limit=limit) from None


def _require_closed(text: str, separator: str, line: int) -> None:
    """Refuses a file whose last row has swallowed others, because a quotation mark is not closed.

    Args:
        text: Of the file.
        separator: Between its cells.
        line: On which the last row begins.

    Raises:
        UsageError: It has.
    """
    last = list(islice(io.StringIO(text, newline=""), line - 1, None))
    try:
        list(csv.reader(last, delimiter=separator, strict=True))
    except csv.Error as error:
        # Of what else is no good form, such as text behind a quotation mark, sense can be made.
        if len(last) > 1 and "end of data" in str(error):
            raise UsageError("animals_file_quote", line=line) from None


def _plain(cell: str) -> str:
    return undefused(cell.strip()).strip()


def _of_asm3(cell: str) -> str:
    """A cell of Animal Shelter Manager, which kept accents as entities for long."""
    text = html.unescape(_plain(cell))
    # So it writes what is empty in its database.
    return "" if text == "None" else text


class _Reader:
    """Reads one row.

    Attributes:
        problems: What can't be used.
    """

    def __init__(
        self,
        line: int,
        cells: Mapping[str, str],
        orders: Mapping[str, DayOrder | None],
        *,
        is_of_asm3: bool,
    ) -> None:
        self._line, self._cells, self._orders = line, cells, orders
        self._is_of_asm3 = is_of_asm3
        self.problems: list[RowProblem] = []

    def row(self) -> AnimalRow | None:
        """The row; None where it tells no animal."""
        number, code = self._number_and_code()
        name = self._cells.get("name")
        if number is None and code is None and name is None:
            self._tell(Message("animals_row_nameless"), is_row=True)
            return None
        birth = age = None
        if not any(one in self._cells.get("hidden", "") for one in _ages_that_are_none()):
            birth = self._birth()
            age = None if birth is not None else self._age()
        fields = AnimalFields(
            code=code,
            name=name,
            species=self._known("species", read_species),
            sex=self._known("sex", read_sex),
            birth=birth if birth is not None else age,
            birth_is_estimate=True
            if age is not None
            else self._known("birth_is_estimate", read_yes),
            breeds=self._breeds(),
            notes=self._cells.get("notes"),
            arrived=self._date("arrived"),
        )
        status, left = self._whereabouts()
        fields = replace(fields, status=status, left=left)
        is_age = age is not None
        return AnimalRow(self._line, fields, number, is_age=is_age, is_of_asm3=self._is_of_asm3)

    def _number_and_code(self) -> tuple[int | None, str | None]:
        """Barkive's own number is of twelve digits; another id is the shelter's code.

        Where an animal has no code, Barkive's exports make one of its number.
        """
        number, code = self._cells.get("id", ""), self._cells.get("code")
        if code is not None and (sent := _SENT.fullmatch(code)) is not None:
            return int(sent[1]), code
        if len(number) == _ID_DIGITS and number.isascii() and number.isdigit():
            return int(number), code
        return None, code or number or None

    def _known(self, column: str, read: Callable[[str], Any]) -> Any:
        """What a cell says; None where it says nothing, or can't be used."""
        cell = self._cells.get(column, "")
        if is_nothing(cell):
            return None
        try:
            return read(cell)
        except UsageError as error:
            self._tell(error.message)
            return None

    def _date(self, column: str) -> str | None:
        found: str | None = self._known(column, lambda cell: read_date(cell, self._orders[column]))
        if found is not None and len(found) < len("2021-05-31"):
            self._tell(Message("animals_cell_day", {"text": self._cells[column]}))
            return None
        return found

    def _birth(self) -> str | None:
        order = self._orders["birth"]
        found: str | None = self._known("birth", lambda cell: parse_birth(read_date(cell, order)))
        return found

    def _age(self) -> str | None:
        today = date.today()
        found: str | None = self._known("age", lambda cell: parse_birth(read_age(cell, today)))
        return found

    def _breeds(self) -> tuple[str, ...] | None:
        """The breeds as they are written, where people said them.

        Barkive's own files hold also what the photos say: that is no word of anybody's.
        """
        origin = self._cells.get("breed_origin")
        if origin is not None and normalise(origin) not in _said_of_the_animal():
            return None
        cells = [self._cells.get("breed", ""), self._cells.get("breed2", "")]
        # Animal Shelter Manager gives the first one twice where there is no other.
        given = tuple(dict.fromkeys(one for one in cells if not is_nothing(one)))
        return given or None

    def _whereabouts(self) -> tuple[str | None, str | None]:
        """Status and day of leaving, which Animal Shelter Manager gives by what happened."""
        status = self._known("status", read_status)
        left = self._date("left")
        if "died" in self._cells:
            return status or "deceased", left or self._date("died")
        became = _MOVEMENTS.get(self._cells.get("movement", ""))
        if became is not None:
            return status or became, left or self._date("moved")
        return status, left

    def _tell(self, why: Message, *, is_row: bool = False) -> None:
        self.problems.append(RowProblem(self._line, why, is_row))
