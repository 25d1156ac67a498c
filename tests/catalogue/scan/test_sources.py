"""What a scan can be given, on real databases."""

from __future__ import annotations

import glob
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barkive.catalogue import Catalogue, Filter, Summary
from barkive.catalogue.scan.listing import Listing
from barkive.catalogue.scan.sources import Pattern, Place, open_source
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.images.passing import Passing

EVERYTHING = Filter(missing=None)


def listed(*sources: str) -> list[str]:
    listing = Listing(sources)
    return [one.path for batch in listing.batches() for one in batch]


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
    assert all(path.startswith(f"{pattern.base}/") for path in found)


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
    assert source.base == str(photo.parent)


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
    assert +Counter(summary.counts()) == {"listed": 1, "new": 1, "dog": 1}
    assert failures(summary) == [(str(kennel / "none.png"), "The file does not exist.")]
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
    assert +Counter(summary.counts()) == {"listed": 1, "new": 1, "dog": 1}
    assert [reason for _, reason in failures(summary)] == ["The file does not exist."]


def test_what_stands_before_a_line_that_is_no_path_is_kept(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "all.txt"
    listing.write_bytes(f"{kennel}/rex.png\n".encode() + b"s3://b/caf\xe9.jpg\n")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"^Line 2 of the list .*all\.txt is no path; a list"):
            catalogue.scan(listing, classifier=classifier)
    assert catalogue.count(EVERYTHING) == 1


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
            from barkive.catalogue.scan.sources import Listed

            return map(Listed, paths)

    listing = Listing([])
    listing.sources = [Fake()]  # type: ignore[list-item]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("barkive.catalogue.scan.listing._AT_ONCE", at_once)
        found = [one.path for batch in listing.batches() for one in batch]
    assert found == list(dict.fromkeys(paths))
    assert listing.total == len(found)
    assert max(Counter(found).values(), default=1) == 1


def test_a_pattern_passes_over_what_a_folder_does(
    colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    photo = colour_photo("p/2026/rex.png", (250, 10, 10))
    for name in ("p/2026/@eaDir/rex.png/SM.png", "p/@eaDir/x.png", "p/2026/old/mila.png"):
        colour_photo(name, (250, 10, 10))
    (tmp_path / "p" / ".barkiveignore").write_text("old/\n")
    listing = Listing([f"{tmp_path}/p/**/*.png"])
    assert [one.path for batch in listing.batches() for one in batch] == [str(photo)]
    assert listing.passed_over() == {"@eaDir": 2, "excluded": 1}
    listing = Listing([f"{tmp_path}/p/20*"])
    assert [one.path for batch in listing.batches() for one in batch] == [str(photo)]
    assert listing.passed_over() == {"@eaDir": 1, "excluded": 1}
    # What is written out is meant.
    assert listed(f"{tmp_path}/p/@eaDir/*.png") == [f"{tmp_path}/p/@eaDir/x.png"]


def test_what_a_list_names_is_taken(colour_photo: Callable[..., Path], tmp_path: Path) -> None:
    thumb = colour_photo("p/@eaDir/rex.png/SM.png", (250, 10, 10))
    (tmp_path / "all.txt").write_text(f"{thumb}\n")
    assert listed(str(tmp_path / "all.txt")) == [str(thumb)]
    assert listed(str(thumb)) == [str(thumb)]


@pytest.mark.parametrize(
    ("source", "path", "thrown_away"),
    [
        ("/p", "/p/#recycle/a/rex.jpg", True),
        ("/p", "/p/a/@eaDir/rex.jpg/SM.jpg", True),
        ("/p", "/p/F.photoslibrary/resources/1.jpg", True),
        ("/p", "/p/F.photoslibrary/originals/1.jpg", False),
        ("/p", "/p/rex.jpg", False),
        ("/p", "/pug/#recycle/rex.jpg", False),
        ("/p", "/q/#recycle/rex.jpg", False),
        ("/p/#recycle", "/p/#recycle/rex.jpg", False),
        ("/", "/#recycle/rex.jpg", True),
    ],
)
def test_a_place_throws_away_what_lies_in_its_bins(
    source: str, path: str, thrown_away: bool
) -> None:
    assert Place(source).throws_away(path) is thrown_away


def test_patterns_that_leave_nothing_are_refused_before_all_else(
    kennel: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match=r"^Nothing is left of .*kennel: --exclude or .*there \(5\)"
    ):
        Listing([str(kennel)], Passing(("*",)))
    with pytest.raises(UsageError, match=r"^Nothing is left of .*\*\.png: --exclude .*there \(3\)"):
        Listing([f"{kennel}/*.png"], Passing(("*.png",)))
    # A folder that is empty, or a bin alone, is no mistake of a pattern.
    (tmp_path / "empty" / "@eaDir").mkdir(parents=True)
    Listing([str(tmp_path / "empty")], Passing(("*",)))


def failures(summary: Summary) -> list[tuple[str, str]]:
    """What could not be read, and why, as people are told."""
    return [(path, str(reason)) for path, reason in summary.failed]
