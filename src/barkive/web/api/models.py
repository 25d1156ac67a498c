"""The models that judged photos, or were learned from labels."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.catalogue import utc
from barkive.web.api.openapi import FIGURES, MODEL_NAME, api_router, example
from barkive.web.dependencies import Shared
from barkive.web.services.learn_jobs import FiguresJSON, figures_json
from barkive.web.urls import Route

router = api_router("learning")

_SHIPPED = {
    "name": "barkive-tf_efficientnet_lite2.in1k@0c54d4b5cee2+dogs-cb2d9c",
    "digest": "08" * 32,
    "in_use": False,
    "breeds": 121,
    "photos": 0,
    "parent": None,
    "figures": None,
    "learned_by": None,
    "learned_at": None,
    "undone_by": None,
    "undone_at": None,
}
_MODEL = {
    "name": MODEL_NAME,
    "digest": "5e" * 32,
    "in_use": True,
    "breeds": 122,
    "photos": 3012,
    "parent": _SHIPPED["name"],
    "figures": FIGURES,
    "learned_by": "Ada",
    "learned_at": "2026-06-01T12:00:05Z",
    "undone_by": None,
    "undone_at": None,
}


class ModelJSON(TypedDict):
    """A model; the last five are null where it did not learn here.

    The last two are null where nobody went back from it to its `parent`.
    """

    name: str
    digest: str
    in_use: bool
    breeds: int
    photos: int
    parent: str | None
    figures: FiguresJSON | None
    learned_by: str | None
    learned_at: str | None
    undone_by: str | None
    undone_at: str | None


@router.get(
    Route.API_MODELS,
    response_model=list[ModelJSON],
    responses=example([_MODEL, _SHIPPED]),
    summary="The models, and which is in use",
)
def models(shared: Shared) -> Response:
    """Those that judged photos of the catalogue or were learned from its labels, newest first.

    `photos` counts those that have the model's answer now.
    """
    found: list[ModelJSON] = [
        {
            "name": one.name,
            "digest": one.digest,
            "in_use": shared.is_in_use(one),
            "breeds": one.breeds,
            "photos": one.photos,
            "parent": one.parent,
            "figures": figures_json(one.report) if one.report is not None else None,
            "learned_by": one.learned_by,
            "learned_at": utc(one.learned_at) if one.parent and one.learned_at else None,
            "undone_by": one.undone_by,
            "undone_at": utc(one.undone_at) if one.undone_at else None,
        }
        for one in shared.catalogue.known_models()
    ]
    return JSONResponse(found)
