"""What PostgreSQL keeps beside the photos so that it is fast, against counting them."""

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from barkive.catalogue import (
    Catalogue,
    Filter,
)
from barkive.catalogue.annotations.review_queue import _Waiting, least_certain_first
from barkive.catalogue.db import bulk, database, schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.query import summary_tables, zone_maps
from barkive.verdicts import Status

pytestmark = pytest.mark.parametrize("where", ["postgresql"], indirect=True)

PUG, BEAGLE, MALTESE = "n02110958", "n02088364", "n02085936"
PROBABILITIES = (0.0, 0.1, 0.3, 0.49999, 0.5, 0.9, 0.99, 0.9901, 0.995, 0.9999, 1.0, None)
FILTERS = (
    Filter(),
    Filter(status=(Status.UNCERTAIN,)),
    Filter(status=(Status.DOG, Status.FAILED), corrected=True),
    Filter(corrected=False),
    Filter(breed="pug"),
    Filter(group=9, corrected=False),
    Filter(breed="beagle", min_probability=0.5),
    *(Filter(min_probability=bound) for bound in (0, 0.3, 0.495, 0.9, 0.99, 0.9903, 0.9999, 1)),
    Filter(after=date(2026, 3, 1)),
    Filter(after=date(2026, 2, 14), before=date(2026, 4, 2)),
    Filter(after=date(2026, 2, 14), before=date(2026, 2, 20)),
    Filter(before=date(2026, 3, 1), breed="pug", status=(Status.DOG,)),
    Filter(after=date(9999, 12, 2)),
    Filter(after=date(2026, 2, 14), min_probability=0.5),
    Filter(after=date(2026, 2, 14), before=date(2026, 4, 2), min_probability=0.495),
    Filter(before=date(2026, 4, 2), min_probability=0.9999, status=(Status.DOG,), corrected=False),
    Filter(after=date(2026, 2, 1), min_probability=0),
    Filter(after=date(2026, 2, 14), before=date(2026, 2, 20), min_probability=0.3),
    Filter(after=date(2026, 2, 14), min_probability=0.5, breed="pug"),
    Filter(folder="/photos/a"),
    Filter(folder="/photos", status=(Status.DOG,)),
    Filter(folder="/photos/a", breed="pug"),
    Filter(folder="/photos/b", min_probability=0.3, corrected=False),
    Filter(missing=True),
    Filter(missing=None),
    *(Filter(text=one) for one in ("pug", "p", "photo", "photos", "Retriever", "e", "9", "z", "ß")),
    Filter(text="extraordinarily" * 2),
    Filter(text="pug", status=(Status.DOG,), corrected=False),
    Filter(text="pug", missing=None),
    Filter(text="pug", breed="pug"),
    Filter(text="pug photo"),
    Filter(text="p 9 retriever"),
    Filter(text="p 9 retriever", missing=None),
)
WORDS = (
    *("photos", "photo", "pug", "pugs", "p", "retriever", "retrievers", "9", "93", "straße", "été"),
    "extraordinarily" * 2,
)


def made_up(random: Random, path: str) -> dict[str, Any]:
    status = random.choice(list(Status))
    named = status in (Status.DOG, Status.UNCERTAIN)
    number = random.randrange(10**11, 10**12)
    return {
        "number": number,
        "picture": number,
        "path": path,
        "status": status.value,
        "breed": random.choice((PUG, BEAGLE, MALTESE)) if named else None,
        "breed2": random.choice((PUG, None, None)) if named else None,
        "probability": random.choice(PROBABILITIES) if named else None,
        "margin": random.random(),
        "corrected": random.random() < 0.3,
        "words": " ".join(random.sample(WORDS, random.randrange(1, len(WORDS)))),
        "taken_at": random.choice((None, datetime(2026, 1, 1) + timedelta(random.random() * 120))),
        "missing_since": random.choice((None, None, None, datetime(2026, 1, 1))),
        "added_at": datetime(2026, 1, 1),
    }


PATHS = [
    f"/photos/{place}/{i:03}.jpg" for i in range(40) for place in ("a", "a b", "a/deep", "b/c")
]


@pytest.fixture
def changed(catalogue: Catalogue) -> Catalogue:
    """A catalogue whose photos came, changed and went in many ways, many and few at once."""
    random = Random(5)
    table = schema.photo
    free = list(PATHS)
    random.shuffle(free)
    for _ in range(12):
        with catalogue._database.write() as connection:
            bulk.insert(connection, table, [made_up(random, free.pop()) for _ in range(12)])
            ids = list(connection.execute(select(table.c.id)).scalars())
            some = [
                {**made_up(random, f"/photos/z/{number}.jpg"), "id": number}
                for number in random.sample(ids, 5)
            ]
            bulk.update(connection, table, some)
            one = table.c.id == random.choice(ids)
            connection.execute(update(table).where(one).values(missing_since=None, status="dog"))
            connection.execute(delete(table).where(table.c.id.in_(random.sample(ids, 3))))
    return catalogue


def counted(catalogue: Catalogue, by: str | None, wanted: Filter) -> Counter[str]:
    """By looking at each photo."""
    found: Counter[str] = Counter()
    with catalogue._database.read() as connection:
        for case in wanted.cases(catalogue._store):
            for row in connection.execute(select(schema.photo).where(case)):
                found[str(getattr(row, by)) if by else ""] += 1
    del found["None"]
    return found


@pytest.mark.parametrize("filled_anew", [False, True])
def test_sums_are_what_counting_gives(changed: Catalogue, filled_anew: bool) -> None:
    if filled_anew:
        with changed._database.write() as connection:
            connection.execute(text("SELECT photo_tally_fill(), photo_finer_tally_fill()"))
    for wanted in FILTERS:
        assert changed.count(wanted) == counted(changed, None, wanted).total(), wanted
        assert changed.counts("status", wanted) == counted(changed, "status", wanted), wanted
        assert changed.counts("breed", wanted) == counted(changed, "breed", wanted), wanted
    assert changed.count() == 108 - counted(changed, None, Filter(missing=True)).total()


def test_sums_are_not_found_by_counting(changed: Catalogue) -> None:
    """The tallies are asked: where they are wrong, so is the answer."""
    with changed._database.write() as connection:
        for name in ("tally", "tally_by_month", "tally_by_folder", "tally_by_word"):
            connection.execute(text(f"UPDATE {name} SET photos = 1000000"))
    for wanted in (Filter(), Filter(min_probability=0.9), Filter(folder="/photos/a")):
        assert changed.count(wanted) >= 1_000_000
    assert changed.counts("breed", Filter(after=date(2026, 2, 14)))[PUG] >= 1_000_000
    assert changed.count(Filter(text="pug")) >= 1_000_000
    assert changed.count(Filter(text="pug", breed="pug")) < 1_000_000
    # Of a few days in one month only the photos tell.
    assert changed.count(Filter(after=date(2026, 2, 14), before=date(2026, 2, 20))) < 100


def test_folders_come_from_their_tally(changed: Catalogue) -> None:
    paths = [entry.file for entry in changed.search(Filter(status=(Status.DOG,)))]
    there = Counter(path.removeprefix("/photos/").split("/")[0] for path in paths)
    found = changed.folders("/photos", Filter(status=(Status.DOG,)))
    assert {one.name: one.photos for one in found} == there
    assert [one.name for one in found] == sorted(there, key=lambda name: f"{name}/")


@pytest.mark.parametrize("few", [50_000, 3])
def test_pages_are_the_same_in_zones(
    changed: Catalogue, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zone_maps, "_FEW", few)
    monkeypatch.setattr(zone_maps, "_FIRST_ZONES", 1)
    # Some far behind, so that there are several zones, one of them with nothing in between.
    random = Random(6)
    with changed._database.write() as connection:
        far = [
            {**made_up(random, f"/photos/y/{i}.jpg"), "id": 8192 * random.choice((1, 4)) + i}
            for i in range(200)
        ]
        bulk.insert(connection, schema.photo, far)
        c = schema.photo.c
        arrived = {row.number: row.id for row in connection.execute(select(c.number, c.id))}
    for wanted in (Filter(folder="/photos/y"), Filter(folder="/photos/y", breed="pug"), *FILTERS):
        assert changed.count(wanted) == counted(changed, None, wanted).total(), wanted
        assert changed.counts("breed", wanted) == counted(changed, "breed", wanted), wanted
        everything = [one.id for one in changed.search(wanted)]
        assert everything == sorted(everything, key=arrived.__getitem__)
        assert len(everything) == counted(changed, None, wanted).total()
        assert [one.id for one in changed.search(wanted, limit=7)] == everything[:7], wanted
        assert [one.id for one in changed.page(wanted, offset=4, limit=5)] == everything[4:9]


def test_a_catalogue_of_the_schema_before_is_migrated(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(7)
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0003")
        one = Database(where)
        with one.write() as connection:
            rows = [made_up(random, path) for path in PATHS]
            for row in rows:
                del row["number"], row["picture"]
            bulk.insert(connection, schema.photo, rows)
        one.close()
    with Catalogue(where) as catalogue:
        for wanted in FILTERS:
            assert catalogue.count(wanted) == counted(catalogue, None, wanted).total(), wanted
            found = [one.id for one in catalogue.search(wanted, limit=3)]
            assert len(found) == min(catalogue.count(wanted), 3)
        with catalogue._database.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM zone")).scalar() == 1


@pytest.mark.parametrize(
    ("status", "index"),
    [
        ((), "photo_to_review on"),
        ((Status.NOT_DOG,), "photo_to_review_no_dog on"),
        ((Status.DOG,), "photo_to_review_dog on"),
    ],
)
def test_the_queue_is_found_by_its_index(
    changed: Catalogue, status: tuple[Status, ...], index: str
) -> None:
    """Word for word what the index has, or all photos would be sorted."""
    asked: list[str] = []
    with changed._database.write() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        _, behind_ranked, _ = _Waiting.of(changed._store, Filter(status=status)).parts
        queue = select(schema.photo.c.id).where(behind_ranked.where)
        queue = queue.order_by(*least_certain_first())
        literal = queue.compile(connection, compile_kwargs={"literal_binds": True})
        asked += connection.execute(text(f"EXPLAIN {literal}")).scalars()
    assert any(index in line for line in asked)
    assert not any("Sort" in line for line in asked)


def test_a_folder_is_counted_by_its_whole_zones(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(8)
    places = [(zone, "a" if zone < 5 else "b") for zone in range(8)] + [(7, "a"), (8, "b")]
    rows = [
        {**made_up(random, f"/photos/{folder}/{zone}.{i}.jpg"), "id": 8192 * zone + 100 * n + i}
        for n, (zone, folder) in enumerate(places)
        for i in range(9)
    ]
    for row in rows:
        row["missing_since"] = None
    with catalogue._database.write() as connection:
        bulk.insert(connection, schema.photo, rows)
    filters = [
        Filter(folder="/photos/a", **more)
        for more in (
            {"breed": "pug"},
            {"group": 9, "corrected": False},
            {"min_probability": 0.5},
            {"min_probability": 0.9, "status": (Status.DOG,)},
            {"min_probability": 0.9, "breed": "pug"},
            {"min_probability": 0.123},
        )
    ]
    for wanted in filters:
        assert catalogue.count(wanted) == counted(catalogue, None, wanted).total(), wanted
        assert catalogue.counts("status", wanted) == counted(catalogue, "status", wanted), wanted
    wanted = Filter(folder="/photos/a")
    assert catalogue.counts("breed", wanted) == counted(catalogue, "breed", wanted)
    with catalogue._database.write() as connection:
        for name in ("tally_by_zone", "tally_by_zone_and_step"):
            connection.execute(text(f"UPDATE {name} SET photos = 1000 WHERE zone = 3"))
            connection.execute(text(f"UPDATE {name} SET photos = 1000000 WHERE zone >= 6"))
    for wanted in filters[:3]:
        assert 1000 <= catalogue.count(wanted) < 1_000_000
    monkeypatch.setattr(summary_tables, "_EDGE", 100)
    assert catalogue.count(filters[0]) < 1000


def test_what_is_at_the_top_is_in_no_folder(changed: Catalogue, tmp_path: Path) -> None:
    with changed._database.write() as connection:
        bulk.insert(connection, schema.photo, [made_up(Random(1), "/top.jpg")])
        connection.execute(text("UPDATE photo SET missing_since = NULL WHERE path = '/top.jpg'"))
    assert changed.count(Filter(folder="/")) == changed.count()
    assert changed.count(Filter(folder=str(tmp_path))) == 0
