"""Names the breeds on photos that a request brings. Nothing of them is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from barkive.errors import PhotoError
from barkive.verdicts import VerdictJSON
from barkive.web.api.openapi import UPLOAD, VERDICT, api_router, example
from barkive.web.api.parameters import Lang, Place, Top
from barkive.web.dependencies import Counted, Kept, Setup, Shared
from barkive.web.uploads import UploadError, received
from barkive.web.urls import Route

router = api_router("identify")


@router.post(
    Route.API_IDENTIFY,
    response_model=list[VerdictJSON],
    responses=example([VERDICT], "A verdict for each photo, in the order sent"),
    openapi_extra=UPLOAD,
    summary="Name the breeds on photos",
)
async def identify(
    request: Request,
    shared: Shared,
    setup: Setup,
    counted: Counted,
    place: Kept,
    top: Top = 5,
    lang: Lang = "en",
    dogs: Annotated[
        bool,
        Query(
            description="Whether each dog of a photo is found and judged; or photos are judged as "
            "wholes, which is faster."
        ),
    ] = True,
) -> Response:
    """One photo or many, in the field `files` of a form, or one as the body.

    A photo that can't be read has the status `failed` and the reason in `error`; the others
    are answered all the same. `dogs` are the dogs that have a box, the largest first; its box is
    in shares of the upright photo. Nothing is kept.
    """
    async with received(request, setup.limits) as uploads:
        verdicts = await shared.identify(uploads, top, dogs=dogs, place=place)
    for one in verdicts:
        counted.judged(one.status)
    return JSONResponse([one.to_json(lang) for one in verdicts])


@router.post(Route.API_HEATMAP, include_in_schema=False)
async def heatmap(
    request: Request, shared: Shared, setup: Setup, breed: str, place: Place
) -> Response:
    """The photo in grey, as the network saw it, with what spoke for a breed in colour."""
    async with received(request, setup.limits) as uploads:
        if len(uploads) != 1:
            raise UploadError(422, "upload_not_one_photo", count=len(uploads))
        (one,) = uploads
        if one.reason is not None:
            raise UploadError(422, one.reason.code, **one.reason.params)
        content = await one.read()
    try:
        heat_map = await shared.heat_map(content, breed, place)
    except PhotoError as error:
        raise UploadError(422, error.code, **error.params) from None
    return Response(heat_map, media_type="image/png")
