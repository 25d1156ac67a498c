"""Animal Shelter Manager's import by animal: its rows, and what a second export holds."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from barkive.catalogue.animal_records import Animal, AnimalVerdict, Origin, Sex
from barkive.catalogue.export.asm3 import BreedList, asm3_animal_rows, asm3_rows
from barkive.catalogue.export.breed_list import asm3_breed_list
from barkive.catalogue.export.exporter import AnimalPhotos, Sending
from barkive.catalogue.records import Entry
from barkive.messages import Language
from barkive.verdicts import BreedName, Candidate, Status

MakeAnimal = Callable[..., Animal]
DAY = date(2026, 11, 29)
PUG, BOXER = BreedName("pug", "Pug", "Carlin"), BreedName("boxer", "Boxer", "Boxer")
IS_PUG = AnimalVerdict(Status.DOG, (Candidate(PUG, 0.97), Candidate(BOXER, 0.03)), Origin.MODEL)
IS_CROSS = AnimalVerdict(Status.DOG, (Candidate(PUG, 0.5), Candidate(BOXER, 0.5)), Origin.ANIMAL)
IS_UNSURE = AnimalVerdict(Status.UNCERTAIN, (Candidate(PUG, 0.6),), Origin.MODEL)


@pytest.fixture
def photo(
    colour_photo: Callable[..., Path], make_entry: Callable[..., Entry]
) -> Callable[..., Entry]:
    """An entry of a small photo, by the number of its picture."""

    def make(picture: int) -> Entry:
        path = colour_photo(f"{picture}.png", (picture, 0, 0))
        return make_entry(id=100 + picture, picture=picture, file=str(path))

    return make


def sent(
    *animals: AnimalPhotos,
    earlier: Sending | None = None,
    lang: Language = "en",
    breed_list: BreedList | None = None,
) -> tuple[list[dict[str, str]], Sending]:
    """The rows, each without its empty cells, and with `+` for a picture."""
    sending = Sending(earlier=earlier.now if earlier is not None else {})
    names = breed_list or asm3_breed_list(lang)
    text = "".join(asm3_animal_rows(animals, names, lang, sending, DAY))
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    short = [
        {
            column: "+" if text.startswith("data:image/jpeg;base64,/9j/") else text
            for column, text in row.items()
            if text
        }
        for row in rows
    ]
    return short, sending


def changes(sending: Sending, lang: Language = "en") -> list[str]:
    return [one.text(lang).replace("\u202f", " ") for one in sending.by_hand]


def test_an_animal_and_its_photos(make_animal: MakeAnimal, photo: Callable[..., Entry]) -> None:
    rex = make_animal(
        sex=Sex.MALE,
        birth="2021-05-31",
        arrived=date(2026, 5, 4),
        notes='Gentle; "the lion".',
        verdict=IS_PUG,
        main_photo=102,
    )
    rows, sending = sent(AnimalPhotos(rex, (photo(2), photo(1))))
    assert rows == [
        {
            "ANIMALCODE": "2026-113",
            "ANIMALNAME": "Rex",
            "ANIMALSPECIES": "Dog",
            "ANIMALBREED1": "Pug",
            "ANIMALSEX": "Male",
            "ANIMALDOB": "2021-05-31",
            "ANIMALENTRYDATE": "2026-05-04",
            "ANIMALCOMMENTS": "Gentle; ''the lion''.",
            "ANIMALIMAGE": "+",
            "ANIMALADDITIONALBARKIVEPROBABILITY": "0.97",
            "ANIMALADDITIONALBARKIVEMODEL": "colours@0123456789ab",
        },
        {"ANIMALCODE": "2026-113", "ANIMALNAME": "Rex", "ANIMALIMAGE": "+"},
    ]
    assert sending.now[rex.id].pictures == {1, 2}
    assert sending.by_hand == []


def test_the_header_is_that_of_photos() -> None:
    names = asm3_breed_list()
    assert next(asm3_animal_rows([], names, "en", Sending())) == next(
        asm3_rows([], names, "en", Sending())
    )


@pytest.mark.parametrize(
    ("birth", "estimate", "cells"),
    [
        ("2021-05-31", False, {"ANIMALDOB": "2021-05-31"}),
        ("2021-05-31", True, {"ANIMALAGE": "5.5"}),
        ("2026-11", False, {"ANIMALAGE": "0.1"}),
        ("2019", False, {"ANIMALAGE": "7.4"}),
        (
            *(None, False),
            {
                "ANIMALAGE": "1",
                "ANIMALHIDDENDETAILS": "Imported from Barkive: the age is not known, one year "
                "stands in for it.",
            },
        ),
    ],
)
def test_ages(
    birth: str | None, estimate: bool, cells: dict[str, str], make_animal: MakeAnimal
) -> None:
    rex = make_animal(birth=birth, birth_is_estimate=estimate, verdict=IS_PUG)
    ((row,), _) = sent(AnimalPhotos(rex))
    about = ("ANIMALDOB", "ANIMALAGE", "ANIMALHIDDENDETAILS")
    assert {column: text for column, text in row.items() if column in about} == cells


def test_breeds(make_animal: MakeAnimal) -> None:
    cross = make_animal(verdict=IS_CROSS, birth="2021-05-31")
    unsure = make_animal(id=2, code=None, name=None, verdict=IS_UNSURE, birth="2021-05-31")
    cat = make_animal(id=3, code="K1", species="cat", birth="2021-05-31")
    rows, _ = sent(*map(AnimalPhotos, (cross, unsure, cat)), lang="fr")
    about = ("ANIMALCODE", "ANIMALNAME", "ANIMALSPECIES", "ANIMALBREED1", "ANIMALBREED2")
    assert [[row.get(column) for column in about] for row in rows] == [
        ["2026-113", "Rex", "Chien", "Carlin", "Boxer"],
        ["BA2", "BA2", "Chien", "Race croisée", None],
        ["K1", "Rex", "Chat", "Race croisée", None],
    ]
    assert rows[1]["ANIMALHIDDENDETAILS"].replace("\u202f", " ") == (
        "La race n'est pas sûre (Carlin 60 %)."
    )
    names = BreedList(["Unknown", "Pug Dog"])
    rows, _ = sent(AnimalPhotos(cross), AnimalPhotos(unsure), breed_list=names)
    assert [row["ANIMALBREED1"] for row in rows] == ["Pug Dog", "Unknown"]


@pytest.mark.parametrize("status", ["adopted", "lost", "deceased"])
def test_one_that_is_not_at_the_shelter_has_no_row(status: str, make_animal: MakeAnimal) -> None:
    rows, sending = sent(AnimalPhotos(make_animal(status=status)))
    assert (rows, sending.skipped, sending.now) == ([], 1, {})


def test_a_second_export_holds_nothing(
    make_animal: MakeAnimal, photo: Callable[..., Entry]
) -> None:
    rex = AnimalPhotos(make_animal(verdict=IS_PUG), (photo(1),))
    _, first = sent(rex)
    rows, second = sent(rex, earlier=first, lang="fr")
    assert (rows, changes(second), second.unchanged) == ([], [], 1)


def test_a_second_export_holds_what_is_new(
    make_animal: MakeAnimal, photo: Callable[..., Entry]
) -> None:
    rex = make_animal(verdict=IS_PUG, birth="2021")
    _, first = sent(AnimalPhotos(rex, (photo(1),)))
    later = replace(rex, notes="Knows cats.", birth="2021-05-31")
    rows, second = sent(AnimalPhotos(later, (photo(1), photo(2), photo(3))), earlier=first)
    called = {"ANIMALCODE": "2026-113", "ANIMALNAME": "Rex"}
    assert rows == [
        {
            **called,
            "ANIMALDOB": "2021-05-31",
            "ANIMALCOMMENTS": "Knows cats.",
            "ANIMALIMAGE": "+",
        },
        {**called, "ANIMALIMAGE": "+"},
    ]
    assert changes(second) == []
    assert second.now[rex.id].pictures == {1, 2, 3}


def test_what_the_import_would_not_take_is_to_be_changed_by_hand(make_animal: MakeAnimal) -> None:
    rex = make_animal(verdict=IS_PUG, birth="2021-05-31", notes="Barks.\n" * 20)
    _, first = sent(AnimalPhotos(rex))
    later = replace(
        rex,
        code="2026-200",
        name="Rocky",
        verdict=IS_CROSS,
        sex=Sex.MALE,
        birth="2022",
        arrived=date(2026, 5, 4),
        status="adopted",
        notes=None,
    )
    rows, second = sent(AnimalPhotos(later), earlier=first)
    assert rows == []
    there = "In Animal Shelter Manager, "
    assert changes(second) == [
        f"{there}change the code of 2026-113 Rex from “2026-113” to “2026-200”.",
        f"{there}change the name of 2026-113 Rex from “Rex” to “Rocky”.",
        f"{there}change the breed of 2026-113 Rex from “Pug” to “Pug x Boxer”.",
        f"{there}set the sex of 2026-113 Rex to “male”.",
        f"{there}change the date of birth of 2026-113 Rex from “31 May 2021” to “2022”.",
        f"{there}set the date of entry of 2026-113 Rex to “4 May 2026”.",
        f"{there}change the status of 2026-113 Rex from “in care” to “adopted”.",
        f"{there}take the comments “{'Barks. ' * 8}Bark…” away from 2026-113 Rex.",
    ]
    assert changes(second, "fr")[2] == (
        "Dans Animal Shelter Manager, pour 2026-113 Rex, remplacez la race « Pug » par "
        "« Pug x Boxer »."
    )
    assert changes(sent(AnimalPhotos(later), earlier=second)[1]) == []


def test_a_new_photo_goes_under_the_code_that_is_known_there(
    make_animal: MakeAnimal, photo: Callable[..., Entry]
) -> None:
    rex = make_animal()
    _, first = sent(AnimalPhotos(rex))
    renamed = AnimalPhotos(replace(rex, code="2026-200"), (photo(1),))
    ((row,), second) = sent(renamed, earlier=first)
    assert row == {"ANIMALCODE": "2026-113", "ANIMALNAME": "Rex", "ANIMALIMAGE": "+"}
    ((row,), _) = sent(replace(renamed, photos=(photo(1), photo(2))), earlier=second)
    assert row["ANIMALCODE"] == "2026-200"


def test_the_day_of_death_is_taken(make_animal: MakeAnimal) -> None:
    rex = make_animal()
    _, first = sent(AnimalPhotos(rex))
    died = replace(rex, status="deceased", left=date(2026, 11, 20))
    ((row,), second) = sent(AnimalPhotos(died), earlier=first)
    assert row["ANIMALDECEASEDDATE"] == "2026-11-20"
    assert second.by_hand == []


def test_a_photo_that_can_not_be_read_counts_as_not_sent(
    make_animal: MakeAnimal, photo: Callable[..., Entry], make_entry: Callable[..., Entry]
) -> None:
    bad = make_entry(id=9, picture=9, file="/nowhere/rex.jpg")
    missing = replace(photo(8), missing_since=datetime(2026, 7, 1))
    rows, first = sent(AnimalPhotos(make_animal(), (bad, missing, photo(1))))
    assert [row.get("ANIMALIMAGE") for row in rows] == [None, "+"]
    assert first.now[123456789012].pictures == {1}
    rows, _ = sent(AnimalPhotos(make_animal(), (photo(8), photo(1))), earlier=first)
    assert [row.get("ANIMALIMAGE") for row in rows] == ["+"]


def test_a_breed_that_its_list_lacks(make_animal: MakeAnimal) -> None:
    """It is told once, and a later change names both."""
    toy, giant = (
        BreedName("n02113624", "Toy Poodle", "Caniche toy"),
        BreedName("n02097130", "Giant Schnauzer", "Schnauzer géant"),
    )
    verdict = AnimalVerdict(Status.DOG, (Candidate(toy, 1.0),), Origin.ANIMAL)
    rex = make_animal(verdict=verdict, birth="2021-05-31")
    rows, first = sent(AnimalPhotos(rex), breed_list=asm3_breed_list())
    assert (rows[0]["ANIMALBREED1"], rows[0]["ANIMALHIDDENDETAILS"]) == (
        *("Poodle", "Breed in Barkive: Toy Poodle."),
    )
    assert len(changes(first)) == 1
    other = AnimalVerdict(Status.DOG, (Candidate(giant, 1.0),), Origin.ANIMAL)
    rows, second = sent(
        AnimalPhotos(replace(rex, verdict=other)), earlier=first, breed_list=asm3_breed_list()
    )
    assert rows == []
    assert changes(second) == [
        "In Animal Shelter Manager, change the breed of 2026-113 Rex from “Poodle (Toy Poodle)” to "
        "“Schnauzer (Giant Schnauzer)”."
    ]
