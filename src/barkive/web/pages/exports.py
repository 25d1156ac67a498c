"""Files that take long to write, such as the sheet of many photos: watch them, stop, and save."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Filter
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.downloads import attached, written
from barkive.web.languages import language_of
from barkive.web.pages.acts import PATIENCE
from barkive.web.pages.views import View
from barkive.web.rendering import render
from barkive.web.services.exports import available, takes_long
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter()


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
def lead_back(urls: Addresses) -> Response:
    """Leads to the gallery whoever asks for the address of its form."""
    return RedirectResponse(urls.photos(), 303)


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
        texts={"lost": words("scan.lost"), "done": words.forms("scan.done")},
    )


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
