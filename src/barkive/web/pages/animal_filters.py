"""A view of the animals as it stands in an address: which ones, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import QueryParams

from barkive.catalogue import AnimalFilter, Catalogue, Order, Sex
from barkive.errors import UnknownBreedError
from barkive.messages import Messages
from barkive.verdicts import Status
from barkive.web.pages.animal_words import word
from barkive.web.pages.views import explained
from barkive.web.urls import with_query

UNKNOWN = "unknown"
"""A sex, or a verdict, that there is not."""
DISAGREES = "disagrees"
BREED_STATUSES = (Status.DOG.value, Status.UNCERTAIN.value, UNKNOWN, DISAGREES)
"""What can be asked for of the verdict."""
SEXES = (*(sex.value for sex in Sex), UNKNOWN)
_FIELDS = ("text", "status", "breed", "species", "sex", "verdict", "photos", "order")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class AnimalsView:
    """Which animals an address asks for.

    Attributes:
        query: As a filter, without what is wrong.
        order: Of the list.
        values: What stands in the address, of the fields that are not empty.
        fault: What is wrong with the breed; None where nothing is.
    """

    query: AnimalFilter = field(default_factory=AnimalFilter)
    order: Order = Order.NAME
    values: Mapping[str, str] = field(default_factory=dict)
    fault: UnknownBreedError | None = None

    @classmethod
    def of(cls, params: QueryParams, catalogue: Catalogue) -> AnimalsView:
        """Reads an address; apart from the breed, what can't be understood is as if not there."""
        given = {
            name: params.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in _FIELDS
        }
        known = {"sex": SEXES, "verdict": BREED_STATUSES, "photos": ("none",), "order": [*Order]}
        values = {
            name: value
            for name, value in given.items()
            if value and value in known.get(name, [value])
        }
        if values.get("order") == Order.NAME:
            del values["order"]
        fault = None
        breed = values.get("breed")
        if breed is not None:
            try:
                catalogue.models.names.find(breed)
            except UnknownBreedError as error:
                fault, breed = error, None
        verdict, sex = values.get("verdict"), values.get("sex")
        query = AnimalFilter(
            text=values.get("text"),
            breed=breed,
            species=values.get("species"),
            sex="" if sex == UNKNOWN else sex,
            status=(values["status"],) if "status" in values else (),
            breed_status=None if verdict == DISAGREES else "" if verdict == UNKNOWN else verdict,
            disagrees=True if verdict == DISAGREES else None,
            has_photos=False if "photos" in values else None,
        )
        return cls(query, Order(values.get("order", Order.NAME)), values, fault)

    @property
    def narrowed(self) -> int:
        """How many filters are set beside the words."""
        return len(self.values.keys() - {"text", "order"})

    def address(self, path: str, **changes: Any) -> str:
        """An address of these animals.

        Args:
            path: Of the page.
            changes: Fields to set, or with None to leave out; others are added.
        """
        return with_query(path, **{**self.values, **changes})

    def without_status(self) -> AnimalFilter:
        """These animals of every status."""
        return replace(self.query, status=())

    def breed_name(self, words: Messages, catalogue: Catalogue) -> str:
        """The breed that is asked for; as it was typed where it is wrong."""
        if self.query.breed is None:
            return self.values.get("breed", "")
        names = catalogue.models.names
        return names.label(names.find(self.query.breed)).name(words.lang)

    def chips(self, path: str, words: Messages, catalogue: Catalogue) -> list[dict[str, str]]:
        """What is asked for, each with its name and the address without it."""
        shown = [
            name for name in self.values if name != "order" and (name != "breed" or not self.fault)
        ]
        return [
            {
                "name": self._described(name, words, catalogue),
                "without": self.address(path, **{name: None}),
            }
            for name in shown
        ]

    def explained(self, words: Messages) -> str:
        """What is wrong with the breed."""
        return explained(self.fault, words) if self.fault else ""

    def _described(self, name: str, words: Messages, catalogue: Catalogue) -> str:
        value = self.values[name]
        match name:
            case "text":
                return words("photos.quoted", text=value)
            case "breed":
                return self.breed_name(words, catalogue)
            case "verdict":
                return words(f"animals.verdict_{value}")
            case "sex":
                return (
                    words("animals.sex_unknown") if value == UNKNOWN else word("sex", value, words)
                )
            case "photos":
                return words("animals.without_photos")
            case _:
                return word(name, value, words)
