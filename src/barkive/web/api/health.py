"""Tells those who watch over a server how it is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from barkive.errors import CatalogueError
from barkive.messages import Message
from barkive.web.api.openapi import PROBLEMS
from barkive.web.dependencies import Counted, Shared
from barkive.web.problems import problem
from barkive.web.urls import Route

router = APIRouter(tags=["health"])


@router.get(Route.HEALTHZ, response_class=PlainTextResponse, summary="Whether the server runs")
def healthz() -> str:
    """Says `ok` as soon as it answers at all."""
    return "ok"


@router.get(
    Route.READYZ,
    response_class=PlainTextResponse,
    responses={503: PROBLEMS[503]},
    summary="Whether the server can do its work",
)
def readyz(shared: Shared) -> Response:
    """Says `ok` where the network answers and the catalogue can be read."""
    if not shared.inference.is_alive:
        return problem(503, Message("server_network_dead"))
    try:
        shared.catalogue.count()
    except CatalogueError as error:
        return problem(503, error.message)
    return PlainTextResponse("ok")


@router.get(Route.METRICS, response_class=PlainTextResponse, summary="Figures for Prometheus")
def metrics(counted: Counted) -> Response:
    """Requests, times, photos judged and waiting, in the text format of Prometheus."""
    return PlainTextResponse(counted.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
