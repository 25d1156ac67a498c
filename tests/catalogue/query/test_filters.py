from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.catalogue.query.filters import at, common_folder, folder_prefix, prefix_end
from barkive.classifier import Classifier
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import Status


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> Catalogue:
    image = Image.open(kennel / "annex" / "mila.png").convert("RGB")
    exif = Image.Exif()
    exif[0x0110] = "Model"
    exif.get_ifd(0x8769)[0x9003] = "2025:03:04 05:06:07"
    image.save(kennel / "annex" / "dated.jpg", exif=exif, quality=100)
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def names(catalogue: Catalogue, wanted: Filter) -> list[str]:
    found = [Path(entry.file).stem for entry in catalogue.search(wanted)]
    assert catalogue.count(wanted) == len(found)
    return sorted(found)


FITTING = [
    (Filter(), ["broken", "dated", "mila", "mix", "night", "rex"]),
    (Filter(breed="Chihuahua"), ["mix", "rex"]),
    (Filter(breed="n02085620", status=(Status.DOG,)), ["rex"]),
    (Filter(breed="carlin"), ["dated", "mila"]),
    (Filter(breed="beagle"), []),
    (Filter(group=9), ["dated", "mila", "mix", "rex"]),
    (Filter(group=9, breed="pug"), ["dated", "mila"]),
    (Filter(group=1, breed="pug"), []),
    (Filter(status=(Status.UNCERTAIN, Status.NOT_DOG)), ["mix", "night"]),
    (Filter(status=(Status.FAILED,)), ["broken"]),
    (Filter(after=date(2025, 3, 4)), ["dated"]),
    (Filter(after=date(2025, 3, 5)), []),
    (Filter(before=date(2025, 3, 5)), ["dated"]),
    (Filter(before=date(2025, 3, 4)), []),
    (Filter(min_probability=0.5), ["dated", "mila", "rex"]),
    (Filter(corrected=True), []),
    (Filter(corrected=False, breed="pug"), ["dated", "mila"]),
    (Filter(missing=True), []),
    (Filter(text="MILA"), ["mila"]),
    (Filter(text="annex"), ["dated", "mila"]),
    (Filter(text="ann"), ["dated", "mila"]),
    (Filter(text="annex carl"), ["dated", "mila"]),
    (Filter(text="agrément"), []),  # of the group, which has its own filter
    (Filter(text="companion toy night"), []),
    (Filter(text='" OR * NEAR ('), []),
    (Filter(text="'; --"), []),
]


def test_a_photo_fits_every_filter_that_is_set(
    scanned: Catalogue, subtests: pytest.Subtests
) -> None:
    for wanted, found in FITTING:
        with subtests.test(str(wanted)):
            assert names(scanned, wanted) == found


def test_photos_are_meant_by_their_numbers(scanned: Catalogue) -> None:
    numbers = {Path(entry.file).stem: entry.id for entry in scanned.search()}
    some = (numbers["rex"], numbers["mila"], 999_999)
    assert names(scanned, Filter(numbers=some)) == ["mila", "rex"]
    assert names(scanned, Filter(numbers=some, breed="pug")) == ["mila"]
    assert names(scanned, Filter(numbers=())) == []
    assert names(scanned, Filter(numbers=tuple(range(10**9, 10**9 + 100_000)))) == []
    assert scanned.top(Filter(numbers=(numbers["mila"],))) == str(
        Path(scanned.photo(numbers["mila"]).file).parent
    )


def test_the_numbers_are_those_of_the_pages(scanned: Catalogue) -> None:
    scanned.label(scanned.page()[0].id, Label(Kind.CROSS, ("Pug", "Chihuahua")))
    for query in (Filter(), Filter(breed="pug"), Filter(text="annex"), Filter(status=["dog"])):
        listed = [entry.id for entry in scanned.search(query)]
        assert scanned.numbers(query) == listed
        assert scanned.numbers(query, offset=1, limit=2) == listed[1:3]
        assert scanned.numbers(query, offset=1) == listed[1:]


def test_the_last_label_is_known(scanned: Catalogue) -> None:
    assert scanned.last_label == 0
    said = scanned.label(scanned.page()[0].id, Label(Kind.NOT_DOG))
    assert scanned.last_label == said.label_id == 1


def test_a_folder_is_itself_and_what_is_inside(scanned: Catalogue, kennel: Path) -> None:
    assert names(scanned, Filter(folder=str(kennel / "annex"))) == ["dated", "mila"]
    assert names(scanned, Filter(folder=f"{kennel}/annex/")) == ["dated", "mila"]
    assert names(scanned, Filter(folder=str(kennel / "ann"))) == []
    assert len(names(scanned, Filter(folder="/"))) == 6


def test_both_breeds_of_a_cross_find_it_once(scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.CROSS, ("beagle", "pug")))
    assert names(scanned, Filter(breed="beagle")) == ["rex"]
    assert names(scanned, Filter(breed="pug")) == ["dated", "mila", "rex"]
    assert names(scanned, Filter(group=9)) == ["dated", "mila", "mix", "rex"]
    assert scanned.counts("breed", Filter(breed="pug")) == {"n02110958": 2, "n02088364": 1}


def test_a_cross_of_two_breeds_of_one_group_is_found_once(scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.CROSS, ("chihuahua", "pug")))
    assert names(scanned, Filter(group=9)) == ["dated", "mila", "mix", "rex"]
    assert scanned.counts("breed", Filter(group=9)) == {"n02085620": 2, "n02110958": 2}
    assert scanned.counts("status", Filter(group=9)) == {"dog": 3, "uncertain": 1}


# Within a month, and on its first day, from which on PostgreSQL counts by whole months.
@pytest.mark.parametrize("day", [date(2025, 3, 5), date(2025, 4, 1)])
def test_a_photo_taken_at_midnight_is_of_the_day_that_begins(
    catalogue: Catalogue, classifier: Classifier, make_photo: Callable[..., Path], day: date
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"{day:%Y:%m:%d} 00:00:00"
    catalogue.scan(make_photo("midnight.jpg", exif=exif), classifier=classifier)
    assert names(catalogue, Filter(before=day)) == []
    assert names(catalogue, Filter(before=day + timedelta(days=1))) == ["midnight"]
    assert names(catalogue, Filter(after=day, before=day + timedelta(days=1))) == ["midnight"]
    assert names(catalogue, Filter(after=day + timedelta(days=1))) == []
    assert names(catalogue, Filter(after=day - timedelta(days=40), before=day)) == []


def test_pages_follow_each_other_without_gap_or_double(
    scanned: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barkive.catalogue.query import entries

    monkeypatch.setattr(entries, "_PAGE", 2)
    found = [entry.id for entry in scanned.search()]
    assert found == sorted(set(found))
    assert len(found) == 6
    for few in (1000, 2):
        monkeypatch.setattr(entries, "_FEW", few)
        assert [entry.id for entry in scanned.search(limit=3)] == found[:3]


def test_dates_and_cameras_are_read_from_the_photo(scanned: Catalogue, kennel: Path) -> None:
    entry = scanned.photo(kennel / "annex" / "dated.jpg")
    assert (entry.taken_at, entry.camera) == (datetime(2025, 3, 4, 5, 6, 7), "Model")


def test_counts_by_status_and_breed(scanned: Catalogue) -> None:
    assert scanned.counts("status") == {"dog": 3, "uncertain": 1, "not_dog": 1, "failed": 1}
    assert scanned.counts("breed") == {"n02085620": 2, "n02110958": 2}


def test_counts_follow_every_change(
    scanned: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("beagle",)))
    scanned.label(kennel / "mix.png", Label(Kind.NOT_DOG))
    assert scanned.counts("breed") == {"n02110958": 2, "n02088364": 1}
    (kennel / "annex" / "mila.png").unlink()
    scanned.scan(kennel, classifier=classifier)
    for by in ("status", "breed"):
        # The sums that are kept, and the rows counted.
        assert scanned.counts(by) == scanned.counts(by, Filter(folder="/"))  # type: ignore[arg-type]
    assert scanned.count() == scanned.count(Filter(folder="/")) == 5
    assert scanned.counts("breed") == {"n02110958": 1, "n02088364": 1}


def test_a_models_own_breeds_are_found_by_name(
    catalogue: Catalogue,
    write_bundle: Callable[..., Path],
    colour_info: object,
    kennel: Path,
    tmp_path: Path,
) -> None:
    from dataclasses import replace

    from barkive.verdicts import BreedName

    labels = (BreedName("rotten", "Red Dog", "Chien rouge"), *colour_info.labels[1:])  # type: ignore[attr-defined]
    metadata = replace(colour_info, labels=labels).to_metadata()  # type: ignore[type-var]
    catalogue.scan(kennel, classifier=Classifier(write_bundle(tmp_path / "m.onnx", metadata)))
    assert names(catalogue, Filter(breed="chien ROUGE", min_probability=0.5)) == ["rex"]


@pytest.mark.parametrize("values", [{"group": 11}, {"group": 0}, {"min_probability": 1.5}])
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"must lie between"):
        Filter(**values)  # type: ignore[arg-type]


def test_an_unknown_breed_and_a_limit_below_one_are_refused(scanned: Catalogue) -> None:
    with pytest.raises(UnknownBreedError):
        scanned.count(Filter(breed="pgu"))
    with pytest.raises(UsageError, match="limit is 0"):
        scanned.search(limit=0)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/photos", "/photos/"),
        ("/", "/"),
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/a/", "s3://bucket/a/"),
    ],
)
def test_what_the_paths_in_a_folder_begin_with(
    folder: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder_prefix(folder) == expected
    if folder.startswith("s3"):  # on every system
        monkeypatch.setattr("os.sep", "\\")
        assert folder_prefix(folder) == expected
    assert prefix_end(expected) == expected[:-1] + "0"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("/a/b/1.jpg", "/a/c/1.jpg", "/a"),
        ("/a/1.jpg", "/b/1.jpg", "/"),
        ("s3://bucket/a/1.jpg", "s3://bucket/a/b/1.jpg", "s3://bucket/a"),
        ("s3://bucket/a/1.jpg", "s3://bucket/ab/1.jpg", "s3://bucket"),
        ("s3://bucket/a//1.jpg", "s3://bucket/a//2.jpg", "s3://bucket/a"),
        ("s3://bucket/1.jpg", "s3://other/1.jpg", None),
        ("gs://bucket/1.jpg", "s3://bucket/1.jpg", None),
        ("/a/1.jpg", "s3://bucket/1.jpg", None),
    ],
)
def test_the_folder_that_paths_have_in_common(first: str, last: str, expected: str | None) -> None:
    assert common_folder(first, last) == expected


def test_photos_are_found_by_their_paths_without_passing_over_the_others(
    scanned: Catalogue,
) -> None:
    file = next(scanned.search()).file
    wanted = select(schema.photo.c.id).where(at([file, "nowhere"]))
    with scanned._database.read() as connection:
        assert len(connection.execute(wanted).all()) == 1
        if scanned.file is None:
            return
        literal = wanted.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {literal}")).all()
    assert not [row.detail for row in plan if row.detail.startswith("SCAN")]
