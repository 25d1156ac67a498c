"""Counts every request."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.web.services.prometheus import Metrics

_CLOSED = 499


class MetricsMiddleware:
    """Counts every request under the pattern of its path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and counts it at its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = _CLOSED, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            # The answer to a fault is given outside of all middleware, after this.
            status = 500 if status == _CLOSED else status
            raise
        finally:
            # Of the patterns, because there is no end to the paths that can be asked for.
            route = getattr(scope.get("route"), "path", "other")
            seconds = time.perf_counter() - start
            self._metrics.answered(route, scope["method"], status, seconds)
