"""Catalogues of version 0.1 keep the numbers that they gave out, and every word."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from barkive.breeds import find
from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import database, schema
from barkive.catalogue.db.database import Database
from barkive.classifier import Classifier


def test_numbers_and_words_of_an_old_catalogue_stay(
    where: str, kennel: Path, classifier: Classifier, make_old: Callable[[str], None]
) -> None:
    make_old(where)
    with Catalogue(where) as catalogue:
        rex, mix, copy, shut = catalogue.search(Filter(missing=None))
        assert [one.id for one in (rex, mix, copy, shut)] == [1, 2, 3, 4]
        # Copies are one picture, of which people spoke.
        assert [one.picture for one in (rex, mix, copy, shut)] == [1, 2, 1, 4]
        assert (rex.label_id, mix.label_id, copy.label_id) == (2, None, 2)
        assert shut.mtime_ns is None
        assert [one.undoes for one in catalogue.history(1)] == [None, None, None, 3]
        assert [one.undoes for one in catalogue.history(2)] == [None, 5]
        taken = catalogue.label(rex.id, Label(Kind.UNDO, by="Ben"))
        assert (taken.label_id, taken.labels[0].en) == (1, "Chihuahua")
        # Of a content whose file has long gone the word waits for it.
        catalogue.scan(kennel, classifier=classifier)
        assert catalogue.photo(kennel / "rex.png").id == 1
        assert catalogue.photo(kennel / "rex.png").labels[0].en == "Chihuahua"
        assert catalogue.photo(kennel / "night.png").labels[0].en == "Maltese"


def test_the_old_file_is_kept_beside(
    tmp_path: Path, kennel: Path, make_old: Callable[[str], None]
) -> None:
    file = tmp_path / "c.sqlite"
    make_old(str(file))
    with Catalogue(file) as catalogue:
        assert catalogue.count() == 3
        assert {one.file for one in catalogue.search(Filter(text="rex"))} == {
            str(kennel / "rex.png")
        }
        assert catalogue.counts("status") == {"dog": 1, "uncertain": 1, "failed": 1}
    with closing(sqlite3.connect(tmp_path / "c.sqlite.backup-0005")) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
        assert old.execute("SELECT count(*) FROM photo").fetchone() == (4,)


def test_a_catalogue_from_before_there_were_dogs(
    where: str,
    kennel: Path,
    classifier: Classifier,
    pair_classifier: Classifier,
    make_old: Callable[[str], None],
) -> None:
    make_old(where)
    with Catalogue(where) as catalogue:
        assert {one.dogs for one in catalogue.search(Filter(missing=None))} == {None}
        assert catalogue.count(Filter(dogs=(0, None))) == 0
        assert catalogue.photo(1).version is not None
        before = catalogue.history(1)
        # Without dogs it is scanned as it was.
        catalogue.scan(kennel, classifier=classifier)
        assert catalogue.scan(kennel, classifier=classifier).again == 0
        assert catalogue.scan(kennel, classifier=pair_classifier).again == 5
        assert catalogue.photo(kennel / "rex.png").dogs == ()
        assert catalogue.photo(kennel / "rex.png").labels[0].en == "Pug"
        assert catalogue.history(1) == before


def test_how_contents_are_turned_is_taken_from_the_photos(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0009")
        with closing(Database(where)) as opened, opened.write() as connection:
            for number, orientation in ((1, 6), (2, None)):
                sha256 = bytes([number]) * 32
                connection.execute(
                    text("INSERT INTO content (sha256, picture) VALUES (:sha256, :number)"),
                    {"sha256": sha256, "number": number},
                )
                connection.execute(
                    text(
                        "INSERT INTO photo (number, picture, path, sha256, orientation, status, "
                        "corrected, words, added_at) VALUES (:number, :number, :path, :sha256, "
                        ":orientation, 'dog', false, '', '2026-01-01 00:00:00')"
                    ),
                    {
                        **{"number": number, "path": f"/{number}.jpg", "sha256": sha256},
                        "orientation": orientation,
                    },
                )
    with Catalogue(where) as catalogue, catalogue._database.read() as connection:
        c = schema.content.c
        found = connection.execute(select(c.picture, c.orientation).order_by(c.id)).all()
    assert [tuple(row) for row in found] == [(1, 6), (2, None)]


def test_photos_are_found_no_more_by_the_words_of_groups(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Group 8 is that of “Retrievers, flushing dogs, water dogs” and of the spaniels."""
    rows = [
        (1, "/a/rex.jpg", "cocker spaniel", None, "a rex jpg cocker spaniel retrievers water dogs"),
        (2, "/retrievers/b.jpg", "cocker spaniel", None, "retrievers b jpg cocker spaniel water"),
        (3, "/a/c.jpg", "golden retriever", None, "a c jpg golden retriever retrievers dogs"),
        (4, "/a/d.jpg", "pug", None, "a d jpg pug carlin companion toy dogs retrievers"),
        (5, "/a/e.jpg", "cocker spaniel", "likes water", "a e jpg cocker spaniel likes water"),
    ]
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0013")
        with closing(Database(where)) as opened, opened.write() as connection:
            for number, path, breed, note, words in rows:
                values = {"number": number, "path": path, "breed": find(breed).id, "words": words}
                connection.execute(
                    text(
                        "INSERT INTO photo (number, picture, path, breed, note, status, corrected, "
                        "words, added_at) VALUES (:number, :number, :path, :breed, :note, 'dog', "
                        "false, :words, '2026-01-01 00:00:00')"
                    ),
                    values | {"note": note},
                )
            connection.execute(
                text(
                    "INSERT INTO correction (picture, sha256, kind, note, said_at, was) VALUES "
                    "(5, :sha256, 'breed', 'likes water', '2026-01-01 00:00:00', 'dog')"
                ),
                {"sha256": bytes(32)},
            )
            beside = "INSERT INTO other_dog (photo_id, place, status, breed, corrected) VALUES "
            connection.execute(
                text(
                    f"{beside} ((SELECT id FROM photo WHERE number = 4), 1, 'dog', :breed, false)"
                ),
                {"breed": find("cocker spaniel").id},
            )
    with Catalogue(where) as catalogue:
        with catalogue._database.read() as connection:
            c = schema.photo.c
            found = connection.execute(select(c.words).order_by(c.number)).scalars().all()
        assert found == [
            "a rex jpg cocker spaniel",
            "retrievers b jpg cocker spaniel",
            "a c jpg golden retriever",
            "a d jpg pug carlin",
            "a e jpg cocker spaniel likes water",
        ]
        counts = {word: catalogue.count(Filter(text=word)) for word in ("retriever", "spaniel")}
        assert counts == {"retriever": 2, "spaniel": 3}
        assert [one.id for one in catalogue.search(Filter(text="retriever"))] == [2, 3]
