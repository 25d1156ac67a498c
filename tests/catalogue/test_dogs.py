"""A photo has dogs: from the scan to the search, with what people say of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Entry
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.verdicts import Status

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)
LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0.1, 0.5, 0.9)

MakePhoto = Callable[..., Path]


@pytest.fixture
def pair(catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto) -> Path:
    """A catalogued photo with a Chihuahua on the left, and a smaller Pug on the right."""
    photo = pair_photo("kennel/pair.png", RED, GREEN)
    catalogue.scan(photo.parent, classifier=pair_classifier)
    return photo


def told(entry: Entry) -> list[tuple[Box, str, str]]:
    """Box, status and first breed of each dog."""
    return [
        (dog.box, dog.status.value, dog.breeds[0].label.en if dog.breeds else "")
        for dog in entry.dogs or ()
    ]


def test_a_scan_keeps_each_dog(catalogue: Catalogue, pair: Path) -> None:
    entry = catalogue.photo(pair)
    assert told(entry) == [(LEFT, "dog", "Chihuahua"), (RIGHT, "dog", "Pug")]
    assert (entry.status, entry.labels[0].en) == (Status.DOG, "Chihuahua")
    first, second = entry.dogs or ()
    assert (first.score, second.score) == (0.9, 0.8)
    assert first.guesses == first.breeds == entry.breeds
    assert not first.corrected
    record = entry.to_json()
    assert record["dogs"] is not None
    assert [dog["box"]["x"] for dog in record["dogs"]] == [0, 0.5]
    assert [dog["id"] for dog in record["dogs"]] == [first.id, second.id]
    assert entry.verdict.to_json()["dogs"] is not None


def test_what_the_main_dog_says_is_kept_once(catalogue: Catalogue, pair: Path) -> None:
    with catalogue._database.read() as connection:
        rows = connection.execute(select(schema.detection)).all()
        (answer,) = connection.execute(select(schema.answer)).all()
        (other,) = connection.execute(select(schema.other_dog)).all()
    assert [(row.place, row.probabilities is None) for row in rows] == [(0, True), (1, False)]
    assert answer.dogs == 2
    assert (other.place, other.breed, other.status) == (1, "n02110958", "dog")


def test_photos_in_which_no_dogs_were_looked_for_have_none(
    catalogue: Catalogue, classifier: Classifier, pair_classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    assert [entry.dogs for entry in catalogue.search()] == [None] * 5
    # A model that looks for dogs is another one: all are judged again.
    summary = catalogue.scan(kennel, classifier=pair_classifier)
    assert summary.again == 5
    assert {entry.dogs for entry in catalogue.search()} == {(), None}
    with catalogue._database.read() as connection:
        found = connection.execute(select(schema.photo.c.status, schema.photo.c.dogs)).all()
    # A dog without a box is one.
    assert sorted((row.status, row.dogs or 0) for row in found) == [
        ("dog", 1),
        ("dog", 1),
        ("failed", 0),
        ("not_dog", 0),
        ("uncertain", 1),
    ]
