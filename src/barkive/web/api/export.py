"""Takes the catalogue out, as a stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from barkive.catalogue import Export, ExportFormat, Filter
from barkive.verdicts import Language
from barkive.web.api.openapi import NO_SUCH_BREED, a_problem
from barkive.web.api.shared import PREFIX, Lang, Shared, Wanted
from barkive.web.services.state import Service

router = APIRouter(prefix=PREFIX, tags=["export"])

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
Form = Literal["csv", "json", "jsonl", "md-json", "asm3", "contact-sheet", "parquet"]
"""The forms that can be sent; the others write beside the photos, or folders of them."""
_CHUNK = 1 << 16


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {kind: {} for kind, _ in (_TEXTS | _FILES).values()},
        },
        **NO_SUCH_BREED,
        **a_problem(501, "Parquet is not installed", "Writing Parquet needs the extra “parquet”."),
    },
    summary="Take the catalogue out",
)
def export(
    shared: Shared,
    wanted: Wanted,
    form: Annotated[Form, Query(alias="as", description="In which form.")] = "csv",
    lang: Lang = "en",
) -> Response:
    """The photos that fit all filters, as a table, for other programs, or as a sheet to print."""
    wish = ExportFormat(form)
    kind, ending = (_TEXTS | _FILES)[wish]
    send = _texts if wish in _TEXTS else _file
    name = f"barkive-{form}.{ending}" if form != ending else f"barkive.{ending}"
    return StreamingResponse(
        send(shared, wish, lang, wanted),
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _texts(shared: Service, form: ExportFormat, lang: Language, wanted: Filter) -> Iterator[bytes]:
    # Begun here, so that what is wrong is told before the answer has begun.
    pieces = shared.catalogue.streamed(Export(form, lang=lang), wanted)
    return (piece.encode() for piece in pieces)


def _file(shared: Service, form: ExportFormat, lang: Language, wanted: Filter) -> Iterator[bytes]:
    """A form that is written as a file: it is sent when it is whole, and then gone."""
    folder = tempfile.TemporaryDirectory(prefix="barkive-")
    out = Path(folder.name) / f"export.{_FILES[form][1]}"
    try:
        shared.catalogue.export(Export(form, out, lang), wanted)
    except BaseException:
        folder.cleanup()
        raise
    return _pieces(folder, out)


def _pieces(folder: tempfile.TemporaryDirectory[str], out: Path) -> Iterator[bytes]:
    with folder, out.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
