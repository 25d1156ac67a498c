"""Takes the catalogue out, as a stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from barkive.catalogue import Export, ExportFormat, Filter
from barkive.errors import UsageError
from barkive.verdicts import Language
from barkive.web.api.shared import Lang, Shared, Wanted
from barkive.web.service import Service

router = APIRouter(tags=["export"])

_TEXTS: Final = {
    ExportFormat.CSV: ("text/csv; charset=utf-8", "csv"),
    ExportFormat.JSON: ("application/json", "json"),
    ExportFormat.JSONL: ("application/jsonl", "jsonl"),
    ExportFormat.MD_JSON: ("application/json", "json"),
    ExportFormat.ASM3: ("text/csv; charset=utf-8", "csv"),
}
_FILES: Final = {
    ExportFormat.CONTACT_SHEET: ("application/pdf", "pdf"),
    ExportFormat.PARQUET: ("application/vnd.apache.parquet", "parquet"),
}
FORMS: Final = tuple(_TEXTS | _FILES)
"""The forms that can be sent; the others write beside the photos, or folders of them."""
_CHUNK = 1 << 16


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {kind: {} for kind, _ in (_TEXTS | _FILES).values()},
        }
    },
    summary="Take the catalogue out",
)
def export(
    shared: Shared,
    wanted: Wanted,
    form: Annotated[
        ExportFormat,
        Query(alias="as", description=f"One of: {', '.join(FORMS)}."),
    ] = ExportFormat.CSV,
    lang: Lang = "en",
) -> Response:
    """The photos that fit all filters, as a table, for other programs, or as a sheet to print."""
    if form not in FORMS:
        raise UsageError(
            f"The form {form} writes files beside the photos, and can't be sent; choose one of "
            f"{', '.join(FORMS)}, or run `barkive export --as {form}`."
        )
    kind, ending = (_TEXTS | _FILES)[form]
    pieces = (
        _texts(shared, form, lang, wanted)
        if form in _TEXTS
        else _file(shared, form, lang, wanted, ending)
    )
    name = f"barkive-{form}.{ending}" if form.value != ending else f"barkive.{ending}"
    return StreamingResponse(
        pieces, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _texts(shared: Service, form: ExportFormat, lang: Language, wanted: Filter) -> Iterator[bytes]:
    # Begun here, so that what is wrong is told before the answer has begun.
    pieces = shared.catalogue.streamed(Export(form, lang=lang), wanted)
    return (piece.encode() for piece in pieces)


def _file(
    shared: Service, form: ExportFormat, lang: Language, wanted: Filter, ending: str
) -> Iterator[bytes]:
    """A form that is written as a file: it is sent when it is whole, and then gone."""
    with tempfile.TemporaryDirectory(prefix="barkive-") as folder:
        out = Path(folder) / f"export.{ending}"
        shared.catalogue.export(Export(form, out, lang), wanted)
        file = out.open("rb")
        out.unlink()
    return _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
