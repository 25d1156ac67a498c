"""What people did last to animals and to many photos at once, each with a way to take it back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Act, ActKind, Animal, Catalogue
from barkive.errors import (
    BarkiveError,
    NothingToSayError,
    UnknownPhotoError,
)
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import View, turned_to
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route

router = APIRouter()

PATIENCE = 2.0
"""Seconds that a visitor waits for what is done before its progress is shown."""
_LISTED = 20
_NAMED = 3
_LONGEST = 18


@router.get(Route.ACTS)
def acts(request: Request, shared: Shared) -> Response:
    """The page."""
    return _page(request, shared)


@router.get(Route.ACTS_UNDO)
def lead_back(urls: Addresses) -> Response:
    """Leads back whoever asks for the address of a form that was refused once more."""
    return RedirectResponse(urls.acts(), 303)


@router.post(Route.ACTS_UNDO)
def undo(
    request: Request,
    shared: Shared,
    urls: Addresses,
    act: Annotated[int, Form(ge=1, lt=2**63)],
    back: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Takes an act back; `back` is `photos` where the visitor came from the gallery."""
    job = shared.label_jobs.undo(act, name_of(request))
    job = shared.label_jobs.wait(job, PATIENCE)
    if job.error is not None:
        return _page(request, shared, fault=job.error)
    view = View.of(request.query_params, shared.catalogue)
    page = turned_to(request)
    if job.is_at_work:
        address = view.address(urls.selection_job(job.id), page=page)
    elif back == "photos":
        address = view.address(urls.photos(), page=page, said=job.act)
    else:
        address = urls.acts(said=job.act)
    return RedirectResponse(address, 303)


def said(request: Request, catalogue: Catalogue, words: Messages) -> dict[str, Any] | None:
    """What a visitor has just done, as an address says it; None where it says nothing."""
    value = request.query_params.get("said", "")
    if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST):
        return None
    try:
        return told(catalogue.animals.act(int(value)), catalogue, words)
    except NothingToSayError:
        return None


def told(act: Act, catalogue: Catalogue, words: Messages) -> dict[str, Any]:
    """What a page says of an act."""
    known = catalogue.animals.records(act.animals[:_NAMED])
    return {
        "id": act.id,
        "what": _what(act, catalogue, words),
        "animals": [(one.id, one.title) for one in known.values() if not one.removed],
        "by": act.by,
        "at": words.moment(act.at),
        "is_undone": act.is_undone,
        "can_undo": act.kind is not ActKind.UNDO and not act.is_undone,
    }


def _page(
    request: Request,
    shared: Service,
    *,
    fault: BarkiveError | None = None,
) -> Response:
    catalogue, words = shared.catalogue, Messages(language_of(request))
    return render(
        request,
        "acts.html",
        status=status_of(fault) if fault else 200,
        fault=fault,
        done=said(request, catalogue, words) if fault is None else None,
        acts=[told(one, catalogue, words) for one in catalogue.animals.acts(_LISTED)],
    )


def _what(act: Act, catalogue: Catalogue, words: Messages) -> str:
    """What was done, in one sentence."""
    if act.kind is ActKind.UNDO and act.undoes is not None:
        undone = catalogue.animals.act(act.undoes)
        return words("acts.undo", what=_what(undone, catalogue, words))
    if act.kind is ActKind.LABEL:
        return words("acts.label", n=act.photos, what=_label(act, catalogue, words))
    numbers = act.animals[:_NAMED]
    known = catalogue.animals.records(numbers)
    named = [_title(number, known.get(number), act) for number in numbers]
    if len(act.animals) > _NAMED:
        named.append("…")
    n = len(act.animals) if act.kind is ActKind.IMPORT else act.photos
    return words(f"acts.{act.kind.value}", n=n, animals=", ".join(named))


def _label(act: Act, catalogue: Catalogue, words: Messages) -> str:
    """What an act said of its photos, as it stands with the first of them."""
    for change in act.changes:
        if change.photo is None:
            continue
        try:
            history = catalogue.history(change.photo)
        except UnknownPhotoError:
            continue
        for one in history:
            if one.id == change.now:
                names = " × ".join(label.name(words.lang) for label in one.labels)
                return names or words(f"acts.label_{one.kind.value}")
    return "…"


def _title(number: int, animal: Animal | None, act: Act) -> str:
    """What an animal is called; one that has no name any more, as the act called it."""
    if animal is not None and (animal.code or animal.name):
        return animal.title
    given = {one.field: one.now or one.was for one in act.changes if one.animal == number}
    return " ".join(filter(None, (given.get("code"), given.get("name")))) or str(number)
