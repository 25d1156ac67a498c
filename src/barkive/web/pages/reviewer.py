"""Who says what: the name that a visitor goes by, kept in their browser."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

_COOKIE = "barkive_name"
_LONGEST = 200
_YEAR = 365 * 24 * 3600


def name_of(request: Request) -> str | None:
    """The visitor's name; None where they have not given one."""
    name = unquote(request.cookies.get(_COOKIE, ""))[:_LONGEST]
    return "".join(c for c in name if c.isprintable()).strip() or None


def remember(response: Response, name: str) -> None:
    """Has the visitor's browser keep their name; an empty one is forgotten."""
    response.set_cookie(
        _COOKIE,
        quote(name.strip()[:_LONGEST]),
        max_age=_YEAR if name.strip() else 0,
        httponly=True,
        samesite="lax",
    )
