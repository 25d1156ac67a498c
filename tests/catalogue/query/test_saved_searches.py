"""Searches that have names."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue, copy, rebuild
from barkive.catalogue.query import saved_searches
from barkive.errors import UsageError


def test_a_search_gets_a_name_and_loses_it(catalogue: Catalogue) -> None:
    searches = catalogue.searches
    searches.save("  Puppies of  May ", "text=puppy&after=2026-05-01", "Ada")
    searches.save("all pugs", "breed=pug")
    pugs, puppies = searches.all()
    assert (pugs.name, pugs.query, pugs.by) == ("all pugs", "breed=pug", None)
    assert (puppies.name, puppies.by) == ("Puppies of May", "Ada")
    searches.remove(pugs.id)
    searches.remove(pugs.id)
    assert [one.name for one in searches.all()] == ["Puppies of May"]


def test_a_name_that_can_not_be_is_told(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_searches, "_MOST", 1)
    catalogue.searches.save("pugs", "breed=pug")
    for name, code in (
        (" ", "search_name_length"),
        ("x" * 101, "search_name_length"),
        ("boxers", "search_too_many"),
    ):
        with pytest.raises(UsageError) as told:
            catalogue.searches.save(name, "breed=boxer")
        assert told.value.code == code
    monkeypatch.undo()
    with pytest.raises(UsageError, match="There is a search called “pugs” already"):
        catalogue.searches.save("pugs", "breed=boxer")


def test_saved_searches_come_along(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.searches.save("pugs", "breed=pug", "Ada")
        (saved,) = catalogue.searches.all()
    copy(file, tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'correction'"
        page = raw.execute(root).fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xaa" * size
    file.write_bytes(content)
    rebuild(file)
    for one in (file, tmp_path / "copy.sqlite"):
        with Catalogue(one) as catalogue:
            assert catalogue.searches.all() == [saved]
