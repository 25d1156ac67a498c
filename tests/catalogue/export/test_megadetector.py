"""MegaDetector's format: what a photo becomes, and every rule of the format's own validator."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barkive import __version__
from barkive.boxes import Box
from barkive.catalogue.export.megadetector import megadetector_json
from barkive.catalogue.records import Entry, EntryDog
from barkive.verdicts import BreedName, Candidate, Status

MakeEntry = Callable[..., Entry]


CHIHUAHUA = BreedName("n02085620", "Chihuahua", "Chihuahua")
PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
DHOLE = BreedName("n02115913", "Dhole", "Dhole")
LABELS = [CHIHUAHUA, PUG, MALTESE]
NOON = datetime(2026, 6, 1, 12, 0, 1)


def export(entries: Iterable[Entry], base: str | None = "/photos") -> dict[str, Any]:
    text = "".join(megadetector_json(entries, LABELS, base, NOON))
    assert text.isascii()
    value: dict[str, Any] = json.loads(text)
    check(value)
    return value


def check(value: dict[str, Any]) -> None:
    assert set(value) == {
        *("info", "images", "detection_categories"),
        *("classification_categories", "classification_category_descriptions"),
    }
    assert value["info"]["format_version"] == "1.6"
    for key in ("detection_categories", "classification_categories"):
        assert all(name.isdecimal() and text for name, text in value[key].items())
    names = value["classification_categories"]
    assert set(value["classification_category_descriptions"]) == set(names)
    for image in value["images"]:
        assert image["file"]
        assert ("failure" in image) == (image["detections"] is None)
        assert isinstance(image.get("failure", ""), str)
        for detection in image["detections"] or []:
            assert detection["category"] in value["detection_categories"]
            assert isinstance(detection["conf"], float)
            assert 0 <= detection["conf"] <= 1
            x, y, width, height = detection["bbox"]
            assert min(x, y) >= 0
            assert min(width, height) > 0
            assert max(x + width, y + height) < 1.0001
            confidences = [confidence for _, confidence in detection["classifications"]]
            assert confidences == sorted(confidences, reverse=True)
            assert all(0 <= confidence <= 1 for confidence in confidences)
            assert all(category in names for category, _ in detection["classifications"])


def test_one_photo_of_each_kind(make_entry: MakeEntry) -> None:
    short = (Candidate(PUG, 0.4), Candidate(MALTESE, 0.1))
    value = export(
        [
            make_entry(),
            make_entry(file="/photos/2/b.jpg", status=Status.UNCERTAIN, breeds=short),
            make_entry(file="/other/c.jpg", status=Status.NOT_DOG, breeds=(), taken_at=None),
            make_entry(
                file="/photos/d.jpg",
                status=Status.FAILED,
                breeds=(),
                error="It is empty.",
            ),
        ]
    )
    detection = {"category": "1", "conf": 1.0, "bbox": [0.0, 0.0, 1.0, 1.0]}
    facts = {"width": 640, "height": 480, "datetime": "2026:05:04 03:02:01"}
    assert value["images"] == [
        {
            "file": "rex.jpg",
            "detections": [
                {**detection, "classifications": [["0", 0.93], ["1", 0.05], ["2", 0.02]]}
            ],
            **facts,
        },
        {
            "file": "2/b.jpg",
            "detections": [{**detection, "classifications": [["1", 0.4], ["2", 0.1]]}],
            **facts,
        },
        {"file": "/other/c.jpg", "detections": [], "width": 640, "height": 480},
        {"file": "d.jpg", "failure": "It is empty.", "detections": None},
    ]
    assert value["detection_categories"] == {"1": "animal", "2": "person", "3": "vehicle"}
    assert value["classification_categories"] == {"0": "Chihuahua", "1": "Pug", "2": "Maltese"}
    assert value["classification_category_descriptions"]["1"] == (
        "n02110958;mammalia;carnivora;canidae;canis;familiaris;pug"
    )


def test_each_dog_is_a_detection(
    pug: EntryDog, unsure: EntryDog, cross: EntryDog, make_entry: MakeEntry
) -> None:
    edge = replace(pug, box=Box(0.3333333, 0.5, 0.6668, 0.50015), score=0.123456)
    (image,) = export([make_entry(dogs=(cross, edge, unsure))])["images"]
    assert image["detections"] == [
        {
            "category": "1",
            "conf": 1.0,
            "bbox": [0.0, 0.0, 1.0, 1.0],
            "classifications": [["1", 0.5], ["2", 0.5]],
        },
        {
            "category": "1",
            "conf": 0.1235,
            "bbox": [0.3333, 0.5, 0.6667, 0.5],
            "classifications": [["1", 0.8], ["2", 0.2]],
        },
        {
            "category": "1",
            "conf": 0.6,
            "bbox": [0.0, 0.0, 0.25, 0.5],
            "classifications": [["2", 0.4], ["1", 0.3]],
        },
    ]


def test_a_dog_without_a_box_is_the_whole_photo(make_entry: MakeEntry) -> None:
    (image,) = export([make_entry(dogs=())])["images"]
    assert [one["bbox"] for one in image["detections"]] == [[0.0, 0.0, 1.0, 1.0]]


def test_info(make_entry: MakeEntry) -> None:
    info = export([make_entry(), make_entry(), make_entry(model="other@1")])["info"]
    assert info["classifier"] == "colours@0123456789ab, other@1"
    assert info["classification_completion_time"] == "2026-06-01 12:00:01"
    assert info["detection_completion_time"] == "2026-06-01 12:00:01"
    assert info["detector"] == f"Barkive {__version__}"
    assert info["detector_metadata"]["typical_detection_threshold"] == 0.05


def test_times_are_given_in_utc() -> None:
    paris = NOON.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=2)))
    value = json.loads("".join(megadetector_json([], [], None, paris)))
    assert value["info"]["detection_completion_time"] == "2026-06-01 12:00:01"


def test_without_photos() -> None:
    value = export([])
    assert value["images"] == []
    assert len(value["classification_categories"]) == 3


def test_breeds_beyond_the_model_follow_its_own(make_entry: MakeEntry) -> None:
    mine = BreedName("my;breed", "", "Ma race")
    entries = [
        make_entry(breeds=(Candidate(DHOLE, 1.0),), corrected=True),
        make_entry(breeds=(Candidate(mine, 0.5), Candidate(DHOLE, 0.5)), corrected=True),
    ]
    value = export(entries)
    assert value["classification_categories"]["3"] == "Dhole"
    assert value["classification_categories"]["4"] == "my;breed"
    assert value["images"][1]["detections"][0]["classifications"] == [["4", 0.5], ["3", 0.5]]
    descriptions = value["classification_category_descriptions"]
    assert descriptions["3"] == "n02115913;mammalia;carnivora;canidae;cuon;alpinus;dhole"
    assert descriptions["4"] == "my breed;mammalia;carnivora;canidae;canis;familiaris;my breed"
    assert {len(one.split(";")) for one in descriptions.values()} == {7}


@pytest.mark.parametrize(
    ("base", "file"),
    [
        (None, "/photos/2/b.jpg"),
        ("/photos", "2/b.jpg"),
        ("/photos/", "2/b.jpg"),
        ("/photos/2/..", "2/b.jpg"),
        ("/photo", "/photos/2/b.jpg"),
        ("/", "photos/2/b.jpg"),
    ],
)
def test_paths(base: str | None, file: str, make_entry: MakeEntry) -> None:
    assert export([make_entry(file="/photos/2/b.jpg")], base)["images"][0]["file"] == file


def test_a_base_relative_to_here(make_entry: MakeEntry) -> None:
    entry = make_entry(file=f"{os.getcwd()}/a/b.jpg")  # noqa: PTH109
    assert export([entry], "a")["images"][0]["file"] == "b.jpg"


def test_a_name_that_is_no_text(make_entry: MakeEntry) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    assert export([make_entry(file=f"/photos/{name}")])["images"][0]["file"] == name


def test_files_named_as_videos_are_left_out(make_entry: MakeEntry) -> None:
    entries = [make_entry(file="/photos/a.MP4"), make_entry(), make_entry(file="/photos/b.mov")]
    assert [image["file"] for image in export(entries)["images"]] == ["rex.jpg"]


def test_a_failed_photo_always_has_a_reason(make_entry: MakeEntry) -> None:
    entry = make_entry(status=Status.FAILED, breeds=(), error=None)
    assert export([entry])["images"][0]["failure"] == "The photo can't be read."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    probabilities=st.lists(st.floats(0, 1.0001), max_size=4),
    status=st.sampled_from(Status),
    error=st.none() | st.text(),
)
def test_whatever_comes_the_format_is_kept(
    probabilities: list[float], status: Status, error: str | None, make_entry: MakeEntry
) -> None:
    labels = [*LABELS, DHOLE]
    breeds = tuple(Candidate(labels[i], p) for i, p in enumerate(probabilities))
    export([make_entry(status=status, breeds=breeds, error=error)] * 2)
