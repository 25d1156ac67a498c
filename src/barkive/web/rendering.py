"""Renders templates in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from barkive import __version__
from barkive.errors import BarkiveError
from barkive.images import reads_heic
from barkive.messages import LANGUAGES, Message, Messages
from barkive.web import moments
from barkive.web.languages import language_of
from barkive.web.roles import Role
from barkive.web.signed_in import may, signed_in
from barkive.web.urls import Urls, page_of_form

_HERE = Path(__file__).parent
_PHOTOS = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,image/avif"
_ANY_PHOTO = "image/*,.heic,.heif,.avif"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["sentence"] = _sentence
    templates.filters["moment"] = moments.moment
    templates.filters["day"] = moments.day
    templates.globals["told"] = moments.told
    templates.globals["accepted"] = _accepted
    return templates


def _accepted() -> str:
    """What a field for photos accepts.

    An iPhone sends HEIC where it is accepted, and turns it into JPEG where it is not named.
    """
    return _ANY_PHOTO if reads_heic() else _PHOTOS


def _sentence(said: Message | BarkiveError, words: Messages) -> str:
    """What an error says, in the visitor's language."""
    return words.on_page(said.message if isinstance(said, BarkiveError) else said)


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page.

    Args:
        request: That asks for it.
        template: Its file in `templates/`.
        status: The HTTP status.
        headers: More headers.
        context: What the template needs beside `words` (see `Messages`), `urls` (see `Urls`),
            `lang`, `languages` (the address of this page in each), `version`, `has_password`
            (whether one signs in), `user` (who is signed in by name), `may_label`, `may_manage`,
            `why_read_only` (why nothing can be saved in the catalogue, or None), `read_only`
            (whether this visitor can save nothing in it, for that reason or by their role) and
            `form_page` (where a form was refused, the address of the page that it stands on; else
            None).
    """
    words = Messages(language_of(request))
    # Without the path, which could be read as the name of another host if it begins with `//`.
    languages = {
        lang: f"?{request.url.include_query_params(lang=lang).query}" for lang in LANGUAGES
    }
    app, user = request.scope.get("app"), signed_in()
    why = app.state.service.catalogue.read_only if app is not None else None
    may_label = may(Role.LABEL)
    html = (
        _templates()
        .get_template(template)
        .render(
            words=words,
            urls=Urls.of(request.scope),
            lang=words.lang,
            languages=languages,
            version=__version__,
            has_password=app is not None and app.state.sign_in is not None,
            user=user,
            may_label=may_label,
            may_manage=may(Role.MANAGE),
            why_read_only=why,
            read_only=why is not None or not may_label,
            form_page=page_of_form(request) if request.method == "POST" and status >= 400 else None,
            **context,
        )
    )
    response = HTMLResponse(html, status, dict(headers or {}))
    response.headers.setdefault("Vary", "Accept-Language, Cookie")
    return response


def error_page(
    request: Request, status: int, why: Message, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page that says why there is no page.

    Args:
        request: That asked.
        status: The HTTP status, 400 or above.
        why: The reason.
        headers: More headers.
    """
    return render(
        request, "error.html", status=status, headers=headers, error_status=status, detail=why
    )


class Assets(StaticFiles):
    """Styles and scripts: kept by browsers, and asked for again after an update."""

    def __init__(self) -> None:
        super().__init__(directory=_HERE / "static")

    def file_response(self, *args: Any, **options: Any) -> Any:
        """A file, to be asked after before it is used again."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response
