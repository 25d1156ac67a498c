"""The web page and the HTTP API: for people without a terminal, and for other programs.

Examples:
    >>> from barkive.web import Settings, create_app
    >>> app = create_app(Settings(catalogue="photos.sqlite"))  # an ASGI application
"""

from barkive.web.app import create_app
from barkive.web.settings import LOOPBACK, Limits, Settings

__all__ = ["LOOPBACK", "Limits", "Settings", "create_app"]
