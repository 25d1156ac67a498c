"""What the cells of a spreadsheet say of an animal, in English or French.

Knows nothing of files and of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from barkive.breeds import normalise
from barkive.catalogue.animal_records import SPECIES, STATUSES, Sex
from barkive.errors import UsageError


class DayOrder(StrEnum):
    """What comes first in a date such as 5/6/2021."""

    DMY = "dmy"
    MDY = "mdy"


_SEXES = {
    Sex.FEMALE: "f fem female femelle feminin fs spayed sterilisee",
    Sex.MALE: "m male masculin mn castre",
}
_SPECIES = dict(
    zip(
        SPECIES,
        (
            "dogs canine chien chienne chiens canin",
            "cats feline chat chatte chats felin",
            "rabbits lapin lapine lapins",
            "autre",
        ),
        strict=True,
    )
)
_STATUSES = dict(
    zip(
        STATUSES,
        (
            "encharge aurefuge refuge inshelter shelter",
            "adopte adoptee rehomed place placee",
            "missing perdu perdue disparu disparue",
            "trouve trouvee",
            "dead died euthanized euthanised decede decedee mort morte euthanasie euthanasiee",
        ),
        strict=True,
    )
)
_YES = frozenset({"yes", "true", "1", "y", "x", "oui", "vrai", "o"})
_NO = frozenset({"no", "false", "0", "n", "non", "faux"})
# What people write where they know nothing.
_NOTHING = frozenset({"", "unknown", "inconnu", "inconnue", "na", "none", "aucun", "aucune", "u"})

_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm]|Z)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?|(\d{4})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
_DAY_AND_NAME = re.compile(r"(?:(\d{1,2})[^\W\d]*[ .-]+)?([^\W\d]+)\.?[ .-]+(\d{4}|\d{2})")
_NAME_AND_DAY = re.compile(r"([^\W\d]+)\.?[ .-]+(\d{1,2})(?:st|nd|rd|th)?,?[ .-]+(\d{4}|\d{2})")
_MONTHS = (
    *(("january", "janvier"), ("february", "fevrier"), ("march", "mars"), ("april", "avril")),
    *(("may", "mai"), ("june", "juin"), ("july", "juillet"), ("august", "aout")),
    *(("september", "septembre"), ("october", "octobre"), ("november", "novembre")),
    ("december", "decembre"),
)
_SHORTEST_MONTH = 3
# Excel takes 00 to 29 for this century, and 30 to 99 for the last one.
_THIS_CENTURY = 30

_AGE = re.compile(r"(?:\D{0,10}\s)?(\d{1,3})(?:[.,](\d{1,2}))?\s*([^\W\d]*)\.?")
_YEARS = frozenset({"", "y", "yr", "yrs", "year", "years", "a", "an", "ans"})
_IN_MONTHS = frozenset({"m", "mo", "mos", "month", "months", "mois"})


def is_nothing(cell: str) -> bool:
    """Whether a cell says that nothing is known: empty, `-`, `?`, `n/a`, `unknown`."""
    return normalise(cell) in _NOTHING


def read_sex(cell: str) -> Sex:
    """A sex, as `M`, `F`, a word in either language, or `male (neutered)` has it.

    Raises:
        UsageError: It is neither.
    """
    words = {normalise(word) for word in re.split(r"\W+", cell)}
    fits = [sex for sex, known in _SEXES.items() if words & set(known.split())]
    if len(fits) != 1:
        raise UsageError("animals_cell_sex", text=cell)
    return fits[0]


def read_species(cell: str) -> str:
    """A species: one of `SPECIES`, or as it is written."""
    return _called(cell, _SPECIES)


def read_status(cell: str) -> str:
    """A status: one of `STATUSES`, or as it is written."""
    return _called(cell, _STATUSES)


def _called(cell: str, known: Mapping[str, str]) -> str:
    key = normalise(cell)
    fits = (name for name, names in known.items() if key in (normalise(name), *names.split()))
    return next(fits, cell)


def read_yes(cell: str) -> bool:
    """Yes or no.

    Raises:
        UsageError: It is neither.
    """
    key = normalise(cell)
    if key not in _YES | _NO:
        raise UsageError("animals_cell_yes", text=cell)
    return key in _YES


def orders_of(cells: Iterable[str]) -> set[DayOrder]:
    """In which order the day and the month of dates must stand, where one of them is above 12."""
    found: set[DayOrder] = set()
    for cell in cells:
        if (numbers := _numbers(cell)) is None or max(numbers) <= 12 or min(numbers) > 12:
            continue
        found.add(DayOrder.DMY if numbers[0] > numbers[1] else DayOrder.MDY)
    return found


def is_ambiguous(cell: str) -> bool:
    """Whether a date can be read in both orders, and is another day in each."""
    numbers = _numbers(cell)
    return numbers is not None and max(numbers) <= 12 and numbers[0] != numbers[1]


def _numbers(cell: str) -> tuple[int, int] | None:
    """The first two numbers of a date that ends with its year; None of any other.

    With full stops the day comes first everywhere.
    """
    found = _YEAR_LAST.fullmatch(_day_of(cell))
    return None if found is None or found[2] == "." else (int(found[1]), int(found[3]))


def _day_of(cell: str) -> str:
    """A date without the time behind it."""
    text = cell.strip()
    return _TIME.sub("", text, count=1) if ":" in text else text


def read_date(cell: str, order: DayOrder | None = None) -> str:
    """A date as `2021-05-31`; as `2021-05` or `2021` where no more is said.

    Reads 2021-05-31, 31/05/2021, 05/31/2021, 31.5.21, 31 May 2021, 31-mai-21, May 31, 2021,
    05/2021 and 2021, each also with a time behind it. Years of two digits are those that Excel
    takes them for: 00 to 29 of this century.

    Args:
        cell: The text.
        order: What comes first where numbers are; None for the day.

    Raises:
        UsageError: It is no date.
    """
    day = _day_of(cell)
    try:
        year, month, of_month = _parts(day, order)
        date(year, month or 1, of_month or 1)
    except ValueError:
        raise UsageError("animals_cell_date", text=cell) from None
    parts = (f"{year:04}", f"{month:02}" if month else "", f"{of_month:02}" if of_month else "")
    return "-".join(filter(None, parts))


def _parts(day: str, order: DayOrder | None) -> tuple[int, int, int]:
    """Year, month and day; 0 where it is not said.

    Raises:
        ValueError: It is no date.
    """
    if found := _YEAR_FIRST.fullmatch(day):
        year, _, month, of_month, alone = found.groups()
        return int(year or alone), int(month or 0), int(of_month or 0)
    if found := _YEAR_LAST.fullmatch(day):
        first, second = int(found[1]), int(found[3])
        if order is DayOrder.MDY and found[2] != ".":
            first, second = second, first
        return _full_year(found[4]), _not_0(second), _not_0(first)
    if found := _MONTH_AND_YEAR.fullmatch(day):
        return int(found[2]), _not_0(int(found[1])), 0
    if found := _DAY_AND_NAME.fullmatch(day):
        of_month, name, year = found.groups()
        if of_month is None:
            return int(_long(year)), _month(name), 0
        return _full_year(year), _month(name), _not_0(int(of_month))
    if found := _NAME_AND_DAY.fullmatch(day):
        return _full_year(found[3]), _month(found[1]), _not_0(int(found[2]))
    raise ValueError


def _not_0(number: int) -> int:
    if not number:
        raise ValueError
    return number


def _long(year: str) -> str:
    # `May 21` may be a day.
    if len(year) == 2:
        raise ValueError
    return year


def _full_year(year: str) -> int:
    number = int(year)
    if len(year) > 2:
        return number
    return number + (2000 if number < _THIS_CENTURY else 1900)


def _month(name: str) -> int:
    """The month that a name means, in full or cut off where no other begins so."""
    key = normalise(name)
    if len(key) < _SHORTEST_MONTH:
        raise ValueError
    fits = [n for n, names in enumerate(_MONTHS, 1) if any(one.startswith(key) for one in names)]
    if len(fits) != 1:
        raise ValueError
    return fits[0]


def read_age(cell: str, today: date) -> str:
    """When an animal was born that is so old: `2023` for three years, `2026-05` for six months.

    Args:
        cell: A number of years, or one with its unit: `3`, `3 years`, `6 mois`.
        today: The day on which it is so old.

    Raises:
        UsageError: It is no age.
    """
    found = _AGE.fullmatch(cell.strip())
    unit = normalise(found[3]) if found else ""
    if found is None or unit not in _YEARS | _IN_MONTHS:
        raise UsageError("animals_cell_age", text=cell)
    number = float(f"{found[1]}.{found[2] or 0}")
    if unit in _YEARS and number.is_integer() and number:
        return f"{today.year - int(number):04}"
    months = round(number if unit in _IN_MONTHS else 12 * number)
    year, month = divmod(12 * today.year + today.month - 1 - months, 12)
    return f"{year:04}-{month + 1:02}"
