"""Tasks for Label Studio, and the configuration that they need."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Export
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.export.label_studio import label_studio_config, label_studio_tasks
from barkive.catalogue.records import Entry, EntryDog
from barkive.classifier import Classifier
from barkive.verdicts import BreedName, Status

MakeEntry = Callable[..., Entry]

PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
CATEGORIES = Categories([PUG, MALTESE], "en")


def tasks(entries: Iterable[Entry], base: str | None = "/photos") -> list[dict[str, Any]]:
    text = "".join(label_studio_tasks(entries, CATEGORIES, base))
    assert text.isascii()
    value: list[dict[str, Any]] = json.loads(text)
    return value


def test_the_configuration_has_every_breed() -> None:
    odd = Categories([PUG, BreedName("a", 'A <"&\x01', "a")], "en")
    assert label_studio_config(odd).decode() == (
        "<View>\n"
        '  <Image name="photo" value="$photo"/>\n'
        '  <RectangleLabels name="dogs" toName="photo" choice="multiple" showInline="false">\n'
        '    <Label value="Dog"/>\n'
        '    <Label value="A &lt;&quot;&amp;-"/>\n'
        '    <Label value="Pug"/>\n'
        "  </RectangleLabels>\n"
        "</View>\n"
    )
    assert etree.fromstring(label_studio_config(CATEGORIES)).tag == "View"


def test_dogs_are_a_prediction(
    pug: EntryDog, unsure: EntryDog, cross: EntryDog, make_entry: MakeEntry
) -> None:
    edge = replace(pug, box=Box(0.33333333, 0.5, 0.6668, 0.50015))
    (task,) = tasks([make_entry(dogs=(cross, edge, unsure))])
    region = {
        "type": "rectanglelabels",
        "from_name": "dogs",
        "to_name": "photo",
        "original_width": 640,
        "original_height": 480,
        "image_rotation": 0,
    }
    assert task == {
        "data": {"photo": "/data/local-files/?d=rex.jpg", "barkive_id": 1},
        "predictions": [
            {
                "model_version": "colours@0123456789ab",
                "score": 0.6,
                "result": [
                    {
                        "id": "9",
                        **region,
                        "value": {
                            "x": 0.0,
                            "y": 0.0,
                            "width": 100.0,
                            "height": 100.0,
                            "rotation": 0,
                            "rectanglelabels": ["Pug", "Maltese"],
                        },
                        "score": 1.0,
                    },
                    {
                        "id": "7",
                        **region,
                        "value": {
                            "x": 33.3333,
                            "y": 50.0,
                            "width": 66.6667,
                            "height": 50.0,
                            "rotation": 0,
                            "rectanglelabels": ["Pug"],
                        },
                        "score": 0.72,
                    },
                    {
                        "id": "8",
                        **region,
                        "value": {
                            "x": 0.0,
                            "y": 0.0,
                            "width": 25.0,
                            "height": 50.0,
                            "rotation": 0,
                            "rectanglelabels": ["Dog"],
                        },
                        "score": 0.6,
                    },
                ],
            }
        ],
    }


def test_photos_without_boxes_are_tasks_as_well(make_entry: MakeEntry) -> None:
    found = tasks([make_entry(dogs=None), make_entry(status=Status.NOT_DOG, dogs=())])
    assert [task["predictions"] for task in found] == [[], []]
    assert tasks([]) == []


@pytest.mark.parametrize(
    ("file", "base", "address"),
    [
        ("/photos/a b/é?.jpg", "/photos", "/data/local-files/?d=a%20b/%C3%A9%3F.jpg"),
        ("/other/c.jpg", None, "/data/local-files/?d=other/c.jpg"),
        (os.fsdecode(b"/photos/caf\xe9.jpg"), "/photos", "/data/local-files/?d=caf%E9.jpg"),
        ("s3://kennel/a b.jpg", None, "s3://kennel/a b.jpg"),
    ],
)
def test_where_a_photo_is(file: str, base: str | None, address: str, make_entry: MakeEntry) -> None:
    assert tasks([make_entry(file=file)], base)[0]["data"]["photo"] == address


def test_both_files_lie_in_a_folder(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    out = tmp_path / "tasks"
    outcome = catalogue.export(Export("label-studio", out))
    assert (outcome.written, outcome.skipped) == (4, 1)
    assert sorted(path.name for path in out.iterdir()) == ["labels.xml", "tasks.json"]
    assert len(json.loads((out / "tasks.json").read_text())) == 4
