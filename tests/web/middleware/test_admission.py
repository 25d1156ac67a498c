"""What there is no room for is refused unread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from barkive.errors import BusyError
from barkive.web.middleware.admission import AdmissionMiddleware
from barkive.web.problems import answer


class Queue:
    """Has room for so many requests at a time."""

    def __init__(self, room: int) -> None:
        self.room = room

    @contextmanager
    def place(self) -> Iterator[int]:
        if not self.room:
            raise BusyError("server_photos_waiting", count=256)
        self.room -= 1
        yield 7
        self.room += 1


@pytest.mark.parametrize(
    ("room", "method", "path", "said"),
    [
        (1, "POST", "/api/v1/identify", 7),
        (0, "POST", "/api/v1/identify", 503),
        (0, "GET", "/api/v1/identify", None),
        (0, "POST", "/api/v1/photos", None),
    ],
)
def test_what_has_no_place_is_refused_unread(
    room: int, method: str, path: str, said: int | None
) -> None:
    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    scope["query_string"] = b""
    queue: Any = Queue(room)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sent.append({"status": scope.get("place")})

    async def receive() -> Any:
        raise AssertionError("the body is read")

    async def send(message: Any) -> None:
        sent.append(message)

    middleware = AdmissionMiddleware(app, queue=queue, paths={"/api/v1/identify"}, refuse=answer)
    asyncio.run(middleware(scope, receive, send))
    assert sent[0]["status"] == said
    assert queue.room == room
    if said == 503:
        assert (b"retry-after", b"1") in sent[0]["headers"]
        assert scope["route"].path == path
