"""Counts what the server does, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from barkive.verdicts import Status

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of one server."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """Starts all figures at zero.

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
