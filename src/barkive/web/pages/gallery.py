"""The catalogue's gallery: filters in the address, counts, and as many photos as there are.

The list is given in chunks. With script only those near the window are in the page, so that
it stays light however long the list is; without, each chunk is a page.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import (
    LONGEST_NAME,
    Animal,
    Catalogue,
    Entry,
    EntryDog,
    Filter,
    absolute_path,
    folder_prefix,
    number_of_dogs,
    path_separator,
)
from barkive.errors import UsageError
from barkive.messages import Messages
from barkive.verdicts import Status
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.act_words import told_of
from barkive.web.pages.export_choice import title_of
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import LONGEST, View, dogs_chip, group_chip, page_of
from barkive.web.paths import is_text, printable
from barkive.web.rendering import render
from barkive.web.services.exports import available, is_archive
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

CHUNK = 120
"""Photos in a chunk: a number that many numbers of columns divide."""
_GROUPS = range(1, 11)
_NAMED = 8
_LONGEST_SENT = 10_000
# As they stand in the address, and as the page calls them.
_ORDERS = (
    *(("added", "added"), ("-added", "added_last"), ("-taken", "taken_last"), ("taken", "taken")),
    *(("certainty", "certainty"), ("-certainty", "certainty_last")),
    *(("name", "name"), ("-name", "name_last")),
)
_NUMBERS_OF_DOGS = ("1", "2", "2+", "3+")


class SearchForm(BaseModel):
    """What a search is to be called.

    Attributes:
        name: The name.
    """

    name: Annotated[str, Field(max_length=_LONGEST_SENT)] = ""


@router.get(Route.PHOTOS)
def gallery(request: Request, shared: Shared, urls: Addresses) -> Response:
    """The page."""
    return _page(request, shared, urls)


@router.post(Route.SEARCHES)
def save_search(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[SearchForm, Form()]
) -> Response:
    """Gives the search of the address a name."""
    view = View.of(request.query_params, shared.catalogue)
    query = view.address("", add_to=None).removeprefix("?")
    if view.faults or not query:
        return _page(request, shared, urls)
    try:
        shared.catalogue.searches.save(form.name, query, name_of(request))
    except UsageError as error:
        return _page(request, shared, urls, fault=error, typed=form.name)
    return RedirectResponse(view.address(urls.photos()), 303)


@router.post(Route.SEARCH_REMOVE)
def remove_search(
    request: Request,
    shared: Shared,
    urls: Addresses,
    search: Annotated[int, Path(ge=1, lt=2**63)],
) -> Response:
    """Forgets a saved search; the photos that it finds stay."""
    shared.catalogue.searches.remove(search)
    view = View.of(request.query_params, shared.catalogue)
    return RedirectResponse(view.address(urls.photos()), 303)


def _page(
    request: Request,
    shared: Service,
    urls: Urls,
    *,
    fault: UsageError | None = None,
    typed: str = "",
) -> Response:
    """The page; with what is wrong with the name of a search."""
    catalogue = shared.catalogue
    words = Messages(language_of(request))
    view = View.of(request.query_params, catalogue)
    statuses: Counter[str] = Counter()
    if not view.faults:
        statuses = catalogue.counts("status", replace(view.query, status=()))
    total = sum(statuses[one] for one in view.query.status or Status)
    pages = max(1, -(-total // CHUNK))
    page = min(page_of(request), pages)
    is_empty = not total and not catalogue.count(Filter(missing=None))
    return render(
        request,
        "photos.html",
        status=422 if view.faults or fault else 200,
        view=view,
        catalogue=catalogue,
        path=urls.photos(),
        longest=LONGEST,
        chips=view.chips(urls.photos(), words, catalogue),
        breeds_asked=view.breed_names(words, catalogue),
        numbers_of_dogs=_numbers_of_dogs(view, words),
        total=total,
        page=page,
        pages=pages,
        chunk=CHUNK,
        is_empty=is_empty,
        groups=[(group, group_chip(group, words)) for group in _GROUPS],
        exports=[(form, title_of(form, words)) for form in available() if not is_archive(form)],
        export=view.address(urls.exports(), add_to=None),
        said=told_of(request, catalogue, words),
        back=view.address(urls.photos(), page=page if page > 1 else None),
        selection=view.address(urls.selection()),
        review=view.to_review(urls.review()) if view.filters else "",
        add=view.address(urls.selection_add()),
        add_to=view.animal_to_add_to(catalogue),
        orders=[(order, words(f"photos.order_{key}")) for order, key in _ORDERS],
        order=str(view.order),
        searches=_searches(catalogue, view, urls),
        save_search=view.address(urls.searches()),
        search_fault=fault,
        search_typed=typed,
        longest_name=LONGEST_NAME,
        numbers=view.address(urls.selection_numbers()),
        last_label=catalogue.last_label,
        **_chunk(catalogue, view, page, words),
        **({} if is_empty or view.faults else _sums(catalogue, view, statuses, words, urls)),
    )


@router.get(Route.TILES)
def tiles(request: Request, shared: Shared) -> Response:
    """A chunk of the list, as a part of the page."""
    view = View.of(request.query_params, shared.catalogue)
    words = Messages(language_of(request))
    part = _chunk(shared.catalogue, view, page_of(request), words)
    return render(request, "_tiles.html", status=422 if view.faults else 200, **part)


def tile(entry: Entry, words: Messages, animals: Sequence[Animal] = ()) -> dict[str, Any]:
    """What a small picture says of its photo, and of the animals that it shows."""
    return {
        "id": entry.id,
        # Another address where people have moved its boxes: browsers keep a picture for a day.
        "said": entry.said_id,
        "dogs": len(entry.dogs or ()),
        "title": titles(entry, words),
        "status": entry.status.value,
        "corrected": entry.corrected,
        "file": printable(os.path.basename(entry.file)),  # noqa: PTH119 - text, and no path
        "missing": entry.missing_since is not None,
        "animals": ", ".join(one.name or one.title for one in animals[:_NAMED]),
    }


def titles(entry: Entry, words: Messages) -> str:
    """What a photo shows: of several dogs each breed once, that of the main dog first."""
    shown: list[Entry | EntryDog] = [entry, *(entry.dogs or ())[1:]]
    # Of a thousand dogs a line holds no more.
    return ", ".join(dict.fromkeys(title(one, words) for one in shown[:_NAMED]))


def title(entry: Entry | EntryDog, words: Messages) -> str:
    """What a photo or one of its dogs is, in a few words."""
    names = [one.label.name(words.lang) for one in entry.breeds]
    if entry.status is Status.UNCERTAIN and names and not entry.corrected:
        return words("photos.perhaps", breed=names[0])
    if entry.status is Status.DOG:
        return " × ".join(names if entry.corrected else names[:1])
    return words(f"base.{entry.status.value}")


def _chunk(catalogue: Catalogue, view: View, page: int, words: Messages) -> dict[str, Any]:
    """A part of the list, each photo with the address of its own page.

    Nothing where a filter has a mistake.
    """
    entries: list[Entry] = []
    if not view.faults:
        offset = (page - 1) * CHUNK
        entries = catalogue.page(view.query, offset=offset, limit=CHUNK, order=view.order)
    animals = catalogue.animals.of_photos([entry.id for entry in entries])
    return {
        "tiles": [tile(entry, words, animals.get(entry.id, ())) for entry in entries],
        "place": view.address("", page=page if page > 1 else None),
        "is_list": True,
    }


def _sums(
    catalogue: Catalogue, view: View, statuses: Counter[str], words: Messages, urls: Urls
) -> dict[str, Any]:
    """How many there are of each, with the address of these."""
    query = view.query
    breeds = catalogue.counts("breed", replace(query, breeds=()))
    # Mostly none is gone, which is found out at once.
    gone = catalogue.count(Filter(missing=True)) and catalogue.count(replace(query, missing=True))
    path = urls.photos()
    return {
        "statuses": [
            _sum(
                view,
                path,
                words(f"base.{one}"),
                statuses[one],
                one in query.status,
                status=one.value,
            )
            for one in Status
            if statuses[one] or one in query.status
        ],
        "gone": _sum(
            view, path, words("photos.missing"), gone, bool(query.missing), missing="true"
        ),
        "breeds": [
            _of_breed(view, path, catalogue, words, one, n) for one, n in breeds.most_common()
        ],
        **_folders(catalogue, view, words, path),
    }


def _sum(
    view: View, path: str, name: str, photos: int, chosen: bool, **field: str
) -> dict[str, Any]:
    """How many photos there are of one kind; what is chosen is taken off by choosing it again."""
    changes = dict.fromkeys(field) if chosen else field
    address = view.address(path, **changes)
    return {"name": name, "photos": photos, "chosen": chosen, "address": address, **field}


def _of_breed(
    view: View, path: str, catalogue: Catalogue, words: Messages, breed: str, photos: int
) -> dict[str, Any]:
    """How many photos there are of a breed; of several that are chosen it alone is taken off."""
    names = catalogue.models.names
    others = tuple(one for one in view.breeds if names.meant(one) != breed)
    chosen = len(others) < len(view.breeds)
    return {
        "name": names.label(breed).name(words.lang),
        "photos": photos,
        "chosen": chosen,
        "address": view.address(path, breed=others if chosen else breed),
    }


def _numbers_of_dogs(view: View, words: Messages) -> list[tuple[str, str]]:
    """The numbers of dogs that can be asked for, each with its name."""
    asked = view.values.get("dogs", "")
    numbers = [*_NUMBERS_OF_DOGS]
    if view.query.dogs is not None and asked not in numbers:
        numbers.append(asked)
    return [(one, dogs_chip(number_of_dogs(one), words)) for one in numbers]


def _searches(catalogue: Catalogue, view: View, urls: Urls) -> list[dict[str, Any]]:
    """The saved searches, each with the addresses that open and forget it."""
    here = view.address("", add_to=None).removeprefix("?")
    return [
        {
            "name": one.name,
            "address": f"{urls.photos()}?{one.query}",
            "chosen": one.query == here,
            "remove": view.address(urls.remove_search(one.id)),
        }
        for one in catalogue.searches.all()
    ]


def _folders(catalogue: Catalogue, view: View, words: Messages, path: str) -> dict[str, Any]:
    """The way up, and the way down."""
    whole = catalogue.top()
    here = absolute_path(view.query.folder) if view.query.folder else whole
    if whole is None or here is None:
        return {"way": [], "folders": []}
    return {
        "way": [
            {
                # Folders that have nothing in common lie in one without a name.
                "name": printable(one.rpartition(path_separator(one))[2])
                or words("photos.all_folders"),
                "address": view.address(path, folder=None if one == whole else one),
            }
            for one in _way(whole, here)
        ],
        "folders": [
            _sum(view, path, one.name, one.photos, False, folder=one.path)
            for one in catalogue.folders(here, view.query)
            if is_text(one.path)
        ],
    }


def _way(whole: str, here: str) -> list[str]:
    """The folders from one down to another inside it, both included; none where it is not."""
    start, mark = folder_prefix(whole), path_separator(here)
    if here == whole or not here.startswith(start):
        return []
    below = here.removeprefix(start).split(mark)
    return [whole, *(start + mark.join(below[: n + 1]) for n in range(len(below)))]
