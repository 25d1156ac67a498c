"""The first page: photos in, verdicts out, nothing kept.

With script each photo is sent by itself, and its verdict shown as it arrives; without, the
form brings all, and the page comes back with their verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from barkive.errors import BarkiveError
from barkive.messages import Messages
from barkive.verdicts import Verdict
from barkive.web.dependencies import Addresses, Counted, Kept, Setup, Shared
from barkive.web.languages import language_of
from barkive.web.pages.dogs import box_texts
from barkive.web.rendering import render
from barkive.web.services.exports import table_words
from barkive.web.uploads import UploadError, received
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_TOP = 5


@router.get(Route.HOME)
def page(request: Request) -> Response:
    """The page on which photos can be dropped."""
    return _page(request)


@router.get(Route.IDENTIFY)
def back(request: Request, urls: Addresses) -> Response:
    """To the first page: where the form has sent somebody who then changes the language."""
    return RedirectResponse(f"{urls.home()}?{request.url.query}", 303)


@router.post(Route.IDENTIFY)
async def identify(
    request: Request, shared: Shared, setup: Setup, counted: Counted, place: Kept
) -> Response:
    """The page with the verdicts on the photos that its form has sent."""
    try:
        async with received(request, setup.limits) as uploads:
            if all(one.name is None for one in uploads):  # nothing was chosen
                return _page(request)
            verdicts = await shared.identify(uploads, _TOP, place=place)
    except UploadError as error:
        return _page(request, status=error.status, fault=error)
    for one in verdicts:
        counted.judged(one.status)
    return _page(request, verdicts=verdicts)


def _page(
    request: Request,
    *,
    status: int = 200,
    verdicts: Sequence[Verdict] = (),
    fault: BarkiveError | None = None,
) -> Response:
    words = Messages(language_of(request))
    return render(
        request,
        "identify.html",
        status=status,
        verdicts=verdicts,
        fault=fault,
        likelihoods=words.likelihoods(),
        texts=_texts(words),
        addresses=_addresses(Urls.of(request.scope), words),
    )


def _texts(words: Messages) -> dict[str, Any]:
    """The sentences that the script needs."""
    keys = (
        *("waiting", "looking", "busy", "away", "session", "stuck", "file_gone", "refused"),
        *("unnamed", "heat_failed", "add_again", "copied", "copy_failed", "file_name"),
    )
    forms = ("done", "added_all", "were_there", "not_added", "not_kept")
    return {
        **{key: words(f"identify.{key}") for key in keys},
        **{key: words.forms(f"identify.{key}") for key in forms},
        "dogs": words.forms("photos.dogs_shown"),
        "perhaps": words("photos.perhaps", breed="{breed}"),
        "boxes": box_texts(words),
        "table": table_words(words),
    }


def _addresses(urls: Urls, words: Messages) -> dict[str, str]:
    """The addresses that the script needs."""
    return {
        "home": urls.home(),
        "identify": urls.api_identify(lang=words.lang, top=_TOP),
        "heatmap": urls.api_heatmap(),
        "add": urls.api_photos(lang=words.lang),
        "breeds": urls.api_breeds(lang=words.lang),
        "probe": urls.api_breeds(limit=1),
        "photo": urls.photo("{number}"),
    }
