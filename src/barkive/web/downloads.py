"""The catalogue's exports as answers: files that a browser saves."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import StreamingResponse

from barkive.catalogue import Catalogue, ExportBy, Filter, file_exporters
from barkive.messages import Language
from barkive.web.services.exports import file_name, stream


def attached(
    catalogue: Catalogue, form: str, lang: Language, query: Filter, by: ExportBy = "photo"
) -> StreamingResponse:
    """The answer that brings that file: see `stream`."""
    name = file_name(form)
    coded = quote(name, safe="")
    # Also where the name is not in plain letters.
    value = f'filename="{name}"' if coded == name else f"filename*=UTF-8''{coded}"
    return StreamingResponse(
        stream(catalogue, form, lang, query, by),
        media_type=file_exporters()[form].media_type,
        headers={"Content-Disposition": f"attachment; {value}"},
    )
