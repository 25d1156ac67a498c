"""What a scan can be given, on real databases; object stores in this process."""

from __future__ import annotations

import glob
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barkive.catalogue import Catalogue, Filter, Summary
from barkive.catalogue.listing import Listing
from barkive.catalogue.reading import Reading
from barkive.catalogue.sources import Pattern, open_source
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


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty files in folders, whose names are the characters of patterns."""
    top = tmp_path_factory.mktemp("tree [x]")
    for folder in ("a", "b/a", "b/[a]/a", "^/-"):
        (top / folder).mkdir(parents=True)
    for folder in (top, *(one for one in top.rglob("*") if one.is_dir())):
        for name in ("a", "b", "]", "[", "!", "^", "-", "ab", "[a]", "[]", "a^"):
            (folder / f"{name}.jpg").touch()
    return top


PARTS = st.one_of(st.just("**"), st.text("ab[]!^-*?", min_size=1, max_size=5))
LAST = st.one_of(PARTS, PARTS.map(lambda part: f"{part}.jpg"))


@settings(deadline=None)
@given(st.lists(PARTS, max_size=2), LAST)
def test_a_pattern_means_what_glob_lists(tree: Path, folders: list[str], last: str) -> None:
    pattern = Pattern("/".join((glob.escape(str(tree)), *folders, last)))
    found = {one.path for one in pattern.listed()}
    assert found == {str(path) for path in tree.rglob("*.jpg") if pattern.means(str(path))}
    assert all(path.startswith(f"{pattern._base}/") for path in found)


@pytest.mark.parametrize("pattern", ["x[].jpg", "[z-a]*", "[a!", "[^", "[[]*[&&]"])
def test_a_pattern_that_is_odd_is_only_one_that_nothing_fits(store: Any, pattern: str) -> None:
    with pytest.raises(UsageError, match="No photo fits"):
        open_source(f"memory://kennel/{pattern}")


@pytest.mark.parametrize("url", ["s3://*/rex.jpg", "memory://ken?el/*.png", "gs://a[bc]"])
def test_a_pattern_names_one_bucket(url: str) -> None:
    with pytest.raises(UsageError, match=r"^The name of the bucket in .+ is a pattern; name the"):
        open_source(url)


@pytest.mark.parametrize("here", ["photos [2024]", "all*", "what?"])
def test_a_pattern_starts_at_a_folder_of_any_name(
    colour_photo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    photo = colour_photo(f"{here}/rex.png", (250, 10, 10))
    other = colour_photo("photos 2/mila.png", (250, 10, 10))
    monkeypatch.chdir(photo.parent)
    source = open_source("*.png")
    assert listed("*.png") == [str(photo)]
    assert (source.means(str(photo)), source.means(str(other))) == (True, False)
    assert isinstance(source, Pattern)
    assert source._base == str(photo.parent)


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


def test_a_name_that_is_too_long_for_a_file_makes_no_row(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "all.txt"
    listing.write_text(f"{kennel}/rex.png\n/{'x' * 3000}.png\n")
    summary = catalogue.scan(listing, classifier=classifier)
    assert outcome(summary) == {"listed": 1, "new": 1, "dog": 1}
    assert [reason for _, reason in summary.failed] == ["The file does not exist."]


def test_what_stands_before_a_line_that_is_no_path_is_kept(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "all.txt"
    listing.write_bytes(f"{kennel}/rex.png\n".encode() + b"s3://b/caf\xe9.jpg\n")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"^Line 2 of the list .*all\.txt is no path; a list"):
            catalogue.scan(listing, classifier=classifier)
    assert catalogue.count(EVERYTHING) == 1


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
    catalogue.correct("memory://kennel/rex.png", breed="boxer", by="Ada")
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
    (rex, why), (nowhere, unknown) = summary.failed
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
    monkeypatch.setattr("barkive.catalogue.scan._BATCH", 1)
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
    assert summary.failed == [(named, "It is a folder, not a photo; name it as a source.")]
    assert catalogue.count(EVERYTHING) == 0


def test_no_room_for_what_is_listed_is_said(
    kennel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    (tmp_path / "all.txt").write_text("".join(f"/photos/{n:0500}.png\n" for n in range(500)))
    listing = Listing([str(tmp_path / "all.txt")])
    listing._lines.execute("PRAGMA max_page_count = 20")
    with pytest.raises(UsageError) as refused:
        list(listing.batches())
    assert str(refused.value) == (
        f"What is listed does not fit into the folder of temporary files, {tmp_path}: database or "
        "disk is full; make room there, or set TMPDIR to another folder, and run the same command "
        "again."
    )
    listing.close()


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
