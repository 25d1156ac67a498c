"""Names the breeds on photos that a request brings. Nothing of them is kept."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from functools import cache

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from barkive.classifier import Judged
from barkive.errors import PhotoError, UnknownBreedError
from barkive.verdicts import Status, Verdict, VerdictJSON
from barkive.web.api.openapi import UPLOAD, VERDICT, example
from barkive.web.api.shared import PREFIX, Counted, Lang, Setup, Shared, Top
from barkive.web.services.state import Service
from barkive.web.uploads import Upload, UploadError, received

router = APIRouter(prefix=PREFIX, tags=["identify"])

_HEAT_SIDE = 448


@router.post(
    "/identify",
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
    top: Top = 5,
    lang: Lang = "en",
) -> Response:
    """One photo or many, in the field `files` of a form, or one as the body.

    A photo that can't be read has the status `failed` and the reason in `error`; the others
    are answered all the same. Nothing is kept.
    """
    shared.engine.require_room()
    async with received(request, setup.limits) as uploads:
        verdicts = await judged(shared, uploads, top)
    for one in verdicts:
        counted.judged(one.status)
    return JSONResponse([one.to_json(lang) for one in verdicts])


async def judged(shared: Service, uploads: Sequence[Upload], top: int) -> list[Verdict]:
    """The verdicts on photos, in order.

    Raises:
        BusyError: Too much waits.
    """

    async def contents() -> AsyncIterator[bytes]:
        for one in uploads:
            if one.error is None:
                yield await one.read()

    answers = iter(await shared.engine.judge(contents()))
    classifier = shared.classifier
    return [
        classifier.verdict(
            next(answers) if one.error is None else Judged(one, Status.FAILED, one.error, None),
            one.name,
            top=top,
        )
        for one in uploads
    ]


@router.post("/heatmap", include_in_schema=False)
async def heatmap(request: Request, shared: Shared, setup: Setup, breed: str) -> Response:
    """The photo in grey, as the network saw it, with what spoke for a breed in colour."""
    async with received(request, setup.limits) as uploads:
        if len(uploads) != 1:
            raise UploadError(422, f"There are {len(uploads)} photos in the request; send one.")
        (one,) = uploads
        if one.error is not None:
            raise UploadError(422, one.error)
        content = await one.read()
    try:
        return await heat(shared, content, breed)
    except PhotoError as error:
        raise UploadError(422, str(error)) from None


async def heat(shared: Service, photo: bytes | str, breed: str) -> Response:
    """A heat map as a picture.

    Args:
        shared: Of the server.
        photo: Its content or its path.
        breed: The id of a breed that the model knows.

    Raises:
        UnknownBreedError: The model does not know the breed.
        PhotoError: The photo can't be read.
    """
    ids = [label.id for label in shared.classifier.bundle.info.labels]
    if breed not in ids:
        raise UnknownBreedError(breed, ())

    def drawn() -> bytes:
        (picture,) = shared.heat_maps.over([photo], [ids.index(breed)], side=_HEAT_SIDE)
        if picture is None:
            raise PhotoError("The photo can't be read, so there is nothing to show.")
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()

    png = await to_thread.run_sync(drawn, limiter=_one_at_a_time())
    return Response(png, media_type="image/png")


@cache
def _one_at_a_time() -> CapacityLimiter:
    # Each takes all cores for a moment; many at once would stop the identifying.
    return CapacityLimiter(1)
