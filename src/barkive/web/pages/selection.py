"""What is done with many photos at once: an animal, a label, an export; or they are taken out.

The photos come as numbers, or as all that fit the filters of the address. Of these the number is
sent that the visitor saw: where other photos fit by now, the page asks again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from barkive.catalogue import AnimalFields, Catalogue, Entry, Filter, Forgotten, Kind
from barkive.errors import (
    AnimalCodeTakenError,
    BarkiveError,
    CatalogueError,
    MissingExtraError,
    UnknownBreedError,
    UsageError,
)
from barkive.messages import Message, Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.events import counted, told
from barkive.web.languages import language_of
from barkive.web.pages.acts import PATIENCE
from barkive.web.pages.animal_choice import candidates
from barkive.web.pages.breed_choice import (
    NOTHING_TYPED,
    Choice,
    LabelForm,
    correction,
    wrong_field,
)
from barkive.web.pages.export_choice import CHOSEN_FIRST, ExportFields, choices
from barkive.web.pages.exports import send
from barkive.web.pages.gallery import tile, title
from barkive.web.pages.reviewer import name_of
from barkive.web.pages.views import MOST_NUMBERS, View, explained, turned_to
from barkive.web.paths import printable
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.exports import available
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls, changed, with_query

router = APIRouter(include_in_schema=False)

MANY = 1000
"""So many photos are asked after once more before something is done with them."""
_SHOWN = 12
_LISTED = 100
_COUNTED = 10_000
_NUMBERS = r"^([0-9]{1,18}( [0-9]{1,18})*)?$"
_LARGEST = 2**63

_Number = Annotated[int, Field(ge=1, lt=_LARGEST)]


class Step(StrEnum):
    """What can be done with selected photos."""

    NEW = "new"
    ADD = "add"
    LABEL = "label"
    EXPORT = "export"
    FORGET = "forget"
    REVIEW = "review"


class SelectionForm(BaseModel):
    """The photos that a visitor selected.

    Attributes:
        photo: Their numbers, as boxes that were ticked without script.
        photos: Their numbers with blanks between; where `every` is true, those left out.
        every: Whether all that fit the address are meant.
        matching: How many fitted it when the visitor selected them.
        since: The number of the last label that the visitor may have seen.
        sure: Whether the visitor said yes to so many.
        back: The address of the photo whose page a visitor comes from; empty for the list.
    """

    photo: list[_Number] = []
    photos: str = Field("", pattern=_NUMBERS)
    every: bool = False
    matching: int = Field(0, ge=0, lt=_LARGEST)
    since: int = Field(0, ge=0, lt=_LARGEST)
    sure: bool = False
    back: str = Field("", max_length=8192)


class StepForm(SelectionForm):
    """What a visitor wants to do with them.

    Attributes:
        step: What.
        text: Letters of the animal that they are added to.
    """

    step: Step = Step.LABEL
    text: str = Field("", max_length=200)


class NewForm(SelectionForm):
    """An animal that is made of them.

    Attributes:
        name: What it is called.
        code: The shelter's own.
    """

    name: str = Field("", max_length=1000)
    code: str = Field("", max_length=1000)


class AddForm(SelectionForm):
    """The animal that they are added to.

    Attributes:
        animal: Its number.
    """

    animal: _Number


class SelectionLabelForm(SelectionForm, LabelForm):
    """What a visitor says of each of them.

    Attributes:
        kind: What is said.
        others: Whether also of those that somebody has named meanwhile.
    """

    kind: Literal["breed", "not_dog", "unsure", "note"]
    others: bool = False


class ExportForm(SelectionForm, ExportFields):
    """The form in which they are exported."""


class ForgetForm(SelectionForm):
    """How they are taken out.

    Attributes:
        labels: Whether what people said of them goes as well.
    """

    labels: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The photos that are meant, as of now.

    Attributes:
        numbers: Theirs, in the order of the list.
        matching: How many fit the filters now, where all of them are meant; else 0.
        form: As it was sent.
        view: The address.
    """

    numbers: tuple[int, ...]
    matching: int
    form: SelectionForm
    view: View

    @classmethod
    def of(cls, request: Request, catalogue: Catalogue, form: SelectionForm) -> Selection:
        """Reads which photos are meant."""
        view = View.of(request.query_params, catalogue)
        listed = dict.fromkeys([*map(int, form.photos.split()), *form.photo])
        if not form.every:
            return cls(tuple(listed), 0, form, view)
        found = catalogue.numbers(view.query) if not view.faults else []
        return cls(tuple(one for one in found if one not in listed), len(found), form, view)

    @property
    def with_copies(self) -> bool:
        """Whether copies are taken out with them: of a file that is gone, one may be there."""
        return not self.view.query.missing

    @property
    def fault(self) -> str | None:
        """Why nothing is done with them: the key of a sentence; None where nothing is wrong."""
        if self.matching != (self.form.matching if self.form.every else 0):
            return "selection.matching_changed"
        if not self.numbers:
            return "selection.nothing"
        if len(self.numbers) > MANY and not self.form.sure:
            return "selection.not_sure"
        return None

    def fields(self) -> list[tuple[str, str]]:
        """The fields of a form that say which photos are meant."""
        form = self.form
        listed = form.photos.split() if form.every else map(str, self.numbers)
        fields = [("photos", " ".join(listed)), ("since", str(form.since))]
        if form.every:
            fields += [("every", "true"), ("matching", str(self.matching))]
        if form.back:
            fields.append(("back", form.back))
        return fields


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a step's page shows beside its form.

    Attributes:
        fault: What is wrong, as a sentence.
        status: The HTTP status.
        wrong: The field of the form in which it is wrong; empty for none.
        typed: What stands in its fields.
        choice: A breed's name that is none, with what may be meant.
    """

    fault: str | None = None
    status: int = 200
    wrong: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    choice: Choice | None = None


@router.get(Route.SELECTION_NUMBERS)
def numbers(
    request: Request,
    shared: Shared,
    first: Annotated[int, Query(ge=0, lt=_LARGEST)],
    last: Annotated[int, Query(ge=0, lt=_LARGEST)],
) -> Response:
    """The numbers of the photos from one place of the list to another, both from 0 on."""
    view = View.of(request.query_params, shared.catalogue)
    listed: list[int] = []
    if not view.faults and first <= last:
        listed = shared.catalogue.numbers(
            view.query, offset=first, limit=last - first + 1, order=view.order
        )
    return JSONResponse(listed)


@router.post(Route.SELECTION)
def choose(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[StepForm, Form()]
) -> Response:
    """The page on which something is done with the photos, or their review."""
    selection = Selection.of(request, shared.catalogue, form)
    if form.step is Step.REVIEW and selection.numbers:
        if review := _review(selection, urls):
            return RedirectResponse(review, 303)
        words = Messages(language_of(request))
        told = words("selection.review_too_many", n=len(selection.numbers), most=MOST_NUMBERS)
        return _page(request, shared, form.step, selection, _Shown(told, 422))
    return _page(request, shared, form.step, selection, typed={"text": form.text})


@router.post(Route.SELECTION_NEW)
def make(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[NewForm, Form()]
) -> Response:
    """Makes an animal of the photos, and goes to its page."""
    selection = Selection.of(request, shared.catalogue, form)
    typed = {"name": form.name, "code": form.code}
    if selection.fault:
        return _page(request, shared, Step.NEW, selection, typed=typed)
    fields = AnimalFields(name=form.name, code=form.code)
    try:
        animal = shared.catalogue.animals.new(fields, selection.numbers, by=name_of(request))
    except (UsageError, CatalogueError) as error:
        wrong = "code" if isinstance(error, AnimalCodeTakenError) else "name"
        shown = _refused(error, request, wrong=wrong, typed=typed)
        return _page(request, shared, Step.NEW, selection, shown)
    return RedirectResponse(urls.animal(animal.id, act=animal.version), 303)


@router.post(Route.SELECTION_ADD)
def add(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[AddForm, Form()]
) -> Response:
    """Adds the photos to an animal."""
    selection = Selection.of(request, shared.catalogue, form)
    if selection.fault:
        return _page(request, shared, Step.ADD, selection)
    try:
        animals = shared.catalogue.animals
        animal = animals.add(form.animal, selection.numbers, by=name_of(request))
    except (UsageError, CatalogueError) as error:
        return _page(request, shared, Step.ADD, selection, _refused(error, request))
    kept = {"page": turned_to(request), "act": animal.version}
    return RedirectResponse(selection.view.address(urls.photos(), **kept), 303)


@router.post(Route.SELECTION_LABEL)
def label(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[SelectionLabelForm, Form()]
) -> Response:
    """Labels the photos, and tells those that could not be."""
    catalogue = shared.catalogue
    selection = Selection.of(request, catalogue, form)
    if selection.fault:
        return _page(request, shared, Step.LABEL, selection, typed=form.typed())
    # A note alone takes nobody's word away.
    is_meant = form.others or form.kind == "note"
    since = [] if is_meant else _named_since(catalogue, selection)
    named = {entry.id for entry in since}
    meant = [number for number in selection.numbers if number not in named]
    try:
        said = correction(request, catalogue.models, Kind(form.kind), form)
        left_out = [
            Message("label_spoken_since_listed", {"file": printable(one.file)}) for one in since
        ]
        job = shared.label_jobs.label(meant, said, left_out)
        job = shared.label_jobs.wait(job, PATIENCE)
        if job.error is not None:
            raise job.error
    except UnknownBreedError as error:
        kept = form.fields(kind=form.kind, others="true" if form.others else "")
        kept += [*selection.fields(), ("sure", "true" if form.sure else "")]
        choice = Choice.of(error, catalogue.models, kept)
        shown = _Shown(choice=choice, typed=form.typed(), status=422)
        return _page(request, shared, Step.LABEL, selection, shown)
    except BarkiveError as error:
        wrong = wrong_field(error, form) if isinstance(error, UsageError) else "breed"
        shown = _refused(error, request, wrong=wrong, typed=form.typed())
        return _page(request, shared, Step.LABEL, selection, shown)
    back = selection.view.address(urls.photos(), page=turned_to(request))
    return RedirectResponse(urls.selection_job(job.id, back=back), 303)


@router.get(Route.SELECTION_JOB)
def watch(
    request: Request, shared: Shared, urls: Addresses, job_id: str, back: str = ""
) -> Response:
    """How far labelling is, and what it left out; else `back`, which says what was done."""
    job = shared.label_jobs.get(job_id)
    if job is None:  # the server was started anew: what was done by then is listed
        return RedirectResponse(urls.acts(), 303)
    back = changed(urls.own(back) or urls.photos(), act=job.act)
    if not (job.is_at_work or job.left_out or job.error):
        return RedirectResponse(back, 303)
    return render(
        request,
        "selection_job.html",
        job=job,
        events=urls.selection_job_events(job.id),
        back=back,
        left_out=job.left_out[:_LISTED],
        further=max(0, len(job.left_out) - _LISTED),
        texts=counted(Messages(language_of(request))),
    )


@router.get(Route.SELECTION_JOB_EVENTS)
async def events(request: Request, shared: Shared, job_id: str) -> Response:
    """Server-sent events: `progress` with how far it is, and `end`."""
    return told(request, partial(shared.label_jobs.get, job_id), "en")


@router.post(Route.SELECTION_EXPORT)
def export(request: Request, shared: Shared, form: Annotated[ExportForm, Form()]) -> Response:
    """The photos as a file."""
    selection = Selection.of(request, shared.catalogue, form)
    if selection.fault:
        return _page(request, shared, Step.EXPORT, selection)
    if form.form not in available():
        told = _refused(UsageError("export_form_missing"), request)
        return _page(request, shared, Step.EXPORT, selection, told)
    meant = Filter(numbers=selection.numbers, missing=None)
    back = selection.view.address(Urls.of(request.scope).photos(), page=turned_to(request))
    try:
        return send(request, shared, form, meant, back)
    except (UsageError, CatalogueError, MissingExtraError) as error:
        return _page(request, shared, Step.EXPORT, selection, _refused(error, request))


@router.post(Route.SELECTION_FORGET)
def forget(
    request: Request, shared: Shared, urls: Addresses, form: Annotated[ForgetForm, Form()]
) -> Response:
    """Takes the photos out, and tells what that was."""
    selection = Selection.of(request, shared.catalogue, form)
    if selection.fault:
        return _page(request, shared, Step.FORGET, selection)
    job = shared.forget_jobs.forget(
        selection.numbers,
        labels=form.labels,
        copies=selection.with_copies,
        by=name_of(request),
    )
    shared.forget_jobs.wait(job, PATIENCE)
    back = selection.view.address(urls.photos(), page=turned_to(request))
    return RedirectResponse(urls.forget_job(job.id, back=back), 303)


@router.get(Route.FORGET_JOB)
def watch_forgetting(
    request: Request, shared: Shared, urls: Addresses, job_id: str, back: str = ""
) -> Response:
    """How far taking photos out is, and what came of it."""
    job = shared.forget_jobs.get(job_id)
    back = urls.own(back) or urls.photos()
    if job is None:  # the server was started anew: what was taken out by then is
        return RedirectResponse(back, 303)
    return render(
        request,
        "forget_job.html",
        job=job,
        events=urls.forget_events(job.id),
        back=back,
        texts=counted(Messages(language_of(request))),
    )


@router.get(Route.FORGET_EVENTS)
async def forget_events(request: Request, shared: Shared, job_id: str) -> Response:
    """Server-sent events: `progress` with how far it is, and `end`."""
    return told(request, partial(shared.forget_jobs.get, job_id), "en")


def _review(selection: Selection, urls: Urls) -> str:
    """The address of the review of the photos; empty where none can name them."""
    address = ""
    if selection.form.every and len(selection.numbers) == selection.matching:
        address = selection.view.to_review(urls.review())
    if not address and len(selection.numbers) <= MOST_NUMBERS:
        address = with_query(urls.review(), numbers=" ".join(map(str, selection.numbers)))
    return address


def _refused(
    error: BarkiveError, request: Request, *, wrong: str = "", typed: dict[str, str] | None = None
) -> _Shown:
    """What is shown where the catalogue refuses something."""
    sentence = explained(error, Messages(language_of(request)))
    return _Shown(sentence, status_of(error), wrong, typed or {})


def _faulty(selection: Selection, words: Messages, typed: dict[str, str]) -> _Shown:
    """What is shown where nothing was done yet, or where something else was selected."""
    match selection.fault:
        case "selection.matching_changed":
            was = selection.form.matching
            told = words("selection.matching_changed", n=selection.matching, was=was)
            return _Shown(told, 409, typed=typed)
        case "selection.not_sure" if not isinstance(selection.form, StepForm):
            told = words("selection.not_sure", n=len(selection.numbers))
            return _Shown(told, 422, typed=typed)
        case "selection.nothing":
            return _Shown(words("selection.nothing"), 422, typed=typed)
        case _:
            return _Shown(typed=typed)


def _named_since(catalogue: Catalogue, selection: Selection) -> list[Entry]:
    """The photos that somebody has named since the visitor saw them."""
    since = selection.form.since
    if not selection.numbers or catalogue.last_label <= since:
        return []
    found = catalogue.search(Filter(numbers=selection.numbers, missing=None))
    return [entry for entry in found if (entry.said_id or entry.label_id or 0) > since]


def _page(
    request: Request,
    shared: Service,
    step: Step,
    selection: Selection,
    shown: _Shown | None = None,
    *,
    typed: dict[str, str] | None = None,
) -> Response:
    catalogue, view = shared.catalogue, selection.view
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    page, n = turned_to(request), len(selection.numbers)
    photo = urls.own(selection.form.back)
    if shown is None:
        shown = _faulty(selection, words, typed or {})
    first = Filter(numbers=selection.numbers[:_SHOWN], missing=None)
    actions = {
        Step.NEW: urls.selection_new(),
        Step.ADD: urls.selection_add(),
        Step.LABEL: urls.selection_label(),
        Step.EXPORT: urls.selection_export(),
        Step.FORGET: urls.selection_forget(),
        Step.REVIEW: urls.selection(),
    }
    text = shown.typed.get("text", "").strip()
    return render(
        request,
        "selection.html",
        status=shown.status,
        step=step.value,
        n=n,
        ask=n > MANY,
        shown=shown,
        typed={**NOTHING_TYPED, "name": "", "code": "", "text": "", **shown.typed},
        choice=shown.choice,
        kept=selection.fields(),
        tiles=[tile(one, words) for one in catalogue.search(first)] if n else [],
        more=max(0, n - _SHOWN),
        action=view.address(actions[step], page=page),
        again=view.address(urls.selection(), page=page),
        back=photo or view.address(urls.photos(), page=page),
        back_to=words("photo.back_to_photo" if photo else "photo.back"),
        since=[
            (printable(entry.file), title(entry, words))
            for entry in (_named_since(catalogue, selection) if step is Step.LABEL else ())
        ],
        shows=_shows(catalogue, selection) if step in (Step.NEW, Step.ADD) else [],
        found=candidates(catalogue, text, words) if step is Step.ADD else [],
        **_export_choice(selection, catalogue, words, step),
        foreseen=_foreseen(catalogue, selection) if step is Step.FORGET else None,
        only_gone=not selection.with_copies,
    )


def _export_choice(
    selection: Selection, catalogue: Catalogue, words: Messages, step: Step
) -> dict[str, Any]:
    """What the choice of a form shows, with what was chosen before."""
    if step is not Step.EXPORT:
        return {}
    sent = selection.form
    fields = sent if isinstance(sent, ExportFields) else CHOSEN_FIRST
    return {"fields": fields, **choices(words, read_only=catalogue.read_only is not None)}


def _foreseen(catalogue: Catalogue, selection: Selection) -> Forgotten | None:
    """What would be taken out; None where to count that would take long."""
    if len(selection.numbers) > _COUNTED:
        return None
    meant = Filter(numbers=selection.numbers, missing=None)
    return catalogue.to_forget(meant, copies=selection.with_copies)


def _shows(catalogue: Catalogue, selection: Selection) -> list[tuple[str, int]]:
    """The animals that the photos show already, each with how many of them."""
    shown = catalogue.animals.of_photos(selection.numbers)
    counted = Counter(animal.title for animals in shown.values() for animal in animals)
    return counted.most_common(_SHOWN)
