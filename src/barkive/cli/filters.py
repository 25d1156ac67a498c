"""The filters of photos that several commands share, as options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barkive.cli.option_groups import Options, with_options

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, Filter


class StatusName(StrEnum):
    """What holds of a photo."""

    DOG = "dog"
    UNCERTAIN = "uncertain"
    NOT_DOG = "not_dog"
    FAILED = "failed"


AnimalOption = Annotated[
    str | None,
    typer.Option(
        "--animal",
        metavar="ANIMAL",
        help="Of this animal: its code, its name or its number.",
        show_default=False,
    ),
]
_OPTIONS: Options = {
    "breed": (
        Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME",
                help="Photos with a dog of this breed, with a cross with it, or with an uncertain "
                "one whose best guess it is; a name in English or French, or an id. Given several "
                "times, photos with a dog of each.",
                show_default=False,
            ),
        ],
        None,
    ),
    "group": (
        Annotated[
            int | None,
            typer.Option(metavar="N", help="An FCI group, 1 to 10.", show_default=False),
        ],
        None,
    ),
    "status": (
        Annotated[
            list[StatusName] | None,
            typer.Option(help="Of this status; may be given several times.", show_default=False),
        ],
        None,
    ),
    "after": (
        Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                help="Taken on this day or later, such as 2026-05-31.",
                show_default=False,
            ),
        ],
        None,
    ),
    "before": (
        Annotated[
            str | None,
            typer.Option(metavar="DATE", help="Taken before this day.", show_default=False),
        ],
        None,
    ),
    "folder": (
        Annotated[
            str | None,
            typer.Option(
                metavar="PATH", help="In this folder or those inside it.", show_default=False
            ),
        ],
        None,
    ),
    "min_probability": (
        Annotated[
            float | None,
            typer.Option(
                metavar="P",
                help="The breed has at least this probability, 0 to 1.",
                show_default=False,
            ),
        ],
        None,
    ),
    "dogs": (
        Annotated[
            str | None,
            typer.Option(
                metavar="N",
                help="With so many dogs: 2, 2+ for two or more, 1-3.",
                show_default=False,
            ),
        ],
        None,
    ),
    "corrected": (
        Annotated[
            bool | None,
            typer.Option(
                "--corrected/--not-corrected",
                help="Whether people said what it is.",
                show_default=False,
            ),
        ],
        None,
    ),
    "grouped": (
        Annotated[
            bool | None,
            typer.Option(
                "--grouped/--not-grouped",
                help="Whether an animal is known that they show.",
                show_default=False,
            ),
        ],
        None,
    ),
    "missing": (
        Annotated[bool, typer.Option("--missing", help="Files that are gone, not those there.")],
        False,
    ),
}


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `Filter`, and it a `Filter` in their place.

    The command has a parameter `wanted`, in whose place the options appear, and may have one
    called `text`, which becomes part of the filter.
    """
    return with_options(command, "wanted", _OPTIONS, _to_filter)


def _to_filter(text: list[str] | None, **options: Any) -> Filter:
    from barkive.catalogue import Filter, number_of_dogs
    from barkive.verdicts import Status

    options["breeds"] = tuple(options.pop("breed") or ())
    if options["dogs"] is not None:
        options["dogs"] = number_of_dogs(options["dogs"])
    options["status"] = tuple(Status(one.value) for one in options["status"] or ())
    for name in ("after", "before"):
        options[name] = _to_date(options[name])
    return Filter(text=" ".join(text) if text else None, **options)


def of_animal(catalogue: Catalogue, wanted: Filter, animal: str | None) -> Filter:
    """A filter for the photos of an animal, where one is given.

    Args:
        catalogue: That knows the animal.
        wanted: What else holds of the photos.
        animal: Its code, its name or its number; None for those of all and of none.

    Raises:
        UnknownAnimalError: There is no such animal.
    """
    if animal is None:
        return wanted
    return replace(wanted, animal=catalogue.animals.get(animal).id)


def _to_date(text: str | None) -> date | None:
    from barkive.errors import UsageError

    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UsageError("filter_date_invalid", text=text) from None
