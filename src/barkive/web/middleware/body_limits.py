"""Limits how much a request may send, and how slowly."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio
from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.messages import Message as Sentence
from barkive.web.middleware.security import Refuse
from barkive.web.urls import Urls

# The rest of a refused body is not read, so that nothing can follow on the connection.
_CLOSE = {"Connection": "close"}
_DIGITS = 20


class BodyLimitMiddleware:
    """Refuses bodies that are too large, and gives up on those that hardly arrive."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Sequence[tuple[str, int]],
        default: int,
        refuse: Refuse,
        idle: float = 15.0,
        grace: float = 60.0,
        least_rate: float = 50_000.0,
    ) -> None:
        """Sets the limits.

        Args:
            app: The application.
            limits: Beginnings of paths, each with the bytes allowed there.
            default: The bytes allowed elsewhere.
            refuse: Makes the answer.
            idle: Seconds without a byte that are allowed.
            grace: Seconds in which any body may arrive.
            least_rate: Bytes a second that one must arrive with that takes longer.
        """
        self._app, self._refuse = app, refuse
        self._limits, self._default = tuple(limits), default
        self._idle, self._grace, self._least_rate = idle, grace, least_rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and watches over its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = Urls.of(scope).route_path(scope)
        limit = next(
            (size for start, size in self._limits if path.startswith(start)),
            self._default,
        )
        declared = Headers(scope=scope).get("content-length", "0")
        app = self._app
        if not (declared.isascii() and declared.isdigit()):
            why = Sentence("request_content_length_invalid")
            app = self._refuse(scope, 400, why, _CLOSE)
        # Python refuses to read numbers of thousands of digits.
        elif len(declared) > _DIGITS or int(declared) > limit:
            app = self._refuse(scope, 413, _too_large(limit), _CLOSE)
        else:
            receive = _Body(receive, limit, self._idle, self._grace, self._least_rate)
        await app(scope, receive, send)


class RefusedError(HTTPException):
    """A body is refused while it is read.

    Attributes:
        message: Why.
    """

    def __init__(self, status: int, message: Sentence) -> None:
        super().__init__(status, str(message), _CLOSE)
        self.message = message


class _Body:
    """Receives a body, within limits.

    What it raises, the application answers as it answers its own errors.
    """

    def __init__(
        self, receive: Receive, limit: int, idle: float, grace: float, least_rate: float
    ) -> None:
        self._receive, self._limit = receive, limit
        self._idle, self._grace, self._least_rate = idle, grace, least_rate
        self._start = time.monotonic()
        self._bytes = 0
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:  # what comes now is only that the client has gone
            return await self._receive()
        try:
            with anyio.fail_after(self._idle):
                message = await self._receive()
        except TimeoutError:
            raise RefusedError(408, Sentence("request_interrupted")) from None
        self._bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._bytes > self._limit:
            raise RefusedError(413, _too_large(self._limit))
        seconds = time.monotonic() - self._start
        if not self._ended and seconds > self._grace + self._bytes / self._least_rate:
            raise RefusedError(408, Sentence("request_too_slow"))
        return message


def _too_large(limit: int) -> Sentence:
    return Sentence("request_too_large", {"limit": limit >> 20})
