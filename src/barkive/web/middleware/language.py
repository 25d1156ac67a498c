"""Keeps the language that an address asks for."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.web import cookies
from barkive.web.languages import asked_language
from barkive.web.urls import API, Urls


class LanguageMiddleware:
    """Keeps the language that a page's address asks for in a cookie.

    With whatever is answered, so that the language holds where a page leads to another one, or
    asks for a password first. A program that asks the API for a language means that answer alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and adds the cookie to its answer."""
        if scope["type"] != "http" or Urls.of(scope).route_path(scope).startswith(f"{API}/"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        language = asked_language(connection)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and language is not None:
                kept = Response()
                cookies.keep(connection, kept, cookies.LANGUAGE, language, seconds=cookies.YEAR)
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", kept.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, with_cookie)
