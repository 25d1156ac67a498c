"""Scans of folders as jobs, with their progress as it happens."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import ScanOrigin, ScanRequest
from barkive.messages import Message
from barkive.web.api.openapi import MODEL_NAME, a_problem, api_router, example
from barkive.web.api.parameters import Lang
from barkive.web.dependencies import Addresses, Setup, Shared
from barkive.web.events import EVENTS, told
from barkive.web.services.scan_jobs import ABSOLUTE, ScanJSON, open_folders
from barkive.web.signed_in import who
from barkive.web.urls import Route

router = api_router("scans")

_SCAN = {
    "id": "3f2a9c0d1b7e4f68",
    "folders": ["/home/ada/Pictures"],
    "state": "running",
    "done": 1200,
    "total": 3012,
    "rate": 151.2,
    "seconds_left": 12,
    "started_at": "2026-06-01T12:00:00Z",
    "finished_at": None,
    "new": 1200,
    "changed": 0,
    "moved": 0,
    "replaced": 0,
    "missing": 0,
    "unchanged": 0,
    "taken_out": 0,
    "passed_over": {"@eaDir": 40, "raw": 12},
    "statuses": {"dog": 880, "uncertain": 244, "not_dog": 73, "failed": 3},
    "failed": [
        {
            "file": "/home/ada/Pictures/broken.jpg",
            "error": "The file is empty.",
            "error_code": "photo_empty",
        }
    ],
    "error": None,
    "error_code": None,
    "is_away": False,
    "origin": "api",
    "started_by": None,
    "run": 41,
}
_RUN = {
    "id": 41,
    "state": "finished",
    "started_by": "ada@kennel",
    "started_at": "2026-06-01T12:00:00Z",
    "seen_at": "2026-06-01T12:00:20Z",
    "ended_at": "2026-06-01T12:00:20Z",
    "sources": ["/home/ada/Pictures"],
    "engine": "local",
    "model": MODEL_NAME,
    "versions": {"barkive": "0.2.0", "python": "3.11.7"},
    "counts": {"listed": 3012, "new": 3012, "dog": 2000, "uncertain": 800, "not_dog": 212},
    "error": None,
    "error_code": None,
    "origin": "command",
}
_NO_SUCH_SCAN = a_problem(404, "There is no such scan", Message("scan_unknown", {"scan": "3f2a"}))
_Id = Annotated[str, Path(max_length=64, description="The scan's id.")]


class RunJSON(TypedDict):
    """A scan as the catalogue remembers it.

    `origin` is where it was asked for: `command`, `page`, `api`, `daily`, `watch`, `upload` (a
    photo that a visitor added) or `program`; null of scans by an older Barkive.
    """

    id: int
    state: Literal["running", "finished", "interrupted", "failed"]
    started_by: str
    started_at: str
    seen_at: str
    ended_at: str | None
    sources: list[str]
    engine: str
    model: str
    versions: dict[str, str]
    counts: dict[str, int]
    error: str | None
    error_code: str | None
    origin: str | None


class Wish(BaseModel):
    """What is to be scanned."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"folders": ["/home/ada/Pictures"]}}
    )

    folders: list[Annotated[str, Field(max_length=4096, pattern=ABSOLUTE)]] = Field(
        min_length=1, max_length=100, description="Absolute paths on the server's machine."
    )
    retry_failed: bool = Field(
        False, description="Whether to read photos again that could not be read."
    )
    exclude: list[Annotated[str, Field(max_length=4096)]] = Field(
        default=[],
        max_length=100,
        description="What to pass over, in gitignore's form, relative to each folder.",
    )
    follow_links: bool = Field(
        False,
        description="Whether to follow links that lead out of a folder; never out of those that "
        "may be scanned.",
    )
    gone: bool = Field(
        False,
        description="Whether photos that are not found are marked missing also where that is all "
        "of a folder or most of it; without, such a scan fails with `is_away`.",
    )
    bring_back: bool = Field(
        False, description="Whether to catalogue photos again that were taken out."
    )


@router.post(
    Route.API_SCANS,
    status_code=202,
    response_model=ScanJSON,
    responses={202: example(_SCAN)[200]},
    summary="Scan folders",
)
def start(wish: Wish, shared: Shared, setup: Setup, urls: Addresses) -> Response:
    """Brings the catalogue up to date with folders, in the background; one scan at a time."""
    passing = setup.passing(wish.exclude, wish.follow_links)
    passing = replace(passing, brings_back=wish.bring_back)
    sources = open_folders(setup, wish.folders, passing)
    scan = shared.scan_jobs.start(
        sources,
        retry_failed=wish.retry_failed,
        passing=passing,
        gone=wish.gone,
        asked=ScanRequest(ScanOrigin.API, who()),
    )
    return JSONResponse(scan.to_json(), 202, {"Location": urls.api_scan(scan.id)})


@router.get(
    Route.API_RUNS,
    response_model=list[RunJSON],
    responses=example([_RUN]),
    summary="The scans that the catalogue remembers",
)
def runs(
    shared: Shared,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many, at most.")] = 20,
    lang: Lang = "en",
) -> Response:
    """All scans, of the command line, of a cluster, and of every server, the newest first."""
    return JSONResponse([run.to_json(lang) for run in shared.catalogue.runs(limit)])


@router.get(
    Route.API_SCANS, response_model=list[ScanJSON], responses=example([_SCAN]), summary="All scans"
)
def scans(shared: Shared) -> Response:
    """The scans since the server was started, the newest first."""
    return JSONResponse([one.to_json() for one in shared.scan_jobs.all()])


@router.get(
    Route.API_SCAN,
    response_model=ScanJSON,
    responses=example(_SCAN) | _NO_SUCH_SCAN,
    summary="One scan",
)
def scan(shared: Shared, scan_id: _Id) -> Response:
    """How far it is."""
    return JSONResponse(shared.scan_jobs.get(scan_id).to_json())


@router.post(
    Route.API_SCAN_CANCEL,
    response_model=ScanJSON,
    responses=example(_SCAN | {"state": "cancelled"}) | _NO_SUCH_SCAN,
    summary="Stop a scan",
)
def cancel(shared: Shared, scan_id: _Id) -> Response:
    """Stops it after the photo that it is at; what it has found is kept."""
    shared.scan_jobs.cancel(scan_id)
    return JSONResponse(shared.scan_jobs.get(scan_id).to_json())


@router.get(
    Route.API_SCAN_EVENTS,
    response_class=Response,
    responses={**EVENTS, **_NO_SUCH_SCAN},
    summary="A scan's progress as it happens",
)
async def events(request: Request, shared: Shared, scan_id: _Id, lang: Lang = "en") -> Response:
    """Server-sent events: `progress` with the scan as data, and at last `end`."""
    return told(request, partial(shared.scan_jobs.get, scan_id), lang)
