"""Learning in the background: what becomes of a job, and what is told of it meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from barkive.catalogue import JudgedAgain, Learning
from barkive.errors import (
    CatalogueError,
    LearningError,
    NothingToSayError,
    ReadOnlyCatalogueError,
    SwitchedMeanwhileError,
    UnknownLearningError,
    UnknownPhotoError,
)
from barkive.learning import Report, Score, Suspect
from barkive.messages import Message
from barkive.progress import OnProgress
from barkive.verdicts import BreedName
from barkive.web.services.learn_jobs import LearnJob, LearnJobs, State

PUG, BOXER = BreedName("n02110958", "Pug", "Carlin"), BreedName("n02108089", "Boxer", "Boxer")
PATHS = {"/a.jpg": 7, "/b.jpg": 8}


def report(after: int = 3) -> Report:
    return Report(
        parent="colours@0",
        photos=5,
        fresh=5,
        not_dogs=0,
        crosses=0,
        own=Score(5, 2, after, 0),
        breeds=(),
        remembered=Score(10, 10, 10, 0),
        later=(),
        contradictions=(("/a.jpg", "/gone.jpg"),),
        suspects=(Suspect("/b.jpg", PUG, BOXER, 0.91),),
        unjudged=0,
        by=None,
        at="2026-06-01T12:00:00",
        seconds=0.1,
    )


@dataclass
class Scripted:
    """A catalogue that learns as the test says."""

    read_only: Message | None = None
    report: Report = field(default_factory=report)
    fault: Exception | None = None
    gate: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    parent: str | None = "colours@0"
    told: list[str] = field(default_factory=list)

    def learn(self, *, classifier: Any, by: str | None, on_progress: OnProgress) -> Learning:
        self.told.append(f"learn by {by}")
        self._work(on_progress)
        bundle: Any = SimpleNamespace(model="colours@1", network="colours@1")
        return Learning(self.report, bundle, bundle, None, 5)

    def use(self, learning: Learning, *, on_progress: OnProgress) -> JudgedAgain:
        self.told.append(f"use {learning.bundle.model}")
        self._work(on_progress)
        return JudgedAgain(12, 1)

    def undo_learning(self, on_progress: OnProgress, *, by: str | None) -> JudgedAgain:
        self.told.append("undo")
        self._work(on_progress)
        return JudgedAgain(12, 0)

    def known_models(self) -> list[Any]:
        return [SimpleNamespace(is_in_use=True, parent=self.parent)]

    def photo(self, path: str) -> Any:
        if path not in PATHS:
            raise UnknownPhotoError("catalogue_photo_unknown", photo=path)
        return SimpleNamespace(id=PATHS[path])

    def _work(self, on_progress: OnProgress) -> None:
        self.reached.set()
        if self.gate is not None:
            assert self.gate.wait(60)
        on_progress(6, 6)
        if self.fault is not None:
            raise self.fault


class InUse:
    """A server's model, which tells whether it follows."""

    has_followed = False

    def classifier(self) -> None:
        return None

    def follow(self) -> None:
        self.has_followed = True


def rested(jobs: LearnJobs, job: LearnJob) -> LearnJob:
    """The job as soon as it rests."""
    end = time.monotonic() + 60
    while (now := jobs.get(job.id)).is_at_work:
        assert time.monotonic() < end
        time.sleep(0.005)
    return now


@pytest.fixture
def in_use() -> InUse:
    return InUse()


@pytest.fixture
def begin(in_use: InUse) -> Iterator[Callable[..., LearnJobs]]:
    """Makes the jobs of a scripted catalogue, and closes them at the end."""
    begun: list[tuple[LearnJobs, Scripted]] = []

    def make(catalogue: Scripted, **options: int) -> LearnJobs:
        begun.append((LearnJobs(catalogue, in_use, **options), catalogue))  # type: ignore[arg-type]
        return begun[-1][0]

    yield make
    for jobs, catalogue in begun:
        if catalogue.gate is not None:
            catalogue.gate.set()
        jobs.close()


def test_what_is_learned_waits_for_a_decision(
    begin: Callable[..., LearnJobs], in_use: InUse
) -> None:
    catalogue = Scripted()
    jobs = begin(catalogue)
    job = jobs.learn(by="Ada")
    assert (job.state, job.is_at_work) == (State.LEARNING, True)
    learned = rested(jobs, job)
    assert (learned.state, learned.done, learned.total) == (State.LEARNED, 6, 6)
    assert (learned.finished_at, in_use.has_followed) == (None, False)
    told = learned.to_json()["report"]
    assert told is not None
    assert told["contradictions"] == [
        [{"id": 7, "file": "/a.jpg"}, {"id": None, "file": "/gone.jpg"}]
    ]
    assert told["suspects"] == [
        {
            "id": 8,
            "file": "/b.jpg",
            "said": {"id": "n02110958", "en": "Pug", "fr": "Carlin"},
            "looks_like": {"id": "n02108089", "en": "Boxer", "fr": "Boxer"},
            "probability": 0.91,
        }
    ]
    used = jobs.use(job.id)
    assert (used.state, used.done, used.version > learned.version) == (State.JUDGING, 0, True)
    done = rested(jobs, job)
    assert (done.state, done.judged) == (State.FINISHED, JudgedAgain(12, 1))
    assert (done.finished_at is not None, in_use.has_followed) == (True, True)
    assert catalogue.told == ["learn by Ada", "use colours@1"]


def test_what_got_worse_is_refused(begin: Callable[..., LearnJobs]) -> None:
    jobs = begin(catalogue := Scripted(report=report(after=1)))
    job = rested(jobs, jobs.learn(use=True))
    assert (job.state, job.reason and job.reason.code) == (State.REFUSED, "learn_worse")
    assert job.report == catalogue.report
    with pytest.raises(LearningError, match=r"^The new model got worse"):
        jobs.use(job.id)
    assert catalogue.told == ["learn by None"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (LearningError("learn_too_few", n=1, fewest=5), "learn_too_few"),
        (SwitchedMeanwhileError("model_switched_meanwhile"), "model_switched_meanwhile"),
        (CatalogueError("model_in_use_gone", model="colours@0"), "model_in_use_gone"),
        (ZeroDivisionError(), "learn_fault"),
    ],
)
def test_what_fails_says_why(begin: Callable[..., LearnJobs], fault: Exception, code: str) -> None:
    jobs = begin(catalogue := Scripted(fault=fault))
    for begun in (jobs.learn, jobs.undo):
        job = rested(jobs, begun())
        assert (job.state, job.reason and job.reason.code) == (State.FAILED, code)
        assert job.finished_at is not None
    catalogue.fault = None
    learned = rested(jobs, jobs.learn())
    catalogue.fault = fault
    jobs.use(learned.id)
    used = rested(jobs, learned)
    assert (used.state, used.reason and used.reason.code) == (State.FAILED, code)
    assert used.report is not None


def test_only_one_runs(begin: Callable[..., LearnJobs]) -> None:
    catalogue = Scripted()
    jobs = begin(catalogue)
    waiting = rested(jobs, jobs.learn())
    catalogue.gate = threading.Event()
    running = jobs.undo()
    assert jobs.running == running
    for begun in (jobs.learn, jobs.undo, lambda: jobs.use(waiting.id)):
        with pytest.raises(LearningError, match=running.id):
            begun()
    assert jobs.get(waiting.id) == waiting
    catalogue.gate.set()
    assert rested(jobs, running).judged == JudgedAgain(12, 0)
    assert jobs.running is None


def test_what_was_not_learned_here_is_not_taken_back(begin: Callable[..., LearnJobs]) -> None:
    jobs = begin(Scripted(parent=None))
    with pytest.raises(NothingToSayError, match="was not learned from this catalogue"):
        jobs.undo()
    assert jobs.all() == []


def test_a_catalogue_that_can_only_be_read_learns_nothing(begin: Callable[..., LearnJobs]) -> None:
    why = Message("catalogue_reason_disk_read_only")
    jobs = begin(Scripted(read_only=why))
    for begun in (jobs.learn, jobs.undo):
        with pytest.raises(ReadOnlyCatalogueError):
            begun()


def test_old_jobs_are_forgotten_and_unknown_ones_told(begin: Callable[..., LearnJobs]) -> None:
    jobs = begin(Scripted(), kept=2)
    first, *others = [rested(jobs, jobs.learn()) for _ in range(3)]
    assert jobs.all() == others[::-1]
    with pytest.raises(UnknownLearningError, match=first.id):
        jobs.get(first.id)


def test_closing_ends_what_runs(begin: Callable[..., LearnJobs]) -> None:
    jobs = begin(catalogue := Scripted(gate=threading.Event()))
    job = jobs.learn(use=True)
    assert catalogue.reached.wait(60)
    closing = threading.Thread(target=jobs.close)
    closing.start()
    while not jobs._is_closed:
        time.sleep(0.005)
    assert catalogue.gate is not None
    catalogue.gate.set()
    closing.join(60)
    assert not closing.is_alive()
    assert catalogue.told == ["learn by None"]
    assert jobs.get(job.id).report is None
