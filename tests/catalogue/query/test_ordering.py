"""In which order photos are listed: the same in pages, numbers and neighbours."""

from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import update

from barkive.catalogue import Catalogue, Filter, Kind, Label, PhotoOrder, Sort
from barkive.catalogue.db import schema
from barkive.catalogue.query import ordering
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.verdicts import Status

ALL = Filter()
NOON = datetime(2025, 5, 1, 12)


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> Catalogue:
    """With broken, mila, mix, night and rex; two of one moment, two without a date."""
    catalogue.scan(kennel, classifier=classifier)
    photo = schema.photo
    taken = {"mila": NOON, "rex": NOON, "mix": NOON - timedelta(days=900)}
    with catalogue._store.write() as connection:
        for i, entry in enumerate(catalogue.search()):
            values = {"taken_at": taken.get(Path(entry.file).stem)}
            values["added_at"] = NOON + timedelta(days=i)
            connection.execute(update(photo).where(photo.c.number == entry.id).values(values))
    return catalogue


def listed(catalogue: Catalogue, order: str, query: Filter = ALL) -> list[str]:
    """The names in this order, which pages, numbers and neighbours agree on."""
    meant = PhotoOrder.of(order)
    found = catalogue.page(query, order=meant)
    ids = [one.id for one in found]
    for size in (1, 2):
        parts = [
            [one.id for one in catalogue.page(query, offset=i, limit=size, order=meant)]
            for i in range(0, len(ids), size)
        ]
        assert list(chain(*parts)) == ids
    assert catalogue.numbers(query, order=meant) == ids
    assert [one.id for one in catalogue.search(query, order=meant)] == ids
    assert [one.id for one in catalogue.search(query, limit=2, order=meant)] == ids[:2]
    assert catalogue.numbers(query, offset=1, limit=2, order=meant) == ids[1:3]
    around = [None, *ids, None]
    for i, number in enumerate(ids):
        assert catalogue.neighbours(number, query, meant) == (around[i], around[i + 2])
    return [Path(one.file).stem for one in found]


@pytest.mark.parametrize("few", [ordering._FEW, 1])
def test_photos_are_listed_in_every_order(
    scanned: Catalogue, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "_FEW", few)
    catalogued = [Path(one.file).stem for one in scanned.search()]
    undated = [one for one in catalogued if one in ("broken", "night")]
    same = [one for one in catalogued if one in ("mila", "rex")]
    assert listed(scanned, "added") == catalogued
    assert listed(scanned, "-added") == catalogued[::-1]
    assert listed(scanned, "taken") == ["mix", *same, *undated]
    assert listed(scanned, "-taken") == [*same[::-1], "mix", *undated[::-1]]
    files = sorted(one.file for one in scanned.search())
    assert listed(scanned, "name") == [Path(one).stem for one in files]
    assert listed(scanned, "-name") == [Path(one).stem for one in files][::-1]
    probable = listed(scanned, "certainty")
    assert probable.index("mix") < probable.index("rex") < probable.index("broken")
    dogs = Filter(status=(Status.DOG, Status.UNCERTAIN))
    assert listed(scanned, "-taken", dogs) == [*same[::-1], "mix"]


def test_crosses_are_listed_once_in_order(scanned: Catalogue) -> None:
    mix = next(one for one in scanned.search() if one.file.endswith("mix.png"))
    scanned.label(mix.id, Label(Kind.CROSS, ("Chihuahua", "Pug")))
    assert listed(scanned, "-name", Filter(breed="pug")) == [
        Path(one).stem
        for one in sorted((one.file for one in scanned.search(Filter(breed="pug"))), reverse=True)
    ]


def test_the_day_on_which_photos_were_added_is_asked_for(scanned: Catalogue) -> None:
    names = [Path(one.file).stem for one in scanned.search()]
    for query, found in (
        (Filter(added_after=date(2025, 5, 3)), names[2:]),
        (Filter(added_before=date(2025, 5, 3)), names[:2]),
        (Filter(added_after=date(2025, 5, 2), added_before=date(2025, 5, 3)), names[1:2]),
    ):
        assert [Path(one.file).stem for one in scanned.search(query)] == found
        assert scanned.count(query) == len(found)
        assert scanned.counts("status", query).total() == len(found)


def test_an_order_is_written_as_in_addresses() -> None:
    assert PhotoOrder.of("-taken") == PhotoOrder(Sort.TAKEN, descending=True)
    assert [str(PhotoOrder.of(one)) for one in ("name", "-name")] == ["name", "-name"]
    with pytest.raises(UsageError, match="no order “size”; it is one of added, taken"):
        PhotoOrder.of("size")
