"""What people said in another catalogue, brought into this one, and taken back."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import Query, Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import ConflictJSON, MergedJSON, UnmergedJSON
from barkive.messages import Language, Message
from barkive.web.api.openapi import a_problem, api_router, example
from barkive.web.api.parameters import Lang
from barkive.web.dependencies import Setup, Shared
from barkive.web.paths import printable
from barkive.web.services.merge_jobs import Outcome
from barkive.web.uploads import CATALOGUE_FIELD, base_name, received_catalogue
from barkive.web.urls import Route

router = api_router("merge")

_SAID = {
    "id": 12,
    "undoes": None,
    "kind": "breed",
    "breeds": ["Boxer"],
    "note": None,
    "by": "Ada",
    "at": "2026-06-02T09:30:00Z",
    "was": "uncertain",
    "dog": None,
    "box": None,
}
_MERGED = {
    "catalogue": "ben.sqlite",
    "dry_run": True,
    "merged": {
        "pictures": 812,
        "known": 790,
        "new": 22,
        "renumbered": 22,
        "words": 64,
        "numbers": 790,
        "conflicts": 1,
        "animals": 3,
        "animals_filled": 1,
        "animal_photos": 12,
        "animal_conflicts": [
            {
                "animal": 831204417725,
                "title": "2026-113 Rex",
                "field": "status",
                "ours": "in_care",
                "theirs": "adopted",
            }
        ],
        "forgotten": 0,
    },
    "conflicts": [
        {
            "id": 412093117204,
            "file": "/home/ada/Pictures/rex.jpg",
            "ours": _SAID,
            "theirs": _SAID | {"breeds": ["Pug"], "by": "Ben", "at": "2026-06-03T10:00:00Z"},
            "in_force": "theirs",
        }
    ],
}
_UNMERGED = {
    "catalogue": "ben.sqlite",
    "merged_at": "2026-06-04T18:00:00Z",
    "words": 64,
    "pictures": 22,
    "animals": 3,
}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        CATALOGUE_FIELD: {"contentMediaType": "application/octet-stream"}
                    },
                    "required": [CATALOGUE_FIELD],
                }
            }
        },
    }
}


class MergeJSON(TypedDict):
    """What came of a merge, or would come."""

    catalogue: str
    dry_run: bool
    merged: MergedJSON
    conflicts: list[ConflictJSON]


@router.post(
    Route.API_MERGE,
    response_model=MergeJSON,
    responses=example(_MERGED),
    openapi_extra=_UPLOAD,
    summary="Merge another catalogue into this one",
)
async def merge(
    request: Request,
    shared: Shared,
    setup: Setup,
    dry_run: Annotated[
        bool, Query(description="Whether only to see what would come; nothing is written.")
    ] = False,
    lang: Lang = "en",
) -> Response:
    """Brings in what people said in a catalogue, a file of SQLite in the field `catalogue`.

    `conflicts` lists the first hundred pictures of which the two say different things. Merged
    twice is the same as once.
    """
    async with received_catalogue(request, setup.limits) as sent:
        name = base_name(sent.filename) or "catalogue.sqlite"
        token = await to_thread.run_sync(shared.merge_jobs.keep, sent.file, name)
    try:
        done = await to_thread.run_sync(shared.merge_jobs.merge, token, dry_run)
    finally:
        await to_thread.run_sync(shared.merge_jobs.drop, token)
    return JSONResponse(_to_json(done, dry_run, lang))


@router.post(
    Route.API_MERGE_UNDO,
    response_model=UnmergedJSON,
    responses=example(_UNMERGED)
    | a_problem(
        409,
        "There is nothing to take back",
        Message("merge_nothing_to_undo"),
    ),
    summary="Take the last merge back",
)
def undo(shared: Shared) -> Response:
    """Takes back what the last merge has added; what was said since stands."""
    return JSONResponse(shared.catalogue.undo_merge().to_json())


def _to_json(done: Outcome, dry_run: bool, lang: Language) -> MergeJSON:
    listed = [one.to_json(lang) for one in done.conflicts]
    for one in listed:
        one["file"] = printable(one["file"])
    return {
        "catalogue": done.catalogue,
        "dry_run": dry_run,
        "merged": done.merged.to_json(),
        "conflicts": listed,
    }
