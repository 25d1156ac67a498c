"""Scans in the background: what becomes of them, and what is told of them meanwhile."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from barkive.catalogue import Catalogue, Summary
from barkive.classifier import Classifier
from barkive.errors import BusyError, CatalogueError, UnknownScanError, UsageError
from barkive.messages import Message
from barkive.verdicts import Status
from barkive.web.services import scan_jobs as module
from barkive.web.services.scan_jobs import ScanJob, ScanJobs, State

Work = Callable[[Summary, Callable[[int, int | None], None]], None]

EMPTY = Message("photo_empty")


class Scripted:
    """A catalogue whose scans do what the test says, folder by folder."""

    def __init__(self, **works: Work) -> None:
        self.works = works
        self.scanned: list[tuple[tuple[str, ...], bool]] = []

    def scan(
        self, folders, *, classifier, retry_failed, passing, gone, summary, on_progress, asked
    ) -> Summary:
        self.scanned.append((tuple(folders), retry_failed))
        work = self.works.get(folders[0].strip("/"))
        if work is not None:
            work(summary, on_progress)
        summary.finished = True
        return summary


class Gate:
    """A scan that waits until it is let on, and then tells of its progress."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        self.reached.set()
        assert self.open.wait(60)
        on_progress(1, 1)


def ended(scans: ScanJobs, scan: ScanJob, *states: State) -> ScanJob:
    """The scan as soon as it is over, or in one of the states."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        now = scans.get(scan.id)
        if now.state in (states or (State.FINISHED, State.FAILED, State.CANCELLED)):
            return now
        time.sleep(0.005)
    raise AssertionError(now)


@pytest.fixture
def begin() -> Iterator[Callable[..., ScanJobs]]:
    """Starts the scans of a scripted catalogue, and closes them at the end."""
    begun: list[tuple[ScanJobs, Scripted]] = []

    def make(catalogue: Scripted, **options: int) -> ScanJobs:
        begun.append((ScanJobs(catalogue, lambda: None, **options), catalogue))  # type: ignore[arg-type]
        return begun[-1][0]

    yield make
    for scans, catalogue in begun:
        for work in catalogue.works.values():
            if isinstance(work, Gate):
                work.open.set()
        scans.close()


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """Three dogs and a broken file."""
    for number in range(3):
        colour_photo(f"kennel/{number}.png", (250 - number, 10, 10))
    folder = colour_photo("kennel/mila.png", (10, 250, 10)).parent
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    for file in folder.iterdir():  # of a file just written it can't be told that it stays so
        os.utime(file, (1_000_000_000, 1_000_000_000))
    return folder


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite") as opened:
        yield opened


@pytest.fixture
def real(catalogue: Catalogue, colour_bundle: Path) -> Iterator[ScanJobs]:
    """The scans of a real catalogue."""
    classifier = Classifier(colour_bundle)
    scans = ScanJobs(catalogue, lambda: classifier)
    yield scans
    scans.close()


def test_a_scan_finds_the_photos_and_tells_of_them(
    real: ScanJobs, catalogue: Catalogue, kennel: Path
) -> None:
    asked = real.start([str(kennel)])
    assert (asked.state, asked.version, asked.to_json()["started_at"]) == (State.WAITING, 0, None)
    scan = ended(real, asked)
    json = scan.to_json()
    assert json["started_at"] is not None
    assert json["finished_at"] is not None
    assert json["started_at"].endswith("Z")
    started, finished = (
        datetime.fromisoformat(one) for one in (json["started_at"], json["finished_at"])
    )
    assert started <= finished
    for name in ("rate", "started_at", "finished_at"):
        del json[name]  # type: ignore[misc]
    assert json == {
        "id": asked.id,
        "folders": [str(kennel)],
        "state": "finished",
        "done": 5,
        "total": 5,
        "seconds_left": None,
        "new": 5,
        "changed": 0,
        "moved": 0,
        "replaced": 0,
        "missing": 0,
        "unchanged": 0,
        "taken_out": 0,
        "passed_over": {},
        "statuses": {"dog": 4, "uncertain": 0, "not_dog": 0, "failed": 1},
        "failed": [
            {
                "file": str(kennel / "broken.jpg"),
                "error": "The file starts as JPEG does, but is damaged or cut off.",
                "error_code": "photo_header_damaged",
            }
        ],
        "error": None,
        "error_code": None,
        "is_away": False,
        "origin": "program",
        "started_by": None,
        "run": catalogue.runs(1)[0].id,
    }
    assert catalogue.count() == 5
    (kennel / "0.png").unlink()
    again = ended(real, real.start([str(kennel)])).to_json()
    counted = {name: again[name] for name in ("done", "total", "new", "missing", "unchanged")}  # type: ignore[literal-required]
    assert counted == {"done": 4, "total": 4, "new": 0, "missing": 1, "unchanged": 4}
    assert real.all() == [real.get(again["id"]), scan]


def test_a_folder_that_is_not_there_fails_with_a_sentence(real: ScanJobs, tmp_path: Path) -> None:
    scan = ended(real, real.start([str(tmp_path / "unplugged")]))
    assert scan.state is State.FAILED
    assert scan.error is not None
    assert scan.error.startswith(f"There is no folder or file {tmp_path / 'unplugged'};")
    assert scan.finished_at is not None


def test_a_folder_that_disappears_while_it_is_scanned(
    real: ScanJobs, catalogue: Catalogue, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Classifier.judge

    def and_gone(self: Classifier, items, load, **options):
        kennel.rename(kennel.with_name("elsewhere"))
        return judge(self, items, load, **options)

    monkeypatch.setattr(Classifier, "judge", and_gone)
    scan = ended(real, real.start([str(kennel)]))
    assert (scan.state, scan.done, scan.total, scan.error) == (State.FINISHED, 0, 0, None)
    assert catalogue.count() == 0
    monkeypatch.undo()
    found = ended(real, real.start([str(kennel.with_name("elsewhere"))]))
    assert (found.state, found.done) == (State.FINISHED, 5)


def test_an_empty_folder(real: ScanJobs, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    scan = ended(real, real.start([str(tmp_path / "empty")]))
    assert (scan.state, scan.done, scan.total, scan.rate) == (State.FINISHED, 0, 0, None)


@pytest.mark.parametrize("moment", ["listing", "writing"])
def test_what_a_cancelled_scan_has_found_is_kept_and_counted_once(
    real: ScanJobs,
    catalogue: Catalogue,
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    if moment == "listing":
        monkeypatch.setattr("barkive.catalogue.scan.listing._AT_ONCE", 2)
    monkeypatch.setattr(
        "barkive.catalogue.scan.pipeline._BATCH", 2 if moment == "writing" else 1000
    )
    judge = Classifier.judge

    def then_cancel(self: Classifier, items, load, **options):
        for number, one in enumerate(judge(self, items, load, **options)):
            if number == 1:
                real.cancel(real.all()[0].id)
            yield one

    monkeypatch.setattr(Classifier, "judge", then_cancel)
    scan = ended(real, real.start([str(kennel)]))
    assert (scan.state, scan.error) == (State.CANCELLED, None)
    (run,) = catalogue.runs()
    assert (run.state.value, run.error) == ("interrupted", None)
    assert 2 <= catalogue.count() <= 5
    assert scan.summary.new == scan.done == catalogue.count()
    assert scan.summary.statuses.total() == catalogue.count()
    monkeypatch.undo()
    rest = ended(real, real.start([str(kennel)]))
    assert (rest.state, rest.summary.new) == (State.FINISHED, 5 - scan.summary.new)


def test_scans_come_one_after_the_other_in_the_order_asked_for(
    begin: Callable[..., ScanJobs],
) -> None:
    catalogue = Scripted(a=Gate())
    scans = begin(catalogue)
    a = scans.start(["/a"])
    catalogue.works["a"].reached.wait(60)
    b, c = scans.start(["/b", "/b"], retry_failed=True), scans.start(["/c"])
    assert [one.state for one in scans.all()] == [State.WAITING, State.WAITING, State.RUNNING]
    catalogue.works["a"].open.set()
    assert ended(scans, c).state is State.FINISHED
    assert catalogue.scanned == [(("/a",), False), (("/b",), True), (("/c",), False)]
    assert [one.id for one in scans.all()] == [c.id, b.id, a.id]


def test_the_same_folder_waits_once(begin: Callable[..., ScanJobs]) -> None:
    gate = Gate()
    scans = begin(Scripted(a=gate))
    running = scans.start(["/a"])
    gate.reached.wait(60)
    again = scans.start(["/a"])  # what came since it was listed is to be found
    assert again.id != running.id
    assert scans.start(["/a"]) == scans.start(["/a", "/a"]) == again
    assert scans.start(["/a"], retry_failed=True).id != again.id
    assert scans.start(["/a", "/b"]).id != again.id
    assert len(scans.all()) == 4


def test_at_most_twenty_wait(begin: Callable[..., ScanJobs]) -> None:
    gate = Gate()
    scans = begin(Scripted(a=gate))
    scans.start(["/a"])
    gate.reached.wait(60)
    waiting = [scans.start([f"/{number}"]) for number in range(20)]
    with pytest.raises(BusyError, match="20 scans are waiting already; try again"):
        scans.start(["/one more"])
    assert scans.start(["/7"]) == waiting[7]
    scans.cancel(waiting[3].id)
    assert scans.start(["/one more"]).state is State.WAITING


def test_a_scan_that_waits_is_cancelled_at_once_and_never_runs(
    begin: Callable[..., ScanJobs],
) -> None:
    catalogue = Scripted(a=Gate())
    scans = begin(catalogue)
    scans.start(["/a"])
    catalogue.works["a"].reached.wait(60)
    b, c = scans.start(["/b"]), scans.start(["/c"])
    scans.cancel(b.id)
    now = scans.get(b.id)
    assert (now.state, now.started_at) == (State.CANCELLED, None)
    assert now.finished_at is not None
    scans.cancel(b.id)
    assert scans.get(b.id) == now
    catalogue.works["a"].open.set()
    ended(scans, c)
    assert [folders for folders, _ in catalogue.scanned] == [("/a",), ("/c",)]


def test_a_scan_that_runs_is_cancelled_at_its_next_photo(begin: Callable[..., ScanJobs]) -> None:
    gate = Gate()
    scans = begin(Scripted(a=gate))
    scan = scans.start(["/a"])
    gate.reached.wait(60)
    scans.cancel(scan.id)
    assert scans.get(scan.id).state is State.RUNNING
    gate.open.set()
    assert ended(scans, scan).state is State.CANCELLED
    assert ended(scans, scans.start(["/a"])).state is State.FINISHED


def test_a_finished_scan_is_not_cancelled(begin: Callable[..., ScanJobs]) -> None:
    scans = begin(Scripted())
    scan = ended(scans, scans.start(["/a"]))
    scans.cancel(scan.id)
    assert scans.get(scan.id) == scan


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UsageError("verbatim", sentence="There is no folder."), "There is no folder."),
        (CatalogueError("verbatim", sentence="It is locked."), "It is locked."),
        (ValueError("a bug"), "The scan has failed by a mistake of Barkive's"),
        (MemoryError(), "The scan has failed by a mistake of Barkive's"),
    ],
)
def test_a_fault_becomes_a_sentence_and_the_next_scan_runs(
    begin: Callable[..., ScanJobs],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    sentence: str,
) -> None:
    def fail(summary: Summary, on_progress: Callable[..., None]) -> None:
        summary.new = 3
        summary.statuses[Status.DOG] = summary.listed = 3
        raise error

    scans = begin(Scripted(a=fail))
    scan = ended(scans, scans.start(["/a"]))
    assert scan.state is State.FAILED
    assert (scan.error or "").startswith(sentence)
    assert (scan.done, scan.summary.new, scan.to_json()["statuses"]["dog"]) == (3, 3, 3)
    assert ("Traceback" in caplog.text) == sentence.endswith("Barkive's")
    assert ended(scans, scans.start(["/b"])).state is State.FINISHED


def test_close_ends_what_runs_and_what_waits(begin: Callable[..., ScanJobs]) -> None:
    def endless(summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        running.set()
        while True:
            on_progress(1, 2)
            time.sleep(0.001)

    running = threading.Event()
    catalogue = Scripted(a=endless)
    scans = begin(catalogue)
    a, b = scans.start(["/a"]), scans.start(["/b"])
    assert running.wait(60)
    scans.close()
    assert not scans._thread.is_alive()
    assert {scans.get(one.id).state for one in (a, b)} == {State.CANCELLED}
    assert [folders for folders, _ in catalogue.scanned] == [("/a",)]
    assert all(one.finished_at is not None for one in scans.all())
    with pytest.raises(BusyError):
        scans.start(["/c"])
    scans.close()


def test_close_with_nothing_to_do(begin: Callable[..., ScanJobs]) -> None:
    scans = begin(Scripted())
    scans.close()
    assert not scans._thread.is_alive()


def test_the_oldest_are_forgotten(begin: Callable[..., ScanJobs]) -> None:
    scans = begin(Scripted(), kept=3)
    ids = [ended(scans, scans.start([f"/{number}"])).id for number in range(5)]
    assert [one.id for one in scans.all()] == ids[:1:-1]
    with pytest.raises(UnknownScanError, match=f"There is no scan “{ids[0]}”"):
        scans.get(ids[0])
    with pytest.raises(UnknownScanError):
        scans.cancel("nothing")


def test_its_record_is_known_before_it_tells_of_its_progress(
    begin: Callable[..., ScanJobs],
) -> None:
    gate = Gate()

    def work(summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        summary.run = 7
        gate(summary, on_progress)

    scans = begin(Scripted(a=work))
    scan, other = scans.start(["/a"]), scans.start(["/b"])
    assert gate.reached.wait(60)
    assert scans.record_of(scans.get(scan.id)) == 7
    assert scans.record_of(scans.get(other.id)) is None
    gate.open.set()
    assert scans.record_of(ended(scans, scan)) == 7
    ended(scans, other)
    assert scans.record_of(scans.get(scan.id)) == 7


def test_rate_and_time_left_are_those_of_the_last_seconds(
    begin: Callable[..., ScanJobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    told: list[ScanJob] = []

    def work(summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        def tell(seconds: float, done: int, total: int = 1000) -> None:
            clock.now = 100 + seconds
            on_progress(done, total)
            told.append(scans.get(scans.all()[0].id))

        summary.unchanged = 100
        tell(0, 100)
        tell(0.05, 103)  # too soon after the last
        tell(2, 120)
        for second in range(3, 20):
            tell(second, 120 + 40 * (second - 2))
        tell(19.01, 1000)  # the last is always told

    scans = begin(Scripted(a=work))
    ended(scans, scans.start(["/a"]))
    assert [(one.done, one.rate, one.seconds_left) for one in told[:3]] == [
        (100, None, None),
        (100, None, None),
        (120, 10.0, 88),
    ]
    assert (told[9].done, told[9].total, told[9].rate) == (400, 1000, 40.0)
    assert told[9].seconds_left == 15
    assert told[-1].done == 1000
    versions = [one.version for one in told]
    assert versions == sorted(versions)
    assert versions[1] == versions[0]
    assert told[0].to_json()["rate"] is None
    assert told[2].to_json()["rate"] == 10.0
    assert all(one.rate is None or one.rate > 0 for one in told)


def test_two_threads_may_tell_at_once(begin: Callable[..., ScanJobs]) -> None:
    def work(summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        def tell() -> None:
            for done in range(2000):
                on_progress(done, done)  # always told

        threads = [threading.Thread(target=tell) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    scans = begin(Scripted(a=work))
    scan = ended(scans, scans.start(["/a"]))
    assert scan.state is State.FINISHED
    assert scan.version == 4002  # each of the 4000, that it runs, and that it is over


def test_whoever_tells_after_the_end_is_stopped(begin: Callable[..., ScanJobs]) -> None:
    kept: list[Callable[[int, int | None], None]] = []

    def fail(summary: Summary, on_progress: Callable[[int, int | None], None]) -> None:
        kept.append(on_progress)
        raise CatalogueError("verbatim", sentence="It is locked.")

    scans = begin(Scripted(a=fail))
    scan = ended(scans, scans.start(["/a"]))
    with pytest.raises(module._CancelledError):
        kept[0](7, 9)
    assert scans.get(scan.id) == scan


def test_json_lists_a_hundred_failures_and_names_that_are_no_text() -> None:
    failed = [(f"/a/{number}.jpg", EMPTY) for number in range(150)]
    failed[0] = ("/a/\udce9.jpg", EMPTY)
    scan = ScanJob("1", ("/\udce9",), summary=Summary(failed=failed), rate=3.14159)
    json = scan.to_json()
    assert json["folders"] == ["/\\udce9"]
    assert len(json["failed"]) == 100
    assert json["failed"][0] == {
        "file": "/a/\\udce9.jpg",
        "error": "The file is empty.",
        "error_code": "photo_empty",
    }
    assert (json["rate"], json["seconds_left"], json["started_at"]) == (3.1, None, None)
    assert json["statuses"] == {"dog": 0, "uncertain": 0, "not_dog": 0, "failed": 0}
