"""Photos that are judged again from their features have what a scan would give them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Column, Table, event, select, text
from sqlalchemy.exc import OperationalError

from barkive.boxes import Box
from barkive.bundle import Bundle
from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.catalogue.learning import judging_again
from barkive.catalogue.learning.judging_again import JudgedAgain
from barkive.catalogue.predictions.packing import pack_features, unpack_features
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, SwitchedMeanwhileError

RED, GREEN, BLUE, GREY, BLACK = (
    (250, 10, 10),
    (10, 250, 10),
    (40, 30, 200),
    (120, 110, 90),
    (9, 9, 9),
)
DRAWN = Box(0.1, 0.1, 0.3, 0.6)

MakePhoto = Callable[..., Path]
MakeBundle = Callable[..., Path]


@pytest.fixture
def shelter(kennel: Path, colour_photo: MakePhoto, pair_photo: MakePhoto) -> Path:
    """Photos with one dog, several, none and of which two are the same; one can't be read."""
    pair_photo("kennel/pair.png", RED, GREEN)
    pair_photo("kennel/greens.png", GREEN, GREEN)
    pair_photo("kennel/one.png", BLUE, BLACK)
    colour_photo("kennel/lilo.png", BLUE)
    colour_photo("kennel/copy/rex.png", RED)
    return kennel


def speak(catalogue: Catalogue, shelter: Path, classifier: Classifier) -> None:
    """Says something of a photo, of a dog, of a box that is drawn, and takes it back."""
    catalogue.label(shelter / "rex.png", Label(Kind.BREED, ("pug",), note="old", by="Ada"))
    small = catalogue.photo(shelter / "pair.png").dog(2).id
    catalogue.label(shelter / "pair.png", Label(Kind.CROSS, ("pug", "maltese"), dog=small))
    catalogue.label(shelter / "greens.png", Label(Kind.DOG, box=DRAWN), classifier=classifier)
    catalogue.label(shelter / "lilo.png", Label(Kind.BREED, ("Jack Russell",), other=True))
    catalogue.label(shelter / "lilo.png", Label(Kind.UNDO))
    catalogue.label(shelter / "mix.png", Label(Kind.NOT_DOG))


def rows(
    catalogue: Catalogue, table: Table, but: set[str], *order: Column[Any]
) -> list[Mapping[str, Any]]:
    """The rows of a table, without columns that differ from run to run."""
    columns = [column for column in table.c if column.name not in but]
    with catalogue._database.read() as connection:
        found = (
            connection.execute(select(*columns).order_by(*order or (table.c.id,))).mappings().all()
        )
    return [dict(row) for row in found]


def held(catalogue: Catalogue) -> dict[str, Any]:
    """All that holds of photos, and all that the present answers say."""
    other = schema.other_dog
    own = {"id", "answer_id", "model_id", "identified_at", "added_at", "source_id", "features"}
    with catalogue._database.read() as connection:
        c, answer, dog = schema.photo.c, schema.answer.c, schema.detection.c
        said = connection.execute(
            select(
                *(c.path, answer.status, answer.probabilities, answer.dog, answer.vector),
                answer.dogs,
            )
            .join_from(schema.photo, schema.answer)
            .order_by(c.path)
        ).all()
        seen = connection.execute(
            select(c.path, *(one for one in dog if one.name not in own))
            .join_from(schema.photo, schema.detection, c.answer_id == dog.answer_id)
            .order_by(c.path, dog.place, dog.id)
        ).all()
    return {
        "photos": rows(catalogue, schema.photo, own),
        "others": rows(catalogue, other, {"id"}, other.c.photo_id, other.c.place),
        "answers": [tuple(row) for row in said],
        "dogs": sorted((tuple(sorted(row._mapping.items())) for row in seen), key=repr),
        "counts": [catalogue.counts("status"), catalogue.counts("breed")],
        "words": catalogue.count(Filter(text="dachshund")),
    }


def test_features_are_kept_in_float16() -> None:
    row = np.array([0.1, 2.5, 1000.25, 0], np.float32)
    packed = pack_features(row)
    assert packed is not None
    kept = unpack_features([packed, packed])
    assert kept.dtype == np.float32
    assert kept[1].tolist() == [0.0999755859375, 2.5, 1000, 0]
    assert pack_features(kept[0]) == packed
    # What float16 can't hold is not kept.
    assert pack_features(np.array([70_000.0], np.float32)) is None
    assert pack_features(np.array([np.nan], np.float32)) is None


def test_it_is_what_a_scan_would_give(
    new_place: Callable[..., str],
    where: str,
    shelter: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
) -> None:
    classifier = Classifier(learned())
    with Catalogue(new_place("sqlite")) as scanned:
        scanned.scan(shelter, classifier=classifier)
        speak(scanned, shelter, classifier)
        expected = held(scanned)
    with Catalogue(where) as catalogue:
        catalogue.scan(shelter, classifier=pair_classifier)
        speak(catalogue, shelter, pair_classifier)
        before = held(catalogue)
        done = catalogue.use_model(classifier.bundle, pair_classifier.bundle, was=None)
        assert done == JudgedAgain(9, 0)
        assert held(catalogue) == expected != before
        assert {entry.model for entry in catalogue.search()} == {classifier.bundle.model}
        # A scan has nothing left to do, and reads no file.
        summary = catalogue.scan(shelter, classifier=classifier)
        assert (summary.again, summary.unchanged) == (0, 10)
        back = catalogue.undo_learning()
        assert back == JudgedAgain(9, 0)
        assert held(catalogue) == before


def test_breeds_that_people_made_one_count_together(
    new_place: Callable[..., str],
    where: str,
    shelter: Path,
    inside: Bundle,
    learned: MakeBundle,
) -> None:
    first, second = (Classifier(learned(name)) for name in ("first", "second"))
    with Catalogue(new_place("sqlite")) as scanned:
        scanned.scan(shelter, classifier=first)
        scanned.rename_breed("Dachshund", "pug", merge=True)
        scanned.scan(shelter, classifier=second)
        expected = held(scanned)
    with Catalogue(where) as catalogue:
        catalogue.scan(shelter)
        catalogue.use_model(first.bundle, inside, was=None)
        catalogue.rename_breed("Dachshund", "pug", merge=True)
        catalogue.use_model(second.bundle, first.bundle, was=catalogue.model_in_use)
        assert held(catalogue) == expected
        assert "Dachshund" not in catalogue.counts("breed")


def test_the_answer_names_where_its_features_are(
    catalogue: Catalogue,
    shelter: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
) -> None:
    catalogue.scan(shelter, classifier=pair_classifier)
    first, second = (Classifier(learned(name)) for name in ("first", "second"))
    catalogue.use_model(first.bundle, pair_classifier.bundle, was=None)
    catalogue.use_model(second.bundle, first.bundle, was=catalogue.model_in_use)
    found = rows(catalogue, schema.answer, set())
    own = {row["id"] for row in found if row["features"] is not None}
    derived = [row for row in found if row["features"] is None]
    assert len(own) == 8
    assert len(derived) == 16
    assert {row["source_id"] for row in derived} == own


def test_what_only_older_answers_say_is_left(
    catalogue: Catalogue,
    shelter: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
) -> None:
    catalogue.scan(shelter, classifier=pair_classifier)
    with catalogue._database.write() as connection:
        # As before there were features; of one photo only the second dog lacks them.
        connection.execute(
            text(
                "UPDATE answer SET features = NULL WHERE sha256 = "
                "(SELECT sha256 FROM photo WHERE path LIKE '%lilo.png')"
            )
        )
        connection.execute(
            text(
                "UPDATE detection SET features = NULL WHERE answer_id = "
                "(SELECT answer_id FROM photo WHERE path LIKE '%pair.png')"
            )
        )
    classifier = Classifier(learned())
    done = catalogue.use_model(classifier.bundle, pair_classifier.bundle, was=None)
    assert done == JudgedAgain(7, 2)
    summary = catalogue.scan(shelter, classifier=classifier)
    assert (summary.again, summary.unchanged) == (2, 8)
    assert catalogue.undo_learning() == JudgedAgain(9, 0)


def test_photos_that_were_judged_as_wholes_stay_so(
    catalogue: Catalogue,
    shelter: Path,
    classifier: Classifier,
    pair_classifier: Classifier,
    learned: MakeBundle,
) -> None:
    catalogue.scan(shelter / "annex", classifier=classifier)
    catalogue.scan(shelter / "copy", classifier=pair_classifier)
    taught = Classifier(learned())
    assert catalogue.use_model(taught.bundle, pair_classifier.bundle, was=None).photos == 2
    mila, rex = (catalogue.photo(shelter / name) for name in ("annex/mila.png", "copy/rex.png"))
    assert (mila.model, mila.dogs) == (taught.bundle.network, None)
    assert mila.labels[0].en == "Dachshund"
    assert (rex.model, rex.dogs) == (taught.bundle.model, ())
    assert (
        catalogue.scan(shelter / "annex", classifier=Classifier(learned(), dogs=False)).again == 0
    )


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging_again, "_ANSWERS_AT_ONCE", 2)
    monkeypatch.setattr(judging_again, "_PHOTOS_AT_ONCE", 3)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("told", range(1, 9))
def test_what_is_interrupted_goes_on_with_the_next_scan(
    tmp_path: Path,
    write_catalogue: Callable[[Path], Path],
    shelter: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
    told: int,
) -> None:
    classifier = Classifier(learned())
    with Catalogue(write_catalogue(tmp_path / "c.sqlite")) as catalogue:
        catalogue.scan(shelter, classifier=pair_classifier)
        speak(catalogue, shelter, pair_classifier)
        calls: list[tuple[int, int | None]] = []

        def interrupt(done: int, total: int | None) -> None:
            calls.append((done, total))
            if len(calls) == told:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            catalogue.use_model(
                classifier.bundle, pair_classifier.bundle, was=None, on_progress=interrupt
            )
        assert calls == sorted(calls)
        assert {total for _, total in calls} == {10}
        assert catalogue.scan(shelter, classifier=classifier).again == 0
        assert {entry.model for entry in catalogue.search()} == {classifier.bundle.model}
        whole = held(catalogue)
    with Catalogue(write_catalogue(tmp_path / "other.sqlite")) as catalogue:
        catalogue.scan(shelter, classifier=classifier)
        speak(catalogue, shelter, classifier)
        assert held(catalogue) == whole


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("reason", ["database or disk is full", "database is locked"])
@pytest.mark.parametrize("refused", ["INSERT INTO answer", "INSERT INTO detection", "UPDATE photo"])
def test_what_the_disk_or_another_program_refuses_comes_later(
    tmp_path: Path,
    write_catalogue: Callable[[Path], Path],
    shelter: Path,
    pair_classifier: Classifier,
    learned: MakeBundle,
    refused: str,
    reason: str,
) -> None:
    classifier = Classifier(learned())
    with Catalogue(write_catalogue(tmp_path / "c.sqlite")) as catalogue:
        catalogue.scan(shelter, classifier=pair_classifier)
        engine, times = catalogue._database._engine, 0

        def refuse(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            nonlocal times
            times += statement.startswith(refused)
            if times == 2:
                raise OperationalError(statement, None, sqlite3.OperationalError(reason))

        event.listen(engine, "before_cursor_execute", refuse)
        with pytest.raises(CatalogueError, match=r"the disk is full|by another program"):
            catalogue.use_model(classifier.bundle, pair_classifier.bundle, was=None)
        event.remove(engine, "before_cursor_execute", refuse)
        assert catalogue.scan(shelter, classifier=classifier).again == 0
        assert {entry.model for entry in catalogue.search()} == {classifier.bundle.model}


@pytest.mark.usefixtures("small_steps")
def test_it_ends_where_somebody_switches_meanwhile(
    catalogue: Catalogue,
    where: str,
    shelter: Path,
    inside: Bundle,
    learned: MakeBundle,
) -> None:
    catalogue.scan(shelter)
    classifier = Classifier(learned())

    def undo(done: int, total: int | None) -> None:
        with Catalogue(where) as other:
            other.undo_learning()

    with pytest.raises(SwitchedMeanwhileError):
        catalogue.use_model(classifier.bundle, inside, was=None, on_progress=undo)
    assert catalogue.model_in_use is None
    assert {entry.model for entry in catalogue.search()} == {inside.model}


def test_a_scan_leaves_what_somebody_else_has_judged_by_another_model(
    catalogue: Catalogue,
    where: str,
    shelter: Path,
    inside: Bundle,
    learned: MakeBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue.scan(shelter)
    first, second = (Classifier(learned(name)) for name in ("first", "second"))

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.use_model(first.bundle, inside, was=None, on_progress=interrupt)

    def switched(*given: Any, **more: Any) -> JudgedAgain:
        with Catalogue(where) as other:
            other.use_model(second.bundle, first.bundle, was=other.model_in_use)
        return judging_again.judge_again(*given, **more)

    monkeypatch.setattr("barkive.catalogue.scan.pipeline.judge_again", switched)
    summary = catalogue.scan(shelter, classifier=first)
    assert (summary.again, summary.unchanged) == (0, 10)
    assert {entry.model for entry in catalogue.search()} == {second.bundle.model}


def test_likeness_goes_on(
    catalogue: Catalogue,
    shelter: Path,
    colour_photo: MakePhoto,
    inside: Bundle,
    learned: MakeBundle,
) -> None:
    catalogue.scan(shelter)
    catalogue.use_model(Classifier(learned()).bundle, inside, was=None)
    like = [Path(found.entry.file).name for found in catalogue.like(shelter / "lilo.png")]
    assert like[0] == "one.png"
    stranger = colour_photo("stranger.png", (120, 111, 90))
    assert Path(catalogue.like(stranger)[0].entry.file).name == "mix.png"
