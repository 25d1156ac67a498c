"""Which photos a review asks for first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.catalogue.learning import review_order
from barkive.catalogue.learning.review_order import most_teaching
from barkive.classifier import Classifier
from barkive.verdicts import Status

PUG = Label(Kind.BREED, ("pug",))
# At 0°, 30°, 60° and 90° of one circle, and at right angles to all of them.
EAST, EAST_30, EAST_60 = (100, 0, 0), (87, 50, 0), (50, 87, 0)
NORTH, UP, NOTHING = (0, 100, 0), (0, 0, 100), (0, 0, 0)


def order(
    waiting: list[tuple[int, int, int]],
    doubts: list[float] | None = None,
    spoken: list[tuple[int, int, int]] | None = None,
    most: int = 9,
) -> list[int]:
    return most_teaching(
        np.array(waiting, np.int8),
        np.array(doubts or [1] * len(waiting), np.float32),
        np.array(spoken or np.empty((0, 3)), np.int8),
        most,
    )


def test_the_look_that_most_have_comes_first_and_what_stands_alone_last() -> None:
    assert order([UP, EAST, EAST_30, EAST_60], [1, 1, 1, 0.9]) == [2, 1, 3, 0]
    assert order([UP, EAST, EAST_30, EAST_60], [1, 1, 1, 0.9], most=2) == [2, 1]


def test_what_the_model_doubts_most_comes_first() -> None:
    assert order([EAST, NORTH, UP], [0.2, 0.9, 0.5]) == [1, 2, 0]


def test_what_is_like_what_people_spoke_of_comes_later() -> None:
    assert order([EAST, UP], [1, 0.95]) == [0, 1]
    assert order([EAST, UP], [1, 0.95], [EAST_30]) == [1, 0]


def test_what_is_like_a_chosen_one_comes_later() -> None:
    assert order([UP, EAST, EAST_30, EAST_60], [0.9, 0.1, 1, 0.2]) == [2, 0, 3, 1]


def test_of_photos_that_are_nearly_the_same_only_the_first_is_asked_for() -> None:
    assert order([(100, 10, 0), UP, EAST, (100, 0, 10)], [0.5, 0.6, 0.5, 0.5]) == [1, 0]
    assert order([EAST, UP, NORTH], [1, 0.9, 0.8], [(100, 10, 0), (2, 3, 99)]) == [2]


def test_a_vector_without_a_direction_is_like_nothing() -> None:
    assert order([NOTHING, EAST, NOTHING]) == [1, 0, 2]
    assert order([NOTHING]) == [0]


def test_many_photos_are_compared_with_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_order, "_SAMPLE", 3)
    monkeypatch.setattr(review_order, "_AT_ONCE", 2)
    # Of these the first, third and fifth stand for all.
    waiting = [UP, NORTH, EAST_30, UP, EAST, NORTH]
    assert order(waiting, [0.5, 0, 1, 0, 1, 0], [(0, 87, 50)]) == [4, 2, 0, 1]


@pytest.fixture
def colours(catalogue: Catalogue, colour_photo: Callable[..., Path]) -> Path:
    """Photos that the model is not sure of: in this order of its own, the least sure first."""
    for name, colour in {
        "yellow": (200, 199, 0),
        "grey": (149, 140, 130),
        "grey-too": (150, 140, 130),
        "cyan": (0, 200, 170),
        "violet": (210, 0, 150),
    }.items():
        folder = colour_photo(f"colours/{name}.png", colour).parent
    colour_photo("colours/red.png", (250, 10, 10))
    return folder


TEACHING = ["grey", "yellow", "cyan", "violet", "grey-too"]


def looked(catalogue: Catalogue, **options: int) -> list[str]:
    return [Path(one.file).stem for one in catalogue.review.look(**options)]


def taken(catalogue: Catalogue, session: str) -> list[str]:
    return [Path(one.file).stem for one in catalogue.review.take(session, count=9)]


def ranked(catalogue: Catalogue) -> list[str]:
    table, photo = schema.review_order.c, schema.photo.c
    found = select(photo.path).join(schema.review_order, table.picture == photo.picture)
    with catalogue._database.read() as connection:
        paths = connection.execute(found.order_by(table.rank)).scalars()
        return [Path(path).stem for path in paths]


def test_a_review_asks_for_what_teaches_most_and_then_goes_on_as_ever(
    catalogue: Catalogue, classifier: Classifier, colours: Path
) -> None:
    catalogue.scan(colours, classifier=classifier)
    assert ranked(catalogue) == TEACHING[:4]
    assert looked(catalogue, count=9) == TEACHING
    pages = [looked(catalogue, offset=offset, count=2) for offset in (0, 2, 3, 4, 5)]
    assert pages == [TEACHING[:2], TEACHING[2:4], TEACHING[3:5], TEACHING[4:], []]
    assert taken(catalogue, "ada") == TEACHING
    assert taken(catalogue, "bo") == TEACHING[1:]
    everything = Filter(status=(Status.DOG, Status.UNCERTAIN))
    assert len(catalogue.review.look(everything, count=9)) == 6
    assert catalogue.review.left() == 5


def test_what_was_answered_or_passed_over_drops_out(
    catalogue: Catalogue, classifier: Classifier, colours: Path
) -> None:
    catalogue.scan(colours, classifier=classifier)
    catalogue.label(colours / "yellow.png", PUG)
    (first, *_) = catalogue.review.take("ada")
    catalogue.review.skip("ada", first.id)
    assert taken(catalogue, "ada") == ["cyan", "violet", "grey-too"]
    assert taken(catalogue, "bo") == ["grey", "violet", "grey-too"]


def test_two_files_of_one_picture_are_asked_for_once(
    catalogue: Catalogue, classifier: Classifier, colours: Path, colour_photo: Callable[..., Path]
) -> None:
    colour_photo("colours/copy.png", (200, 199, 0))
    catalogue.scan(colours, classifier=classifier)
    with catalogue._database.read() as connection:
        rows = connection.execute(select(schema.review_order.c.rank)).scalars()
        assert sorted(rows) == [0, 1, 2, 3]
    assert sum(name in ("copy", "yellow") for name in taken(catalogue, "ada")) == 1
    assert looked(catalogue, count=9)[1:3] == ["copy", "yellow"]
    assert looked(catalogue, offset=2, count=2) == ["yellow", "cyan"]
    assert looked(catalogue, offset=5, count=2) == ["grey-too"]


def test_the_order_follows_what_was_said_with_the_next_photos(
    catalogue: Catalogue, classifier: Classifier, colours: Path, colour_photo: Callable[..., Path]
) -> None:
    catalogue.scan(colours, classifier=classifier)
    catalogue.label(colours / "grey-too.png", PUG)
    catalogue.scan(colours, classifier=classifier)
    assert ranked(catalogue)[0] == "grey"
    colour_photo("colours/brown.png", (150, 120, 0))
    catalogue.scan(colours, classifier=classifier)
    # Grey shows nearly what was named, and brown nearly what yellow does.
    assert ranked(catalogue) == ["yellow", "cyan", "violet"]
    assert looked(catalogue, count=9) == ["yellow", "cyan", "violet", "grey", "brown"]


def test_where_many_wait_one_photo_that_is_added_changes_nothing(
    catalogue: Catalogue,
    classifier: Classifier,
    colours: Path,
    colour_photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue.scan(colours, classifier=classifier)
    monkeypatch.setattr(review_order, "_FEW", 5)
    added = colour_photo("added/dim.png", (60, 59, 50))
    catalogue.scan(added, classifier=classifier)
    assert ranked(catalogue) == TEACHING[:4]
    assert looked(catalogue, count=9) == [*TEACHING[:4], "dim", "grey-too"]
    monkeypatch.setattr(review_order, "_DUE", 0.5)
    catalogue.scan([added, colours], classifier=classifier)
    assert ranked(catalogue) == TEACHING[:4]


def test_photos_that_another_network_judged_come_behind(
    catalogue: Catalogue,
    classifier: Classifier,
    colours: Path,
    colour_photo: Callable[..., Path],
    learned: Callable[[str], Path],
) -> None:
    catalogue.scan(colours, classifier=classifier)
    other = colour_photo("other/dim.png", (90, 5, 88)).parent
    catalogue.scan(other, classifier=Classifier(learned("other"), dogs=False))
    assert ranked(catalogue) == ["dim"]
    assert looked(catalogue, count=9) == ["dim", "yellow", "grey", "grey-too", "cyan", "violet"]


def test_no_photo_waits(catalogue: Catalogue, classifier: Classifier, colours: Path) -> None:
    catalogue.scan(colours / "red.png", classifier=classifier)
    assert ranked(catalogue) == []
    catalogue.scan(colours, classifier=classifier)
    for name in TEACHING:
        catalogue.label(colours / f"{name}.png", PUG)
    review_order.renew(catalogue._store, classifier.bundle)
    assert ranked(catalogue) == []
