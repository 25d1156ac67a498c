"""Learning from labels as jobs, with their progress as it happens."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from barkive.messages import Message
from barkive.web.api.openapi import FIGURES, MODEL_NAME, a_problem, api_router, example
from barkive.web.api.parameters import DoneBy, Lang, SaidBy
from barkive.web.dependencies import Addresses, Shared
from barkive.web.events import EVENTS, told
from barkive.web.services.learn_jobs import LearnJSON
from barkive.web.urls import Route

router = api_router("learning")

_DACHSHUND = {"id": "Dachshund", "en": "Dachshund", "fr": "Teckel"}
_SHIBA = {"id": "Shiba Inu", "en": "Shiba Inu", "fr": "Shiba Inu"}
_BASSET = {"id": "n02088238", "en": "Basset Hound", "fr": "Basset hound"}
_LEARNED = {
    "id": "3f2a9c0d1b7e4f68",
    "undoes": False,
    "use": False,
    "by": "Ada",
    "state": "learned",
    "done": 6,
    "total": 6,
    "started_at": "2026-06-01T12:00:00Z",
    "finished_at": None,
    "model": MODEL_NAME,
    "report": FIGURES
    | {
        "is_better": True,
        "later": [{"breed": _SHIBA, "photos": 3}],
        "contradictions": [
            [
                {"id": 371590264118, "file": "/home/ada/Pictures/rex.jpg"},
                {"id": 371590264119, "file": "/home/ada/Pictures/rex-copy.jpg"},
            ]
        ],
        "suspects": [
            {
                "id": 371590264120,
                "file": "/home/ada/Pictures/mila.jpg",
                "said": _DACHSHUND,
                "looks_like": _BASSET,
                "probability": 0.8283,
            }
        ],
        "unjudged": 0,
    },
    "judged": None,
    "error": None,
    "error_code": None,
}
_BEGUN = _LEARNED | {
    "state": "learning",
    "done": 0,
    "total": 0,
    "model": None,
    "report": None,
}
_JUDGING = _LEARNED | {"use": True, "state": "judging", "done": 2000, "total": 3012}
_UNDOING = _BEGUN | {"undoes": True, "state": "judging"}
_NO_SUCH = a_problem(
    404, "There is no such learning", Message("learn_unknown", {"learning": "3f2a"})
)
_RUNNING = a_problem(
    409, "Another learning runs", Message("learn_running", {"learning": "3f2a9c0d1b7e4f68"})
)
_NOT_LEARNED = a_problem(
    409,
    "It has learned nothing that could be put to use, or another learning runs",
    Message("learn_no_result", {"learning": "3f2a9c0d1b7e4f68"}),
)
_NOTHING_TO_UNDO = a_problem(
    409,
    "The model in use was not learned here, or a learning runs",
    Message("model_nothing_to_undo"),
)
_Id = Annotated[str, Path(max_length=64, description="The learning's id.")]


class Wish(BaseModel):
    """What is to become of what is learned, and who asks."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"use": True, "by": "Ada"}}
    )

    use: bool = Field(
        False, strict=True, description="Whether to put it to use at once, unless it got worse."
    )
    by: SaidBy = None


@router.post(
    Route.API_LEARN,
    status_code=202,
    response_model=LearnJSON,
    responses={202: example(_BEGUN)[200], **_RUNNING},
    summary="Learn from labels",
)
def start(shared: Shared, urls: Addresses, wish: Wish) -> Response:
    """Has the model in use learn what people said, in the background; no photo is opened.

    The `state` is `learning`, then `learned`, and with `use` then `judging` and `finished`; or
    `refused` where it got worse, which is never put to use, or `failed`.
    """
    job = shared.learn_jobs.learn(use=wish.use, by=wish.by)
    return JSONResponse(job.to_json(), 202, {"Location": urls.api_learn_job(job.id)})


@router.get(
    Route.API_LEARN,
    response_model=list[LearnJSON],
    responses=example([_LEARNED]),
    summary="The last learnings",
)
def jobs(shared: Shared) -> Response:
    """The last five since the server was started, the newest first."""
    return JSONResponse([one.to_json() for one in shared.learn_jobs.all()])


@router.post(
    Route.API_LEARN_UNDO,
    status_code=202,
    response_model=LearnJSON,
    responses={202: example(_UNDOING)[200], **_NOTHING_TO_UNDO},
    summary="Go back to the model from before",
)
def undo(shared: Shared, urls: Addresses, by: DoneBy = None) -> Response:
    """Puts the model to use again that the one in use was learned from; labels stay.

    The photos are judged again in the background.
    """
    job = shared.learn_jobs.undo(by=by)
    return JSONResponse(job.to_json(), 202, {"Location": urls.api_learn_job(job.id)})


@router.get(
    Route.API_LEARN_JOB,
    response_model=LearnJSON,
    responses=example(_LEARNED) | _NO_SUCH,
    summary="One learning",
)
def job(shared: Shared, learn_id: _Id) -> Response:
    """How far it is, and what it gained.

    Of each photo that people labelled, `before` and `after` say whether the model was right that
    has not learned from it. `later` lists breeds that have too few photos yet, `contradictions`
    copies of one photo with different labels, and `suspects` photos that look like another breed.
    """
    return JSONResponse(shared.learn_jobs.get(learn_id).to_json())


@router.post(
    Route.API_LEARN_USE,
    status_code=202,
    response_model=LearnJSON,
    responses={202: example(_JUDGING)[200], **_NO_SUCH, **_NOT_LEARNED},
    summary="Put to use what was learned",
)
def use(shared: Shared, urls: Addresses, learn_id: _Id) -> Response:
    """Puts to use what was learned, and judges the photos again without reading them."""
    job = shared.learn_jobs.use(learn_id)
    return JSONResponse(job.to_json(), 202, {"Location": urls.api_learn_job(job.id)})


@router.get(
    Route.API_LEARN_EVENTS,
    response_class=Response,
    responses={**EVENTS, **_NO_SUCH},
    summary="A learning's progress as it happens",
)
async def events(request: Request, shared: Shared, learn_id: _Id, lang: Lang = "en") -> Response:
    """Server-sent events: `progress` with the learning as data, and `end` when it rests."""
    return told(request, partial(shared.learn_jobs.get, learn_id), lang)
