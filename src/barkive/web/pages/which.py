"""Which of our dogs is this? A photo against all animals, the likest first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from barkive.catalogue import AnimalFilter, Entry, Match
from barkive.errors import BarkiveError, PhotoError, UnknownDogError, UnknownPhotoError
from barkive.messages import Message, Messages
from barkive.web.dependencies import Kept, Setup, Shared
from barkive.web.languages import language_of
from barkive.web.pages.animal_words import likeness, tile
from barkive.web.pages.gallery import title
from barkive.web.paths import printable
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.uploads import UploadError, received
from barkive.web.urls import Route

router = APIRouter(include_in_schema=False)

_SHOWN = 12


@router.get(Route.WHICH)
def which(request: Request, shared: Shared) -> Response:
    """The page; of a photo of the catalogue where the address names one."""
    number = _number(request, "photo")
    if not number:
        return _page(request, shared)
    entry = shared.catalogue.photo(number)
    try:
        dog = _number(request, "dog") or None
        found = shared.catalogue.animals.match(number, limit=_SHOWN, dog=dog)
    except UnknownPhotoError:
        raise
    except (PhotoError, UnknownDogError) as error:
        return _page(request, shared, entry=entry, fault=error)
    return _page(request, shared, entry=entry, found=found)


@router.post(Route.WHICH)
async def sent(request: Request, shared: Shared, setup: Setup, place: Kept) -> Response:
    """The same for a photo that is sent; nothing of it is kept."""
    try:
        async with received(request, setup.limits) as uploads:
            given = [one for one in uploads if one.name is not None]
            if len(given) != 1:
                raise UploadError(422, "upload_not_one_photo", count=len(given))
            (one,) = given
            if one.reason is not None:
                raise UploadError(422, one.reason.code, **one.reason.params)
            found = await shared.match(one, AnimalFilter(), _SHOWN, place)
            name = one.name
    except (UploadError, PhotoError) as error:
        fault: BarkiveError = error
        return await to_thread.run_sync(lambda: _page(request, shared, fault=fault))
    return await to_thread.run_sync(lambda: _page(request, shared, found=found, name=name))


def _number(request: Request, name: str) -> int:
    """A number that the address holds; 0 for none."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 17 else 0


def _page(
    request: Request,
    shared: Service,
    *,
    entry: Entry | None = None,
    found: Sequence[Match] | None = None,
    name: str | None = None,
    fault: BarkiveError | None = None,
) -> Response:
    words = Messages(language_of(request))
    file = os.path.basename(entry.file) if entry else name or ""  # noqa: PTH119 - text, no path
    why: Message | None = fault.message if fault else None
    status = 200
    if fault:
        status = 422 if isinstance(fault, PhotoError) else status_of(fault)
    return render(
        request,
        "which.html",
        status=status,
        entry=entry,
        dog=_number(request, "dog"),
        title=title(entry, words) if entry else "",
        file=printable(file),
        fault=why,
        has_animals=bool(shared.catalogue.animals.count()),
        found=None if found is None else [_match(one, entry, shared, words) for one in found],
    )


def _match(one: Match, entry: Entry | None, shared: Service, words: Messages) -> dict[str, Any]:
    """An animal that may be the one."""
    has = False
    if entry is not None:
        shown = shared.catalogue.animals.of_photos([entry.id]).get(entry.id, [])
        has = any(each.id == one.animal.id for each in shown)
    return {
        **tile(one.animal, words),
        "near": one.photo,
        "how": likeness(one.similarity, words),
        "has": has,
    }
