"""Headers, the names of hosts, other sites, passwords.

After OWASP's cheat sheets on HTTP headers, on cross-site request forgery (Fetch Metadata and
Origin), and on DNS rebinding.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.messages import Message as Sentence
from barkive.web import cookies
from barkive.web.passwords import Passwords
from barkive.web.services.sessions import LoginThrottle, Sessions
from barkive.web.urls import Urls

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""What every answer says to browsers unless it says otherwise."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A name or an IPv4 address, or an IPv6 address in brackets; with or without a port.
_HOST = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?"
)


class Refuse(Protocol):
    """Makes the answer that says why a request is refused."""

    def __call__(
        self, scope: Scope, status: int, why: Sentence, headers: Mapping[str, str] | None = None
    ) -> ASGIApp:
        """An answer with this status and sentence."""
        ...


class SecurityHeadersMiddleware:
    """Tells browsers what they must not do with an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and adds the headers to its answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if "server" in headers:
                    del headers["server"]
            await send(message)

        await self._app(scope, receive, with_headers)


class HeadRequestMiddleware:
    """Answers HEAD wherever GET is answered: the same without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, HEAD as GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        inner = {**scope, "method": "GET"}
        try:
            await self._app(inner, receive, without_body)
        finally:
            scope["route"] = inner.get("route")  # for those who count


class TrustedHostMiddleware:
    """Refuses requests under names that are not the server's: DNS rebinding sends such."""

    def __init__(self, app: ASGIApp, *, allowed: Collection[str] | None, refuse: Refuse) -> None:
        """Sets the names of the server.

        Args:
            app: The application.
            allowed: The names; None for any.
            refuse: Makes the answer.
        """
        self._app, self._refuse = app, refuse
        self._allowed = None if allowed is None else {name.lower() for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, if its host is allowed."""
        app = self._app
        if scope["type"] in ("http", "websocket"):
            name = host_name(Headers(scope=scope).get("host", ""))
            if name is None:
                app = self._refuse(scope, 400, Sentence("request_host_missing"))
            elif self._allowed is not None and name not in self._allowed:
                app = self._refuse(scope, 421, Sentence("request_host_unknown", {"host": name}))
        await app(scope, receive, send)


class CrossSiteMiddleware:
    """Refuses what a browser sends from another site, unless it only reads."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, if no other site has it sent."""
        app = self._app
        if scope["type"] == "websocket" or (
            scope["type"] == "http"
            and scope["method"] not in _SAFE_METHODS
            and _is_foreign(Headers(scope=scope))
        ):
            app = self._refuse(scope, 403, Sentence("request_other_site"))
        await app(scope, receive, send)


class SignInMiddleware:
    """Lets in only who knows the password."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        passwords: Passwords,
        sessions: Sessions,
        throttle: LoginThrottle,
        open_paths: Collection[str],
        open_prefixes: Sequence[str],
        refuse: Refuse,
    ) -> None:
        """Sets what is open to all.

        Args:
            app: The application.
            passwords: The password.
            sessions: Who is signed in.
            throttle: Counts wrong passwords.
            open_paths: Paths that are open to all.
            open_prefixes: Beginnings of such paths.
            refuse: Makes the answer.
        """
        self._app, self._refuse = app, refuse
        self._passwords, self._sessions, self._throttle = passwords, sessions, throttle
        self._open_paths, self._open_prefixes = frozenset(open_paths), tuple(open_prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, if it may."""
        app = self._app
        if scope["type"] == "http" and not self._is_open(Urls.of(scope).route_path(scope)):
            app = await self._refusal(scope) or app
        await app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or path.startswith(self._open_prefixes)

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        request = HTTPConnection(scope)
        token = request.cookies.get(cookies.SESSION)
        if token is not None and self._sessions.is_open(token):
            return None
        password = _sent_password(request.headers.get("authorization", ""))
        if password is None:
            if scope["method"] in ("GET", "HEAD") and "text/html" in request.headers.get(
                "accept", ""
            ):
                here = scope["path"] + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(Urls.of(scope).login(next=here), 303)
            return self._refuse(
                scope,
                401,
                Sentence("sign_in_required"),
                {"WWW-Authenticate": 'Bearer realm="barkive"'},
            )
        address = request.client.host if request.client else ""
        async with self._throttle.turn:
            if wait := self._throttle.seconds_to_wait(address):
                return self._refuse(
                    scope,
                    429,
                    Sentence("sign_in_too_many_attempts"),
                    {"Retry-After": str(math.ceil(wait))},
                )
            # In a thread, because a wrong one takes a tenth of a second.
            if await to_thread.run_sync(self._passwords.verify, password):
                return None
            self._throttle.failed(address)
        return self._refuse(
            scope,
            401,
            Sentence("sign_in_wrong_password"),
            {"WWW-Authenticate": 'Bearer realm="barkive"'},
        )


def host_name(host: str) -> str | None:
    """The name in a Host header, in lower case and without the port; None if it is no host."""
    found = _HOST.fullmatch(host)
    return (found["six"] or found["name"]).lower() if found else None


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site has a request sent."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    # Of the address alone: a web server in front may speak another scheme.
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def _sent_password(authorization: str) -> str | None:
    """The password in an Authorization header; None where there is none."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return _text(value.strip())
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return None


def _text(value: str) -> str:
    """What a header says; it comes as Latin-1, and is mostly meant as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
