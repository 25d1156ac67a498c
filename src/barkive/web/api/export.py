"""Takes the catalogue out: as a stream, or as a job that writes a file or an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.responses import JSONResponse, Response

from barkive.catalogue import exporters, file_exporters
from barkive.errors import MissingExtraError
from barkive.messages import Message
from barkive.web.api.openapi import NO_SUCH_BREED, a_problem, api_router, example
from barkive.web.api.parameters import ExportedBy, FilterQuery, Lang, OptionsQuery
from barkive.web.dependencies import Addresses, Shared
from barkive.web.downloads import attached, written
from barkive.web.events import EVENTS, told
from barkive.web.services.export_jobs import ExportJSON
from barkive.web.services.exports import media_type
from barkive.web.urls import Route


@dataclass(frozen=True, slots=True)
class _OneOfTheForms:
    """The name of a form; which there are depends on the packages that are installed."""

    forms: Callable[[], Iterable[str]]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema([*self.forms()])


Form = Annotated[str, _OneOfTheForms(file_exporters)]
AnyForm = Annotated[str, _OneOfTheForms(exporters)]
_Id = Annotated[str, Path(max_length=64, description="The export's id.")]
_EXPORT = {
    "id": "3f2a9c0d1b7e4f68",
    "form": "contact-sheet",
    "state": "running",
    "packing": False,
    "done": 2000,
    "total": 3012,
    "written": 0,
    "left_out": 0,
    "failed": 0,
    "failures": [],
    "by_hand": [],
    "error": None,
    "error_code": None,
}
_NO_SUCH = a_problem(
    404,
    "There is no such export, or it has no file",
    Message("export_unknown", {"export": "3f2a"}),
)


def make_router() -> APIRouter:
    """The routes, which name the forms of the packages that are installed."""
    return _router_of(tuple(exporters()), tuple(file_exporters()))


@lru_cache(1)
def _router_of(forms: tuple[str, ...], of_one_file: tuple[str, ...]) -> APIRouter:
    router = api_router("export")
    router.add_api_route(
        Route.API_EXPORT,
        export,
        response_class=Response,
        responses={
            200: _files(of_one_file),
            **NO_SUCH_BREED,
            **a_problem(
                501,
                "Parquet is not installed",
                MissingExtraError("parquet", "purpose_parquet_export").message,
            ),
        },
        summary="Take the catalogue out",
    )
    router.add_api_route(
        Route.API_EXPORT,
        start,
        methods=["POST"],
        status_code=202,
        responses={202: example(_EXPORT)[200], **NO_SUCH_BREED},
        summary="Take the catalogue out in the background",
        response_model=ExportJSON,
    )
    router.add_api_route(
        Route.API_EXPORT_JOB,
        job,
        responses=example(_EXPORT) | _NO_SUCH,
        summary="One export",
        response_model=ExportJSON,
    )
    router.add_api_route(
        Route.API_EXPORT_CANCEL,
        cancel,
        methods=["POST"],
        responses=example(_EXPORT | {"state": "cancelled"}) | _NO_SUCH,
        summary="Stop an export",
        response_model=ExportJSON,
    )
    router.add_api_route(
        Route.API_EXPORT_FILE,
        file,
        response_class=Response,
        responses={200: _files(forms), **_NO_SUCH},
        summary="The file of an export",
    )
    router.add_api_route(
        Route.API_EXPORT_EVENTS,
        events,
        response_class=Response,
        responses={**EVENTS, **_NO_SUCH},
        summary="An export's progress as it happens",
    )
    return router


def _files(forms: Iterable[str]) -> dict[str, Any]:
    """The answer that is a file, as the description has it."""
    return {
        "description": "The file",
        "content": {media_type(form): {} for form in forms},
    }


def export(
    shared: Shared,
    query: FilterQuery,
    form: Annotated[Form, Query(alias="as", description="In which form.")] = "csv",
    lang: Lang = "en",
    by: ExportedBy = "photo",
) -> Response:
    """The photos that fit all filters, as a table, for other programs, or as a sheet to print.

    By animal: each animal of which a photo fits, with all its photos.
    """
    return attached(shared.catalogue, form, lang, query, by)


def start(
    shared: Shared,
    urls: Addresses,
    query: FilterQuery,
    options: OptionsQuery,
    form: Annotated[AnyForm, Query(alias="as", description="In which form.")] = "contact-sheet",
    lang: Lang = "en",
) -> Response:
    """Writes a file in the background: one that takes long, or a ZIP archive of many files.

    Forms that write folders come as an archive. The `state` is `running`, then `finished`,
    `cancelled` or `failed`; while `packing`, files go into the archive, and `done` and `total`
    count them. `failures` holds the first twenty of what `failed`. The last five files are kept
    for a day, and no longer than the server runs; started anew, it knows no export any more.
    """
    job = shared.export_jobs.begin(form, lang, query, options)
    return JSONResponse(job.to_json(lang), 202, {"Location": urls.api_export_job(job.id)})


def job(shared: Shared, export_id: _Id, lang: Lang = "en") -> Response:
    """How far it is."""
    return JSONResponse(shared.export_jobs.known(export_id).to_json(lang))


def cancel(shared: Shared, export_id: _Id, lang: Lang = "en") -> Response:
    """Stops it after the photo that it is at; what has ended stays as it is."""
    return JSONResponse(shared.export_jobs.cancel(export_id).to_json(lang))


def file(shared: Shared, export_id: _Id) -> Response:
    """The file, once the export is finished; parts of it can be asked for."""
    return written(shared.export_jobs.known(export_id))


async def events(request: Request, shared: Shared, export_id: _Id, lang: Lang = "en") -> Response:
    """Server-sent events: `progress` with the export as data, and at last `end`."""
    return told(request, partial(shared.export_jobs.known, export_id), lang)
