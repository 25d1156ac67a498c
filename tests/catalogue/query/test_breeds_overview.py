"""What is known of each breed, on each database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from barkive.breeds import all_breeds
from barkive.bundle import BundleInfo
from barkive.catalogue import BreedOverview, Catalogue, Kind, Label
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.verdicts import BreedName

CHIHUAHUA, PUG, BOXER = "n02085620", "n02110958", "n02108089"


@pytest.fixture
def photos(colour_photo: Callable[..., Path]) -> Path:
    """Six reds, each less sure than the one before, two greens, one that nobody is sure of."""
    for number in range(6):
        colour_photo(f"photos/red{number}.png", (250, 10 + 5 * number, 10))
    for number in range(2):
        colour_photo(f"photos/green{number}.png", (10, 250, 10 + number))
    return colour_photo("photos/mix.png", (120, 110, 90)).parent


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, photos: Path) -> Catalogue:
    catalogue.scan(photos, classifier=classifier)
    return catalogue


def overview(catalogue: Catalogue, classifier: Classifier) -> dict[str, BreedOverview]:
    return {one.label.id: one for one in catalogue.breeds_overview(classifier)}


def files(catalogue: Catalogue, one: BreedOverview) -> list[str]:
    return [Path(catalogue.photo(number).file).stem for number in one.examples]


def test_what_the_model_says_is_counted_and_its_surest_photos_shown(
    scanned: Catalogue, classifier: Classifier
) -> None:
    found = overview(scanned, classifier)
    assert list(found) == [breed.id for breed in all_breeds()]
    chihuahua = found[CHIHUAHUA]
    assert (chihuahua.label.fr, chihuahua.fci, chihuahua.group) == ("Chihuahua", 218, 9)
    assert (chihuahua.photos, chihuahua.labelled, chihuahua.judged, chihuahua.right) == (6, 0, 0, 0)
    assert files(scanned, chihuahua) == ["red0", "red1", "red2", "red3"]
    assert files(scanned, found[PUG]) == ["green0", "green1"]
    assert (found[BOXER].photos, found[BOXER].examples) == (0, ())
    assert [one.label.en for one in found.values() if one.is_known] == [
        "Chihuahua",
        "Maltese",
        "Pug",
    ]


def test_what_people_said_is_compared_with_the_model(
    scanned: Catalogue, classifier: Classifier, photos: Path
) -> None:
    for photo, breed in (("red5", "chihuahua"), ("green1", "chihuahua"), ("mix", "chihuahua")):
        scanned.label(photos / f"{photo}.png", Label(Kind.BREED, (breed,)))
    scanned.label(photos / "red4.png", Label(Kind.CROSS, ("chihuahua", "boxer")))
    found = overview(scanned, classifier)
    chihuahua = found[CHIHUAHUA]
    # The model is not sure of `mix`, and its first guess is right.
    assert (chihuahua.photos, chihuahua.labelled, chihuahua.judged, chihuahua.right) == (8, 3, 3, 2)
    assert sorted(files(scanned, chihuahua)[:3]) == ["green1", "mix", "red5"]
    assert files(scanned, chihuahua)[3:] == ["red0"]
    assert (found[PUG].photos, found[BOXER].photos) == (1, 0)


def test_a_dog_on_which_the_model_saw_none_or_said_nothing(
    scanned: Catalogue, classifier: Classifier, photos: Path, colour_photo: Callable[..., Path]
) -> None:
    colour_photo("photos/night.png", (9, 9, 8))
    scanned.scan(photos, classifier=classifier)
    for photo in ("night", "red1"):
        scanned.label(photos / f"{photo}.png", Label(Kind.BREED, ("chihuahua",)))
    rest = schema.photo.c.path == str(photos / "red1.png")
    with scanned._database.write() as connection:
        connection.execute(update(schema.photo).where(rest).values(answer_id=None))
    found = overview(scanned, classifier)[CHIHUAHUA]
    assert (found.labelled, found.judged, found.right) == (2, 1, 0)


def test_photos_that_are_gone_do_not_count(
    scanned: Catalogue, classifier: Classifier, photos: Path
) -> None:
    scanned.label(photos / "red0.png", Label(Kind.BREED, ("chihuahua",)))
    (photos / "red0.png").unlink()
    scanned.scan(photos, classifier=classifier)
    found = overview(scanned, classifier)[CHIHUAHUA]
    assert (found.photos, found.labelled) == (5, 0)
    assert files(scanned, found) == ["red1", "red2", "red3", "red4"]


def test_a_breed_of_people_and_of_a_learned_model_is_one(
    scanned: Catalogue,
    photos: Path,
    colour_info: BundleInfo,
    write_bundle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    scanned.add_breed("Dachshund", "Teckel", fci=148, group=4)
    scanned.add_breed("Sausage Dog")
    scanned.label(photos / "green0.png", Label(Kind.BREED, ("teckel",)))
    scanned.label(photos / "red0.png", Label(Kind.BREED, ("sausage dog",)))
    own = (BreedName("Dachshund", "Dachshund", "Teckel"), BreedName("Wurst", "Wurst", "Wurst"))
    info = replace(colour_info, labels=(*own, colour_info.labels[2]))
    learned = Classifier(write_bundle(tmp_path / "own.onnx", info.to_metadata()), dogs=False)
    scanned.scan(photos, classifier=learned)
    *_, dachshund, sausage, wurst = scanned.breeds_overview(learned)
    assert [one.label.fr for one in (dachshund, sausage, wurst)] == [
        "Teckel",
        "Sausage Dog",
        "Wurst",
    ]
    assert (dachshund.fci, dachshund.group, dachshund.is_known) == (148, 4, True)
    assert (dachshund.photos, dachshund.labelled, dachshund.right) == (6, 1, 0)
    assert (sausage.photos, sausage.labelled, sausage.right, sausage.is_known) == (1, 1, 0, False)
    # Two classes that are one breed share their probability.
    scanned.rename_breed("Sausage Dog", "Dachshund", merge=True)
    scanned.rename_breed("Wurst", "Dachshund", merge=True)
    (dachshund,) = [one for one in scanned.breeds_overview(learned) if one.labelled]
    assert (dachshund.photos, dachshund.labelled, dachshund.right) == (8, 2, 2)


def test_without_a_classifier_the_model_in_use_is_the_catalogues(
    scanned: Catalogue, classifier: Classifier
) -> None:
    assert all(one.is_known for one in scanned.breeds_overview())
    with scanned._database.write() as connection:
        number = scanned.models.number(classifier.bundle.identity)
        connection.execute(update(schema.catalogue).values(model_id=number))
    assert sum(one.is_known for one in scanned.breeds_overview()) == 3
