"""Parameters that routes of the API have in common: the filters, the language."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from barkive.boxes import Box
from barkive.catalogue import (
    MARGIN,
    AnimalFilter,
    ExportBy,
    Filter,
    PhotoOrder,
    number_of_dogs,
)
from barkive.errors import UsageError
from barkive.messages import Language
from barkive.verdicts import Status
from barkive.web.dependencies import Shared
from barkive.web.services.export_jobs import Options
from barkive.web.signed_in import who

PRINTED = r"^[^\x00]*$"
"""Text that every database takes."""


Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
"""A name that somebody gives, of a breed or their own: no empty one."""
SaidBy = Annotated[
    Name | None,
    AfterValidator(who),
    Field(
        description="Who says so; of a user who signed in by name it is theirs, whatever is sent.",
        validate_default=True,
    ),
]
"""Who says what a body holds."""


def _as_number(value: object) -> object:
    """Refuses true and false, which Python takes for numbers."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "true is no number")
    return value


IS_NUMBER = BeforeValidator(_as_number)
"""Of a number in a body. It stands behind the bounds, or the description would lack them."""


def _as_day(value: object) -> object:
    """Refuses numbers, which pydantic takes for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a day is written as 2026-05-31")
    return value


_Day = Annotated[date, BeforeValidator(_as_day)]


def _filter(
    shared: Shared,
    text: Annotated[
        str | None,
        Query(
            max_length=500,
            pattern=PRINTED,
            description="Words, or their beginnings: of the path, of a breed's name in "
            "English or French, of a note.",
        ),
    ] = None,
    breed: Annotated[
        list[Annotated[str, Field(max_length=200, pattern=PRINTED)]] | None,
        Query(
            max_length=10,
            description="A name in English or French, or an id: photos with a dog of this breed, "
            "of a cross with it, or with an uncertain one whose best guess it is. Given several "
            "times, photos with a dog of each.",
        ),
    ] = None,
    group: Annotated[int | None, Query(ge=1, le=10, description="An FCI group.")] = None,
    status: Annotated[list[Status] | None, Query(description="Of one of these statuses.")] = None,
    after: Annotated[_Day | None, Query(description="Taken on this day or later.")] = None,
    before: Annotated[_Day | None, Query(description="Taken before this day.")] = None,
    added_after: Annotated[
        _Day | None, Query(description="Catalogued on this day, UTC, or later.")
    ] = None,
    added_before: Annotated[_Day | None, Query(description="Catalogued before this day.")] = None,
    folder: Annotated[
        str | None,
        Query(max_length=4096, pattern=PRINTED, description="In this folder or those inside it."),
    ] = None,
    min_probability: Annotated[
        float | None, Query(ge=0, le=1, description="The breed has at least this probability.")
    ] = None,
    dogs: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9]{1,4}([+]|-[0-9]{1,4})?$",
            description="With so many dogs: `2`, `2+` for two or more (as `2%2B` in an address), "
            "`1-3`.",
        ),
    ] = None,
    animal: Annotated[
        int | None, Query(ge=1, lt=2**63, description="Showing the animal with this number.")
    ] = None,
    grouped: Annotated[
        bool | None, Query(description="Whether they show an animal that is known.")
    ] = None,
    corrected: Annotated[bool | None, Query(description="Whether people said what it is.")] = None,
    missing: Annotated[
        bool, Query(description="Photos whose files are gone, not those that are there.")
    ] = False,
) -> Filter:
    return Filter(
        text=text,
        breeds=tuple(breed or ()),
        group=group,
        status=tuple(status or ()),
        after=after,
        before=before,
        added_after=added_after,
        added_before=added_before,
        folder=(folder and shared.catalogue.known_folder(folder)) or folder,
        min_probability=min_probability,
        dogs=number_of_dogs(dogs) if dogs is not None else None,
        animal=animal,
        grouped=grouped,
        corrected=corrected,
        missing=missing,
    )


def _order(
    order: Annotated[
        str,
        Query(
            pattern=r"^-?(added|taken|certainty|name)$",
            description="`added`: as they were catalogued; `taken`: by date; `certainty`: by the "
            "probability of the breed; `name`: by folder and name. With `-` before it the other "
            "way round. Photos without a date or a breed come last.",
        ),
    ] = "added",
) -> PhotoOrder:
    return PhotoOrder.of(order)


ExportedBy = Annotated[
    ExportBy, Query(description="What a row or a picture is of; not every form knows animals.")
]
"""What a row, a folder or a picture of an export is of."""


def _options(
    by: ExportedBy = "photo",
    crops: Annotated[
        bool, Query(description="For `training-set`: the dogs, not whole photos.")
    ] = False,
    margin: Annotated[
        float,
        Query(
            ge=0,
            le=1,
            description="For `crops` and `training-set`: how much is shown beside a box, as a "
            "share of its longer side.",
        ),
    ] = MARGIN,
    upright: Annotated[
        bool, Query(description="For `yolo`: photos that their EXIF data turn are made upright.")
    ] = False,
    confidence: Annotated[
        bool, Query(description="For `yolo`: a sixth column says how sure a box is.")
    ] = False,
    new: Annotated[
        bool,
        Query(
            description="For `asm3`: only what is new since the last export with `new`; the file "
            "counts as sent. Needs the role `label`."
        ),
    ] = False,
) -> Options:
    return Options(
        by=by, crops=crops, margin=margin, upright=upright, confidence=confidence, new=new
    )


OptionsQuery = Annotated[Options, Depends(_options)]
"""What is asked of a form of export."""
OrderQuery = Annotated[PhotoOrder, Depends(_order)]
"""In which order photos are listed."""
FilterQuery = Annotated[Filter, Depends(_filter)]
"""Which photos are meant."""


def _animal_filter(
    text: Annotated[
        str | None,
        Query(
            max_length=500,
            pattern=PRINTED,
            description="Words, or their beginnings: of the code, the name, the notes or the "
            "breed.",
        ),
    ] = None,
    breed: Annotated[
        str | None,
        Query(max_length=200, pattern=PRINTED, description="A name or an id; crosses included."),
    ] = None,
    species: Annotated[str | None, Query(max_length=200, pattern=PRINTED)] = None,
    sex: Annotated[Literal["female", "male", "unknown"] | None, Query()] = None,
    status: Annotated[
        list[Annotated[str, Field(max_length=200, pattern=PRINTED)]] | None,
        Query(max_length=20, description="Of one of these statuses."),
    ] = None,
    breed_status: Annotated[
        Literal["dog", "uncertain", "none"] | None,
        Query(description="Whether the breed is known, uncertain, or nothing is said of it."),
    ] = None,
    disagrees: Annotated[
        bool | None, Query(description="Whether its photos contradict each other.")
    ] = None,
    has_photos: Annotated[bool | None, Query(description="Whether it has photos.")] = None,
    removed: Annotated[
        bool, Query(description="Those that were removed or merged, and not the others.")
    ] = False,
) -> AnimalFilter:
    return AnimalFilter(
        text=text,
        breed=breed,
        species=species,
        sex="" if sex == "unknown" else sex,
        status=tuple(status or ()),
        breed_status="" if breed_status == "none" else breed_status,
        disagrees=disagrees,
        has_photos=has_photos,
        removed=removed,
    )


AnimalQuery = Annotated[AnimalFilter, Depends(_animal_filter)]
"""Which animals are meant."""


def _place(
    box: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9.]{1,20}(,[0-9.]{1,20}){3}$",
            description="Of a dog: x, y, width and height in shares of the upright photo.",
        ),
    ] = None,
) -> Box | None:
    if box is None:
        return None
    try:
        x, y, width, height = map(float, box.split(","))
    except ValueError:
        raise UsageError("box_outside_photo", box=box) from None
    return Box(x, y, width, height)


def _done_by(
    by: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=PRINTED,
            description="Who does it; of a user who signed in by name it is theirs, whatever is "
            "sent.",
        ),
    ] = None,
) -> str | None:
    return who(by)


DoneBy = Annotated[str | None, Depends(_done_by)]
"""Who does it, where nothing else is sent."""
DogId = Annotated[
    int | None, Query(ge=0, le=2**53 - 1, description="The `id` of one of the photo's dogs.")
]
"""Which dog of a photo is meant."""
Place = Annotated[Box | None, Depends(_place)]
"""Where a dog is."""
Lang = Annotated[Language, Query(description="Of the breeds' names.")]
"""The language of names."""
Top = Annotated[int, Query(ge=1, le=1000, description="How many breeds to list, at most.")]
"""How many breeds a verdict lists."""
