from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from barkive import __version__
from barkive.catalogue import Catalogue, RunState, ScanOrigin, ScanRequest
from barkive.catalogue.db import schema
from barkive.catalogue.scan import history
from barkive.classifier import Classifier
from barkive.clock import now


def test_a_scan_is_remembered_with_who_what_when_versions_and_counts(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    begun = now()
    catalogue.scan(kennel, classifier=classifier)
    (run,) = catalogue.runs()
    assert run.started_by == f"{getpass.getuser()}@{socket.gethostname()}"
    assert (run.sources, run.engine, run.model) == (
        (str(kennel),),
        "local",
        classifier.bundle.model,
    )
    assert run.counts == {
        **{"listed": 5, "unchanged": 0, "new": 5, "changed": 0, "moved": 0, "replaced": 0},
        **{
            "again": 0,
            "back": 0,
            "missing": 0,
            "taken_out": 0,
            "dog": 2,
            "uncertain": 1,
            "not_dog": 1,
            "failed": 1,
        },
    }
    assert run.versions["barkive"] == __version__
    assert set(run.versions) == {"barkive", "python", "onnxruntime", "pillow", "pillow-heif"}
    assert run.ended_at is not None
    assert begun <= run.started_at <= run.seen_at <= run.ended_at <= now()
    assert (run.state, run.error, run.is_alive) == (RunState.FINISHED, None, False)
    assert run.to_json()["state"] == "finished"


def test_an_interrupted_scan_is_remembered_with_what_it_did(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    def interrupt(done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.scan(kennel, classifier=classifier, on_progress=interrupt)
    catalogue.scan(kennel, classifier=classifier)
    last, first = catalogue.runs()
    assert (first.state, first.counts["new"]) == (RunState.INTERRUPTED, 5)
    assert (last.state, last.counts["new"]) == (RunState.FINISHED, 0)
    assert catalogue.runs(1) == [last]


def test_a_scan_that_fails_by_a_mistake_is_remembered_as_failed(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    def fail(done: int, total: int | None) -> None:
        raise ZeroDivisionError("postgresql://ada:secret@host/photos")

    with pytest.raises(ZeroDivisionError):
        catalogue.scan(kennel, classifier=classifier, on_progress=fail)
    (run,) = catalogue.runs()
    assert (run.state, run.error) == (
        RunState.FAILED,
        "The program has failed: ZeroDivisionError.",
    )


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, {5}), (60.0, {None})])
def test_a_scan_with_nothing_to_record_is_seen_to_run(
    catalogue: Catalogue,
    classifier: Classifier,
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    expected: set[int | None],
) -> None:
    for photo in kennel.rglob("*.*"):
        os.utime(photo, (1_600_000_000, 1_600_000_000))
    catalogue.scan(kennel, classifier=classifier)
    monkeypatch.setattr("barkive.catalogue.scan.history._STAY_SECONDS", seconds)
    kept = set()
    catalogue.scan(
        kennel,
        classifier=classifier,
        on_progress=lambda *_: kept.add(catalogue.runs(1)[0].counts.get("unchanged")),
    )
    assert kept == expected


def test_a_scan_that_was_killed_is_not_taken_for_one_that_runs(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    with catalogue._database.write() as connection:
        connection.execute(update(schema.run).values(state="running"))
    assert catalogue.runs()[0].is_alive
    with catalogue._database.write() as connection:
        connection.execute(update(schema.run).values(seen_at=now() - timedelta(minutes=6)))
    assert not catalogue.runs()[0].is_alive


def test_a_run_overlaps_with_folders_in_and_around_its_own(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    (run,) = catalogue.runs()
    assert run.overlaps([str(kennel)])
    assert run.overlaps([str(kennel / "annex")])
    assert run.overlaps(["/elsewhere", str(kennel.parent)])
    assert not run.overlaps([f"{kennel}2", "/elsewhere"])


def test_who_asks_and_where_is_remembered(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    summary = catalogue.scan(kennel, classifier=classifier)
    asked = ScanRequest(ScanOrigin.PAGE, "Ada")
    catalogue.scan(kennel, classifier=classifier, asked=asked)
    page, program = catalogue.runs()
    assert (page.started_by, page.origin) == ("Ada", ScanOrigin.PAGE)
    assert (program.id, program.origin) == (summary.run, ScanOrigin.PROGRAM)
    assert page.to_json()["origin"] == "page"
    # What a later Barkive writes, and an earlier one did not.
    with catalogue._database.write() as connection:
        connection.execute(update(schema.run).values(origin="telepathy"))
    assert [run.origin for run in catalogue.runs()] == [None, None]


@pytest.mark.skipif(os.name != "posix", reason="another system does not tell")
def test_a_scan_whose_process_is_gone_was_interrupted(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    own = history._process()
    gone = own.replace(str(os.getpid()), str(ended.pid), 1)
    for process, alive in ((own, True), (gone, False), (f"{gone}elsewhere", True), (None, True)):
        with catalogue._database.write() as connection:
            told = {"state": "running", "ended_at": None, "process": process}
            connection.execute(update(schema.run).values(told))
        (run,) = catalogue.runs()
        assert run.is_alive is alive
        if not alive:
            assert (run.state, run.ended_at) == (RunState.INTERRUPTED, run.seen_at)
