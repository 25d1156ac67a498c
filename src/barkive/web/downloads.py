"""The catalogue's exports as answers: files that a browser saves."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import FileResponse, Response, StreamingResponse

from barkive.catalogue import Catalogue, ExportBy, Filter
from barkive.errors import UnknownExportError
from barkive.messages import Language
from barkive.web.services.export_jobs import ExportJob
from barkive.web.services.exports import file_name, media_type, stream


def attached(
    catalogue: Catalogue, form: str, lang: Language, query: Filter, by: ExportBy = "photo"
) -> Response:
    """The answer that brings that file: see `stream`."""
    return StreamingResponse(
        stream(catalogue, form, lang, query, by),
        media_type=media_type(form),
        headers=_headers(form),
    )


def written(job: ExportJob) -> Response:
    """The answer that brings the file that an export has written.

    Raises:
        UnknownExportError: It has written none.
    """
    if job.file is None or not job.file.is_file():
        raise UnknownExportError("export_unknown", export=job.id)
    return FileResponse(job.file, media_type=media_type(job.form), headers=_headers(job.form))


def attachment(name: str) -> str:
    """The header `Content-Disposition` of a file that a browser saves under a name."""
    coded = quote(name, safe="", errors="surrogateescape")
    # Also where the name is not in plain letters.
    value = f'filename="{name}"' if coded == name else f"filename*=UTF-8''{coded}"
    return f"attachment; {value}"


def _headers(form: str) -> dict[str, str]:
    return {"Content-Disposition": attachment(file_name(form))}
