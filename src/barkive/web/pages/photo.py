"""A photo's own page: what is known and said of it, and where to say more."""

from __future__ import annotations

import os
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Change, Correction, Entry, Filter, Kind
from barkive.errors import PhotoError, UsageError
from barkive.verdicts import Candidate
from barkive.web.api.shared import Number, Shared
from barkive.web.languages import Words, language_of
from barkive.web.pages.gallery import printable, tile, title
from barkive.web.pages.rendering import render
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import View
from barkive.web.service import Service

router = APIRouter()

_PATH = "/photos/{number}"
_SIMILAR = 12


@router.get(_PATH)
def photo(request: Request, shared: Shared, number: Number) -> Response:
    """The page."""
    return _page(request, shared, number)


@router.post("/photos/{number}/corrections")
def correct(
    request: Request,
    shared: Shared,
    number: Number,
    kind: Annotated[Kind, Form()],
    breed: Annotated[str, Form(max_length=200)] = "",
    second: Annotated[str, Form(max_length=200)] = "",
    note: Annotated[str, Form(max_length=5000)] = "",
    other: Annotated[bool, Form()] = False,
) -> Response:
    """Writes what a visitor says, and shows the photo as it is then."""
    try:
        said = correction(request, kind, breed, second, note, other)
        shared.catalogue.say(number, said)
    except UsageError as error:
        typed = {"kind": kind.value, "breed": breed, "second": second, "note": note}
        return _page(request, shared, number, status=422, fault=str(error), typed=typed)
    view = View.of(request.query_params, shared.catalogue)
    return RedirectResponse(view.address(f"/photos/{number}"), 303)


def correction(
    request: Request, kind: Kind, breed: str, second: str, note: str, other: bool = False
) -> Correction:
    """What a form says of a photo, in the visitor's name.

    Raises:
        UsageError: The number of breeds does not fit.
    """
    breeds = {Kind.BREED: (breed,), Kind.CROSS: (breed, second)}.get(kind, ())
    return Correction(kind, breeds, note.strip() or None, name_of(request), other)


def _page(
    request: Request,
    shared: Service,
    number: int,
    *,
    status: int = 200,
    fault: str | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    catalogue = shared.catalogue
    words = Words(language_of(request))
    entry = catalogue.photo(number)
    view = View.of(request.query_params, catalogue)
    try:
        alike = catalogue.like(number, Filter(), limit=_SIMILAR)
    except PhotoError:
        alike = []
    before, after = catalogue.neighbours(number, view.wanted)
    groups = catalogue.duplicates_of(number)
    return render(
        request,
        "photo.html",
        status=status,
        entry=entry,
        title=title(entry, words),
        file=printable(entry.file),
        name=printable(os.path.basename(entry.file)),  # noqa: PTH119 - text, and no path
        folder=printable(os.path.dirname(entry.file)),  # noqa: PTH120
        folder_address=f"/photos?folder={quote(os.fsencode(os.path.dirname(entry.file)))}",  # noqa: PTH120
        back=view.address("/photos"),
        query=view.address(""),
        before=view.address(f"/photos/{before}") if before else None,
        after=view.address(f"/photos/{after}") if after else None,
        facts=_facts(entry, words),
        guesses=entry.answer.breeds if entry.answer else (),
        heat=_best(entry),
        changes=[_told(one, words) for one in catalogue.history(number)],
        alike=[tile(one.entry, words) for one in alike],
        duplicates={group.kind: [tile(one, words) for one in group.entries] for group in groups},
        fault=fault,
        typed=typed or {},
        is_answered=entry.answer is not None,
    )


def _best(entry: Entry) -> Candidate | None:
    """The breed that the model thinks likeliest, where it names one."""
    return entry.answer.breeds[0] if entry.answer and entry.answer.breeds else None


def _facts(entry: Entry, words: Words) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []

    def add(key: str, value: Any) -> None:
        if value is not None:
            facts.append((words(f"photo.{key}"), str(value)))

    add("taken", words.moment(entry.taken_at) if entry.taken_at else None)
    add("camera", entry.camera)
    size = (
        words("photo.pixels", width=str(entry.width), height=str(entry.height))
        if entry.width and entry.height
        else None
    )
    add("size", size)
    add("format", entry.format)
    add("bytes", words.megabytes(entry.bytes) if entry.bytes is not None else None)
    add("added", words.day(entry.added_at))
    add("model", entry.model or None)
    return facts


def _told(change: Change, words: Words) -> dict[str, str]:
    """A line of the history."""
    names = " × ".join(label.name(words.lang) for label in change.labels)
    return {
        "what": words(f"photo.said_{change.kind.value}", breed=names),
        "by": change.by or words("photo.somebody"),
        "at": words.day(change.at),
        "note": change.note or "",
    }
