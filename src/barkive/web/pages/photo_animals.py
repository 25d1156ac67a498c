"""Which animals a photo shows: told on its page, and changed from there."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Animal, Catalogue
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Number, Shared
from barkive.web.pages.act_words import told_of
from barkive.web.pages.animal_choice import choose, meant
from barkive.web.pages.animal_words import tile
from barkive.web.pages.reviewer import name_of
from barkive.web.urls import Route

router = APIRouter(include_in_schema=False)


class AnimalAct(StrEnum):
    """What can be said of a photo and an animal."""

    ADD = "add"
    TAKE_AWAY = "take_away"


class PhotoAnimalForm(BaseModel):
    """What is said of the photo.

    Attributes:
        act: Whether it shows the animal, or does not.
        animal: Which one, as it was typed.
        dog: The number of the dog that is meant; 0 for the main one.
    """

    act: AnimalAct = AnimalAct.ADD
    animal: str = Field("", max_length=50_000)
    dog: int = Field(0, ge=0, lt=2**53)


@router.post(Route.PHOTO_ANIMALS)
def say(
    request: Request,
    shared: Shared,
    urls: Addresses,
    number: Number,
    form: Annotated[PhotoAnimalForm, Form()],
) -> Response:
    """Puts the photo to an animal, or takes it away."""
    catalogue, by = shared.catalogue, name_of(request)
    entry = catalogue.photo(number)
    animal = meant(catalogue, form.animal)
    if animal is None:
        return choose(
            request,
            catalogue,
            typed=form.animal,
            field="animal",
            action=urls.photo_animals(number),
            back=urls.photo(number),
            kept=[("act", form.act.value), ("dog", str(form.dog))],
        )
    if form.act is AnimalAct.TAKE_AWAY:
        done = catalogue.animals.take_away(animal, [number], by=by)
    else:
        dog = form.dog if len(entry.dogs or ()) > 1 else 0
        done = catalogue.animals.add(animal, [number], dog=dog or None, by=by)
    return RedirectResponse(urls.photo(number, act=done.version) + "#animals", 303)


def shown_on(
    request: Request, catalogue: Catalogue, number: int, words: Messages
) -> dict[str, Any]:
    """What a photo's page tells of its animals.

    Args:
        request: That asks for the page.
        catalogue: Of the photo.
        number: The photo's.
        words: Of the visitor's language.
    """
    found: list[Animal] = catalogue.animals.of_photos([number]).get(number, [])
    return {
        "animals": [tile(one, words) for one in found],
        "animals_said": told_of(request, catalogue, words),
    }
