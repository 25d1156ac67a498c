"""What the OpenAPI description says beside the types: problems, uploads, examples."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from barkive.web.uploads import FIELD


class Fault(TypedDict):
    """One thing that is wrong with a request."""

    where: str
    what: str


class Problem(TypedDict):
    """Why a request was refused: a problem document as in RFC 9457."""

    title: str
    status: int
    detail: str
    errors: NotRequired[list[Fault]]


_WHY = {
    400: ("The request can't be understood", "The form is cut off: its last boundary is missing."),
    401: ("A password is needed", "Sign in, or send the password as a bearer token."),
    403: ("The request comes from another site", "Requests from other sites are refused."),
    408: ("The body did not arrive in time", "The body stopped arriving; send it again."),
    413: ("Too much at once", "The request sends more than 1000 photos, which is the limit; "
          "send them in several requests."),
    422: ("A value is wrong", "query.top: Input should be greater than or equal to 1."),
    503: ("Too much waits, or the catalogue can't be used",
          "256 photos are waiting already, which is the limit; try again in a moment."),
}  # fmt: skip
_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 409: "Conflict", 413: "Request Entity Too Large",
    422: "Unprocessable Entity", 429: "Too Many Requests", 501: "Not Implemented",
    503: "Service Unavailable",
}  # fmt: skip


def a_problem(status: int, description: str, detail: str) -> dict[int | str, dict[str, Any]]:
    """One answer of the description that is a problem.

    Args:
        status: The HTTP status.
        description: What it means.
        detail: An example's sentence.
    """
    example = {"title": _TITLES[status], "status": status, "detail": detail}
    return {
        status: {
            "model": Problem,
            "description": description,
            "content": {"application/problem+json": {"example": example}},
        }
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {}
"""The answers that every route may give."""
for _status, (_description, _detail) in _WHY.items():
    PROBLEMS |= a_problem(_status, _description, _detail)

NO_SUCH_PHOTO = a_problem(
    404, "There is no such photo", "The catalogue holds no photo number 7; it may be gone."
)
"""The answer where a photo's number is unknown."""


def example(
    value: Any, description: str = "Successful Response"
) -> dict[int | str, dict[str, Any]]:
    """The answer 200 with an example."""
    return {200: {"description": description, "content": {"application/json": {"example": value}}}}


def upload(*, many: bool) -> dict[str, Any]:
    """The body of a request that sends photos.

    Args:
        many: Whether several may be sent.
    """
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    files = {"type": "array", "items": binary, "minItems": 1} | ({} if many else {"maxItems": 1})
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {FIELD: files},
                        "required": [FIELD],
                    }
                },
                "image/*": {"schema": binary},
                "application/octet-stream": {"schema": binary},
            },
        }
    }


VERDICT = {
    "file": "rex.jpg",
    "status": "uncertain",
    "breeds": [
        {"id": "n02087394", "name": "Rhodesian Ridgeback", "probability": 0.5374},
        {"id": "n02090379", "name": "Redbone Coonhound", "probability": 0.1512},
    ],
    "error": None,
    "model": "barkive-mobilenetv2_100.tf_in1k@f84f71bc237c",
}
ENTRY = VERDICT | {
    "file": "/home/ada/Pictures/rex.jpg",
    "id": 7,
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
    "missing_since": None,
}
"""A photo of the catalogue, for examples."""
