"""Headers, the names of hosts, other sites, passwords and roles.

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

from anyio import move_on_after, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.errors import BarkiveError
from barkive.messages import Message as Sentence
from barkive.web import cookies
from barkive.web.roles import is_for_people, needed
from barkive.web.services.sign_in import SignIn, Visitor
from barkive.web.sessions import LoginThrottle
from barkive.web.signed_in import answering
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
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="barkive"'}
# What a form holds that people type; it is kept while they sign in again.
_FIELDS, _FIELDS_SECONDS = 64 << 10, 10.0
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


class Ask(Protocol):
    """Makes the page that asks who somebody is whose form was refused."""

    def __call__(self, scope: Scope, fields: str | None, headers: Mapping[str, str]) -> ASGIApp:
        """A page that keeps the fields of the form."""
        ...


class Fail(Protocol):
    """Makes the answer that says what an error says."""

    def __call__(self, scope: Scope, error: BarkiveError) -> ASGIApp:
        """An answer with the error's status."""
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
    """Lets in only those who know the password or are users, and these where their role allows."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sign_in: SignIn,
        throttle: LoginThrottle,
        open_paths: Collection[str],
        open_prefixes: Sequence[str],
        ask: Ask,
        refuse: Refuse,
        fail: Fail,
    ) -> None:
        """Sets what is open to all.

        Args:
            app: The application.
            sign_in: Knows who is let in.
            throttle: Counts wrong passwords.
            open_paths: Paths that are open to all.
            open_prefixes: Beginnings of such paths.
            ask: Makes the page that asks who it is.
            refuse: Makes the answer to those who may not.
            fail: Makes the answer where nobody can be known.
        """
        self._app, self._ask, self._refuse, self._fail = app, ask, refuse, fail
        self._sign_in, self._throttle = sign_in, throttle
        self._open_paths, self._open_prefixes = frozenset(open_paths), tuple(open_prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, if it may."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = Urls.of(scope).route_path(scope)
        if self._is_open(path):
            await self._app(scope, receive, send)
            return
        try:
            found = await self._visitor(scope, receive)
        except BarkiveError as error:
            await self._fail(scope, error)(scope, receive, send)
            return
        if not isinstance(found, Visitor):
            await found(scope, receive, send)
            return
        with answering(found.user):
            app, role = self._app, needed(scope["method"], path)
            if found.is_program and is_for_people(path):
                app = self._refuse(scope, 403, Sentence("role_token"))
            elif found.user is not None and not found.user.role.includes(role):
                said = {"may": found.user.role.in_words, "needed": role.in_words}
                app = self._refuse(
                    scope, 403, Sentence("role_refused", {"name": found.user.name, **said})
                )
            await app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or path.startswith(self._open_prefixes)

    async def _visitor(self, scope: Scope, receive: Receive) -> Visitor | ASGIApp:
        """Who sends a request; or the answer to one that is of nobody known."""
        request = HTTPConnection(scope)
        token = request.cookies.get(cookies.SESSION)
        if token is not None:
            known = await to_thread.run_sync(self._sign_in.by_session, token)
            if known is not None:
                return known
        sent = _sent(request.headers.get("authorization", ""))
        if sent is None:
            return await self._asked(request, scope, receive)
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
            known = await to_thread.run_sync(self._known, sent)
            if known is not None:
                return known
            self._throttle.failed(address)
        users = self._sign_in.users is not None
        wrong = "sign_in_wrong_user" if users else "sign_in_wrong_password"
        return self._refuse(scope, 401, Sentence(wrong), _CHALLENGE)

    def _known(self, sent: tuple[str, str] | str) -> Visitor | None:
        if isinstance(sent, str):
            return self._sign_in.by_token(sent)
        return self._sign_in.by_password(*sent)

    async def _asked(self, request: HTTPConnection, scope: Scope, receive: Receive) -> ASGIApp:
        """Asks who it is: people on a page, which leads back, and programs in a sentence."""
        if "text/html" not in request.headers.get("accept", ""):
            users = self._sign_in.users is not None
            required = "sign_in_user_required" if users else "sign_in_required"
            return self._refuse(scope, 401, Sentence(required), _CHALLENGE)
        if scope["method"] in ("GET", "HEAD"):
            here = scope["path"] + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(Urls.of(scope).login(next=here), 303)
        return self._ask(scope, await _fields(request.headers, receive), _CHALLENGE)


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


def _sent(authorization: str) -> tuple[str, str] | str | None:
    """What an Authorization header holds: name and password, or a token; None where it is none."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return _text(value.strip())
    if scheme.lower() == "basic":
        try:
            name, _, password = (
                base64.b64decode(value.strip(), validate=True).decode().partition(":")
            )
        except ValueError:
            return "", ""
        return name, password
    return None


async def _fields(headers: Headers, receive: Receive) -> str | None:
    """The fields of a form as they were sent; None where they are too many, or hold photos."""
    kind, length = headers.get("content-type", ""), headers.get("content-length", "")
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    if not length.isascii() or not length.isdecimal() or int(length) > _FIELDS:
        return None
    content, more = b"", True
    with move_on_after(_FIELDS_SECONDS):
        while more:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
    whole = not more and len(content) == int(length) and content.isascii()
    return content.decode() if whole else None


def _text(value: str) -> str:
    """What a header says; it comes as Latin-1, and is mostly meant as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
