"""Who says what: the name that a visitor goes by, kept in their browser."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from barkive.web import cookies

_LONGEST = 200


def name_of(request: Request) -> str | None:
    """The visitor's name; None where they have not given one."""
    name = unquote(request.cookies.get(cookies.NAME, ""))[:_LONGEST]
    return "".join(c for c in name if c.isprintable()).strip() or None


def remember(request: Request, response: Response, name: str) -> None:
    """Keeps the visitor's name in a cookie; an empty name deletes it."""
    kept = quote(name.strip()[:_LONGEST])
    cookies.keep(request, response, cookies.NAME, kept, seconds=cookies.YEAR if kept else 0)
