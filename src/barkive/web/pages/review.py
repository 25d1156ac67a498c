"""The review: the photos that the model is not sure of, or of another status, one key each.

Every page is a desk of its own, named in its address, so that several people, or two tabs,
never get the same photo.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Catalogue, Entry, Filter, Kind
from barkive.errors import (
    ChangedPhotoError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UsageError,
)
from barkive.verdicts import Status
from barkive.web.api.shared import Shared
from barkive.web.languages import Words, language_of
from barkive.web.pages.choosing import Choice, correction
from barkive.web.pages.gallery import page_of, tile
from barkive.web.pages.photo import in_its_place, saved
from barkive.web.pages.rendering import render
from barkive.web.pages.reviewer import name_of, remember
from barkive.web.pages.views import View
from barkive.web.paths import printable
from barkive.web.services.state import Service

router = APIRouter()

_PATH = "/review"
_DESK = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_AHEAD = 4
_SAID = ("meanwhile", "nothing", "undone")


class Act(StrEnum):
    """What can be done with the photo in front of one."""

    BREED = "breed"
    CROSS = "cross"
    NOT_DOG = "not_dog"
    UNSURE = "unsure"
    SKIP = "skip"
    UNDO = "undo"
    UNSKIP = "unskip"


@router.get(_PATH)
def review(request: Request, shared: Shared) -> Response:
    """The page with the next photo; without a desk it begins a new one."""
    view = View.of(request.query_params, shared.catalogue)
    desk = request.query_params.get("desk", "")
    if not _DESK.fullmatch(desk):
        return RedirectResponse(view.address(_PATH, desk=secrets.token_urlsafe(9)), 303)
    said = request.query_params.get("said", "")
    return _page(request, shared, desk, said=said if said in _SAID else "")


@router.post(_PATH)
def act(
    request: Request,
    shared: Shared,
    act: Annotated[Act, Form()],
    desk: Annotated[str, Form(pattern=_DESK.pattern)],
    number: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0,
    breed: Annotated[str, Form(max_length=200)] = "",
    second: Annotated[str, Form(max_length=200)] = "",
    written: Annotated[list[str], Form(max_length=2)] = [],  # noqa: B006 - never changed
    seen: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Does what was chosen, and goes on to the next photo."""
    catalogue = shared.catalogue
    view = View.of(request.query_params, catalogue)
    typed = {"breed": breed, "second": second}
    said = "undone" if act is Act.UNDO else None
    try:
        if not _do(request, catalogue, act, desk, number, breed, second, written, seen):
            said = "nothing"
    except ReviewedMeanwhileError:
        said = "meanwhile"
    except ChangedPhotoError as error:
        other = in_its_place(shared, number)
        both = [catalogue.photo(number), other] if other is not None else []
        return _page(request, shared, desk, fault=str(error), pictures=both, typed=typed)
    except UnknownBreedError as error:
        form = [("desk", desk), ("number", str(number)), ("act", act.value), *typed.items()]
        form += [("seen", seen), *(("written", name) for name in written)]
        choice = Choice.of(error, catalogue.models, form)
        return _page(request, shared, desk, choice=choice, typed=typed)
    except UsageError as error:
        return _page(request, shared, desk, fault=str(error), typed=typed)
    return RedirectResponse(view.address(_PATH, desk=desk, said=said), 303)


@router.post(f"{_PATH}/name")
def name(
    request: Request,
    desk: Annotated[str, Form(pattern=_DESK.pattern)],
    shared: Shared,
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keeps the visitor's name, which stands beside what they say."""
    view = View.of(request.query_params, shared.catalogue)
    response = RedirectResponse(view.address(_PATH, desk=desk), 303)
    remember(response, name)
    return response


@router.post(f"{_PATH}/leave")
def leave(
    shared: Shared,
    desk: Annotated[str, Form(pattern=_DESK.pattern)],
    given: Annotated[float | None, Form(ge=0, le=1e11, allow_inf_nan=False)] = None,
) -> Response:
    """Gives the photo back that a page had before it which is closed now.

    With the moment at which the page was given, in seconds since 1970: where it is only
    loaded anew, the new one keeps the photo.
    """
    until = None if given is None else datetime.fromtimestamp(given, UTC).replace(tzinfo=None)
    shared.catalogue.review.leave(desk, until)
    return Response(status_code=204)


def _do(
    request: Request,
    catalogue: Catalogue,
    act: Act,
    desk: str,
    number: int,
    breed: str,
    second: str,
    written: Sequence[str],
    seen: str,
) -> bool:
    """Does it, and tells whether there was anything to do."""
    match act:
        case Act.UNDO:
            return catalogue.review.undo(desk) is not None
        case Act.UNSKIP:
            return catalogue.review.unskip(desk) > 0
        case Act.SKIP:
            catalogue.review.skip(desk, number)
        case _:
            kind = Kind(act.value)
            said = correction(request, catalogue.models, kind, breed, second, written, seen=seen)
            catalogue.review.answer(desk, number, said)
    return True


def _page(
    request: Request,
    shared: Service,
    desk: str,
    *,
    said: str = "",
    fault: str | None = None,
    choice: Choice | None = None,
    pictures: Sequence[Entry] = (),
    typed: dict[str, str] | None = None,
) -> Response:
    catalogue = shared.catalogue
    words = Words(language_of(request))
    view = View.of(request.query_params, catalogue)
    if view.faults:
        return render(
            request, "mistaken.html", status=422, view=view, catalogue=catalogue, path=_PATH
        )
    place = page_of(request)
    if catalogue.read_only is None:
        entries = catalogue.review.take(desk, view.wanted, count=_AHEAD)
    else:
        entries = catalogue.review.look(view.wanted, offset=place - 1, count=_AHEAD)
    given = datetime.now(UTC).timestamp()
    progress = catalogue.review.progress(desk, view.wanted)
    entry = entries[0] if entries else None
    context: dict[str, Any] = {}
    if entry is not None:
        context = {
            "file": printable(os.path.basename(entry.file)),  # noqa: PTH119 - text, and no path
            "folder": printable(os.path.dirname(entry.file)),  # noqa: PTH120
            "ahead": [one.id for one in entries[1:]],
        }
    return render(
        request,
        "review.html",
        status=409 if pictures else 422 if fault or choice else 200,
        desk=desk,
        given=given,
        entry=entry,
        progress=progress,
        view=view,
        action=view.address(_PATH),
        following=view.address(_PATH, desk=desk, page=place + 1),
        name_action=view.address(f"{_PATH}/name"),
        chips=view.chips(_PATH, words, catalogue),
        no_dogs=_no_dogs(view.wanted, catalogue),
        no_dogs_address=view.address(_PATH, status=Status.NOT_DOG.value),
        reviewer=name_of(request) or "",
        is_empty=entry is None and not progress.done and not catalogue.count(),
        said=said if said != "undone" else "",
        done=_done(catalogue, desk, words),
        is_undone=said == "undone" and entry is not None,
        fault=fault,
        choice=choice,
        pictures=[tile(one, words) for one in pictures],
        typed=typed or {},
        **context,
    )


def _done(catalogue: Catalogue, desk: str, words: Words) -> dict[str, str] | None:
    """What the desk did last, and with which photo; None where it has done nothing."""
    last = catalogue.review.last(desk)
    if last is None:
        return None
    told = saved(last.change, words) if last.change else words("review.passed_over")
    return {"file": printable(os.path.basename(last.file)), "told": told}  # noqa: PTH119


def _no_dogs(wanted: Filter, catalogue: Catalogue) -> int:
    """How many photos on which the model sees no dog wait; 0 where a status is asked for."""
    if wanted.status:
        return 0
    return catalogue.count(replace(wanted, status=(Status.NOT_DOG,)).to_review())
