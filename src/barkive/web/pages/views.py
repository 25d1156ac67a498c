"""A view of the catalogue as it stands in an address: which photos, and how to say so.

The same parameters as in the API. An empty one is as if it were not there, and a wrong one is
told beside its field and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from barkive.breeds import group_name
from barkive.catalogue import Catalogue, Filter
from barkive.errors import BarkiveError, UsageError
from barkive.verdicts import Status
from barkive.web.languages import Words

_TEXTS = ("text", "breed", "folder")
FIELDS = (*_TEXTS, "group", "status", "after", "before", "corrected", "missing")
"""What an address can say of the photos that are meant."""
_TRUE, _FALSE = ("true", "1", "on", "yes"), ("false", "0", "off", "no")


@dataclass(frozen=True, slots=True)
class View:
    """Which photos an address means.

    Attributes:
        wanted: As a filter.
        values: What stands in the address, of the fields that are not empty.
        faults: A sentence for each field that is wrong.
    """

    wanted: Filter
    values: Mapping[str, str]
    faults: Mapping[str, str]

    @classmethod
    def of(cls, query: QueryParams, catalogue: Catalogue) -> View:
        """Reads an address."""
        values = {name: query[name].strip() for name in FIELDS if query.get(name, "").strip()}
        wanted, faults = Filter(), {}
        for name, value in values.items():
            try:
                changed = replace(wanted, **{name: _READ[name](value)})
                changed.cases(catalogue.models, sqlite=True)  # looks the breed up
                wanted = changed
            except BarkiveError as error:
                faults[name] = str(error)
        return cls(wanted, values, faults)

    def address(self, path: str, **changes: Any) -> str:
        """An address of these photos.

        Args:
            path: Of the page.
            changes: Fields to set, or with None to leave out; others are added.
        """
        values = {name: value for name, value in self.values.items() if name not in changes}
        values |= {name: value for name, value in changes.items() if value not in (None, "")}
        return f"{path}?{urlencode(values, errors='surrogateescape')}" if values else path

    def chips(self, path: str, words: Words, catalogue: Catalogue) -> list[dict[str, str]]:
        """What is asked for, each with its name and the address without it."""
        return [
            {
                "name": self._described(name, words, catalogue),
                "without": self.address(path, **{name: None}),
            }
            for name in self.values
            if name not in self.faults
        ]

    def _described(self, name: str, words: Words, catalogue: Catalogue) -> str:
        value, wanted = self.values[name], self.wanted
        match name:
            case "text":
                return f"“{value}”" if words.lang == "en" else f"« {value} »"
            case "breed":
                (breed, *_) = wanted.breed_ids(catalogue.models) or [value]
                return catalogue.models.label(breed).name(words.lang)
            case "group":
                return group_chip(int(value), words)
            case "status":
                return words(f"base.{value}")
            case "after" | "before":
                day = wanted.after if name == "after" else wanted.before
                return words(f"photos.{name}_chip", day=words.day(day) if day else value)
            case "folder":
                return value
            case "corrected":
                return words("base.corrected" if wanted.corrected else "photos.uncorrected")
            case _:
                return words("photos.missing")


def group_chip(group: int, words: Words) -> str:
    """An FCI group with its number and name."""
    return words("photos.group_chip", number=str(group), name=group_name(group, words.lang))


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"“{value}” is no date; write it as 2026-05-31.") from None


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise UsageError(f"“{value}” is no number.")
    return int(value)


def _status(value: str) -> tuple[Status, ...]:
    try:
        return (Status(value),)
    except ValueError:
        raise UsageError(f"“{value}” is no status; choose one of: {', '.join(Status)}.") from None


def _flag(value: str, name: str) -> bool:
    if value.lower() not in (*_TRUE, *_FALSE):
        raise UsageError(f"“{value}” is no answer to “{name}”; write true or false.")
    return value.lower() in _TRUE


_READ: Mapping[str, Any] = {
    "text": str,
    "breed": str,
    "folder": str,
    "group": _number,
    "status": _status,
    "after": _day,
    "before": _day,
    "corrected": partial(_flag, name="corrected"),
    "missing": partial(_flag, name="missing"),
}
