"""Scans that nobody asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest

from barkive.catalogue import Catalogue, ScanOrigin
from barkive.clock import now
from barkive.errors import BusyError, UsageError
from barkive.messages import Messages
from barkive.web.services import scan_timetable
from barkive.web.services.scan_timetable import ScanTimetable
from barkive.web.settings import FolderNotAllowedError, Settings

Begin = Callable[..., ScanTimetable]


class Jobs:
    """Remembers what is to be scanned."""

    def __init__(self) -> None:
        self.started: list[tuple[ScanOrigin, list[str]]] = []
        self.is_full = False

    def start(self, folders: Sequence[Any], *, asked: Any, **_: Any) -> None:
        if self.is_full:
            raise BusyError("scan_too_many_waiting", count=20)
        names = [one if isinstance(one, str) else one.name for one in folders]
        self.started.append((asked.origin, names))


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    with Catalogue(settings.catalogue) as opened:
        yield opened


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def begin(catalogue: Catalogue, jobs: Jobs, kennel: Path) -> Iterator[Begin]:
    begun: list[ScanTimetable] = []

    def make(folders: tuple[str, ...] | None = None) -> ScanTimetable:
        settings = Settings(folders=folders)
        begun.append(ScanTimetable(catalogue.scan_plans, settings, jobs))  # type: ignore[arg-type]
        return begun[-1]

    yield make
    for one in begun:
        one.close()


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not (done := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


def due(catalogue: Catalogue, folder: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans a daily scan that was last carried out two days ago."""
    with monkeypatch.context() as earlier:
        earlier.setattr("barkive.catalogue.scan.plans.now", lambda: now() - timedelta(days=2))
        at = (datetime.now() - timedelta(minutes=1)).time()
        catalogue.scan_plans.set(str(folder), is_watched=False, daily_at=clock(at.hour, at.minute))


def test_a_missed_daily_scan_begins_once(
    begin: Begin,
    catalogue: Catalogue,
    jobs: Jobs,
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due(catalogue, kennel, monkeypatch)
    monkeypatch.setattr(scan_timetable, "_LOOK_SECONDS", 0.01)
    looked = []
    all_plans = type(catalogue.scan_plans).all

    def watched(plans: Any) -> Any:
        looked.append(1)
        return all_plans(plans)

    monkeypatch.setattr(type(catalogue.scan_plans), "all", watched)
    begin()
    assert eventually(lambda: len(looked) > 5)
    begin()  # as after a restart
    assert eventually(lambda: len(looked) > 15)
    assert jobs.started == [(ScanOrigin.DAILY, [str(kennel)])]


def test_why_a_daily_scan_could_not_begin_is_told(
    begin: Begin, catalogue: Catalogue, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "drive"
    due(catalogue, away, monkeypatch)
    timetable = begin()
    assert eventually(lambda: bool(timetable.faults))
    assert timetable.faults[str(away)].text() == f"There is no folder {away}; check the name."
    assert jobs.started == []


def test_a_watched_folder_is_scanned_at_first_and_when_something_changes(
    begin: Begin,
    jobs: Jobs,
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[list[Path]] = []

    def changes(places: list[Path], is_over: Callable[[], bool]) -> Iterator[set[Path]]:
        seen.append(places)
        yield set(places)
        yield {kennel / "annex"}
        while not is_over():
            time.sleep(0.01)

    monkeypatch.setattr(scan_timetable, "folder_changes", changes)
    timetable = begin()
    timetable.set(str(kennel), is_watched=True, daily_at=None)
    assert eventually(lambda: len(jobs.started) == 2)
    assert jobs.started == [
        (ScanOrigin.WATCH, [str(kennel)]),
        (ScanOrigin.WATCH, [str(kennel / "annex")]),
    ]
    timetable.set(str(kennel), is_watched=False, daily_at=None)
    assert eventually(lambda: timetable._watcher is None)
    assert seen == [[kennel]]


def test_a_real_change_is_seen(
    begin: Begin, jobs: Jobs, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    begin().set(str(kennel), is_watched=True, daily_at=None)
    assert eventually(lambda: len(jobs.started) == 1)
    colour_photo("kennel/annex/new.png", (10, 10, 250))
    assert eventually(lambda: (ScanOrigin.WATCH, [str(kennel / "annex")]) in jobs.started)


def test_what_the_system_will_not_watch_is_told(
    begin: Begin, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError('OS file watch limit reached. about ["/photos"]')

    monkeypatch.setattr("watchfiles.watch", refuse)
    timetable = begin()
    timetable.set(str(kennel), is_watched=True, daily_at=None)
    assert eventually(lambda: bool(timetable.faults))
    assert Messages("en").on_page(timetable.faults[str(kennel)]) == (
        "This system can't watch so many folders. Set a time for some of them instead; whoever "
        "runs the server can allow more by fs.inotify.max_user_watches."
    )


def test_where_too_many_scans_wait_watching_goes_on(
    begin: Begin, jobs: Jobs, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes(places: list[Path], is_over: Callable[[], bool]) -> Iterator[set[Path]]:
        jobs.is_full = True
        yield set(places)
        jobs.is_full = False
        yield set(places)

    monkeypatch.setattr(scan_timetable, "folder_changes", changes)
    begin().set(str(kennel), is_watched=True, daily_at=None)
    assert eventually(lambda: jobs.started != [])


def test_only_folders_that_may_be_scanned_are_planned(begin: Begin, kennel: Path) -> None:
    timetable = begin((str(kennel / "annex"),))
    timetable.set(str(kennel / "annex"), is_watched=False, daily_at=clock(3, 30))
    with pytest.raises(FolderNotAllowedError):
        timetable.set(str(kennel), is_watched=False, daily_at=clock(3, 30))
    with pytest.raises(UsageError, match="is no place for photos"):
        begin().set("/proc", is_watched=True, daily_at=None)
