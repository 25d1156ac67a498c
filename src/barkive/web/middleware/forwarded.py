"""What a trusted proxy says of a request: who asks, over which scheme, below which path."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from barkive.web.urls import forwarded_root


class ForwardedHeadersMiddleware:
    """Heeds `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Prefix` of trusted proxies.

    The first two are uvicorn's work. The prefix is the path that the proxy has taken off before
    it passed the request on; it becomes the root path.
    """

    def __init__(self, app: ASGIApp, *, trusted: str) -> None:
        """Sets which proxies are trusted.

        Args:
            app: The application.
            trusted: Addresses and networks of proxies, separated by commas; `*` for any.
        """
        self._app = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, as the visitor sent it."""
        if scope["type"] in ("http", "websocket") and self._is_trusted(scope):
            prefixes = ",".join(Headers(scope=scope).getlist("x-forwarded-prefix"))
            if root := forwarded_root(prefixes):
                scope = {**scope, "root_path": root, "path": root + scope["path"]}
        await self._app(scope, receive, send)  # type: ignore[arg-type]

    def _is_trusted(self, scope: Scope) -> bool:
        client = scope.get("client")
        return (client[0] if client else None) in self._app.trusted_hosts
