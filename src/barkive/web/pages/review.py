"""The review: the photos that the model is not sure of, or of another status, one key each.

Every page is a reviewer's session of its own, named in its address, so that several people, or
two tabs, never get the same photo.
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
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Catalogue, Entry, Filter, Kind
from barkive.errors import (
    BarkiveError,
    ChangedPhotoError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UnknownPhotoError,
    UsageError,
)
from barkive.messages import Messages
from barkive.verdicts import Status
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.breed_choice import (
    NOTHING_TYPED,
    Choice,
    LabelForm,
    correction,
    wrong_field,
)
from barkive.web.pages.dogs import around, drawing, drawn
from barkive.web.pages.gallery import tile
from barkive.web.pages.photo import in_its_place, saved
from barkive.web.pages.reviewer import name_of, remember
from barkive.web.pages.views import View, page_of
from barkive.web.paths import is_text, printable
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_SESSION = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_AHEAD = 4
_DIGITS = 18
_FILTERS = ("status", "folder", "breed")
_SAID = ("meanwhile", "nothing")


class Act(StrEnum):
    """What can be done with the photo in front of one; `dog` is a box that was drawn or moved."""

    BREED = "breed"
    CROSS = "cross"
    NOT_DOG = "not_dog"
    UNSURE = "unsure"
    DOG = "dog"
    SKIP = "skip"
    UNDO = "undo"
    UNSKIP = "unskip"


class ReviewForm(LabelForm):
    """A form of the review.

    Attributes:
        act: What is done.
        session: The reviewer's.
        number: The photo's; 0 where nothing is said of one.
    """

    act: Act
    session: str = Field(pattern=_SESSION.pattern)
    number: int = Field(0, ge=0, le=2**63 - 1)


@router.get(Route.REVIEW)
def review(request: Request, shared: Shared, urls: Addresses) -> Response:
    """The page with the next photo; without a session it begins a new one."""
    view = View.of(request.query_params, shared.catalogue)
    session = request.query_params.get("session", "")
    if not _SESSION.fullmatch(session):
        asked = {
            "session": secrets.token_urlsafe(9),
            "filters": request.query_params.get("filters"),
        }
        begun = view.address(urls.review(), **asked)
        return RedirectResponse(begun, 303)
    said = request.query_params.get("said", "")
    return _page(request, shared, session, said=said if said in _SAID else "")


@router.post(Route.REVIEW)
def act(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[ReviewForm, Form()]
) -> Response:
    """Does what was chosen, and goes on to the next photo."""
    catalogue, session = shared.catalogue, form.session
    view = View.of(request.query_params, catalogue)
    said: dict[str, Any] = {}
    try:
        match form.act:
            case Act.UNDO:
                undone = catalogue.review.undo(session)
                said = {"undone": undone.id} if undone is not None else {"said": "nothing"}
            case Act.UNSKIP:
                if not catalogue.review.unskip(session):
                    said = {"said": "nothing"}
            case Act.SKIP:
                catalogue.review.skip(session, form.number)
            case _:
                label = correction(request, catalogue.models, Kind(form.act.value), form)
                shared.answer(session, form.number, label)
    except ReviewedMeanwhileError:
        said = {"said": "meanwhile"}
    except ChangedPhotoError as error:
        other = in_its_place(shared, form.number)
        both = [catalogue.photo(form.number), other] if other is not None else []
        return _page(request, shared, session, fault=error, pictures=both, form=form)
    except UnknownBreedError as error:
        more = {"session": session, "number": str(form.number), "act": form.act.value}
        choice = Choice.of(error, catalogue.models, form.fields(**more))
        return _page(request, shared, session, choice=choice, form=form)
    except UsageError as error:
        return _page(request, shared, session, fault=error, form=form)
    return RedirectResponse(view.address(urls.review(), session=session, **said), 303)


@router.post(Route.REVIEW_NAME)
def name(
    request: Request,
    session: Annotated[str, Form(pattern=_SESSION.pattern)],
    shared: Shared,
    urls: Addresses,
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keeps the visitor's name, which stands beside what they say."""
    view = View.of(request.query_params, shared.catalogue)
    response = RedirectResponse(view.address(urls.review(), session=session), 303)
    remember(request, response, name)
    return response


@router.post(Route.REVIEW_LEAVE)
def leave(
    shared: Shared,
    session: Annotated[str, Form(pattern=_SESSION.pattern)],
    given: Annotated[float | None, Form(ge=0, le=1e11, allow_inf_nan=False)] = None,
) -> Response:
    """Gives the photo back that a page had before it which is closed now.

    With the moment at which the page was given, in seconds since 1970: where it is only
    loaded anew, the new one keeps the photo.
    """
    until = None if given is None else datetime.fromtimestamp(given, UTC).replace(tzinfo=None)
    shared.catalogue.review.leave(session, until)
    return Response(status_code=204)


def _page(
    request: Request,
    shared: Service,
    session: str,
    *,
    said: str = "",
    fault: BarkiveError | None = None,
    choice: Choice | None = None,
    pictures: Sequence[Entry] = (),
    form: ReviewForm | None = None,
) -> Response:
    catalogue = shared.catalogue
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    here = urls.review()
    view = View.of(request.query_params, catalogue)
    if view.faults:
        return render(
            request, "mistaken.html", status=422, view=view, catalogue=catalogue, path=here
        )
    place = page_of(request)
    # Its folders take long to find in a large catalogue: not for each photo.
    is_open = "filters" in request.query_params
    if catalogue.read_only is None:
        entries = catalogue.review.take(session, view.query, count=_AHEAD)
    else:
        entries = catalogue.review.look(view.query, offset=place - 1, count=_AHEAD)
    given = datetime.now(UTC).timestamp()
    progress = catalogue.review.progress(session, view.query)
    entry = entries[0] if entries else None
    context: dict[str, Any] = {}
    if entry is not None:
        context = {
            "file": printable(os.path.basename(entry.file)),  # noqa: PTH119 - text, and no path
            "folder": printable(os.path.dirname(entry.file)),  # noqa: PTH120
            "ahead": [one.id for one in entries[1:]],
            **_dogs(entry, view.query, words, form),
        }
    return render(
        request,
        "review.html",
        status=409 if pictures else 422 if fault or choice else 200,
        session=session,
        given=given,
        entry=entry,
        progress=progress,
        view=view,
        action=view.address(here),
        following=view.address(here, session=session, page=place + 1),
        sign_in=urls.login(next=view.address(here, session=session)),
        name_action=view.address(urls.review_name()),
        chips=view.chips(here, words, catalogue, session=session),
        filters=_filters(view, catalogue, session, words) if is_open else None,
        narrow=view.address(here, session=session, filters=None if is_open else "open"),
        **_learning(shared),
        no_dogs=_no_dogs(view.query, catalogue),
        no_dogs_address=view.address(here, status=Status.NOT_DOG.value, session=session),
        reviewer=name_of(request) or "",
        is_empty=entry is None and not progress.done and not catalogue.count(),
        said=said,
        done=_done(catalogue, session, words),
        undone=_undone(request, catalogue, entry, words),
        fault=fault,
        choice=choice,
        pictures=[tile(one, words) for one in pictures],
        typed=form.typed() if form else NOTHING_TYPED,
        fault_in=_fault_in(fault, choice, form),
        **context,
    )


def _fault_in(fault: BarkiveError | None, choice: Choice | None, form: ReviewForm | None) -> str:
    """Where what is wrong stands: a field, the box, or the form as a whole."""
    if form is not None and form.box:
        return "box"
    if choice is not None:
        return choice.field
    if form is None or isinstance(fault, ChangedPhotoError):
        return "form"
    return wrong_field(fault, form) if isinstance(fault, UsageError) else "form"


def _dogs(entry: Entry, query: Filter, words: Messages, form: ReviewForm | None) -> dict[str, Any]:
    """Which dog of the photo is asked about, and where all of them are.

    Of a photo with several dogs it is the largest that waits for a review; else the photo is.
    """
    wanted = query.to_review().status
    everyone = entry.dogs or ()
    waiting = [one for one in everyone if one.status in wanted and not one.corrected]
    asked = waiting[0] if waiting and len(everyone) > 1 else None
    chosen = asked.id if asked else 0
    return {
        "asked": asked,
        "number": everyone.index(asked) + 1 if asked else 0,
        "guesses": asked.guesses if asked else entry.guesses,
        "boxes": drawn(around(entry, chosen), words, chosen=chosen, keys=False),
        "drawing": drawing(entry, words, form),
    }


def _undone(
    request: Request, catalogue: Catalogue, entry: Entry | None, words: Messages
) -> dict[str, str] | None:
    """The photo of which a word was just taken back; None where none was.

    Where it fits other filters than those of the page, it has the address of its own page.
    """
    number = request.query_params.get("undone", "")
    if not (number.isascii() and number.isdigit() and len(number) < _DIGITS):
        return None
    try:
        photo = catalogue.photo(int(number))
    except UnknownPhotoError:
        return None
    is_here = entry is not None and entry.picture == photo.picture
    return {
        "file": printable(os.path.basename(photo.file)),  # noqa: PTH119
        "told": words("review.undone" if is_here else "review.taken_back"),
        "address": "" if is_here else Urls.of(request.scope).photo(photo.id),
    }


def _filters(view: View, catalogue: Catalogue, session: str, words: Messages) -> dict[str, Any]:
    """What the form for filters offers, and what it keeps of the address beside that."""
    statuses = {
        "": words("base.uncertain"),
        Status.NOT_DOG.value: words("base.not_dog"),
        Status.DOG.value: words("base.dog"),
        ",".join(Filter(numbers=()).to_review().status): words("review.every_status"),
    }
    here = view.query.folder
    folders = [one.path for one in catalogue.folders(here) if is_text(one.path)]
    kept = [(name, view.values[name]) for name in view.values if name not in _FILTERS]
    return {
        "statuses": statuses,
        "folders": [one for one in dict.fromkeys((here, *folders)) if one],
        "breeds": view.breed_names(words, catalogue),
        "kept": [("session", session), *kept, *(("breed", one) for one in view.breeds[1:])],
    }


def _done(catalogue: Catalogue, session: str, words: Messages) -> dict[str, str] | None:
    """What the session did last, and with which photo; None where it has done nothing."""
    last = catalogue.review.last(session)
    if last is None:
        return None
    told = saved(last.change, words) if last.change else words("review.passed_over")
    file = printable(os.path.basename(last.file))  # noqa: PTH119
    return {"file": file, "told": told, "address": ""}


def _learning(shared: Service) -> dict[str, Any]:
    """How many photos wait to be learned, and the id of the learning that runs."""
    if shared.catalogue.read_only is not None:
        return {"taught": 0, "learning": None}
    running = shared.learn_jobs.running
    return {
        "taught": shared.catalogue.taught_since,
        "learning": running.id if running is not None else None,
    }


def _no_dogs(query: Filter, catalogue: Catalogue) -> int:
    """How many photos on which the model sees no dog wait; 0 where a status is asked for."""
    if query.status:
        return 0
    return catalogue.count(replace(query, status=(Status.NOT_DOG,)).to_review())
