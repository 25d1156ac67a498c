"""What people say of an animal, as the catalogue keeps it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from barkive.catalogue.animal_records import (
    IN_CARE,
    LONGEST,
    LONGEST_NOTES,
    SPECIES,
    STATUSES,
    AnimalFields,
    Sex,
    parse_birth,
)
from barkive.catalogue.animals import finding
from barkive.catalogue.annotations import labels
from barkive.catalogue.predictions.models import Models
from barkive.errors import UsageError
from barkive.messages import LANGUAGES, Messages

_LINES: Final = "\n\t"


def to_values(connection: Connection, models: Models, fields: AnimalFields) -> dict[str, Any]:
    """What people say of an animal, as it is kept: by the names of `finding.value_of`.

    Args:
        connection: Of a writing transaction: breeds that are new may be added.
        models: Of the catalogue.
        fields: What they say.

    Raises:
        UnknownBreedError: There is no such breed.
        UnknownPhotoError: There is no such photo.
        UsageError: A value can't be taken.
    """
    return {
        name: to_value(connection, models, name, given, other=fields.other)
        for name, given in fields.given().items()
    }


def to_value(connection: Connection, models: Models, name: str, given: Any, *, other: bool) -> Any:
    """One of these values: see `to_values`."""
    match name:
        case "species":
            return known_word(plain(given, name), SPECIES, name) or SPECIES[0]
        case "status":
            return known_word(plain(given, name), STATUSES, name) or IN_CARE
        case "breeds":
            return list(labels.breed_ids(connection, models, tuple(given), other=other))
        case "main_photo":
            return finding.pictures_of(connection, [given])[0] if given else None
        case _:
            return _READ[name](given)


def plain(text: str, field: str, longest: int = LONGEST, *, lines: bool = False) -> str:
    """A text without characters that can't be seen, and without blanks around it.

    Args:
        text: What people wrote.
        field: What it is.
        longest: Characters at most.
        lines: Whether it may have several lines.

    Raises:
        UsageError: It is longer.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    kept = _LINES if lines else ""
    shown = "".join(
        one if one in kept or unicodedata.category(one) not in ("Cc", "Cs") else " "
        for one in composed
    )
    tidy = shown.strip() if lines else " ".join(shown.split())
    if len(tidy) > longest:
        raise UsageError("animal_field_too_long", field=field, n=len(tidy), limit=longest)
    return tidy


def known_word(text: str, known: Sequence[str], section: str) -> str:
    """A word that Barkive has in each language as it is kept; any other as it is written.

    Args:
        text: What people wrote.
        known: The words as they are kept.
        section: `species` or `status`.
    """
    key = _spaced(text)
    for word in known:
        names = {word, *(Messages(lang)(f"animals.{section}_{word}") for lang in LANGUAGES)}
        plain_names = set(map(_spaced, names))
        # French has a form for females: adoptée, trouvée, perdue.
        if key in plain_names or key.removesuffix("e") in plain_names:
            return word
    return text


def _spaced(text: str) -> str:
    return finding.key_of(text.replace("_", " ").replace("-", " "))


def to_sex(text: str) -> str | None:
    """A sex as it is kept; None where it is not known.

    Raises:
        UsageError: It is neither `female` nor `male`, nor one of these in another language.
    """
    key = _spaced(text)
    if not key:
        return None
    for sex in Sex:
        names = {_spaced(Messages(lang)(f"animals.sex_{sex.value}")) for lang in LANGUAGES}
        if key in names | {sex.value, sex.value[0]}:
            return sex.value
    raise UsageError("animal_sex_invalid", text=text)


def _to_day(given: date | str) -> str | None:
    """A day as it is kept.

    Raises:
        UsageError: It is no date.
    """
    if isinstance(given, date):
        return given.isoformat()
    if not given.strip():
        return None
    try:
        return date.fromisoformat(given.strip()).isoformat()
    except ValueError:
        raise UsageError("animal_day_invalid", text=given) from None


def _to_line(field: str, given: str) -> str | None:
    return plain(given, field) or None


def _to_notes(given: str) -> str | None:
    return plain(given, "notes", LONGEST_NOTES, lines=True) or None


def _to_birth(given: str) -> str | None:
    return parse_birth(given) if given.strip() else None


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "code": partial(_to_line, "code"),
    "name": partial(_to_line, "name"),
    "notes": _to_notes,
    "sex": to_sex,
    "birth": _to_birth,
    "birth_is_estimate": bool,
    "arrived": _to_day,
    "left": _to_day,
}
