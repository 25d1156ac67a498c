"""Learning from labels: watch it, see what it gained, put it to use, and go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from barkive.catalogue import Catalogue
from barkive.errors import LearningError, UnknownPhotoError
from barkive.learning import FEWEST_PHOTOS, BreedScore, Report
from barkive.messages import Messages
from barkive.web.dependencies import Addresses, Shared
from barkive.web.languages import language_of
from barkive.web.pages.gallery import tile
from barkive.web.pages.reviewer import name_of
from barkive.web.rendering import render
from barkive.web.services.learn_jobs import LISTED, LearnJob, State
from barkive.web.services.state import Service
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

_BREEDS_SHOWN = 12
_PHOTOS_SHOWN = 6


@router.get(Route.LEARN)
def find(shared: Shared, urls: Addresses) -> Response:
    """To the page of the learning that runs, or to the review, where one is begun."""
    running = shared.learn_jobs.running
    return RedirectResponse(urls.learn_job(running.id) if running else urls.review(), 303)


@router.post(Route.LEARN)
def start(request: Request, shared: Shared, urls: Addresses) -> Response:
    """Has the model learn, and goes to the page on which that is watched."""
    try:
        job = shared.learn_jobs.learn(by=name_of(request))
    except LearningError:  # another one runs
        return find(shared, urls)
    return RedirectResponse(urls.learn_job(job.id), 303)


@router.post(Route.LEARN_UNDO)
def undo(request: Request, shared: Shared, urls: Addresses) -> Response:
    """Goes back to the model from before."""
    try:
        job = shared.learn_jobs.undo(by=name_of(request))
    except LearningError:  # another one runs
        return find(shared, urls)
    return RedirectResponse(urls.learn_job(job.id), 303)


@router.post(Route.LEARN_USE)
def use(shared: Shared, urls: Addresses, learn_id: str) -> Response:
    """Puts to use what was learned; asked twice, it is the same as once."""
    job = shared.learn_jobs.get(learn_id)
    if job.state is State.LEARNED:
        try:
            shared.learn_jobs.use(learn_id)
        except LearningError:  # another one runs
            return find(shared, urls)
    return RedirectResponse(urls.learn_job(learn_id), 303)


@router.get(Route.LEARN_JOB)
def watch(request: Request, shared: Shared, learn_id: str) -> Response:
    """The page of one learning."""
    words, urls = Messages(language_of(request)), Urls.of(request.scope)
    job = shared.learn_jobs.get(learn_id)
    report = job.report
    return render(
        request,
        "learn.html",
        job=job,
        state=_state(job, words),
        texts=_texts(words),
        events=urls.api_learn_events(job.id, lang=words.lang),
        can_undo=_can_undo(shared, job),
        report=_report(report, job, shared.catalogue, words) if report is not None else None,
    )


def _state(job: LearnJob, words: Messages) -> str:
    if job.undoes and job.state is State.FINISHED:
        return words("learn.undone")
    return words(f"learn.{job.state.value}")


def _texts(words: Messages) -> dict[str, Any]:
    """The sentences that the script needs."""
    return {
        "states": {state.value: words(f"learn.{state.value}") for state in State},
        "lost": words("scan.lost"),
        "done": words.forms("scan.done"),
    }


def _can_undo(shared: Service, job: LearnJob) -> bool:
    """Whether what a job learned is in use still."""
    if job.state is not State.FINISHED or job.learning is None:
        return False
    network = job.learning.bundle.network
    known = shared.catalogue.known_models()
    return any(one.is_in_use and one.name.startswith(network) for one in known)


def _report(report: Report, job: LearnJob, catalogue: Catalogue, words: Messages) -> dict[str, Any]:
    """What was gained, in words and figures."""
    lang = words.lang
    changed = sorted(
        report.breeds,
        key=lambda one: (-abs(one.score.after - one.score.before), -one.score.photos),
    )
    own, remembered = report.own, report.remembered
    worse = [one.breed.name(lang) for one in report.worse]
    return {
        "own": own,
        "right": words("learn.right", n=own.photos, before=own.before, after=own.after),
        "worse": words("learn.worse", breeds=worse) if worse else words("learn.none_worse"),
        "remembered": words(
            "learn.remembered",
            n=remembered.photos,
            lost=max(remembered.before - remembered.after, 0),
        ),
        "from": words("learn.from", n=report.photos, fresh=report.fresh),
        "breeds": [_gain(one, words) for one in changed[:_BREEDS_SHOWN]],
        "rest": [_gain(one, words) for one in changed[_BREEDS_SHOWN:]],
        "later": [
            words("learn.later_breed", breed=breed.name(lang), n=n, fewest=FEWEST_PHOTOS)
            for breed, n in report.later
        ],
        "unjudged": report.unjudged,
        "contradictions": [
            tiles
            for some in report.contradictions[:LISTED]
            if (tiles := _tiles(some, job, catalogue, words))
        ],
        "suspects": _suspects(report, job, catalogue, words),
        "shown": _PHOTOS_SHOWN,
    }


def _gain(one: BreedScore, words: Messages) -> dict[str, Any]:
    score = one.score
    return {
        "name": one.breed.name(words.lang),
        "is_new": one.is_new,
        "score": score,
        "told": words("learn.gain", n=score.photos, before=score.before, after=score.after),
    }


def _suspects(
    report: Report, job: LearnJob, catalogue: Catalogue, words: Messages
) -> list[dict[str, Any]]:
    """The photos that look like another breed than people said, as far as they are there."""
    found = []
    for one in report.suspects:
        for shown in _tiles([one.photo], job, catalogue, words):
            said, looks_like = (label.name(words.lang) for label in (one.said, one.looks_like))
            share = words.percent(one.probability)
            told = words("learn.suspect", said=said, looks_like=looks_like, share=share)
            found.append(shown | {"told": told})
    return found


def _tiles(
    paths: Sequence[str], job: LearnJob, catalogue: Catalogue, words: Messages
) -> list[dict[str, Any]]:
    """Small pictures of photos, of those that the catalogue holds still."""
    found = []
    for number in filter(None, map(job.numbers.get, paths)):
        try:
            found.append(tile(catalogue.photo(number), words))
        except UnknownPhotoError:
            continue
    return found
