"""Searches that have names."""

import pytest

from barkive.catalogue import Catalogue
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
