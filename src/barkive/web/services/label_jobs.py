"""Labels for many photos at once, and their undo, as jobs in the background. Knows no HTTP."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import TypedDict

from barkive.catalogue import Catalogue, Label
from barkive.errors import BarkiveError
from barkive.messages import Language, Message
from barkive.progress import OnProgress

_log = logging.getLogger(__name__)
_TELL_SECONDS = 0.1
_KEPT = 50


class LabelJobJSON(TypedDict):
    """How far a job is, as a JSON object."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class LabelJob:
    """How far a job is, at one moment.

    Attributes:
        id: Its name.
        is_at_work: Whether it goes on.
        version: Grows with every change.
        done: Photos that it is through with.
        total: Photos in all, as far as they are counted.
        act: The number of the act; None where nothing was done.
        photos: How many were labelled.
        left_out: Why photos were left out; each reason names its file.
        error: Why it failed.
    """

    id: str
    is_at_work: bool = True
    version: int = 0
    done: int = 0
    total: int = 0
    act: int | None = None
    photos: int = 0
    left_out: tuple[Message, ...] = ()
    error: BarkiveError | None = None

    def to_json(self, lang: Language = "en") -> LabelJobJSON:
        """The job as a JSON object."""
        return {"done": self.done, "total": self.total}


class _StoppedError(BaseException):
    """Raised inside a job when the server ends: no failure, and nobody's to catch."""


class LabelJobs:
    """The jobs since the start. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Sets the catalogue whose photos are labelled."""
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, LabelJob] = OrderedDict()
        self._threads: dict[str, threading.Thread] = {}
        self._is_closed = False

    def label(
        self, photos: Sequence[int], said: Label, left_out: Sequence[Message] = ()
    ) -> LabelJob:
        """Labels photos.

        Args:
            photos: Their numbers.
            said: What is said of each.
            left_out: Why other photos were left out before.
        """

        def work(on_progress: OnProgress) -> dict[str, Any]:
            done = self._catalogue.animals.label(photos, said, on_progress=on_progress)
            return {
                "act": done.act.id if done.act is not None else None,
                "photos": done.photos,
                "left_out": (*left_out, *(reason for _, reason in done.left_out)),
            }

        return self._begin(work)

    def undo(self, act: int, by: str | None = None) -> LabelJob:
        """Takes an act back.

        Args:
            act: Its number.
            by: Who takes it back.
        """

        def work(on_progress: OnProgress) -> dict[str, Any]:
            done = self._catalogue.animals.undo(act, by=by, on_progress=on_progress)
            return {"act": done.id}

        return self._begin(work)

    def get(self, job_id: str) -> LabelJob | None:
        """A job as it is now; None where it is not remembered."""
        with self._lock:
            return self._jobs.get(job_id)

    def wait(self, job: LabelJob, seconds: float) -> LabelJob:
        """A job once it is done, or after so many seconds."""
        with self._lock:
            thread = self._threads.get(job.id)
        if thread is not None:
            thread.join(seconds)
        return self.get(job.id) or job

    def close(self) -> None:
        """Stops what runs, and waits for it; what was labelled by then stands."""
        with self._lock:
            self._is_closed = True
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(timeout=30)

    def _begin(self, work: Callable[[OnProgress], dict[str, Any]]) -> LabelJob:
        job = LabelJob(secrets.token_hex(8))
        thread = threading.Thread(
            target=self._run, args=(job, work), name="barkive-labelling", daemon=True
        )
        with self._lock:
            self._jobs[job.id] = job
            self._threads[job.id] = thread
            ended = [one for one in self._jobs.values() if not one.is_at_work]
            for old in ended[: max(0, len(self._jobs) - _KEPT)]:
                del self._jobs[old.id]
        thread.start()
        return job

    def _run(self, job: LabelJob, work: Callable[[OnProgress], dict[str, Any]]) -> None:
        try:
            outcome = work(self._teller(job.id))
        except _StoppedError:
            return
        except BarkiveError as error:
            outcome = {"error": error}
        except Exception:
            _log.exception("Labelling has failed")
            outcome = {"error": BarkiveError("label_fault")}
        self._set(job.id, is_at_work=False, **outcome)
        with self._lock:
            del self._threads[job.id]

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(job, version=job.version + 1, **changes)

    def _teller(self, job_id: str) -> OnProgress:
        told = 0.0

        def on_progress(done: int, total: int | None) -> None:
            nonlocal told
            if self._is_closed:
                raise _StoppedError
            moment = time.monotonic()
            if moment - told >= _TELL_SECONDS:
                told = moment
                self._set(job_id, done=done, total=total or done)

        return on_progress
