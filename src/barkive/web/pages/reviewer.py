"""Who says what: the name that a visitor goes by, kept in their browser."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from barkive.web import cookies
from barkive.web.signed_in import signed_in, who

_LONGEST = 200


def name_of(request: Request) -> str | None:
    """The visitor's name; None where they neither signed in by name nor have given one."""
    name = unquote(request.cookies.get(cookies.NAME, ""))[:_LONGEST]
    return who("".join(c for c in name if c.isprintable()).strip() or None)


def remember(request: Request, response: Response, name: str) -> None:
    """Keeps the visitor's name in a cookie; an empty name deletes it.

    Of one who signed in by name nothing is kept.
    """
    if signed_in() is not None:
        return
    kept = quote(name.strip()[:_LONGEST])
    cookies.keep(request, response, cookies.NAME, kept, seconds=cookies.YEAR if kept else 0)
