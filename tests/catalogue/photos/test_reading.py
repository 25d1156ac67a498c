from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.catalogue.photos.reading import Reading, is_gone
from barkive.catalogue.scan import listing
from barkive.catalogue.scan.sources import Listed
from barkive.detection.views import Viewer
from barkive.errors import PhotoError
from barkive.images import Preprocessing, remote


@pytest.mark.parametrize("name", ["none.jpg", "x" * 5000, "a\0b.jpg", "\ud800.jpg"])
def test_what_no_file_can_be_called_is_gone(tmp_path: Path, name: str) -> None:
    assert is_gone(str(tmp_path / name))


def test_what_is_there_is_not_gone(tmp_path: Path) -> None:
    assert not is_gone(str(tmp_path))
    (tmp_path / "around").symlink_to("around")
    assert not is_gone(str(tmp_path / "around"))


@pytest.mark.parametrize(
    ("mtime_ns", "tick_ns"),
    [
        (1_700_000_000_500_000_000, 20_000_000),
        # Whole seconds: perhaps of FAT, whose clock counts by two of them.
        (1_700_000_000_000_000_000, 2_000_000_000),
    ],
)
@pytest.mark.parametrize("direction", [1, -1], ids=["before", "after, by another clock"])
def test_a_file_that_was_changed_within_the_clocks_tick_is_not_taken_for_unchanged(
    make_photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    mtime_ns: int,
    tick_ns: int,
    direction: int,
) -> None:
    path = make_photo()
    os.utime(path, ns=(mtime_ns, mtime_ns))

    def noted(after_ns: int) -> int | None:
        monkeypatch.setattr(time, "time_ns", lambda: mtime_ns + direction * after_ns)
        reading = Reading(str(path))
        reading.load(Viewer(Preprocessing(size=32, square="squash"), None))
        return reading.mtime_ns

    assert (noted(0), noted(tick_ns - 1), noted(tick_ns)) == (None, None, mtime_ns)


def test_a_file_of_a_store_that_was_changed_within_the_last_two_seconds_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mtime_ns = 1_700_000_000_500_000_000

    def noted(after_ns: int) -> int | None:
        monkeypatch.setattr(time, "time_ns", lambda: mtime_ns + after_ns)
        (state,) = listing.look([Listed("s3://kennel/rex.jpg", False, 9, mtime_ns)])
        assert state is not None
        return state.mtime_ns

    assert (noted(0), noted(1_999_999_999), noted(2_000_000_000)) == (None, None, mtime_ns)


@pytest.mark.parametrize(("size", "asked"), [(600 << 20, 0), (None, 1)])
def test_a_film_in_a_store_is_not_read(
    monkeypatch: pytest.MonkeyPatch, size: int | None, asked: int
) -> None:
    class Store:
        asked = 0

        def _strip_protocol(self, url: str) -> str:
            return url

        def info(self, name: str) -> dict[str, object]:
            self.asked += 1
            return {"name": name, "size": 600 << 20, "type": "file"}

    store = Store()
    monkeypatch.setattr(remote, "_store", lambda scheme: store)
    reading = Reading("s3://b/film.jpg", size, 1)
    with pytest.raises(PhotoError, match=r"^The file has 600 MB; the limit is 512 MB\.$"):
        reading.load(Viewer(Preprocessing(size=32, square="squash"), None))
    assert store.asked == asked
