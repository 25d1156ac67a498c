"""A catalogue is copied from and to real databases, and asked the same on both sides."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update

from barkive.bundle import BundleInfo
from barkive.catalogue import (
    AnimalFields,
    AnimalFilter,
    Catalogue,
    Export,
    Filter,
    Kind,
    Label,
    Order,
    Step,
)
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.similarity.similar import Similar
from barkive.catalogue.transfer import copying
from barkive.catalogue.transfer.copying import Copied, copy
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, UsageError
from barkive.progress import OnProgress
from barkive.verdicts import Status

pytestmark = pytest.mark.slow

DIRECTIONS = [
    ("sqlite", "postgresql"),
    ("postgresql", "sqlite"),
    ("sqlite", "sqlite"),
    ("postgresql", "postgresql"),
]
FILTERS = [
    Filter(),
    Filter(missing=True),
    Filter(breed="pug"),
    Filter(status=(Status.UNCERTAIN, Status.FAILED)),
    Filter(min_probability=0.9),
    Filter(corrected=True),
    Filter(text="annex pug"),
]
Place = Callable[[str], str]


@pytest.fixture
def other_classifier(
    write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path
) -> Classifier:
    """Another model, which is never sure."""
    metadata = colour_info.to_metadata().replace('"answer_threshold": 0.6', '"answer_threshold": 1')
    return Classifier(write_bundle(tmp_path / "other.onnx", metadata))


@pytest.fixture
def lived(kennel: Path, classifier: Classifier, other_classifier: Classifier) -> Callable[..., str]:
    """Fills a catalogue with all that happens in its life."""

    def live(where: str, *, note: str = "si doux 🐕‍🦺") -> str:
        content = (kennel / "rex.png").read_bytes()
        os.makedirs(os.fsencode(kennel) + b"/chenil \xe9\xff", exist_ok=True)  # noqa: PTH103
        (kennel / os.fsdecode(b"chenil \xe9\xff/\xf0 rex.png")).write_bytes(content)
        (kennel / "gone.png").write_bytes((kennel / "mix.png").read_bytes())
        with Catalogue(where) as catalogue:
            catalogue.scan(kennel, classifier=classifier)
            (kennel / "gone.png").unlink()
            catalogue.scan(kennel, classifier=classifier)
            catalogue.scan(kennel / "annex", classifier=other_classifier)
            catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",), note=note, by="Ada"))
            catalogue.label(kennel / "rex.png", Label(Kind.UNDO, by="Ada"))
            catalogue.label(kennel / "mix.png", Label(Kind.CROSS, ("pug", "beagle"), note=note))
            catalogue.label(
                kennel / "night.png", Label(Kind.BREED, ("Épagneul de l'Île",), other=True)
            )
        return where

    return live


def seen(where: str) -> dict[str, Any]:
    """What a catalogue says when it is asked."""
    with Catalogue(where, create=False) as catalogue:
        entries = list(catalogue.search(Filter(missing=None)))
        like = next(entry.id for entry in entries if entry.prediction is not None)
        return {
            "entries": entries,
            "histories": [catalogue.history(entry.id) for entry in entries],
            "found": [[entry.id for entry in catalogue.search(one)] for one in FILTERS],
            "counts": [catalogue.count(one) for one in FILTERS],
            "statuses": catalogue.counts("status"),
            "breeds": catalogue.counts("breed"),
            "folders": catalogue.folders(),
            # In which order is found anew.
            "to review": sorted(entry.id for entry in catalogue.review.look(count=1000)),
            "no dogs": [
                one.id
                for one in catalogue.review.look(Filter(status=(Status.NOT_DOG,)), count=1000)
            ],
            "review": sorted(entry.id for entry in catalogue.review.take("desk")),
            "like": [(one.entry.id, one.similarity) for one in catalogue.like(like)],
        }


def rows(done: Copied) -> dict[str, int]:
    return {str(table.name): table.rows for table in done.tables}


def written(done: Copied) -> dict[str, int]:
    return {str(table.name): table.written for table in done.tables if table.written}


def when(left: int, act: Callable[[], object]) -> Callable[[Step], Any]:
    """Has something happen in the first pass when no more than so many rows are left."""

    @contextmanager
    def shown(step: Step) -> Iterator[OnProgress]:
        todo = [act] if step is Step.COPYING else []

        def advance(done: int, total: int | None) -> None:
            if todo and total is not None and total - done <= left:
                todo.pop()()

        yield advance

    return shown


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_a_copy_says_what_the_catalogue_said_and_lives_on(
    new_place: Place,
    lived: Callable[..., str],
    kennel: Path,
    other_classifier: Classifier,
    classifier: Classifier,
    source: str,
    target: str,
) -> None:
    old, new = lived(new_place(source)), new_place(target)
    before = seen(old)
    done = copy(old, new)
    expected = {
        **{"models": 2, "answers": 5, "contents": 5, "corrections": 4, "breeds": 1},
        **{"photos": 7},
    }
    assert {name: n for name, n in rows(done).items() if n and name != "scans"} == expected
    assert written(done) == {name: n for name, n in rows(done).items() if n}
    assert done.settled
    assert len(before["entries"]) == 7
    assert seen(new) == before == seen(old)
    with Catalogue(new) as catalogue:
        assert catalogue.scan(kennel / "annex", classifier=other_classifier).unchanged == 1
        assert catalogue.scan(kennel / "mix.png", classifier=classifier).unchanged == 1
        (kennel / "new.png").write_bytes((kennel / "night.png").read_bytes() + b" ")
        assert catalogue.scan(kennel / "new.png", classifier=classifier).new == 1
        assert catalogue.photo(kennel / "new.png").id == 8
        catalogue.label(kennel / "rex.png", Label(Kind.UNSURE))
        kinds = [change.kind.value for change in catalogue.history(kennel / "rex.png")]
        assert kinds == ["breed", "undo", "unsure"]


@pytest.mark.parametrize(("source", "target"), DIRECTIONS[:2])
def test_a_second_copy_brings_over_what_changed(
    new_place: Place,
    lived: Callable[..., str],
    kennel: Path,
    other_classifier: Classifier,
    source: str,
    target: str,
) -> None:
    old, new = lived(new_place(source)), new_place(target)
    first = copy(old, new)
    assert written(copy(old, new)) == {}
    with Catalogue(old) as catalogue:
        catalogue.label(kennel / "mix.png", Label(Kind.UNDO))
        (kennel / "rex.png").rename(kennel / "max.png")
        (kennel / "new.png").write_bytes((kennel / "rex.png").name.encode())
        catalogue.scan(kennel, classifier=other_classifier)
    done = copy(old, new)
    assert written(done)["corrections"] == 1
    assert rows(done)["photos"] == rows(first)["photos"] + 1
    assert seen(new) == seen(old)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_the_digests_are_those_of_the_rows_alone(
    new_place: Place, lived: Callable[..., str], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    old = lived(new_place("sqlite"))
    first = copy(old, new_place("sqlite"))
    monkeypatch.setattr(copying, "_AT_ONCE", 2)
    assert copy(old, new_place(target)).tables == first.tables
    filled = [table for table in first.tables if table.rows]
    assert len({table.digest for table in filled}) == len(filled)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_paths_may_change_places(
    new_place: Place, lived: Callable[..., str], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    old, new = lived(new_place("sqlite")), new_place(target)
    copy(old, new)
    monkeypatch.setattr(copying, "_AT_ONCE", 2)
    c = schema.photo.c
    database = Database(old)
    with database.write() as connection:
        paths = list(connection.execute(select(c.path).order_by(c.id)).scalars())
        for suffix in (".moving", ""):
            for number, path in enumerate(reversed(paths), 1):
                row = update(schema.photo).where(c.id == number)
                connection.execute(row.values(path=path + suffix))
    database.close()
    assert copy(old, new).settled
    assert seen(new) == seen(old)
    assert seen(new)["entries"][0].file == paths[-1]


@pytest.mark.postgres
def test_nul_is_kept_where_it_can_be(new_place: Place, lived: Callable[..., str]) -> None:
    old = lived(new_place("sqlite"), note="a\0b")
    file, server = new_place("sqlite"), new_place("postgresql")
    copy(old, file)
    assert [entry.note for entry in seen(file)["entries"] if entry.note] == ["a\0b"] * 2
    copy(old, server)
    assert [entry.note for entry in seen(server)["entries"] if entry.note] == ["a␀b"] * 2
    assert written(copy(old, server)) == {}
    assert written(copy(server, file)) == {}


def said(catalogue: Catalogue, kennel: Path, _: Classifier) -> None:
    catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("beagle",), note="by hand"))


def scanned(catalogue: Catalogue, kennel: Path, classifier: Classifier) -> None:
    (kennel / "theirs.png").write_bytes((kennel / "night.png").read_bytes() + b" ")
    catalogue.scan(kennel, classifier=classifier)


@pytest.mark.parametrize("use", [said, scanned])
@pytest.mark.parametrize(
    ("target", "both"), [("sqlite", False), ("sqlite", True), ("postgresql", True)]
)
def test_a_copy_that_was_used_is_left_as_it_is(
    new_place: Place,
    lived: Callable[..., str],
    kennel: Path,
    classifier: Classifier,
    target: str,
    use: Callable[[Catalogue, Path, Classifier], None],
    both: bool,
) -> None:
    old, new = lived(new_place("sqlite")), new_place(target)
    copy(old, new)
    with Catalogue(new) as catalogue:
        use(catalogue, kennel, classifier)
    if both:
        with Catalogue(old) as catalogue:
            catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("maltese",)))
            catalogue.label(kennel / "mix.png", Label(Kind.UNSURE))
            (kennel / "ours.png").write_bytes((kennel / "night.png").read_bytes() + b"  ")
            catalogue.scan(kennel / "ours.png", classifier=classifier)
    before = seen(new)
    with pytest.raises(CatalogueError, match=r"has \w+ that .* does not have.*left as it is"):
        copy(old, new)
    assert seen(new) == before


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
@pytest.mark.parametrize("left", [7, 5])  # all photos, and all but the first of them
def test_what_people_say_of_the_copy_meanwhile_stands(
    new_place: Place,
    lived: Callable[..., str],
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    left: int,
) -> None:
    monkeypatch.setattr(copying, "_AT_ONCE", 2)
    old, new = lived(new_place("sqlite")), new_place(target)
    copy(old, new)
    with Catalogue(old) as catalogue:  # so that the last photo has to be written
        catalogue.label(7, Label(Kind.UNSURE))

    def say() -> None:
        with Catalogue(new) as catalogue:
            catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("beagle",), note="by hand"))

    with pytest.raises(CatalogueError, match="has corrections that"):
        copy(old, new, stage=when(left, say))
    with Catalogue(new) as catalogue:
        assert catalogue.photo(kennel / "rex.png").note == "by hand"
        assert catalogue.history(kennel / "rex.png")[-1].note == "by hand"


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
def test_what_is_written_to_the_source_meanwhile_comes_along(
    new_place: Place, lived: Callable[..., str], kennel: Path, classifier: Classifier, source: str
) -> None:
    old, new = lived(new_place(source)), new_place("sqlite")
    (kennel / "new.png").write_bytes((kennel / "night.png").read_bytes() + b" ")

    def work() -> None:
        with Catalogue(old) as catalogue:
            catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("beagle",), note="meanwhile"))
            catalogue.scan(kennel / "new.png", classifier=classifier)

    done = copy(old, new, stage=when(7, work))
    assert done.settled
    assert (rows(done)["photos"], rows(done)["corrections"]) == (8, 5)
    assert seen(new) == seen(old)


def test_a_source_that_never_rests_is_told_of(
    new_place: Place, lived: Callable[..., str], kennel: Path
) -> None:
    old, new = lived(new_place("sqlite")), new_place("sqlite")

    @contextmanager
    def busy(_step: Step) -> Iterator[OnProgress]:
        yield lambda done, total: None
        with Catalogue(old) as catalogue:
            catalogue.label(kennel / "rex.png", Label(Kind.UNSURE))

    done = copy(old, new, stage=busy)
    assert not done.settled
    assert rows(done)["corrections"] == 6
    assert copy(old, new).settled
    assert seen(new) == seen(old)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_an_interrupted_copy_goes_on(
    new_place: Place, lived: Callable[..., str], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(copying, "_AT_ONCE", 2)
    old, new = lived(new_place("sqlite")), new_place(target)
    progress: list[tuple[int, int | None]] = []

    @contextmanager
    def stopped(_step: Step) -> Iterator[OnProgress]:
        def advance(done: int, total: int | None) -> None:
            progress.append((done, total))
            if len(progress) % 3 == 0:
                raise KeyboardInterrupt

        yield advance

    stops = 0
    for _ in range(4):
        with suppress(KeyboardInterrupt):
            copy(old, new, stage=stopped)
            break
        stops += 1
    done = copy(old, new)
    assert stops == 4
    assert {total for _, total in progress} == {sum(rows(done).values())}
    assert 0 < written(done)["photos"] <= 7
    assert seen(new) == seen(old)


def test_a_copy_that_ended_before_its_index_gets_one(
    new_place: Place, lived: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = lived(new_place("sqlite")), new_place("sqlite")
    indexed: list[int] = []
    monkeypatch.setattr(Similar, "index", lambda _, number: indexed.append(number))

    @contextmanager
    def stopped(step: Step) -> Iterator[OnProgress]:
        if step is Step.INDEXING:
            raise KeyboardInterrupt
        yield lambda done, total: None

    with pytest.raises(KeyboardInterrupt):
        copy(old, new, stage=stopped)
    assert not indexed
    assert not any(written(copy(old, new)).values())
    assert sorted(indexed) == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork processes")
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_copy_that_is_killed_loses_and_doubles_nothing(new_place: Place, target: str) -> None:
    old, new = new_place("sqlite"), new_place(target)
    database = Database(old)
    moment = datetime(2026, 5, 4)
    with database.write() as connection:
        connection.execute(
            insert(schema.model).values(digest="0" * 64, name="colours", labels="[]")
        )
        connection.execute(
            insert(schema.photo),
            [
                {
                    "number": i + 1,
                    "picture": i + 1,
                    "path": f"/photos/{i}.jpg",
                    "model_id": 1,
                    "status": "failed",
                    "error": "The file is empty.",
                    "corrected": False,
                    "words": f"photos {i} jpg",
                    "added_at": moment,
                }
                for i in range(1500)
            ],
        )
    database.close()
    script = Path(__file__).with_name("killed_copying.py")
    command = [sys.executable, script, old, new]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ended.stdout) >= 3
    assert rows(copy(old, new))["photos"] == 1500
    assert written(copy(old, new)) == {}
    with Catalogue(new) as catalogue:
        assert catalogue.counts("status") == {"failed": 1500}
        assert catalogue.count(Filter(text="photos 1234")) == 1


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_two_copies_at_once_make_one(
    new_place: Place, lived: Callable[..., str], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(copying, "_AT_ONCE", 1)
    old, new = lived(new_place("sqlite")), new_place(target)
    done: list[Copied] = []
    threads = [threading.Thread(target=lambda: done.append(copy(old, new))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [rows(one)["photos"] for one in done] == [7, 7]
    assert sum(written(one).get("photos", 0) for one in done) == 7
    assert seen(new) == seen(old)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_arrives_otherwise_is_an_error_that_names_the_table(
    new_place: Place, lived: Callable[..., str], target: str
) -> None:
    old, new = lived(new_place("sqlite")), new_place(target)
    database = Database(new)
    with database.write() as connection:
        if target == "sqlite":
            spoil = ["CREATE TRIGGER spoil AFTER INSERT ON correction BEGIN "]
            spoil[0] += "UPDATE correction SET note = 'x' WHERE id = new.id; END"
        else:
            spoil = [
                "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN new.note := 'x'; RETURN new; END $$",
                "CREATE TRIGGER spoil BEFORE INSERT ON correction "
                "FOR EACH ROW EXECUTE FUNCTION spoil()",
            ]
        for statement in spoil:
            connection.execute(text(statement))
    database.close()
    with pytest.raises(CatalogueError, match=r"table correction of .* \(4 rows\) is not the same"):
        copy(old, new)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_another_catalogue_is_left_as_it_is(
    new_place: Place, lived: Callable[..., str], target: str
) -> None:
    old, new = lived(new_place("sqlite")), lived(new_place(target))
    before = seen(new)
    with pytest.raises(CatalogueError, match=r"holds models of its own, and is no copy of"):
        copy(old, new)
    assert seen(new) == before


@pytest.mark.postgres
def test_a_catalogue_is_not_copied_into_itself(
    new_place: Place, lived: Callable[..., str], tmp_path: Path
) -> None:
    old, server = lived(new_place("sqlite")), new_place("postgresql")
    (tmp_path / "link.sqlite").symlink_to(old)
    copy(old, server)
    for one, other in (
        (old, old),
        (old, str(tmp_path / "link.sqlite")),
        (server, f"{server}&application_name=other"),
    ):
        with pytest.raises(UsageError, match="is the catalogue that is to be copied"):
            copy(one, other)


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
def test_a_source_that_is_not_there_is_named_before_anything_is_made(
    new_place: Place, source: str, tmp_path: Path
) -> None:
    old = new_place(source)
    with pytest.raises(CatalogueError, match=r"There is no catalogue .* yet"):
        copy(old, tmp_path / "to" / "c.sqlite")
    assert not (tmp_path / "to").exists()
    with pytest.raises(CatalogueError, match=r"There is no catalogue .* yet"):
        copy(old, tmp_path / "to" / "c.sqlite")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@127.0.0.1:1/x", r"me:\*\*\*@127.0.0.1:1/x"),
        ("postgresql://127.0.0.1:1/x?user=me&password=secret", r"127.0.0.1:1/x\?user=me"),
    ],
)
def test_a_target_that_can_t_be_reached_is_named_without_its_password(
    new_place: Place, lived: Callable[..., str], url: str, shown: str
) -> None:
    pytest.importorskip("psycopg")
    old = lived(new_place("sqlite"))
    with pytest.raises(CatalogueError, match=rf"{shown} can't be used") as refused:
        copy(old, url)
    assert "secret" not in str(refused.value)


def test_an_empty_catalogue_is_copied(new_place: Place) -> None:
    old, new = new_place("sqlite"), new_place("sqlite")
    Database(old).close()
    done = copy(old, new)
    assert set(rows(done).values()) == {0}
    identity = select(schema.catalogue.c.uuid, schema.catalogue.c.created_at)
    found = []
    for where in (old, new):
        database = Database(where)
        with database.read() as connection:
            found.append(connection.execute(identity).one())
            assert connection.execute(select(func.count()).select_from(schema.photo)).scalar() == 0
        database.close()
    assert found[0] == found[1]


@pytest.mark.parametrize(("source", "target"), DIRECTIONS[:2])
def test_the_copy_has_the_timetable_of_scans(new_place: Place, source: str, target: str) -> None:
    old, new = new_place(source), new_place(target)
    with Catalogue(old) as catalogue:
        catalogue.scan_plans.set("/photos/Été", is_watched=False, daily_at=clock(3, 30))
        catalogue.scan_plans.set("/kennel", is_watched=True, daily_at=None)
        plans = catalogue.scan_plans.all()
    copy(old, new)
    with Catalogue(new, create=False) as catalogue:
        assert catalogue.scan_plans.all() == plans
    with Catalogue(old) as catalogue:
        catalogue.scan_plans.set("/kennel", is_watched=False, daily_at=None)
    copy(old, new)
    with Catalogue(new, create=False) as catalogue:
        assert [plan.path for plan in catalogue.scan_plans.all()] == ["/photos/Été"]


def test_it_is_decided_of_every_table_whether_it_is_copied() -> None:
    copied = {part.table.name for part in copying.PARTS}
    # The identity and when folders are scanned, which the copy gets; who has what before them, and
    # what comes first; where folders were; and what is proposed of animals.
    brought = {"catalogue", "scan_plan"}
    left = {"review", "review_order", "place", "suggestion", "suggestion_photo"}
    assert copied | brought | left == set(schema.metadata.tables)


def with_animals(where: str, kennel: Path) -> None:
    """Has people do to animals what can be done."""
    with Catalogue(where) as catalogue:
        animals = catalogue.animals
        rex = animals.new(
            AnimalFields(code="Ä 1", name="Rex"), [kennel / "rex.png", kennel / "mix.png"], by="Ada"
        )
        bo = animals.new(AnimalFields(code="2", name="Bo\0" if "://" not in where else "Bo"))
        animals.edit(bo, AnimalFields(sex="female", birth="2021", breeds=("pug", "beagle")))
        animals.take_away(rex, [kennel / "mix.png"])
        animals.add(bo, [kennel / "mix.png", kennel / "night.png"])
        animals.edit(bo, AnimalFields(main_photo=catalogue.photo(kennel / "mix.png").id))
        animals.merge([animals.new(AnimalFields(name="Boo", notes="two\nlines"))], bo)
        animals.remove(animals.new(AnimalFields(code="3")))
        animals.undo()
        animals.label([kennel / "night.png"], Label(Kind.BREED, ("pug",)))


def animals_seen(where: str) -> dict[str, Any]:
    """What a catalogue says of its animals when it is asked."""
    with Catalogue(where, create=False) as catalogue:
        animals = catalogue.animals.list(order=Order.MADE)
        return {
            "animals": animals,
            "gone": catalogue.animals.list(AnimalFilter(removed=True)),
            "acts": catalogue.animals.acts(),
            "histories": [catalogue.animals.history(one) for one in animals],
            "views": [catalogue.animals.views(one) for one in animals],
            "of photos": catalogue.animals.of_photos(range(1, 9)),
        }


@pytest.mark.parametrize(("source", "target"), DIRECTIONS[:2])
def test_animals_are_copied_and_live_on(
    new_place: Place, lived: Callable[..., str], kennel: Path, source: str, target: str
) -> None:
    old, new = lived(new_place(source)), new_place(target)
    with_animals(old, kennel)
    before = animals_seen(old)
    done = copy(old, new)
    counts = rows(done)
    assert (counts["animals"], counts["photos of animals"], counts["refusals"]) == (4, 3, 1)
    assert (counts["acts"], written(done)["acts"]) == (12, 12)
    assert done.settled
    assert animals_seen(new) == before == animals_seen(old)
    assert written(copy(old, new)) == {}

    # Codes change places, and a photo its animal.
    with Catalogue(old) as catalogue:
        rex, bo, gone = (catalogue.animals.get(code) for code in ("Ä 1", "2", "3"))
        catalogue.animals.edit(rex.id, AnimalFields(code="9"))
        catalogue.animals.edit(bo.id, AnimalFields(code="ä 1"))
        catalogue.animals.edit(gone.id, AnimalFields(code="2"))
        catalogue.animals.move([kennel / "mix.png"], bo.id, rex.id)
    assert copy(old, new).settled
    assert animals_seen(new) == animals_seen(old)
    with Catalogue(new) as catalogue:
        catalogue.animals.undo()
        catalogue.animals.new(AnimalFields(code="4"))
    with pytest.raises(CatalogueError, match=r"has acts that .* does not have.*left as it is"):
        copy(old, new)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_codes_change_places_between_ranges(
    new_place: Place, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    old, new = new_place("sqlite"), new_place(target)
    monkeypatch.setattr(copying, "_AT_ONCE", 2)
    with Catalogue(old) as catalogue:
        made = [catalogue.animals.new(AnimalFields(code=f"{n}")) for n in range(5)]
    copy(old, new)
    with Catalogue(old) as catalogue:
        for n, one in enumerate(made):
            catalogue.animals.edit(one.id, AnimalFields(code=f"x{n}"))
        for n, one in enumerate(reversed(made)):
            catalogue.animals.edit(one.id, AnimalFields(code=f"{n}"))
    assert copy(old, new).settled
    assert animals_seen(new) == animals_seen(old)
    assert [one.code for one in animals_seen(new)["animals"]] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_people_do_to_animals_of_the_copy_meanwhile_stands(
    new_place: Place, lived: Callable[..., str], kennel: Path, target: str
) -> None:
    old, new = lived(new_place("sqlite")), new_place(target)
    copy(old, new)
    with_animals(old, kennel)

    def act() -> None:
        with Catalogue(new) as catalogue:
            catalogue.animals.new(AnimalFields(name="Nova"))

    with pytest.raises(CatalogueError, match="has acts that"):
        copy(old, new, stage=when(1000, act))
    with Catalogue(new) as catalogue:
        assert [one.name for one in catalogue.animals.list()] == ["Nova"]


@pytest.mark.parametrize(("source", "target"), [DIRECTIONS[0], DIRECTIONS[2]])
def test_a_merge_goes_along_and_so_does_its_undo(
    new_place: Place, lived: Callable[..., str], source: str, target: str, tmp_path: Path
) -> None:
    old, new, other = new_place(source), new_place(target), lived(new_place("sqlite"))
    with Catalogue(old) as catalogue:
        catalogue.merge(other)
    assert rows(copy(old, new))["merges"] == 1
    assert copy(old, new).settled
    with Catalogue(old) as catalogue:
        catalogue.undo_merge()
    done = copy(old, new)
    assert (rows(done)["corrections"], rows(done)["contents"]) == (0, 0)
    with Catalogue(new) as catalogue, pytest.raises(UsageError, match="nothing to undo"):
        catalogue.undo_merge()
    # Where somebody has merged in the copy, it has been used.
    with Catalogue(new) as catalogue:
        catalogue.merge(other)
    with pytest.raises(CatalogueError, match="has merges that"):
        copy(old, new)


@pytest.mark.parametrize(("source", "target"), DIRECTIONS[:2])
def test_what_is_said_of_an_added_breed_is_copied_and_followed(
    new_place: Place, lived: Callable[..., str], source: str, target: str
) -> None:
    old, new = lived(new_place(source)), new_place(target)
    with Catalogue(old) as catalogue:
        catalogue.describe_breed("Épagneul de l'Île", fci=148, group=4)
    copy(old, new)
    with Catalogue(old) as catalogue:
        catalogue.describe_breed("Épagneul de l'Île", fr="Épagneul insulaire", group=8)
        own = catalogue.models.names.own
    assert written(copy(old, new))["breeds"] == 1
    with Catalogue(new, create=False) as catalogue:
        assert catalogue.models.names.own == own
        assert (own[0].fr, own[0].fci, own[0].group) == ("Épagneul insulaire", 148, 8)
        assert catalogue.count(Filter(group=8)) == catalogue.count(Filter(text="insulaire")) == 1


@pytest.mark.parametrize(("source", "target"), DIRECTIONS[:2])
def test_what_was_sent_of_photos_and_animals_is_copied(
    new_place: Place, lived: Callable[..., str], kennel: Path, source: str, target: str
) -> None:
    """A copy sends nothing again."""
    old, new = lived(new_place(source)), new_place(target)
    with Catalogue(old) as catalogue:
        catalogue.animals.new(AnimalFields(code="1", name="Rex"), [kennel / "rex.png"])
        assert catalogue.export(Export("asm3"), write=lambda text: None).written > 1
    counts = rows(copy(old, new))
    assert counts["exports of animals"] == 1
    assert counts["exports of photos"] > 0
    with Catalogue(new) as catalogue:
        assert catalogue.export(Export("asm3"), write=lambda text: None).is_empty
