"""Puts the server together: what is shared, what guards it, the API and the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from barkive import __version__
from barkive.web import api
from barkive.web.api.openapi import completed
from barkive.web.body_limits import Bodies
from barkive.web.pages import gallery, identify, merging, photo, review, scanning, signing
from barkive.web.pages.rendering import Assets
from barkive.web.problems import handle_errors, refuse
from barkive.web.security import HeadRequests, Hosts, SameSite, SecurityHeaders, SignIn
from barkive.web.services.prometheus import Measured, Metrics
from barkive.web.services.sessions import Attempts, Sessions
from barkive.web.services.state import Service
from barkive.web.settings import Settings

_DESCRIPTION = """\
Names the breed of the dog in a photo, and keeps a catalogue of photos that can be searched,
corrected and exported.

Errors are problem documents (RFC 9457). When too much waits, the answer is 503 with
`Retry-After`; try again then. Where the server asks for a password, send it as
`Authorization: Bearer PASSWORD`.
"""
_OPEN = frozenset({"/login", "/healthz", "/readyz"})
_OPEN_UNDER = ("/static/",)
_SMALL_BODY = 1 << 20
# A form's own lines come on top of the photos.
_FORM_BYTES = 1 << 20


class _App(FastAPI):
    """With a description whose examples are whole."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """The server as an ASGI application; it opens the catalogue and the model at once.

    Raises:
        CatalogueError: The catalogue can't be opened.
        BundleError: The model can't be.
    """
    service = Service.open(settings)
    metrics = Metrics(lambda: service.engine.waiting)
    sessions, attempts = Sessions(), Attempts()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            service.close()

    limits = settings.limits
    photos = limits.request_bytes + _FORM_BYTES
    guards = [
        Middleware(Measured, metrics=metrics),
        Middleware(SecurityHeaders),
        Middleware(HeadRequests),
        Middleware(Hosts, allowed=settings.hosts, refuse=refuse),
        Middleware(SameSite, refuse=refuse),
    ]
    if settings.password is not None:
        guards.append(
            Middleware(
                SignIn,
                passwords=settings.password,
                sessions=sessions,
                attempts=attempts,
                open_paths=_OPEN,
                open_prefixes=_OPEN_UNDER,
                refuse=refuse,
            )
        )
    guards.append(
        Middleware(
            Bodies,
            limits=[
                ("/api/v1/photos/", _SMALL_BODY),  # of one photo: what people say of it
                ("/api/v1/identify", photos),
                ("/api/v1/photos", photos),
                ("/api/v1/heatmap", photos),
                ("/api/v1/merge", photos),
                ("/merge", photos),
                ("/identify", photos),
            ],
            default=_SMALL_BODY,
            idle=limits.idle_seconds,
            refuse=refuse,
        )
    )
    app = _App(
        title="Barkive",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        middleware=guards,
    )
    app.state.settings = settings
    app.state.service = service
    app.state.metrics = metrics
    app.state.sessions = sessions
    app.state.attempts = attempts
    handle_errors(app)
    app.mount("/static", Assets(), name="static")
    api.add_to(app)
    for page in (identify, gallery, photo, review, scanning, merging, signing):
        app.include_router(page.router, include_in_schema=False)
    return app
