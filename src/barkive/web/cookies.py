"""The server's cookies; each is sent below the root path only."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from barkive.web.urls import Urls

SESSION = "barkive_session"
"""The token of a visitor who is signed in."""
LANGUAGE = "barkive_lang"
"""The language that a visitor has chosen."""
NAME = "barkive_name"
"""The name that a visitor goes by."""

YEAR = 365 * 24 * 3600
"""In seconds."""


def keep(
    request: HTTPConnection,
    response: Response,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
    secure: bool = False,
) -> None:
    """Sets a cookie; no script can read it, and no other site's form sends it.

    Args:
        request: That is answered.
        response: The answer.
        name: The cookie's.
        value: What is kept.
        seconds: For how long; None for as long as the browser is open, 0 to forget it.
        secure: Whether it is sent over HTTPS alone.
    """
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=Urls.of(request.scope).root or "/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, response: Response, name: str) -> None:
    """Deletes a cookie."""
    path = Urls.of(request.scope).root or "/"
    response.delete_cookie(name, path=path, httponly=True, samesite="lax")
