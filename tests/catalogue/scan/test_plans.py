"""Folders that were scanned, and those that a server scans by itself."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue, ScanPlan, is_system_folder, open_source
from barkive.catalogue.scan import plans
from barkive.classifier import Classifier
from barkive.errors import UsageError


def test_known_folders_are_those_that_were_scanned_and_planned(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    assert catalogue.scan_plans.known_folders() == []
    catalogue.scan([kennel / "annex", kennel], classifier=classifier)
    catalogue.scan_plans.set("/photos/new", is_watched=True, daily_at=None)
    assert catalogue.scan_plans.known_folders() == ["/photos/new", str(kennel)]


def test_a_plan_is_set_and_removed(catalogue: Catalogue) -> None:
    found = catalogue.scan_plans
    found.set("/photos/b", is_watched=False, daily_at=time(3, 30))
    found.set("/photos/a", is_watched=True, daily_at=None)
    assert [(one.path, one.is_watched, one.daily_at) for one in found.all()] == [
        ("/photos/a", True, None),
        ("/photos/b", False, time(3, 30)),
    ]
    found.set("/photos/a", is_watched=False, daily_at=None)
    assert [one.path for one in found.all()] == ["/photos/b"]


@pytest.mark.parametrize(
    ("ran", "is_due"),
    [(timedelta(hours=1), False), (timedelta(hours=3), True), (timedelta(days=9), True)],
)
def test_a_missed_time_is_caught_up_with_once(
    ran: timedelta, is_due: bool, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
    utc = noon.replace(tzinfo=None) - noon.utcoffset()  # type: ignore[operator]
    monkeypatch.setattr(plans, "now", lambda: utc - ran)
    catalogue.scan_plans.set("/photos", is_watched=False, daily_at=time(10))
    monkeypatch.setattr(plans, "now", lambda: utc)
    (plan,) = catalogue.scan_plans.all()
    assert plan.is_due() is is_due
    assert plan.next_at() == utc + timedelta(hours=22)
    # Of two servers one scans.
    assert [catalogue.scan_plans.take(plan), catalogue.scan_plans.take(plan)] in (
        [True, False],
        [True, True],  # the clock stands still, so nothing has changed
    )
    (plan,) = catalogue.scan_plans.all()
    assert not plan.is_due()


def test_without_a_time_nothing_is_due() -> None:
    plan = ScanPlan("/photos", is_watched=True)
    assert (plan.is_due(), plan.next_at()) == (False, None)


@pytest.mark.parametrize("path", ["/", "/proc", "/proc/self/root", "/sys/class", "/dev", "//"])
def test_the_system_is_no_place_for_photos(path: str) -> None:
    with pytest.raises(UsageError, match="is no place for photos: it holds the system"):
        open_source(path)


def test_what_only_leads_there_is_refused_as_well(tmp_path: Path) -> None:
    (tmp_path / "all").symlink_to("/")
    for given in (str(tmp_path / "all"), "/*/nowhere*", "/proc/*/cwd"):
        with pytest.raises(UsageError, match="is no place for photos"):
            open_source(given)
    assert not is_system_folder("/dev/shm/photos")
    assert not is_system_folder("/processed")
    assert not is_system_folder(str(tmp_path))
