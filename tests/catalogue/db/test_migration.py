"""Catalogues of version 0.1 keep the numbers that they gave out, and every word."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from barkive.catalogue import Catalogue, Filter, Kind, Label
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
