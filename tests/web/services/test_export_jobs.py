"""Files written in the background: what becomes of an export, and of its file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from barkive.catalogue import Export, Filter
from barkive.errors import UnknownExportError, UsageError
from barkive.progress import OnProgress
from barkive.web.services.export_jobs import ExportJobs


@dataclass
class Scripted:
    """A catalogue that exports as the test says; without `go_on` it waits."""

    fault: Exception | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    is_at_work: threading.Event = field(default_factory=threading.Event)

    def count(self, query: Filter) -> int:
        return 3

    def export(
        self, wish: Export, query: Filter, *, remember: bool, on_progress: OnProgress
    ) -> SimpleNamespace:
        assert not remember
        on_progress(1, 3)
        self.is_at_work.set()
        assert self.go_on.wait(30)
        on_progress(3, 3)
        if self.fault is not None:
            raise self.fault
        assert wish.out is not None
        wish.out.write_bytes(b"%PDF")
        return SimpleNamespace(is_empty=False)


@pytest.fixture
def catalogue() -> Scripted:
    return Scripted()


@pytest.fixture
def jobs(catalogue: Scripted) -> Iterator[ExportJobs]:
    scripted: Any = catalogue
    jobs = ExportJobs(scripted)
    yield jobs
    catalogue.go_on.set()
    jobs.close()


def test_an_export_is_followed_to_its_file(catalogue: Scripted, jobs: ExportJobs) -> None:
    begun = jobs.begin("contact-sheet", "en", Filter())
    assert catalogue.is_at_work.wait(30)
    assert jobs.known(begun.id).to_json() == {
        **{"id": begun.id, "form": "contact-sheet", "state": "running", "done": 1, "total": 3},
        **{"error": None, "error_code": None},
    }
    catalogue.go_on.set()
    job = jobs.wait(begun, 30)
    assert (job.state, job.file is not None and job.file.read_bytes()) == ("finished", b"%PDF")
    assert jobs.cancel(job.id) == job
    jobs.close()
    assert job.file is not None
    assert not job.file.parent.exists()


def test_one_is_at_work_at_a_time_and_one_that_waits_can_be_stopped(
    catalogue: Scripted, jobs: ExportJobs
) -> None:
    first = jobs.begin("contact-sheet", "en", Filter())
    assert catalogue.is_at_work.wait(30)
    second = jobs.begin("contact-sheet", "en", Filter())
    assert jobs.cancel(second.id).state == "cancelled"
    assert jobs.known(first.id).state == "running"
    threading.Timer(0.01, catalogue.go_on.set).start()
    # It goes on to its next photo, and no farther.
    assert jobs.cancel(first.id).state == "cancelled"
    assert jobs.known(first.id).file is None


def test_a_fault_is_told(catalogue: Scripted, jobs: ExportJobs) -> None:
    catalogue.go_on.set()
    catalogue.fault = UsageError("export_png_full", limit=9)
    job = jobs.wait(jobs.begin("contact-sheet", "en", Filter()), 30)
    assert (job.state, job.to_json()["error_code"]) == ("failed", "export_png_full")
    catalogue.fault = ZeroDivisionError()
    job = jobs.wait(jobs.begin("contact-sheet", "en", Filter()), 30)
    assert (job.state, job.to_json()["error_code"]) == ("failed", "export_fault")
    with pytest.raises(UsageError):
        jobs.begin("md-json", "en", Filter(), by="animal")


def test_old_files_go(catalogue: Scripted, jobs: ExportJobs) -> None:
    catalogue.go_on.set()
    made = [jobs.wait(jobs.begin("contact-sheet", "en", Filter()), 30) for _ in range(7)]
    assert [one.file is not None and one.file.exists() for one in made] == [
        *(False, False, True, True, True, True, True),
    ]
    with pytest.raises(UnknownExportError):
        jobs.known(made[0].id)
