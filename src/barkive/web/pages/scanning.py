"""Scans: choose a folder by clicking, and watch how far it is.

The only pages on which a path of a request is looked at on the disk: that is what they are
for. Where, `Settings.folders` says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Filter, ScanOrigin, ScanPlan, ScanRequest, is_system_folder
from barkive.errors import BarkiveError, UsageError, system_reason
from barkive.images.files import find_folders, find_photos
from barkive.images.passing import Reason
from barkive.messages import Message, Messages
from barkive.web.dependencies import Addresses, Setup, Shared
from barkive.web.languages import language_of
from barkive.web.moments import moment, told
from barkive.web.pages.reviewer import name_of
from barkive.web.paths import is_text, printable
from barkive.web.rendering import render
from barkive.web.services.scan_jobs import ScanJob, State, open_folders
from barkive.web.services.state import Service
from barkive.web.settings import Settings
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_FOLDERS_SHOWN = 500
_PHOTOS_COUNTED = 1000
_LAST_SCANS, _ALL_SCANS = 20, 1000
_USUAL = ("Pictures", "Images", "Photos", "Desktop", "Bureau", "Documents", "Downloads")
_AllScans = Annotated[bool, Query(alias="all")]
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


class PlanForm(BaseModel):
    """The form that sets when a folder is scanned by itself.

    Attributes:
        folder: Which one, as an absolute path.
        watch: Whether whenever something changes there.
        at: At which time each day, such as 03:30; empty for none.
    """

    folder: str = Field(max_length=4096)
    watch: bool = False
    at: str = Field("", max_length=20)


@router.get(Route.SCAN)
def choose(
    request: Request, shared: Shared, setup: Setup, folder: str = "", all_scans: _AllScans = False
) -> Response:
    """The page on which a folder is chosen."""
    return _page(request, shared, setup, folder, all_scans=all_scans)


@router.post(Route.SCAN)
def start(
    request: Request,
    shared: Shared,
    setup: Setup,
    urls: Addresses,
    form: Annotated[ScanForm, Form()],
) -> Response:
    """Starts a scan, and goes to its page."""
    typed = form.folder.strip()
    try:
        patterns = [line for line in form.exclude.splitlines() if line.strip()]
        passing = replace(setup.passing(patterns, form.links), brings_back=form.back)
        (source,) = open_folders(setup, [typed], passing)
        # False also for a name that is too long, where Path would raise.
        if os.path.isfile(source.name):  # noqa: PTH113
            raise UsageError("folder_is_file", path=typed)
        if not os.path.isdir(source.name):  # noqa: PTH112
            raise UsageError("folder_not_found", folder=typed)
    except UsageError as error:
        return _page(request, shared, setup, "", status=422, fault=error, typed=typed)
    scan = shared.scan_jobs.start(
        [source],
        retry_failed=form.retry,
        passing=passing,
        gone=form.gone,
        asked=ScanRequest(ScanOrigin.PAGE, name_of(request)),
    )
    return RedirectResponse(urls.scan_job(scan.id), 303)


@router.post(Route.SCAN_KNOWN)
def start_known(request: Request, shared: Shared, setup: Setup, urls: Addresses) -> Response:
    """Scans all folders again that were scanned before, as far as they are there."""
    asked = ScanRequest(ScanOrigin.PAGE, name_of(request))
    passing, fault = setup.passing(), None
    for folder in _known_folders(shared, setup):
        try:
            sources = open_folders(setup, [folder], passing)
        except UsageError as error:
            fault = error
        else:
            shared.scan_jobs.start(sources, passing=passing, asked=asked)
    if fault is not None:
        return _page(request, shared, setup, "", status=422, fault=fault)
    return RedirectResponse(urls.scan(), 303)


@router.post(Route.SCAN_PLAN)
def plan(
    request: Request,
    shared: Shared,
    setup: Setup,
    urls: Addresses,
    form: Annotated[PlanForm, Form()],
) -> Response:
    """Sets when a folder is scanned by itself."""
    try:
        daily_at = time.fromisoformat(form.at) if form.at else None
    except ValueError:
        fault = Message("scan_time_invalid", {"time": form.at})
        return _page(request, shared, setup, "", status=422, fault=fault)
    try:
        shared.scan_timetable.set(form.folder, is_watched=form.watch, daily_at=daily_at)
    except UsageError as error:
        return _page(request, shared, setup, "", status=422, fault=error)
    return RedirectResponse(urls.scan(), 303)


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
    all_scans: bool = False,
) -> Response:
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    context: dict[str, Any] = {"here": None, "way": [], "inside": [], "photos": 0}
    if folder:
        try:
            # Nobody's photos lie at the top of all, but the way to them may begin there.
            if folder != os.sep or not setup.may_scan(folder):
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
        known=_known(shared, setup, words),
        scans=_scans(shared, words, _ALL_SCANS if all_scans else _LAST_SCANS),
        last_scans=_LAST_SCANS,
        all_scans=all_scans,
        may_scan=setup.folders is None or bool(setup.folders),
        catalogued=shared.catalogue.count(Filter()),
        counted=_PHOTOS_COUNTED,
        **context,
    )


def _known_folders(shared: Service, setup: Settings) -> list[str]:
    return [one for one in shared.catalogue.scan_plans.known_folders() if setup.may_scan(one)]


def _known(shared: Service, setup: Settings, words: Messages) -> list[dict[str, Any]]:
    """The folders that were scanned before, with when they are scanned by themselves."""
    plans = {plan.path: plan for plan in shared.catalogue.scan_plans.all()}
    faults = shared.scan_timetable.faults
    folders = _known_folders(shared, setup)
    # A plan may be for a folder inside a known one.
    folders = sorted({*folders, *(one for one in plans if setup.may_scan(one))})
    found = []
    for path in filter(is_text, folders):
        plan = plans.get(path, ScanPlan(path))
        next_at = plan.next_at()
        found.append(
            {
                "path": path,
                "is_watched": plan.is_watched,
                "at": f"{plan.daily_at:%H:%M}" if plan.daily_at else "",
                "next": told(words, "scan.next", at=moment(next_at, words)) if next_at else "",
                "fault": faults.get(path),
            }
        )
    return found


def _scans(shared: Service, words: Messages, limit: int) -> list[dict[str, Any]]:
    """The last scans of all, newest first: those of this server that have no record come first."""
    runs = shared.catalogue.runs(limit, uploads=False)
    jobs: dict[int, ScanJob] = {}
    unrecorded: list[ScanJob] = []
    for job in shared.scan_jobs.all():
        if (run := shared.scan_jobs.record_of(job)) is not None:
            jobs[run] = job
        else:
            unrecorded.append(job)
    found = [
        _scan(words, job.folders, _state(job, words), job.asked, None)
        | {"id": job.id, "done": job.done, "at": job.started_at}
        for job in unrecorded
    ]
    for record in runs:
        of_record = jobs.get(record.id)
        state = words(f"scan.{record.state.value}")
        if of_record is not None:
            state = _state(of_record, words)
        asked = ScanRequest(record.origin, record.started_by) if record.origin else None
        found.append(
            _scan(words, record.sources, state, asked, record.started_by)
            | {"id": of_record.id if of_record else None}
            | {"done": record.counts.get("listed", 0)}
            | {"at": record.started_at, "reason": record.reason}
        )
    return found


def _scan(
    words: Messages,
    sources: Sequence[str],
    state: str,
    asked: ScanRequest | None,
    by: str | None,
) -> dict[str, Any]:
    """What tells a scan from others."""
    where = words(f"scan.by_{asked.origin.value}") if asked is not None else ""
    who = (asked.by if asked is not None else None) or by or ""
    first, more = sources[0] if sources else "", len(sources) - 1
    return {
        "folder": printable(first) + (f" + {more}" if more > 0 else ""),
        "state": state,
        "who": " · ".join(part for part in (who, where) if part),
        "reason": None,
    }


def _opened(setup: Settings, urls: Urls, folder: Path) -> dict[str, Any]:
    """A folder with what is inside it, and the way to it.

    Raises:
        OSError: It can't be opened.
    """
    # Those that links lead out to may be chosen, unless they may not be scanned.
    passing = setup.passing(follow_links=True)
    inside = [name for name in find_folders(folder, passing) if is_text(name)]
    inside = [name for name in inside if not is_system_folder(os.fspath(folder / name))]
    inside.sort(key=str.casefold)
    photos = find_photos([folder], recursive=False, passing=setup.passing())
    way = [one for one in (*reversed(folder.parents), folder) if setup.may_scan(os.fspath(one))]
    return {
        "here": printable(os.fspath(folder)),
        "is_scannable": not is_system_folder(os.fspath(folder)),
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
