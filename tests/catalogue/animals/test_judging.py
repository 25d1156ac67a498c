"""What an animal's photos say of it together, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text, update

from barkive.bundle import BundleInfo
from barkive.catalogue import (
    Animal,
    AnimalFields,
    AnimalFilter,
    AnimalVerdict,
    Catalogue,
    Kind,
    Label,
    Origin,
)
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.verdicts import BreedName, Status

MakePhoto = Callable[..., Path]
# Of these the model says 0.9, 0.7 and 0.5, and that it is sure of the first two.
CLEAR, LESS, UNSURE, DARK = (179, 9, 9), (139, 29, 29), (99, 49, 49), (9, 9, 9)
PUG = (9, 179, 9)


@pytest.fixture
def look(catalogue: Catalogue, tmp_path: Path, classifier: Classifier) -> Callable[..., list[str]]:
    """Catalogues photos of these colours, each of another size; gives their paths."""

    def make(*colours: tuple[int, int, int]) -> list[str]:
        paths = [str(tmp_path / f"{i}.png") for i, _ in enumerate(colours)]
        for i, (path, colour) in enumerate(zip(paths, colours, strict=True)):
            Image.new("RGB", (40, 30 - i), colour).save(path)
        catalogue.scan(paths, classifier=classifier)
        return paths

    return make


def said(verdict: AnimalVerdict) -> tuple[str | None, str | None, dict[str, float]]:
    """Status, origin, and the breeds."""
    breeds = {one.label.en: round(one.probability, 4) for one in verdict.breeds}
    return verdict.status, verdict.origin, breeds


def told(catalogue: Catalogue, animal: Animal) -> list[tuple[str, str, str, bool]]:
    """What each photo of an animal says: file, status, breeds, and whether it contradicts."""
    return [
        (
            Path(one.entry.file).stem,
            one.status.value,
            " x ".join(breed.label.en for breed in one.breeds[: 2 if one.corrected else 1]),
            one.disagrees,
        )
        for one in catalogue.animals.views(animal.id)
    ]


def test_the_model_says_what_its_views_say_together(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, LESS, UNSURE, DARK)
    rex = catalogue.animals.new(AnimalFields(name="Rex"), photos)
    breeds = {"Chihuahua": 0.7, "Pug": 0.15, "Maltese": 0.15}
    assert said(rex.verdict) == ("dog", "model", breeds)
    assert (rex.verdict.views, rex.verdict.disagrees, rex.photos) == (3, False, 4)
    assert [one.en for one in rex.verdict.labels] == ["Chihuahua"]
    assert told(catalogue, rex) == [
        ("0", "dog", "Chihuahua", False),
        ("1", "dog", "Chihuahua", False),
        ("2", "uncertain", "Chihuahua", False),
        ("3", "not_dog", "", False),
    ]
    assert catalogue.animals.get("Rex") == rex
    doubtful = catalogue.animals.new(AnimalFields(), [photos[1], photos[2]])
    assert said(doubtful.verdict)[0] == "uncertain"
    assert doubtful.verdict.labels == ()


def test_one_photo_says_what_it_says_alone(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(LESS, UNSURE, DARK)
    for photo, status in zip(photos, ("dog", "uncertain", None), strict=True):
        assert catalogue.animals.new(AnimalFields(), [photo]).verdict.status == status
    assert catalogue.animals.new().verdict == AnimalVerdict()


def test_views_that_contradict_each_other(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    rex = catalogue.animals.new(AnimalFields(), look(CLEAR, CLEAR, PUG))
    assert said(rex.verdict) == (
        "uncertain",
        "model",
        {"Chihuahua": 0.6167, "Pug": 0.3333, "Maltese": 0.05},
    )
    assert rex.verdict.disagrees
    assert [disagrees for *_, disagrees in told(catalogue, rex)] == [False, False, True]
    assert catalogue.animals.count(AnimalFilter(disagrees=True)) == 1


def test_near_duplicates_count_as_one(
    catalogue: Catalogue, make_photo: MakePhoto, classifier: Classifier
) -> None:
    first, other = make_photo("a.png", (64, 48)), make_photo("b.png", (64, 48), 1)
    with Image.open(first) as photo:
        photo.save(first.with_name("c.jpg"), quality=70)
    catalogue.scan([first.parent], classifier=classifier)
    photos = [first, other, first.with_name("c.jpg")]
    rex = catalogue.animals.new(AnimalFields(), photos)
    assert (rex.photos, rex.verdict.views) == (3, 2)
    views = catalogue.animals.views(rex.id)
    numbers = {Path(one.entry.file).name: one.entry.id for one in views}
    assert {Path(one.entry.file).name: one.same_as for one in views} == {
        "a.png": None,
        "b.png": None,
        "c.jpg": numbers["a.png"],
    }


def test_labels_of_photos_beat_the_model(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, LESS, UNSURE)
    rex = catalogue.animals.new(AnimalFields(name="Rex"), photos)
    catalogue.label(photos[2], Label(Kind.BREED, ("Boxer",)))
    found = catalogue.animals.get("Rex").verdict
    assert said(found) == ("dog", "labels", {"Boxer": 1.0})
    assert (found.views, found.disagrees) == (1, False)
    assert [disagrees for *_, disagrees in told(catalogue, rex)] == [True, True, False]
    catalogue.label(photos[1], Label(Kind.BREED, ("Boxer",)))
    assert catalogue.animals.get("Rex").verdict.views == 2
    assert [one.name for one in catalogue.animals.list(AnimalFilter(breed="Boxer"))] == ["Rex"]


def test_a_label_that_agrees_with_the_model_is_noticed(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR)
    catalogue.animals.new(AnimalFields(name="Rex"), photos)
    catalogue.label(photos[0], Label(Kind.BREED, ("Chihuahua",)))
    assert said(catalogue.animals.get("Rex").verdict) == ("dog", "labels", {"Chihuahua": 1.0})
    catalogue.label(photos[0], Label(Kind.UNDO))
    assert catalogue.animals.get("Rex").verdict.origin is Origin.MODEL


def test_labels_that_differ_are_no_answer(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, CLEAR, CLEAR)
    rex = catalogue.animals.new(AnimalFields(name="Rex"), photos)
    catalogue.label(photos[0], Label(Kind.CROSS, ("Boxer", "Pug")))
    catalogue.label(photos[1], Label(Kind.BREED, ("Boxer",)))
    found = catalogue.animals.get("Rex").verdict
    assert said(found) == ("uncertain", "labels", {"Boxer": 0.75, "Pug": 0.25})
    assert (found.disagrees, found.labels) == (True, ())
    assert told(catalogue, rex)[:2] == [
        ("0", "dog", "Boxer x Pug", True),
        ("1", "dog", "Boxer", False),
    ]


def test_what_people_say_of_the_animal_is_its_breed(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, PUG)
    rex = catalogue.animals.new(AnimalFields(name="Rex", breeds=["Boxer", "Beagle"]), photos)
    assert said(rex.verdict) == ("dog", "animal", {"Boxer": 0.5, "Beagle": 0.5})
    assert (rex.verdict.disagrees, len(rex.verdict.labels), rex.verdict.views) == (False, 2, 0)
    assert catalogue.animals.count(AnimalFilter(breed="Beagle")) == 1
    catalogue.label(photos[0], Label(Kind.CROSS, ("Beagle", "Boxer")))
    assert not catalogue.animals.get("Rex").verdict.disagrees
    catalogue.label(photos[1], Label(Kind.BREED, ("Boxer",)))
    assert catalogue.animals.get("Rex").verdict.disagrees
    assert [disagrees for *_, disagrees in told(catalogue, rex)] == [False, True]
    catalogue.animals.edit("Rex", AnimalFields(breeds=[]))
    assert said(catalogue.animals.get("Rex").verdict)[:2] == ("uncertain", "labels")


def test_what_is_no_dog_or_cannot_be_told_does_not_count(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, PUG, PUG)
    catalogue.animals.new(AnimalFields(name="Rex"), photos)
    catalogue.label(photos[1], Label(Kind.NOT_DOG))
    catalogue.label(photos[2], Label(Kind.UNSURE))
    found = catalogue.animals.get("Rex").verdict
    assert said(found)[0] == "dog"
    assert (found.labels[0].en, found.views) == ("Chihuahua", 1)


def test_other_species_have_no_breed_of_the_model(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    cat = catalogue.animals.new(AnimalFields(species="cat"), look(CLEAR))
    assert cat.verdict == AnimalVerdict()


def test_one_dog_of_several(
    catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto
) -> None:
    photo = pair_photo("pair.png", CLEAR, PUG)
    catalogue.scan([photo], classifier=pair_classifier)
    right = (catalogue.photo(photo).dogs or ())[1]
    rex = catalogue.animals.new(AnimalFields(name="Rex"), [photo])
    mila = catalogue.animals.add(catalogue.animals.new(AnimalFields(name="Mila")), [photo])
    mila = catalogue.animals.add(mila, [photo], dog=right.id)
    assert [one.en for one in rex.verdict.labels] == ["Chihuahua"]
    assert [one.en for one in mila.verdict.labels] == ["Pug"]
    catalogue.label(photo, Label(Kind.BREED, ("Boxer",), dog=right.id))
    assert said(catalogue.animals.get("Mila").verdict) == ("dog", "labels", {"Boxer": 1.0})
    assert said(catalogue.animals.get("Rex").verdict)[:2] == ("dog", "model")
    # When its box is taken away, the dog is not on the photo any more.
    catalogue.label(photo, Label(Kind.NOT_DOG, dog=right.id))
    assert said(catalogue.animals.get("Mila").verdict) == (None, None, {})
    assert [one.dog for one in catalogue.animals.views(mila.id)] == [right.id]
    assert said(catalogue.animals.get("Rex").verdict)[:2] == ("dog", "model")


def test_one_dog_of_a_photo_that_was_rewritten(
    catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto
) -> None:
    """The number of a dog is of the file's content; it is found again where it was."""
    photo = pair_photo("pair.png", CLEAR, PUG)
    catalogue.scan([photo], classifier=pair_classifier)
    right = (catalogue.photo(photo).dogs or ())[1]
    catalogue.animals.new(AnimalFields(name="Mila"), [photo])
    catalogue.animals.add("Mila", [photo], dog=right.id)
    with Image.open(photo) as image:
        kept = image.copy()
    kept.info["comment"] = "another content"
    kept.save(photo, compress_level=1)
    catalogue.scan([photo], classifier=pair_classifier)
    assert right.id not in [one.id for one in catalogue.photo(photo).dogs or ()]
    assert [one.en for one in catalogue.animals.get("Mila").verdict.labels] == ["Pug"]


def test_models_with_other_breeds_count_breed_by_breed(
    catalogue: Catalogue,
    look: Callable[..., list[str]],
    colour_photo: MakePhoto,
    write_bundle: Callable[..., Path],
    colour_info: BundleInfo,
    tmp_path: Path,
) -> None:
    labels = (*colour_info.labels[:2], BreedName("boxer", "Boxer", "Boxer"))
    info = replace(colour_info, name="others", labels=labels)
    other = Classifier(write_bundle(tmp_path / "other.onnx", info.to_metadata()), dogs=False)
    photos = [*look(CLEAR), str(colour_photo("other.png", LESS))]
    catalogue.scan(photos[1:], classifier=other)
    rex = catalogue.animals.new(AnimalFields(), photos)
    breeds = {"Chihuahua": 0.8, "Pug": 0.1, "Boxer": 0.075, "Maltese": 0.025}
    assert said(rex.verdict) == ("dog", "model", breeds)


def test_breeds_that_people_merge_are_one(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, CLEAR)
    catalogue.animals.new(AnimalFields(name="Rex"), photos)
    catalogue.label(photos[0], Label(Kind.BREED, ("Bouvier du Nord",), other=True))
    catalogue.label(photos[1], Label(Kind.BREED, ("Northern Bouvier",), other=True))
    assert catalogue.animals.get("Rex").verdict.disagrees
    catalogue.rename_breed("Bouvier du Nord", "Northern Bouvier", merge=True)
    found = catalogue.animals.get("Rex").verdict
    assert said(found) == ("dog", "labels", {"Northern Bouvier": 1.0})
    catalogue.rename_breed("Northern Bouvier", "Hill Hound")
    assert [one.name for one in catalogue.animals.list(AnimalFilter(text="hill"))] == ["Rex"]


def test_words(catalogue: Catalogue, look: Callable[..., list[str]]) -> None:
    """An animal is found by its code, whole or in parts, its name, its notes and its breed."""
    fields = AnimalFields(code="2026-113", name="L’Élan", notes="aime l'eau")
    catalogue.animals.new(fields, look(CLEAR))
    for words in ("2026-113", "113", "elan", "l’el", "eau", "CHIHUA", "aime chihuahua 2026"):
        assert catalogue.animals.count(AnimalFilter(text=words)) == 1, words
    for words in ("13", "pug", "lan"):
        assert catalogue.animals.count(AnimalFilter(text=words)) == 0, words


def test_the_best_photo_stands_for_an_animal(
    catalogue: Catalogue, tmp_path: Path, classifier: Classifier
) -> None:
    sizes = {"dark": (80, DARK), "unsure": (70, UNSURE), "clear": (40, CLEAR), "large": (50, LESS)}
    for name, (side, colour) in sizes.items():
        Image.new("RGB", (side, side), colour).save(tmp_path / f"{name}.png")
    photos = {name: tmp_path / f"{name}.png" for name in sizes}
    catalogue.scan(list(map(str, photos.values())), classifier=classifier)
    rex = catalogue.animals.new(AnimalFields(name="Rex"), photos.values())

    def main() -> tuple[str, bool]:
        animal = catalogue.animals.get("Rex")
        first = catalogue.animals.views(rex.id)[0].entry
        assert first.id == animal.main_photo
        return Path(first.file).stem, animal.is_main_chosen

    assert main() == ("large", False)
    photos["large"].unlink()
    catalogue.scan([str(tmp_path)], classifier=classifier)
    assert main() == ("clear", False)
    unsure = catalogue.photo(photos["unsure"]).id
    catalogue.animals.edit("Rex", AnimalFields(main_photo=unsure))
    assert main() == ("unsure", True)


def test_of_copies_the_one_that_is_there_is_shown(
    catalogue: Catalogue, look: Callable[..., list[str]], tmp_path: Path, classifier: Classifier
) -> None:
    (photo,) = look(CLEAR)
    copied = tmp_path / "copy" / "rex.png"
    copied.parent.mkdir()
    shutil.copy(photo, copied)
    catalogue.scan([str(copied)], classifier=classifier)
    rex = catalogue.animals.new(AnimalFields(), [photo])
    assert rex.photos == rex.verdict.views == 1
    Path(photo).unlink()
    catalogue.scan([str(tmp_path)], classifier=classifier)
    assert [Path(one.entry.file) for one in catalogue.animals.views(rex.id)] == [copied]


def test_refresh_derives_what_is_stale_alone(
    catalogue: Catalogue, look: Callable[..., list[str]]
) -> None:
    photos = look(CLEAR, PUG)
    rex, mila = (catalogue.animals.new(AnimalFields(), [photo]) for photo in photos)
    table = schema.animal
    with catalogue._database.write() as connection:
        connection.execute(update(table).values(photos=7, verdict=None))
        stale = update(table).where(table.c.number == rex.id)
        connection.execute(stale.values(stale=True))
    catalogue.animals.refresh()
    assert catalogue.animals.get(rex.id) == rex
    assert catalogue.animals.get(mila.id).photos == 7


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_a_catalogue_that_can_only_be_read_shows_what_was_derived(
    catalogue: Catalogue, look: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = look(CLEAR)
    catalogue.animals.new(AnimalFields(name="Rex"), photos)
    with catalogue._database.write() as connection:
        connection.execute(text("UPDATE animal SET stale = 1, photos = 7"))
    monkeypatch.setattr("barkive.catalogue.db.access.why_not_written", lambda file: "a reason")
    monkeypatch.setattr(catalogue._database, "_why", "a reason")
    monkeypatch.setattr(catalogue._database, "_as_of", None)
    assert catalogue.animals.get("Rex").photos == 7
    assert catalogue.animals.get("Rex").verdict.status is Status.DOG
