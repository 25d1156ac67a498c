"""Bodies that are too large, hardly arrive, or lie about their size."""

import json
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.from_thread
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Scope

from barkive.web.middleware.body_limits import BodyLimitMiddleware

LIMIT, LARGER = 100, 1000


def refuse(
    scope: Scope, status: int, detail: object, headers: Mapping[str, str] | None = None
) -> ASGIApp:
    return JSONResponse({"detail": str(detail)}, status, headers)


class Answer:
    """What came back, and how much of the body was taken for it."""

    status = 0
    content = b""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.taken = 0

    @property
    def detail(self) -> str:
        return str(json.loads(self.content)["detail"])


Chunks = list[tuple[float, bytes]]
"""Each with the seconds that pass before it comes."""


def ask(
    chunks: Chunks,
    *,
    path: str = "/small",
    headers: Mapping[str, str] | None = None,
    ends: bool = True,
    **limits: float,
) -> Answer:
    """Sends a body to an application that tells its size."""
    app = FastAPI()

    async def count(request: Request) -> int:
        return len(await request.body())

    app.post("/small")(count)
    app.post("/large")(count)
    app.post("/never")(lambda: "did not read")
    sizes: Any = {"limits": [("/large", LARGER)], "default": LIMIT}
    app.add_middleware(BodyLimitMiddleware, refuse=refuse, **(sizes | limits))
    answer = Answer()
    coming = iter(chunks)

    async def receive() -> Message:
        for seconds, content in coming:
            await anyio.sleep(seconds)
            answer.taken += len(content)
            return {"type": "http.request", "body": content, "more_body": True}
        if not ends:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): one.decode() for name, one in message["headers"]}
        else:
            answer.content += message.get("body", b"")

    raw = [(name.lower().encode(), one.encode()) for name, one in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw, "query_string": b""}
    scope |= {"http_version": "1.1", "scheme": "http", "server": ("test", 80), "root_path": ""}
    with anyio.from_thread.start_blocking_portal() as portal:
        portal.call(app, scope, receive, send)
    return answer


def pieces(size: int, count: int, seconds: float = 0.0) -> Chunks:
    return [(seconds, b"x" * size)] * count


def test_what_is_within_the_limit_arrives() -> None:
    for chunks in ([], pieces(LIMIT, 1), pieces(10, 10)):
        answer = ask(chunks)
        assert (answer.status, answer.content) == (200, str(answer.taken).encode())


@pytest.mark.parametrize("size", ["101", "1" + "0" * 18, "9" * 5000, "0" * 4999 + "1"])
def test_too_large_a_size_is_refused_before_anything_is_read(size: str) -> None:
    answer = ask(pieces(1, 1), headers={"Content-Length": size})
    assert (answer.status, answer.taken) == (413, 0)
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("size", ["", "-1", "+5", "1e3", "0x10", "5, 5", "1_0", " 5", "٥", "five"])
def test_a_size_that_is_no_number_is_refused(size: str) -> None:
    answer = ask(pieces(1, 1), headers={"Content-Length": size})
    assert (answer.status, answer.taken) == (400, 0)
    assert answer.headers["connection"] == "close"


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_size_is_a_fault(size: str) -> None:
    raw = size.encode("latin-1")
    limits: list[tuple[str, int]] = []
    seen: list[int] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        seen.append(200)

    def refused(scope: Scope, status: int, *more: object) -> ASGIApp:
        seen.append(status)
        return app

    guarded = BodyLimitMiddleware(app, limits=limits, default=LIMIT, refuse=refused)  # type: ignore[arg-type]
    scope = {"type": "http", "path": "/", "headers": [(b"content-length", raw)]}
    with pytest.raises(StopIteration):  # it never waits
        guarded(scope, None, None).__await__().send(None)  # type: ignore[arg-type, attr-defined]
    assert seen[0] in (200, 400, 413)
    if seen[0] == 200:
        assert int(raw) <= LIMIT


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "5"}], ids=["none", "a lie"])
def test_an_endless_body_is_counted_as_it_comes(headers: dict[str, str]) -> None:
    answer = ask(pieces(30, 10_000), headers=headers)
    assert (answer.status, answer.taken) == (413, 120)
    assert answer.headers["connection"] == "close"


def test_a_path_may_have_a_limit_of_its_own() -> None:
    assert ask(pieces(LARGER, 1), path="/large").status == 200
    assert ask(pieces(LARGER + 1, 1), path="/large").status == 413


def test_a_body_that_stops_is_given_up() -> None:
    for chunks in ([], pieces(1, 3)):
        answer = ask(chunks, ends=False, idle=0.05)
        assert (answer.status, answer.detail) == (408, "The body stopped arriving; send it again.")
        assert answer.headers["connection"] == "close"


def test_a_body_that_dribbles_is_given_up() -> None:
    answer = ask(pieces(1, 100, 0.02), idle=5, grace=0.1, least_rate=1000)
    assert answer.status == 408
    assert answer.detail == "The body arrives too slowly; send it again, or less at once."
    assert answer.taken < 20


def test_pieces_without_a_byte_do_not_keep_a_body_alive() -> None:
    answer = ask(pieces(0, 100, 0.02), idle=5, grace=0.1, least_rate=1000)
    assert answer.status == 408


def test_a_slow_body_that_keeps_its_rate_arrives() -> None:
    answer = ask(pieces(10, 10, 0.03), idle=5, grace=0.05, least_rate=100)
    assert (answer.status, answer.content) == (200, b"100")


def test_a_small_body_may_take_its_time() -> None:
    answer = ask(pieces(1, 5, 0.02), idle=5, grace=60, least_rate=1e9)
    assert (answer.status, answer.content) == (200, b"5")


def test_what_the_application_does_not_read_is_not_waited_for() -> None:
    answer = ask(pieces(1, 1), path="/never", ends=False, idle=0.01)
    assert answer.status == 200
