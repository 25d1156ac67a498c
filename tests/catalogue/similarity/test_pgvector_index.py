"""Likeness by pgvector in a real PostgreSQL, with the sizes at which it begins made small."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, text

from barkive import breeds
from barkive.catalogue import (
    Catalogue,
    Filter,
    Kind,
    Label,
)
from barkive.catalogue.db import schema
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.predictions.packing import pack_embedding, unpack_embeddings
from barkive.catalogue.scan import recording
from barkive.catalogue.similarity import (
    pgvector_building,
    pgvector_index,
    similar,
)
from barkive.catalogue.similarity.exact_index import unit
from barkive.classifier import Classifier, Judged
from barkive.verdicts import Scores, Status

pytestmark = [
    pytest.mark.parametrize("where", ["postgresql"], indirect=True),
    pytest.mark.usefixtures("small"),
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pgvector_building, "_SMALLEST", 50)
    monkeypatch.setattr(pgvector_building, "_PER_CELL", 40)
    monkeypatch.setattr(pgvector_index, "_LOOKED_AT", 160)
    monkeypatch.setattr(pgvector_building, "READ_AT_ONCE", 64)
    monkeypatch.setattr(similar, "_FEW", 100)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")


BREEDS = ("pug", "beagle", "Maltese")


class Kennel:
    """A catalogue whose photos are vectors around a few points, written as a scan does it."""

    def __init__(self, catalogue: Catalogue, channels: int = 160, model: str = "1") -> None:
        self.catalogue, self.database = catalogue, catalogue._database
        self.rng = np.random.default_rng(len(model))
        self.centres = self.rng.gamma(0.5, size=(12, channels))
        self.vectors: dict[str, np.ndarray] = {}
        with self.database.write() as connection:
            labels = [{"id": breeds.find(name).id, "en": name, "fr": name} for name in BREEDS]
            row = {"digest": model, "name": model, "labels": json.dumps(labels)}
            number = connection.execute(
                insert(schema.model).values(row).returning(schema.model.c.id)
            ).scalar_one()
            self.model: Model = catalogue.models.get(connection, number)

    def add(self, count: int, status: Status = Status.DOG, breed: str = "pug") -> None:
        batch = []
        for _ in range(count):
            path = f"/photos/{self.model.id}/{len(self.vectors):05}.jpg"
            centre = self.centres[self.rng.integers(len(self.centres))]
            vector = centre + 0.3 * self.rng.gamma(0.5, size=len(centre))
            self.vectors[path] = unit(unpack_embeddings([pack_embedding(vector)]))[0]
            sure = np.array([[float(one == breed) for one in BREEDS]], np.float32)
            scores = Scores(sure, np.ones(1, np.float32), vector[np.newaxis].astype(np.float32))
            reading = Reading(path, 1, 1, sha256=self.rng.bytes(32), phash=self.rng.bytes(32))
            batch.append(Judged(reading, status, None, scores))
        with self.database.write() as connection:
            recording.record(connection, self.catalogue.models, self.model, batch)

    def add_unfollowed(self, count: int) -> None:
        """As a program does that knows of no projection."""
        with pytest.MonkeyPatch.context() as other:
            other.setattr(pgvector_index, "follow", lambda *_: None)
            self.add(count)

    def index(self) -> None:
        self.catalogue._similar.index(self.model.id)

    def expected(self, path: str, limit: int) -> list[str]:
        others = [other for other in self.vectors if other != path]
        cosines = np.array([self.vectors[other] @ self.vectors[path] for other in others])
        return [others[i] for i in np.argsort(-cosines, kind="stable")[:limit]]

    def found(self, path: str, limit: int, wanted: Filter | None = None) -> list[str]:
        like = self.catalogue.like(path, wanted or Filter(), limit=limit)
        return [one.entry.file for one in like]

    def projections(self) -> list[tuple[str, int, int]]:
        with self.database.read() as connection:
            rows = connection.execute(
                text("SELECT state, size, lists FROM projection ORDER BY model_id, id")
            )
            return [tuple(row) for row in rows]

    def files(self) -> list[str]:
        with self.database.read() as connection:
            rows = connection.execute(
                text("SELECT relname FROM pg_class WHERE relname ~ '^likeness_[0-9]+$' ORDER BY 1")
            )
            return list(rows.scalars())


@pytest.fixture
def kennel(catalogue: Catalogue) -> Kennel:
    return Kennel(catalogue)


def test_the_likest_are_found_by_the_index(kennel: Kennel) -> None:
    kennel.add(600)
    kennel.index()
    assert kennel.projections() == [("ready", 600, 15)]
    right = 0
    for path in list(kennel.vectors)[:40]:
        right += len({*kennel.found(path, 20)} & {*kennel.expected(path, 20)})
    assert right / (40 * 20) >= 0.95
    path = next(iter(kennel.vectors))
    (best, *_) = kennel.catalogue.like(path, limit=1)
    assert best.similarity == pytest.approx(
        kennel.vectors[best.entry.file] @ kennel.vectors[path], abs=1e-5
    )
    assert len(kennel.found(path, 1000)) == 599


def test_all_candidates_together_are_everything(
    kennel: Kennel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first are too few, it goes on until all were seen."""
    monkeypatch.setattr(similar, "_COMPARED", 10)
    kennel.add(400)
    kennel.index()
    path = next(iter(kennel.vectors))
    missing = kennel.expected(path, 350)
    with kennel.database.write() as connection:
        recording.mark_missing(
            connection, {kennel.catalogue.photo(one).id: str(one) for one in missing}
        )
    left = kennel.expected(path, 399)[350:]
    assert kennel.found(path, 5) == left[:5]
    assert sorted(kennel.found(path, 60)) == sorted(left)


def test_what_is_recorded_is_found_at_once(kennel: Kennel) -> None:
    kennel.add(300)
    kennel.index()
    for _ in range(3):
        kennel.add(5)
        path = list(kennel.vectors)[-1]
        assert kennel.found(path, 3) == kennel.expected(path, 3)
    with kennel.database.read() as connection:
        projection = pgvector_index.ready(connection, kennel.model.id)
        assert projection is not None
        assert projection.covers == 315
        rows = connection.execute(text(f"SELECT count(*) FROM {projection.table}")).scalar()
        assert rows == 315


def test_what_is_taken_out_leaves_the_index(kennel: Kennel) -> None:
    kennel.add(600)
    kennel.index()
    gone = list(kennel.vectors)[:250]
    assert kennel.catalogue.forget(gone).photos == 250
    (name,) = kennel.files()
    with kennel.database.read() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() == 350
    path = list(kennel.vectors)[-1]
    assert not {*kennel.found(path, 20)} & {*gone}


def test_filters_are_kept_to(kennel: Kennel) -> None:
    kennel.add(300)
    kennel.add(30, Status.UNCERTAIN)
    kennel.add(300, Status.NOT_DOG)
    kennel.index()
    paths = list(kennel.vectors)
    kinds = {Status.UNCERTAIN: paths[300:330], Status.NOT_DOG: paths[330:]}
    for status, meant in kinds.items():
        best = [path for path in kennel.expected(paths[0], 630) if path in meant][:10]
        found = kennel.found(paths[0], 10, Filter(status=(status,)))
        assert {*found} <= {*meant}
        assert len({*found} & {*best}) >= 9


def found_within(kennel: Kennel, breed: str, meant: Sequence[str], path: str) -> float:
    """The share of the likest ten that is found within a breed, and nothing else is."""
    found = kennel.found(path, 10, Filter(breed=breed))
    best = [one for one in kennel.expected(path, len(kennel.vectors)) if one in meant][:10]
    assert {*found} <= {*meant}
    return len({*found} & {*best}) / 10


def test_the_likest_within_a_breed_are_found_by_its_lists(
    kennel: Kennel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "_COMPARED", 40)
    kennel.add(400)
    kennel.add(300, breed="beagle")
    kennel.index()
    kennel.add(20, breed="beagle")
    paths = list(kennel.vectors)
    # Nothing but the lists is asked.
    monkeypatch.setattr(pgvector_index, "closest", None)
    for breed, meant in (("beagle", paths[400:]), ("pug", paths[:400])):
        assert np.mean([found_within(kennel, breed, meant, path) for path in paths[::70]]) >= 0.95


def test_breeds_follow_what_people_say(kennel: Kennel, monkeypatch: pytest.MonkeyPatch) -> None:
    kennel.add(150)
    kennel.add(150, breed="beagle")
    kennel.index()
    paths = list(kennel.vectors)
    seen, *others = paths[0], *kennel.expected(paths[0], 299)
    near = [path for path in others if path in paths[150:]][:3]
    label = kennel.catalogue.label
    label(near[0], Label(Kind.BREED, ("pug",)))
    label(near[1], Label(Kind.CROSS, ("Maltese", "pug")))
    label(near[2], Label(Kind.BREED, ("pug",)))
    label(near[2], Label(Kind.UNDO))
    found = kennel.found(seen, 149, Filter(breed="pug"))
    assert near[0] in found
    assert near[1] in found
    assert near[2] not in found
    assert near[0] not in kennel.found(seen, 149, Filter(breed="beagle"))
    # What is said while a projection is made holds in it as well.
    monkeypatch.setattr(pgvector_building, "_GROWTH", 1)

    def fill(*arguments: object) -> object:
        projection = filled(*arguments)  # type: ignore[arg-type]
        label(near[2], Label(Kind.BREED, ("pug",)))
        return projection

    filled = pgvector_building._fill_most
    monkeypatch.setattr(pgvector_building, "_fill_most", fill)
    kennel.index()
    assert kennel.files()[-1] == "likeness_2"
    assert near[2] in kennel.found(seen, 149, Filter(breed="pug"))


def test_a_filter_that_nothing_fits_finds_nothing(kennel: Kennel) -> None:
    kennel.add(60)
    path = next(iter(kennel.vectors))
    for _ in range(2):
        assert kennel.found(path, 5, Filter(status=(Status.FAILED,))) == []
        assert kennel.found(path, 5, Filter(missing=True)) == []
        kennel.index()


def test_a_filter_that_leaves_none_of_the_likest_ranks_all_that_are_meant(
    kennel: Kennel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "_COMPARED", 1)
    kennel.add(700)
    kennel.index()
    path = next(iter(kennel.vectors))
    far = kennel.expected(path, 699)[-150:]
    with kennel.database.write() as connection:
        connection.execute(text("UPDATE photo SET taken_at = '2026-05-04'"), {})
        connection.execute(
            text("UPDATE photo SET taken_at = '2020-05-04' WHERE path = ANY(:far)"), {"far": far}
        )
    from datetime import date

    found = kennel.found(path, 10, Filter(before=date(2021, 1, 1)))
    assert len({*found} & {*far[:10]}) >= 9


def test_it_is_made_anew_as_the_catalogue_grows(kennel: Kennel) -> None:
    kennel.index()
    assert kennel.projections() == []
    kennel.add(60)
    kennel.index()
    kennel.add(120)
    kennel.index()
    assert kennel.projections() == [("ready", 60, 10)]
    kennel.add(200)
    kennel.index()
    assert kennel.projections() == [("old", 60, 10), ("ready", 380, 10)]
    assert kennel.files() == ["likeness_1", "likeness_2"]
    kennel.index()
    assert kennel.projections() == [("ready", 380, 10)]
    assert kennel.files() == ["likeness_2"]
    path = list(kennel.vectors)[-1]
    assert kennel.found(path, 3) == kennel.expected(path, 3)


def test_two_models_have_a_projection_each(kennel: Kennel) -> None:
    other = Kennel(kennel.catalogue, channels=40, model="22")
    kennel.add(100)
    other.add(100)
    kennel.index()
    other.index()
    kennel.add(2)
    other.add(2)
    kennel.add(2)
    assert [state for state, *_ in kennel.projections()] == ["ready", "ready"]
    for one in (kennel, other):
        path = list(one.vectors)[-1]
        assert one.found(path, 4) == one.expected(path, 4)
        with one.database.read() as connection:
            projection = pgvector_index.ready(connection, one.model.id)
            assert projection is not None
            assert projection.covers == 206 - 2 + 2


def test_answers_that_came_another_way_are_found(
    kennel: Kennel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kennel.add(100)
    kennel.index()
    kennel.add_unfollowed(30)
    path = list(kennel.vectors)[-1]
    assert kennel.found(path, 3) == kennel.expected(path, 3)
    monkeypatch.setattr(similar, "_UNINDEXED", 20)
    assert kennel.found(path, 3) == kennel.expected(path, 3)
    with kennel.database.read() as connection:
        projection = pgvector_index.ready(connection, kennel.model.id)
        assert projection is not None
        assert projection.covers == 130
    kennel.add(1)
    assert kennel.found(path, 3) == kennel.expected(path, 3)


def test_answers_are_found_where_it_may_not_be_brought_up_to_date(
    kennel: Kennel, forbidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kennel.add(100)
    kennel.index()
    kennel.add_unfollowed(30)
    with kennel.database.write() as connection:
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain"))
    monkeypatch.setattr(similar, "_UNINDEXED", 20)
    path = list(kennel.vectors)[-1]
    with Catalogue(forbidden) as catalogue:
        found = [one.entry.file for one in catalogue.like(path, limit=3)]
    assert found == kennel.expected(path, 3)


def test_one_that_another_took_the_place_of_is_left_alone(kennel: Kennel) -> None:
    kennel.add(60)
    kennel.index()
    with kennel.database.read() as connection:
        projection = pgvector_index.ready(connection, kennel.model.id)
    assert projection is not None
    kennel.add(300)
    kennel.index()
    assert not pgvector_building.catch_up(kennel.database, projection, 360)
    assert kennel.projections() == [("old", 60, 10), ("ready", 360, 10)]


def test_one_that_was_left_unfinished_is_made_anew(
    kennel: Kennel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kennel.add(100)
    with monkeypatch.context() as broken:
        broken.setattr(
            pgvector_building, "_set", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            kennel.index()
    assert kennel.projections() == [("filling", 100, 10)]
    path = next(iter(kennel.vectors))
    assert kennel.found(path, 3) == kennel.expected(path, 3)
    kennel.index()
    assert kennel.projections() == [("ready", 100, 10)]
    assert kennel.files() == ["likeness_2"]


def test_writers_write_while_it_is_made(kennel: Kennel, monkeypatch: pytest.MonkeyPatch) -> None:
    kennel.add(300)
    filled = pgvector_building._fill_most
    turns: list[int] = []

    def fill(*arguments: object) -> object:
        # In the middle, with no lock held: else this would wait for ever.
        writer = threading.Thread(target=kennel.add, args=(40,))
        writer.start()
        writer.join(20)
        turns.append(not writer.is_alive())
        return filled(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pgvector_building, "_fill_most", fill)
    kennel.index()
    assert turns == [True, True]
    path = list(kennel.vectors)[-1]
    assert kennel.found(path, 3) == kennel.expected(path, 3)
    assert len(kennel.found(path, 1000)) == 379


def test_two_programs_make_one(kennel: Kennel) -> None:
    kennel.add(100)
    with kennel.database.read() as other:
        key = text("SELECT pg_advisory_xact_lock(:a, :b)")
        other.execute(key, {"a": pgvector_building._BUILDING, "b": kennel.model.id})
        kennel.index()
        assert kennel.projections() == []
    kennel.index()
    assert kennel.projections() == [("ready", 100, 10)]


@pytest.fixture
def forbidden(where: str) -> Iterator[str]:
    """The URL for somebody who may do everything but switch extensions on."""
    import psycopg

    with psycopg.connect(where, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS plain")
        owner.execute("CREATE ROLE plain LOGIN")
        owner.execute("GRANT ALL ON SCHEMA public TO plain")
    yield where.replace("//postgres:", "//plain:")
    with psycopg.connect(where, autocommit=True) as owner:
        owner.execute("DROP OWNED BY plain")
        owner.execute("DROP ROLE plain")


def test_without_pgvector_the_search_is_exact(forbidden: str, tmp_path: Path) -> None:
    with Catalogue(forbidden) as catalogue:
        kennel = Kennel(catalogue)
        kennel.add(120)
        kennel.index()
        assert not pgvector_building.has_pgvector(kennel.database)
        assert kennel.projections() == []
        kennel.add(3)
        for path in list(kennel.vectors)[::20]:
            assert kennel.found(path, 10) == kennel.expected(path, 10)


def test_a_scan_makes_it(
    catalogue: Catalogue,
    classifier: Classifier,
    colour_photo: Callable[..., Path],
) -> None:
    for i in range(55):
        folder = colour_photo(f"shades/{i:02}.png", (250 - 4 * i, 4 * i, 5)).parent
    catalogue.scan(folder, classifier=classifier)
    with catalogue._database.read() as connection:
        (one,) = connection.execute(text("SELECT state, size, channels FROM projection")).all()
    assert one[:2] == ("ready", 55)
    (best, _) = catalogue.like(folder / "10.png", limit=2)
    assert Path(best.entry.file).stem in ("09", "11")
