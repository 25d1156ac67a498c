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
    return who(_plain(unquote(request.cookies.get(cookies.NAME, ""))))


def remember(request: Request, response: Response, name: str) -> None:
    """Keeps the visitor's name in a cookie; an empty name deletes it.

    Of one who signed in by name nothing is kept.
    """
    if signed_in() is not None:
        return
    kept = quote(_plain(name) or "")
    cookies.keep(request, response, cookies.NAME, kept, seconds=cookies.YEAR if kept else 0)


def signed(request: Request, name: str | None) -> str | None:
    """Whose word a form is: the name that stands in it, or where it asks for none, the kept one."""
    return name_of(request) if name is None else who(_plain(name))


def _plain(name: str) -> str | None:
    return "".join(c for c in name[:_LONGEST] if c.isprintable()).strip() or None
