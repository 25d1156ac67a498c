"""Learning as jobs: one at a time, in the background, with its progress and what it gained."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from typing_extensions import TypedDict

from barkive.catalogue import Catalogue, JudgedAgain, Learning, utc
from barkive.clock import now
from barkive.errors import (
    BarkiveError,
    LearningError,
    NothingToSayError,
    ReadOnlyCatalogueError,
    UnknownLearningError,
    UnknownPhotoError,
)
from barkive.learning import Report, Score
from barkive.messages import Language, Message, reason_json
from barkive.progress import OnProgress
from barkive.verdicts import BreedName
from barkive.web.paths import printable
from barkive.web.services.model_in_use import ModelInUse

_log = logging.getLogger(__name__)
_TELL_SECONDS = 0.1

LISTED = 50
"""So many groups of contradicting photos are told, at most."""


class State(StrEnum):
    """What has become of a job."""

    LEARNING = "learning"
    LEARNED = "learned"
    JUDGING = "judging"
    FINISHED = "finished"
    REFUSED = "refused"
    FAILED = "failed"


class BreedNameJSON(TypedDict):
    """A breed with its names."""

    id: str
    en: str
    fr: str


class ScoreJSON(TypedDict):
    """On how many photos a model was right."""

    photos: int
    before: int
    after: int
    is_worse: bool


class BreedScoreJSON(ScoreJSON):
    """The same for the photos of one breed."""

    breed: BreedNameJSON
    is_new: bool


class LaterJSON(TypedDict):
    """A breed with too few photos to be learned yet."""

    breed: BreedNameJSON
    photos: int


class ListedPhotoJSON(TypedDict):
    """A photo; its `id` is null where the catalogue does not hold it any more."""

    id: int | None
    file: str


class SuspectJSON(ListedPhotoJSON):
    """A photo that looks like another breed than people said."""

    said: BreedNameJSON
    looks_like: BreedNameJSON
    probability: float


class FiguresJSON(TypedDict):
    """What a model has learned from, and what it gained."""

    photos: int
    fresh: int
    not_dogs: int
    crosses: int
    own: ScoreJSON
    breeds: list[BreedScoreJSON]
    remembered: ScoreJSON


class ReportJSON(FiguresJSON):
    """The same, with what people should look at."""

    is_better: bool
    later: list[LaterJSON]
    contradictions: list[list[ListedPhotoJSON]]
    suspects: list[SuspectJSON]
    unjudged: int


class JudgedJSON(TypedDict):
    """How many photos were judged again, and how many keep another model's answer."""

    photos: int
    left: int


class LearnJSON(TypedDict):
    """A job's JSON form."""

    id: str
    undoes: bool
    use: bool
    by: str | None
    state: str
    done: int
    total: int
    started_at: str
    finished_at: str | None
    model: str | None
    report: ReportJSON | None
    judged: JudgedJSON | None
    error: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class LearnJob:
    """How far a job is, at one moment.

    Attributes:
        id: Its name.
        use: Whether what was learned is put to use at once, unless it got worse.
        undoes: Whether nothing is learned, and the model from before is put to use again.
        by: Who asked for it; None where that is not known.
        state: What has become of it.
        version: Grows with every change.
        done: Steps of learning, or photos judged again.
        total: Steps or photos in all, as far as they are counted.
        started_at: When it began, UTC.
        finished_at: When it ended, UTC; of what has learned, once it is in use.
        learning: What was learned.
        numbers: The catalogue's numbers of the photos that the report names, by their paths.
        judged: What came of judging again.
        reason: Why it was refused, or failed.
    """

    id: str
    use: bool = False
    undoes: bool = False
    by: str | None = None
    state: State = State.LEARNING
    version: int = 0
    done: int = 0
    total: int = 0
    started_at: datetime = field(default_factory=now)
    finished_at: datetime | None = None
    learning: Learning | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    judged: JudgedAgain | None = None
    reason: Message | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on by itself."""
        return self.state in (State.LEARNING, State.JUDGING)

    @property
    def report(self) -> Report | None:
        """What was gained; None where nothing was learned yet."""
        return self.learning.report if self.learning is not None else None

    def to_json(self, lang: Language = "en") -> LearnJSON:
        """The job as a JSON object; times in ISO 8601, errors in a language."""
        judged = self.judged
        return {
            "id": self.id,
            "undoes": self.undoes,
            "use": self.use,
            "by": self.by,
            "state": self.state.value,
            "done": self.done,
            "total": self.total,
            "started_at": utc(self.started_at),
            "finished_at": utc(self.finished_at) if self.finished_at else None,
            "model": self.learning.bundle.model if self.learning else None,
            "report": _report_json(self.report, self.numbers) if self.report else None,
            "judged": {"photos": judged.photos, "left": judged.left} if judged else None,
            **reason_json(self.reason, lang),
        }


class _StoppedError(BaseException):
    """Raised inside a job when the server ends: no failure, and nobody's to catch."""


class LearnJobs:
    """The jobs since the start; one runs at a time. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, model_in_use: ModelInUse, *, kept: int = 5) -> None:
        """Sets what learns.

        Args:
            catalogue: Whose labels are learned.
            model_in_use: Of the server; it learns, and follows to what was learned.
            kept: How many jobs are remembered, each with its model.
        """
        self._catalogue, self._model_in_use, self._kept = catalogue, model_in_use, kept
        self._lock = threading.RLock()
        self._jobs: OrderedDict[str, LearnJob] = OrderedDict()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def learn(self, *, use: bool = False, by: str | None = None) -> LearnJob:
        """Has the model learn what people said.

        Args:
            use: Whether it is put to use at once, unless it got worse.
            by: Who asks for it.

        Raises:
            LearningError: Another job runs.
            ReadOnlyCatalogueError: The catalogue can only be read.
        """
        return self._begin(LearnJob(secrets.token_hex(8), use=use, by=by), self._learn)

    def use(self, job_id: str) -> LearnJob:
        """Puts to use what a job has learned.

        Raises:
            UnknownLearningError: There is no such job.
            LearningError: It has nothing that could be put to use, or another job runs.
            ReadOnlyCatalogueError: The catalogue can only be read.
        """
        with self._lock:
            job = self.get(job_id)
            if job.state is State.REFUSED and job.reason is not None:
                raise LearningError.of(job.reason)
            if job.state is not State.LEARNED:
                raise LearningError("learn_no_result", learning=job_id)
            job = replace(job, use=True, state=State.JUDGING, done=0, total=0)
            return self._begin(job, self._use)

    def undo(self, *, by: str | None = None) -> LearnJob:
        """Goes back to the model that the one in use was learned from.

        Args:
            by: Who asks for it.

        Raises:
            NothingToSayError: The one in use was not learned here.
            LearningError: Another job runs.
            ReadOnlyCatalogueError: The catalogue can only be read.
        """
        known = self._catalogue.known_models()
        if not any(one.is_in_use and one.parent is not None for one in known):
            raise NothingToSayError("model_nothing_to_undo")
        job = LearnJob(secrets.token_hex(8), undoes=True, by=by, state=State.JUDGING)
        return self._begin(job, self._undo)

    def get(self, job_id: str) -> LearnJob:
        """A job as it is now.

        Raises:
            UnknownLearningError: There is no such job.
        """
        with self._lock:
            if job_id not in self._jobs:
                raise UnknownLearningError("learn_unknown", learning=job_id)
            return self._jobs[job_id]

    def all(self) -> list[LearnJob]:
        """The jobs that are remembered, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    @property
    def running(self) -> LearnJob | None:
        """The job that runs; None where none does."""
        return next((one for one in self.all() if one.is_at_work), None)

    def close(self) -> None:
        """Stops what runs, and waits for it; photos that were to follow do so at the next scan."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join(timeout=30)

    def _begin(self, job: LearnJob, work: Callable[[LearnJob], dict[str, Any]]) -> LearnJob:
        if (why := self._catalogue.read_only) is not None:
            raise ReadOnlyCatalogueError.of(why)
        with self._lock:
            if (other := self.running) is not None:
                raise LearningError("learn_running", learning=other.id)
            self._jobs[job.id] = job = replace(job, version=job.version + 1)
            self._jobs.move_to_end(job.id)
            while len(self._jobs) > self._kept:
                self._jobs.popitem(last=False)
            run = partial(self._run, job, work)
            self._thread = threading.Thread(target=run, name="barkive-learning", daemon=True)
            self._thread.start()
            return job

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(job, version=job.version + 1, **changes)

    def _run(self, job: LearnJob, work: Callable[[LearnJob], dict[str, Any]]) -> None:
        try:
            outcome = work(job)
        except _StoppedError:
            return
        except BarkiveError as error:
            outcome = {"state": State.FAILED, "reason": error.message}
        except Exception:
            _log.exception("Learning has failed")
            outcome = {"state": State.FAILED, "reason": Message("learn_fault")}
        is_open = outcome["state"] is State.LEARNED
        self._set(job.id, finished_at=None if is_open else now(), **outcome)

    def _learn(self, job: LearnJob) -> dict[str, Any]:
        classifier = self._model_in_use.classifier()
        tell = self._teller(job.id)
        learning = self._catalogue.learn(classifier=classifier, by=job.by, on_progress=tell)
        learned = {"learning": learning, "numbers": self._numbers(learning.report)}
        try:
            learning.require_better()
        except LearningError as error:
            return {"state": State.REFUSED, "reason": error.message, **learned}
        if not job.use:
            return {"state": State.LEARNED, **learned}
        self._set(job.id, state=State.JUDGING, done=0, total=0, **learned)
        return self._use(replace(job, learning=learning))

    def _use(self, job: LearnJob) -> dict[str, Any]:
        assert job.learning is not None
        judged = self._catalogue.use(job.learning, on_progress=self._teller(job.id))
        self._model_in_use.follow()
        return {"state": State.FINISHED, "judged": judged}

    def _undo(self, job: LearnJob) -> dict[str, Any]:
        judged = self._catalogue.undo_learning(self._teller(job.id), by=job.by)
        return {"state": State.FINISHED, "judged": judged}

    def _teller(self, job_id: str) -> OnProgress:
        told = 0.0

        def on_progress(done: int, total: int | None) -> None:
            nonlocal told
            if self._is_closed:
                raise _StoppedError
            moment = time.monotonic()
            if moment - told >= _TELL_SECONDS or done == total:
                told = moment
                self._set(job_id, done=done, total=total or done)

        return on_progress

    def _numbers(self, report: Report) -> dict[str, int]:
        """The numbers of the photos that a report names, as far as the catalogue holds them."""
        numbers: dict[str, int] = {}
        for path in (
            *(one.photo for one in report.suspects),
            *(path for some in report.contradictions[:LISTED] for path in some),
        ):
            with suppress(UnknownPhotoError):
                numbers[path] = self._catalogue.photo(path).id
        return numbers


def figures_json(report: Report) -> FiguresJSON:
    """What a model has learned from, and what it gained, as a JSON object."""
    return {
        "photos": report.photos,
        "fresh": report.fresh,
        "not_dogs": report.not_dogs,
        "crosses": report.crosses,
        "own": _score_json(report.own),
        "breeds": [
            {"breed": _breed_json(one.breed), "is_new": one.is_new, **_score_json(one.score)}
            for one in report.breeds
        ],
        "remembered": _score_json(report.remembered),
    }


def _report_json(report: Report, numbers: Mapping[str, int]) -> ReportJSON:
    def listed(path: str) -> ListedPhotoJSON:
        return {"id": numbers.get(path), "file": printable(path)}

    return {
        **figures_json(report),
        "is_better": report.is_better,
        "later": [{"breed": _breed_json(breed), "photos": n} for breed, n in report.later],
        "contradictions": [
            [listed(path) for path in some] for some in report.contradictions[:LISTED]
        ],
        "suspects": [
            {
                **listed(one.photo),
                "said": _breed_json(one.said),
                "looks_like": _breed_json(one.looks_like),
                "probability": one.probability,
            }
            for one in report.suspects
        ],
        "unjudged": report.unjudged,
    }


def _score_json(score: Score) -> ScoreJSON:
    return {
        "photos": score.photos,
        "before": score.before,
        "after": score.after,
        "is_worse": score.is_worse,
    }


def _breed_json(breed: BreedName) -> BreedNameJSON:
    return {"id": breed.id, "en": breed.en, "fr": breed.fr}
