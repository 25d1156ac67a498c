"""What FastAPI gives to the routes of the API and of the pages alike."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from barkive.web.services.inference_queue import Place
from barkive.web.services.prometheus import Metrics
from barkive.web.services.state import Service
from barkive.web.settings import Settings
from barkive.web.urls import Urls

# Coroutines, because FastAPI calls plain functions in threads, and each costs a change of thread.


# What SQLite and PostgreSQL can number.
_LARGEST = 2**63 - 1


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _urls(request: Request) -> Urls:
    return Urls.of(request.scope)


async def _place(request: Request) -> Place:
    place: Place = request.scope["place"]
    return place


Shared = Annotated[Service, Depends(_service)]
"""What every request shares."""
Setup = Annotated[Settings, Depends(_settings)]
"""How the server is set up."""
Counted = Annotated[Metrics, Depends(_metrics)]
"""The server's figures."""
Addresses = Annotated[Urls, Depends(_urls)]
"""The server's addresses."""
Kept = Annotated[Place, Depends(_place)]
"""The place that is kept for the photos of a request."""
Number = Annotated[
    int, Path(ge=1, le=_LARGEST, description="The catalogue's number for the photo.")
]
"""A photo's number in the path."""
AnimalNumber = Annotated[
    int, Path(alias="animal", ge=1, le=_LARGEST, description="The catalogue's number for it.")
]
"""An animal's number in the path."""
