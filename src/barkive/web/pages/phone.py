"""Barkive on a phone: an address to open, and what a home screen shows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Setup
from barkive.web.languages import language_of
from barkive.web.middleware.security import host_name
from barkive.web.qr_code import qr_path
from barkive.web.rendering import render
from barkive.web.settings import LOOPBACK, Settings
from barkive.web.urls import Route

router = APIRouter(include_in_schema=False)

_PAPER, _ACCENT = "#f7f4ee", "#1d5c4d"


@router.get(Route.PHONE)
def show(request: Request, setup: Setup) -> Response:
    """The page with the address that a phone can open, and its QR code."""
    address = _address(request, setup)
    side, path = qr_path(address) if address is not None else (0, "")
    return render(request, "phone.html", address=address, side=side, path=path)


def _address(request: Request, setup: Settings) -> str | None:
    """What a phone opens: whatever the visitor did, unless that was on the server's machine."""
    if host_name(request.headers.get("host", "")) not in LOOPBACK:
        return str(request.base_url)
    return setup.address


@router.get(Route.MANIFEST)
def manifest(request: Request, urls: Addresses) -> Response:
    """Says how Barkive stands on a home screen (W3C, Web Application Manifest)."""
    words = Messages(language_of(request))
    icons = (
        ("icon-192.png", 192, "any"),
        ("icon-512.png", 512, "any"),
        ("icon-maskable.png", 512, "maskable"),
    )
    described = {
        "id": urls.home(),
        "name": words("phone.app_name"),
        "short_name": "Barkive",
        "description": words("phone.app_description"),
        "lang": words.lang,
        "start_url": urls.home(),
        "scope": urls.home(),
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _ACCENT,
        "icons": [
            {"src": urls.static(file), "sizes": f"{side}x{side}", "type": "image/png"}
            | {"purpose": purpose}
            for file, side, purpose in icons
        ],
    }
    return JSONResponse(described, media_type="application/manifest+json")
