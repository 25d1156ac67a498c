"""RescueGroups.org's import: which animals, and what stands in each column."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue.animal_records import Animal, AnimalVerdict, Origin, Sex
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.rescuegroups import write_rescuegroups
from barkive.catalogue.export.tree import Tree
from barkive.catalogue.records import Entry
from barkive.verdicts import BreedName, Candidate, Status

MakeAnimal = Callable[..., Animal]
PUG, BOXER = BreedName("pug", "Pug", "Carlin"), BreedName("boxer", "Boxer", "Boxer")
IS_CROSS = AnimalVerdict(Status.DOG, (Candidate(PUG, 0.5), Candidate(BOXER, 0.5)), Origin.ANIMAL)


def write(
    animals: Iterable[AnimalPhotos], out: Path, breed_list: BreedList | None = None
) -> tuple[list[dict[str, str]], Outcome]:
    """The lines, each without its empty cells."""
    outcome = write_rescuegroups(animals, out, Tree(out, copy=False, gone=True), breed_list)
    if not (out / "animals.csv").exists():
        return [], outcome
    with (out / "animals.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    return [{column: text for column, text in row.items() if text} for row in rows], outcome


def test_an_animal(
    make_animal: MakeAnimal,
    colour_photo: Callable[..., Path],
    make_entry: Callable[..., Entry],
    tmp_path: Path,
) -> None:
    """At most four photos go with it, small, upright and without their EXIF data."""
    rex = make_animal(sex=Sex.FEMALE, notes="Calm <3\n& kind.", verdict=IS_CROSS)
    photos = tuple(
        make_entry(
            id=n, picture=n, sha256=f"{n:064}", file=str(colour_photo(f"{n}.png", (n, 0, 0)))
        )
        for n in range(1, 7)
    )
    rows, outcome = write([AnimalPhotos(rex, photos)], tmp_path / "out")
    assert rows == [
        {
            "externalID": "BA123456789012",
            "internalID": "2026-113",
            "name": "Rex",
            "status": "Available",
            "type": "Dog",
            "priBreed": "Pug",
            "secBreed": "Boxer",
            "mix": "Yes",
            "sex": "Female",
            "dsc": "Calm &lt;3<br>&amp; kind.",
            **{f"photo{n}": f"{n}.jpg" for n in range(1, 5)},
        }
    ]
    assert (outcome.written, outcome.failures) == (5, ())
    with Image.open(tmp_path / "out" / "pictures" / "1.jpg") as picture:
        assert (picture.format, dict(picture.getexif())) == ("JPEG", {})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["Available", "Dog", None]),
        ({"status": "adopted"}, ["Adopted", "Dog", None]),
        ({"status": "Hold"}, ["Hold", "Dog", None]),
        ({"status": "lost"}, None),
        ({"status": "found"}, None),
        ({"status": "deceased"}, None),
        ({"species": "cat"}, None),
        ({"species": "cat", "verdict": IS_CROSS}, ["Available", "Cat", "Pug Dog"]),
    ],
)
def test_who_has_a_line(
    changes: dict[str, object],
    expected: list[str | None] | None,
    make_animal: MakeAnimal,
    tmp_path: Path,
) -> None:
    names = BreedList(["Pug Dog", "Boxer"])
    rows, outcome = write([AnimalPhotos(make_animal(**changes))], tmp_path, names)
    about = ("status", "type", "priBreed")
    found = [[row.get(column) for column in about] for row in rows]
    assert found == ([] if expected is None else [expected])
    assert outcome.skipped == (expected is None)
    # A table without a line would delete all animals there.
    assert outcome.is_empty == (expected is None)
    assert (tmp_path / "animals.csv").exists() == (expected is not None)


def test_names_are_cut_to_what_is_taken(make_animal: MakeAnimal, tmp_path: Path) -> None:
    rows, _ = write(
        [
            AnimalPhotos(make_animal(code="c" * 200, name=None)),
            AnimalPhotos(make_animal(id=2, code=None, name=None)),
        ],
        tmp_path,
    )
    assert [(row.get("internalID"), row["name"]) for row in rows] == [
        ("c" * 50, "c" * 50),
        (None, "BA2"),
    ]


def test_a_photo_that_can_not_be_read_is_told(
    make_animal: MakeAnimal, make_entry: Callable[..., Entry], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff")
    rows, outcome = write(
        [AnimalPhotos(make_animal(), (make_entry(file=str(bad)),))], tmp_path / "o"
    )
    assert "photo1" not in rows[0]
    assert [one.file for one in outcome.failures] == [str(bad)]
