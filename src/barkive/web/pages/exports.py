"""What is taken out: choose a form, watch what takes long, stop it, save the file, see who did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import ExportRun, Filter, Outcome
from barkive.errors import BarkiveError, CatalogueError, MissingExtraError, UsageError
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.downloads import attached, written
from barkive.web.events import counted
from barkive.web.languages import language_of
from barkive.web.pages.acts import PATIENCE
from barkive.web.pages.export_choice import CHOSEN_FIRST, ExportFields, choices, title_of
from barkive.web.pages.views import View, explained
from barkive.web.paths import printable
from barkive.web.problems import status_of
from barkive.web.rendering import render
from barkive.web.services.export_jobs import KEPT_HOURS, ExportJob
from barkive.web.services.exports import available, has_more_to_say, is_archive, takes_long
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_LISTED = 100


def send(
    request: Request, shared: Service, fields: ExportFields, query: Filter, back: str
) -> Response:
    """A file with the photos that fit a filter; or the page that shows how far it is.

    Args:
        request: Of the visitor.
        shared: With the catalogue.
        fields: What they chose; the form is one of `available`.
        query: Which photos are meant.
        back: The page on which that was asked for.

    Raises:
        UsageError: It can't be written, or an option is wrong.
        CatalogueError: The catalogue can't be read.
        MissingExtraError: The form needs something that is not installed.
    """
    form, lang, options = fields.form, fields.language or language_of(request), fields.options()
    if not takes_long(form):
        return attached(shared.catalogue, form, lang, query, options.by)
    job = shared.export_jobs.begin(form, lang, query, options)
    job = shared.export_jobs.wait(job, PATIENCE)
    if job.error is not None and not (job.by_hand or job.failures):
        raise job.error
    if job.file is not None and not has_more_to_say(form):
        return written(job)
    return RedirectResponse(Urls.of(request.scope).export_job(job.id, back=back), 303)


@router.get(Route.EXPORTS)
def done(request: Request, shared: Shared) -> Response:
    """The forms in which photos can be had, and what was taken out of late, by whom."""
    view = View.of(request.query_params, shared.catalogue)
    if view.faults:
        return RedirectResponse(view.address(Urls.of(request.scope).photos()), 303)
    return _page(request, shared, view, CHOSEN_FIRST)


@router.post(Route.EXPORTS)
def start(
    request: Request,
    shared: Shared,
    urls: Addresses,
    fields: Annotated[ExportFields, Form()],
) -> Response:
    """The photos of the gallery as a file."""
    view = View.of(request.query_params, shared.catalogue)
    back = view.address(urls.photos())
    if view.faults:
        return RedirectResponse(back, 303)
    if fields.form not in available():
        return _page(request, shared, view, fields, UsageError("export_form_missing"))
    try:
        return send(request, shared, fields, view.query, back)
    except (UsageError, CatalogueError, MissingExtraError) as error:
        return _page(request, shared, view, fields, error)


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
        title=title_of(job.form, words),
        wrote=_wrote(job, job.outcome, words) if job.outcome is not None else "",
        base=printable(job.base) if job.form == "xmp" and job.base is not None else None,
        failures=[(printable(one.file), one.reason) for one in job.failures],
        hours=KEPT_HOURS,
        is_archive=is_archive(job.form),
        events=urls.api_export_events(job.id, lang=words.lang),
        cancel=urls.cancel_export(job.id),
        file=urls.api_export_file(job.id),
        back=urls.own(back) or urls.photos(),
        texts=counted(words),
    )


def _page(
    request: Request,
    shared: Service,
    view: View,
    fields: ExportFields,
    fault: BarkiveError | None = None,
) -> Response:
    """The forms for the photos of an address, and what was taken out of late."""
    words, urls, catalogue = (
        Messages(language_of(request)),
        Urls.of(request.scope),
        shared.catalogue,
    )
    rows = [
        {
            "by": one.started_by,
            "at": words.moment(one.exported_at),
            "form": title_of(one.form, words),
            "number": words(
                "exports.photos" if one.by == "photo" else "exports.animals", n=one.number
            ),
            "filter": _in_words(one, words, shared),
        }
        for one in catalogue.export_runs(_LISTED)
    ]
    return render(
        request,
        "exports.html",
        status=200 if fault is None else status_of(fault),
        fault=explained(fault, words) if fault is not None else "",
        n=catalogue.count(view.query),
        chips=[chip["name"] for chip in view.chips("", words, catalogue)],
        back=view.address(urls.photos()),
        action=view.address(urls.exports(), add_to=None),
        fields=fields,
        jobs=[
            {
                "title": title_of(one.form, words),
                "state": words(f"export_job.{one.state.value}"),
                "wrote": _wrote(one, one.outcome, words) if one.outcome is not None else "",
                "address": urls.export_job(one.id, back=view.address(urls.photos())),
            }
            for one in shared.export_jobs.own()
        ],
        rows=rows,
        **choices(words, read_only=catalogue.read_only is not None),
    )


def _wrote(job: ExportJob, outcome: Outcome, words: Messages) -> str:
    """How much is in a file."""
    if words.has(f"export_job.wrote_{job.form}"):
        return words(f"export_job.wrote_{job.form}", n=outcome.written)
    return words("export_job.wrote", n=outcome.written)


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
