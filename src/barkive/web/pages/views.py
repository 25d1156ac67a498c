"""A view of the catalogue as it stands in an address: which photos, and how to say so.

The same parameters as in the API. An empty one is as if it were not there. Of an address with
a wrong one nothing is shown: without it, it would mean other photos.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from barkive.breeds import group_name
from barkive.catalogue import Animal, Catalogue, Filter, PhotoOrder, number_of_dogs
from barkive.errors import BarkiveError, UnknownAnimalError, UnknownBreedError, UsageError
from barkive.messages import Messages
from barkive.verdicts import BreedName, Status
from barkive.web.paths import printable
from barkive.web.urls import with_query

LONGEST: Mapping[str, int] = {"text": 500, "breed": 200, "folder": 4096}
"""How many characters the fields of text may have."""
FIELDS = (
    *(*LONGEST, "animal", "grouped", "dogs", "group", "status"),
    *("after", "before", "added_after", "added_before", "corrected", "missing", "numbers"),
    *("add_to", "order"),
)
"""What an address can say of the photos that are meant, and of the animal they are for."""
MOST_NUMBERS = 300
"""So many photos an address can name one by one: servers in front take 8 KB of an address."""
MOST_BREEDS = 10
"""So many breeds an address can ask for at once."""
_SHOWN = 60
_TOLD_AS_IT_IS = ("breed_unknown", "filter_dates_reversed", "filter_added_reversed")
_CATALOGUED = PhotoOrder()
_ANSWERS = {
    **dict.fromkeys(("true", "1", "on", "yes"), True),
    **dict.fromkeys(("false", "0", "off", "no"), False),
}
_CHIPS = {
    "grouped": ("photos.of_animal", "photos.of_none"),
    "corrected": ("base.corrected", "photos.uncorrected"),
    "missing": ("photos.missing", "photos.present"),
}
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class View:
    """Which photos an address means.

    Attributes:
        query: As a filter, without what is wrong.
        values: What stands in the address, of the fields that are not empty; of several breeds
            the first, or one that is wrong.
        faults: What is wrong with those of them that can't be understood.
        breeds: All breeds that stand in the address.
        order: Of the list.
    """

    query: Filter
    values: Mapping[str, str]
    faults: Mapping[str, Exception]
    breeds: tuple[str, ...] = ()
    order: PhotoOrder = _CATALOGUED

    @classmethod
    def of(cls, params: QueryParams, catalogue: Catalogue) -> View:
        """Reads an address."""
        breeds = tuple(filter(None, map(_plain, params.getlist("breed"))))[:MOST_BREEDS]
        given = {name: _plain(params.get(name, "")) for name in FIELDS}
        given["breed"] = breeds[0] if breeds else ""
        values = {name: value for name, value in given.items() if value}
        query = Filter()
        faults: dict[str, Exception] = {}
        for name, value in [
            *(("breed", one) for one in breeds),
            *(one for one in values.items() if one[0] != "breed"),
        ]:
            try:
                query = _with(query, name, value, catalogue)
            except (UsageError, UnknownAnimalError, ValueError, KeyError) as error:
                faults.setdefault(name, error)
                values[name] = value
        order = PhotoOrder()
        try:
            order = PhotoOrder.of(values.get("order", str(order)))
        except UsageError as error:
            faults["order"] = error
        return cls(query, values, faults, breeds, order)

    @property
    def filters(self) -> list[str]:
        """The fields that say which photos are meant."""
        return [name for name in self.values if name != "order"]

    def address(self, path: str, **changes: Any) -> str:
        """An address of these photos.

        Args:
            path: Of the page.
            changes: Fields to set, or with None to leave out; others are added.
        """
        return with_query(path, **{**self.values, "breed": self.breeds, **changes})

    def to_review(self, path: str) -> str:
        """The address of the review of all these photos; empty where none of them can be."""
        statuses = [one.value for one in self.query.status or Status if one is not Status.FAILED]
        if not statuses or self.query.missing or self.query.corrected:
            return ""
        also = dict.fromkeys(("corrected", "missing", "add_to", "order"))
        return self.address(path, status=",".join(statuses), **also)

    def other_breeds(self, one: str, instead: str | None = None) -> tuple[str, ...]:
        """The breeds of the address without one, or with another in its place."""
        kept = (instead if breed == one else breed for breed in self.breeds)
        return tuple(breed for breed in kept if breed is not None)

    def chips(
        self, path: str, words: Messages, catalogue: Catalogue, **also: str
    ) -> list[dict[str, str]]:
        """What is asked for, each with its name and the address without it.

        Args:
            path: Of the page.
            words: Of the visitor's language.
            catalogue: Of the photos.
            also: Further fields that the address keeps.
        """
        chips = []
        for name in self.filters:
            if name in self.faults:
                continue
            if name == "breed":
                for one, shown in zip(self.breeds, self.breed_names(words, catalogue), strict=True):
                    without = self.address(path, breed=self.other_breeds(one), **also)
                    chips.append({"name": shown, "without": without})
            else:
                shown = self._described(name, words, catalogue)
                without = self.address(path, **{name: None}, **also)
                chips.append({"name": shown, "without": without})
        return chips

    def breed_names(self, words: Messages, catalogue: Catalogue) -> list[str]:
        """The breeds that are asked for; as they were typed where one is wrong."""
        if "breed" in self.faults:
            return list(self.breeds)
        names = catalogue.models.names
        return [names.label(one).name(words.lang) for one in self.breeds]

    def animal_to_add_to(self, catalogue: Catalogue) -> Animal | None:
        """The animal to which photos are to be added; None where the address names none."""
        if "add_to" not in self.values or "add_to" in self.faults:
            return None
        return catalogue.animals.get(int(self.values["add_to"]))

    def meant(self, catalogue: Catalogue) -> tuple[BreedName, ...]:
        """The breeds that may be meant by a wrong one."""
        error = self.faults.get("breed")
        return meant_by(error if isinstance(error, BarkiveError) else None, catalogue)

    def fault(self, name: str, words: Messages) -> str:
        """A sentence on what is wrong with a field."""
        error = self.faults[name]
        if isinstance(error, BarkiveError) and error.code in _TOLD_AS_IT_IS:
            return explained(error, words)
        value = self.values[name]
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return words(f"photos.fault_{name}", value=printable(shown))

    def _described(self, name: str, words: Messages, catalogue: Catalogue) -> str:
        value, query = self.values[name], self.query
        match name:
            case "text":
                return words("photos.quoted", text=value)
            case "animal" | "add_to":
                title = catalogue.animals.get(int(value)).title
                return title if name == "animal" else words("photos.add_to_chip", animal=title)
            case "dogs":
                return dogs_chip(query.dogs, words) if query.dogs else value
            case "group":
                return group_chip(int(value), words)
            case "status":
                return ", ".join(words(f"base.{one.value}") for one in query.status)
            case "after" | "before" | "added_after" | "added_before":
                day = getattr(query, name)
                return words(f"photos.{name}_chip", day=words.day(day) if day else value)
            case "folder":
                return words("photos.folder_chip", name=PurePath(value).name or value)
            case "grouped" | "corrected" | "missing":
                yes, no = _CHIPS[name]
                return words(yes if _answer(value) else no)
            case _:
                return words("selection.selected", n=len(query.numbers or ()))


def page_of(request: Request) -> int:
    """Which chunk of the list an address asks for, from 1 on; the first where it says none."""
    value = request.query_params.get("page", "")
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 10 else 1


def turned_to(request: Request) -> int | None:
    """Which page of the list a visitor came from; None for the first."""
    page = page_of(request)
    return page if page > 1 else None


def group_chip(group: int, words: Messages) -> str:
    """An FCI group with its number and name."""
    return words("photos.group_chip", number=str(group), name=group_name(group, words.lang))


def dogs_chip(dogs: tuple[int, int | None], words: Messages) -> str:
    """How many dogs are asked for: at least, and at most."""
    least, most = dogs
    if most is None:
        return words("photos.dogs_least", n=least)
    if most > least:
        return words("photos.dogs_between", least=least, n=most)
    return words("photos.dogs_shown", n=least)


def meant_by(error: BarkiveError | None, catalogue: Catalogue) -> tuple[BreedName, ...]:
    """The breeds that may be meant where an error says that none is called so; else none."""
    if not isinstance(error, UnknownBreedError):
        return ()
    return catalogue.models.names.choices(error.query)


def explained(error: BarkiveError, words: Messages) -> str:
    """What is wrong, for people who use the page and not the command line."""
    if isinstance(error, UnknownBreedError) and error.nearest:
        return words("photos.unknown_breed_near", name=error.query, near=error.nearest)
    return words.on_page(error.message)


def _plain(value: str) -> str:
    # No path, name or note holds a zero byte, and PostgreSQL refuses to look for one.
    return value.replace("\0", "").strip()


def _with(query: Filter, name: str, value: str, catalogue: Catalogue) -> Filter:
    """A filter with one field more.

    Raises:
        UsageError: The field can't be understood, or there is no such breed.
        UnknownAnimalError: There is no such animal.
        ValueError: Likewise.
        KeyError: Likewise.
    """
    if len(value) > LONGEST.get(name, len(value)):
        raise ValueError(value)
    if name == "breed":
        changed: dict[str, Any] = {"breeds": (*query.breeds, value)}
    elif name == "animal":
        changed = {name: catalogue.animals.get(_identifier(value)).id}
    elif name == "add_to":
        catalogue.animals.get(_identifier(value))
        changed = {}
    elif name == "order":
        changed = {}
    elif name == "folder":
        changed = {name: catalogue.known_folder(value) or value}
    else:
        changed = {name: _READ[name](value)}
    query = replace(query, **changed)
    query.breed_ids(catalogue.models)
    return query


def _number(value: str) -> int:
    if not value.isascii():
        raise ValueError(value)
    return int(value)


def _identifier(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or int(value) >= _LARGEST:
        raise ValueError(value)
    return int(value)


def _statuses(value: str) -> tuple[Status, ...]:
    return tuple(dict.fromkeys(map(Status, value.split(","))))


def _numbers(value: str) -> tuple[int, ...]:
    numbers = tuple(dict.fromkeys(map(_identifier, value.split())))
    if len(numbers) > MOST_NUMBERS:
        raise ValueError(value)
    return numbers


def _answer(value: str) -> bool:
    return _ANSWERS[value.lower()]


_READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "dogs": number_of_dogs,
    "group": _number,
    "status": _statuses,
    "after": date.fromisoformat,
    "before": date.fromisoformat,
    "added_after": date.fromisoformat,
    "added_before": date.fromisoformat,
    "grouped": _answer,
    "corrected": _answer,
    "missing": _answer,
    "numbers": _numbers,
}
