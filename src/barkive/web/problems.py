"""Turns every error into an answer: a problem document for programs, a page for people.

The one place where errors get their HTTP status. Problem documents follow RFC 9457.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from barkive.errors import (
    AnimalChangedMeanwhileError,
    AnimalCodeTakenError,
    BarkiveError,
    BusyError,
    CatalogueError,
    ChangedPhotoError,
    LearningError,
    MissingExtraError,
    NothingToSayError,
    PhotoError,
    ReviewedMeanwhileError,
    SourceAwayError,
    SwitchedMeanwhileError,
    UnknownAnimalError,
    UnknownExportError,
    UnknownLearningError,
    UnknownPhotoError,
    UnknownScanError,
    UsageError,
)
from barkive.messages import Language, Message, Messages
from barkive.web.languages import language_of
from barkive.web.middleware.body_limits import RefusedError
from barkive.web.middleware.security import SECURITY_HEADERS
from barkive.web.rendering import error_page
from barkive.web.request_faults import in_words
from barkive.web.settings import FolderNotAllowedError
from barkive.web.sign_in_database import SignInDatabaseError
from barkive.web.signed_in import RoleRefusedError
from barkive.web.uploads import UploadError
from barkive.web.urls import Route, Urls
from barkive.web.users import UnknownUserError

_log = logging.getLogger(__name__)

# The first that fits counts.
_STATUS: tuple[tuple[type[BarkiveError], int], ...] = (
    (UnknownPhotoError, 404),
    (UnknownAnimalError, 404),
    (UnknownScanError, 404),
    (UnknownUserError, 404),
    (SignInDatabaseError, 503),
    (UnknownLearningError, 404),
    (UnknownExportError, 404),
    (FolderNotAllowedError, 403),
    (RoleRefusedError, 403),
    (NothingToSayError, 409),
    (ChangedPhotoError, 409),
    (SourceAwayError, 409),
    (ReviewedMeanwhileError, 409),
    (AnimalChangedMeanwhileError, 409),
    (AnimalCodeTakenError, 409),
    (SwitchedMeanwhileError, 409),
    (LearningError, 409),
    (BusyError, 503),
    (CatalogueError, 503),
    (MissingExtraError, 501),
    (PhotoError, 404),
    (UsageError, 422),
)
_RETRY_SECONDS = "1"
_PROGRAMS = ("/api/", Route.OPENAPI, Route.HEALTHZ, Route.READYZ, Route.METRICS)


def handle_errors(app: FastAPI) -> None:
    """Registers a handler for every error."""
    app.add_exception_handler(BarkiveError, _of_barkive)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, _of_fault)


def refuse(
    scope: Scope, status: int, why: Message, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that says why a request is refused.

    Args:
        scope: The request's.
        status: The HTTP status, 400 or above.
        why: The reason.
        headers: More headers.
    """
    if scope["type"] != "http" or _is_for_programs(scope):
        return problem(status, why, headers, lang=language_of(HTTPConnection(scope)))
    return error_page(Request(scope), status, why, headers)


def _is_for_programs(scope: Scope) -> bool:
    return Urls.of(scope).route_path(scope).startswith(_PROGRAMS)


def problem(
    status: int,
    why: Message,
    headers: Mapping[str, str] | None = None,
    *,
    lang: Language = "en",
    **more: Any,
) -> Response:
    """A problem document.

    Args:
        status: The HTTP status, 400 or above.
        why: The reason; its code stands beside its sentence.
        headers: More headers.
        lang: The language of the sentence.
        more: Further members of the document.
    """
    body = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": Messages(lang).on_page(why),
        "code": why.code,
        **more,
    }
    return JSONResponse(body, status, dict(headers or {}), "application/problem+json")


def status_of(error: BarkiveError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, UploadError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def answer(scope: Scope, error: BarkiveError) -> Response:
    """What is answered where an error is the reason that a request fails.

    Args:
        scope: The request's.
        error: The reason.
    """
    status = status_of(error)
    headers = {"Retry-After": _RETRY_SECONDS} if status == 503 else None
    return refuse(scope, status, error.message, headers)


async def _of_barkive(request: Request, error: Exception) -> Response:
    assert isinstance(error, BarkiveError)
    return answer(request.scope, error)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [(".".join(map(str, fault["loc"])), in_words(fault)) for fault in error.errors()]
    why = Message("request_invalid", {"faults": [sentence for _, sentence in found]})
    if _is_for_programs(request.scope):
        lang = language_of(request)
        told = [{"where": where, "what": said.text(lang)} for where, said in found]
        return problem(422, why, lang=lang, errors=told)
    if any(where.startswith("path.") for where, _ in found):  # such as /photos/abc
        return await _of_http(request, HTTPException(404))
    return refuse(request.scope, 422, why)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    why = _why(error, request)
    headers = error.headers
    if error.status_code == 405 and (methods := _methods(request)):
        headers = {"Allow": ", ".join(methods)}
    return refuse(request.scope, error.status_code, why, headers)


def _why(error: HTTPException, request: Request) -> Message:
    """What an error of the framework says."""
    if isinstance(error, RefusedError):
        return error.message
    path = request.scope["path"]
    match error.status_code:
        case 404:
            return Message("request_address_unknown", {"address": path})
        case 405:
            return Message("request_method_unknown", {"method": request.method, "address": path})
        case _:
            return Message.verbatim(str(error.detail))


def _methods(request: Request) -> list[str]:
    """What the description has for a path: each method has a route of its own."""
    paths = request.app.openapi()["paths"]
    asked = Urls.of(request.scope).route_path(request.scope)
    for path, operations in paths.items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), asked):
            return [method.upper() for method in operations]
    return []


async def _of_nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # the client has gone, and reads no answer


async def _of_fault(request: Request, error: Exception) -> Response:
    _log.error("A fault at %r", request.scope["path"], exc_info=error)
    return refuse(
        request.scope,
        500,
        Message("server_fault"),
        SECURITY_HEADERS,  # no middleware sees this answer
    )
