import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from barkive.catalogue import AnimalFields, Catalogue, Filter, Kind, Label
from barkive.catalogue.transfer.rebuild import rebuild
from barkive.classifier import Classifier
from barkive.errors import AnimalCodeTakenError, CatalogueError


def test_a_damaged_catalogue_is_kept_and_its_corrections_are_saved(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        before = catalogue.label(
            kennel / "rex.png", Label(Kind.BREED, ("pug",), note="hers", by="Ada")
        ).id
        catalogue.scan_plans.set(str(kennel), is_watched=True, daily_at=time(3, 30))
        plans = catalogue.scan_plans.all()
    content = bytearray(file.read_bytes())
    table = content.find(b"broken jpg")
    assert table > 0
    content[table - 200 : table + 200] = b"\xff" * 400
    file.write_bytes(content)
    saved = rebuild(file)
    assert (saved.corrections, saved.kept.read_bytes()) == (1, bytes(content))
    with Catalogue(file) as catalogue:
        assert catalogue.scan_plans.all() == plans
        # What else could be read of the photos is there until they are scanned again.
        assert catalogue.count() == 4
        assert catalogue.photo(kennel / "rex.png").id == before
        catalogue.scan(kennel, classifier=classifier)
        assert catalogue.count() == 5
        rex = catalogue.photo(kennel / "rex.png")
        assert (rex.corrected, rex.note, rex.breeds[0].label.en) == (True, "hers", "Pug")
        assert rex.id == before
        assert catalogue.history(kennel / "rex.png")[0].by == "Ada"


def test_what_people_said_of_an_added_breed_is_saved(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        catalogue.add_breed("Dachshund", "Teckel", fci=148, group=4)
        catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("teckel",)))
        own = catalogue.models.names.own
    content = bytearray(file.read_bytes())
    table = content.find(b"broken jpg")
    content[table - 200 : table + 200] = b"\xff" * 400
    file.write_bytes(content)
    rebuild(file)
    with Catalogue(file) as catalogue:
        assert catalogue.models.names.own == own
        assert catalogue.count(Filter(group=4)) == 1


def test_labels_are_saved_from_the_photos_where_the_words_can_t_be_read(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    file = tmp_path / "c.sqlite"
    said = {
        "rex.png": Label(Kind.BREED, ("pug",), "chip", "Ada"),
        "mila.png": Label(Kind.CROSS, ("pug", "beagle")),
        "night.png": Label(Kind.NOT_DOG),
        "mix.png": Label(Kind.UNSURE),
    }
    paths = {path.name: path for path in kennel.rglob("*.png")}
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        for name, word in said.items():
            catalogue.label(paths[name], word)
        catalogue.label(paths["mix.png"], Label(Kind.UNDO))
        catalogue.label(paths["mix.png"], Label(Kind.NOTE, note="shy"))
        before = {
            one.file: (one.id, one.status, one.labels, one.note) for one in catalogue.search()
        }
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'correction'"
        page = raw.execute(root).fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xaa" * size
    file.write_bytes(content)
    saved = rebuild(file)
    assert (saved.corrections, saved.labels) == (0, 4)
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        after = {one.file: (one.id, one.status, one.labels, one.note) for one in catalogue.search()}
        assert after == before
        (word,) = catalogue.history(paths["rex.png"])
        assert (word.by, word.note, word.labels[0].en) == (None, "chip", "Pug")


def damage(file: Path, *tables: str) -> None:
    """Writes over the first page of tables."""
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        root = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        pages = [raw.execute(root, (name,)).fetchone()[0] for name in tables]
    content = bytearray(file.read_bytes())
    for page in pages:
        content[(page - 1) * size : page * size] = b"\xaa" * size
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("tables", "history"),
    [
        (("answer",), 5),
        (("answer", "animal"), 5),
        (("answer", "animal", "animal_photo"), 5),
        (("act",), 5),
        (("act_change",), 0),
    ],
)
def test_animals_are_saved_from_their_rows_or_from_what_was_done(
    tmp_path: Path,
    kennel: Path,
    classifier: Classifier,
    tables: tuple[str, ...],
    history: int,
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        rex = catalogue.animals.new(AnimalFields(code="Ä 1", name="Rex"), by="Ada")
        catalogue.animals.add(
            rex.id, [kennel / "rex.png", kennel / "mix.png", kennel / "night.png"]
        )
        catalogue.animals.take_away(rex.id, [kennel / "mix.png"])
        photo = catalogue.photo(kennel / "rex.png").id
        fields = AnimalFields(sex="m", birth="2021", breeds=("pug", "beagle"), main_photo=photo)
        catalogue.animals.edit(rex.id, fields)
        catalogue.animals.edit(rex.id, AnimalFields(notes="two\nlines", birth_is_estimate=True))
        catalogue.animals.remove(catalogue.animals.new(AnimalFields(code="2")).id)
        before = catalogue.animals.get(rex.id)
    damage(file, *tables)
    assert rebuild(file).animals == 1
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        after = catalogue.animals.get("ä 1")
        moments = {"made_at": before.made_at, "changed_at": before.changed_at}
        assert replace(after, **moments) == before
        assert [one.title for one in catalogue.animals.list()] == ["Ä 1 Rex"]
        assert {Path(one.file).name for one in catalogue.search(Filter(animal=rex.id))} == {
            *("rex.png", "night.png")
        }
        assert len(catalogue.animals.history(rex.id)) == history
        assert catalogue.animals.new(AnimalFields(code="2")).version > before.version
        with pytest.raises(AnimalCodeTakenError):
            catalogue.animals.new(AnimalFields(code="Ä 1"))


def test_a_file_of_which_nothing_can_be_read_is_kept_as_well(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    file.write_bytes(b"nothing" * 500)
    assert rebuild(file) == (tmp_path / "c.sqlite.damaged-1", 0, 0, 0, 0)
    file.write_bytes(b"again" * 500)
    assert rebuild(file).kept.name == "c.sqlite.damaged-2"
    with Catalogue(file) as catalogue:
        assert catalogue.count() == 0


def test_what_is_sound_newer_or_anothers_is_left_where_it_is(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
    with pytest.raises(CatalogueError, match="is sound; leave --rebuild out"):
        rebuild(file)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(CatalogueError, match="newer Barkive"):
        rebuild(file)
    with pytest.raises(CatalogueError, match="in PostgreSQL") as refused:
        rebuild("postgresql://me:secret@host/x")
    assert "secret" not in str(refused.value)
    assert not list(tmp_path.glob("*damaged*"))


def test_there_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no catalogue file .*leave --rebuild out"):
        rebuild(tmp_path / "none.sqlite")
