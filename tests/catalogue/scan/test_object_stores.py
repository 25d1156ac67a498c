"""Scans of object stores, in this process, and of lists of their photos, on real databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from barkive.catalogue import Catalogue, Filter, Kind, Label, Summary
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.scan.sources import open_source
from barkive.classifier import Classifier
from barkive.errors import StoreError, UsageError
from barkive.images import remote

EVERYTHING = Filter(missing=None)


@pytest.mark.parametrize("pattern", ["x[].jpg", "[z-a]*", "[a!", "[^", "[[]*[&&]"])
def test_a_pattern_that_is_odd_is_only_one_that_nothing_fits(store: Any, pattern: str) -> None:
    with pytest.raises(UsageError, match="No photo fits"):
        open_source(f"memory://kennel/{pattern}")


@pytest.fixture
def store(kennel: Path) -> Iterator[Any]:
    """The kennel in an object store, all of it old."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for path in kennel.rglob("*.*"):
        memory.pipe(f"/kennel/{path.relative_to(kennel)}", path.read_bytes())
    age(memory)
    yield memory
    memory.store.clear()


def age(memory: Any) -> None:
    for file in memory.store.values():
        file.created = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_a_store_is_scanned_as_a_folder_is(
    catalogue: Catalogue,
    classifier: Classifier,
    kennel: Path,
    store: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    summary = catalogue.scan("memory://kennel/", classifier=classifier)
    assert +Counter(summary.counts()) == {
        **{"listed": 5, "new": 5, "dog": 2, "uncertain": 1, "not_dog": 1, "failed": 1}
    }
    local = catalogue.photo(kennel / "rex.png")
    there = catalogue.photo("memory://kennel/rex.png")
    assert (there.sha256, there.breeds, there.bytes) == (local.sha256, local.breeds, local.bytes)
    assert catalogue.count(Filter(folder="memory://kennel/annex")) == 1
    monkeypatch.setattr(Reading, "load", lambda *_: pytest.fail("a photo was read again"))
    again = catalogue.scan("memory://kennel", classifier=classifier)
    assert again.unchanged == 5


def test_a_photo_that_is_replaced_in_a_store_is_read_again(
    catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    catalogue.scan("memory://kennel", classifier=classifier)
    store.pipe("/kennel/rex.png", store.cat("/kennel/annex/mila.png"))
    # Written just now: its time can't tell whether it is written once more.
    for _ in range(2):
        summary = catalogue.scan("memory://kennel", classifier=classifier)
        assert summary.unchanged == 4
    age(store)
    assert catalogue.scan("memory://kennel", classifier=classifier).again == 1
    assert catalogue.scan("memory://kennel", classifier=classifier).unchanged == 5
    (first, *_) = catalogue.photo("memory://kennel/rex.png").breeds
    assert first.label.en == "Pug"


def test_what_is_gone_from_a_store_is_missing(
    catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    catalogue.scan("memory://kennel", classifier=classifier)
    store.rm("/kennel/annex/mila.png")
    assert catalogue.scan(["memory://kennel/*.png"], classifier=classifier).missing == 0
    assert catalogue.scan("memory://kennel", classifier=classifier).missing == 1
    assert catalogue.photo("memory://kennel/annex/mila.png").missing_since is not None
    store.rm("/kennel/night.png")
    assert catalogue.scan("memory://kennel/*.png", classifier=classifier).missing == 1


def test_a_list_may_name_photos_of_a_store_and_lie_there(
    catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    store.pipe("/lists/all.txt", b"memory://kennel/rex.png\nmemory://kennel/none.png\n")
    summary = catalogue.scan("memory://lists/all.txt", classifier=classifier)
    assert +Counter(summary.counts()) == {"listed": 1, "new": 1, "dog": 1}
    assert failures(summary) == [("memory://kennel/none.png", "The file does not exist.")]


def test_a_photo_that_a_store_refuses_for_now_is_read_by_the_next_scan(
    catalogue: Catalogue, classifier: Classifier, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.cat_file

    def throttled(name: str, *rest: Any, **more: Any) -> Any:
        if name.endswith("rex.png"):
            raise OSError("Slow down.")
        return whole(name, *rest, **more)

    with monkeypatch.context() as slow:
        slow.setattr(remote, "_sleep", lambda seconds: None)
        slow.setattr(type(store), "cat_file", staticmethod(throttled))
        summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert ("memory://kennel/rex.png", "The object store does not give the file: Slow down.") in (
        failures(summary)
    )
    assert summary.statuses.total() == 5
    summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert (summary.changed, summary.unchanged) == (1, 4)
    assert catalogue.photo("memory://kennel/rex.png").error is None


@pytest.fixture
def asked(store: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the store is asked for one by one."""
    names: list[str] = []
    whole = type(store).info

    def info(self: Any, name: str, **more: Any) -> Any:
        names.append(name)
        return whole(self, name, **more)

    monkeypatch.setattr(type(store), "info", info)
    return names


@pytest.fixture
def rex_in_a_list(catalogue: Catalogue, classifier: Classifier, store: Any, tmp_path: Path) -> Path:
    """A list of a photo of a store, scanned, that Ada has spoken of."""
    listing = tmp_path / "all.txt"
    listing.write_text("memory://kennel/rex.png\n")
    catalogue.scan(listing, classifier=classifier)
    catalogue.label("memory://kennel/rex.png", Label(Kind.BREED, ("boxer",), by="Ada"))
    return listing


def test_a_store_that_can_not_be_asked_ends_the_scan_of_a_list_and_changes_no_photo(
    catalogue: Catalogue,
    classifier: Classifier,
    store: Any,
    rex_in_a_list: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def throttled(self: Any, name: str, **more: Any) -> Any:
        raise OSError("Slow down.")

    before = catalogue.photo("memory://kennel/rex.png")
    with monkeypatch.context() as slow:
        slow.setattr(remote, "_sleep", lambda seconds: None)
        slow.setattr(type(store), "info", throttled)
        with pytest.raises(StoreError, match=r"does not answer for memory://kennel/rex\.png: Slow"):
            catalogue.scan(rex_in_a_list, classifier=classifier)
    assert catalogue.photo("memory://kennel/rex.png") == before
    assert catalogue.runs(1)[0].state.value == "failed"
    assert catalogue.scan(rex_in_a_list, classifier=classifier).unchanged == 1


def test_a_photo_of_a_list_that_a_store_refuses_is_told_and_the_others_are_scanned(
    catalogue: Catalogue,
    classifier: Classifier,
    store: Any,
    rex_in_a_list: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = type(store).info

    def refused(self: Any, name: str, **more: Any) -> Any:
        if name.endswith("rex.png"):
            raise PermissionError("Forbidden")
        return whole(self, name, **more)

    monkeypatch.setattr(type(store), "info", refused)
    with rex_in_a_list.open("a") as file:
        file.write("memory://kennel/night.png\nnowhere://kennel/rex.png\n")
    before = catalogue.photo("memory://kennel/rex.png")
    summary = catalogue.scan(rex_in_a_list, classifier=classifier)
    assert summary.new == 1
    (rex, why), (nowhere, unknown) = failures(summary)
    assert (rex, nowhere) == ("memory://kennel/rex.png", "nowhere://kennel/rex.png")
    assert why.startswith("The object store refuses memory://kennel/rex.png: Forbidden; check")
    assert unknown.startswith("Barkive knows no object store nowhere://;")
    assert catalogue.photo("memory://kennel/rex.png") == before


def test_a_store_is_asked_once_for_each_photo_of_a_list(
    catalogue: Catalogue,
    classifier: Classifier,
    rex_in_a_list: Path,
    asked: list[str],
) -> None:
    names = [f"memory://kennel/none-{number}.png" for number in range(5)]
    rex_in_a_list.write_text("\n".join(names))
    assert catalogue.scan(rex_in_a_list, classifier=classifier).failures == 5
    assert sorted(asked) == [f"/kennel/none-{number}.png" for number in range(5)]


def test_no_photo_of_a_store_is_asked_for_that_was_listed(
    catalogue: Catalogue, classifier: Classifier, store: Any, asked: list[str]
) -> None:
    # A placeholder that several names have.
    for number in range(5):
        store.pipe(f"/kennel/copies/{number}.png", store.cat("/kennel/rex.png"))
    age(store)
    catalogue.scan("memory://kennel", classifier=classifier)
    for file in store.store.values():
        file.created = datetime(2026, 5, 5, tzinfo=UTC)
    store.pipe("/kennel/copies/5.png", store.cat("/kennel/rex.png"))
    asked.clear()
    summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert (summary.again, summary.new) == (10, 1)
    assert asked == ["/kennel"]


def test_a_copy_of_what_lies_in_another_store_has_it_asked_for_once(
    catalogue: Catalogue,
    classifier: Classifier,
    store: Any,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue.scan("memory://kennel/rex.png", classifier=classifier)
    for number in range(4):
        store.pipe(f"/copies/{number}.png", store.cat("/kennel/rex.png"))
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", 1)
    asked.clear()
    assert catalogue.scan("memory://copies", classifier=classifier).new == 4
    assert asked == ["/copies", "/kennel/rex.png"]


def test_what_moved_in_a_store_keeps_its_number(
    catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    catalogue.scan("memory://kennel", classifier=classifier)
    before = catalogue.photo("memory://kennel/rex.png")
    store.mv("/kennel/rex.png", "/kennel/annex/queen.png")
    summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert (summary.moved, summary.missing) == (1, 0)
    assert catalogue.photo("memory://kennel/annex/queen.png").id == before.id


def test_a_photo_that_a_store_does_not_list_is_not_missing(
    catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    store.pipe("/kennel/.rex.png", store.cat("/kennel/rex.png"))
    assert catalogue.scan("memory://kennel/.rex.png", classifier=classifier).missing == 0
    assert catalogue.scan("memory://kennel", classifier=classifier).missing == 0
    store.rm("/kennel/.rex.png")
    assert catalogue.scan("memory://kennel", classifier=classifier).missing == 1


def test_what_another_scan_records_meanwhile_is_not_missing(
    where: str, catalogue: Catalogue, classifier: Classifier, store: Any
) -> None:
    late: list[int] = []

    def meanwhile(done: int, total: int | None) -> None:
        if done and not late:
            late.append(done)
            store.pipe("/kennel/late.png", store.cat("/kennel/rex.png"))
            with Catalogue(where) as other:
                other.scan("memory://kennel/late.png", classifier=classifier)

    summary = catalogue.scan("memory://kennel", classifier=classifier, on_progress=meanwhile)
    assert (late, summary.missing) == ([5], 0)
    assert catalogue.photo("memory://kennel/late.png").missing_since is None


def test_what_goes_from_a_store_before_it_is_read_is_missing_and_no_bad_photo(
    catalogue: Catalogue, classifier: Classifier, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.scan("memory://kennel", classifier=classifier)
    store.store["/kennel/rex.png"].created = datetime(2026, 5, 5, tzinfo=UTC)
    load = Reading.load

    def gone(self: Reading, *rest: Any) -> Any:
        store.rm("/kennel/rex.png")
        return load(self, *rest)

    monkeypatch.setattr(Reading, "load", gone)
    summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert (summary.unchanged, summary.missing, summary.failures) == (4, 1, 0)
    assert catalogue.photo("memory://kennel/rex.png").missing_since is not None


@pytest.mark.parametrize("folder", ["{kennel}/annex", "memory://kennel/annex"])
def test_a_folder_in_a_list_is_told_of_and_is_no_photo(
    catalogue: Catalogue,
    classifier: Classifier,
    kennel: Path,
    store: Any,
    tmp_path: Path,
    folder: str,
) -> None:
    named = folder.format(kennel=kennel)
    (tmp_path / "all.txt").write_text(named)
    summary = catalogue.scan(tmp_path / "all.txt", classifier=classifier)
    assert failures(summary) == [(named, "It is a folder, not a photo; name it as a source.")]
    assert catalogue.count(EVERYTHING) == 0


def test_a_store_that_stops_answering_ends_the_scan_with_what_is_done_kept(
    catalogue: Catalogue, classifier: Classifier, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = remote.listing

    def listing(url: str) -> remote.Folder:
        if url.endswith("annex"):
            raise StoreError("verbatim", sentence="The object store does not answer.")
        return found(url)

    monkeypatch.setattr(remote, "listing", listing)
    with pytest.raises(StoreError, match="does not answer"):
        catalogue.scan("memory://kennel", classifier=classifier)
    assert catalogue.count(EVERYTHING) == 4
    (run,) = catalogue.runs()
    assert (run.state.value, run.error) == ("failed", "The object store does not answer.")


def failures(summary: Summary) -> list[tuple[str, str]]:
    """What could not be read, and why, as people are told."""
    return [(path, str(reason)) for path, reason in summary.failed]
