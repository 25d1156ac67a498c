"""What people say of an animal, and which animals they mean, as options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from barkive.cli.option_groups import Options, with_options
from barkive.cli.options import Values

if TYPE_CHECKING:
    from barkive.catalogue import AnimalFields, AnimalFilter


class BreedStatus(StrEnum):
    """What is said of an animal's breed."""

    DOG = "dog"
    UNCERTAIN = "uncertain"
    NONE = "none"


class SexName(StrEnum):
    """An animal's sex, as it is looked for."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


_FIELDS: Options = {
    "code": click.option(
        "--code", metavar="TEXT", help="The shelter's own code; each animal has another one."
    ),
    "name": click.option("--name", metavar="TEXT", help="What it is called."),
    "species": click.option(
        "--species", metavar="TEXT", help="dog, cat, rabbit, other, or any other word."
    ),
    "sex": click.option("--sex", metavar="SEX", help="female or male."),
    "birth": click.option(
        "--birth", metavar="DATE", help="Its birth: 2021-05-31, 2021-05 or 2021."
    ),
    "estimate": click.option(
        "--estimate/--exact", default=None, help="Whether the date of birth is an estimate."
    ),
    "breed": click.option(
        "--breed",
        metavar="NAME",
        multiple=True,
        help="Its breed, whatever its photos say; given twice, the breeds of a cross. "
        "Empty for what its photos say.",
    ),
    "other": click.option(
        "--other", is_flag=True, help="Take the breed as it is written, though Barkive lacks it."
    ),
    "status": click.option(
        "--status", metavar="TEXT", help="in care, adopted, lost, found, deceased, or any other."
    ),
    "notes": click.option("--notes", metavar="TEXT", help="Anything worth remembering."),
    "arrived": click.option(
        "--arrived", metavar="DATE", help="The day on which it came, such as 2026-05-31."
    ),
    "left": click.option("--left", metavar="DATE", help="The day on which it left."),
}

_FILTERS: Options = {
    "breed": click.option("--breed", metavar="NAME", help="Of this breed, or a cross with it."),
    "species": click.option(
        "--species", metavar="TEXT", help="dog, cat, rabbit, other, or as it was written."
    ),
    "sex": click.option("--sex", type=Values(SexName), help="Its sex."),
    "status": click.option(
        "--status",
        metavar="TEXT",
        multiple=True,
        help="in care, adopted, lost, found, deceased, or as it was written; may be given "
        "several times.",
    ),
    "breed_status": click.option(
        "--breed-status",
        type=Values(BreedStatus),
        help="Whether the breed is known, uncertain, or nothing is said of it.",
    ),
    "disagrees": click.option(
        "--disagrees/--agrees", default=None, help="Whether its photos contradict each other."
    ),
    "has_photos": click.option(
        "--with-photos/--without-photos", "has_photos", default=None, help="Whether it has photos."
    ),
    "removed": click.option(
        "--removed", is_flag=True, help="Those that were removed or merged, not others."
    ),
}


def to_photo(given: str) -> str | int:
    """A photo as people name it: its number, or its path."""
    is_number = given.isascii() and given.isdigit() and len(given) < 19
    return int(given) if is_number and not Path(given).exists() else given


def _to_fields(text: None, **options: Any) -> AnimalFields:
    from barkive.catalogue import AnimalFields

    breeds = options.pop("breed")
    named = tuple(one for one in breeds if one.strip()) if breeds else None
    return AnimalFields(birth_is_estimate=options.pop("estimate"), breeds=named, **options)


def _to_filter(text: tuple[str, ...] | None, **options: Any) -> AnimalFilter:
    from barkive.catalogue import SPECIES, STATUSES, AnimalFilter, known_word

    sex, breed_status = options.pop("sex"), options.pop("breed_status")
    if sex is not None:
        options["sex"] = "" if sex is SexName.UNKNOWN else sex.value
    if breed_status is not None:
        options["breed_status"] = "" if breed_status is BreedStatus.NONE else breed_status.value
    if options["species"] is not None:
        options["species"] = known_word(options["species"], SPECIES, "species")
    options["status"] = tuple(known_word(one, STATUSES, "status") for one in options["status"])
    return AnimalFilter(text=" ".join(text) if text else None, **options)


described = with_options("said", _FIELDS, _to_fields)
"""Gives a command the options of `AnimalFields`, and it one called `said`."""

selected = with_options("wanted", _FILTERS, _to_filter)
"""Gives a command the options of `AnimalFilter`, and it one called `wanted`."""
