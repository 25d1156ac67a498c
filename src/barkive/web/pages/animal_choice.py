"""Which animal is meant by what somebody typed, and the choices that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from barkive.catalogue import Animal, AnimalFilter, Catalogue, Order
from barkive.errors import UnknownAnimalError, UsageError
from barkive.messages import Messages
from barkive.web.languages import language_of
from barkive.web.pages.animal_words import tile
from barkive.web.rendering import render

_SHOWN = 24


def meant(catalogue: Catalogue, typed: str) -> Animal | None:
    """The animal of which this is the code, the number, or the name that no other has.

    Args:
        catalogue: Of the animals.
        typed: What somebody typed.

    Returns:
        None where there is none, or several.
    """
    try:
        return catalogue.animals.get(typed.strip())
    except (UnknownAnimalError, UsageError):
        return None


def choose(
    request: Request,
    catalogue: Catalogue,
    *,
    typed: str,
    field: str,
    action: str,
    back: str,
    method: str = "post",
    kept: Iterable[tuple[str, str]] = (),
) -> Response:
    """The page on which the animal is chosen that somebody means; nothing is saved yet.

    Args:
        request: That brought the form.
        catalogue: Of the animals.
        typed: What was typed.
        field: Of the form, in which it stood.
        action: Where the form goes.
        back: The address that it came from.
        method: Of the form.
        kept: All else that it holds: names of fields, with their values.
    """
    words = Messages(language_of(request))
    text = typed.strip()[:200]
    return render(
        request,
        "animal_choice.html",
        status=422,
        typed=text,
        field=field,
        action=action,
        back=back,
        method=method,
        kept=list(kept),
        found=candidates(catalogue, text, words),
    )


def candidates(catalogue: Catalogue, text: str, words: Messages) -> list[dict[str, Any]]:
    """The animals that letters may mean, as small pictures; the last changed ones first.

    Args:
        catalogue: Of the animals.
        text: The letters; without any, all animals are meant.
        words: Of the visitor's language.
    """
    query = AnimalFilter(text=text or None)
    found = catalogue.animals.list(query, order=Order.CHANGED, limit=_SHOWN)
    return [tile(one, words) for one in found]
