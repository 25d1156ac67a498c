"""Refuses photos that there is no room for, before anything of them is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from barkive.errors import BusyError
from barkive.web.services.inference_queue import InferenceQueue
from barkive.web.urls import Urls


@dataclass(frozen=True, slots=True)
class _Route:
    """For those who count requests by the pattern of their path."""

    path: str


class AdmissionMiddleware:
    """Keeps a place in the queue for a request that brings photos, as `place` of its scope.

    A refused body is passed over, as far as it comes, so that the client reads the answer and may
    ask again on the same connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        queue: InferenceQueue,
        paths: Collection[str],
        refuse: Callable[[Scope, BusyError], ASGIApp],
    ) -> None:
        """Sets what needs a place.

        Args:
            app: The application.
            queue: That judges photos.
            paths: To which photos are sent.
            refuse: Makes the answer.
        """
        self._app, self._queue, self._refuse = app, queue, refuse
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, if it needs no place or there is one."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        path = Urls.of(scope).route_path(scope)
        if path not in self._paths:
            await self._app(scope, receive, send)
            return
        try:
            with self._queue.place() as place:
                # Others that have come with it are refused before its body is read.
                await asyncio.sleep(0)
                scope["place"] = place
                await self._app(scope, receive, send)
        except BusyError as error:  # of the queue: what the application raises, it answers
            scope["route"] = _Route(path)
            await self._refuse(scope, error)(scope, receive, send)
