"""What people say of many photos at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import ActJSON, Filter, Kind, Label
from barkive.errors import UsageError
from barkive.messages import reason_json
from barkive.web.api.animals import ACT, PhotoNumber
from barkive.web.api.openapi import NO_SUCH_PHOTO, api_router, example
from barkive.web.api.parameters import PRINTED, FilterQuery, Lang, Name, SaidBy
from barkive.web.dependencies import Shared
from barkive.web.paths import printable
from barkive.web.urls import Route

router = api_router("photos")


class _SaidOfMany(BaseModel):
    model_config = ConfigDict(extra="forbid")

    photos: Annotated[list[PhotoNumber], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="The numbers of the photos; without, those that fit the filters."
    )
    note: Annotated[str, Field(max_length=5000, pattern=PRINTED)] | None = Field(
        None, description="Anything worth remembering."
    )
    by: SaidBy = None


class BreedOfMany(_SaidOfMany):
    """Of which breed the dogs of many photos are."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"kind": "breed", "breeds": ["Boxer"], "photos": [371590264118], "by": "Ada"}
        }
    )

    kind: Literal["breed"]
    breeds: list[Name] = Field(
        min_length=1, max_length=1, description="A name in English or French, or an id."
    )
    other: bool = Field(
        False,
        strict=True,
        description="Whether a name that is no breed's is added as one, as it is written.",
    )


class CrossOfMany(_SaidOfMany):
    """Of which two breeds the dogs of many photos are a cross."""

    kind: Literal["cross"]
    breeds: list[Name] = Field(min_length=2, max_length=2, description="Both, likewise.")
    other: bool = Field(False, strict=True, description="Likewise.")


class OtherOfMany(_SaidOfMany):
    """What is said of many photos: no dog, a breed that can't be told; or a word is taken back."""

    kind: Literal["not_dog", "unsure", "undo"]


class NoteOfMany(_SaidOfMany):
    """A note on many photos, which changes nothing of what holds of them."""

    kind: Literal["note"]
    note: Annotated[str, Field(min_length=1, max_length=5000, pattern=PRINTED)] = Field(
        description="Anything worth remembering."
    )


SaidOfMany = Annotated[
    BreedOfMany | CrossOfMany | NoteOfMany | OtherOfMany, Field(discriminator="kind")
]


class LeftOutPhoto(TypedDict):
    """A photo that was not labelled."""

    file: str
    error: str
    error_code: str


class LabelledJSON(TypedDict):
    """What came of it."""

    act: ActJSON | None
    photos: int
    left_out: list[LeftOutPhoto]


@router.post(
    Route.API_LABELS,
    response_model=LabelledJSON,
    responses=example({"act": ACT | {"kind": "label", "changes": []}, "photos": 1, "left_out": []})
    | NO_SUCH_PHOTO,
    summary="Label many photos",
)
def label(shared: Shared, query: FilterQuery, said: SaidOfMany, lang: Lang = "en") -> Response:
    """Says something of each of many photos, as one act that can be undone as one.

    They are those of `photos`, or those that fit the filters. Photos that can't be labelled are
    left out, and listed.
    """
    if (said.photos is None) == (query == Filter()):
        raise UsageError("act_photos_or_filter")
    breeds: tuple[str, ...] = ()
    other = False
    if isinstance(said, BreedOfMany | CrossOfMany):
        breeds, other = tuple(said.breeds), said.other
    word = Label(Kind(said.kind), breeds, said.note, said.by, other)
    meant = query if said.photos is None else said.photos
    done = shared.catalogue.animals.label(meant, word)
    left_out = [{"file": printable(file), **reason_json(why, lang)} for file, why in done.left_out]
    act = done.act.to_json() if done.act is not None else None
    return JSONResponse({"act": act, "photos": done.photos, "left_out": left_out})
