"""Photos are taken out for good, and stay out until somebody brings them back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from barkive.catalogue import AnimalFields, Catalogue, Filter, Kind, Label, copy
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.scan import forgetting
from barkive.catalogue.transfer.rebuild import _Saved
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, NothingToSayError, UnknownPhotoError
from barkive.images.passing import Passing

pytestmark = pytest.mark.slow

EVERYTHING = Filter(missing=None)
BACK = Passing(brings_back=True)
PUG = Label(Kind.BREED, ("Pug",), by="Ada")
Place = Callable[..., str]


def names(catalogue: Catalogue, wanted: Filter = EVERYTHING) -> list[str]:
    return sorted(Path(entry.file).name for entry in catalogue.search(wanted))


def sizes(catalogue: Catalogue) -> dict[str, int]:
    """How many rows each table has, but those of the model and of the catalogue itself."""
    left_out = ("catalogue", "model", "run", "place", "forgotten")
    with catalogue._database.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in schema.metadata.tables.items()
            if name not in left_out
        }


def filled(sizes: dict[str, int]) -> set[str]:
    return {name for name, rows in sizes.items() if rows}


@pytest.fixture
def album(colour_photo: Callable[..., Path]) -> Path:
    """A folder with two files of one picture, and another one."""
    folder = colour_photo("album/rex.png", (250, 10, 10)).parent
    shutil.copy(folder / "rex.png", folder / "copy.png")
    colour_photo("album/mila.png", (10, 250, 10))
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
    return folder


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, album: Path) -> Catalogue:
    catalogue.scan(album, classifier=classifier)
    return catalogue


@pytest.mark.postgres
def test_a_photo_goes_with_its_copies_and_all_that_was_derived(
    scanned: Catalogue, album: Path
) -> None:
    rex = scanned.photo(album / "rex.png").id
    animal = scanned.animals.new(AnimalFields(name="Rex"), [rex], by="Ada")
    scanned.animals.edit(animal.id, AnimalFields(main_photo=rex))
    seen: list[str] = []
    foreseen = scanned.to_forget([rex])
    found = scanned.forget([rex], by="Ada", on_contents=seen.extend)
    assert (found.photos, found.copies, found.added, found.labels) == (2, 1, 0, 0)
    assert (found.labelled, found.grouped, foreseen) == (0, 1, found)
    assert len(seen) == 1
    assert names(scanned) == ["mila.png"]
    assert (album / "rex.png").exists()
    animal = scanned.animals.get("Rex")
    assert (animal.photos, animal.main_photo) == (0, None)
    assert scanned.count(Filter(animal=animal.id)) == 0
    assert dict(scanned.counts("status")) == {"dog": 1}
    assert scanned.count(Filter(text="rex")) == 0
    left = sizes(scanned)
    assert (left["photo"], left["content"], left["answer"]) == (1, 1, 1)
    assert left["animal_photo"] == 0
    with pytest.raises(UnknownPhotoError):
        scanned.photo(rex)


@pytest.mark.postgres
def test_nothing_is_left_of_all_photos_but_their_digests(
    scanned: Catalogue, pair_classifier: Classifier, pair_photo: Callable[..., Path]
) -> None:
    pair_photo("pairs/two.png", (250, 10, 10), (10, 250, 10))
    scanned.scan(pair_photo("pairs/three.png", (9, 250, 9), (9, 9, 9)).parent)
    scanned.scan(scanned.photo(next(iter(scanned.numbers()))).file, classifier=pair_classifier)
    scanned.animals.suggest()
    scanned.forget(EVERYTHING, labels=True)
    assert filled(sizes(scanned)) <= {"animal", "act"}
    with scanned._database.read() as connection:
        rows = connection.execute(select(schema.forgotten)).all()
    assert {len(row.sha256) for row in rows} == {32}
    assert len(rows) == 4


def test_a_scan_passes_over_what_was_taken_out_and_says_so(
    scanned: Catalogue, classifier: Classifier, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned.forget(album / "rex.png")
    shutil.copy(album / "rex.png", album / "again.png")
    with monkeypatch.context() as closed:
        closed.setattr(Reading, "load", lambda *_: pytest.fail("a photo was read"))
        summary = scanned.scan(album, classifier=classifier)
    assert (summary.taken_out, summary.listed, summary.unchanged, summary.new) == (3, 1, 1, 0)
    assert summary.counts()["taken_out"] == 3
    assert names(scanned) == ["mila.png"]

    summary = scanned.scan(album, classifier=classifier, passing=BACK)
    assert (summary.taken_out, summary.new) == (0, 3)
    assert scanned.scan(album, classifier=classifier).taken_out == 0
    assert len(names(scanned)) == 4


def test_what_is_unreadable_before_is_known_once_it_was_judged(
    scanned: Catalogue, classifier: Classifier, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned.forget(album / "rex.png")
    # As of an object store, whose files are not fetched twice.
    monkeypatch.setattr("barkive.catalogue.scan.taken_out.is_remote", lambda path: True)
    summary = scanned.scan(album, classifier=classifier)
    assert (summary.taken_out, summary.new, summary.listed) == (2, 0, 1)


@pytest.mark.postgres
def test_labels_stay_and_hold_again_unless_they_are_to_go(
    scanned: Catalogue, classifier: Classifier, album: Path
) -> None:
    scanned.label(album / "rex.png", PUG)
    scanned.animals.label([album / "mila.png"], PUG)
    found = scanned.forget([album / "rex.png", album / "mila.png"])
    assert (found.labelled, found.labels) == (2, 2)
    assert sizes(scanned)["correction"] == 2
    (act,) = scanned.animals.acts()
    assert len(act.changes) == 1
    with scanned._database.read() as connection:
        kept = connection.execute(select(schema.content.c.sketch, schema.content.c.coded)).all()
    assert [tuple(one) for one in kept] == [(None, None), (None, None)]
    scanned.scan(album, classifier=classifier, passing=BACK)
    assert {entry.breeds[0].label.en for entry in scanned.search()} == {"Pug"}
    assert {entry.corrected for entry in scanned.search()} == {True}

    found = scanned.forget(EVERYTHING, labels=True)
    assert (found.photos, found.labels) == (3, 2)
    assert filled(sizes(scanned)) == {"act"}
    scanned.scan(album, classifier=classifier, passing=BACK)
    assert {entry.corrected for entry in scanned.search()} == {False}


@pytest.mark.postgres
def test_of_files_that_are_gone_only_those_go(
    scanned: Catalogue, classifier: Classifier, album: Path
) -> None:
    (album / "copy.png").unlink()
    scanned.scan(album, classifier=classifier)
    gone = Filter(missing=True)
    assert names(scanned, gone) == ["copy.png"]
    found = scanned.forget(gone)
    assert (found.photos, found.copies) == (1, 0)
    assert names(scanned) == ["mila.png", "rex.png"]
    assert scanned.photo(album / "rex.png").prediction is not None

    shutil.copy(album / "rex.png", album / "copy.png")
    summary = scanned.scan(album, classifier=classifier)
    assert (summary.taken_out, summary.unchanged) == (1, 2)


def test_the_copy_that_was_kept_may_move_and_the_other_takes_its_place(
    scanned: Catalogue, classifier: Classifier, album: Path
) -> None:
    scanned.label(album / "rex.png", PUG)
    number = scanned.photo(album / "rex.png").id
    scanned.forget(album / "copy.png", copies=False)
    (album / "rex.png").rename(album / "moved.png")
    summary = scanned.scan(album, classifier=classifier)
    assert (summary.moved, summary.new, summary.taken_out) == (1, 0, 1)
    assert scanned.photo(number).corrected
    # As it was: another time of change has the file read again.
    os.utime(scanned.photo(number).file)
    summary = scanned.scan(album, classifier=classifier)
    assert (summary.again, summary.taken_out) == (1, 1)
    Path(scanned.photo(number).file).unlink()
    scanned.scan(album, classifier=classifier)
    assert len(names(scanned, Filter(corrected=True))) == 1


def test_a_photo_whose_file_holds_what_was_taken_out_is_missing(
    scanned: Catalogue, classifier: Classifier, album: Path
) -> None:
    scanned.forget(album / "rex.png")
    shutil.copy(album / "rex.png", album / "mila.png")
    summary = scanned.scan(album, classifier=classifier)
    assert (summary.missing, summary.taken_out, summary.listed) == (1, 3, 0)
    assert names(scanned, Filter()) == []


def test_files_that_barkive_keeps_are_deleted_and_no_others(
    scanned: Catalogue, classifier: Classifier, album: Path, colour_photo: Callable[..., Path]
) -> None:
    added = colour_photo("kept/2026-05/bo.png", (240, 10, 10))
    scanned.added_photos = added.parent.parent
    scanned.scan(added, classifier=classifier)
    assert scanned.to_forget(EVERYTHING).added == 1
    found = scanned.forget(EVERYTHING)
    assert (found.photos, found.added) == (4, 1)
    assert not added.exists()
    assert sorted(one.name for one in album.iterdir()) == ["copy.png", "mila.png", "rex.png"]


def test_a_file_that_cannot_be_deleted_keeps_its_photo(
    scanned: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    added = colour_photo("kept/bo.png", (240, 10, 10))
    scanned.added_photos = added.parent
    scanned.scan(added, classifier=classifier)
    added.unlink()
    added.mkdir()
    with pytest.raises(CatalogueError, match="can't be deleted"):
        scanned.forget(added)
    assert scanned.photo(added)
    added.rmdir()
    assert scanned.forget(added).photos == 1


@pytest.mark.postgres
def test_it_goes_by_batches_and_goes_on_where_it_was_cut_off(
    scanned: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_AT_ONCE", 1)
    told: list[tuple[int, int | None]] = []

    def stop(done: int, total: int | None) -> None:
        told.append((done, total))
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scanned.forget(EVERYTHING, labels=True, on_progress=stop)
    assert len(names(scanned)) == 2
    found = scanned.forget(EVERYTHING, labels=True, on_progress=lambda *one: told.append(one))
    assert found.photos == 2
    assert told == [(1, 3), (1, 2), (2, 2)]
    assert filled(sizes(scanned)) == set()


def test_an_act_can_be_undone_without_what_was_taken_out(scanned: Catalogue, album: Path) -> None:
    animal = scanned.animals.new(
        AnimalFields(name="Rex"), [album / "rex.png", album / "mila.png"], by="Ada"
    )
    scanned.animals.take_away(animal.id, [album / "mila.png"])
    scanned.forget(album / "rex.png", labels=True)
    scanned.animals.undo()
    assert [Path(view.entry.file).name for view in scanned.animals.views("Rex")] == ["mila.png"]
    scanned.animals.undo()
    with pytest.raises(NothingToSayError):
        scanned.animals.undo()


@pytest.mark.postgres
def test_suggestions_go_on_without_the_picture(scanned: Catalogue, album: Path) -> None:
    with scanned._database.write() as connection:
        pictures = list(dict.fromkeys(one.picture for one in scanned.search()))
        for number in (1, 2):
            row = {"id": number, "animal": 5 if number == 1 else None, "reason": "{}"}
            row |= {"photos": 2, "is_large": False}
            connection.execute(insert(schema.suggestion).values(row))
            shown = [{"suggestion_id": number, "picture": one} for one in pictures]
            connection.execute(insert(schema.suggestion_photo), shown)
    scanned.forget(album / "rex.png")
    with scanned._database.read() as connection:
        rows = connection.execute(select(schema.suggestion.c.id, schema.suggestion.c.photos)).all()
    assert [tuple(row) for row in rows] == [(1, 1)]


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_merge_does_not_bring_it_back(
    kind: str,
    scanned: Catalogue,
    classifier: Classifier,
    album: Path,
    new_place: Place,
) -> None:
    with Catalogue(new_place(kind, migrated=True)) as other:
        other.scan(album, classifier=classifier)
        other.label(album / "rex.png", PUG)
        other.animals.new(AnimalFields(name="Rex"), [album / "rex.png"])
        scanned.forget(album / "rex.png")
        for dry_run in (True, False):
            done = scanned.merge(other.name, dry_run=dry_run)
            assert (done.forgotten, done.words, done.animal_photos) == (1, 0, 0)
    left = sizes(scanned)
    assert (left["content"], left["correction"], left["alias"]) == (1, 0, 0)


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_follows(
    kind: str, scanned: Catalogue, classifier: Classifier, album: Path, new_place: Place
) -> None:
    scanned.label(album / "mila.png", PUG)
    scanned.label(album / "rex.png", PUG)
    scanned.animals.new(AnimalFields(name="Rex"), [album / "rex.png"])
    target = new_place(kind)
    copy(scanned.name, target)
    scanned.forget(album / "rex.png", labels=True)
    done = copy(scanned.name, target)
    assert done.settled
    with Catalogue(target) as other:
        assert names(other) == ["mila.png"]
        assert sizes(other) == sizes(scanned)
        assert other.scan(album, classifier=classifier).taken_out == 2
        other.label(album / "mila.png", PUG)
    with pytest.raises(CatalogueError):
        copy(scanned.name, target)


def test_a_rebuilt_catalogue_knows_what_was_taken_out(
    classifier: Classifier, album: Path, new_place: Place
) -> None:
    file = Path(new_place("sqlite", migrated=True))
    with Catalogue(file) as catalogue:
        catalogue.scan(album, classifier=classifier)
        catalogue.forget(album / "rex.png", by="Ada")
    saved = _Saved.read(file)
    made = Path(new_place("sqlite", migrated=True))
    database = Database(made)
    with database.write() as connection:
        saved.write(connection)
        rows = connection.execute(select(schema.forgotten.c.forgotten_by)).scalars().all()
    database.close()
    assert rows == ["Ada"]
