"""Files that take long to write, such as the sheet of many photos: watch them, stop, and save."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import ExportRun, Filter
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.downloads import attached, written
from barkive.web.events import counted
from barkive.web.languages import language_of
from barkive.web.pages.acts import PATIENCE
from barkive.web.pages.views import View
from barkive.web.rendering import render
from barkive.web.services.exports import available, takes_long
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter()

_LISTED = 100


def send(request: Request, shared: Service, form: str, query: Filter, back: str) -> Response:
    """A file with the photos that fit a filter; where it takes long, the page that shows how far.

    Args:
        request: Of the visitor.
        shared: With the catalogue.
        form: In which form, one of `available`.
        query: Which photos are meant.
        back: The page on which that was asked for.

    Raises:
        BarkiveError: It can't be written.
    """
    lang = language_of(request)
    if not takes_long(form):
        return attached(shared.catalogue, form, lang, query)
    job = shared.export_jobs.begin(form, lang, query)
    job = shared.export_jobs.wait(job, PATIENCE)
    if job.error is not None:
        raise job.error
    if job.file is not None:
        return written(job)
    return RedirectResponse(Urls.of(request.scope).export_job(job.id, back=back), 303)


@router.get(Route.EXPORTS)
def done(request: Request, shared: Shared) -> Response:
    """What was taken out of late: who, when, in which form, and how many."""
    words = Messages(language_of(request))
    rows = [
        {
            "by": one.started_by,
            "at": words.moment(one.exported_at),
            "form": one.form,
            "number": words(
                "exports.photos" if one.by == "photo" else "exports.animals", n=one.number
            ),
            "filter": _in_words(one, words, shared),
        }
        for one in shared.catalogue.export_runs(_LISTED)
    ]
    return render(request, "exports.html", rows=rows)


@router.post(Route.EXPORTS)
def start(
    request: Request,
    shared: Shared,
    urls: Addresses,
    form: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The photos of the gallery as a file."""
    view = View.of(request.query_params, shared.catalogue)
    back = view.address(urls.photos())
    if view.faults or form not in available():
        return RedirectResponse(back, 303)
    return send(request, shared, form, view.query, back)


@router.get(Route.EXPORT_JOB)
def watch(
    request: Request, shared: Shared, urls: Addresses, export_id: str, back: str = ""
) -> Response:
    """How far writing a file is, and the file."""
    words = Messages(language_of(request))
    job = shared.export_jobs.known(export_id)
    return render(
        request,
        "export_job.html",
        job=job,
        state=words(f"export_job.{job.state.value}"),
        events=urls.api_export_events(job.id, lang=words.lang),
        cancel=urls.cancel_export(job.id),
        file=urls.api_export_file(job.id),
        back=urls.own(back) or urls.photos(),
        texts=counted(words),
    )


def _in_words(run: ExportRun, words: Messages, shared: Service) -> list[str]:
    """Which photos were meant: what the gallery calls each filter."""
    asked = run.filter
    given: list[tuple[str, str]] = [
        (name, str(asked[name]))
        for name in ("text", "folder", "group", "after", "before", "corrected", "missing")
        if asked.get(name) is not None
    ]
    given += [(name, str(asked[name])) for name in ("animal", "grouped") if name in asked]
    given += [("breed", one) for one in (asked.get("breed"), *asked.get("breeds", ())) if one]
    if (dogs := asked.get("dogs")) is not None:
        least, most = dogs
        given.append(("dogs", f"{least}+" if most is None else f"{least}-{most}"))
    view = View.of(QueryParams(given), shared.catalogue)
    named = [chip["name"] for chip in view.chips("", words, shared.catalogue)]
    named += [words(f"base.{status}") for status in asked.get("status", ())]
    if "numbers" in asked:
        named.append(words("exports.chosen", n=asked["numbers"]))
    if "min_probability" in asked:
        named.append(words("exports.least", share=words.percent(asked["min_probability"])))
    return named


@router.post(Route.EXPORT_CANCEL)
def cancel(
    shared: Shared,
    urls: Addresses,
    export_id: str,
    back: Annotated[str, Form(max_length=50_000)] = "",
) -> Response:
    """Stops writing a file, and goes back."""
    shared.export_jobs.cancel(export_id)
    return RedirectResponse(urls.own(back) or urls.photos(), 303)
