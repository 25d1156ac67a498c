"""Animals from spreadsheets."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from barkive.catalogue import DayOrder, ImportedJSON, MatchBy
from barkive.web.api.openapi import api_router, example
from barkive.web.api.parameters import DoneBy, Lang
from barkive.web.dependencies import Setup, Shared
from barkive.web.uploads import TABLE_FIELD, base_name, received_table
from barkive.web.urls import Route

router = api_router("animals")

_IMPORTED = {
    "act": 12,
    "made": 1,
    "changed": 0,
    "unchanged": 0,
    "photos": 0,
    "left_out": 1,
    "rows": [
        {
            "line": 2,
            "animal": 571902846113,
            "title": "2026-113 Rex",
            "outcome": "made",
            "changes": [{"field": "name", "was": None, "becomes": "Rex"}],
            "photos": 0,
        }
    ],
    "problems": [
        {
            "line": 3,
            "left_out": "row",
            "error": "It has no code and no name.",
            "error_code": "animals_row_nameless",
        }
    ],
    "unknown_columns": ["Box"],
}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {TABLE_FIELD: {"contentMediaType": "application/octet-stream"}},
                    "required": [TABLE_FIELD],
                }
            }
        },
    }
}


@router.post(
    Route.API_ANIMALS_IMPORT,
    response_model=ImportedJSON,
    responses=example(_IMPORTED),
    openapi_extra=_UPLOAD,
    summary="Bring in animals from a spreadsheet",
)
async def import_(
    request: Request,
    shared: Shared,
    setup: Setup,
    match: Annotated[
        MatchBy,
        Query(
            description="By what an animal is told: its code, its name, or a folder of photos that "
            "is called by one of them, whose photos are put to it."
        ),
    ] = MatchBy.CODE,
    dates: Annotated[
        DayOrder | None,
        Query(
            description="What comes first in dates such as 5/6/2021: the day or the month. "
            "Without, what the file shows."
        ),
    ] = None,
    dry_run: Annotated[
        bool, Query(description="Whether only to see what would come; nothing is written.")
    ] = False,
    by: DoneBy = None,
    lang: Lang = "en",
) -> Response:
    """A CSV file of a spreadsheet, of Animal Shelter Manager or of Barkive, in the field `table`.

    New animals are made, known ones get what the file says; empty cells change nothing. Rows that
    fit no animal, and cells that can't be used, are left out and stand in `problems`. All of it is
    one act.
    """
    async with received_table(request, setup.limits) as sent:
        content = await sent.read()
    bring = partial(
        shared.catalogue.animals.import_csv,
        content,
        match=match,
        dates=dates,
        dry_run=dry_run,
        by=by,
        name=base_name(sent.filename) or "CSV",
    )
    done = await to_thread.run_sync(bring)
    return JSONResponse(done.to_json(lang))
