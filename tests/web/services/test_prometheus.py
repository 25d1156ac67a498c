"""The figures of the server, and that their number is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse, Response

from barkive.verdicts import Status
from barkive.web.middleware.metrics import MetricsMiddleware
from barkive.web.services.prometheus import Metrics

Labels = tuple[tuple[str, str], ...]


def sums(metrics: Metrics, name: str) -> dict[Labels, float]:
    """The figures of one name, by their labels in the order of the alphabet."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == name
    }


def requests(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Requests by method, route and status."""
    found = sums(metrics, "barkive_requests_total")
    return {tuple(value for _, value in labels): number for labels, number in found.items()}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(lambda: 3)


@pytest.fixture
def server(metrics: Metrics) -> Iterator[TestClient]:
    router = APIRouter()

    @router.get("/dogs/{name}")
    def dog(name: str) -> Response:
        if name == "gone":
            raise HTTPException(404)
        if name == "broken":
            raise RuntimeError("a fault")
        return PlainTextResponse(name)

    app = FastAPI()
    app.include_router(router)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_requests_are_counted_by_the_pattern_of_their_path(
    metrics: Metrics, server: TestClient
) -> None:
    for name in ("rex", "mila", "bo", "gone", "broken"):
        server.get(f"/dogs/{name}?size=large")
    server.post("/dogs/rex")
    assert requests(metrics) == {
        ("GET", "/dogs/{name}", "200"): 3,
        ("GET", "/dogs/{name}", "404"): 1,
        ("GET", "/dogs/{name}", "500"): 1,
        ("POST", "/dogs/{name}", "405"): 1,
    }


def test_unknown_paths_and_methods_add_no_labels(metrics: Metrics, server: TestClient) -> None:
    for number in range(50):
        server.get(f"/cats/{number}")
        server.request(f"BREW{number}", f"/pots/{number}")
    assert requests(metrics) == {("GET", "other", "404"): 50, ("other", "other", "404"): 50}
    assert sums(metrics, "barkive_request_seconds_count") == {(("route", "other"),): 100}


def test_the_time_of_requests(metrics: Metrics) -> None:
    metrics.answered("/dogs", "GET", 200, 0.02)
    metrics.answered("/dogs", "POST", 200, 0.03)
    assert sums(metrics, "barkive_request_seconds_count") == {(("route", "/dogs"),): 2}
    assert sums(metrics, "barkive_request_seconds_sum") == {(("route", "/dogs"),): 0.05}
    within = sums(metrics, "barkive_request_seconds_bucket")
    assert [within[("le", limit), ("route", "/dogs")] for limit in ("0.01", "0.025", "0.05")] == [
        0,
        1,
        2,
    ]


def test_photos_are_counted_by_their_status(metrics: Metrics) -> None:
    assert sums(metrics, "barkive_photos_total") == {
        (("status", "dog"),): 0,
        (("status", "uncertain"),): 0,
        (("status", "not_dog"),): 0,
        (("status", "failed"),): 0,
    }
    for status in (Status.DOG, Status.DOG, Status.FAILED):
        metrics.judged(status)
    assert sums(metrics, "barkive_photos_total") == {
        (("status", "dog"),): 2,
        (("status", "uncertain"),): 0,
        (("status", "not_dog"),): 0,
        (("status", "failed"),): 1,
    }


def test_what_waits_is_asked_for_each_time() -> None:
    waiting = iter([3, 0])
    metrics = Metrics(lambda: next(waiting))
    assert sums(metrics, "barkive_photos_waiting") == {(): 3}
    assert sums(metrics, "barkive_photos_waiting") == {(): 0}


def test_two_servers_have_figures_of_their_own(metrics: Metrics) -> None:
    other = Metrics(lambda: 0)
    metrics.judged(Status.DOG)
    assert sums(other, "barkive_photos_total")[("status", "dog"),] == 0


def run(metrics: Metrics, app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(MetricsMiddleware(app, metrics)(scope, receive, send))
    return sent


def test_a_client_that_goes_before_the_answer_is_counted_as_such(metrics: Metrics) -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"

    assert run(metrics, silent, {"type": "http", "method": "GET"}) == []
    assert requests(metrics) == {("GET", "other", "499"): 1}


def test_a_cancelled_request_is_counted_as_one_whose_client_has_gone(metrics: Metrics) -> None:
    async def cancelled(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(metrics, cancelled, {"type": "http", "method": "GET"})
    assert requests(metrics) == {("GET", "other", "499"): 1}


def test_a_fault_after_the_answer_has_begun_keeps_its_status(metrics: Metrics) -> None:
    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError):
        run(metrics, breaking, {"type": "http", "method": "GET"})
    assert requests(metrics) == {("GET", "other", "200"): 1}


def test_what_is_no_request_passes_uncounted(metrics: Metrics) -> None:
    async def started(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})

    assert run(metrics, started, {"type": "lifespan"}) == [{"type": "lifespan.startup.complete"}]
    assert requests(metrics) == {}
