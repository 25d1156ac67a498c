"""The HTTP API for programs, `/api/v1`."""

from __future__ import annotations

from fastapi import FastAPI

from barkive.web.api import breeds, export, health, identify, merging, photos, pictures, scans
from barkive.web.api.openapi import PROBLEMS


def add_to(app: FastAPI) -> None:
    """Adds the API to an application."""
    for part in (identify, photos, pictures, breeds, export, scans, merging):
        app.include_router(part.router, responses=PROBLEMS)
    app.include_router(health.router)
