"""Animals: one dog, many photos, one record."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import (
    ActJSON,
    Animal,
    AnimalFields,
    AnimalJSON,
    CardSize,
    MatchJSON,
    Order,
    ViewJSON,
)
from barkive.messages import Language, Message
from barkive.web.api.openapi import NO_SUCH_BREED, NO_SUCH_PHOTO, a_problem, api_router, example
from barkive.web.api.parameters import PRINTED, AnimalQuery, DoneBy, Lang, Name, SaidBy, Top
from barkive.web.dependencies import Addresses, AnimalNumber, Shared
from barkive.web.paths import printable
from barkive.web.services.exports import kennel_card
from barkive.web.urls import Route

router = api_router("animals")

ANIMAL = {
    "id": 571902846113,
    "code": "2026-113",
    "name": "Rex",
    "species": "dog",
    "sex": "male",
    "birth": "2021-05",
    "birth_is_estimate": True,
    "status": "in_care",
    "breed_status": "dog",
    "breeds": [{"id": "n02108089", "name": "Boxer", "probability": 0.9731}],
    "breed_origin": "model",
    "breed_disagrees": False,
    "notes": "shy with men",
    "arrived": "2026-05-31",
    "left": None,
    "photos": 2,
    "main_photo": 371590264118,
    "version": 12,
    "made_at": "2026-06-01T12:00:00Z",
    "changed_at": "2026-06-02T09:30:00Z",
}
"""An animal, for examples."""
_VIEW = {
    "id": 371590264118,
    "file": "/home/ada/Pictures/2026-113 Rex/1.jpg",
    "dog": None,
    "status": "dog",
    "breeds": [{"id": "n02108089", "name": "Boxer", "probability": 0.9412}],
    "corrected": False,
    "same_as": None,
    "disagrees": False,
    "photo": "/api/v1/photos/371590264118",
    "thumbnail": "/api/v1/photos/371590264118/thumbnail",
}
ACT = {
    "id": 12,
    "kind": "edit",
    "by": "Ada",
    "at": "2026-06-02T09:30:00Z",
    "undoes": None,
    "is_undone": False,
    "animals": [571902846113],
    "photos": 0,
    "changes": [
        {
            "animal": 571902846113,
            "field": "status",
            "photo": None,
            "was": "in_care",
            "now": "adopted",
        }
    ],
}
"""What somebody did, for examples."""
MATCH = {"animal": ANIMAL, "photo": 371590264118, "similarity": 0.8123}
"""An animal that a photo may show, for examples."""

NO_SUCH_ANIMAL = a_problem(
    404, "There is no such animal, or no such photo", Message("animal_unknown", {"animal": 7})
)
"""The answer where an animal's number is unknown."""
_TAKEN = a_problem(
    409,
    "Another animal has the code",
    Message("animal_code_taken", {"taken": "2026-113", "animal": "2026-113 Rex"}),
)
_CHANGED = a_problem(
    409,
    "Somebody has changed it since that version, or another animal has the code",
    Message("animal_changed_since_seen", {"animal": "2026-113 Rex"}),
)
_NOT_UNDONE = a_problem(
    409,
    "There is no such act, it was taken back already, or what it did does not stand any more",
    Message("act_undone_already", {"act": 12}),
)
_HAS_NONE = a_problem(
    409,
    "The animal has none of these photos, or another animal has the code",
    Message("animal_split_nothing", {"animal": "2026-113 Rex"}),
)

_Text = Annotated[str, Field(max_length=200, pattern=PRINTED)]
_Day = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
PhotoNumber = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""A photo's number in a body."""
Photos = Annotated[
    list[PhotoNumber],
    Field(min_length=1, max_length=10_000, description="The numbers of photos."),
]
"""Some photos."""
_AnimalId = Annotated[int, Field(ge=1, le=2**53 - 1)]


class AnimalPage(TypedDict):
    """A part of the animals that were asked for."""

    total: int
    offset: int
    next: str | None
    animals: list[AnimalJSON]


class AnimalView(ViewJSON):
    """A photo of an animal, what it says of its breed, and where it is."""

    photo: str
    thumbnail: str


class WholeAnimal(AnimalJSON):
    """An animal with its photos, the main one first."""

    views: list[AnimalView]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SaidOfAnimal(_Strict):
    """What a person says of an animal; what is left out stays, what is empty is taken away."""

    code: _Text | None = Field(None, description="The shelter's own; each animal has another one.")
    name: _Text | None = Field(None, description="What it is called.")
    species: _Text | None = Field(
        None, description="`dog`, `cat`, `rabbit`, `other`, or any other word."
    )
    sex: Literal["female", "male", ""] | None = None
    birth: Annotated[str, Field(pattern=r"^([0-9]{4}(-[0-9]{2}){0,2})?$")] | None = Field(
        None, description="`2021-05-31`, `2021-05` or `2021`."
    )
    birth_is_estimate: bool | None = Field(None, strict=True)
    breeds: Annotated[list[Name], Field(max_length=2)] | None = Field(
        None,
        description="Names in English or French, or ids: one, or two of a cross; an empty list "
        "for what its photos say.",
    )
    other: bool = Field(
        False,
        strict=True,
        description="Whether a name that is no breed's is added as one, as it is written.",
    )
    status: _Text | None = Field(
        None, description="`in_care`, `adopted`, `lost`, `found`, `deceased`, or any other word."
    )
    notes: Annotated[str, Field(max_length=10_000, pattern=PRINTED)] | None = Field(
        None, description="Anything worth remembering."
    )
    arrived: _Day | None = Field(None, description="The day on which it came.")
    left: _Day | None = Field(None, description="The day on which it left.")
    by: SaidBy = None

    def fields(self) -> AnimalFields:
        """The same for the catalogue."""
        said = self.model_dump(include=_FIELDS)
        return AnimalFields(**said)


_FIELDS = {
    *("code", "name", "species", "sex", "birth", "birth_is_estimate", "breeds", "other"),
    *("status", "notes", "arrived", "left", "main_photo"),
}


class NewAnimal(SaidOfAnimal):
    """An animal that is to be made."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"code": "2026-113", "name": "Rex", "photos": [371590264118], "by": "Ada"}
        }
    )

    photos: Annotated[list[PhotoNumber], Field(max_length=10_000)] = Field(
        [], description="The numbers of the photos that show it."
    )


class EditedAnimal(SaidOfAnimal):
    """What is said of an animal that is known."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"status": "adopted", "version": 12, "by": "Ada"}}
    )

    main_photo: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = Field(
        None, description="The number of one of its photos, to stand for it; 0 for the best one."
    )
    version: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = Field(
        None,
        description="Its `version` as the person saw it: what others did since is not overwritten.",
    )


class SomePhotos(_Strict):
    """Photos that show an animal, or do not."""

    photos: Photos
    by: SaidBy = None


class AddedPhotos(SomePhotos):
    """Photos that show an animal."""

    dog: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = Field(
        None, description="Of a single photo: the `id` of the dog in it that is meant."
    )


class MovedPhotos(SomePhotos):
    """Photos that show another animal."""

    to: _AnimalId = Field(description="The number of the animal that they show.")


class SplitAnimal(SaidOfAnimal):
    """Photos that show an animal of their own, and what is said of it."""

    photos: Photos


class MergedAnimals(_Strict):
    """Animals that are the same as another one."""

    animals: Annotated[list[_AnimalId], Field(min_length=1, max_length=100)] = Field(
        description="Their numbers."
    )
    by: SaidBy = None


@router.get(
    Route.API_ANIMALS,
    response_model=AnimalPage,
    responses=example({"total": 1, "offset": 0, "next": None, "animals": [ANIMAL]}) | NO_SUCH_BREED,
    summary="The animals",
)
def animals(
    request: Request,
    shared: Shared,
    query: AnimalQuery,
    order: Annotated[
        Order, Query(description="`changed`: the last one first; `made`: the first one.")
    ] = Order.NAME,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
    top: Top = 5,
    lang: Lang = "en",
) -> Response:
    """The animals that fit all filters."""
    kept = shared.catalogue.animals
    found = kept.list(query, order=order, limit=limit, offset=offset)
    total, end = kept.count(query), offset + len(found)
    following = request.url.include_query_params(offset=end)
    return JSONResponse(
        {
            "total": total,
            "offset": offset,
            "next": f"{following.path}?{following.query}" if found and end < total else None,
            "animals": [one.to_json(lang, top) for one in found],
        }
    )


@router.post(
    Route.API_ANIMALS,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_PHOTO | _TAKEN,
    summary="Make an animal",
)
def new(shared: Shared, said: NewAnimal, lang: Lang = "en") -> Response:
    """Makes an animal of photos, or one without photos yet; it is durable when this answers."""
    made = shared.catalogue.animals.new(said.fields(), said.photos, by=said.by)
    return one_animal(made, lang)


@router.get(
    Route.API_ANIMAL,
    response_model=WholeAnimal,
    responses=example(ANIMAL | {"views": [_VIEW]}) | NO_SUCH_ANIMAL,
    summary="One animal",
)
def animal(
    shared: Shared, urls: Addresses, number: AnimalNumber, top: Top = 5, lang: Lang = "en"
) -> Response:
    """Its record, its breed from all photos, and in `views` what each photo says.

    Of one that was merged, the one that it was merged into. The `ETag` is its `version`.
    """
    found = shared.catalogue.animals.get(number)
    views = [
        {
            **one.to_json(lang, top),
            "file": printable(one.entry.file),
            "photo": urls.api_photo(one.entry.id),
            "thumbnail": urls.thumbnail(one.entry.id),
        }
        for one in shared.catalogue.animals.views(found)
    ]
    return one_animal(found, lang, top, views=views)


@router.patch(
    Route.API_ANIMAL,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL | _CHANGED,
    summary="Edit an animal",
)
def edit(shared: Shared, number: AnimalNumber, said: EditedAnimal, lang: Lang = "en") -> Response:
    """Says more of an animal, or something else.

    With `version` it is refused with 409 where somebody has changed the animal since.
    """
    edited = shared.catalogue.animals.edit(number, said.fields(), by=said.by, seen=said.version)
    return one_animal(edited, lang)


@router.delete(
    Route.API_ANIMAL,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL,
    summary="Remove an animal",
)
def remove(shared: Shared, number: AnimalNumber, by: DoneBy = None, lang: Lang = "en") -> Response:
    """Removes an animal; its photos stay. To bring it back, undo the act `version`."""
    return one_animal(shared.catalogue.animals.remove(number, by=by), lang)


@router.post(
    Route.API_ANIMAL_PHOTOS,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL,
    summary="Add photos to an animal",
)
def add(shared: Shared, number: AnimalNumber, said: AddedPhotos, lang: Lang = "en") -> Response:
    """Adds photos that show the animal; those that it has stay."""
    added = shared.catalogue.animals.add(number, said.photos, by=said.by, dog=said.dog)
    return one_animal(added, lang)


@router.post(
    Route.API_ANIMAL_TAKE_AWAY,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL,
    summary="Take photos away from an animal",
)
def take_away(
    shared: Shared, number: AnimalNumber, said: SomePhotos, lang: Lang = "en"
) -> Response:
    """Takes photos away that don't show the animal; they are not suggested for it again."""
    return one_animal(shared.catalogue.animals.take_away(number, said.photos, by=said.by), lang)


@router.post(
    Route.API_ANIMAL_MOVE,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL,
    summary="Move photos to another animal",
)
def move(shared: Shared, number: AnimalNumber, said: MovedPhotos, lang: Lang = "en") -> Response:
    """Moves photos of this animal to another one, which is the answer."""
    return one_animal(shared.catalogue.animals.move(said.photos, number, said.to, by=said.by), lang)


@router.post(
    Route.API_ANIMAL_MERGE,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL,
    summary="Merge animals into one",
)
def merge(shared: Shared, number: AnimalNumber, said: MergedAnimals, lang: Lang = "en") -> Response:
    """Says that animals are this one, which gets their photos, and what it lacks itself."""
    return one_animal(shared.catalogue.animals.merge(said.animals, number, by=said.by), lang)


@router.post(
    Route.API_ANIMAL_SPLIT,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_ANIMAL | _HAS_NONE,
    summary="Split an animal",
)
def split(shared: Shared, number: AnimalNumber, said: SplitAnimal, lang: Lang = "en") -> Response:
    """Makes a new animal of some of the photos of this one; the new one is the answer."""
    made = shared.catalogue.animals.split(number, said.photos, said.fields(), by=said.by)
    return one_animal(made, lang)


@router.get(
    Route.API_ANIMAL_HISTORY,
    response_model=list[ActJSON],
    responses=example([ACT]) | NO_SUCH_ANIMAL,
    summary="What people did to an animal",
)
def history(
    shared: Shared,
    number: AnimalNumber,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
) -> Response:
    """What people did to it, the newest first, what was taken back included."""
    found = shared.catalogue.animals.history(number, limit)
    return JSONResponse([one.to_json() for one in found])


@router.get(
    Route.API_ANIMAL_SIMILAR,
    response_model=list[MatchJSON],
    responses=example([MATCH]) | NO_SUCH_ANIMAL,
    summary="Animals that resemble one",
)
def similar(
    shared: Shared,
    number: AnimalNumber,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 10,
    lang: Lang = "en",
) -> Response:
    """The animals whose photos are most like those of this one, the likest first."""
    found = shared.catalogue.animals.similar(number, limit=limit)
    return JSONResponse([one.to_json(lang) for one in found])


@router.get(
    Route.API_ANIMAL_CARD,
    response_class=Response,
    responses={
        200: {"description": "The card", "content": {"application/pdf": {}}},
        **NO_SUCH_ANIMAL,
    },
    summary="An animal's kennel card",
)
def card(
    shared: Shared,
    number: AnimalNumber,
    size: Annotated[CardSize, Query(description="The paper.")] = "a5",
    lang: Lang = "en",
) -> Response:
    """A page to print, with its photo and what is known of it."""
    found = shared.catalogue.animals.get(number)
    content = kennel_card(shared.catalogue, found, lang, size)
    headers = {"Content-Disposition": f'inline; filename="barkive-{found.id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get(
    Route.API_ACTS,
    response_model=list[ActJSON],
    responses=example([ACT]),
    summary="What people did last",
)
def acts(
    shared: Shared,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 20,
) -> Response:
    """What people did to animals, and labels for many photos at once; the newest first."""
    return JSONResponse([one.to_json() for one in shared.catalogue.animals.acts(limit)])


@router.post(
    Route.API_ACT_UNDO,
    response_model=ActJSON,
    responses=example(ACT | {"kind": "undo", "undoes": 11}) | _NOT_UNDONE,
    summary="Take back what somebody did",
)
def undo(
    shared: Shared,
    act: Annotated[int, Path(ge=1, le=2**53 - 1, description="Its number.")],
    by: DoneBy = None,
) -> Response:
    """Takes an act back as a whole, if what it did still stands."""
    return JSONResponse(shared.catalogue.animals.undo(act, by=by).to_json())


def one_animal(found: Animal, lang: Language, top: int = 5, **more: Any) -> Response:
    """An animal as the answer; its `ETag` is its version.

    Args:
        found: Which one.
        lang: Of the breeds' names.
        top: How many breeds to list.
        more: Further members of the object.
    """
    headers = {"ETag": f'"{found.version}"'}
    return JSONResponse({**found.to_json(lang, top), **more}, headers=headers)
