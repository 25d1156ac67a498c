"""The photos that show the same: one of each group is kept, and the others are taken out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Animal, Catalogue, Entry, Filter
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.events import counted, told
from barkive.web.languages import language_of
from barkive.web.pages.acts import PATIENCE
from barkive.web.pages.gallery import tile
from barkive.web.pages.photo import file_size
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import page_of
from barkive.web.paths import printable
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

CHUNK = 20
"""Groups on a page."""
_SHOWN = 24

_Number = Annotated[int, Field(ge=1, lt=2**63)]


class KeepForm(BaseModel):
    """Which photos are kept.

    Attributes:
        keep: Of each group that is meant, the number of the photo that stays.
        size: How many photos all those groups had when the visitor saw them.
        sure: Whether the visitor said yes to several groups.
    """

    keep: Annotated[list[_Number], Field(max_length=CHUNK)] = []
    size: int = Field(0, ge=0, lt=2**63)
    sure: bool = False


@router.get(Route.DUPLICATES)
def duplicates(request: Request, shared: Shared) -> Response:
    """The page."""
    return _page(request, shared)


@router.post(Route.DUPLICATES)
def look(shared: Shared, urls: Addresses) -> Response:
    """Looks for them, and shows how far that is or what was found."""
    job = shared.duplicate_jobs.look()
    shared.duplicate_jobs.wait(job, PATIENCE)
    return RedirectResponse(urls.duplicates(), 303)


@router.get(Route.DUPLICATES_EVENTS)
async def events(request: Request, shared: Shared) -> Response:
    """Server-sent events: `progress` with how far it is, and `end`."""
    return told(request, lambda: shared.duplicate_jobs.last, "en")


@router.post(Route.DUPLICATES_KEEP)
def keep(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[KeepForm, Form()]
) -> Response:
    """Keeps one photo of a group or of several, and takes the others out."""
    groups = [shared.duplicate_jobs.group_of(number) for number in form.keep]
    there = _entries(shared.catalogue, groups)
    groups = [tuple(one for one in group if one in there) for group in groups]
    if not all(map(there.__contains__, form.keep)) or sum(map(len, groups)) != form.size:
        return _page(request, shared, fault="duplicates.changed", status=409)
    if len(groups) > 1 and not form.sure:
        return _page(request, shared, fault="duplicates.not_sure", status=422)
    kept = {
        number: [one for one in group if one not in form.keep]
        for number, group in zip(form.keep, groups, strict=True)
    }
    job = shared.forget_jobs.wait(shared.forget_jobs.keep(kept, by=name_of(request)), PATIENCE)
    if job.error is None:
        shared.duplicate_jobs.drop([one for others in kept.values() for one in others])
    page = page_of(request)
    back = urls.duplicates(page=page if page > 1 else None)
    if job.forgotten is None:
        return RedirectResponse(urls.forget_job(job.id, back=back), 303)
    done = job.forgotten
    counts = {"out": done.photos, "deleted": done.added, "stay": done.photos - done.added}
    return RedirectResponse(urls.duplicates(page=page if page > 1 else None, **counts), 303)


def _page(
    request: Request, shared: Service, *, fault: str | None = None, status: int = 200
) -> Response:
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    job = shared.duplicate_jobs.last
    groups = (job.groups if job is not None else None) or ()
    pages = max(1, -(-len(groups) // CHUNK))
    page = min(page_of(request), pages)
    listed = groups[(page - 1) * CHUNK : page * CHUNK]
    shown = _shown(shared.catalogue, listed, words)
    return render(
        request,
        "duplicates.html",
        status=status,
        job=job,
        fault=words(fault) if fault else None,
        events=urls.duplicate_events(),
        total=len(groups),
        photos=sum(map(len, groups)),
        groups=shown,
        size=sum(one["n"] for one in shown),
        page=page,
        pages=pages,
        said={name: _count(request, name) for name in ("out", "deleted", "stay")},
        texts=counted(words),
    )


def _count(request: Request, name: str) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _entries(catalogue: Catalogue, groups: Sequence[Sequence[int]]) -> dict[int, Entry]:
    """The photos of groups that are in the catalogue still, by their numbers."""
    numbers = tuple(number for group in groups for number in group)
    if not numbers:
        return {}
    return {one.id: one for one in catalogue.search(Filter(numbers=numbers))}


def _shown(
    catalogue: Catalogue, groups: Sequence[Sequence[int]], words: Messages
) -> list[dict[str, Any]]:
    """Groups of two photos or more, each with the one that is best kept first."""
    there = _entries(catalogue, groups)
    found = []
    for group in groups:
        entries = sorted((there[one] for one in group if one in there), key=_rank)
        if len(entries) > 1:
            found.append(entries)
    listed = [one.id for entries in found for one in entries[:_SHOWN]]
    animals = catalogue.animals.of_photos(listed)
    return [
        {
            "n": len(entries),
            "best": entries[0].id,
            "photos": [_photo(one, words, animals.get(one.id, ())) for one in entries[:_SHOWN]],
            "further": max(0, len(entries) - _SHOWN),
        }
        for entries in found
    ]


def _rank(entry: Entry) -> tuple[int, int, bool]:
    """By what photos of one picture are put in order: the largest first."""
    return -(entry.width or 0) * (entry.height or 0), -(entry.bytes or 0), not entry.corrected


def _photo(entry: Entry, words: Messages, animals: Sequence[Animal]) -> dict[str, Any]:
    size = ""
    if entry.width and entry.height:
        size = words("photo.pixels", width=entry.width, height=entry.height)
    return {
        **tile(entry, words, animals),
        "size": size,
        "bytes": "" if entry.bytes is None else file_size(entry.bytes, words),
        "taken": words.taken(entry.taken_at) if entry.taken_at else "",
        "folder": printable(os.path.dirname(entry.file)),  # noqa: PTH120 - text, and no path
    }
