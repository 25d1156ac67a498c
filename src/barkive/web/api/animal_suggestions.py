"""Suggestions of which photos show one animal, and which animal a photo may show."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import AcceptedJSON, ActJSON, AnimalJSON, MatchJSON, SuggestionJSON
from barkive.errors import PhotoError
from barkive.messages import Message
from barkive.web.api.animals import (
    ACT,
    ANIMAL,
    MATCH,
    PhotoNumber,
    SaidOfAnimal,
    one_animal,
)
from barkive.web.api.openapi import (
    NO_SUCH_BREED,
    NO_SUCH_PHOTO,
    UPLOAD,
    a_problem,
    api_router,
    example,
)
from barkive.web.api.parameters import PRINTED, AnimalQuery, DogId, DoneBy, FilterQuery, Lang
from barkive.web.dependencies import Kept, Number, Setup, Shared
from barkive.web.paths import printable
from barkive.web.uploads import UploadError, received
from barkive.web.urls import Route

router = api_router("animals")

_SUGGESTION = {
    "id": 17,
    "kind": "new",
    "animal": None,
    "code": "2026-113",
    "name": "Rex",
    "photos": [371590264118, 371590264119],
    "reason": "Same folder name “2026-113 Rex”",
    "reason_code": "animal_reason_folder",
    "is_large": False,
}
_GONE = a_problem(
    409,
    "It does not stand any more, or another animal has the code",
    Message("animal_suggestion_gone", {"suggestion": 17}),
)
_SuggestionId = Annotated[
    int, Path(alias="suggestion", ge=1, le=2**53 - 1, description="The suggestion's number.")
]
_Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]


class SuggestionPage(TypedDict):
    """Some of the suggestions that stand."""

    total: int
    offset: int
    suggestions: list[SuggestionJSON]


class PatternJSON(TypedDict):
    """How some photos are named."""

    pattern: str
    photos: int
    animals: int
    example: str


class Suggested(TypedDict):
    """What was found."""

    found: int
    patterns: list[PatternJSON]


class AcceptedSuggestion(SaidOfAnimal):
    """What is said of the animal beside what the suggestion says, and which photos show it."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Rex", "by": "Ada"}})

    photos: Annotated[list[PhotoNumber], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="Those of the suggestion that show the animal; without, all."
    )


@router.get(
    Route.API_SUGGESTIONS,
    response_model=SuggestionPage,
    responses=example({"total": 1, "offset": 0, "suggestions": [_SUGGESTION]}),
    summary="Which photos seem to show one animal",
)
def suggestions(
    shared: Shared,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
    lang: Lang = "en",
) -> Response:
    """The suggestions that stand, the oldest first; new ones come with every scan.

    `kind` is `new` for an animal that is not known yet, and `add` for photos of `animal`.
    """
    kept = shared.catalogue.animals
    return JSONResponse(
        {
            "total": kept.count_suggestions(),
            "offset": offset,
            "suggestions": [
                one.to_json(lang) for one in kept.suggestions(limit=limit, offset=offset)
            ],
        }
    )


@router.post(
    Route.API_SUGGESTIONS,
    response_model=Suggested,
    responses=example(
        {
            "found": 1,
            "patterns": [
                {
                    "pattern": "{code} {name}/*",
                    "photos": 2,
                    "animals": 1,
                    "example": "/home/ada/Pictures/2026-113 Rex/1.jpg",
                }
            ],
        }
    )
    | NO_SUCH_BREED,
    summary="Find suggestions anew",
)
def suggest(
    shared: Shared,
    query: FilterQuery,
    pattern: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=PRINTED,
            description="How the photos are named, such as `{code} {name}/*`; without, what their "
            "names show.",
        ),
    ] = None,
) -> Response:
    """Looks through the photos without an animal, or those of them that fit all filters.

    It takes seconds for thousands of photos. What was refused is not suggested again.
    """
    kept = shared.catalogue.animals
    patterns = kept.patterns(query) if pattern is None else ()
    found = kept.suggest(query, pattern=pattern)
    return JSONResponse(
        {
            "found": len(found),
            "patterns": [
                {
                    "pattern": printable(one.pattern.text),
                    "photos": one.photos,
                    "animals": one.animals,
                    "example": printable(one.examples[0][0]),
                }
                for one in patterns
            ],
        }
    )


@router.post(
    Route.API_SUGGESTIONS_ACCEPT,
    response_model=AcceptedJSON,
    responses=example({"new": 1, "added": 0, "photos": 2, "acts": [12], "left_out": []}),
    summary="Accept all suggestions",
)
def accept_all(
    shared: Shared,
    large: Annotated[
        bool, Query(description="Those of more photos than one animal mostly has as well.")
    ] = False,
    by: DoneBy = None,
    lang: Lang = "en",
) -> Response:
    """Accepts every suggestion, each as an act that can be undone by itself."""
    done = shared.catalogue.animals.accept_all(large=large, by=by)
    return JSONResponse(done.to_json(lang))


@router.post(
    Route.API_SUGGESTION_ACCEPT,
    response_model=AnimalJSON,
    responses=example(ANIMAL) | NO_SUCH_PHOTO | _GONE,
    summary="Accept a suggestion",
)
def accept(
    shared: Shared, number: _SuggestionId, said: AcceptedSuggestion, lang: Lang = "en"
) -> Response:
    """Makes an animal of the photos, or adds them to the one that they seem to show.

    Photos that are left out of `photos` stay suggested.
    """
    animals = shared.catalogue.animals
    return one_animal(animals.accept(number, said.photos, said.fields(), by=said.by), lang)


@router.post(
    Route.API_SUGGESTION_REFUSE,
    response_model=ActJSON,
    responses=example(ACT | {"kind": "refuse"}) | _GONE,
    summary="Refuse a suggestion",
)
def refuse(shared: Shared, number: _SuggestionId, by: DoneBy = None) -> Response:
    """Says that these photos do not show one animal; they are not suggested so again."""
    return JSONResponse(shared.catalogue.animals.refuse(number, by=by).to_json())


@router.get(
    Route.API_PHOTO_MATCH,
    response_model=list[MatchJSON],
    responses=example([MATCH]) | NO_SUCH_PHOTO,
    summary="Which animal a photo of the catalogue may show",
)
def match_photo(
    shared: Shared,
    number: Number,
    query: AnimalQuery,
    limit: _Limit = 10,
    dog: DogId = None,
    lang: Lang = "en",
) -> Response:
    """The animals that look like it, the likest first; `photo` is the one that is most like.

    Likeness is no proof: dogs of one breed look alike.
    """
    found = shared.catalogue.animals.match(number, limit=limit, query=query, dog=dog)
    return JSONResponse([one.to_json(lang) for one in found])


@router.post(
    Route.API_ANIMALS_MATCH,
    response_model=list[MatchJSON],
    responses=example([MATCH]),
    openapi_extra=UPLOAD,
    summary="Which animal a photo may show",
)
async def match(
    request: Request,
    shared: Shared,
    setup: Setup,
    query: AnimalQuery,
    place: Kept,
    limit: _Limit = 10,
    lang: Lang = "en",
) -> Response:
    """One photo, in the field `files` of a form or as the body, such as one of a found dog.

    Nothing of it is kept. Otherwise as for a photo of the catalogue.
    """
    async with received(request, setup.limits) as uploads:
        if len(uploads) != 1:
            raise UploadError(422, "upload_not_one_photo", count=len(uploads))
        (one,) = uploads
        if one.reason is not None:
            raise UploadError(422, one.reason.code, **one.reason.params)
        try:
            found = await shared.match(one, query, limit, place)
        except PhotoError as error:
            raise UploadError(422, error.code, **error.params) from None
    return JSONResponse([each.to_json(lang) for each in found])
