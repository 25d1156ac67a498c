"""The breeds: those of the table, and those that models or people added."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.breeds import Breed, all_breeds, suggest
from barkive.web.api.openapi import example
from barkive.web.api.parameters import Lang
from barkive.web.dependencies import Shared
from barkive.web.urls import Route

router = APIRouter(tags=["breeds"])


class BreedJSON(TypedDict):
    """A breed."""

    id: str
    name: str
    en: str
    fr: str
    aliases: list[str]
    fci: int | None
    group: int | None
    group_name: str | None


@router.get(
    Route.API_BREEDS,
    response_model=list[BreedJSON],
    responses=example(
        [
            {
                "id": "n02110185",
                "name": "Siberian Husky",
                "en": "Siberian Husky",
                "fr": "Husky de Sibérie",
                "aliases": [],
                "fci": 270,
                "group": 5,
                "group_name": "Spitz and primitive types",
            }
        ]
    ),
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
    }
