"""The HTTP API for programs, `/api/v1`."""

from __future__ import annotations

from fastapi import FastAPI

from barkive.web.api import (
    animal_import,
    animal_suggestions,
    animals,
    breeds,
    export,
    forgetting,
    health,
    identify,
    labels,
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
        labels.router,
        forgetting.router,
        photos.router,
        pictures.router,
        animal_suggestions.router,
        animal_import.router,
        animals.router,
        breeds.router,
        export.make_router(),
        scans.router,
        learn.router,
        models.router,
        merging.router,
    ):
        app.include_router(router, responses=PROBLEMS)
    app.include_router(health.router)
