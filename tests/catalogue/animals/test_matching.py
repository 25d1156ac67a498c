"""Which of our dogs is this: animals by how like their photos are, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.catalogue import Animal, AnimalFields, AnimalFilter, Catalogue, Match
from barkive.catalogue.animals import matching
from barkive.classifier import Classifier
from barkive.errors import (
    UnknownAnimalError,
    UnknownBreedError,
    UnknownDogError,
    UnknownPhotoError,
    UsageError,
)

RED, GREEN, BLUE, ORANGE = (250, 10, 10), (10, 250, 10), (10, 10, 250), (250, 120, 10)


@pytest.fixture(params=[0, 5000])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Animals are looked for among the likest photos first, or all photos are looked at."""
    monkeypatch.setattr(matching, "_FEW", request.param)
    monkeypatch.setattr(matching, "_LIKEST", 50)


@pytest.fixture
def animals(
    catalogue: Catalogue, colour_photo: Callable[..., Path], classifier: Classifier
) -> dict[str, Animal]:
    """A red, an orange and a green animal; the red one has a blue photo as well."""
    photos = {
        name: colour_photo(f"p/{name}.png", colour)
        for name, colour in {"red": RED, "blue": BLUE, "orange": ORANGE, "green": GREEN}.items()
    }
    catalogue.scan(photos["red"].parent, classifier=classifier)
    made = {
        "Red": catalogue.animals.new(
            AnimalFields(name="Red", status="lost"), [photos["red"], photos["blue"]]
        ),
        "Orange": catalogue.animals.new(AnimalFields(name="Orange"), [photos["orange"]]),
        "Green": catalogue.animals.new(AnimalFields(name="Green"), [photos["green"]]),
    }
    return {name: catalogue.animals.get(one.id) for name, one in made.items()}


def said(catalogue: Catalogue, found: list[Match]) -> list[tuple[str | None, str]]:
    """Animals with the name of the likest photo."""
    files = {one.id: Path(one.file).stem for one in catalogue.search()}
    assert [one.similarity for one in found] == sorted(
        (one.similarity for one in found), reverse=True
    )
    return [(one.animal.name, files[one.photo]) for one in found]


def test_a_photo_that_is_not_in_the_catalogue(
    catalogue: Catalogue,
    animals: dict[str, Animal],
    colour_photo: Callable[..., Path],
    classifier: Classifier,
) -> None:
    found_dog = colour_photo("found.png", (240, 20, 20))
    found = catalogue.animals.match(found_dog, classifier=classifier)
    assert said(catalogue, found) == [("Red", "red"), ("Orange", "orange"), ("Green", "green")]
    assert found[0].similarity == pytest.approx(1, abs=0.01)
    assert found[0].to_json("fr") == {
        "animal": animals["Red"].to_json("fr"),
        "photo": found[0].photo,
        "similarity": round(found[0].similarity, 4),
    }
    blue = colour_photo("found2.png", (20, 20, 240))
    found = catalogue.animals.match(blue, classifier=classifier, limit=1)
    assert said(catalogue, found) == [("Red", "blue")]


def test_a_photo_of_the_catalogue_is_not_its_own_answer(
    catalogue: Catalogue, animals: dict[str, Animal]
) -> None:
    number = next(one.id for one in catalogue.search() if Path(one.file).stem == "red")
    found = said(catalogue, catalogue.animals.match(number))
    assert found[0] == ("Orange", "orange")
    assert set(found[1:]) == {("Red", "blue"), ("Green", "green")}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        (AnimalFilter(status=["lost"]), ["Red"]),
        (AnimalFilter(status=["in_care"]), ["Orange", "Green"]),
        (AnimalFilter(text="gre"), ["Green"]),
        (AnimalFilter(status=["deceased"]), []),
    ],
)
def test_only_some_animals(
    catalogue: Catalogue,
    animals: dict[str, Animal],
    colour_photo: Callable[..., Path],
    classifier: Classifier,
    query: AnimalFilter,
    names: list[str],
) -> None:
    found_dog = colour_photo("found.png", (240, 20, 20))
    found = catalogue.animals.match(found_dog, classifier=classifier, query=query)
    assert [one.animal.name for one in found] == names


@pytest.mark.usefixtures("few")
def test_animals_of_many_photos_do_not_hide_others(
    catalogue: Catalogue,
    animals: dict[str, Animal],
    colour_photo: Callable[..., Path],
    classifier: Classifier,
) -> None:
    many = [colour_photo(f"p/{i}.png", (240, i, i)) for i in range(30)]
    catalogue.scan(many[0].parent, classifier=classifier)
    catalogue.animals.add("Red", many)
    found_dog = colour_photo("found.png", (240, 20, 20))
    found = catalogue.animals.match(found_dog, classifier=classifier, limit=2)
    assert [one.animal.name for one in found] == ["Red", "Orange"]


def test_similar_animals(catalogue: Catalogue, animals: dict[str, Animal]) -> None:
    found = catalogue.animals.similar("Orange", limit=1)
    assert said(catalogue, found) == [("Red", "red")]
    assert catalogue.animals.similar("Red")[0].animal.name == "Orange"
    catalogue.animals.new(AnimalFields(name="None"))
    assert catalogue.animals.similar("None") == []


def test_a_dog_among_several(
    catalogue: Catalogue,
    pair_photo: Callable[..., Path],
    pair_classifier: Classifier,
    colour_photo: Callable[..., Path],
) -> None:
    pair = pair_photo("p/pair.png", RED, GREEN)
    single = colour_photo("p/green.png", GREEN)
    catalogue.scan(pair.parent, classifier=pair_classifier)
    entries = {Path(one.file).stem: one for one in catalogue.search()}
    left, right = entries["pair"].dogs or ()
    assert {left.breeds[0].label.en, right.breeds[0].label.en} == {"Chihuahua", "Pug"}
    pug = right if right.breeds[0].label.en == "Pug" else left
    rex = catalogue.animals.new(AnimalFields(name="Rex"), [pair])
    luna = catalogue.animals.new(AnimalFields(name="Luna"))
    catalogue.animals.add(luna, [pair], dog=pug.id)
    found = catalogue.animals.match(single)
    assert [(one.animal.name, one.photo) for one in found] == [
        ("Luna", entries["pair"].id),
        ("Rex", entries["pair"].id),
    ]
    assert found[0].similarity > 0.99 > found[1].similarity
    catalogue.animals.add(rex, [single])
    found = catalogue.animals.match(pair, dog=pug.id)
    assert [(one.animal.name, one.photo) for one in found] == [("Rex", entries["green"].id)]


def test_what_is_wrong_is_said(
    catalogue: Catalogue, animals: dict[str, Animal], tmp_path: Path
) -> None:
    number = catalogue.animals.get("Red").main_photo
    assert number is not None
    with pytest.raises(UsageError):
        catalogue.animals.match(number, limit=0)
    with pytest.raises(UsageError):
        catalogue.animals.similar("Red", limit=0)
    with pytest.raises(UnknownPhotoError):
        catalogue.animals.match(5)
    with pytest.raises(UnknownDogError):
        catalogue.animals.match(number, dog=5)
    with pytest.raises(UnknownAnimalError):
        catalogue.animals.similar("Nobody")
    with pytest.raises(UnknownBreedError):
        catalogue.animals.match(number, query=AnimalFilter(breed="Unicorn"))
