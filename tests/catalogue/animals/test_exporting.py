"""Exports by animal, from a catalogue: which animals, with which photos, and what is remembered."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from barkive.catalogue import (
    Animal,
    AnimalFields,
    Catalogue,
    Export,
    Filter,
    Kind,
    Label,
    Outcome,
)
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.verdicts import Status

ALL = Filter()


@pytest.fixture
def scanned(catalogue: Catalogue, kennel: Path, classifier: Classifier) -> Catalogue:
    """A catalogue of the kennel's photos."""
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


@pytest.fixture
def rex(scanned: Catalogue, kennel: Path) -> Animal:
    """An animal of two photos, of which `mix.png` is the main one."""
    photos = [kennel / "rex.png", kennel / "mix.png"]
    rex = scanned.animals.new(AnimalFields(code="B2", name="Rex"), photos)
    main = next(one.id for one in scanned.search() if one.file.endswith("mix.png"))
    return scanned.animals.edit(rex, AnimalFields(main_photo=main))


@pytest.fixture
def mila(scanned: Catalogue, kennel: Path) -> Animal:
    """An animal of a photo of its own, and of one that shows Rex, too."""
    photos = [kennel / "annex" / "mila.png", kennel / "rex.png"]
    return scanned.animals.new(AnimalFields(code="A1", name="Mila"), photos)


@pytest.fixture
def bare(scanned: Catalogue) -> Animal:
    """An animal without photos and without a code."""
    return scanned.animals.new(AnimalFields(name="Bello"))


def rows(catalogue: Catalogue, query: Filter = ALL, **options: Any) -> list[dict[str, Any]]:
    pieces: list[str] = []
    catalogue.export(Export("jsonl", by="animal"), query, write=pieces.append, **options)
    return [json.loads(piece) for piece in pieces]


def files(row: dict[str, Any]) -> list[str]:
    return [Path(one["file"]).name for one in row["photo_files"]]


def asm3(catalogue: Catalogue, query: Filter = ALL, **options: Any) -> tuple[list[str], Outcome]:
    """The codes of the rows, with `+` for a picture."""
    pieces: list[str] = []
    outcome = catalogue.export(Export("asm3", **options), query, write=pieces.append)
    found = csv.DictReader(io.StringIO("".join(pieces), newline=""), strict=True)
    return [f"{row['ANIMALCODE']}{'+' * bool(row['ANIMALIMAGE'])}" for row in found], outcome


def test_all_animals_with_all_their_photos(
    scanned: Catalogue, rex: Animal, mila: Animal, bare: Animal
) -> None:
    """By code; the main photo is first, a photo of two is with both."""
    found = rows(scanned)
    assert [(row["code"], row["name"]) for row in found] == [
        *(("A1", "Mila"), ("B2", "Rex"), (None, "Bello")),
    ]
    assert [set(files(row)) for row in found] == [
        *({"mila.png", "rex.png"}, {"mix.png", "rex.png"}, set()),
    ]
    assert files(found[1])[0] == "mix.png"


def test_a_filter_means_the_animals_of_its_photos(
    scanned: Catalogue, rex: Animal, mila: Animal, bare: Animal
) -> None:
    """They come with their other photos, too."""
    (found,) = rows(scanned, Filter(breed="pug"))
    assert (found["code"], set(files(found))) == ("A1", {"mila.png", "rex.png"})
    assert [row["code"] for row in rows(scanned, Filter(breed="chihuahua"))] == ["A1", "B2"]
    assert [row["code"] for row in rows(scanned, Filter(animal=rex.id))] == ["A1", "B2"]
    assert [row["code"] for row in rows(scanned, limit=1)] == ["A1"]
    scanned.animals.remove(mila)
    assert [row["name"] for row in rows(scanned)] == ["Rex", "Bello"]


def test_progress_counts_animals(scanned: Catalogue, rex: Animal, mila: Animal) -> None:
    seen: list[tuple[int, int | None]] = []
    rows(scanned, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    seen.clear()
    wish = Export("asm3")
    scanned.export(wish, write=lambda text: None, on_progress=lambda *told: seen.append(told))
    assert seen[-1] == (4, 4)


@pytest.mark.parametrize("form", ["md-json", "coco", "yolo", "xmp", "crops", "training-set"])
def test_a_form_that_knows_no_animals_is_refused(form: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"The form {form} makes no use of --by animal") as raised:
        Export(form, tmp_path / "out", by="animal")
    formats = raised.value.params["formats"]
    assert list(formats) == [
        *("csv", "json", "jsonl", "parquet", "asm3", "rescuegroups", "folders", "contact-sheet"),
    ]


def test_folders(
    scanned: Catalogue, rex: Animal, mila: Animal, kennel: Path, tmp_path: Path
) -> None:
    """Folders follow the animals; a name that no file system takes is changed."""
    out = tmp_path / "animals"
    outcome = scanned.export(Export("folders", out, by="animal"))
    assert (outcome.written, outcome.removed) == (4, 0)
    assert {one.relative_to(out).as_posix() for one in out.glob("*/*")} == {
        *("A1 Mila/mila.png", "A1 Mila/rex.png", "B2 Rex/mix.png", "B2 Rex/rex.png"),
    }
    scanned.animals.edit(mila, AnimalFields(name="../Mila?"))
    scanned.animals.take_away(rex, [kennel / "rex.png"])
    outcome = scanned.export(Export("folders", out, by="animal"))
    assert (outcome.written, outcome.unchanged, outcome.removed) == (2, 1, 3)
    assert {one.relative_to(out).as_posix() for one in out.glob("*/*")} == {
        *("A1 ..-Mila-/mila.png", "A1 ..-Mila-/rex.png", "B2 Rex/mix.png"),
    }


def test_a_contact_sheet(scanned: Catalogue, rex: Animal, bare: Animal, tmp_path: Path) -> None:
    outcome = scanned.export(Export("contact-sheet", tmp_path / "sheet.pdf", by="animal"))
    assert outcome.written == 2
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


def test_side_cars_name_the_animals(
    scanned: Catalogue, rex: Animal, mila: Animal, kennel: Path
) -> None:
    scanned.export(Export("xmp"))
    sidecar = kennel / "rex.png.xmp"
    content = sidecar.read_text("utf-8")
    for tag in ("Animals|B2 Rex", "Animals|A1 Mila", "Animals/B2 Rex", ">Rex<", ">Mila<"):
        assert tag in content
    sidecar.write_text(content.replace(">Rex<", ">Rex</rdf:li><rdf:li>mine<", 1), "utf-8")
    scanned.animals.edit(rex, AnimalFields(name="Rocky"))
    outcome = scanned.export(Export("xmp"))
    content = sidecar.read_text("utf-8")
    assert "Animals|B2 Rocky" in content
    assert "B2 Rex" not in content
    assert ">mine<" in content
    assert outcome.written == 2


def test_asm3_has_a_row_an_animal_and_one_a_photo_of_none(
    scanned: Catalogue, mila: Animal, bare: Animal
) -> None:
    found, outcome = asm3(scanned)
    alone = next(one.id for one in scanned.search() if one.file.endswith("mix.png"))
    assert found == ["A1+", "A1+", f"BA{bare.id}", f"BK{alone:06}+"]
    assert (outcome.written, outcome.skipped) == (3, 2)


def test_asm3_sends_only_what_is_new(
    scanned: Catalogue, rex: Animal, mila: Animal, kennel: Path
) -> None:
    assert asm3(scanned, by="animal")[0] == ["A1+", "A1+", "B2+", "B2+"]
    found, outcome = asm3(scanned, by="animal")
    assert (found, outcome.written, outcome.unchanged) == ([], 0, 2)
    scanned.animals.edit(rex, AnimalFields(name="Rocky", notes="calm"))
    scanned.animals.add(rex, [kennel / "night.png"])
    found, outcome = asm3(scanned, by="animal")
    assert (found, outcome.written, outcome.unchanged) == (["B2+"], 1, 1)
    assert [one.text() for one in outcome.by_hand] == [
        "In Animal Shelter Manager, change the name of B2 Rex from “Rex” to “Rocky”."
    ]
    assert asm3(scanned, by="animal")[0] == []
    found, outcome = asm3(scanned, by="animal", again=True)
    assert found == ["A1+", "A1+", "B2+", "B2+", "B2+"]
    assert outcome.by_hand == ()


def test_what_is_gone_is_to_be_deleted_there(
    scanned: Catalogue, rex: Animal, mila: Animal, bare: Animal
) -> None:
    """It is told once; an animal that was never sent is not told."""
    scanned.animals.remove(bare)
    asm3(scanned, by="animal")
    scanned.animals.merge([rex], mila)
    found, outcome = asm3(scanned, by="animal")
    assert found == ["A1+"]
    assert [one.text() for one in outcome.by_hand] == [
        "In Animal Shelter Manager, delete B2 Rex, or merge it as you did here."
    ]
    assert asm3(scanned, by="animal")[1].by_hand == ()


def test_an_export_that_was_cut_off_sent_nothing(scanned: Catalogue, rex: Animal) -> None:
    def write(text: str) -> None:
        if "BK" in text:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        scanned.export(Export("asm3"), write=write)
    assert asm3(scanned, by="animal")[0] == ["B2+", "B2+"]


def test_a_file_that_can_not_be_written_sent_nothing(
    scanned: Catalogue, rex: Animal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        scanned.export(Export("asm3", tmp_path / "nowhere" / "import.csv"))
    scanned.export(Export("asm3", tmp_path / "import.csv"))
    assert asm3(scanned, by="animal")[0] == []


def test_what_is_streamed_is_whole_and_not_remembered(scanned: Catalogue, rex: Animal) -> None:
    for _ in range(2):
        pieces = list(scanned.streamed(Export("asm3", by="animal")))
        assert len(pieces) == 3
    assert asm3(scanned, by="animal")[0] == ["B2+", "B2+"]
    assert len(list(scanned.streamed(Export("asm3", by="animal")))) == 3


def test_photos_that_no_animal_has_are_sent_once(scanned: Catalogue, kennel: Path) -> None:
    codes, outcome = asm3(scanned)
    assert (len(codes), outcome.written, outcome.skipped) == (3, 3, 2)
    assert {one.text() for one in outcome.reasons} == {"1 without a dog", "1 that can't be read"}
    codes, outcome = asm3(scanned)
    assert (codes, outcome.written, outcome.unchanged) == ([], 0, 3)
    assert (outcome.is_empty, outcome.by_hand) == (True, ())
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Pug",)))
    _, outcome = asm3(scanned)
    (change,) = outcome.by_hand
    assert change.text().startswith("In Animal Shelter Manager, change the breed of BK")
    assert change.text().endswith("to “Pug”.")
    assert len(asm3(scanned, again=True)[0]) == 3


def test_photos_that_are_no_animals_any_more_are_to_be_deleted_there(
    scanned: Catalogue, kennel: Path
) -> None:
    """One has an animal now, another shows no dog after all; it is told once."""
    asm3(scanned)
    scanned.animals.new(AnimalFields(code="B2", name="Rex"), [kennel / "rex.png"])
    scanned.label(kennel / "mix.png", Label(Kind.NOT_DOG))
    codes, outcome = asm3(scanned)
    assert codes == ["B2+"]
    numbers = {Path(one.file).name: one.id for one in scanned.search()}
    assert {one.text() for one in outcome.by_hand} == {
        f"In Animal Shelter Manager, delete BK{numbers[f'{name}.png']:06} {name}, or merge it as "
        "you did here."
        for name in ("rex", "mix")
    }
    assert asm3(scanned)[1].by_hand == ()


def test_a_filter_without_dogs_writes_no_file(scanned: Catalogue, tmp_path: Path) -> None:
    out = tmp_path / "import.csv"
    query = Filter(status=(Status.NOT_DOG,))
    outcome = scanned.export(Export("asm3", out), query)
    assert (outcome.is_empty, outcome.written, outcome.skipped) == (True, 0, 1)
    assert not out.exists()
    with pytest.raises(UsageError, match="There is no dog in what you asked for"):
        scanned.streamed(Export("asm3"), query)


def test_rescuegroups(
    scanned: Catalogue, rex: Animal, mila: Animal, kennel: Path, classifier: Classifier
) -> None:
    """It is by animal without being asked; pictures go with the animals, and are no photos."""
    out = kennel / "import"
    outcome = scanned.export(Export("rescuegroups", out))
    assert (outcome.written, outcome.skipped, outcome.failures) == (4, 0, ())
    lines = csv.DictReader((out / "animals.csv").read_text("utf-8").splitlines())
    assert [(row["externalID"], row["name"], row["photo1"][-4:]) for row in lines] == [
        (f"BA{mila.id}", "Mila", ".jpg"),
        (f"BA{rex.id}", "Rex", ".jpg"),
    ]
    assert {one.name for one in (out / "pictures").iterdir()} == {
        *("mila.jpg", "mix.jpg", "rex.jpg"),
    }
    scanned.animals.edit(mila, AnimalFields(status="deceased"))
    outcome = scanned.export(Export("rescuegroups", out))
    assert (outcome.written, outcome.unchanged, outcome.removed, outcome.skipped) == (1, 2, 1, 1)
    scanned.scan(kennel, classifier=classifier)
    assert scanned.count() == 5
