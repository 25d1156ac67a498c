"""The breeds: which ones the model knows and was taught, and how often it is right on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from barkive.breeds import Breed, dog_ids, normalise, suggest
from barkive.catalogue import BreedOverview, Catalogue, KnownModel
from barkive.errors import UsageError
from barkive.learning import FEWEST_PHOTOS, Score
from barkive.messages import Messages
from barkive.text import fold
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.moments import moment, told
from barkive.web.pages.views import group_chip
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls, with_query

router = APIRouter(include_in_schema=False)

_GROUPS = range(1, 11)
_ADDED = "added"
_LONGEST = 200
_LAST_FCI = 999
# In which field of the form a value is wrong, where that is not the name.
_FIELDS = {"breed_french_taken": "fr", "breed_fci_range": "fci", "filter_group_range": "group"}


@dataclass(frozen=True, slots=True)
class _View:
    """Which breeds an address asks for.

    Attributes:
        text: A part of a name in either language.
        group: The number of an FCI group, `added` for those that the table lacks, or empty for all.
    """

    text: str = ""
    group: str = ""

    @classmethod
    def of(cls, params: QueryParams) -> _View:
        """Reads an address; what can't be understood counts as not there."""
        group = params.get("group", "")
        return cls(
            text=params.get("text", "").strip()[:_LONGEST],
            group=group if group in (_ADDED, *map(str, _GROUPS)) else "",
        )

    def address(self, path: str, **more: str) -> str:
        """The address of these breeds."""
        return with_query(path, text=self.text, group=self.group, **more)

    def chosen(self, breeds: Sequence[BreedOverview], own: Sequence[Breed]) -> list[BreedOverview]:
        """Those of the breeds that are asked for.

        Args:
            breeds: All of them.
            own: Those that the table lacks.
        """
        named = suggest(self.text, own, limit=len(breeds)) if self.text else ()
        found = {one.id for one in named}
        return [
            one
            for one in breeds
            if (not self.text or one.label.id in found) and self._is_in_group(one)
        ]

    def _is_in_group(self, one: BreedOverview) -> bool:
        if self.group == _ADDED:
            return one.label.id not in dog_ids()
        return self.group in ("", str(one.group))


class BreedForm(BaseModel):
    """What people say of a breed.

    Attributes:
        en: Its name in English, or the one that it has in both languages.
        fr: Its French name; empty where that is the same.
        fci: The FCI's number; empty for none.
        group: The FCI's group; empty for none.
    """

    en: Annotated[str, Field(max_length=_LONGEST)] = ""
    fr: Annotated[str, Field(max_length=_LONGEST)] = ""
    fci: Annotated[str, Field(max_length=20)] = ""
    group: Annotated[str, Field(max_length=20)] = ""

    def numbers(self) -> tuple[int, int]:
        """The FCI's number and group; 0 for none.

        Raises:
            UsageError: One of them is none that there is.
        """
        return (
            _number(self.fci, "breed_fci_range", fci=self.fci, limit=_LAST_FCI),
            _number(self.group, "filter_group_range", group=self.group),
        )

    def field_of(self, error: UsageError) -> str:
        """In which field something is wrong."""
        is_french = error.code == "breed_name_without_letters" and normalise(self.en)
        return "fr" if is_french else _FIELDS.get(error.code, "en")


class ChangeForm(BreedForm):
    """What people say of a breed that they added.

    Attributes:
        breed: Its id.
        merge: Whether it may become another breed.
    """

    breed: Annotated[str, Field(max_length=_LONGEST)]
    merge: bool = False


@router.get(Route.BREEDS)
def breeds(request: Request, shared: Shared) -> Response:
    """The page."""
    return _page(request, shared)


@router.post(Route.BREEDS)
def add(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[BreedForm, Form()]
) -> Response:
    """Adds a breed."""
    try:
        fci, group = form.numbers()
        label = shared.catalogue.add_breed(
            form.en, form.fr.strip() or None, fci=fci or None, group=group or None
        )
    except UsageError as error:
        return _page(request, shared, form=form, fault=error)
    return RedirectResponse(urls.breeds(said=label.id), 303)


@router.get(Route.BREEDS_CHANGE)
def back(request: Request, urls: Addresses) -> Response:
    """To the breeds: where a form has sent somebody who then changes the language."""
    return RedirectResponse(f"{urls.breeds()}?{request.url.query}", 303)


@router.post(Route.BREEDS_CHANGE)
def change(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[ChangeForm, Form()]
) -> Response:
    """Changes a breed that people added."""
    catalogue = shared.catalogue
    view = _View.of(request.query_params)
    try:
        fci, group = form.numbers()
        before = catalogue.models.names.label(form.breed)
        # Of an empty field the name is the same in both languages.
        french = form.fr.strip() or before.en
        label = catalogue.describe_breed(form.breed, fr=french, fci=fci, group=group)
        if form.en.strip() != before.en:
            label = catalogue.rename_breed(label.id, form.en, merge=form.merge).after
    except UsageError as error:
        return _page(request, shared, form=form, fault=error)
    return RedirectResponse(view.address(urls.breeds(), said=label.id), 303)


def _page(
    request: Request,
    shared: Service,
    *,
    form: BreedForm | None = None,
    fault: UsageError | None = None,
) -> Response:
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    catalogue, view = shared.catalogue, _View.of(request.query_params)
    classifier = shared.classifier
    known = catalogue.breeds_overview(classifier)
    rows = view.chosen(known, catalogue.models.names.own)
    rows.sort(key=lambda one: (fold(one.label.name(words.lang)), one.label.id))
    model = _in_use(shared)
    tested = _tested(catalogue, model)
    changed = form.breed if isinstance(form, ChangeForm) else None
    said = request.query_params.get("said", "")
    labels = catalogue.models.names.labels
    return render(
        request,
        "breeds.html",
        status=422 if fault else 200,
        view=view,
        rows=[_row(one, tested.get(one.label.id), urls, words) for one in rows],
        known=sum(one.is_known for one in known),
        taught=sum(one.label.id not in dog_ids() for one in known),
        groups=[(group, group_chip(group, words)) for group in _GROUPS],
        action=view.address(urls.breeds()),
        change=view.address(urls.change_breed()),
        form=form or BreedForm(),
        fault=fault,
        fault_in=form.field_of(fault) if form and fault else "",
        can_merge=fault is not None and fault.code == "breed_rename_taken",
        changed=changed,
        is_listed=any(one.label.id == changed for one in rows if one.label.id not in dog_ids()),
        said=labels[said].name(words.lang) if said in labels else "",
        model={
            "name": shared.classifier.bundle.model,
            "told": _origin(model, words),
            "undone": _undone(shared, words),
            "can_undo": model is not None and model.is_in_use,
        },
    )


def _row(one: BreedOverview, tested: Score | None, urls: Urls, words: Messages) -> dict[str, Any]:
    """What is known of a breed.

    Args:
        one: The breed.
        tested: How often its photos were named right by models that had not learned from them;
            None where none was learned from.
        urls: Of the server.
        words: Of the visitor's language.
    """
    label = one.label
    judged, right = (tested.photos, tested.after) if tested else (one.judged, one.right)
    is_told = judged and one.is_known
    name = label.name(words.lang)
    other = label.en if words.lang == "fr" else label.fr
    fci = words("breeds.fci", number=str(one.fci)) if one.fci else None
    group = group_chip(one.group, words) if one.group else None
    return {
        "id": label.id,
        "name": name,
        "other": other if other != name else "",
        "en": label.en,
        "fr": label.fr if label.fr != label.en else "",
        "fci": str(one.fci) if one.fci else "",
        "group": str(one.group) if one.group else "",
        "table": " · ".join(filter(None, (fci, group))),
        "photos": one.photos,
        "told": words("breeds.right", n=judged, right=right) if is_told else "",
        "judged": judged,
        "right": right,
        "examples": one.examples,
        "is_added": label.id not in dog_ids(),
        "wait": "" if one.is_known else _wait(one, words),
        "address": urls.photos(breed=label.id) if one.photos else None,
    }


def _wait(one: BreedOverview, words: Messages) -> str:
    """Why the model does not know a breed."""
    if not one.labelled:
        return words("breeds.unknown")
    if one.labelled < FEWEST_PHOTOS:
        return words("breeds.too_few", n=one.labelled, fewest=FEWEST_PHOTOS)
    return words("breeds.not_learned")


def _in_use(shared: Service) -> KnownModel | None:
    """The model in use, where it was learned from labels; None where it was not."""
    own = (one for one in shared.catalogue.known_models() if shared.is_in_use(one))
    return next((one for one in own if one.parent is not None), None)


def _tested(catalogue: Catalogue, model: KnownModel | None) -> dict[str, Score]:
    """How often a model was right on photos of each breed when it learned, by the breed's id."""
    if model is None or model.report is None:
        return {}
    meant = catalogue.models.names.meant
    return {meant(one.breed.id): one.score for one in model.report.breeds}


def _origin(model: KnownModel | None, words: Messages) -> str | Markup:
    """What the model in use has learned from."""
    if model is None or model.learned_at is None:
        return words("breeds.not_taught")
    return told(
        words,
        "breeds.learned",
        day=moment(model.learned_at, words),
        n=model.report.photos if model.report else 0,
        by=model.learned_by or words("photo.somebody"),
    )


def _undone(shared: Service, words: Messages) -> str | Markup:
    """Who went back to the model in use, from the last that learned from it, and when."""
    known = shared.catalogue.known_models()
    used = {one.name for one in known if shared.is_in_use(one)}
    when = [(one.undone_at, one.undone_by) for one in known if one.undone_at and one.parent in used]
    if not when:
        return ""
    day, by = max(when, key=itemgetter(0))
    return told(words, "breeds.undone", day=moment(day, words), by=by or words("photo.somebody"))


def _number(value: str, code: str, **params: Any) -> int:
    text = value.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise UsageError(code, **params)
    return int(text)
