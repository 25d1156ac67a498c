"""Puts the server together: what is shared, the middleware, the API and the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from barkive import __version__
from barkive.web import api
from barkive.web.api.openapi import completed
from barkive.web.middleware.admission import AdmissionMiddleware
from barkive.web.middleware.body_limits import BodyLimitMiddleware
from barkive.web.middleware.language import LanguageMiddleware
from barkive.web.middleware.metrics import MetricsMiddleware
from barkive.web.middleware.security import (
    CrossSiteMiddleware,
    HeadRequestMiddleware,
    SecurityHeadersMiddleware,
    SignInMiddleware,
    TrustedHostMiddleware,
)
from barkive.web.pages import (
    account,
    acts,
    animal,
    animals,
    breeds,
    duplicates,
    exports,
    gallery,
    identify,
    leading_back,
    learning,
    login,
    merging,
    phone,
    photo,
    photo_animals,
    review,
    scanning,
    selection,
    suggestions,
    users,
    which,
)
from barkive.web.problems import answer, handle_errors, refuse
from barkive.web.rendering import Assets
from barkive.web.services.inference_queue import InferenceQueue
from barkive.web.services.prometheus import Metrics
from barkive.web.services.sign_in import SignIn
from barkive.web.services.state import Service
from barkive.web.sessions import LoginThrottle
from barkive.web.settings import Settings
from barkive.web.urls import Route, under_root

_DESCRIPTION = """\
Names the breed of the dog in a photo, and keeps a catalogue of photos that can be searched,
corrected and exported.

Errors are problem documents (RFC 9457). When too much waits, the answer is 503 with
`Retry-After`; try again then. Where the server asks for a password, send it as
`Authorization: Bearer PASSWORD`; where it knows users by name, a token of yours in its place.
"""
_OPEN = frozenset({Route.LOGIN, Route.MANIFEST, Route.HEALTHZ, Route.READYZ})
_OPEN_UNDER = (f"{Route.STATIC}/",)
_JUDGED = frozenset({Route.API_IDENTIFY, Route.API_ANIMALS_MATCH, Route.IDENTIFY, Route.WHICH})
_SMALL_BODY = 1 << 20
# The numbers of a million photos.
_NUMBERS_BODY = 16 << 20
# A form's own lines come on top of the photos.
_FORM_BYTES = 1 << 20


class _App(FastAPI):
    """Under a root path, with a description whose examples are whole."""

    def __init__(self, root: str, **options: Any) -> None:
        super().__init__(**options)
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = under_root(scope, self._root)
        await super().__call__(scope, receive, send)

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
    metrics = Metrics(lambda: service.inference.waiting)
    throttle = LoginThrottle()
    who = settings.users or settings.password
    sign_in = SignIn(who) if who is not None else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            service.close()
            if sign_in is not None:
                sign_in.close()

    app = _App(
        settings.root_path,
        title="Barkive",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url=Route.OPENAPI,
        docs_url=None,
        redoc_url=None,
        routes=_routes(),
        middleware=_middleware(settings, service.inference, metrics, sign_in, throttle),
    )
    app.state.settings = settings
    app.state.service = service
    app.state.metrics = metrics
    app.state.sign_in = sign_in
    app.state.throttle = throttle
    handle_errors(app)
    return app


def _routes() -> list[BaseRoute]:
    """All routes, as they stand: FastAPI would build those of an included router a second time."""
    pages = (
        *(leading_back, identify, gallery, selection, acts, photo, photo_animals, animals),
        *(suggestions, which, duplicates, exports, animal, review, learning, breeds, scanning),
        *(merging, phone, login, account, users),
    )
    of_pages = (route for page in pages for route in page.router.routes)
    return [Mount(Route.STATIC, Assets(), name="static"), *api.routes(), *of_pages]


def _middleware(
    settings: Settings,
    inference: InferenceQueue,
    metrics: Metrics,
    sign_in: SignIn | None,
    throttle: LoginThrottle,
) -> list[Middleware]:
    """What stands before every request, the outermost first."""
    limits = settings.limits
    photos = limits.request_bytes + _FORM_BYTES
    middleware = [
        Middleware(MetricsMiddleware, metrics=metrics),
        Middleware(SecurityHeadersMiddleware),
        Middleware(HeadRequestMiddleware),
        Middleware(TrustedHostMiddleware, allowed=settings.hosts, refuse=refuse),
        Middleware(CrossSiteMiddleware, refuse=refuse),
        Middleware(LanguageMiddleware),
    ]
    if sign_in is not None:
        middleware.append(
            Middleware(
                SignInMiddleware,
                sign_in=sign_in,
                throttle=throttle,
                open_paths=_OPEN,
                open_prefixes=_OPEN_UNDER,
                ask=login.ask_again,
                refuse=refuse,
                fail=answer,
            )
        )
    middleware.append(
        Middleware(
            BodyLimitMiddleware,
            limits=[
                (f"{Route.API_PHOTOS}/", _SMALL_BODY),  # of one photo: what people say of it
                (Route.SELECTION, _NUMBERS_BODY),
                (Route.API_IDENTIFY, photos),
                (Route.API_PHOTOS, photos),
                (Route.API_HEATMAP, photos),
                (Route.API_MERGE, photos),
                (Route.API_ANIMALS_MATCH, photos),
                (Route.API_ANIMALS_IMPORT, photos),
                (Route.MERGE, photos),
                (Route.IDENTIFY, photos),
                (Route.WHICH, photos),
            ],
            default=_SMALL_BODY,
            idle=limits.idle_seconds,
            refuse=refuse,
        )
    )
    middleware.append(
        Middleware(AdmissionMiddleware, queue=inference, paths=_JUDGED, refuse=answer)
    )
    return middleware
