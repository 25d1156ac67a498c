"""The HTTP API for programs, `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from barkive.web.api import breeds, export, health, identify, photos, pictures, scans
from barkive.web.api.described import PROBLEMS


def add_to(app: FastAPI) -> None:
    """Adds the API to an application."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (identify, photos, pictures, breeds, export, scans):
        router.include_router(part.router)
    app.include_router(router)
    app.include_router(health.router)
