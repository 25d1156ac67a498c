"""The animals: cards with filters in the address, in chunks as the gallery has its photos."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from barkive.catalogue import STATUSES, Animal, AnimalFilter, Catalogue, Filter, Order
from barkive.errors import (
    BarkiveError,
    UsageError,
)
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.act_words import told_of
from barkive.web.pages.animal_filters import BREED_STATUSES, SEXES, UNKNOWN, AnimalsView
from barkive.web.pages.animal_form import AnimalForm, choices
from barkive.web.pages.animal_words import breed_line, tile, word
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import explained, meant_by, page_of
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

CHUNK = 120
_NAMED = 8


class NewForm(AnimalForm):
    """What people say of a new animal.

    Attributes:
        photo: The numbers of photos that show it.
    """

    photo: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(default=[])


@router.get(Route.ANIMALS)
def animals(request: Request, shared: Shared) -> Response:
    """The page."""
    return list_page(request, shared)


@router.post(Route.ANIMALS)
def new(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[NewForm, Form()]
) -> Response:
    """Makes an animal, and goes to its page."""
    try:
        made = shared.catalogue.animals.new(form.fields(), form.photo, by=name_of(request))
    except UsageError as error:
        return list_page(request, shared, form=form, fault=error)
    return RedirectResponse(urls.animal(made.id, act=made.version), 303)


@router.get(Route.ANIMAL_TILES)
def tiles(request: Request, shared: Shared) -> Response:
    """A chunk of the list, as a part of the page."""
    view = AnimalsView.of(request.query_params, shared.catalogue)
    words = Messages(language_of(request))
    part = _chunk(shared.catalogue, view, page_of(request), words)
    return render(request, "_animal_tiles.html", status=422 if view.fault else 200, tiles=part)


@router.get(Route.ANIMAL_NAMES)
def names(request: Request, shared: Shared, search: str = "", limit: int = _NAMED) -> Response:
    """Animals by a few letters, for a list under a field."""
    words = Messages(language_of(request))
    query = AnimalFilter(text=search[:200])
    found = shared.catalogue.animals.list(query, limit=max(1, min(limit, 50)))
    return JSONResponse(
        [{"name": called(one), "title": one.title, "more": breed_line(one, words)} for one in found]
    )


def called(animal: Animal) -> str:
    """What one types to mean exactly this animal."""
    return animal.code or str(animal.id)


def list_page(
    request: Request,
    shared: Service,
    *,
    form: NewForm | None = None,
    fault: BarkiveError | None = None,
) -> Response:
    """The list, with what is wrong with what was sent to it.

    Args:
        request: That asks for it.
        shared: What every request shares.
        form: Of a new animal, where that was sent.
        fault: What is wrong.
    """
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    catalogue = shared.catalogue
    view = AnimalsView.of(request.query_params, catalogue)
    statuses = {} if view.fault else catalogue.animals.counts("status", view.without_status())
    asked = view.query.status
    total = sum(n for status, n in statuses.items() if not asked or status in asked)
    pages = max(1, -(-total // CHUNK))
    page = min(page_of(request), pages)
    path = urls.animals()
    field = form.field_of(fault) if form and fault else ""
    return render(
        request,
        "animals.html",
        status=status_of(fault) if fault else 422 if view.fault else 200,
        view=view,
        path=path,
        chips=view.chips(path, words, catalogue),
        breed_asked=view.breed_name(words, catalogue),
        breed_fault=view.explained(words),
        breeds_meant=[
            (one.name(words.lang), view.address(path, breed=one.id))
            for one in meant_by(view.fault, catalogue)
        ],
        statuses=[_status(view, path, one, n, words) for one, n in _in_order(statuses)],
        species=[(one, word("species", one, words)) for one in _kinds(catalogue)],
        sexes=[
            (one, words("animals.sex_unknown") if one == UNKNOWN else word("sex", one, words))
            for one in SEXES
        ],
        verdicts=[(one, words(f"animals.verdict_{one}")) for one in BREED_STATUSES],
        orders=[(one.value, words(f"animals.order_{one.value}")) for one in Order],
        total=total,
        page=page,
        pages=pages,
        chunk=CHUNK,
        tiles=_chunk(catalogue, view, page, words),
        is_empty=not total and not catalogue.animals.count(),
        has_photos=bool(catalogue.count(Filter(missing=None))),
        said=told_of(request, catalogue, words),
        form=form or NewForm(),
        choices=choices(words),
        is_new_open=form is not None or "new" in request.query_params,
        meant=meant_by(fault, catalogue),
        fault=explained(fault, words) if fault else "",
        fault_in=field,
        can_write=field if field in ("breed", "second") else "",
    )


def _chunk(
    catalogue: Catalogue, view: AnimalsView, page: int, words: Messages
) -> list[dict[str, Any]]:
    """A part of the list; nothing where a filter has a mistake."""
    if view.fault:
        return []
    offset = (page - 1) * CHUNK
    found = catalogue.animals.list(view.query, order=view.order, limit=CHUNK, offset=offset)
    return [tile(one, words) for one in found]


def _in_order(statuses: dict[str, int]) -> list[tuple[str, int]]:
    """The statuses: first those that have names, then the shelter's own, the commonest first."""
    own = sorted(statuses.keys() - set(STATUSES), key=lambda one: (-statuses[one], one))
    return [(one, statuses[one]) for one in (*STATUSES, *own) if statuses.get(one)]


def _status(
    view: AnimalsView, path: str, status: str, number: int, words: Messages
) -> dict[str, Any]:
    """How many animals there are of a status; the one that is chosen is taken off again."""
    chosen = status in view.query.status
    address = view.address(path, status=None if chosen else status)
    name = word("status", status, words)
    return {"name": name, "n": number, "chosen": chosen, "address": address, "status": status}


def _kinds(catalogue: Catalogue) -> list[str]:
    """The species that there are."""
    found = catalogue.animals.counts("species")
    return sorted(found, key=lambda one: (-found[one], one))
