"""Classes of a detector: their order, their names, and which one a dog is of."""

from dataclasses import replace

from barkive.catalogue.export.categories import Categories
from barkive.catalogue.records import EntryDog
from barkive.verdicts import BreedName, Candidate

PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
MINE = BreedName("mine", "", "")


def test_dogs_of_no_breed_come_first_then_breeds_by_name() -> None:
    assert Categories([PUG, MALTESE, MINE], "en").names == ("Dog", "Maltese", "mine", "Pug")
    assert Categories([PUG, MALTESE, MINE], "fr").names == (
        *("Chien", "Bichon maltais", "Carlin", "mine"),
    )
    assert Categories([], "en").names == ("Dog",)


def test_no_two_have_one_name() -> None:
    others = [BreedName("b", "Pug", "b"), BreedName("dog", "Dog", "dog"), PUG]
    assert Categories(others, "en").names == ("Dog", "Dog (dog)", "Pug (b)", "Pug (n02110958)")


def test_the_class_of_a_dog(pug: EntryDog, unsure: EntryDog, cross: EntryDog) -> None:
    categories = Categories([PUG, MALTESE], "en")
    elsewhere = replace(pug, breeds=(Candidate(MINE, 1.0),))
    assert [categories.of(dog) for dog in (pug, unsure, cross, elsewhere)] == [2, 0, 0, 0]
    assert [categories.all_of(dog) for dog in (pug, unsure, cross, elsewhere)] == [
        *(["Pug"], ["Dog"], ["Pug", "Maltese"], ["Dog"]),
    ]


def test_how_sure_a_class_is(pug: EntryDog, unsure: EntryDog, cross: EntryDog) -> None:
    categories = Categories([PUG, MALTESE], "en")
    assert [categories.confidence(dog) for dog in (pug, unsure, cross)] == [0.72, 0.6, 1.0]
