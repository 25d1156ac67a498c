"""Scans: choose a folder by clicking, and watch how far it is.

The only pages on which a path of a request is looked at on the disk: that is what they are
for. Where, `Settings.folders` says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Filter
from barkive.errors import BarkiveError, UsageError, system_reason
from barkive.images.files import find_folders, find_photos
from barkive.images.passing import Reason
from barkive.messages import Message, Messages
from barkive.web.dependencies import Addresses, Setup, Shared
from barkive.web.languages import language_of
from barkive.web.paths import is_text, printable
from barkive.web.rendering import render
from barkive.web.services.scan_jobs import ScanJob, State, open_folders
from barkive.web.services.state import Service
from barkive.web.settings import Settings
from barkive.web.urls import Route, Urls

router = APIRouter()

_FOLDERS_SHOWN = 500
_PHOTOS_COUNTED = 1000
_USUAL = ("Pictures", "Images", "Photos", "Desktop", "Bureau", "Documents", "Downloads")
_DISKS = ("/media", "/run/media", "/mnt", "/Volumes")


class ScanForm(BaseModel):
    """The form that starts a scan.

    Attributes:
        folder: Which one, as an absolute path.
        retry: Whether photos are read again that could not be read.
        exclude: What is passed over, a pattern of gitignore's form on each line.
        links: Whether links are followed that lead out of the folder.
        gone: Whether photos are marked missing also where most of the folder's are gone.
        back: Whether photos that were taken out are catalogued again.
    """

    folder: str = Field(max_length=4096)
    retry: bool = False
    exclude: str = Field("", max_length=65536)
    links: bool = False
    gone: bool = False
    back: bool = False


@router.get(Route.SCAN)
def choose(request: Request, shared: Shared, setup: Setup, folder: str = "") -> Response:
    """The page on which a folder is chosen."""
    return _page(request, shared, setup, folder)


@router.post(Route.SCAN)
def start(
    request: Request,
    shared: Shared,
    setup: Setup,
    urls: Addresses,
    form: Annotated[ScanForm, Form()],
) -> Response:
    """Starts a scan, and goes to its page."""
    place = form.folder.strip()
    try:
        patterns = [line for line in form.exclude.splitlines() if line.strip()]
        passing = replace(setup.passing(patterns, form.links), brings_back=form.back)
        sources = open_folders(setup, [place], passing)
        if not os.path.isdir(place):  # noqa: PTH112 - False also for a name that is too long
            raise UsageError("folder_not_found", folder=place)
    except UsageError as error:
        return _page(request, shared, setup, "", status=422, fault=error, typed=place)
    scan = shared.scan_jobs.start(sources, retry_failed=form.retry, passing=passing, gone=form.gone)
    return RedirectResponse(urls.scan_job(scan.id), 303)


@router.get(Route.SCAN_JOB)
def watch(request: Request, shared: Shared, urls: Addresses, scan_id: str) -> Response:
    """The page on which a scan can be watched."""
    words = Messages(language_of(request))
    scan = shared.scan_jobs.get(scan_id)
    (folder, *_) = scan.folders
    return render(
        request,
        "scan_job.html",
        scan=scan,
        row=scan.to_json(words.lang),
        ended=scan.finished_at is not None,
        folder=printable(folder),
        state=_state(scan, words),
        passed_over=_passed_over(scan, words),
        exclude="\n".join(scan.passing.exclude),
        links=scan.passing.follow_links,
        photos=urls.photos(folder=folder),
        review=urls.review(folder=folder),
        failed=urls.photos(folder=folder, status="failed"),
        texts=_texts(words),
    )


@router.post(Route.SCAN_CANCEL)
def cancel(shared: Shared, urls: Addresses, scan_id: str) -> Response:
    """Stops a scan."""
    shared.scan_jobs.cancel(scan_id)
    return RedirectResponse(urls.scan_job(scan_id), 303)


def _page(
    request: Request,
    shared: Service,
    setup: Settings,
    folder: str,
    *,
    status: int = 200,
    fault: Message | BarkiveError | None = None,
    typed: str = "",
) -> Response:
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    context: dict[str, Any] = {"here": None, "way": [], "inside": [], "photos": 0}
    if folder:
        try:
            open_folders(setup, [folder])
            context = _opened(setup, urls, Path(folder))
        except UsageError as error:
            status, fault, typed = 422, error, folder
        except OSError as error:
            reason = system_reason(error)
            status, typed = 422, folder
            fault = Message("folder_not_opened", {"folder": printable(folder), "reason": reason})
    return render(
        request,
        "scan.html",
        status=status,
        fault=fault,
        typed=printable(typed),
        places=[] if context["here"] else [_link(urls, one) for one in _places(setup)],
        scans=[
            {"id": one.id, "folder": printable(one.folders[0]), "state": _state(one, words)}
            | {"done": one.done, "day": words.moment(one.started_at) if one.started_at else ""}
            for one in shared.scan_jobs.all()
        ],
        may_scan=setup.folders is None or bool(setup.folders),
        catalogued=shared.catalogue.count(Filter()),
        counted=_PHOTOS_COUNTED,
        **context,
    )


def _opened(setup: Settings, urls: Urls, folder: Path) -> dict[str, Any]:
    """A folder with what is inside it, and the way to it.

    Raises:
        OSError: It can't be opened.
    """
    # Those that links lead out to may be chosen, unless they may not be scanned.
    passing = setup.passing(follow_links=True)
    inside = [name for name in find_folders(folder, passing) if is_text(name)]
    inside.sort(key=str.casefold)
    photos = find_photos([folder], recursive=False, passing=setup.passing())
    way = [one for one in (*reversed(folder.parents), folder) if setup.may_scan(os.fspath(one))]
    return {
        "here": printable(os.fspath(folder)),
        "way": [_link(urls, one) for one in way],
        "inside": [_link(urls, folder / name) for name in inside[:_FOLDERS_SHOWN]],
        "photos": sum(1 for _ in islice(photos, _PHOTOS_COUNTED)),
    }


def _places(setup: Settings) -> Iterator[Path]:
    """Where people keep photos, as far as these places are there."""
    if setup.folders is not None:
        yield from map(Path, setup.folders)
        return
    home = Path.home()
    yield from (home / name for name in _USUAL if (home / name).is_dir())
    yield home
    for disks in map(Path, _DISKS):
        try:
            yield from sorted(one for one in disks.iterdir() if one.is_dir())
        except OSError:
            continue


def _link(urls: Urls, folder: Path) -> dict[str, str]:
    name = folder.name or os.fspath(folder)
    return {"name": printable(name), "address": urls.scan(folder=os.fspath(folder))}


def _state(scan: ScanJob, words: Messages) -> str:
    return words(f"scan.{scan.state.value}")


def _passed_over(scan: ScanJob, words: Messages) -> list[str]:
    """What was passed over, such as “40 in @eaDir” and “12 RAW files”."""
    counts = scan.summary.passed_over
    return [
        words(f"scan.passed_{name}", n=number)
        if name in list(Reason)
        else words("scan.passed_in", n=number, place=name)
        for name, number in counts.most_common()
    ]


def _texts(words: Messages) -> dict[str, Any]:
    """The sentences that the script needs."""
    return {
        "states": {state.value: words(f"scan.{state.value}") for state in State},
        "lost": words("scan.lost"),
        **{key: words.forms(f"scan.{key}") for key in ("done", "rate", "seconds", "minutes")},
    }
