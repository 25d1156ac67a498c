"""Counts what the server does, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barkive.verdicts import Status

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLOSED = 499


class Metrics:
    """The figures of one server."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """Begins at nothing.

        Args:
            waiting: Tells how many photos wait to be judged.
        """
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "barkive_requests",
            "Requests answered",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "barkive_request_seconds",
            "Time to the end of the answer",
            ("route",),
            registry=self._registry,
        )
        self._photos = Counter(
            "barkive_photos", "Photos judged for requests", ("status",), registry=self._registry
        )
        for status in Status:
            self._photos.labels(status.value)
        Gauge(
            "barkive_photos_waiting", "Photos that wait to be judged", registry=self._registry
        ).set_function(waiting)

    def judged(self, status: Status) -> None:
        """Counts a photo that was judged for a request."""
        self._photos.labels(status.value).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All figures, in the text format of Prometheus."""
        return generate_latest(self._registry)


class Measured:
    """Middleware that counts every request under the pattern of its path."""

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
