"""The HTTP API for programs, `/api/v1`."""

from __future__ import annotations

from fastapi import FastAPI

from barkive.web.api import (
    breeds,
    export,
    health,
    identify,
    learn,
    merging,
    models,
    photos,
    pictures,
    scans,
)
from barkive.web.api.openapi import PROBLEMS


def add_to(app: FastAPI) -> None:
    """Adds the API to an application."""
    for router in (
        identify.router,
        photos.router,
        pictures.router,
        breeds.router,
        export.make_router(),
        scans.router,
        learn.router,
        models.router,
        merging.router,
    ):
        app.include_router(router, responses=PROBLEMS)
    app.include_router(health.router)
