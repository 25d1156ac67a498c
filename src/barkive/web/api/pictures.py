"""Pictures of catalogued photos: upright, and without what the camera wrote of the place.

And the files themselves, to be saved.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Query, Request
from starlette.responses import Response

from barkive.catalogue import holds_picture
from barkive.errors import PhotoError
from barkive.images import LargePhotoError, read_file
from barkive.web.api.openapi import NO_SUCH_PHOTO, api_router
from barkive.web.api.parameters import DogId
from barkive.web.dependencies import Number, Shared
from barkive.web.downloads import attachment
from barkive.web.services.state import Service
from barkive.web.services.thumbnails import Size, Thumbnail
from barkive.web.urls import Route

router = api_router("pictures")

_KEPT = "private, max-age=86400"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/jpeg": {}}},
    304: {"description": "It is as it was"},
    **NO_SUCH_PHOTO,
}


@router.get(
    Route.API_THUMBNAIL,
    response_class=Response,
    responses=_ANSWERS,
    summary="A small square picture",
)
async def thumbnail(request: Request, shared: Shared, number: Number) -> Response:
    """The photo's dogs, or its centre, at most 320 pixels wide and high."""
    return await _picture(request, shared, number, Size.THUMBNAIL)


@router.get(
    Route.API_IMAGE,
    response_class=Response,
    responses=_ANSWERS,
    summary="The photo as a picture that every browser shows",
)
async def image(
    request: Request,
    shared: Shared,
    number: Number,
    size: Annotated[
        Literal["screen", "full"],
        Query(description="At most 1600 pixels wide and high, or the photo's own size."),
    ] = "screen",
) -> Response:
    """The whole photo, upright."""
    wanted = Size.FULL if size == "full" else Size.LARGE
    return await _picture(request, shared, number, wanted)


@router.get(
    Route.API_PHOTO_FILE,
    response_class=Response,
    responses={
        200: {"description": "The file", "content": {"application/octet-stream": {}}},
        **NO_SUCH_PHOTO,
    },
    summary="Download the original",
)
def file(shared: Shared, number: Number) -> Response:
    """The photo's own file, byte for byte, with all that the camera wrote into it."""
    entry = shared.catalogue.photo(number)
    content = read_file(entry.file)
    if entry.sha256 is not None and not holds_picture(content, entry):
        raise PhotoError("photo_changed_since_scan")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": attachment(os.path.basename(entry.file))},  # noqa: PTH119
    )


@router.get(
    Route.API_PHOTO_HEATMAP,
    response_class=Response,
    responses={
        200: {"description": "A picture of the photo's shape", "content": {"image/png": {}}},
        **NO_SUCH_PHOTO,
    },
    summary="Show what the network looked at",
)
async def heatmap(
    shared: Shared,
    number: Number,
    breed: Annotated[
        str | None, Query(max_length=200, description="An id; the model's best guess by default.")
    ] = None,
    dog: DogId = None,
) -> Response:
    """The photo in grey, with what spoke for a breed in colour where the network looked."""
    entry = await to_thread.run_sync(shared.catalogue.photo, number)
    one = entry.dog_by_id(dog) if dog is not None else None
    if breed is None:
        said = entry.prediction.breeds if entry.prediction is not None else ()
        guesses = one.guesses if one is not None else said
        if not guesses:
            raise PhotoError("heat_map_no_breed")
        breed = guesses[0].label.id
    heat_map = await shared.heat_map(entry.file, breed, one.box if one is not None else None)
    return Response(heat_map, media_type="image/png")


async def _picture(request: Request, shared: Service, number: int, size: Size) -> Response:
    def made(large: bool) -> Thumbnail:
        return shared.thumbnails.get(shared.catalogue.photo(number), size, large=large)

    thumbnail = None
    with suppress(LargePhotoError):
        thumbnail = await to_thread.run_sync(made, False)
    if thumbnail is None:
        # Not in the threads that all requests share: a few large photos would fill them.
        thumbnail = await to_thread.run_sync(made, True, limiter=_one_at_a_time())
    headers = {"ETag": thumbnail.etag, "Cache-Control": _KEPT}
    if request.headers.get("if-none-match") == thumbnail.etag:
        return Response(status_code=304, headers=headers)
    return Response(thumbnail.content, media_type=thumbnail.media_type, headers=headers)


@cache
def _one_at_a_time() -> CapacityLimiter:
    return CapacityLimiter(1)
