"""Labels for many photos in the background: what becomes of a job, and what is told of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from barkive.catalogue import Kind, Label
from barkive.errors import CatalogueError, NothingToSayError
from barkive.messages import Message
from barkive.progress import OnProgress, silent
from barkive.web.services.label_jobs import LabelJobs

NO_DOG = Label(Kind.NOT_DOG)
LEFT_OUT = Message("label_picture_changed", {"file": "/mix.png"})


@dataclass
class Scripted:
    """Animals that label as the test says; without `go_on` they wait."""

    fault: Exception | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    is_at_work: threading.Event = field(default_factory=threading.Event)

    def label(
        self, photos: Sequence[int], said: Label, *, on_progress: OnProgress = silent
    ) -> SimpleNamespace:
        self._work(on_progress)
        act = SimpleNamespace(id=7) if photos else None
        return SimpleNamespace(act=act, photos=len(photos), left_out=(("/mix.png", LEFT_OUT),))

    def undo(
        self, act: int, *, by: str | None = None, on_progress: OnProgress = silent
    ) -> SimpleNamespace:
        self._work(on_progress)
        return SimpleNamespace(id=act + 1)

    def _work(self, on_progress: OnProgress) -> None:
        on_progress(1, 2)
        self.is_at_work.set()
        assert self.go_on.wait(30)
        on_progress(2, 2)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def animals() -> Scripted:
    return Scripted()


@pytest.fixture
def jobs(animals: Scripted) -> Iterator[LabelJobs]:
    catalogue: Any = SimpleNamespace(animals=animals)
    jobs = LabelJobs(catalogue)
    yield jobs
    animals.go_on.set()
    jobs.close()


def test_a_job_is_followed(animals: Scripted, jobs: LabelJobs) -> None:
    begun = jobs.label([1, 2], NO_DOG)
    assert animals.is_at_work.wait(30)
    job = jobs.wait(begun, 0)
    assert (job.is_at_work, job.act) == (True, None)
    assert job.to_json() == {"done": 1, "total": 2}
    animals.go_on.set()
    job = jobs.wait(begun, 30)
    assert (job.is_at_work, job.act, job.photos, job.error) == (False, 7, 2, None)
    assert job.left_out == (LEFT_OUT,)
    assert job.version > begun.version
    assert jobs.wait(begun, 30) == job


def test_what_was_left_out_before_is_told_as_well(animals: Scripted, jobs: LabelJobs) -> None:
    animals.go_on.set()
    before = Message("label_spoken_since_listed", {"file": "/rex.png"})
    job = jobs.wait(jobs.label([], NO_DOG, [before]), 30)
    assert (job.act, job.photos, job.left_out) == (None, 0, (before, LEFT_OUT))


def test_an_act_is_taken_back(animals: Scripted, jobs: LabelJobs) -> None:
    animals.go_on.set()
    assert jobs.wait(jobs.undo(7, "Ada"), 30).act == 8


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (NothingToSayError("act_unknown", act=9), "act_unknown"),
        (CatalogueError("catalogue_disk_full", file="c.sqlite"), "catalogue_disk_full"),
        (ZeroDivisionError(), "label_fault"),
    ],
)
def test_a_fault_is_kept(fault: Exception, code: str, animals: Scripted, jobs: LabelJobs) -> None:
    animals.fault = fault
    animals.go_on.set()
    job = jobs.wait(jobs.undo(9), 30)
    assert job.error is not None
    assert (job.is_at_work, job.error.code) == (False, code)


def test_the_end_of_the_server_stops_it(animals: Scripted, jobs: LabelJobs) -> None:
    job = jobs.label([1, 2], NO_DOG)
    assert animals.is_at_work.wait(30)
    closing = threading.Thread(target=jobs.close)
    closing.start()
    while not jobs._is_closed:
        closing.join(0.01)
    animals.go_on.set()
    closing.join(30)
    assert not closing.is_alive()
    left = jobs.get(job.id)
    assert left is not None
    assert left.act is None


def test_old_jobs_are_forgotten(animals: Scripted, jobs: LabelJobs) -> None:
    animals.go_on.set()
    made = [jobs.wait(jobs.undo(i), 30) for i in range(52)]
    assert [jobs.get(one.id) is None for one in (made[0], made[1], made[51])] == [
        *(True, True, False),
    ]
