"""What an animal is, in words."""

from collections.abc import Callable
from datetime import date

import pytest

from barkive.catalogue.animal_records import Animal, AnimalVerdict, Origin, Sex
from barkive.catalogue.export.animal_words import (
    age_words,
    birth_words,
    breed_words,
    sex_words,
    species_words,
    status_words,
)
from barkive.verdicts import BreedName, Candidate, Status

DAY = date(2026, 11, 29)
BOXER, AKITA = BreedName("b", "Boxer", "Boxer"), BreedName("a", "Akita", "Akita")
PUG = BreedName("p", "Pug", "Carlin")


@pytest.mark.parametrize(
    ("birth", "exact", "estimate"),
    [
        ("2026-11-29", "under a week", "under a week"),
        ("2026-11-22", "1 week", "about 1 week"),
        ("2026-09-28", "8 weeks", "about 8 weeks"),
        ("2026-09-27", "2 months", "about 2 months"),
        ("2024-11-30", "23 months", "about 23 months"),
        ("2024-11-29", "2 years", "about 2 years"),
        ("2021-11-30", "4 years", "about 4 years"),
        ("2026-11", "under a month", "under a month"),
        ("2026-10", "1 month", "about 1 month"),
        ("2026", "under a year", "under a year"),
        ("2025", "about 1 year", "about 1 year"),
        ("2021", "about 5 years", "about 5 years"),
        ("2027", None, None),
        ("2026-12", None, None),
        ("2026-11-30", None, None),
    ],
)
def test_age(birth: str, exact: str | None, estimate: str | None) -> None:
    assert age_words(birth, False, DAY, "en") == exact
    assert age_words(birth, True, DAY, "en") == estimate


def test_age_in_french() -> None:
    births = ("2026-11-29", "2026-11-10", "2025-12-01", "2021-05-31", "2021")
    assert [age_words(birth, False, DAY, "fr") for birth in births] == [
        *("moins d'une semaine", "2 semaines", "11 mois", "5 ans", "environ 5 ans"),
    ]


def test_birth() -> None:
    births = ("2021-05-31", "2021-05-01", "2021-05", "2021")
    assert [birth_words(one, False, "en") for one in births] == [
        *("31 May 2021", "1 May 2021", "May 2021", "2021"),
    ]
    assert [birth_words(one, True, "fr") for one in births] == [
        *("31 mai 2021 (estimation)", "1er mai 2021 (estimation)"),
        *("mai 2021 (estimation)", "2021 (estimation)"),
    ]


@pytest.mark.parametrize(
    ("status", "breeds", "origin", "english", "french"),
    [
        (Status.DOG, (BOXER,), Origin.ANIMAL, "Boxer", "Boxer"),
        (Status.DOG, (PUG,), Origin.LABELS, "looks like a Pug", "ressemble à un Carlin"),
        (Status.DOG, (AKITA, PUG), Origin.MODEL, "looks like an Akita", "ressemble à un Akita"),
        (
            *(Status.DOG, (PUG, BOXER), Origin.ANIMAL),
            *("a cross of Boxer and Pug", "un croisement de Boxer et Carlin"),
        ),
        (
            *(Status.DOG, (PUG, BOXER), Origin.LABELS),
            *(
                "looks like a cross of Boxer and Pug",
                "ressemble à un croisement de Boxer et Carlin",
            ),
        ),
        (Status.UNCERTAIN, (PUG,), Origin.MODEL, "breed not known", "race non connue"),
        (None, (), None, "breed not known", "race non connue"),
    ],
)
def test_breed(
    status: Status | None,
    breeds: tuple[BreedName, ...],
    origin: Origin | None,
    english: str,
    french: str,
    make_animal: Callable[..., Animal],
) -> None:
    verdict = AnimalVerdict(status, tuple(Candidate(one, 0.5) for one in breeds), origin)
    animal = make_animal(verdict=verdict)
    assert (breed_words(animal, "en"), breed_words(animal, "fr")) == (english, french)


def test_sex_species_and_status(make_animal: Callable[..., Animal]) -> None:
    rex = make_animal(sex=Sex.FEMALE, status="adopted", species="rabbit")
    assert (sex_words(rex, "fr"), status_words(rex, "fr")) == ("femelle", "adopté")
    assert species_words(rex, "fr") == "lapin"
    own = make_animal(status="chez le vétérinaire", species="chinchilla")
    assert (sex_words(own, "en"), status_words(own, "en")) == (None, "chez le vétérinaire")
    assert species_words(own, "en") == "chinchilla"
