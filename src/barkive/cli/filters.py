"""The filters that search, export, review and duplicates share, as options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from barkive.catalogue import Filter


class StatusName(StrEnum):
    """What holds of a photo."""

    DOG = "dog"
    UNCERTAIN = "uncertain"
    NOT_DOG = "not_dog"
    FAILED = "failed"


_OPTIONS: dict[str, tuple[Any, Any]] = {
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
    # The type of `wanted` is known to type checkers only: it is imported when it is needed.
    command.__annotations__.pop("wanted")
    own = inspect.signature(command, eval_str=True)
    parameters = []
    for parameter in own.parameters.values():
        if parameter.name != "wanted":
            parameters.append(parameter)
            continue
        parameters += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
            )
            for name, (annotation, default) in _OPTIONS.items()
        ]
    # Typer takes positional and keyword parameters alike; Python wants them in this order.
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

    def run(**arguments: Any) -> None:
        filters = {name: arguments.pop(name) for name in _OPTIONS}
        command(wanted=_to_filter(arguments.pop("text", None), **filters), **arguments)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run


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


def _to_date(text: str | None) -> date | None:
    from barkive.errors import UsageError

    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UsageError("filter_date_invalid", text=text) from None
