"""Another catalogue: send it, see what would come, merge it, and take it back."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import Response

from barkive.catalogue import Change, Conflict, Unmerged
from barkive.errors import UsageError
from barkive.messages import Messages
from barkive.web.dependencies import Setup, Shared
from barkive.web.languages import language_of
from barkive.web.moments import moment
from barkive.web.paths import printable
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.merge_jobs import Outcome
from barkive.web.services.state import Service
from barkive.web.uploads import base_name, received_catalogue
from barkive.web.urls import Route

router = APIRouter(include_in_schema=False)


@router.get(Route.MERGE)
def choose(request: Request, shared: Shared) -> Response:
    """The page on which a catalogue is chosen."""
    return _page(request, shared)


@router.post(Route.MERGE)
async def look(request: Request, shared: Shared, setup: Setup) -> Response:
    """Shows what would come of a catalogue that is sent; nothing is written yet."""
    token: str | None = None
    try:
        async with received_catalogue(request, setup.limits) as sent:
            name = base_name(sent.filename) or "catalogue.sqlite"
            token = await to_thread.run_sync(shared.merge_jobs.keep, sent.file, name)
        would = await to_thread.run_sync(shared.merge_jobs.merge, token, True)
    except UsageError as error:
        if token is not None:
            shared.merge_jobs.drop(token)
        return await to_thread.run_sync(partial(_page, request, shared, fault=error))
    return await to_thread.run_sync(partial(_page, request, shared, would=would, token=token))


@router.post(Route.MERGE_CONFIRM)
def confirm(
    request: Request, shared: Shared, token: Annotated[str, Form(max_length=64)]
) -> Response:
    """Merges the catalogue that was sent."""
    try:
        done = shared.merge_jobs.merge(token, dry_run=False)
    except UsageError as error:
        return _page(request, shared, fault=error)
    shared.merge_jobs.drop(token)
    return _page(request, shared, done=done)


@router.post(Route.MERGE_UNDO)
def undo(request: Request, shared: Shared, number: Annotated[int, Form(ge=1)]) -> Response:
    """Takes the merge back that the visitor saw."""
    try:
        taken_back = shared.catalogue.undo_merge(number)
    except UsageError as error:
        return _page(request, shared, fault=error)
    return _page(request, shared, taken_back=taken_back)


def _page(
    request: Request,
    shared: Service,
    *,
    would: Outcome | None = None,
    done: Outcome | None = None,
    taken_back: Unmerged | None = None,
    token: str | None = None,
    fault: UsageError | None = None,
) -> Response:
    words = Messages(language_of(request))
    shown = would or done
    return render(
        request,
        "merge.html",
        status=status_of(fault) if fault else 200,
        fault=fault,
        would=would,
        done=done,
        taken_back=taken_back,
        token=token,
        conflicts=[_conflict(one, words) for one in shown.conflicts] if shown else [],
        last=None if would else shared.catalogue.last_merge(),
    )


def _conflict(one: Conflict, words: Messages) -> dict[str, Any]:
    return {
        "number": one.number,
        "file": printable(one.file),
        "ours": _said(one.ours, one.place, words),
        "theirs": _said(one.theirs, one.place, words),
        "ours_holds": one.ours_holds,
    }


def _said(change: Change, place: int | None, words: Messages) -> Markup:
    said = words(
        f"photo.said_{change.kind.value}",
        by=change.by or words("photo.somebody"),
        breed=" × ".join(label.name(words.lang) for label in change.labels),
    )
    if place is not None and change.dog is not None:
        said = words("boxes.dog", number=place, name=said)
    return Markup("{} · {}").format(said, moment(change.at, words))
