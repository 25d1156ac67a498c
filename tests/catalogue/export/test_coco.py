"""COCO's format: what a photo and its dogs become, and what readers insist on."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barkive import __version__
from barkive.boxes import Box
from barkive.catalogue import Catalogue, Export
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.export.coco import coco_json
from barkive.catalogue.records import Entry, EntryDog
from barkive.classifier import Classifier
from barkive.verdicts import BreedName, Status

MakeEntry = Callable[..., Entry]

PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
NOON = datetime(2026, 6, 1, 12, 0, 1)


def export(entries: Iterable[Entry], base: str | None = "/photos") -> dict[str, Any]:
    categories = Categories([PUG, MALTESE], "en")
    text = "".join(coco_json(entries, categories, base, NOON))
    assert text.isascii()
    value: dict[str, Any] = json.loads(text)
    return value


def test_photos_and_their_dogs(
    pug: EntryDog, unsure: EntryDog, cross: EntryDog, make_entry: MakeEntry
) -> None:
    entries = [
        make_entry(dogs=(pug, unsure)),
        make_entry(file="/photos/2/cat.jpg", status=Status.NOT_DOG, dogs=(), taken_at=None),
        make_entry(file="/other/mix.jpg", dogs=(cross,), width=10, height=7, taken_at=None),
        make_entry(file="/photos/far.jpg", dogs=None, taken_at=None),
    ]
    assert export(entries) == {
        "images": [
            {
                "id": 1,
                "file_name": "rex.jpg",
                "width": 640,
                "height": 480,
                "date_captured": "2026-05-04 03:02:01",
                "barkive_status": "dog",
            },
            {
                "id": 2,
                "file_name": "2/cat.jpg",
                "width": 640,
                "height": 480,
                "barkive_status": "not_dog",
            },
            {
                "id": 3,
                "file_name": "/other/mix.jpg",
                "width": 10,
                "height": 7,
                "barkive_status": "dog",
            },
            {
                "id": 4,
                "file_name": "far.jpg",
                "width": 640,
                "height": 480,
                "barkive_status": "dog",
            },
        ],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 3,
                "bbox": [320.0, 120.0, 320.0, 240.0],
                "area": 76800.0,
                "iscrowd": 0,
                "score": 0.72,
                "barkive_classifications": [
                    {"category_id": 3, "score": 0.8},
                    {"category_id": 2, "score": 0.2},
                ],
                "barkive_breeds": ["n02110958"],
                "barkive_corrected": False,
            },
            {
                "id": 2,
                "image_id": 1,
                "category_id": 1,
                "bbox": [0.0, 0.0, 160.0, 240.0],
                "area": 38400.0,
                "iscrowd": 0,
                "score": 0.6,
                "barkive_classifications": [
                    {"category_id": 2, "score": 0.4},
                    {"category_id": 3, "score": 0.3},
                ],
                "barkive_breeds": [],
                "barkive_corrected": False,
            },
            {
                "id": 3,
                "image_id": 3,
                "category_id": 1,
                "bbox": [0.0, 0.0, 10.0, 7.0],
                "area": 70.0,
                "iscrowd": 0,
                "score": 1.0,
                "barkive_classifications": [
                    {"category_id": 3, "score": 0.5},
                    {"category_id": 2, "score": 0.5},
                ],
                "barkive_breeds": ["n02110958", "n02085936"],
                "barkive_corrected": True,
            },
        ],
        "categories": [
            {"id": 1, "name": "Dog", "supercategory": "dog"},
            {"id": 2, "name": "Maltese", "supercategory": "dog"},
            {"id": 3, "name": "Pug", "supercategory": "dog"},
        ],
        "licenses": [],
        "info": {
            "description": f"Barkive {__version__}",
            "version": "1.0",
            "date_created": "2026-06-01 12:00:01",
        },
    }


def test_without_photos() -> None:
    value = export([])
    assert (value["images"], value["annotations"]) == ([], [])
    assert len(value["categories"]) == 3


def test_a_name_that_is_no_text(make_entry: MakeEntry) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    assert export([make_entry(file=f"/photos/{name}")])["images"][0]["file_name"] == name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    corners=st.lists(st.floats(0, 1), min_size=4, max_size=4, unique=True),
    size=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
)
def test_no_box_leaves_its_picture(
    corners: list[float], size: tuple[int, int], pug: EntryDog, make_entry: MakeEntry
) -> None:
    (left, right), (top, bottom) = sorted(corners[:2]), sorted(corners[2:])
    box = Box(left, top, right - left, bottom - top + 0.0001)
    width, height = size
    entry = make_entry(dogs=(replace(pug, box=box),), width=width, height=height)
    x, y, wide, high = export([entry])["annotations"][0]["bbox"]
    assert min(x, y, wide, high) >= 0
    assert x + wide < width + 1e-6
    assert y + high < height + 1e-6


def test_entries_are_not_held(pug: EntryDog, make_entry: MakeEntry) -> None:
    drawn = 0

    def entries() -> Iterator[Entry]:
        nonlocal drawn
        while True:
            drawn += 1
            yield make_entry(dogs=(pug,))

    pieces = coco_json(entries(), Categories([PUG], "en"), None, NOON)
    next(pieces)
    next(pieces)
    assert drawn <= 2


def test_a_photo_that_can_not_be_read_is_left_out_and_counted(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    out = tmp_path / "dogs.json"
    outcome = catalogue.export(Export("coco", out))
    assert (outcome.written, outcome.skipped) == (4, 1)
    value = json.loads(out.read_text())
    assert [image["id"] for image in value["images"]] == [1, 2, 3, 4]
    assert [one["name"] for one in value["categories"][:2]] == ["Dog", "Affenpinscher"]
