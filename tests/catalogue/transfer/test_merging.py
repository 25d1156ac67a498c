"""Two catalogues become one: by picture, nothing twice, nothing lost, and back again."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import func, select

from barkive.catalogue import (
    ActKind,
    AnimalConflict,
    AnimalFields,
    Catalogue,
    Conflict,
    Filter,
    Kind,
    Label,
    Merged,
    Order,
    Sex,
)
from barkive.catalogue.annotations import labels
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database, back_up
from barkive.catalogue.records import LabelRow
from barkive.catalogue.transfer import unmerging
from barkive.catalogue.transfer.merging import news
from barkive.catalogue.transfer.rebuild import rebuild
from barkive.classifier import Classifier
from barkive.errors import NothingToSayError, UnknownPhotoError, UsageError

pytestmark = pytest.mark.slow

KINDS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]
Place = Callable[[str], str]
RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (120, 110, 90)


class Clock:
    """A minute passes with each word, but where it is stopped."""

    def __init__(self) -> None:
        self.now, self.step = datetime(2026, 6, 1), timedelta(minutes=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(labels, "now", made)
    return made


@pytest.fixture
def scanned(
    new_place: Place, colour_photo: Callable[..., Path], classifier: Classifier, tmp_path: Path
) -> Iterator[Callable[..., Catalogue]]:
    """A catalogue of a folder with photos of some colours, one after the other."""
    opened = ExitStack()

    def make(kind: str, folder: str, *colours: tuple[int, int, int]) -> Catalogue:
        (tmp_path / folder).mkdir()
        for number, colour in enumerate(colours):
            colour_photo(f"{folder}/{number}.png", colour)
        catalogue = opened.enter_context(Catalogue(new_place(kind, migrated=True)))
        catalogue.scan(tmp_path / folder, classifier=classifier)
        return catalogue

    with opened:
        yield make


def place(catalogue: Catalogue) -> str:
    """Where it is, to open it again."""
    return catalogue._database.url.render_as_string(hide_password=False)


def merge(ours: Catalogue, theirs: Catalogue, **options: Any) -> Merged:
    return ours.merge(place(theirs), **options)


def in_force(catalogue: Catalogue) -> dict[str, str]:
    """What people said last of the photos, by the names of the files."""
    return {
        Path(one.file).name: " x ".join(label.en for label in one.labels) or one.status.value
        for one in catalogue.search(Filter(corrected=True))
    }


def rows(catalogue: Catalogue) -> dict[str, list[tuple[Any, ...]]]:
    """All that a merge may touch."""
    tables = (schema.photo, schema.content, schema.correction, schema.alias)
    with catalogue._database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by("id"))]
            for table in tables
        }


def history(catalogue: Catalogue, photo: Path | int) -> list[tuple[str, str | None]]:
    return [
        (" x ".join(label.en for label in one.labels) or one.kind.value, one.by)
        for one in catalogue.history(photo)
    ]


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_labels_come_to_the_same_pictures_under_other_names(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, own: str, other: str
) -> None:
    ours, theirs = scanned(own, "a", GREY, RED), scanned(other, "b", RED, GREEN)
    theirs.label(
        tmp_path / "b/0.png", Label(Kind.CROSS, ("pug", "beagle"), note="chip\nsays 🐕", by="Ben")
    )
    before = rows(ours)
    expected = Merged(pictures=2, known=1, new=1, renumbered=1, words=1)
    assert merge(ours, theirs, dry_run=True) == expected
    assert rows(ours) == before
    assert merge(ours, theirs) == expected
    photo = ours.photo(tmp_path / "a/1.png")
    assert (photo.corrected, photo.note) == (True, "chip\nsays 🐕")
    assert [one.en for one in photo.labels] == ["Pug", "Beagle"]
    assert history(ours, photo.id) == [("Pug x Beagle", "Ben")]
    assert ours.count(Filter(breed="beagle")) == 1
    assert ours.counts("status") == {"dog": 1, "uncertain": 1}
    assert ours.count(Filter(text="chip")) == 1
    # Twice is the same as once.
    after = rows(ours)
    assert merge(ours, theirs) == Merged(pictures=2, known=2)
    assert rows(ours) == after


def test_a_picture_that_comes_waits_for_its_file(
    scanned: Callable[..., Catalogue],
    clock: Clock,
    classifier: Classifier,
    tmp_path: Path,
    where: str,
) -> None:
    theirs = scanned("sqlite", "b", RED, GREEN, GREY)
    theirs.label(tmp_path / "b/1.png", Label(Kind.BREED, ("beagle",), by="Ben"))
    number = theirs.photo(tmp_path / "b/1.png").id
    with Catalogue(where) as ours:
        assert merge(ours, theirs) == Merged(pictures=3, new=3, words=1)
        assert ours.count(Filter(missing=None)) == 0
        with pytest.raises(UnknownPhotoError):
            ours.photo(number)
        shutil.copytree(tmp_path / "b", tmp_path / "moved" / "deep")
        ours.scan(tmp_path / "moved", classifier=classifier)
        assert in_force(ours) == {"1.png": "Beagle"}
        assert {one.id for one in ours.search()} == {one.id for one in theirs.search()}
        assert Path(ours.photo(number).file).name == "1.png"


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_conflicts_are_told_and_the_later_word_holds_on_both_sides(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, own: str, other: str
) -> None:
    ours, theirs = scanned(own, "a", RED, GREEN, GREY), scanned(other, "b", RED, GREEN, GREY)
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("pug",), by="Ada"))
    theirs.label(tmp_path / "b/0.png", Label(Kind.BREED, ("beagle",), by="Ben"))
    theirs.label(tmp_path / "b/1.png", Label(Kind.BREED, ("boxer",), by="Ben"))
    ours.label(tmp_path / "a/1.png", Label(Kind.NOT_DOG, by="Ada"))
    for one, folder in ((ours, "a"), (theirs, "b")):
        one.label(tmp_path / folder / "2.png", Label(Kind.BREED, ("pug",), by="both"))
    told: list[Conflict] = []
    assert merge(ours, theirs, dry_run=True, on_conflict=told.append).conflicts == 2
    assert [
        (Path(one.file).name, one.number, one.ours.by, one.theirs.by, one.ours_holds)
        for one in told
    ] == [("0.png", 1, "Ada", "Ben", False), ("1.png", 2, "Ada", "Ben", True)]
    assert told[1].to_json()["in_force"] == "ours"
    assert merge(theirs, ours, dry_run=True).conflicts == 2
    merge(ours, theirs)
    expected = {"0.png": "Beagle", "1.png": "not_dog", "2.png": "Pug"}
    assert in_force(ours) == expected
    assert history(ours, 1) == [("Pug", "Ada"), ("Beagle", "Ben")]
    # Of what both know by now there is nothing to tell any more.
    told.clear()
    assert merge(ours, theirs, on_conflict=told.append).conflicts == 0
    assert merge(theirs, ours).conflicts == 0
    assert in_force(theirs) == expected
    assert history(theirs, 2) == history(ours, 2) == [("Boxer", "Ben"), ("not_dog", "Ada")]


def test_notes_come_along_and_are_in_conflict_with_nothing(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED), scanned("sqlite", "b", RED)
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("pug",), by="Ada"))
    theirs.label(tmp_path / "b/0.png", Label(Kind.NOTE, note="shy", by="Ben"))
    assert merge(ours, theirs).conflicts == 0
    assert merge(theirs, ours).conflicts == 0
    for one, folder in ((ours, "a"), (theirs, "b")):
        entry = one.photo(tmp_path / folder / "0.png")
        assert (entry.note, entry.labels[0].en) == ("shy", "Pug")


def test_who_knew_the_other_word_is_not_in_conflict_with_it(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED, GREEN), scanned("sqlite", "b", RED, GREEN)
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("pug",), by="Ada"))
    ours.label(tmp_path / "a/1.png", Label(Kind.BREED, ("pug",), by="Ada"))
    merge(theirs, ours)
    theirs.label(tmp_path / "b/0.png", Label(Kind.BREED, ("beagle",), by="Ben"))
    theirs.label(tmp_path / "b/1.png", Label(Kind.UNDO, by="Ben"))
    assert merge(ours, theirs) == Merged(pictures=2, known=2, words=2)
    assert in_force(ours) == {"0.png": "Beagle"}
    undone = ours.history(2)
    assert [one.undoes for one in undone] == [None, undone[0].id]


def test_words_of_one_second_stand_in_one_order_on_both_sides(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED, GREEN), scanned("sqlite", "b", RED, GREEN)
    third = scanned("sqlite", "c", RED, GREEN)
    clock.step = timedelta()
    for one, folder, breeds in (
        (ours, "a", ("pug", "boxer")),
        (theirs, "b", ("beagle", "whippet")),
        (third, "c", ("boxer",)),
    ):
        for breed in breeds:
            one.label(tmp_path / folder / "0.png", Label(Kind.BREED, (breed,), by=folder))
    copies = [tmp_path / f"copy{number}.sqlite" for number in range(2)]
    for copied, source in zip(copies, (ours, theirs), strict=True):
        back_up(Path(source.name), copied)
    merge(ours, theirs)
    merge(ours, third)
    merge(theirs, third)
    merge(theirs, ours)
    assert in_force(ours) == in_force(theirs)
    # Those of one person stay in their order.
    said = [by for by, _ in history(ours, 1) if by in ("Pug", "Boxer")]
    assert said[0] == "Pug"
    with Catalogue(copies[0]) as one, Catalogue(copies[1]) as other:
        one.merge(copies[1])
        other.merge(copies[0])
        assert in_force(one) == in_force(other)
        assert history(one, 1) == history(other, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_any_order_of_merges_ends_in_the_same_words(
    tmp_path: Path, seed: int, clock: Clock, template: Path
) -> None:
    """Three volunteers label, undo and merge as they like; at the end all know the same."""
    rng = random.Random(seed)
    clock.step = timedelta(seconds=1)
    files = [tmp_path / f"{name}.sqlite" for name in "abc"]
    for file in files:
        shutil.copy(template, file)
    with ExitStack() as stack:
        opened = [stack.enter_context(Catalogue(file)) for file in files]
        for _ in range(25):
            one = rng.choice(opened)
            photo = rng.choice([1, 2])
            if rng.random() < 0.3:
                one.merge(rng.choice(files))
            elif one.photo(photo).corrected and rng.random() < 0.4:
                one.label(photo, labels.Label(labels.Kind.UNDO, by=one.name[-8:]))
            else:
                breed = rng.choice(["pug", "boxer", "beagle"])
                said = labels.Label(labels.Kind.BREED, (breed,), by=one.name[-8:])
                one.label(photo, said)
        for _ in range(2):
            for one in opened:
                for file in files:
                    one.merge(file)
        assert [one.merge(files[0]).words for one in opened] == [0, 0, 0]
        found = [
            (in_force(one), [sorted(map(str, history(one, n))) for n in (1, 2)]) for one in opened
        ]
        assert found[0] == found[1] == found[2]


@pytest.fixture
def template(scanned: Callable[..., Catalogue], tmp_path: Path) -> Path:
    """A catalogue of two photos, of which nothing was said."""
    with scanned("sqlite", "kept", RED, GREEN) as made:
        return Path(made.name)


def test_tags_make_no_other_picture(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, classifier: Classifier
) -> None:
    ours, theirs = scanned("sqlite", "a", RED), scanned("sqlite", "b", RED)
    theirs.label(tmp_path / "b/0.png", Label(Kind.BREED, ("pug",)))
    tags = PngImagePlugin.PngInfo()
    tags.add_text("Keywords", "Rex")
    with Image.open(tmp_path / "b/0.png") as image:
        image.load()
        image.save(tmp_path / "b/0.png", pnginfo=tags)
    (tmp_path / "a/0.png").write_bytes((tmp_path / "a/0.png").read_bytes())
    with Catalogue(tmp_path / "new.sqlite") as fresh:
        # Rewritten before it was ever scanned there: no content is the same.
        fresh.scan(tmp_path / "b", classifier=classifier)
        assert merge(fresh, theirs) == Merged(pictures=1, known=1, words=1)
        assert in_force(fresh) == {"0.png": "Pug"}
        assert merge(fresh, theirs) == Merged(pictures=1, known=1)
    theirs.scan(tmp_path / "b", classifier=classifier)
    assert merge(ours, theirs).known == 1
    assert in_force(ours) == {"0.png": "Pug"}


def test_numbers_of_the_other_lead_to_its_pictures(
    scanned: Callable[..., Catalogue],
    clock: Clock,
    tmp_path: Path,
    classifier: Classifier,
    where: str,
) -> None:
    theirs = scanned("sqlite", "b", GREY, GREEN, RED, RED)
    with Catalogue(where) as ours:
        ours.scan(tmp_path / "b/2.png", classifier=classifier)
        own = ours.photo(tmp_path / "b/2.png")
        assert own.id == 1
        # 1 is taken here; 2 comes along; 3 and its copy 4 are 1.
        assert merge(ours, theirs, dry_run=True).numbers == 2
        done = merge(ours, theirs)
        assert done == Merged(pictures=3, known=1, new=2, renumbered=1, numbers=2)
        assert [ours.photo(number).id for number in (1, 3, 4)] == [1, 1, 1]
        with pytest.raises(UnknownPhotoError):
            ours.photo(2)
        # A third one learns them as well, and no new photo gets them.
        with scanned("sqlite", "c", RED) as third:
            merge(third, ours)
            assert third.photo(4).id == 1
        ours.scan(tmp_path / "b", classifier=classifier)
        numbers = [one.id for one in ours.search()]
        assert len(numbers) == len({*numbers, 3, 4}) - 2 == 4
        assert Path(ours.photo(2).file).name == "1.png"


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_a_merge_is_taken_back_and_what_was_said_since_stands(
    scanned: Callable[..., Catalogue],
    clock: Clock,
    classifier: Classifier,
    tmp_path: Path,
    own: str,
    other: str,
) -> None:
    ours, theirs = scanned(own, "a", RED, GREEN), scanned(other, "b", GREY, RED, GREEN)
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("boxer",), by="Ada"))
    for number, breed in enumerate(("pug", "beagle", "whippet")):
        theirs.label(tmp_path / f"b/{number}.png", Label(Kind.BREED, (breed,), by="Ben"))
    before = rows(ours)
    merge(ours, theirs)
    assert ours.last_merge() is not None
    done = ours.undo_merge()
    assert (done.words, done.pictures, done.merge.is_whole) == (3, 1, True)
    assert rows(ours) == before
    assert ours.last_merge() is None
    with pytest.raises(NothingToSayError, match="nothing to undo"):
        ours.undo_merge()
    # Once more, and then people go on.
    merge(ours, theirs)
    assert merge(ours, theirs).words == 0
    ours.scan(tmp_path / "b/0.png", classifier=classifier)
    number = ours.photo(tmp_path / "b/0.png").id
    assert ours.photo(number).labels[0].en == "Pug"
    ours.label(tmp_path / "a/1.png", Label(Kind.BREED, ("maltese",), by="Ada"))
    ours.label(tmp_path / "a/0.png", Label(Kind.UNDO, by="Ada"))
    ours.undo_merge()
    assert in_force(ours) == {"0.png": "Boxer", "1.png": "Maltese"}
    assert ours.photo(number).file == str(tmp_path / "b/0.png")
    assert not ours.photo(number).corrected
    assert ours.scan(tmp_path / "b/0.png", classifier=classifier).unchanged == 1
    ours.label(number, Label(Kind.BREED, ("pug",), by="Ada"))
    merge(ours, theirs)
    assert ours.photo(number).labels[0].en == "Pug"


def test_the_last_merge_is_taken_back_first(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours = scanned("sqlite", "a", RED)
    for folder, breed in (("b", "pug"), ("c", "beagle")):
        with scanned("sqlite", folder, RED) as theirs:
            theirs.label(tmp_path / folder / "0.png", Label(Kind.BREED, (breed,)))
            merge(ours, theirs, name=f"{folder}'s")
    assert ours.undo_merge().merge.catalogue == "c's"
    assert in_force(ours) == {"0.png": "Pug"}
    assert ours.undo_merge().merge.catalogue == "b's"
    assert in_force(ours) == {}


def test_itself_and_a_copy_of_it_add_nothing(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, where: str
) -> None:
    ours = scanned("sqlite", "a", RED, GREEN)
    for _ in range(2):
        ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("pug",)))
    back_up(Path(ours.name), tmp_path / "copy.sqlite")
    for other in (ours.name, tmp_path / "copy.sqlite"):
        assert ours.merge(other) == Merged(pictures=2, known=2)
    assert ours.last_merge() is None


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork processes")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_merge_that_was_killed_goes_on(
    new_place: Place, tmp_path: Path, kind: str, many: Path
) -> None:
    once, killed = new_place(kind), new_place(kind)
    script = Path(__file__).with_name("killed_merging.py")
    command = [sys.executable, script, many, killed]
    done = subprocess.run(command, capture_output=True, check=True)
    assert int(done.stdout) > 2
    with Catalogue(once) as whole, Catalogue(killed) as cut:
        cut.merge(many)
        whole.merge(many)
        assert cut.merge(many) == Merged(pictures=600, known=600)
        assert len(rows(cut)["correction"]) == len(rows(whole)["correction"]) == 700

        def said(one: Catalogue) -> list[tuple[Any, ...]]:
            # Numbers of rows differ, and those of merges.
            words = schema.correction.c
            with one._database.read() as connection:
                columns = words.picture, words.kind, words.breed, words.said_at
                found = select(*columns)
                return [tuple(row) for row in connection.execute(found.order_by(*columns))]

        assert said(cut) == said(whole)
        assert len(rows(cut)["content"]) == 600
        undone = cut.undo_merge()
        assert (undone.words, undone.pictures) == (700, 600)
        assert [len(one) for one in rows(cut).values()] == [0, 0, 0, 0]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A catalogue of 600 pictures and 700 words, some of which are taken back."""
    file = tmp_path / "many.sqlite"
    at = datetime(2026, 6, 1)
    with closing(Database(file)) as database, database.write() as connection:
        for number in range(1, 601):
            content = {"sha256": number.to_bytes(32, "big"), "picture": 10**11 + number}
            connection.execute(schema.content.insert().values(content))
            said = content | {"kind": "breed", "breed": "n02110958", "said_at": at, "was": "dog"}
            connection.execute(schema.correction.insert().values(said))
        last = select(func.max(schema.correction.c.id))
        for number in range(1, 101):
            content = {"sha256": number.to_bytes(32, "big"), "picture": 10**11 + number}
            said = content | {"kind": "undo", "said_at": at, "was": "dog: Pug", "undoes": number}
            connection.execute(schema.correction.insert().values(said))
        assert connection.execute(last).scalar() == 700
    return file


def test_an_undo_that_was_cut_off_is_finished(
    new_place: Place, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalogue(new_place("sqlite")) as ours:
        ours.merge(many)
        monkeypatch.setattr(unmerging, "_AT_ONCE", 50)
        with monkeypatch.context() as broken:
            real, left = unmerging._forget, [5]

            def forget(*arguments: Any) -> None:
                left[0] -= 1
                if not left[0]:
                    raise KeyboardInterrupt
                real(*arguments)

            broken.setattr(unmerging, "_forget", forget)
            with pytest.raises(KeyboardInterrupt):
                ours.undo_merge()
        assert len(rows(ours)["correction"]) == 500
        # A merge takes it back to the end, and then begins.
        assert ours.merge(many) == Merged(pictures=600, new=600, words=700)
        assert len(rows(ours)["correction"]) == 700


def test_what_is_no_catalogue_is_refused_and_changes_nothing(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED), scanned("sqlite", "b", RED)
    theirs.label(tmp_path / "b/0.png", Label(Kind.BREED, ("pug",)))
    theirs.close()
    file, before = Path(theirs.name), rows(ours)
    with pytest.raises(UsageError, match=r"There is no catalogue none\.sqlite; check the name"):
        ours.merge("none.sqlite")
    with pytest.raises(UsageError, match="is a folder; give a file"):
        ours.merge(tmp_path)
    for content in (b"no catalogue at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000):
        (tmp_path / "odd.sqlite").write_bytes(content)
        with pytest.raises(
            UsageError, match="sent is damaged, or no catalogue; nothing was merged"
        ):
            ours.merge(tmp_path / "odd.sqlite", name="sent")
    (tmp_path / "odd.sqlite").write_bytes(b"")
    with pytest.raises(UsageError, match="sent is empty, and no catalogue yet"):
        ours.merge(tmp_path / "odd.sqlite", name="sent")
    with closing(sqlite3.connect(tmp_path / "another.sqlite")) as raw:
        raw.execute("CREATE TABLE music (id)")
    with pytest.raises(UsageError, match=r"another\.sqlite is a database but no Barkive catalogue"):
        ours.merge(tmp_path / "another.sqlite")
    damaged = bytearray(file.read_bytes())
    start = damaged.find(b"n02110958")
    damaged[start - 300 : start] = b"\xff" * 300
    (tmp_path / "damaged.sqlite").write_bytes(damaged)
    with pytest.raises(UsageError, match="is damaged, or no catalogue"):
        ours.merge(tmp_path / "damaged.sqlite")
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(UsageError, match=f"{file} was written by a newer Barkive"):
        ours.merge(file)
    assert rows(ours) == before
    assert ours.last_merge() is None


def test_an_older_one_is_read_and_left_as_it_is(
    scanned: Callable[..., Catalogue],
    clock: Clock,
    tmp_path: Path,
    make_old: Callable[[str], None],
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    file = folder / "old.sqlite"
    make_old(str(file))
    content = file.read_bytes()
    file.chmod(0o444)
    folder.chmod(0o555)
    try:
        with scanned("sqlite", "a", RED, (9, 9, 9)) as ours:
            done = ours.merge(file)
            assert (done.pictures, done.known, done.words) == (3, 2, 7)
            assert in_force(ours) == {"0.png": "Pug", "1.png": "Maltese"}
        assert file.read_bytes() == content
        assert [one.name for one in folder.iterdir()] == ["old.sqlite"]
    finally:
        folder.chmod(0o755)


@pytest.mark.postgres
def test_an_older_one_on_a_server_is_refused(
    new_place: Place, tmp_path: Path, make_old: Callable[[str], None]
) -> None:
    where = new_place("postgresql")
    make_old(where)
    with (
        Catalogue(tmp_path / "c.sqlite") as ours,
        pytest.raises(UsageError, match="is of another form than this Barkive's; open it with"),
    ):
        ours.merge(where)


def test_a_rebuilt_catalogue_keeps_what_was_merged(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED), scanned("sqlite", "b", GREY, RED)
    theirs.label(tmp_path / "b/1.png", Label(Kind.BREED, ("beagle",)))
    merge(ours, theirs)
    before = rows(ours)
    ours.close()
    content = bytearray(Path(ours.name).read_bytes())
    table = content.find(b"catalogue keeps")
    assert table > 0
    content[table - 200 : table + 200] = b"\xff" * 400
    Path(ours.name).write_bytes(content)
    rebuild(ours.name)
    with Catalogue(ours.name) as again:
        found = rows(again)
        assert (found["alias"], found["correction"]) == (before["alias"], before["correction"])
        assert again.undo_merge().words == 1


def word(number: int, breed: str, second: int, **more: Any) -> LabelRow:
    at = datetime(2026, 6, 1, 12, 0, second)
    facts = {"picture": 1, "sha256": b"", "note": None, "said_by": None, "was": "dog"} | more
    empty = {"breed2": None, "undoes": None, "turn": 0}
    return LabelRow(
        **{"id": number, "kind": "breed", "breed": breed, "said_at": at} | empty | facts
    )


def test_the_same_said_twice_in_a_second_is_two_words() -> None:
    ours = [word(1, "pug", 0)]
    theirs = [word(7, "pug", 0), word(8, "pug", 0)]
    (new,) = news(ours, theirs, 1)
    assert (new.breed, new.id) == ("pug", -1)
    assert news(theirs, ours, 1) == []


def test_what_an_undo_takes_back_is_found_among_ours() -> None:
    ours = [word(4, "pug", 0), word(5, "boxer", 1)]
    theirs = [word(1, "pug", 0), word(2, "", 5, kind="undo", undoes=1), word(3, "whippet", 6)]
    whippet, undo = news(ours, theirs, 1)
    assert (undo.undoes, whippet.breed) == (4, "whippet")


def test_words_of_one_second_go_before_those_who_knew_of_them() -> None:
    pug, boxer = word(1, "pug", 0), word(2, "boxer", 0)
    (before,) = news([boxer], [pug, boxer], 1)
    assert before.turn == -1
    (after,) = news([pug], [pug, boxer], 1)
    assert after.turn == 0
    (one,) = news([pug], [boxer], 1)
    (other,) = news([boxer], [pug], 1)
    assert {one.turn, other.turn} == {0, -1}


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_a_breed_that_either_side_renamed_comes_as_what_it_is_called_there_now(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, own: str, other: str
) -> None:
    ours = scanned(own, "a", RED, GREEN, GREY)
    theirs = scanned(other, "b", RED, GREEN, GREY, (200, 200, 10))
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("Terrierlet",), other=True))
    ours.rename_breed("Terrierlet", "Terrier Brasileiro")
    names = ("Terrierlet", "Pugg", "Ratter", "Mutt")
    for number, breed in enumerate(names):
        said = Label(Kind.BREED, (breed,), other=True, by="Ben")
        theirs.label(tmp_path / f"b/{number}.png", said)
    theirs.rename_breed("Terrierlet", "Jack Russell")
    theirs.rename_breed("Pugg", "Pug", merge=True)
    theirs.rename_breed("Ratter", "Terrier Brasileiro")
    assert merge(ours, theirs).words == 4
    found = {
        Path(one.file).name: [label.en for label in one.labels]
        for one in ours.search(Filter(corrected=True))
    }
    assert found == {"0.png": ["Jack Russell"], "1.png": ["Pug"], "2.png": ["Terrier Brasileiro"]}
    assert ours.count(Filter(breed="pug")) == ours.count(Filter(breed="pugg")) == 1
    assert ours.models.names.choices("mutt")[0].en == "Mutt"
    # Twice is the same as once, also where a breed gets another name in between.
    after = rows(ours)
    assert merge(ours, theirs).words == 0
    assert rows(ours) == after
    ours.rename_breed("Jack Russell", "Parson Russell")
    assert merge(ours, theirs).words == 0
    assert history(ours, tmp_path / "a/0.png") == [
        ("Terrier Brasileiro", None),
        ("Parson Russell", "Ben"),
    ]


def test_a_word_that_was_taken_back_stays_taken_back_when_its_merge_is_made_again(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED, GREEN), scanned("sqlite", "b", RED, GREEN)
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("samoyed",), by="Ada"))
    for number in (0, 1):
        theirs.label(tmp_path / f"b/{number}.png", Label(Kind.BREED, ("beagle",), by="Ben"))
    merge(ours, theirs)
    ours.label(tmp_path / "a/0.png", Label(Kind.UNDO, by="Cy"))
    expected = [("Samoyed", "Ada"), ("Beagle", "Ben"), ("undo", "Cy")]
    for _ in range(2):
        assert in_force(ours) == {"0.png": "Samoyed", "1.png": "Beagle"}
        assert history(ours, tmp_path / "a/0.png") == expected
        assert ours.undo_merge().words == 1
        assert in_force(ours) == {"0.png": "Samoyed"}
        assert history(ours, tmp_path / "a/0.png") == expected
        assert merge(ours, theirs).words == 1


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_of_a_breed_that_both_added_ours_stays_and_what_it_lacks_comes(
    scanned: Callable[..., Catalogue], clock: Clock, tmp_path: Path, own: str, other: str
) -> None:
    ours = scanned(own, "a", RED, GREEN, GREY)
    theirs = scanned(other, "b", RED, GREEN, GREY)
    ours.add_breed("Dachshund", "Teckel", group=4)
    ours.add_breed("Bulldog")
    ours.add_breed("Shiba")
    ours.label(tmp_path / "a/0.png", Label(Kind.BREED, ("Shiba",), by="Ada"))
    theirs.add_breed("Dachshund", "Basset allemand", fci=148, group=9)
    theirs.add_breed("English Bulldog", "Bulldog", fci=149)
    theirs.add_breed("shiba", "Shiba Inu", fci=257, group=5)
    theirs.add_breed("Akita", "Akita Inu", fci=255, group=5)
    for number, breed in enumerate(("Dachshund", "English Bulldog", "Akita")):
        said = Label(Kind.BREED, (breed,), by="Ben")
        theirs.label(tmp_path / f"b/{number}.png", said)
    assert merge(ours, theirs).words == 3
    assert in_force(ours) == {"0.png": "Dachshund", "1.png": "Bulldog", "2.png": "Akita"}
    known = [(one.en, one.fr, one.fci, one.group) for one in ours.models.names.own]
    assert known == [
        ("Akita", "Akita Inu", 255, 5),
        ("Bulldog", "Bulldog", 149, None),
        ("Dachshund", "Teckel", 148, 4),
        ("Shiba", "Shiba Inu", 257, 5),
    ]
    assert ours.count(Filter(group=5)) == ours.count(Filter(text="akita inu")) == 1
    after = rows(ours)
    assert merge(ours, theirs).words == 0
    assert rows(ours) == after
    assert [(one.en, one.fr, one.fci, one.group) for one in ours.models.names.own] == known


def test_a_french_name_that_is_another_breeds_here_does_not_come(
    scanned: Callable[..., Catalogue], tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", RED), scanned("sqlite", "b", RED)
    ours.add_breed("Dachshund")
    ours.add_breed("Teckel")
    theirs.add_breed("Dachshund", "Teckel", fci=148)
    merge(ours, theirs)
    assert [(one.en, one.fr, one.fci) for one in ours.models.names.own] == [
        ("Dachshund", "Dachshund", 148),
        ("Teckel", "Teckel", None),
    ]


def animals_of(catalogue: Catalogue) -> dict[str, tuple[str | None, set[str]]]:
    """The animals of a catalogue by their codes: the name, and the files of the photos."""
    return {
        str(one.code): (
            one.name,
            {Path(photo.file).name for photo in catalogue.search(Filter(animal=one.id))},
        )
        for one in catalogue.animals.list()
    }


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_animals_come_with_their_photos(
    scanned: Callable[..., Catalogue],
    classifier: Classifier,
    tmp_path: Path,
    own: str,
    other: str,
) -> None:
    ours, theirs = scanned(own, "a", GREY, RED), scanned(other, "b", RED, GREEN, GREY)
    photos = [tmp_path / f"b/{n}.png" for n in range(3)]
    rex = theirs.animals.new(
        AnimalFields(code="1", name="Rex", breeds=("pug",), status="adopted"), photos[:2]
    )
    theirs.animals.edit(rex, AnimalFields(main_photo=theirs.photo(photos[1]).id))
    theirs.animals.take_away(theirs.animals.add(rex, [photos[2]]), [photos[2]])
    theirs.animals.remove(theirs.animals.new(AnimalFields(code="2")))
    expected = Merged(
        pictures=3, known=2, new=1, renumbered=1, numbers=1, animals=1, animal_photos=2
    )
    before = rows(ours), ours.animals.count()
    assert merge(ours, theirs, dry_run=True) == expected
    assert (rows(ours), ours.animals.count()) == before
    assert merge(ours, theirs) == expected

    here = ours.animals.get("1")
    assert (here.id, here.name, here.status, here.photos) == (rex.id, "Rex", "adopted", 2)
    assert animals_of(ours) == {"1": ("Rex", {"1.png"})}
    (act,) = ours.animals.acts()
    last = ours.last_merge()
    assert last is not None
    assert (act.kind, act.by, act.animals) == (ActKind.IMPORT, last.catalogue, (rex.id,))
    # Twice is the same as once.
    assert merge(ours, theirs) == Merged(pictures=3, known=3)
    assert len(ours.animals.acts()) == 1
    # The photo that waited comes with the scan that finds its file.
    shutil.copytree(tmp_path / "b", tmp_path / "found")
    ours.scan(tmp_path / "found", classifier=classifier)
    assert {Path(one.file).parent.name for one in ours.search(Filter(animal=rex.id))} == {
        *("a", "found")
    }
    # What people take away here stays away.
    ours.animals.take_away("1", [tmp_path / "found/1.png"])
    assert merge(ours, theirs) == Merged(pictures=3, known=3)


@pytest.mark.parametrize(("own", "other"), KINDS)
def test_of_an_animal_that_both_have_ours_stays_and_gets_what_it_lacks(
    scanned: Callable[..., Catalogue], tmp_path: Path, own: str, other: str
) -> None:
    ours, theirs = scanned(own, "a", GREY, RED), scanned(other, "b", RED, GREY)
    rex = ours.animals.new(AnimalFields(code="Ä-1", name="Rex"), [tmp_path / "a/0.png"])
    theirs.animals.new(
        AnimalFields(code="ä-1", name="REX", sex="m", birth="2021", birth_is_estimate=True),
        [tmp_path / "b/0.png", tmp_path / "b/1.png"],
    )
    theirs.animals.edit("ä-1", AnimalFields(status="adopted"))
    gone = ours.animals.new(AnimalFields(name="Gone"))
    ours.animals.remove(gone.id)
    conflict = AnimalConflict(rex.id, "Ä-1 Rex", "status", "in_care", "adopted")
    expected = Merged(
        pictures=2, known=2, animals_filled=1, animal_photos=1, animal_conflicts=(conflict,)
    )
    assert merge(ours, theirs, dry_run=True) == expected
    done = merge(ours, theirs)
    assert done.animal_conflicts == expected.animal_conflicts
    assert (done.animals, done.animals_filled, done.animal_photos) == (0, 1, 1)
    after = ours.animals.get("Ä-1")
    assert (after.id, after.code, after.name, after.sex) == (rex.id, "Ä-1", "Rex", Sex.MALE)
    assert (after.birth, after.birth_is_estimate, after.status) == ("2021", True, "in_care")
    assert after.photos == 2
    assert merge(ours, theirs).animal_conflicts == (conflict,)

    undone = ours.undo_merge()
    assert (undone.animals, undone.words) == (0, 0)
    before = ours.animals.get("Ä-1")
    assert (before.sex, before.birth, before.photos) == (None, None, 1)


def test_animals_of_a_merge_go_with_it_unless_somebody_changed_them(
    scanned: Callable[..., Catalogue], tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", GREY), scanned("sqlite", "b", RED, GREEN, GREY)
    for code in ("1", "2", "3"):
        theirs.animals.new(AnimalFields(code=code), [tmp_path / f"b/{int(code) - 1}.png"])
    merge(ours, theirs)
    ours.animals.edit("2", AnimalFields(name="Bo"))
    ours.animals.add("3", [tmp_path / "a/0.png"])  # it has it already
    pictures = {one.picture for one in theirs.search(Filter(animal=theirs.animals.get("2").id))}

    undone = ours.undo_merge()
    assert (undone.animals, undone.pictures) == (2, 1)
    assert [one.code for one in ours.animals.list()] == ["2"]
    assert ours.animals.get("2").photos == 1
    assert {row[2] for row in rows(ours)["content"]} >= pictures
    # Merged again, they are back.
    assert merge(ours, theirs).animals == 2
    assert [one.code for one in ours.animals.list(order=Order.CODE)] == ["1", "2", "3"]
    # What people remove here does not come back.
    ours.animals.remove("1")
    assert merge(ours, theirs).animals == 0


def test_animals_of_both_sides_end_the_same(
    scanned: Callable[..., Catalogue], tmp_path: Path
) -> None:
    ours, theirs = scanned("sqlite", "a", GREY, RED), scanned("sqlite", "b", RED, GREEN)
    ours.animals.new(AnimalFields(code="1", name="Rex"), [tmp_path / "a/1.png"])
    theirs.animals.new(AnimalFields(code="2", name="Bo"), [tmp_path / "b/1.png"])
    merge(ours, theirs)
    merge(theirs, ours)
    assert [one.id for one in ours.animals.list()] == [one.id for one in theirs.animals.list()]
    assert merge(ours, theirs).animals == merge(theirs, ours).animals == 0
