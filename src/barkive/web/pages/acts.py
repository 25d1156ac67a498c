"""What people did last to animals and to many photos at once, each with a way to take it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from barkive.errors import BarkiveError
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.act_words import told, told_of
from barkive.web.pages.reviewer import name_of
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls, changed

router = APIRouter(include_in_schema=False)

PATIENCE = 2.0
"""Seconds that a visitor waits for what is done before its progress is shown."""
_LISTED = 20


@router.get(Route.ACTS)
def acts(request: Request, shared: Shared) -> Response:
    """The page."""
    return _page(request, shared)


@router.post(Route.ACTS_UNDO)
def undo(
    request: Request,
    shared: Shared,
    urls: Addresses,
    act: Annotated[int, Form(ge=1, lt=2**63)],
    back: Annotated[str, Form(max_length=50_000)] = "",
) -> Response:
    """Takes an act back, and goes to the page `back`, on which that was asked for."""
    back = urls.own(back) or urls.acts()
    job = shared.label_jobs.undo(act, name_of(request))
    job = shared.label_jobs.wait(job, PATIENCE)
    if job.error is not None:
        return _page(request, shared, fault=job.error, back=back)
    if job.is_at_work:
        return RedirectResponse(urls.selection_job(job.id, back=back), 303)
    return RedirectResponse(changed(back, act=job.act), 303)


def _page(
    request: Request,
    shared: Service,
    *,
    fault: BarkiveError | None = None,
    back: str = "",
) -> Response:
    catalogue, words = shared.catalogue, Messages(language_of(request))
    here = Urls.of(request.scope).acts()
    return render(
        request,
        "acts.html",
        status=status_of(fault) if fault else 200,
        fault=fault,
        came_from=back if back != here else "",
        back=here,
        said=told_of(request, catalogue, words) if fault is None else None,
        history=told(catalogue, catalogue.animals.acts(_LISTED), words),
    )
