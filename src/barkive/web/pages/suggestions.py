"""The suggested groups: photos that seem to show one animal, one key each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Animal, AnimalFields, Catalogue, Filter, Suggestion
from barkive.errors import AnimalCodeTakenError, UnknownPhotoError, UsageError
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.act_words import told_of
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import page_of
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.services.suggestion_job import Looked
from barkive.web.urls import Route

router = APIRouter(include_in_schema=False)

CHUNK = 20
"""Suggestions on a page."""
_SHOWN = 24
_PATTERNS = 6
_LONGEST = 50_000

_Number = Annotated[int, Field(ge=1, lt=2**63)]


class SuggestionForm(BaseModel):
    """What becomes of a suggestion.

    Attributes:
        suggestion: Its number.
        refuse: Whether it is refused; else it is accepted.
        joined: The number of another one that is of the same animal; 0 for none.
        had: The numbers of the photos that could be chosen.
        photo: Those of them that were.
        code: Of the animal, where it is a new one.
        name: Likewise.
        sure: Whether a large one is meant as a whole.
    """

    suggestion: _Number
    refuse: bool = False
    joined: int = Field(0, ge=0, lt=2**63)
    had: list[_Number] = Field(default=[])
    photo: list[_Number] = Field(default=[])
    code: str | None = Field(None, max_length=_LONGEST)
    name: str | None = Field(None, max_length=_LONGEST)
    sure: bool = False


@router.get(Route.SUGGESTIONS)
def suggestions(request: Request, shared: Shared) -> Response:
    """The page."""
    return _page(request, shared)


@router.post(Route.SUGGESTIONS_FIND)
def look(
    request: Request,
    shared: Shared,
    urls: Addresses,
    pattern: Annotated[str, Form(max_length=_LONGEST)] = "",
) -> Response:
    """Looks for groups anew, and shows how far that is or what was found."""
    looked = shared.suggestion_job.look(pattern.strip())
    if looked.fault is not None:
        return _page(request, shared)
    return RedirectResponse(urls.suggestions(), 303)


@router.post(Route.SUGGESTIONS_ACCEPT)
def accept_all(
    request: Request,
    shared: Shared,
    urls: Addresses,
    only: Annotated[list[_Number], Form(max_length=CHUNK)],
) -> Response:
    """Accepts the suggestions that the visitor saw, as they are; large ones stay."""
    done = shared.catalogue.animals.accept_all(only, by=name_of(request))
    counts = {"accepted": len(done.acts), "left": len(done.left_out)}
    return RedirectResponse(urls.suggestions(**counts), 303)


@router.post(Route.SUGGESTIONS)
def decide(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[SuggestionForm, Form()]
) -> Response:
    """Accepts a suggestion or refuses it, and goes on to the next one."""
    animals, by = shared.catalogue.animals, name_of(request)
    try:
        if form.refuse:
            act = animals.refuse(form.suggestion, by=by).id
        else:
            act = _accept(shared.catalogue, form, by).version
    except (UsageError, UnknownPhotoError) as error:
        return _page(request, shared, form=form, fault=error)
    page = page_of(request)
    return RedirectResponse(urls.suggestions(page=page if page > 1 else None, act=act), 303)


def _accept(catalogue: Catalogue, form: SuggestionForm, by: str | None) -> Animal:
    """Accepts a suggestion, or those photos of it that were chosen.

    Raises:
        UsageError: It can't be accepted so.
    """
    meant = [form.suggestion, *([form.joined] if form.joined else [])]
    known = {one.id: one for one in catalogue.animals.suggestions() if one.id in meant}
    here = known.get(form.suggestion)
    if here is not None and here.is_large and not form.sure:
        raise UsageError("animal_suggestion_large_sure", n=len(here.photos))
    left_out = set(form.had) - set(form.photo)
    photos = None
    if left_out:
        photos = [x for one in known.values() for x in one.photos if x not in left_out]
    fields = AnimalFields(code=form.code, name=form.name)
    return catalogue.animals.accept(meant, photos, fields, by=by)


def _page(
    request: Request,
    shared: Service,
    *,
    form: SuggestionForm | None = None,
    fault: UsageError | UnknownPhotoError | None = None,
) -> Response:
    words = Messages(language_of(request))
    catalogue = shared.catalogue
    animals = catalogue.animals
    looked = shared.suggestion_job.last or Looked()
    total = animals.count_suggestions()
    pages = max(1, -(-total // CHUNK))
    page = min(page_of(request), pages)
    accepted, left = (_count(request, name) for name in ("accepted", "left"))
    only = request.query_params.get("only", "")
    if only.isascii() and only.isdigit():
        found = [one for one in animals.suggestions() if str(one.id) == only]
    else:
        found = animals.suggestions(limit=CHUNK, offset=(page - 1) * CHUNK)
    known = animals.records({one.animal for one in found if one.animal is not None})
    typed = form if form and any(one.id == form.suggestion for one in found) else None
    status = (
        status_of(fault) if fault else 422 if looked.fault and request.method == "POST" else 200
    )
    return render(
        request,
        "suggestions.html",
        status=status,
        looked=looked,
        has_looked=shared.suggestion_job.last is not None,
        looked_fault=looked.fault.text(words.lang) if looked.fault else "",
        patterns=[
            {"text": one.pattern.text, "photos": one.photos, "animals": one.animals}
            for one in looked.patterns[:_PATTERNS]
        ],
        accepted=accepted,
        left=left,
        total=total,
        page=page,
        pages=pages,
        is_single=bool(only),
        shown=[
            _suggestion(
                one,
                known,
                words,
                typed if typed and typed.suggestion == one.id else None,
                whole=bool(only),
            )
            for one in found
        ],
        neighbours=[0, *(one.id for one in found), 0],
        fault=fault.text(words.lang) if fault else "",
        fault_of=typed.suggestion if typed else 0,
        fault_in="code" if isinstance(fault, AnimalCodeTakenError) else "",
        ungrouped=not total and _ungrouped(catalogue),
        said=told_of(request, catalogue, words),
    )


def _count(request: Request, name: str) -> int:
    """A small number that the address holds; 0 where it holds none."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else 0


def _ungrouped(catalogue: Catalogue) -> bool:
    """Whether there are photos that belong to no animal."""
    return bool(catalogue.page(Filter(grouped=False), limit=1))


def _suggestion(
    one: Suggestion,
    known: Mapping[int, Animal],
    words: Messages,
    typed: SuggestionForm | None,
    *,
    whole: bool,
) -> dict[str, Any]:
    """A suggestion as it is shown.

    Args:
        one: The suggestion.
        known: The animals to which something is suggested.
        words: Of the visitor's language.
        typed: What was sent of it, where that was refused.
        whole: Whether all of its photos are shown.
    """
    animal = known.get(one.animal) if one.animal is not None else None
    shown = one.photos if whole else one.photos[:_SHOWN]
    chosen = set(typed.photo) if typed and typed.had else set(shown)
    code = typed.code if typed and typed.code is not None else one.code
    name = typed.name if typed and typed.name is not None else one.name
    title = " ".join(filter(None, (one.code, one.name)))
    return {
        "id": one.id,
        "animal": animal,
        "title": animal.title if animal else title or words("groups.unnamed"),
        "reason": one.reason.text(words.lang),
        "n": len(one.photos),
        "photos": [(number, number in chosen) for number in shown],
        "further": len(one.photos) - len(shown),
        "code": code or "",
        "name": name or "",
        "is_large": one.is_large,
    }
