"""A catalogue has a model in use, which goes where it goes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text, update

from barkive.boxes import Box
from barkive.bundle import Bundle
from barkive.catalogue import Catalogue, Kind, Label, copy
from barkive.catalogue.db import database, schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.learning.judging_again import JudgedAgain
from barkive.catalogue.similarity import similar
from barkive.catalogue.transfer.rebuild import rebuild
from barkive.classifier import Classifier
from barkive.errors import BundleError, CatalogueError, NothingToSayError, SwitchedMeanwhileError

MakeBundle = Callable[..., Path]
MakePhoto = Callable[..., Path]


def count(catalogue: Catalogue, table: str) -> int:
    with catalogue._database.read() as connection:
        found = select(func.count()).select_from(schema.metadata.tables[table])
        return connection.execute(found).scalar_one()


def learn(catalogue: Catalogue, path: Path) -> Bundle:
    """Puts a bundle to use that was learned from the one in use."""
    bundle = Classifier(path).bundle
    catalogue.use_model(bundle, catalogue.classifier().bundle, was=catalogue.model_in_use)
    return bundle


def test_what_was_learned_is_used(
    catalogue: Catalogue,
    where: str,
    kennel: Path,
    inside: Bundle,
    learned: MakeBundle,
    cache: Path,
) -> None:
    assert catalogue.model_in_use is None
    catalogue.scan(kennel)
    assert {entry.model for entry in catalogue.search()} == {inside.model}
    bundle = learn(catalogue, path := learned())
    path.unlink()
    opened = catalogue.classifier(threads=1, dogs=False)
    assert opened.bundle.digest == bundle.digest
    assert opened.bundle.detector is None
    (kept,) = cache.iterdir()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == bundle.digest
    # A scan, a box and a stranger are judged by it, in every program.
    with Catalogue(where) as other:
        assert other.scan(kennel).unchanged == 5
        assert {entry.model for entry in other.search()} == {bundle.model}
        said = Label(Kind.DOG, box=Box(0.1, 0.1, 0.5, 0.5))
        entry = other.label(
            kennel / "annex" / "mila.png", said, classifier=other.classifier(dogs=False)
        )
        assert entry.dog(1).guesses[0].label.en == "Dachshund"


def test_a_file_in_the_cache_that_is_gone_or_damaged_is_written_anew(
    catalogue: Catalogue, inside: Bundle, learned: MakeBundle, cache: Path
) -> None:
    bundle = learn(catalogue, learned())
    (kept,) = cache.iterdir()
    for content in (b"", kept.read_bytes()[:-1]):
        kept.write_bytes(content)
        assert catalogue.classifier(dogs=False).bundle.digest == bundle.digest
    kept.unlink()
    assert catalogue.classifier(dogs=False).bundle.digest == bundle.digest


def test_what_can_t_be_opened_is_told(
    catalogue: Catalogue, inside: Bundle, learned: MakeBundle, cache: Path
) -> None:
    learn(catalogue, learned())
    (kept,) = cache.iterdir()
    kept.unlink()
    cache.rmdir()
    cache.write_bytes(b"no folder")
    with pytest.raises(CatalogueError, match=r"can't be written to .*\.onnx: .*; make room there"):
        catalogue.classifier()
    table = schema.learned_model
    with catalogue._database.write() as connection:
        connection.execute(update(table).values(content=b"damaged"))
    with pytest.raises(CatalogueError, match="is damaged there; give one with --model"):
        catalogue.classifier()
    with catalogue._database.write() as connection:
        connection.execute(delete(table))
    with pytest.raises(CatalogueError, match="does not hold the model learned@"):
        catalogue.classifier()
    # One can go back all the same.
    assert catalogue.undo_learning() == JudgedAgain(0, 0)
    assert catalogue.classifier().bundle.model == inside.model


def test_who_comes_second_switches_nothing(
    catalogue: Catalogue, kennel: Path, inside: Bundle, learned: MakeBundle
) -> None:
    catalogue.scan(kennel)
    learn(catalogue, learned("first"))
    number = catalogue.model_in_use
    second = Classifier(learned("second")).bundle
    with pytest.raises(SwitchedMeanwhileError, match="Somebody else has put another model to use"):
        catalogue.use_model(second, inside, was=None)
    assert catalogue.model_in_use == number
    assert {entry.model[:6] for entry in catalogue.search()} == {"first@"}


def test_a_file_that_is_another_one_by_now_is_refused(
    catalogue: Catalogue, inside: Bundle, learned: MakeBundle
) -> None:
    path = learned()
    bundle = Classifier(path).bundle
    path.write_bytes(b"another")
    with pytest.raises(BundleError, match="was replaced by another one"):
        catalogue.use_model(bundle, inside, was=None)
    assert catalogue.model_in_use is None


def test_an_undo_goes_back_to_the_parent(
    catalogue: Catalogue,
    kennel: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
) -> None:
    # A model of the user's own is no parent that is inside the package.
    catalogue.scan(kennel, classifier=pair_classifier)
    first, second = (Classifier(learned(name)).bundle for name in ("first", "second"))
    catalogue.use_model(first, pair_classifier.bundle, was=None, report='{"right": 9}', by="Ada")
    catalogue.use_model(second, first, was=catalogue.model_in_use)
    with catalogue._database.read() as connection:
        c = schema.learned_model.c
        rows = connection.execute(select(c.report, c.learned_by).order_by(c.id)).all()
    assert [tuple(row) for row in rows] == [("{}", None), ('{"right": 9}', "Ada"), ("{}", None)]
    for name in ("first", "colours"):
        catalogue.undo_learning()
        assert catalogue.classifier().bundle.info.name == name
        assert {entry.model.split("@")[0] for entry in catalogue.search()} == {name}
    with pytest.raises(NothingToSayError, match="was not learned from this catalogue's labels"):
        catalogue.undo_learning()


def test_where_the_package_has_another_model_by_now_an_undo_goes_to_that(
    catalogue: Catalogue,
    kennel: Path,
    inside: Bundle,
    learned: MakeBundle,
    write_bundle: MakeBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue.scan(kennel)
    learn(catalogue, learned())
    newer = write_bundle(tmp_path / "newer.onnx", inside.info.to_metadata().replace("0.6", "0.7"))
    for module in ("bundle", "catalogue.learning.in_use"):
        monkeypatch.setattr(f"barkive.{module}.SHIPPED", newer)
    # Nobody has judged the photos by that yet.
    assert catalogue.undo_learning() == JudgedAgain(0, 5)
    assert catalogue.scan(kennel).again == 5


def test_answers_that_nobody_needs_are_pruned(
    catalogue: Catalogue,
    kennel: Path,
    pair_photo: MakePhoto,
    inside: Bundle,
    learned: MakeBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(similar, "_UNINDEXED", 0)
    monkeypatch.setattr(similar, "_NEWEST", 0)
    pair_photo("kennel/pair.png", (250, 10, 10), (10, 250, 10))
    catalogue.scan(kennel)
    assert (count(catalogue, "answer"), count(catalogue, "detection")) == (5, 2)
    learn(catalogue, learned("first"))
    first = catalogue.model_in_use
    assert first is not None
    catalogue._similar.index(first)
    folder = catalogue._similar._folder()
    learn(catalogue, learned("second"))
    # Those of the parent, to which one can go back, and those that hold the features.
    assert (count(catalogue, "answer"), count(catalogue, "detection")) == (15, 6)
    assert (folder / str(first)).exists()
    learn(catalogue, learned("third"))
    assert (count(catalogue, "answer"), count(catalogue, "detection")) == (15, 6)
    assert not (folder / str(first)).exists()
    catalogue.undo_learning()
    catalogue.undo_learning()
    assert catalogue.model_in_use == first
    assert (count(catalogue, "answer"), count(catalogue, "detection")) == (10, 4)
    catalogue.undo_learning()
    assert (count(catalogue, "answer"), count(catalogue, "detection")) == (5, 2)
    assert catalogue.count() == 6


@pytest.mark.postgres
def test_it_goes_along_with_a_copy_and_back(
    new_place: Callable[..., str],
    kennel: Path,
    pair_photo: MakePhoto,
    inside: Bundle,
    learned: MakeBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("barkive.catalogue.transfer.copying._AT_ONCE", 2)
    pair_photo("kennel/pair.png", (250, 10, 10), (10, 250, 10))
    file, server, back = new_place("sqlite"), new_place("postgresql"), new_place("sqlite")
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel)
        learn(catalogue, learned("first"))
        copy(file, server)
        learn(catalogue, learned("second"))
        learn(catalogue, learned("third"))
        catalogue.undo_learning()
    # Meanwhile answers have gone that the copy has, and that photos had there.
    copy(file, server)
    copy(server, back)
    before = dict(_all(file))
    assert before == dict(_all(server)) == dict(_all(back))
    assert len(before["learned_model"]) == 3
    with Catalogue(back) as catalogue:
        assert catalogue.classifier().bundle.info.name == "second"
        assert catalogue.scan(kennel).unchanged == 6
        catalogue.undo_learning()
        assert {entry.model[:6] for entry in catalogue.search()} == {"first@"}


def _all(where: str) -> list[tuple[str, list[tuple[object, ...]]]]:
    with closing(Database(where)) as opened, opened.read() as connection:
        return [
            (table.name, [tuple(row) for row in connection.execute(select(table).order_by("id"))])
            for table in schema.metadata.sorted_tables
            if "id" in table.c and table.name != "review"
        ]


def test_a_merge_leaves_the_model_in_use(
    new_place: Callable[..., str], kennel: Path, inside: Bundle, learned: MakeBundle
) -> None:
    one, other = new_place("sqlite", migrated=True), new_place("sqlite", migrated=True)
    with Catalogue(one) as catalogue, Catalogue(other) as theirs:
        catalogue.scan(kennel)
        theirs.scan(kennel)
        learn(theirs, learned())
        theirs.label(kennel / "mix.png", Label(Kind.BREED, ("Teckel",)))
        catalogue.merge(other)
        assert catalogue.model_in_use is None
        assert catalogue.photo(kennel / "mix.png").labels[0].id == "Dachshund"
        learn(catalogue, learned("own"))
        assert {entry.model[:4] for entry in catalogue.search()} == {"own@"}


def test_a_rebuilt_catalogue_still_has_it_in_use(
    tmp_path: Path, kennel: Path, inside: Bundle, learned: MakeBundle
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel)
        learn(catalogue, learned("first"))
        bundle = learn(catalogue, learned("second"))
    _damage(file)
    rebuild(file)
    with Catalogue(file) as catalogue:
        assert catalogue.classifier().bundle.digest == bundle.digest
        assert catalogue.scan(kennel).again == 5
        catalogue.undo_learning()
        assert catalogue.classifier().bundle.info.name == "first"
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE learned_model SET content = x'00'")
    _damage(file)
    rebuild(file)
    with Catalogue(file) as catalogue:
        assert catalogue.model_in_use is None


def _damage(file: Path) -> None:
    """Spoils the table of what was said, which nothing else refers to."""
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'correction'"
        page = raw.execute(root).fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xaa" * size
    file.write_bytes(content)


def test_a_catalogue_from_before_there_were_features(
    where: str, kennel: Path, inside: Bundle, learned: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0010")
        with closing(Database(where)) as opened, opened.write() as connection:
            for statement in (
                "INSERT INTO model (digest, name, labels) VALUES (:digest, :model, '[]')",
                "INSERT INTO answer (sha256, model_id, status, probabilities, dog, vector, "
                "identified_at) VALUES (:sha, 1, 'uncertain', :none, 1, :none, :at)",
                "INSERT INTO photo (number, picture, path, sha256, model_id, answer_id, status, "
                "corrected, words, added_at) VALUES (1, 1, '/1.jpg', :sha, 1, 1, 'uncertain', "
                "false, '', :at)",
            ):
                values = {"digest": inside.identity, "model": inside.model, "none": b""}
                values |= {"sha": bytes(32), "at": "2026-01-01 00:00:00"}
                used = {name: one for name, one in values.items() if f":{name}" in statement}
                connection.execute(text(statement), used)
    with Catalogue(where) as catalogue:
        assert catalogue.model_in_use is None
        bundle = Classifier(learned()).bundle
        assert catalogue.use_model(bundle, inside, was=None) == JudgedAgain(0, 1)
        assert catalogue.photo(1).model == inside.model
