"""The HTTP API for programs, `/api/v1`."""

from __future__ import annotations

from starlette.routing import BaseRoute

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


def routes() -> list[BaseRoute]:
    """The routes of the API."""
    routers = (
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
        health.router,
    )
    return [route for router in routers for route in router.routes]
