"""The progress of a job as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from fastapi import HTTPException, Request
from starlette.responses import Response, StreamingResponse

from barkive.messages import Language, Messages

_LOOK_SECONDS = 0.2
_KEEP_ALIVE_SECONDS = 15.0

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events", "content": {"text/event-stream": {}}}
}
"""The answer of a route that gives them."""


class Job(Protocol):
    """What goes on in the background, at one moment."""

    @property
    def version(self) -> int:
        """Grows with every change."""

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on by itself."""

    def to_json(self, lang: Language) -> Any:
        """The job as a JSON object."""


def told(request: Request, job: Callable[[], Job | None], lang: Language) -> Response:
    """`progress` with the job as data, whenever it changes, and at last `end`.

    Args:
        request: Of whoever listens.
        job: Gives the job as it is now; None where it is not remembered.
        lang: The language of errors.

    Raises:
        HTTPException: There is no such job (404).
        UsageError: Likewise, where `job` says so itself.
    """
    if job() is None:
        raise HTTPException(404)
    return StreamingResponse(
        _events(request, job, lang),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def counted(words: Messages) -> dict[str, Any]:
    """The sentences that `counted-job.js` needs."""
    return {
        "lost": words("scan.lost"),
        "done": words.forms("scan.done"),
        "packed": words.forms("export_job.packed"),
    }


async def _events(
    request: Request, job: Callable[[], Job | None], lang: Language
) -> AsyncIterator[str]:
    seen, quiet = -1, 0.0
    while not await request.is_disconnected():
        one = job()
        if one is None:
            return
        if one.version != seen:
            seen, quiet = one.version, 0.0
            yield f"event: progress\ndata: {json.dumps(one.to_json(lang))}\n\n"
        if not one.is_at_work:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(_LOOK_SECONDS)
        quiet += _LOOK_SECONDS
        if quiet >= _KEEP_ALIVE_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"
