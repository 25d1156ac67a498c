"""Jobs in the background, each in a thread of its own, as far as they have come. Knows no HTTP."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from typing_extensions import TypedDict

from barkive.errors import BarkiveError
from barkive.messages import Language
from barkive.progress import OnProgress

_log = logging.getLogger(__name__)
_TELL_SECONDS = 0.1


class JobJSON(TypedDict):
    """How far a job is, as a JSON object."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Job:
    """How far a job is, at one moment.

    Attributes:
        id: Its name.
        is_at_work: Whether it goes on.
        is_cancelled: Whether somebody has stopped it.
        version: Grows with every change.
        done: What it is through with, such as photos.
        total: What there is in all, as far as that is counted.
        error: Why it failed.
    """

    id: str
    is_at_work: bool = True
    is_cancelled: bool = False
    version: int = 0
    done: int = 0
    total: int = 0
    error: BarkiveError | None = None

    def to_json(self, lang: Language = "en") -> JobJSON:
        """The job as a JSON object."""
        return {"done": self.done, "total": self.total}


_Job = TypeVar("_Job", bound=Job)


class _StoppedError(BaseException):
    """Raised inside a job that was stopped: no failure, and nobody's to catch."""


class Jobs(Generic[_Job]):
    """The jobs of one kind since the start. Safe to use from several threads."""

    def __init__(self, name: str, fault: str, kept: int) -> None:
        """Sets what they have in common.

        Args:
            name: Of their threads.
            fault: The code of the error where one ends by a mistake of Barkive's.
            kept: How many are remembered; those at work in any case.
        """
        self._name, self._fault, self._kept = name, fault, kept
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._threads: dict[str, threading.Thread] = {}
        self._cancelled: set[str] = set()
        self._is_closed = False

    def get(self, job_id: str) -> _Job | None:
        """A job as it is now; None where it is not remembered."""
        with self._lock:
            return self._jobs.get(job_id)

    def wait(self, job: _Job, seconds: float) -> _Job:
        """A job once it is done, or after so many seconds."""
        with self._lock:
            thread = self._threads.get(job.id)
        if thread is not None:
            thread.join(seconds)
        return self.get(job.id) or job

    def close(self) -> None:
        """Stops what runs, and waits for it; what was done by then stands."""
        with self._lock:
            self._is_closed = True
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(timeout=30)

    def _begin(self, job: _Job, work: Callable[[OnProgress], Mapping[str, Any]]) -> _Job:
        """Begins a job.

        Args:
            job: As it is at first.
            work: Does it, and gives what has changed of the job then.
        """
        thread = threading.Thread(target=self._run, args=(job, work), name=self._name, daemon=True)
        with self._lock:
            self._jobs[job.id] = job
            self._threads[job.id] = thread
            ended = [one for one in self._jobs.values() if not one.is_at_work]
            for old in ended[: max(0, len(self._jobs) - self._kept)]:
                self._forget(self._jobs.pop(old.id))
        thread.start()
        return job

    def _forget(self, job: _Job) -> None:
        """Removes what is left of a job."""

    def _refuse_stopped(self, job_id: str) -> None:
        """Ends the work of a job that was stopped, also where the server ends."""
        if self._is_closed or job_id in self._cancelled:
            raise _StoppedError

    def _run(self, job: _Job, work: Callable[[OnProgress], Mapping[str, Any]]) -> None:
        outcome: Mapping[str, Any]
        try:
            outcome = work(self._teller(job.id))
        except _StoppedError:
            outcome = {"is_cancelled": True}
        except BarkiveError as error:
            outcome = {"error": error}
        except Exception:
            _log.exception("A job has failed: %s", self._name)
            outcome = {"error": BarkiveError(self._fault)}
        self._set(job.id, is_at_work=False, **outcome)
        with self._lock:
            del self._threads[job.id]
            self._cancelled.discard(job.id)

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(job, version=job.version + 1, **changes)

    def _teller(self, job_id: str) -> OnProgress:
        told = 0.0

        def on_progress(done: int, total: int | None) -> None:
            nonlocal told
            self._refuse_stopped(job_id)
            moment = time.monotonic()
            if moment - told >= _TELL_SECONDS:
                told = moment
                self._set(job_id, done=done, total=total or done)

        return on_progress
