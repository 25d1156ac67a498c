"""A breed that people added is a breed like any other, in every form of export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from barkive.catalogue import BreedList, Catalogue, Export, Filter, Kind, Label
from barkive.catalogue.export.xmp import tags_of
from barkive.classifier import Classifier
from barkive.evaluation import known_to, read_samples
from barkive.verdicts import BreedName

RED, GREEN = (250, 10, 10), (10, 250, 10)
LEARNED = (BreedName("Dachs/Hund", "Dachs/Hund", "Teckel"), BreedName("n02110958", "Pug", "Carlin"))


@pytest.fixture
def pair(pair_photo: Callable[..., Path]) -> Path:
    return pair_photo("pairs/pair.png", RED, GREEN)


@pytest.fixture
def kennel(tmp_path: Path, pair: Path, pair_classifier: Classifier) -> Iterator[Catalogue]:
    """A photo of two dogs, of which the larger one is of an added breed."""
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(pair, classifier=pair_classifier)
        catalogue.add_breed("Dachs/Hund", "Teckel", fci=148, group=4)
        dog = catalogue.photo(pair).dogs[0].id  # type: ignore[index]
        catalogue.label(pair, Label(Kind.BREED, ("teckel",), dog=dog))
        yield catalogue


def streamed(catalogue: Catalogue, form: str, **options: object) -> str:
    return "".join(catalogue.streamed(Export(form, **options)))  # type: ignore[arg-type]


def test_tables(kennel: Catalogue, tmp_path: Path) -> None:
    text = streamed(kennel, "csv", lang="fr").removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text), delimiter=";")
    assert (row["race"], row["numéro FCI"], row["groupe FCI"]) == ("Teckel", "148", "Teckels")
    (record,) = json.loads(streamed(kennel, "json"))
    assert record["breeds"] == [{"id": "Dachs/Hund", "name": "Dachs/Hund", "probability": 1.0}]
    assert (record["fci_number"], record["fci_group"]) == (148, 4)
    kennel.export(Export("parquet", tmp_path / "c.parquet", lang="fr"))
    (record,) = pq.read_table(tmp_path / "c.parquet").to_pylist()
    assert (record["breed"], record["fci_number"], record["fci_group"]) == ("Teckel", 148, 4)


@pytest.mark.parametrize(
    ("names", "written", "unmatched"),
    [
        (("Teckel Chien", "Pug"), "Teckel Chien", set()),
        (("Hund, Dachs",), "Hund, Dachs", set()),
        (("Pug",), "Dachs/Hund", {"Dachs/Hund"}),
    ],
)
def test_animal_shelter_manager(
    kennel: Catalogue, names: tuple[str, ...], written: str, unmatched: set[str]
) -> None:
    breed_list = BreedList(names)
    (row,) = csv.DictReader(io.StringIO(streamed(kennel, "asm3", breed_list=breed_list)))
    assert row["ANIMALBREED1"] == written
    assert breed_list.unmatched == unmatched
    (row,) = csv.DictReader(io.StringIO(streamed(kennel, "asm3", lang="fr")))
    assert row["ANIMALBREED1"] == "Dachshund"


def test_tags_of_photo_managers(kennel: Catalogue) -> None:
    (entry,) = kennel.search()
    assert tags_of(entry, "fr").paths == (("Chien", "Teckel"), ("Chien", "Carlin"))
    assert tags_of(entry, "en").subject == ("Dachs-Hund", "Pug")


def test_classes_of_detectors(kennel: Catalogue, tmp_path: Path) -> None:
    coco = json.loads(streamed(kennel, "coco", lang="fr"))
    names = {one["id"]: one["name"] for one in coco["categories"]}
    assert [names[one["category_id"]] for one in coco["annotations"]] == ["Teckel", "Carlin"]
    assert len(names) == len(set(names.values())) == 123
    megadetector = json.loads(streamed(kennel, "md-json"))
    assert "Dachs/Hund" in megadetector["classification_categories"].values()
    kennel.export(Export("yolo", tmp_path / "yolo", lang="fr"))
    assert "Teckel" in (tmp_path / "yolo/data.yaml").read_text()


def test_folders(kennel: Catalogue, tmp_path: Path) -> None:
    for form, lang, names in (
        ("folders", "fr", ["Teckel"]),
        ("folders", "en", ["Dachs-Hund"]),
        ("crops", "fr", ["Carlin", "Teckel"]),
    ):
        out = tmp_path / f"{form}-{lang}"
        kennel.export(Export(form, out, lang=lang))
        assert sorted(one.name for one in out.iterdir() if one.is_dir()) == names


@pytest.mark.parametrize("crops", [False, True])
def test_a_training_set_on_which_a_learned_model_can_be_judged(
    kennel: Catalogue, tmp_path: Path, crops: bool
) -> None:
    kennel.export(Export("training-set", tmp_path / "set", crops=crops))
    samples = read_samples(tmp_path / "set")
    assert samples.folders == ("Dachs-Hund",)
    known = known_to(LEARNED, samples)
    assert (known.truth.tolist(), known.unknown) == ([0], ())


def test_a_training_set_of_a_breed_whose_name_ends_like_one_of_the_table(
    kennel: Catalogue, pair: Path, tmp_path: Path
) -> None:
    kennel.label(pair, Label(Kind.BREED, ("Anglo-Chihuahua",), other=True))
    kennel.export(Export("training-set", tmp_path / "set"), Filter(corrected=True))
    samples = read_samples(tmp_path / "set")
    assert samples.folders == ("Anglo_Chihuahua",)
    chihuahua = BreedName("n02085620", "Chihuahua", "Chihuahua")
    own = BreedName("Anglo-Chihuahua", "Anglo-Chihuahua", "Anglo-Chihuahua")
    assert known_to((chihuahua, own), samples).truth.tolist() == [1]
