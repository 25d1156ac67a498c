"""Takes the catalogue out, as a stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from barkive.errors import MissingExtraError
from barkive.web.api.openapi import NO_SUCH_BREED, a_problem
from barkive.web.api.parameters import FilterQuery, Lang
from barkive.web.dependencies import Shared
from barkive.web.services.exports import KINDS, Form, stream
from barkive.web.urls import Route

_NO_PARQUET = MissingExtraError("parquet", "purpose_parquet_export").message

router = APIRouter(tags=["export"])


@router.get(
    Route.API_EXPORT,
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {kind.media_type: {} for kind in KINDS.values()},
        },
        **NO_SUCH_BREED,
        **a_problem(
            501,
            "Parquet is not installed",
            MissingExtraError("parquet", "purpose_parquet_export").message,
        ),
    },
    summary="Take the catalogue out",
)
def export(
    shared: Shared,
    query: FilterQuery,
    form: Annotated[Form, Query(alias="as", description="In which form.")] = "csv",
    lang: Lang = "en",
) -> Response:
    """The photos that fit all filters, as a table, for other programs, or as a sheet to print."""
    name, content = stream(shared.catalogue, form, lang, query)
    return StreamingResponse(
        content,
        media_type=KINDS[form].media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
