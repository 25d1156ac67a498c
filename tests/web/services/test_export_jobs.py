"""Files written in the background: what becomes of an export, and of its file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from barkive.catalogue import Export, Failure, Filter, Outcome
from barkive.errors import UnknownExportError, UsageError
from barkive.messages import Message
from barkive.progress import OnProgress
from barkive.web.services import archive, export_jobs
from barkive.web.services.export_jobs import ExportJobs, Options

PLAIN = Message("photo_empty")


@dataclass
class Scripted:
    """A catalogue that exports as the test says; without `go_on` it waits."""

    fault: Exception | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome(written=3))
    go_on: threading.Event = field(default_factory=threading.Event)
    is_at_work: threading.Event = field(default_factory=threading.Event)
    recorded: list[tuple[str, bool]] = field(default_factory=list)

    def count(self, query: Filter) -> int:
        return 3

    def top(self, query: Filter) -> str | None:
        return "/photos"

    def export(
        self,
        wish: Export,
        query: Filter,
        *,
        remember: bool,
        on_progress: OnProgress,
        deliver: Callable[[Outcome], object] = lambda done: None,
    ) -> Outcome:
        on_progress(1, 3)
        self.is_at_work.set()
        assert self.go_on.wait(30)
        on_progress(3, 3)
        if self.fault is not None:
            raise self.fault
        assert wish.out is not None
        if wish.out.suffix:
            wish.out.write_bytes(b"%PDF")
        elif self.outcome.written:
            (wish.out / "Pug").mkdir(parents=True)
            (wish.out / ".barkive.jsonl").write_text("of this machine")
            (wish.out / "list.txt").write_text("Pug\n" * 100)
            (wish.out / "Pug" / "rex.jpg").write_bytes(b"\xff\xd8" * 100)
            (wish.out / "Pug" / "gone.jpg").symlink_to("nowhere")
        deliver(self.outcome)
        self.recorded.append((wish.form, remember))
        return self.outcome


@pytest.fixture
def catalogue() -> Scripted:
    return Scripted()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
def jobs(catalogue: Scripted, place: Path) -> Iterator[ExportJobs]:
    scripted: Any = catalogue
    jobs = ExportJobs(scripted, place)
    yield jobs
    catalogue.go_on.set()
    jobs.close()
    assert list(place.iterdir()) == []


def files(place: Path) -> list[str]:
    """All that lies there, but for the locks."""
    return sorted(one.name for one in place.rglob("*") if one.is_file() and one.name != "lock")


def test_an_export_is_followed_to_its_file(catalogue: Scripted, jobs: ExportJobs) -> None:
    begun = jobs.begin("contact-sheet", "en", Filter())
    assert catalogue.is_at_work.wait(30)
    assert jobs.known(begun.id).to_json() == {
        **{"id": begun.id, "form": "contact-sheet", "state": "running", "packing": False},
        **{"done": 1, "total": 3, "written": 0, "left_out": 0, "failed": 0, "failures": []},
        **{"by_hand": [], "error": None, "error_code": None},
    }
    assert [one.id for one in jobs.own()] == [begun.id]
    catalogue.go_on.set()
    job = jobs.wait(begun, 30)
    assert (job.state, job.file is not None and job.file.read_bytes()) == ("finished", b"%PDF")
    assert jobs.cancel(job.id) == job
    assert catalogue.recorded == [("contact-sheet", False)]


def test_a_folder_becomes_an_archive(catalogue: Scripted, jobs: ExportJobs, place: Path) -> None:
    """Photos are stored, the rest is deflated; the manifest and what is gone are not in it."""
    catalogue.go_on.set()
    catalogue.outcome = Outcome(3, failures=tuple(Failure(f"/{n}.jpg", PLAIN) for n in range(30)))
    job = jobs.wait(jobs.begin("folders", "en", Filter()), 30)
    assert job.file is not None
    with ZipFile(job.file) as packed:
        assert packed.testzip() is None
        assert {one.filename: one.compress_type for one in packed.infolist()} == {
            "list.txt": ZIP_DEFLATED,
            "Pug/rex.jpg": ZIP_STORED,
        }
    assert files(place) == [f"{job.id}.zip"]
    told = job.to_json()
    assert (told["written"], told["failed"], len(told["failures"])) == (2, 31, 20)
    assert told["failures"][0] == {
        **{"file": "/0.jpg", "error": "The file is empty.", "error_code": "photo_empty"}
    }


def test_what_is_gone_is_named_as_in_the_archive(catalogue: Scripted, jobs: ExportJobs) -> None:
    catalogue.go_on.set()
    job = jobs.wait(jobs.begin("folders", "en", Filter()), 30)
    assert [(one.file, one.reason.code) for one in job.failures] == [
        ("Pug/gone.jpg", "archive_unreadable")
    ]


def test_nothing_to_pack_is_told(catalogue: Scripted, jobs: ExportJobs, place: Path) -> None:
    catalogue.go_on.set()
    catalogue.outcome = Outcome(skipped=3)
    job = jobs.wait(jobs.begin("xmp", "en", Filter()), 30)
    assert (job.state, job.to_json()["error_code"]) == ("failed", "export_archive_empty")
    assert (job.to_json()["left_out"], files(place)) == (3, [])


@pytest.mark.parametrize("where", ["writing", "one photo", "packing", "foreseen"])
def test_a_full_disk_is_told_and_nothing_is_left(
    catalogue: Scripted,
    jobs: ExportJobs,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    catalogue.go_on.set()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    match where:
        case "writing":
            catalogue.fault = full
        case "one photo":
            remedy = Message("remedy_make_room")
            reason = Message("export_file_failed", {"reason": "full", "remedy": remedy})
            catalogue.outcome = Outcome(2, failures=(Failure("/rex.jpg", reason),))
        case "packing":

            def fails(*_: Any) -> None:
                raise full

            monkeypatch.setattr(ZipFile, "write", fails)
        case "foreseen":
            usage = type("Usage", (), {"free": 0})
            monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: usage)
    job = jobs.wait(jobs.begin("folders", "en", Filter()), 30)
    assert job.to_json()["error"] == (
        "The server's disk has no room for this file, and nothing was left of it; make room "
        "there, or choose fewer photos."
    )
    assert (files(place), catalogue.recorded) == ([], [])


def test_stopped_while_packing_nothing_is_left(
    catalogue: Scripted, jobs: ExportJobs, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, is_packing, write = threading.Event(), threading.Event(), ZipFile.write

    def slow(*args: Any) -> None:
        is_packing.set()
        assert go_on.wait(30)
        write(*args)

    monkeypatch.setattr(ZipFile, "write", slow)
    catalogue.go_on.set()
    job = jobs.begin("folders", "en", Filter())
    assert is_packing.wait(30)
    assert jobs.known(job.id).is_packing
    threading.Timer(0.01, go_on.set).start()
    assert jobs.cancel(job.id).state == "cancelled"
    assert (files(place), catalogue.recorded) == ([], [])


def test_what_a_killed_server_left_is_removed_and_what_another_has_stays(
    catalogue: Scripted, jobs: ExportJobs, place: Path
) -> None:
    catalogue.go_on.set()
    kept = jobs.wait(jobs.begin("folders", "en", Filter()), 30)
    assert kept.file is not None
    # Some machine was switched off in the middle of an archive.
    code = (
        "import os, sys; from pathlib import Path\n"
        "from barkive.web.services.export_jobs import _OwnFolder\n"
        "own = _OwnFolder.make(Path(sys.argv[1]))\n"
        "(own.folder / 'half.zip').write_bytes(b'PK')\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(place)], check=False).returncode == 9
    assert "half.zip" in files(place)
    scripted: Any = catalogue
    again = ExportJobs(scripted, place)
    assert files(place) == [kept.file.name]
    again.close()
    assert files(place) == [kept.file.name]


def test_a_file_goes_when_its_time_is_over(
    catalogue: Scripted, jobs: ExportJobs, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "KEPT_HOURS", 0.5 / 3600)
    catalogue.go_on.set()
    job = jobs.begin("contact-sheet", "en", Filter())
    timers = jobs._timers
    jobs.wait(job, 30)
    for timer in [*timers.values()]:
        timer.join(30)
    assert files(place) == []
    with pytest.raises(UnknownExportError):
        jobs.known(job.id)


def test_one_is_at_work_at_a_time_and_one_that_waits_can_be_stopped(
    catalogue: Scripted, jobs: ExportJobs
) -> None:
    first = jobs.begin("contact-sheet", "en", Filter())
    assert catalogue.is_at_work.wait(30)
    second = jobs.begin("folders", "en", Filter())
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
    for form, options in (("md-json", Options(by="animal")), ("csv", Options(new=True))):
        with pytest.raises(UsageError):
            jobs.begin(form, "en", Filter(), options)


def test_a_place_that_can_not_be_written_is_told(catalogue: Scripted, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    scripted: Any = catalogue
    jobs = ExportJobs(scripted, tmp_path / "file" / "exports")
    with pytest.raises(UsageError, match="The server can't keep the file"):
        jobs.begin("folders", "en", Filter())


def test_old_files_go(catalogue: Scripted, jobs: ExportJobs) -> None:
    catalogue.go_on.set()
    made = [jobs.wait(jobs.begin("contact-sheet", "en", Filter()), 30) for _ in range(7)]
    assert [one.file is not None and one.file.exists() for one in made] == [
        *(False, False, True, True, True, True, True),
    ]
    with pytest.raises(UnknownExportError):
        jobs.known(made[0].id)
