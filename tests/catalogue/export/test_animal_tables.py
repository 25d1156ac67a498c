"""The animals as CSV, JSON and Parquet: what stands in each cell."""

import csv
import io
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from barkive.catalogue.animal_records import Animal, AnimalVerdict, Origin, Sex
from barkive.catalogue.export.animal_tables import (
    animal_csv_rows,
    animal_json_array,
    animal_json_lines,
)
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.parquet import write_animal_parquet
from barkive.catalogue.predictions.breed_names import Names
from barkive.catalogue.records import Entry
from barkive.verdicts import BreedName, Candidate, Status

MakeAnimal = Callable[..., Animal]
PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
IS_PUG = AnimalVerdict(Status.DOG, (Candidate(PUG, 0.97), Candidate(MALTESE, 0.03)), Origin.MODEL)


@pytest.fixture
def rex(make_animal: MakeAnimal, make_entry: Callable[..., Entry]) -> AnimalPhotos:
    animal = make_animal(
        sex=Sex.MALE,
        birth="2021-05",
        birth_is_estimate=True,
        arrived=date(2026, 5, 4),
        notes="calm",
        photos=2,
        main_photo=7,
        verdict=IS_PUG,
    )
    files = (make_entry(id=7, file="/photos/rex.jpg"), make_entry(id=8, file="/photos/b.jpg"))
    return AnimalPhotos(animal, files)


def test_csv(rex: AnimalPhotos) -> None:
    assert list(animal_csv_rows([rex], "en")) == [
        "\ufeffnumber,code,name,species,sex,birth,birth is an estimate,status,breed status,breed,"
        "second breed,probability,alternatives,breed from,photos disagree,notes,arrived,left,"
        "photos,main photo,main file,files,version,made (UTC),changed (UTC)\r\n",
        "123456789012,2026-113,Rex,dog,male,2021-05,yes,in care,dog,Pug,,0.97,,model,no,calm,"
        '2026-05-04,,2,7,/photos/rex.jpg,"[{""id"": 7, ""file"": ""/photos/rex.jpg""}, '
        '{""id"": 8, ""file"": ""/photos/b.jpg""}]",1,2026-05-04 00:00:00,2026-05-04 00:00:00'
        "\r\n",
    ]


def test_csv_in_french(make_animal: MakeAnimal) -> None:
    cross = AnimalVerdict(
        Status.DOG, (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5)), Origin.ANIMAL, disagrees=True
    )
    unsure = AnimalVerdict(Status.UNCERTAIN, (Candidate(PUG, 0.4),), Origin.LABELS)
    animals = [make_animal(verdict=cross, status="adopted"), make_animal(verdict=unsure)]
    text = "".join(animal_csv_rows(map(AnimalPhotos, animals), "fr")).removeprefix("\ufeff")
    first, second = csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    assert {column: cell for column, cell in first.items() if cell} == {
        "numéro": "123456789012",
        "code": "2026-113",
        "nom": "Rex",
        "espèce": "chien",
        "statut": "adopté",
        "statut de la race": "chien",
        "race": "Carlin",
        "deuxième race": "Bichon maltais",
        "probabilité": "0,5",
        "race d'après": "personnes",
        "photos en désaccord": "oui",
        "photos": "0",
        "version": "1",
        "créé (UTC)": "2026-05-04 00:00:00",
        "modifié (UTC)": "2026-05-04 00:00:00",
    }
    assert (second["race"], second["autres possibilités"]) == ("", "Carlin 40\u202f%")


def test_no_cell_is_taken_for_a_formula(make_animal: MakeAnimal) -> None:
    rex = make_animal(code="=1+1", name="@SUM(A1)", notes="-2\nmore", status="+1", species="=x")
    text = "".join(animal_csv_rows([AnimalPhotos(rex)], "en")).removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    cells = [row[column] for column in ("code", "name", "notes", "status", "species")]
    assert cells == ["'=1+1", "'@SUM(A1)", "'-2\nmore", "'+1", "'=x"]


def test_json(rex: AnimalPhotos) -> None:
    (line,) = animal_json_lines([rex], "fr")
    assert json.loads(line) == {
        **rex.animal.to_json("fr"),
        "photo_files": [{"id": 7, "file": "/photos/rex.jpg"}, {"id": 8, "file": "/photos/b.jpg"}],
    }
    assert json.loads(line)["breeds"][0]["name"] == "Carlin"
    assert [len(json.loads("".join(animal_json_array([rex] * n, "en")))) for n in (0, 1, 3)] == [
        *(0, 1, 3),
    ]


def test_a_file_s_name_that_is_no_text(
    make_animal: MakeAnimal, make_entry: Callable[..., Entry]
) -> None:
    rex = AnimalPhotos(make_animal(), (make_entry(file=os.fsdecode(b"/photos/\xe9.jpg")),))
    for text in (*animal_json_lines([rex], "en"), *animal_csv_rows([rex], "en")):
        text.encode()


def test_parquet(rex: AnimalPhotos, make_animal: MakeAnimal, tmp_path: Path) -> None:
    path = tmp_path / "animals.parquet"
    with path.open("wb") as file:
        bare = AnimalPhotos(make_animal(id=2, code=None, name=None))
        write_animal_parquet([rex, bare], file, "fr", Names().breeds)
    first, second = pq.read_table(path).to_pylist()
    moment = datetime(2026, 5, 4, tzinfo=UTC)
    assert first == {
        "id": 123456789012,
        "code": "2026-113",
        "name": "Rex",
        "species": "dog",
        "sex": "male",
        "birth": "2021-05",
        "birth_is_estimate": True,
        "status": "in_care",
        "breed_status": "dog",
        "breed_id": "n02110958",
        "breed": "Carlin",
        "breed2_id": None,
        "breed2": None,
        "probability": 0.97,
        "breeds": [
            {"id": "n02110958", "name": "Carlin", "probability": 0.97},
            {"id": "n02085936", "name": "Bichon maltais", "probability": 0.03},
        ],
        "breed_origin": "model",
        "breed_disagrees": False,
        "notes": "calm",
        "arrived": date(2026, 5, 4),
        "left": None,
        "photos": 2,
        "main_photo": 7,
        "photo_files": [{"id": 7, "file": "/photos/rex.jpg"}, {"id": 8, "file": "/photos/b.jpg"}],
        "version": 1,
        "made_at": moment,
        "changed_at": moment,
        "fci_number": 253,
        "fci_group": 9,
    }
    assert (second["code"], second["breed"], second["photo_files"]) == (None, None, [])
