"""Takes the catalogue out, as a stream."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.responses import Response

from barkive.catalogue import ExportBy, file_exporters
from barkive.errors import MissingExtraError
from barkive.web.api.openapi import NO_SUCH_BREED, a_problem
from barkive.web.api.parameters import FilterQuery, Lang
from barkive.web.dependencies import Shared
from barkive.web.downloads import attached
from barkive.web.urls import Route


class _OneOfTheForms:
    """The name of a form; which there are depends on the packages that are installed."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema([*file_exporters()])


Form = Annotated[str, _OneOfTheForms()]


def make_router() -> APIRouter:
    """The route, which names the forms of the packages that are installed."""
    router = APIRouter(tags=["export"])
    router.add_api_route(
        Route.API_EXPORT,
        export,
        response_class=Response,
        responses={
            200: {
                "description": "The file",
                "content": {one.media_type: {} for one in file_exporters().values()},
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
    return router


def export(
    shared: Shared,
    query: FilterQuery,
    form: Annotated[Form, Query(alias="as", description="In which form.")] = "csv",
    lang: Lang = "en",
    by: Annotated[
        ExportBy, Query(description="What a row or a picture is of; not every form knows animals.")
    ] = "photo",
) -> Response:
    """The photos that fit all filters, as a table, for other programs, or as a sheet to print.

    By animal: each animal of which a photo fits, with all its photos.
    """
    return attached(shared.catalogue, form, lang, query, by)
