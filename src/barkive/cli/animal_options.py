"""What people say of an animal, and which animals they mean, as options."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barkive.cli.option_groups import Options, with_options

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


def _text(option: Any) -> tuple[Any, Any]:
    """An option that is a text, or is not given."""
    return Annotated[str | None, option], None


_FIELDS: Options = {
    "code": _text(
        typer.Option(
            "--code", metavar="TEXT", help="The shelter's own code; each animal has another one."
        )
    ),
    "name": _text(typer.Option("--name", metavar="TEXT", help="What it is called.")),
    "species": _text(
        typer.Option(
            "--species", metavar="TEXT", help="dog, cat, rabbit, other, or any other word."
        )
    ),
    "sex": _text(typer.Option("--sex", metavar="SEX", help="female or male.")),
    "birth": _text(
        typer.Option("--birth", metavar="DATE", help="Its birth: 2021-05-31, 2021-05 or 2021.")
    ),
    "estimate": (
        Annotated[
            bool | None,
            typer.Option(
                "--estimate/--exact",
                help="Whether the date of birth is an estimate.",
                show_default=False,
            ),
        ],
        None,
    ),
    "breed": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--breed",
                metavar="NAME",
                help="Its breed, whatever its photos say; given twice, the breeds of a cross. "
                "Empty for what its photos say.",
                show_default=False,
            ),
        ],
        None,
    ),
    "other": (
        Annotated[
            bool,
            typer.Option(
                "--other", help="Take the breed as it is written, though Barkive lacks it."
            ),
        ],
        False,
    ),
    "status": _text(
        typer.Option(
            "--status",
            metavar="TEXT",
            help="in care, adopted, lost, found, deceased, or any other.",
        )
    ),
    "notes": _text(typer.Option("--notes", metavar="TEXT", help="Anything worth remembering.")),
    "arrived": _text(
        typer.Option(
            "--arrived", metavar="DATE", help="The day on which it came, such as 2026-05-31."
        )
    ),
    "left": _text(typer.Option("--left", metavar="DATE", help="The day on which it left.")),
}

_FILTERS: Options = {
    "breed": _text(
        typer.Option("--breed", metavar="NAME", help="Of this breed, or a cross with it.")
    ),
    "species": _text(
        typer.Option(
            "--species", metavar="TEXT", help="dog, cat, rabbit, other, or as it was written."
        )
    ),
    "sex": (
        Annotated[SexName | None, typer.Option("--sex", help="Its sex.", show_default=False)],
        None,
    ),
    "status": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--status",
                metavar="TEXT",
                help="in care, adopted, lost, found, deceased, or as it was written; may be given "
                "several times.",
                show_default=False,
            ),
        ],
        None,
    ),
    "breed_status": (
        Annotated[
            BreedStatus | None,
            typer.Option(
                "--breed-status",
                help="Whether the breed is known, uncertain, or nothing is said of it.",
                show_default=False,
            ),
        ],
        None,
    ),
    "disagrees": (
        Annotated[
            bool | None,
            typer.Option(
                "--disagrees/--agrees",
                help="Whether its photos contradict each other.",
                show_default=False,
            ),
        ],
        None,
    ),
    "has_photos": (
        Annotated[
            bool | None,
            typer.Option(
                "--with-photos/--without-photos",
                help="Whether it has photos.",
                show_default=False,
            ),
        ],
        None,
    ),
    "removed": (
        Annotated[
            bool, typer.Option("--removed", help="Those that were removed or merged, not others.")
        ],
        False,
    ),
}


def described(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `AnimalFields`, and it one called `said` in their place."""
    return with_options(command, "said", _FIELDS, _to_fields)


def selected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `AnimalFilter`, and it one called `wanted` in their place.

    What it calls `text` becomes part of the filter.
    """
    return with_options(command, "wanted", _FILTERS, _to_filter)


def to_photo(given: str) -> str | int:
    """A photo as people name it: its number, or its path."""
    is_number = given.isascii() and given.isdigit() and len(given) < 19
    return int(given) if is_number and not Path(given).exists() else given


def _to_fields(text: None, **options: Any) -> AnimalFields:
    from barkive.catalogue import AnimalFields

    breeds = options.pop("breed")
    named = None if breeds is None else tuple(one for one in breeds if one.strip())
    return AnimalFields(birth_is_estimate=options.pop("estimate"), breeds=named, **options)


def _to_filter(text: list[str] | None, **options: Any) -> AnimalFilter:
    from barkive.catalogue import SPECIES, STATUSES, AnimalFilter, known_word

    sex, breed_status = options.pop("sex"), options.pop("breed_status")
    if sex is not None:
        options["sex"] = "" if sex is SexName.UNKNOWN else sex.value
    if breed_status is not None:
        options["breed_status"] = "" if breed_status is BreedStatus.NONE else breed_status.value
    if options["species"] is not None:
        options["species"] = known_word(options["species"], SPECIES, "species")
    said = options["status"] or ()
    options["status"] = tuple(known_word(one, STATUSES, "status") for one in said)
    return AnimalFilter(text=" ".join(text) if text else None, **options)
