"""The first page: photos in, verdicts out, nothing kept.

With script each photo is sent by itself, and its verdict shown as it arrives; without, the
form brings all, and the page comes back with their verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from barkive.verdicts import Verdict
from barkive.web.api.identify import judged
from barkive.web.api.shared import Counted, Setup, Shared
from barkive.web.languages import Words, language_of
from barkive.web.pages.rendering import render
from barkive.web.uploads import UploadError, received

router = APIRouter()

_TOP = 5


@router.get("/")
def page(request: Request) -> Response:
    """The page on which photos can be dropped."""
    return _page(request)


@router.get("/identify")
def back(request: Request) -> Response:
    """To the first page: where the form has sent somebody who then changes the language."""
    return RedirectResponse(f"/?{request.url.query}", 303)


@router.post("/identify")
async def identify(request: Request, shared: Shared, setup: Setup, counted: Counted) -> Response:
    """The page with the verdicts on the photos that its form has sent."""
    try:
        async with received(request, setup.limits) as uploads:
            if all(one.name is None for one in uploads):  # nothing was chosen
                return _page(request)
            verdicts = await judged(shared, uploads, _TOP)
    except UploadError as error:
        return _page(request, status=error.status, fault=str(error))
    for one in verdicts:
        counted.judged(one.status)
    return _page(request, verdicts=verdicts)


def _page(
    request: Request,
    *,
    status: int = 200,
    verdicts: Sequence[Verdict] = (),
    fault: str | None = None,
) -> Response:
    words = Words(language_of(request))
    return render(
        request,
        "identify.html",
        status=status,
        verdicts=verdicts,
        fault=fault,
        likelihoods=words.likelihoods(),
        texts=_texts(words),
    )


def _texts(words: Words) -> dict[str, Any]:
    """The sentences that the script needs."""
    keys = ("waiting", "looking", "offline", "busy", "unnamed", "heat_failed")
    return {key: words(f"identify.{key}") for key in keys} | {
        key: words.forms(f"identify.{key}") for key in ("done", "added_all")
    }
