"""What a scan can be given, on real databases; object stores in this process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.catalogue import Catalogue, Filter, Summary
from barkive.catalogue.listing import Listing
from barkive.catalogue.reading import Reading
from barkive.catalogue.sources import Pattern
from barkive.classifier import Classifier
from barkive.errors import StoreError, UsageError
from barkive.images import remote

EVERYTHING = Filter(missing=None)


def listed(*sources: str) -> list[str]:
    listing = Listing(sources)
    return [one.path for batch in listing.batches() for one in batch]


def outcome(summary: Summary) -> dict[str, int]:
    return {name: number for name, number in summary.counts().items() if number}


def test_every_photo_is_listed_once_whoever_names_it(kennel: Path, tmp_path: Path) -> None:
    listing = tmp_path / "all.txt"
    listing.write_text(f"{kennel}/rex.png\n{kennel}/rex.png\n{kennel}/annex/../mix.png\n")
    names = [
        Path(path).name
        for path in listed(str(listing), str(kennel / "annex"), f"{kennel}/*.png", str(kennel))
    ]
    assert names == ["rex.png", "mix.png", "mila.png", "night.png", "broken.jpg"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.png", {"rex.png", "mix.png", "night.png"}),
        ("m*", {"mix.png"}),
        ("**/m*.png", {"mix.png", "mila.png"}),
        ("ann*", {"mila.png"}),
        ("*.[jx]pg", {"broken.jpg"}),
        ("[!a-q]*.png", {"rex.png"}),
        ("?ex.png", {"rex.png"}),
    ],
)
def test_a_pattern_means_what_it_lists(
    kennel: Path, pattern: str, names: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kennel)
    assert {Path(path).name for path in listed(pattern)} == names
    meant = Pattern(str(kennel / pattern))
    everything = [str(path) for path in kennel.rglob("*.*")]
    assert {Path(path).name for path in everything if meant.means(path)} == names


def test_a_pattern_that_nothing_fits_is_refused(kennel: Path) -> None:
    with pytest.raises(UsageError, match=r"^No photo fits .*\*\.tiff; check the pattern\. If"):
        Listing([f"{kennel}/*.tiff"])


def test_a_file_whose_name_is_a_pattern_is_that_file(
    colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    odd = colour_photo("IMG[1].png", (250, 10, 10))
    assert listed(str(odd)) == [str(odd)]


def test_the_photos_of_a_pattern_that_are_gone_are_missing(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    (kennel / "rex.png").unlink()
    (kennel / "annex" / "mila.png").unlink()
    summary = catalogue.scan([f"{kennel}/*.png"], classifier=classifier)
    assert summary.missing == 1
    assert catalogue.photo(kennel / "rex.png").missing_since is not None
    assert catalogue.photo(kennel / "annex" / "mila.png").missing_since is None


def test_what_a_list_names_and_is_not_there_is_told_of(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "all.txt"
    listing.write_text(f"{kennel}/rex.png\n\n{kennel}/none.png\n{kennel}/rex.png\n")
    told: list[tuple[int, int | None]] = []
    summary = catalogue.scan(
        listing, classifier=classifier, on_progress=lambda *done: told.append(done)
    )
    assert outcome(summary) == {"listed": 1, "new": 1, "dog": 1}
    assert summary.failed == [(str(kennel / "none.png"), "The file does not exist.")]
    assert told[-1] == (1, 1)
    assert catalogue.count(EVERYTHING) == 1
    (kennel / "rex.png").unlink()
    summary = catalogue.scan(listing, classifier=classifier)
    assert (summary.missing, summary.listed) == (1, 0)
    assert catalogue.photo(kennel / "rex.png").missing_since is not None


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
    assert outcome(summary) == {
        **{"listed": 5, "new": 5, "dog": 2, "uncertain": 1, "not_dog": 1, "failed": 1}
    }
    local = catalogue.photo(kennel / "rex.png")
    there = catalogue.photo("memory://kennel/rex.png")
    assert (there.sha256, there.breeds, there.bytes) == (local.sha256, local.breeds, local.bytes)
    assert catalogue.count(Filter(folder="memory://kennel/annex")) == 1
    monkeypatch.setattr(Reading, "load", lambda *_: pytest.fail("a photo was read again"))
    again = catalogue.scan("memory://kennel", classifier=classifier)
    assert outcome(again)["unchanged"] == 5


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
    assert outcome(summary) == {"listed": 1, "new": 1, "dog": 1}
    assert summary.failed == [("memory://kennel/none.png", "The file does not exist.")]


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
        summary.failed
    )
    assert summary.statuses.total() == 5
    summary = catalogue.scan("memory://kennel", classifier=classifier)
    assert (summary.changed, summary.unchanged) == (1, 4)
    assert catalogue.photo("memory://kennel/rex.png").error is None


def test_a_store_that_stops_answering_ends_the_scan_with_what_is_done_kept(
    catalogue: Catalogue, classifier: Classifier, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = remote.listing

    def listing(url: str) -> remote.Folder:
        if url.endswith("annex"):
            raise StoreError("The object store does not answer.")
        return found(url)

    monkeypatch.setattr(remote, "listing", listing)
    with pytest.raises(StoreError, match="does not answer"):
        catalogue.scan("memory://kennel", classifier=classifier)
    assert catalogue.count(EVERYTHING) == 4
    (run,) = catalogue.runs()
    assert (run.state.value, run.error) == ("failed", "The object store does not answer.")


def test_a_listing_that_is_given_up_ends_its_thread(kennel: Path) -> None:
    before = threading.active_count()
    for _ in Listing([str(kennel)]).batches():
        break
    assert threading.active_count() == before


@given(
    st.lists(st.sampled_from([f"/p/{n}.jpg" for n in range(6)]), max_size=40),
    st.integers(1, 4),
)
def test_a_list_of_any_order_gives_each_path_once(paths: list[str], at_once: int) -> None:
    class Fake:
        def listed(self) -> Iterator[Any]:
            from barkive.catalogue.sources import Listed

            return map(Listed, paths)

    listing = Listing([])
    listing.sources = [Fake()]  # type: ignore[list-item]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("barkive.catalogue.listing._AT_ONCE", at_once)
        found = [one.path for batch in listing.batches() for one in batch]
    assert found == list(dict.fromkeys(paths))
    assert listing.total == len(found)
    assert max(Counter(found).values(), default=1) == 1
