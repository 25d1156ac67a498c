"""A photo's own page: what is known and said of it, and where to say more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Change, Entry, Kind, Models, ScanOrigin, ScanRequest, standing
from barkive.errors import (
    BarkiveError,
    CatalogueError,
    ChangedPhotoError,
    PhotoError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UnknownPhotoError,
    UsageError,
)
from barkive.messages import Messages
from barkive.verdicts import Status
from barkive.web.dependencies import Addresses, Number, Shared
from barkive.web.languages import language_of
from barkive.web.moments import day, told
from barkive.web.pages.breed_choice import (
    BREED,
    NOTHING_TYPED,
    SECOND,
    Choice,
    LabelForm,
    correction,
    wrong_field,
)
from barkive.web.pages.dogs import Subject, around, drawing, drawn, subjects, windows
from barkive.web.pages.gallery import tile, title
from barkive.web.pages.history import Line, short
from barkive.web.pages.history import told as history_of
from barkive.web.pages.photo_animals import shown_on
from barkive.web.pages.reviewer import name_of, remember
from barkive.web.pages.views import View, explained, turned_to
from barkive.web.paths import is_text, printable
from barkive.web.rendering import render
from barkive.web.services.state import Service
from barkive.web.signed_in import who
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_SIMILAR = 12
# Of what was said meanwhile.
_LATEST = 3
# Below it a file has 0.00 megabytes.
_SMALL = 5000


class PhotoForm(LabelForm):
    """The form of a photo's page.

    Attributes:
        kind: What is said.
    """

    kind: Kind


@router.get(Route.PHOTO)
def photo(request: Request, shared: Shared, number: Number) -> Response:
    """The page."""
    return _page(request, shared, number)


@router.get(Route.RELATED)
def related(request: Request, shared: Shared, urls: Addresses, number: Number) -> Response:
    """The photos that show the same, and dogs that look alike.

    A page of its own, because they are looked for in the whole catalogue; with script it
    becomes a part of the photo's page once that is there.
    """
    catalogue = shared.catalogue
    words = Messages(language_of(request))
    entry = catalogue.photo(number)
    rows: list[tuple[str, list[Entry]]] = list(catalogue.duplicates_of(number))
    shown = {one.id for _, found in rows for one in found}
    with suppress(PhotoError):  # one that could never be read can't be compared
        alike = catalogue.like(number, limit=_SIMILAR + len(shown))
        others = [one.entry for one in alike if one.entry.id not in shown]
        rows.append(("alike", others[:_SIMILAR]))
    return render(
        request,
        "related.html",
        title=title(entry, words),
        back=urls.photo(number),
        rows=[(kind, [tile(one, words) for one in found]) for kind, found in rows if found],
        place="",
        is_list=False,
    )


@router.post(Route.CORRECTIONS)
def correct(
    request: Request,
    shared: Shared,
    urls: Addresses,
    number: Number,
    form: Annotated[PhotoForm, Form()],
) -> Response:
    """Writes what a visitor says, and shows the photo as it is then."""
    view = View.of(request.query_params, shared.catalogue)
    try:
        said = correction(request, shared.catalogue.models, form.kind, form)
        shared.label(number, said)
    except UnknownPhotoError:
        raise
    except (ChangedPhotoError, ReviewedMeanwhileError) as error:
        other = in_its_place(shared, number) if isinstance(error, ChangedPhotoError) else None
        return _page(request, shared, number, fault=error, other=other, form=form, status=409)
    except UnknownBreedError as error:
        fields = form.fields(kind=form.kind.value)
        choice = Choice.of(error, shared.catalogue.models, fields)
        return _page(request, shared, number, choice=choice, form=form)
    except (UsageError, CatalogueError) as error:
        return _page(request, shared, number, fault=error, form=form)
    done = "undone" if form.kind is Kind.UNDO else "saved"
    dog = shared.catalogue.history(number)[-1].dog
    page = turned_to(request)
    response = RedirectResponse(
        view.address(urls.photo(number), page=page, dog=dog, said=done), 303
    )
    if form.name is not None:
        remember(request, response, form.name)
    return response


def in_its_place(shared: Service, number: int) -> Entry | None:
    """The photo that is under the name of another one by now; None where there is none.

    Its folder may not have been scanned since, so its file is.
    """
    old = shared.catalogue.photo(number)
    with suppress(BarkiveError):
        asked = ScanRequest(ScanOrigin.PAGE, who())
        shared.catalogue.scan([old.file], classifier=shared.classifier, asked=asked)
        new = shared.catalogue.photo(old.file)
        return new if new.picture != old.picture else None
    return None


def _page(
    request: Request,
    shared: Service,
    number: int,
    *,
    fault: UsageError | CatalogueError | None = None,
    choice: Choice | None = None,
    other: Entry | None = None,
    form: PhotoForm | None = None,
    status: int | None = None,
) -> Response:
    catalogue = shared.catalogue
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    entry = catalogue.photo(number)
    view = View.of(request.query_params, catalogue)
    page = turned_to(request)
    before, after = None, None
    if not view.faults:
        before, after = catalogue.neighbours(number, view.query, view.order)
    history = catalogue.history(number)
    folder = os.path.dirname(entry.file)  # noqa: PTH120 - text, and no path
    said = request.query_params.get("said", "")
    file = printable(os.path.basename(entry.file))  # noqa: PTH119
    meant = form.dog if form else _dog_of(request)
    dogs = around(entry, meant)
    shown = subjects(entry, history, words, dogs)
    chosen = _chosen(shown, meant)
    is_there = len(shown) == 1 or chosen.id == meant
    changes = history_of(entry, history, words)
    return render(
        request,
        "photo.html",
        status=status
        or (503 if isinstance(fault, CatalogueError) else 422 if fault or choice else 200),
        entry=entry,
        title=_title(entry, words),
        file=file,
        folder=printable(folder),
        folder_address=urls.photos(folder=folder) if is_text(folder) else None,
        back=view.address(urls.photos(), page=page) + f"#photo-{number}",
        before=view.address(urls.photo(before), page=page) if before else None,
        after=view.address(urls.photo(after), page=page) if after else None,
        action=view.address(urls.corrections(number), page=page),
        here=view.address(urls.photo(number), page=page),
        take_out=view.address(urls.selection(), page=page),
        subjects=shown,
        chosen=chosen.id,
        boxes=drawn(dogs, words, chosen=chosen.id),
        drawing=drawing(entry, words, form),
        further=len(entry.dogs or ()) - len(dogs),
        windows=[
            (way, view.address(urls.photo(number), page=page, dog=dog.id))
            for way, dog in windows(entry, dogs)
        ],
        facts=_facts(entry, words),
        changes=changes,
        meanwhile=_meanwhile(catalogue.models, fault, form, changes, words),
        said=_said(said, history, words) if not (fault or choice) else None,
        spoken_of=_spoken_of(chosen, file, words) if chosen.id == meant else file,
        can_undo=bool(standing(history)),
        fault=explained(fault, words) if fault else None,
        fault_in=_fault_in(fault, form, is_there=is_there),
        choice=choice,
        pictures=[tile(one, words) for one in (entry, other)] if other else [],
        unreadable=_unreadable(entry, words),
        gone=_gone(entry, words),
        zooming=_zooming(words),
        typed=_typed(form, catalogue.models, words) if form and is_there else NOTHING_TYPED,
        by=(name_of(request) if form is None or form.name is None else form.by) or "",
        nothing_typed=NOTHING_TYPED,
        **shown_on(request, catalogue, number, words),
    )


def _gone(entry: Entry, words: Messages) -> Markup | None:
    """Since when a file is gone."""
    since = entry.missing_since
    return told(words, "photo.gone", day=day(since, words)) if since is not None else None


def _zooming(words: Messages) -> dict[str, str]:
    """The sentences that `zoom.js` needs."""
    keys = {"in": "zoom_in", "out": "zoom_out", "close": "zoom_close", "label": "zoom"}
    return {name: words(f"photo.{key}") for name, key in keys.items()}


def _unreadable(entry: Entry, words: Messages) -> Markup | None:
    """Since when a file can't be read that once could be, and why."""
    if entry.unreadable_since is None:
        return None
    reason = words.on_page(entry.reason) if entry.reason else ""
    since = day(entry.unreadable_since, words)
    return told(words, "photo.unreadable", day=since, reason=reason)


def _facts(entry: Entry, words: Messages) -> list[tuple[str, str]]:
    """What is known of the file, each with its name."""
    size = (
        words("photo.pixels", width=entry.width, height=entry.height)
        if entry.width and entry.height
        else None
    )
    facts = {
        "taken": entry.taken_at and words.taken(entry.taken_at),
        "camera": entry.camera,
        "size": size,
        "format": entry.format,
        "bytes": None if entry.bytes is None else file_size(entry.bytes, words),
        "added": day(entry.added_at, words),
        "model": entry.model,
    }
    return [(words(f"photo.{key}"), value) for key, value in facts.items() if value]


def file_size(number: int, words: Messages) -> str:
    """A number of bytes in words."""
    return words.megabytes(number) if number >= _SMALL else words("photo.octets", n=number)


def _dog_of(request: Request) -> int:
    """The number of the dog that an address asks for; 0 where it asks for none."""
    value = request.query_params.get("dog", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 17 else 0


def _chosen(shown: Sequence[Subject], meant: int) -> Subject:
    """The dog that is asked for, or else the first that nobody has named yet."""
    open_first = sorted(shown, key=lambda one: one.corrected or one.status is not Status.UNCERTAIN)
    return next((one for one in shown if one.id == meant), open_first[0])


def _title(entry: Entry, words: Messages) -> str:
    """What the photo shows, in a few words."""
    n = len(entry.dogs or ())
    return words("photo.dogs", n=n) if n > 1 else title(entry, words)


def _spoken_of(chosen: Subject, file: str, words: Messages) -> str:
    """The photo, and which of its dogs."""
    if not chosen.number:
        return file
    return f"{file}, {words('photo.dog', number=chosen.number)}"


def _said(said: str, history: Sequence[Change], words: Messages) -> str | None:
    """What has just been saved or taken back."""
    if said == "saved" and history and history[-1].kind is not Kind.UNDO:
        return saved(history[-1], words)
    return words("photo.undone") if said == "undone" else None


def saved(change: Change, words: Messages) -> str:
    """What was saved of a photo, behind its name."""
    names = " × ".join(label.name(words.lang) for label in change.labels)
    return words(f"photo.saved_{change.kind.value}", breed=names)


def _typed(form: PhotoForm, models: Models, words: Messages) -> dict[str, str]:
    """What stands in the fields of a form that was refused; breeds that were pressed by name."""
    typed = form.typed()
    for field in (BREED, SECOND):
        if (label := models.names.labels.get(typed[field])) is not None:
            typed[field] = label.name(words.lang)
    return typed


def _fault_in(
    fault: UsageError | CatalogueError | None, form: PhotoForm | None, *, is_there: bool
) -> str:
    """Where on the page a fault stands: beside a field or the box, or on top of all."""
    if fault is None or form is None:
        return ""
    if isinstance(fault, ReviewedMeanwhileError):
        return "meanwhile"
    if not is_there:
        return "page"
    if form.box:
        return "box"
    return wrong_field(fault, form) if isinstance(fault, UsageError) else BREED


def _meanwhile(
    models: Models,
    fault: UsageError | CatalogueError | None,
    form: PhotoForm | None,
    changes: Sequence[Line],
    words: Messages,
) -> dict[str, Any] | None:
    """What others said while somebody had the page open, and what that person wanted to say."""
    if form is None or not isinstance(fault, ReviewedMeanwhileError):
        return None
    seen = int(form.seen.rpartition("-")[2] or 0)
    since = [one for one in changes if one.id > seen]
    typed = _typed(form, models, words)
    breeds = [name for name in (typed[BREED], typed[SECOND]) if name]
    kind = Kind.CROSS if form.kind is Kind.BREED and len(breeds) > 1 else form.kind
    return {
        # Where all that was said had been taken back, it can't be told what is new.
        "others": since[-_LATEST:] or changes[-1:],
        "own": None if kind is Kind.UNDO else short(kind, breeds, form.note, words),
        "note": form.note if kind is not Kind.NOTE else "",
        "again": form.fields(kind=form.kind.value),
    }
