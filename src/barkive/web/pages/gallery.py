"""The catalogue's gallery: filters in the address, counts, and as many photos as there are.

The list is given in chunks. With script only those near the window are in the page, so that
it stays light however long the list is; without, each chunk is a page.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from barkive.catalogue import Catalogue, Entry, Filter
from barkive.verdicts import Status
from barkive.web.api.export import FORMS
from barkive.web.api.shared import Shared
from barkive.web.languages import Words, language_of
from barkive.web.pages.rendering import render
from barkive.web.pages.views import View, group_chip

router = APIRouter()

CHUNK = 120
"""Photos in a chunk: a number that many numbers of columns divide."""
_PATH = "/photos"
_BREEDS_SHOWN = 12
_GROUPS = range(1, 11)


@router.get(_PATH)
def gallery(request: Request, shared: Shared) -> Response:
    """The page."""
    catalogue = shared.catalogue
    words = Words(language_of(request))
    view = View.of(request.query_params, catalogue)
    total = catalogue.count(view.wanted)
    pages = max(1, -(-total // CHUNK))
    page = min(_page(request), pages)
    entries = catalogue.page(view.wanted, offset=(page - 1) * CHUNK, limit=CHUNK)
    is_empty = not total and not catalogue.count(Filter(missing=None))
    return render(
        request,
        "photos.html",
        status=422 if view.faults else 200,
        view=view,
        chips=view.chips(_PATH, words, catalogue),
        total=total,
        page=page,
        pages=pages,
        chunk=CHUNK,
        tiles=[tile(entry, words) for entry in entries],
        query=view.address(""),
        is_empty=is_empty,
        groups=[(group, group_chip(group, words)) for group in _GROUPS],
        exports=[(form.value, _export(view, form.value, words)) for form in FORMS],
        **(_sums(catalogue, view, words) if not is_empty else {}),
    )


@router.get(f"{_PATH}/tiles")
def tiles(request: Request, shared: Shared) -> Response:
    """A chunk of the list, as a part of the page."""
    view = View.of(request.query_params, shared.catalogue)
    words = Words(language_of(request))
    entries = shared.catalogue.page(view.wanted, offset=(_page(request) - 1) * CHUNK, limit=CHUNK)
    return render(
        request,
        "_tiles.html",
        tiles=[tile(entry, words) for entry in entries],
        query=view.address(""),
    )


def tile(entry: Entry, words: Words) -> dict[str, Any]:
    """What a small picture says of its photo."""
    return {
        "id": entry.id,
        "title": title(entry, words),
        "status": entry.status.value,
        "corrected": entry.corrected,
        "file": printable(os.path.basename(entry.file)),  # noqa: PTH119 - text, and no path
        "missing": entry.missing_since is not None,
    }


def title(entry: Entry, words: Words) -> str:
    """What a photo shows, in a few words."""
    names = [one.label.name(words.lang) for one in entry.breeds]
    if entry.status is Status.UNCERTAIN and names and not entry.corrected:
        return words("photos.perhaps", breed=names[0])
    if entry.status is Status.DOG:
        return " × ".join(names if entry.corrected else names[:1])
    return words(f"base.{entry.status.value}")


def printable(path: str) -> str:
    """A path as text; bytes that are no text are escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


def _page(request: Request) -> int:
    value = request.query_params.get("page", "1")
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 10 else 1


def _export(view: View, form: str, words: Words) -> str:
    values = {name: view.values[name] for name in view.values if name not in view.faults}
    return "/api/v1/export?" + urlencode({"as": form, "lang": words.lang, **values})


def _sums(catalogue: Catalogue, view: View, words: Words) -> dict[str, Any]:
    """How many there are of each, with the address of these."""
    statuses = catalogue.counts("status", replace(view.wanted, status=()))
    found = catalogue.counts("breed", replace(view.wanted, breed=None))
    breeds = [
        {
            "name": catalogue.models.label(breed).name(words.lang),
            "photos": number,
            "address": view.address(_PATH, breed=breed),
            "chosen": breed in (view.wanted.breed_ids(catalogue.models) or ()),
        }
        for breed, number in found.most_common()
    ]
    return {
        "statuses": [
            {
                "id": status.value,
                "name": words(f"base.{status.value}"),
                "photos": statuses[status.value],
                "address": view.address(_PATH, status=status.value),
                "chosen": status in view.wanted.status,
            }
            for status in Status
            if statuses[status.value]
        ],
        "breeds": breeds[:_BREEDS_SHOWN],
        "more_breeds": breeds[_BREEDS_SHOWN:],
        **_folders(catalogue, view),
    }


def _folders(catalogue: Catalogue, view: View) -> dict[str, Any]:
    """The way down, and the way up."""
    everything = catalogue.top(Filter())
    here = Path(view.wanted.folder) if view.wanted.folder else everything
    inside = catalogue.folders(os.fspath(here), view.wanted) if here is not None else []
    way: list[dict[str, str]] = []
    if here is not None and everything is not None and here != everything:
        for folder in (*reversed(here.parents), here):
            if folder.is_relative_to(everything):
                whole = folder == everything
                address = view.address(_PATH, folder=None if whole else os.fspath(folder))
                way.append(
                    {"name": printable(folder.name or os.fspath(folder)), "address": address}
                )
    return {
        "way": way,
        "folders": [
            {
                "name": printable(one.name),
                "photos": one.photos,
                "address": view.address(_PATH, folder=one.path),
            }
            for one in inside
        ],
    }
