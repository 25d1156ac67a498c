"""An animal's own page: its record, its photos with what each says, and what was done to it."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import (
    Animal,
    AnimalFields,
    AnimalVerdict,
    CardSize,
    Catalogue,
    Origin,
    View,
    birth_words,
)
from barkive.errors import (
    AnimalChangedMeanwhileError,
    BarkiveError,
    UnknownAnimalError,
    UnknownPhotoError,
    UsageError,
)
from barkive.messages import Messages
from barkive.verdicts import Status
from barkive.web.dependencies import Addresses, AnimalNumber, Shared
from barkive.web.languages import language_of
from barkive.web.pages.act_words import Told, told, told_of
from barkive.web.pages.animal_choice import choose, meant
from barkive.web.pages.animal_form import AnimalForm, choices
from barkive.web.pages.animal_words import breed_line, likeness, tile, word
from barkive.web.pages.gallery import title
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import explained, meant_by
from barkive.web.paths import printable
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.exports import kennel_card
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls, with_query

router = APIRouter(include_in_schema=False)

_SHOWN_VIEWS = 240
_HISTORY = 50
_SIMILAR = 12
_FEW = 6

_Photo = Annotated[int, Field(ge=1, lt=2**63)]


class PhotosAct(StrEnum):
    """What can be done with photos of an animal."""

    MAIN = "main"
    TAKE_AWAY = "take_away"
    MOVE = "move"
    SPLIT = "split"


class PhotosForm(BaseModel):
    """What is done with some photos of an animal.

    Attributes:
        act: What.
        photo: Their numbers.
        main: The number of the photo that is to stand for it; 0 for the best one.
        target: The animal that they are moved to, as it was typed.
    """

    act: PhotosAct = PhotosAct.MAIN
    photo: list[_Photo] = Field(default=[])
    main: int = Field(0, ge=0, lt=2**63)
    target: str = Field("", max_length=50_000)


@router.get(Route.ANIMAL)
def animal(request: Request, shared: Shared, urls: Addresses, number: AnimalNumber) -> Response:
    """The page; of an animal that was merged, that of the other one."""
    animals = shared.catalogue.animals
    try:
        found = animals.get(number)
    except UnknownAnimalError as error:
        if "act" in request.query_params:  # it went by what was just done
            return RedirectResponse(with_query(urls.animals(), **request.query_params), 303)
        return _gone(request, shared, number, error)
    if found.id != number:
        return RedirectResponse(urls.animal(found.id), 303)
    return animal_page(request, shared, found)


@router.post(Route.ANIMAL_EDIT)
def edit(
    request: Request,
    shared: Shared,
    urls: Addresses,
    number: AnimalNumber,
    form: Annotated[AnimalForm, Form()],
) -> Response:
    """Changes the record, if it still is as the visitor saw it."""
    animals = shared.catalogue.animals
    before = animals.get(number)
    try:
        changed = animals.edit(number, form.fields(), by=name_of(request), seen=form.seen or None)
    except UsageError as error:
        return animal_page(request, shared, animals.get(number), form=form, fault=error)
    # The form's own fragment leads to it where something is wrong.
    return RedirectResponse(urls.animal(changed.id, act=_act(before, changed)) + "#said", 303)


@router.post(Route.ANIMAL_PHOTOS)
def photos(
    request: Request,
    shared: Shared,
    urls: Addresses,
    number: AnimalNumber,
    form: Annotated[PhotosForm, Form()],
) -> Response:
    """Does something with photos of the animal."""
    animals, by = shared.catalogue.animals, name_of(request)
    here = animals.get(number)
    if form.act is not PhotosAct.MAIN and not form.photo:
        return animal_page(request, shared, here, none_selected=True)
    try:
        match form.act:
            case PhotosAct.MAIN:
                shown = AnimalFields(main_photo=form.main)
                act = _act(here, animals.edit(here, shown, by=by))
            case PhotosAct.TAKE_AWAY:
                act = _act(here, animals.take_away(here, form.photo, by=by))
            case PhotosAct.SPLIT:
                made = animals.split(here, form.photo, by=by)
                return RedirectResponse(urls.animal(made.id, act=made.version), 303)
            case PhotosAct.MOVE:
                target = meant(shared.catalogue, form.target)
                if target is None:
                    kept = [("photo", str(one)) for one in form.photo]
                    return choose(
                        request,
                        shared.catalogue,
                        typed=form.target,
                        field="target",
                        action=urls.animal_photos(here.id),
                        back=urls.animal(here.id),
                        kept=[("act", form.act.value), *kept],
                    )
                act = _act(target, animals.move(form.photo, here, target, by=by))
    except (UsageError, UnknownPhotoError) as error:
        return animal_page(request, shared, here, fault=error)
    return RedirectResponse(urls.animal(here.id, act=act), 303)


def _act(before: Animal, after: Animal) -> int | None:
    """The number of the act that changed an animal; None where it was so before."""
    return after.version if after.version != before.version else None


@router.get(Route.ANIMAL_SIMILAR)
def similar(request: Request, shared: Shared, urls: Addresses, number: AnimalNumber) -> Response:
    """The animals that look like this one.

    A page of its own, because they are looked for among all; with script it becomes a part of the
    animal's page.
    """
    words = Messages(language_of(request))
    here = shared.catalogue.animals.get(number)
    found = shared.catalogue.animals.similar(here, limit=_SIMILAR)
    return render(
        request,
        "animal_similar.html",
        title=here.title,
        back=urls.animal(here.id),
        rows=[
            {
                "tile": tile(one.animal, words),
                "how": likeness(one.similarity, words),
                "merge": urls.merge_animal(here.id, other=one.animal.id),
            }
            for one in found
        ],
    )


@router.get(Route.ANIMAL_MERGE)
def look_at_both(
    request: Request, shared: Shared, urls: Addresses, number: AnimalNumber, other: str = ""
) -> Response:
    """Shows both animals before they become one."""
    catalogue = shared.catalogue
    here = catalogue.animals.get(number)
    there = meant(catalogue, other)
    if there is None or there.id == here.id:
        return choose(
            request,
            catalogue,
            typed=other,
            field="other",
            action=urls.merge_animal(here.id),
            back=urls.animal(here.id),
            method="get",
        )
    words = Messages(language_of(request))
    return render(
        request,
        "animal_merge.html",
        animal=here,
        action=urls.merge_animal(here.id),
        both=[_side(catalogue, one, words) for one in (here, there)],
    )


@router.post(Route.ANIMAL_MERGE)
def merge(
    request: Request,
    shared: Shared,
    urls: Addresses,
    number: AnimalNumber,
    other: Annotated[int, Form(ge=1, lt=2**63)],
    keep: Annotated[int, Form(ge=1, lt=2**63)],
) -> Response:
    """Makes two animals one: the one that is kept takes what the other has."""
    animals = shared.catalogue.animals
    goes = other if keep == number else number
    try:
        kept = animals.merge([goes], into=keep, by=name_of(request))
    except UsageError as error:
        return animal_page(request, shared, animals.get(number), fault=error)
    return RedirectResponse(urls.animal(kept.id, act=kept.version), 303)


@router.post(Route.ANIMAL_REMOVE)
def remove(request: Request, shared: Shared, urls: Addresses, number: AnimalNumber) -> Response:
    """Removes the animal; its photos stay."""
    removed = shared.catalogue.animals.remove(number, by=name_of(request))
    return RedirectResponse(urls.animals(act=removed.version), 303)


@router.get(Route.ANIMAL_CARD)
def card(request: Request, shared: Shared, number: AnimalNumber, size: CardSize = "a5") -> Response:
    """The kennel card, to be printed."""
    here = shared.catalogue.animals.get(number)
    content = kennel_card(shared.catalogue, here, language_of(request), size)
    headers = {"Content-Disposition": f'inline; filename="barkive-{here.id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def animal_page(
    request: Request,
    shared: Service,
    here: Animal,
    *,
    form: AnimalForm | None = None,
    fault: BarkiveError | None = None,
    none_selected: bool = False,
) -> Response:
    """An animal's page, with what is wrong with what was sent to it.

    Args:
        request: That asks for it.
        shared: What every request shares.
        here: The animal.
        form: Of the record, where that was sent.
        fault: What is wrong.
        none_selected: Whether something was to be done with photos, and none was selected.
    """
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    catalogue = shared.catalogue
    history = catalogue.animals.history(here, limit=_HISTORY)
    meanwhile: list[Told] = []
    if form and isinstance(fault, AnimalChangedMeanwhileError):
        later = [act for act in history if act.id > form.seen]
        meanwhile = told(catalogue, later, words, here.id)
        # What they save now stands over what they have been told of.
        form = form.model_copy(update={"seen": here.version})
    views = catalogue.animals.views(here)
    return render(
        request,
        "animal.html",
        status=status_of(fault) if fault else 422 if none_selected else 200,
        animal=here,
        title=here.title,
        status_word=word("status", here.status, words),
        breed=breed_line(here, words),
        verdict=_verdict(here.verdict, words),
        facts=_facts(here, words),
        main=here.main_photo,
        views=[_view(one, here, words) for one in views[:_SHOWN_VIEWS]],
        further=max(0, len(views) - _SHOWN_VIEWS),
        cards=[
            (size, urls.animal_card(here.id, size=size, lang=words.lang)) for size in ("a5", "a4")
        ],
        form=form or AnimalForm.of(here, words),
        is_edited=form is not None,
        choices=choices(words),
        meant=meant_by(fault, catalogue),
        fault=explained(fault, words) if fault and not meanwhile else "",
        fault_in=form.field_of(fault) if form and fault else "",
        meanwhile=meanwhile,
        none_selected=none_selected,
        said=told_of(request, catalogue, words, here.id),
        history=told(catalogue, history, words, here.id),
        suggested=_suggested(catalogue, here),
    )


def _gone(request: Request, shared: Service, number: int, error: UnknownAnimalError) -> Response:
    """The page of an animal that was removed, with the way to have it back.

    Raises:
        UnknownAnimalError: There never was such an animal.
    """
    record = shared.catalogue.animals.records([number]).get(number)
    if record is None:
        raise error
    words = Messages(language_of(request))
    acts = told(shared.catalogue, [shared.catalogue.animals.act(record.version)], words, number)
    return render(
        request, "animal_gone.html", status=404, number=number, title=record.title, act=acts[0]
    )


def _suggested(catalogue: Catalogue, here: Animal) -> dict[str, int] | None:
    """The first suggestion of more photos for an animal; None where there is none."""
    found = catalogue.animals.suggestions(limit=1, animal=here.id)
    return {"id": found[0].id, "n": len(found[0].photos)} if found else None


def _verdict(verdict: AnimalVerdict, words: Messages) -> dict[str, Any]:
    """Who says what of the breed, and how sure that is."""
    best = verdict.breeds[0] if verdict.breeds else None
    is_model = verdict.origin is Origin.MODEL
    who = ""
    if verdict.origin is not None:
        who = words(f"animals.by_{verdict.origin.value}", n=verdict.views)
    elif not verdict.breeds:
        who = words("animals.by_nobody")
    sure = ""
    if is_model and best is not None and verdict.status is Status.DOG:
        how, share = words.likelihood(best.probability), words.percent(best.probability)
        sure = f"{how} · {share}"
    elif is_model and verdict.status is Status.UNCERTAIN:
        sure = words("animals.not_sure")
    return {
        "status": verdict.status.value if verdict.status else "",
        "who": who,
        "sure": sure,
        "breeds": verdict.breeds if is_model else (),
        "disagrees": verdict.disagrees,
    }


def _facts(here: Animal, words: Messages) -> list[tuple[str, str]]:
    """What is recorded, each with its name."""
    birth = birth_words(here.birth, here.birth_is_estimate, words.lang) if here.birth else None
    facts = {
        "code": here.code,
        "status": word("status", here.status, words),
        "species": word("species", here.species, words),
        "sex": word("sex", here.sex.value, words) if here.sex else None,
        "birth": birth,
        "arrived": words.day(here.arrived) if here.arrived else None,
        "left": words.day(here.left) if here.left else None,
    }
    return [(words(f"animals.{name}"), value) for name, value in facts.items() if value]


def _view(view: View, here: Animal, words: Messages) -> dict[str, Any]:
    """One photo, and what it says."""
    best = view.breeds[0] if view.breeds else None
    is_guess = best is not None and not view.corrected
    names = " × ".join(one.label.name(words.lang) for one in view.breeds[:2])
    if view.status is Status.UNCERTAIN and is_guess and best is not None:
        what = words("photos.perhaps", breed=best.label.name(words.lang))
    elif view.status is Status.DOG and best is not None:
        what = names if view.corrected else best.label.name(words.lang)
    else:
        what = title(view.entry, words)
    return {
        "id": view.entry.id,
        "said": view.entry.said_id,
        "file": printable(os.path.basename(view.entry.file)),  # noqa: PTH119 - text, and no path
        "missing": view.entry.missing_since is not None,
        "status": view.status.value,
        "what": what,
        "share": words.percent(best.probability) if is_guess and best is not None else "",
        "corrected": view.corrected,
        "same_as": view.same_as,
        "disagrees": view.disagrees,
        "is_main": view.entry.id == here.main_photo,
    }


def _side(catalogue: Catalogue, one: Animal, words: Messages) -> dict[str, Any]:
    """One of two animals that may become one."""
    return {
        **tile(one, words),
        "facts": _facts(one, words),
        "notes": one.notes or "",
        "views": [_view(view, one, words) for view in catalogue.animals.views(one)[:_FEW]],
    }
