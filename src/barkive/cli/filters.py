"""The filters of photos that several commands share, as options."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from barkive.cli.option_groups import Options, with_options
from barkive.cli.options import Values
from barkive.cli.saying import say

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, Filter


class StatusName(StrEnum):
    """What holds of a photo."""

    DOG = "dog"
    UNCERTAIN = "uncertain"
    NOT_DOG = "not_dog"
    FAILED = "failed"


animal_option = click.option(
    "--animal", metavar="ANIMAL", help="Of this animal: its code, its name or its number."
)
_OPTIONS: Options = {
    "breed": click.option(
        "--breed",
        metavar="NAME",
        multiple=True,
        help="Photos with a dog of this breed, with a cross with it, or with an uncertain "
        "one whose best guess it is; a name in English or French, or an id. Given several "
        "times, photos with a dog of each.",
    ),
    "group": click.option("--group", metavar="NUMBER", type=int, help="An FCI group, 1 to 10."),
    "status": click.option(
        "--status",
        type=Values(StatusName),
        multiple=True,
        help="Of this status; may be given several times.",
    ),
    "after": click.option(
        "--after", metavar="DATE", help="Taken on this day or later, such as 2026-05-31."
    ),
    "before": click.option("--before", metavar="DATE", help="Taken before this day."),
    "added_after": click.option(
        "--added-after", metavar="DATE", help="Catalogued on this day, UTC, or later."
    ),
    "added_before": click.option(
        "--added-before", metavar="DATE", help="Catalogued before this day."
    ),
    "folder": click.option("--folder", metavar="FOLDER", help="In this folder or those inside it."),
    "min_probability": click.option(
        "--min-probability",
        metavar="SHARE",
        type=float,
        help="The breed has at least this probability, 0 to 1.",
    ),
    "dogs": click.option(
        "--dogs", metavar="NUMBER", help="With so many dogs: 2, 2+ for two or more, 1-3."
    ),
    "corrected": click.option(
        "--corrected/--not-corrected", default=None, help="Whether people said what it is."
    ),
    "grouped": click.option(
        "--grouped/--not-grouped", default=None, help="Whether an animal is known that they show."
    ),
    "missing": click.option(
        "--missing", is_flag=True, help="Files that are gone, not those there."
    ),
}


def _to_filter(text: tuple[str, ...] | None, **options: Any) -> Filter:
    from barkive.catalogue import Filter, number_of_dogs
    from barkive.verdicts import Status

    options["breeds"] = options.pop("breed")
    if options["dogs"] is not None:
        options["dogs"] = number_of_dogs(options["dogs"])
    options["status"] = tuple(Status(one.value) for one in options["status"])
    for name in ("after", "before", "added_after", "added_before"):
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
    wanted = meant(catalogue, wanted)
    if animal is None:
        return wanted
    return replace(wanted, animal=catalogue.animals.get(animal).id)


def meant(catalogue: Catalogue, wanted: Filter) -> Filter:
    """A filter as a catalogue takes it; standard error says what it leaves out by surprise.

    That are photos without a date, and all of them in a folder of which the catalogue has none.

    Args:
        catalogue: Whose photos are meant.
        wanted: What people asked for.
    """
    if wanted.folder is not None:
        wanted = replace(wanted, folder=_known_folder(catalogue, wanted.folder))
    if (wanted.after, wanted.before) != (None, None):
        whenever = replace(wanted, after=None, before=None)
        dated = replace(whenever, after=date.min)
        if undated := catalogue.count(whenever) - catalogue.count(dated):
            say("filter_undated", err=True, n=undated)
    return wanted


def _known_folder(catalogue: Catalogue, folder: str) -> str:
    """A folder as the catalogue spells it; it is said where there is none."""
    from barkive.cli.output import printable

    if (known := catalogue.known_folder(folder)) is not None:
        return known
    say("filter_folder_unknown", err=True, folder=printable(folder))
    return folder


def _to_date(text: str | None) -> date | None:
    from barkive.errors import UsageError

    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UsageError("filter_date_invalid", text=text) from None


filtered = with_options("wanted", _OPTIONS, _to_filter)
"""Gives a command the options of `Filter`, and it one called `wanted`."""
