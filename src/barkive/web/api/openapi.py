"""What the OpenAPI description says beside the types: problems, uploads, examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NotRequired

from fastapi import APIRouter
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from barkive.errors import UnknownBreedError
from barkive.messages import Message
from barkive.web.uploads import FIELD


class Fault(TypedDict):
    """One thing that is wrong with a request."""

    where: str
    what: str


class BreedChoice(TypedDict):
    """A breed that may be meant."""

    id: str
    name: str


class AsWritten(TypedDict):
    """What to send beside the rest to have names taken as they are written."""

    breeds: list[str]
    other: bool


class Problem(TypedDict):
    """Why a request was refused: a problem document as in RFC 9457."""

    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[Fault]]
    choices: NotRequired[list[BreedChoice]]
    as_written: NotRequired[AsWritten]


_WHY = {
    400: ("The request can't be understood", Message("upload_form_cut_off")),
    401: ("A password is needed", Message("sign_in_required")),
    403: ("The request comes from another site", Message("request_other_site")),
    408: ("The body did not arrive in time", Message("request_interrupted")),
    413: ("Too much at once", Message("upload_too_many_photos", {"limit": 1000})),
    422: (
        "A value is wrong",
        Message(
            "request_invalid",
            {"faults": [Message("field_below", {"name": "top", "value": "0", "limit": 1})]},
        ),
    ),
    503: (
        "Too much waits, or the catalogue can't be used",
        Message("server_photos_waiting", {"count": 256}),
    ),
}


def a_problem(
    status: int, description: str, why: Message, **more: Any
) -> dict[int | str, dict[str, Any]]:
    """One answer of the description that is a problem.

    Args:
        status: The HTTP status.
        description: What it means.
        why: An example.
        more: Further members of the example.
    """
    example = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": why.text(),
        "code": why.code,
        **more,
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {status: {"description": description, "content": {"application/problem+json": content}}}


_NULL = "\0null"

PROBLEMS: dict[int | str, dict[str, Any]] = {}
"""The answers that every route may give."""
for _status, (_description, _message) in _WHY.items():
    PROBLEMS |= a_problem(_status, _description, _message)


def api_router(tag: str) -> APIRouter:
    """A router whose routes may give those answers.

    Args:
        tag: Under which the description lists its routes.
    """
    return APIRouter(tags=[tag], responses=PROBLEMS)


NO_SUCH_BREED = a_problem(
    422,
    "A filter is wrong, such as a breed that there is not",
    UnknownBreedError("pugg", ["Pug"]).message,
)
"""The answer where a filter names an unknown breed."""
NO_SUCH_PHOTO = a_problem(
    404, "There is no such photo", Message("catalogue_photo_number_unknown", {"number": 7})
)
"""The answer where a photo's number is unknown."""


def example(
    value: Any, description: str = "Successful Response"
) -> dict[int | str, dict[str, Any]]:
    """The answer 200 with an example."""
    content = {"application/json": {"example": _exchanged(value, None, _NULL)}}
    return {200: {"description": description, "content": content}}


def completed(document: Any) -> Any:
    """The description as it is meant.

    FastAPI drops what is None, also out of examples, and knows problems of one type only.
    """
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    return _exchanged(document, _NULL, None)


def _exchanged(value: Any, old: Any, new: Any) -> Any:
    """The same with one value in the place of another, however deep."""
    if isinstance(value, dict):
        return {key: _exchanged(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_exchanged(one, old, new) for one in value]
    return new if value == old else value


# Without a type, as OpenAPI 3.1 has it for what is not text.
_BINARY = {"contentMediaType": "application/octet-stream"}
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "array", "items": _BINARY, "minItems": 1}},
                    "required": [FIELD],
                }
            },
            "application/octet-stream": {"schema": _BINARY | {"type": "string", "minLength": 1}},
        },
    }
}
"""The body of a request that sends photos."""

_BREEDS = [
    {"id": "n02087394", "name": "Rhodesian Ridgeback", "probability": 0.5374},
    {"id": "n02090379", "name": "Redbone Coonhound", "probability": 0.1512},
]
_DOG = {
    "box": {"x": 0.1023, "y": 0.2104, "width": 0.4511, "height": 0.6032},
    "score": 0.9312,
    "status": "uncertain",
    "breeds": _BREEDS,
}
VERDICT = {
    "file": "rex.jpg",
    "status": "uncertain",
    "breeds": _BREEDS,
    "error": None,
    "error_code": None,
    "model": "barkive-mobilenetv2_100.tf_in1k@f84f71bc237c+dogs-3c6b1d",
    "dogs": [_DOG],
}
ENTRY = VERDICT | {
    "file": "/home/ada/Pictures/rex.jpg",
    "dogs": [_DOG | {"id": 4503599627370495, "corrected": False, "note": None}],
    "id": 371590264118,
    "version": "ab" * 16 + "-0",
    "corrected": False,
    "note": None,
    "model_status": "uncertain",
    "model_breeds": VERDICT["breeds"],
    "width": 4032,
    "height": 3024,
    "taken_at": "2026-05-04T03:02:01",
    "camera": "Maker Model",
    "bytes": 3145728,
    "sha256": "ab" * 32,
    "added_at": "2026-06-01T12:00:00Z",
    "identified_at": "2026-06-01T12:00:01Z",
    "unreadable_since": None,
    "missing_since": None,
}
"""A photo of the catalogue, for examples."""
MODEL_NAME = "barkive-tf_efficientnet_lite2.in1k@7c1e90aa42bd+dogs-cb2d9c"
"""A learned model, for examples."""
FIGURES = {
    "photos": 100,
    "fresh": 100,
    "not_dogs": 2,
    "crosses": 3,
    "own": {"photos": 95, "before": 61, "after": 78, "is_worse": False},
    "breeds": [
        {
            "breed": {"id": "Dachshund", "en": "Dachshund", "fr": "Teckel"},
            "is_new": True,
            "photos": 18,
            "before": 0,
            "after": 14,
            "is_worse": False,
        }
    ],
    "remembered": {"photos": 1440, "before": 1271, "after": 1269, "is_worse": False},
}
"""What a model gained by learning, for examples."""
