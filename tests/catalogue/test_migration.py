"""Catalogues of version 0.1 keep the numbers that they gave out, and every word."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from barkive.catalogue import Catalogue, Filter, database
from barkive.catalogue.database import Database
from barkive.classifier import Classifier

_PHOTO = """
    INSERT INTO photo (path, bytes, mtime_ns, sha256, phash, status, breed, corrected, error,
        words, added_at, missing_since)
    VALUES (:path, 9, 8, :sha256, :phash, :status, :breed, :corrected, :error, :path,
        '2026-01-01 00:00:00', :missing)
"""
_SAID = """
    INSERT INTO correction (sha256, kind, breed, said_by, said_at, was)
    VALUES (:sha256, :kind, :breed, 'Ada', :at, 'uncertain')
"""


def make_old(where: str, kennel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue as version 0.1 left it: a copy, a broken photo, and words of several kinds."""
    rex = hashlib.sha256((kennel / "rex.png").read_bytes()).digest()
    mix = hashlib.sha256((kennel / "mix.png").read_bytes()).digest()
    long_gone = hashlib.sha256((kennel / "night.png").read_bytes()).digest()
    photos = [
        (str(kennel / "rex.png"), rex, "dog", "n02110958", True, None, None),
        (str(kennel / "mix.png"), mix, "uncertain", None, False, None, None),
        ("/elsewhere/copy.png", rex, "dog", "n02110958", True, None, "2026-02-01 00:00:00"),
        (str(kennel / "shut.png"), None, "failed", None, False, "No permission.", None),
    ]
    said = [
        (rex, "breed", "n02085620", "2026-01-02 10:00:00"),
        (rex, "breed", "n02110958", "2026-01-02 11:00:00"),
        (rex, "unsure", None, "2026-01-02 12:00:00"),
        # The clock was set back; the word that came later counts.
        (rex, "undo", None, "2026-01-02 09:00:00"),
        (mix, "breed", "n02085620", "2026-01-03 10:00:00"),
        (mix, "undo", None, "2026-01-03 11:00:00"),
        (long_gone, "breed", "n02085936", "2026-01-04 10:00:00"),
    ]
    names = ("path", "sha256", "status", "breed", "corrected", "error", "missing")
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0005")
        with closing(Database(where)) as opened, opened.write() as connection:
            for values in photos:
                row = dict(zip(names, values, strict=True))
                row["phash"] = bytes(32) if row["sha256"] else None
                connection.execute(text(_PHOTO), row)
            for sha256, kind, breed, at in said:
                row = {"sha256": sha256, "kind": kind, "breed": breed, "at": at}
                connection.execute(text(_SAID), row)


def test_numbers_and_words_of_an_old_catalogue_stay(
    where: str, kennel: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(where, kennel, monkeypatch)
    with Catalogue(where) as catalogue:
        rex, mix, copy, shut = catalogue.search(Filter(missing=None))
        assert [one.id for one in (rex, mix, copy, shut)] == [1, 2, 3, 4]
        # Copies are one picture, of which people spoke.
        assert [one.picture for one in (rex, mix, copy, shut)] == [1, 2, 1, 4]
        assert (rex.word, mix.word, copy.word) == (2, None, 2)
        assert shut.mtime_ns is None
        assert [one.undoes for one in catalogue.history(1)] == [None, None, None, 3]
        assert [one.undoes for one in catalogue.history(2)] == [None, 5]
        taken = catalogue.correct(rex.id, undo=True, by="Ben")
        assert (taken.word, taken.labels[0].en) == (1, "Chihuahua")
        # Of a content whose file has long gone the word waits for it.
        catalogue.scan(kennel, classifier=classifier)
        assert catalogue.photo(kennel / "rex.png").id == 1
        assert catalogue.photo(kennel / "rex.png").labels[0].en == "Chihuahua"
        assert catalogue.photo(kennel / "night.png").labels[0].en == "Maltese"


def test_the_old_file_is_kept_beside(
    tmp_path: Path, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "c.sqlite"
    make_old(str(file), kennel, monkeypatch)
    with Catalogue(file) as catalogue:
        assert catalogue.count() == 3
        assert {one.file for one in catalogue.search(Filter(text="rex"))} == {
            str(kennel / "rex.png")
        }
        assert catalogue.counts("status") == {"dog": 1, "uncertain": 1, "failed": 1}
    with closing(sqlite3.connect(tmp_path / "c.sqlite.backup-0005")) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
        assert old.execute("SELECT count(*) FROM photo").fetchone() == (4,)
