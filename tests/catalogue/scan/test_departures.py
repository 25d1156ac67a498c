"""What is gone from a source at once, and when that is asked about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.scan import departures, listing
from barkive.catalogue.scan.departures import Departures
from barkive.catalogue.scan.history import RunState
from barkive.catalogue.scan.listing import State
from barkive.catalogue.scan.sources import Listed
from barkive.classifier import Classifier
from barkive.errors import SourceAwayError
from barkive.images.passing import Passing

Scan = Callable[..., object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve photos."""
    folder = tmp_path / "nas"
    folder.mkdir()
    for i in range(12):
        file = folder / f"{i:02}.png"
        Image.new("RGB", (40, 30), (20 * i, 250 - 20 * i, 40)).save(file)
        os.utime(file, (10**9, 10**9))  # so long ago that the time tells
    return folder


@pytest.fixture
def scan(catalogue: Catalogue, classifier: Classifier, folder: Path) -> Scan:
    """Scans the folder, or another place, and has done so once."""

    def again(*places: Path, **options: object) -> object:
        return catalogue.scan(places or [folder], classifier=classifier, **options)  # type: ignore[arg-type]

    again()
    return again


def missing(catalogue: Catalogue) -> int:
    return catalogue.count(Filter(missing=True))


def test_an_empty_mount_point_changes_nothing(
    catalogue: Catalogue, scan: Scan, folder: Path
) -> None:
    catalogue.label(folder / "03.png", Label(Kind.BREED, ("boxer",), by="Ada"))
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()
    with pytest.raises(
        SourceAwayError,
        match=r"Of the 12 photos that the catalogue knows in .*nas, none can be found: .*--gone",
    ):
        scan()
    assert missing(catalogue) == 0
    assert catalogue.runs(1)[0].state is RunState.FAILED
    folder.rmdir()
    away.rename(folder)
    assert scan().unchanged == 12  # type: ignore[attr-defined]
    assert catalogue.photo(folder / "03.png").corrected
    shutil.rmtree(folder)
    folder.mkdir()
    assert scan(gone=True).missing == 12  # type: ignore[attr-defined]
    assert missing(catalogue) == 12


def test_where_all_are_there_and_none_was_read_no_file_is_looked_at_again(
    catalogue: Catalogue, scan: Scan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(listed: Sequence[Listed]) -> list[State | None]:
        looked.extend(Path(one.path).name for one in listed)
        return listing.look(listed)

    monkeypatch.setattr(departures, "look", look)
    assert scan().unchanged == 12  # type: ignore[attr-defined]
    assert scan(folder, folder / "03.png").unchanged == 12  # type: ignore[attr-defined]
    assert looked == []
    # Each where one is gone, or where something else than folders tells what is there.
    scan(folder / "*.png")
    assert len(looked) == 12
    (folder / "03.png").unlink()
    assert scan().missing == 1  # type: ignore[attr-defined]


def test_some_may_go_and_most_may_not(catalogue: Catalogue, scan: Scan, folder: Path) -> None:
    for i in range(2):
        (folder / f"{i:02}.png").unlink()
    scan()
    assert missing(catalogue) == 2
    for i in range(2, 11):
        (folder / f"{i:02}.png").unlink()
    scan()  # nine of ten: fewer than are asked about
    assert missing(catalogue) == 11
    (folder / "11.png").unlink()
    with pytest.raises(SourceAwayError, match="The one photo that the catalogue knows in"):
        scan()


def test_more_than_half_of_many_is_asked_about(
    catalogue: Catalogue, scan: Scan, folder: Path
) -> None:
    for i in range(11):
        (folder / f"{i:02}.png").unlink()
    # A new photo is no excuse.
    Image.new("RGB", (40, 30), (1, 2, 3)).save(folder / "new.png")
    with pytest.raises(SourceAwayError, match=r"Of the 12 photos .* only 1 can be found"):
        scan()
    assert missing(catalogue) == 0


def test_all_of_a_folder_is_little_of_the_one_that_is_watched(
    catalogue: Catalogue, scan: Scan, folder: Path
) -> None:
    deep = folder / "deep"
    deep.mkdir()
    (folder / "00.png").rename(deep / "00.png")
    scan()
    (deep / "00.png").unlink()
    with pytest.raises(SourceAwayError):
        scan(deep)
    scan(deep, passing=Passing(tops=(str(folder),)))
    assert missing(catalogue) == 1


def test_a_source_on_another_device_is_asked_about(
    catalogue: Catalogue, scan: Scan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Departures, "_device", staticmethod(lambda source: "another"))
    assert scan().unchanged == 12  # type: ignore[attr-defined]
    monkeypatch.setattr(Departures, "_device", staticmethod(lambda source: "a third"))
    (folder / "00.png").unlink()
    with pytest.raises(SourceAwayError, match="is on another device than before, and 1 of the 12"):
        scan()
    assert missing(catalogue) == 0
    scan(gone=True)
    assert missing(catalogue) == 1
    (folder / "01.png").unlink()
    scan()
    assert missing(catalogue) == 2


def test_what_moves_to_another_source_has_not_gone(
    catalogue: Catalogue, scan: Scan, folder: Path
) -> None:
    before = {Path(one.file).name: one.id for one in catalogue.search()}
    other = folder.with_name("other")
    shutil.move(folder, other)
    folder.mkdir()
    assert scan(folder, other).moved == 12  # type: ignore[attr-defined]
    assert {Path(one.file).name: one.id for one in catalogue.search()} == before


def test_a_photo_that_another_one_has_replaced_was_found(
    catalogue: Catalogue, classifier: Classifier, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name, colour in (("a.png", (250, 10, 10)), ("b.png", (10, 250, 10))):
        Image.new("RGB", (40, 30), colour).save(few / name)
        os.utime(few / name, (10**9, 10**9))
    catalogue.scan(few, classifier=classifier)
    Image.new("RGB", (40, 30), (10, 10, 250)).save(few / "a.png")
    (few / "b.png").unlink()
    summary = catalogue.scan(few, classifier=classifier)
    assert (summary.replaced, summary.missing) == (1, 1)
