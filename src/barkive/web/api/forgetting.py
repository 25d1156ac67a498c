"""Many photos are taken out of the catalogue at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from barkive.catalogue import Filter, ForgottenJSON
from barkive.errors import UsageError
from barkive.web.api.animals import PhotoNumber
from barkive.web.api.openapi import NO_SUCH_BREED, NO_SUCH_PHOTO, api_router, example
from barkive.web.api.parameters import FilterQuery, SaidBy
from barkive.web.dependencies import Shared
from barkive.web.urls import Route

router = api_router("photos")

_DONE = {"photos": 3, "copies": 1, "added": 1, "labelled": 1, "labels": 2, "grouped": 0}


class ManyToForget(BaseModel):
    """Which photos are taken out, and how."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"photos": [371590264118], "by": "Ada"}}
    )

    photos: Annotated[list[PhotoNumber], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="The numbers of the photos; without, those that fit the filters."
    )
    labels: bool = Field(
        False, strict=True, description="Whether what people said of them is deleted as well."
    )
    copies: bool | None = Field(
        None,
        strict=True,
        description="Whether all files of their pictures go; by default they do, but where the "
        "filters mean files that are gone: then those alone.",
    )
    by: SaidBy = None


@router.post(
    Route.API_FORGET,
    response_model=ForgottenJSON,
    responses=example(_DONE) | NO_SUCH_PHOTO | NO_SUCH_BREED,
    summary="Take many photos out of the catalogue",
)
def forget(shared: Shared, query: FilterQuery, meant: ManyToForget) -> Response:
    """Takes photos out, with all that was derived from them: answers, small pictures, groupings.

    They are those of `photos`, or those that fit the filters. Labels stay unless `labels` is true,
    and hold again where a photo comes back. Files in people's own folders are not touched, and
    scans pass over them; those that were added to the catalogue are deleted: `added` tells how
    many. Of the pictures that went people spoke of `labelled`, `labels` times.
    """
    if (meant.photos is None) == (query == Filter()):
        raise UsageError("act_photos_or_filter")
    done = shared.forget_jobs.forget_now(
        query if meant.photos is None else meant.photos,
        labels=meant.labels,
        copies=meant.copies,
        by=meant.by,
    )
    return JSONResponse(done.to_json())
