"""Takes the photos out of a request: many in a form, or one as its body.

What a photo is, its content says; its declared type is not looked at. Files above a megabyte
wait in temporary files that have no name on the disk, and so are gone on any ending.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from barkive.errors import BarkiveError, system_reason
from barkive.messages import Message
from barkive.web.settings import Limits

FIELD = "files"
CATALOGUE_FIELD = "catalogue"
TABLE_FIELD = "table"
_OTHER_FIELDS = 20


class UploadError(BarkiveError):
    """A request sends too much, nothing, or what can't be understood.

    Attributes:
        status: The HTTP status that says so.
    """

    def __init__(self, status: int, code: str, **params: Any) -> None:
        """An error from its status, its code, and what stands in the braces of its sentence."""
        self.status = status
        super().__init__(code, **params)


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo that a request has brought.

    Attributes:
        name: What its sender calls it, without folders; None if it has no name.
        file: Its content, or a file that holds it.
        reason: Why it is not looked at; None if it is.
    """

    name: str | None
    file: bytes | UploadFile
    reason: Message | None = None

    async def read(self) -> bytes:
        """The content of the file, every time."""
        if isinstance(self.file, bytes):
            return self.file
        await self.file.seek(0)
        return await self.file.read()


@asynccontextmanager
async def received(request: Request, limits: Limits) -> AsyncIterator[list[Upload]]:
    """The photos of a request, at least one; their files are gone when the block ends.

    Raises:
        UploadError: There are none, too many, or the body is damaged.
        ClientDisconnect: The client has gone before the end of the body.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        yield [Upload(None, await _body(request, limits))]
        return
    form = await _form(request, limits)
    try:
        yield [_checked(one, limits) for one in _chosen(form)]
    finally:
        await form.close()


@asynccontextmanager
async def received_catalogue(request: Request, limits: Limits) -> AsyncIterator[UploadFile]:
    """The one catalogue of a request; its file is gone when the block ends.

    Raises:
        UploadError: There is none, or the body is damaged.
        ClientDisconnect: The client has gone before the end of the body.
    """
    missing = UploadError(422, "upload_no_catalogue", field=CATALOGUE_FIELD)
    async with _one_file(request, limits, CATALOGUE_FIELD, missing) as file:
        yield file


@asynccontextmanager
async def received_table(request: Request, limits: Limits) -> AsyncIterator[UploadFile]:
    """The one CSV file of a request; it is gone when the block ends.

    Raises:
        UploadError: There is none, or the body is damaged.
        ClientDisconnect: The client has gone before the end of the body.
    """
    missing = UploadError(422, "upload_no_table", field=TABLE_FIELD)
    async with _one_file(request, limits, TABLE_FIELD, missing) as file:
        yield file


@asynccontextmanager
async def _one_file(
    request: Request, limits: Limits, field: str, missing: UploadError
) -> AsyncIterator[UploadFile]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise missing
    form = await _form(request, limits)
    try:
        files = [one for one in form.getlist(field) if not isinstance(one, str)]
        if len(files) != 1 or not files[0].size:
            raise missing
        yield files[0]
    finally:
        await form.close()


async def _body(request: Request, limits: Limits) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.photo_bytes:
            raise UploadError(413, "photo_upload_too_large", limit=limits.photo_bytes >> 20)
    if not content:
        raise UploadError(422, "upload_no_photo", field=FIELD)
    return bytes(content)


async def _form(request: Request, limits: Limits) -> FormData:
    parser = _Parser(
        request.headers, request.stream(), max_files=limits.photos, max_fields=_OTHER_FIELDS
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "too many files" in error.message.lower():
            raise UploadError(
                413,
                "upload_too_many_photos",
                limit=limits.photos,
            ) from None
        raise UploadError(400, "upload_form_unreadable", reason=error.message.rstrip(".")) from None
    except ValueError:  # of the parser, or of a charset that has errors of its own
        raise UploadError(
            400, "upload_form_unreadable", reason=Message("reason_multipart_invalid")
        ) from None
    except OSError as error:
        reason = system_reason(error)
        raise UploadError(507, "upload_no_room", reason=reason) from None
    if not parser.is_whole:
        parser.close()
        raise UploadError(400, "upload_form_cut_off")
    return form


def _chosen(form: FormData) -> list[UploadFile | str]:
    """What stands in the field for photos."""
    files = form.getlist(FIELD)
    if not files:
        raise UploadError(422, "upload_no_photo", field=FIELD)
    # Where nothing is chosen, browsers send an empty file without a name; a page may have
    # several such fields, of which the visitor has used one.
    return [one for one in files if isinstance(one, str) or one.filename or one.size] or files


class _Parser(MultiPartParser):
    """Knows whether the form came to its end."""

    is_whole = False

    def on_end(self) -> None:
        self.is_whole = True

    def close(self) -> None:
        """Closes every file, also the one that was being read."""
        for file in self._files_to_close_on_error:
            file.close()


def _checked(one: UploadFile | str, limits: Limits) -> Upload:
    if isinstance(one, str):
        raise UploadError(422, "upload_field_is_text", field=FIELD)
    name = base_name(one.filename)
    too_large = Message("photo_upload_too_large", {"limit": limits.photo_bytes >> 20})
    return Upload(name, one, too_large if (one.size or 0) > limits.photo_bytes else None)


def base_name(name: str | None) -> str | None:
    """The last part of a file's name, on whatever system it was written.

    Args:
        name: As the sender wrote it.

    Returns:
        It without folders, as text that can be written; None where nothing is left.
    """
    last = PureWindowsPath(name or "").name  # which knows both kinds of slashes
    return None if last in ("", "..") else last.encode(errors="replace").decode()
