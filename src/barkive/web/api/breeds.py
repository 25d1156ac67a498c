"""The breeds: those of the table, and those that models or people added."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.breeds import Breed, all_breeds, dog_ids, suggest
from barkive.messages import Message
from barkive.web.api.openapi import a_problem, api_router, example
from barkive.web.api.parameters import IS_NUMBER, Lang, Name
from barkive.web.dependencies import Shared
from barkive.web.urls import Route

router = api_router("breeds")

_HUSKY = {
    "id": "n02110185",
    "name": "Siberian Husky",
    "en": "Siberian Husky",
    "fr": "Husky de Sibérie",
    "aliases": [],
    "fci": 270,
    "group": 5,
    "group_name": "Spitz and primitive types",
    "added": False,
}
_DACHSHUND = {
    "id": "Dachshund",
    "name": "Dachshund",
    "en": "Dachshund",
    "fr": "Teckel",
    "aliases": [],
    "fci": 148,
    "group": 4,
    "group_name": "Dachshunds",
    "added": True,
}
_NOT_ADDED = a_problem(
    422,
    "It is a breed of the table, or a value is wrong",
    Message("breed_add_built_in", {"name": "Carlin", "breed": "Pug"}),
)


class BreedJSON(TypedDict):
    """A breed; `added` says that the table lacks it."""

    id: str
    name: str
    en: str
    fr: str
    aliases: list[str]
    fci: int | None
    group: int | None
    group_name: str | None
    added: bool


class NewBreed(BaseModel):
    """A breed that is to be added, or of which more is said."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"en": "Dachshund", "fr": "Teckel", "fci": 148, "group": 4}},
    )

    en: Name = Field(description="Its English name, or the one that it has in both languages.")
    fr: Name | None = Field(None, description="Its French name.")
    fci: Annotated[int, Field(ge=0, le=999), IS_NUMBER] | None = Field(
        None, description="The FCI's number of it; 0 for none."
    )
    group: Annotated[int, Field(ge=0, le=10), IS_NUMBER] | None = Field(
        None, description="The FCI's group; 0 for none."
    )


@router.get(
    Route.API_BREEDS,
    response_model=list[BreedJSON],
    responses=example([_HUSKY, _DACHSHUND]),
    summary="The breeds that Barkive has names for",
)
def breeds(
    shared: Shared,
    search: Annotated[
        str | None,
        Query(max_length=200, description="A few letters of a name in either language."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 1000,
    lang: Lang = "en",
) -> Response:
    """All of them by id, or those that a few letters mean, the likeliest first.

    Behind those of Barkive's table come those of the catalogue: of its models, and of people.
    """
    own = shared.catalogue.models.names.own
    found = suggest(search, own, limit=limit) if search else (*all_breeds(), *own)[:limit]
    return JSONResponse([_to_json(one, lang) for one in found])


@router.post(
    Route.API_BREEDS,
    response_model=BreedJSON,
    responses=example(_DACHSHUND) | _NOT_ADDED,
    summary="Add a breed",
)
def add(shared: Shared, breed: NewBreed, lang: Lang = "en") -> Response:
    """Adds a breed that the table lacks; it is durable when this answers.

    Of one that people added or a model knows it says more: what is left out stays as it is. A
    French name that is another breed's already is refused, with that breed.
    """
    catalogue = shared.catalogue
    label = catalogue.add_breed(breed.en, breed.fr, fci=breed.fci, group=breed.group)
    return JSONResponse(_to_json(catalogue.models.names.breed(label.id), lang))


def _to_json(breed: Breed, lang: Lang) -> BreedJSON:
    return {
        "id": breed.id,
        "name": breed.name(lang),
        "en": breed.en,
        "fr": breed.fr,
        "aliases": list(breed.aliases),
        "fci": breed.fci,
        "group": breed.group,
        "group_name": breed.group_name(lang),
        "added": breed.id not in dog_ids(),
    }
