"""Boxes of other programs: which are taken, where they lie, and what is left out and why."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from barkive.boxes import Box
from barkive.catalogue.transfer.box_files import BoxFile, LeftOut, read_box_file
from barkive.errors import UsageError
from barkive.images import Header

Write = Callable[[object], Path]
MD_CATEGORIES = {"1": "animal", "2": "person", "3": "dog"}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(content: object) -> Path:
        path = tmp_path / "boxes.json"
        path.write_text(json.dumps(content))
        return path

    return make


def look(headers: Mapping[str, Header | None]) -> Callable[[str], Header | None]:
    """Knows photos by their names; others are 200 x 100 and upright."""
    return lambda path: headers.get(Path(path).name, Header(200, 100, "JPEG", "RGB"))


def md(*images: object, version: object = "1.6", **info: object) -> dict[str, Any]:
    return {
        "info": {"format_version": version, "detector": "md_v5a", **info},
        "detection_categories": MD_CATEGORIES,
        "images": [*images],
    }


def detection(category: str = "1", conf: object = 0.9, bbox: object = (0.1, 0.2, 0.3, 0.4)) -> Any:
    return {"category": category, "conf": conf, "bbox": bbox}


def coco(image: Mapping[str, object], *annotations: Mapping[str, object]) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "rex.jpg", **image}],
        "annotations": [{"id": n, "image_id": 1, **one} for n, one in enumerate(annotations, 1)],
        "categories": [
            {"id": 1, "name": "dog", "supercategory": "animal"},
            {"id": 2, "name": "cat", "supercategory": "animal"},
            {"id": 3, "name": "animal"},
            {"id": 4, "name": "Chien", "supercategory": "dog"},
            {"id": 5, "name": "Pug"},
        ],
    }


def boxes(found: BoxFile) -> dict[str, list[tuple[float, ...]]]:
    """By the pictures' names: the box, the score, and whether it is a dog's."""
    return {
        Path(path).name: [
            (*(round(side, 6) for side in (b.x, b.y, b.width, b.height)), one.score, one.is_dog)
            for one in kept
            for b in [one.box]
        ]
        for path, kept in found.pictures.items()
    }


def test_megadetectors_results(write: Write, tmp_path: Path) -> None:
    file = write(
        md(
            {
                "file": "a/rex.jpg",
                "detections": [
                    detection(),
                    detection("3", 1.0, [0.5, 0.5, 0.6, 0.5]),
                    detection("2"),
                    detection(conf=0.1),
                    detection(bbox=[1.5, 0, 0.2, 0.2]),
                    detection(bbox=[0.5, 0.5, 0.0, 0.2]),
                    detection(bbox=[0.5, 0.5, -0.2, 0.2]),
                    detection(bbox=None),
                ],
            },
            {"file": "none.jpg", "detections": []},
            {"file": "bad.jpg", "failure": "Failure image access", "detections": None},
            {"file": "gone.jpg", "detections": [detection()]},
            {"file": "b\\max.jpg", "detections": [detection()]},
        )
    )
    found = read_box_file(file, look=look({"gone.jpg": None}))
    assert found.program == "md_v5a"
    assert [*found.pictures] == [str(tmp_path / "a/rex.jpg"), str(tmp_path / "b/max.jpg")]
    assert boxes(found)["rex.jpg"] == [
        (0.1, 0.2, 0.3, 0.4, 0.9, False),
        (0.5, 0.5, 0.5, 0.5, 1.0, True),
    ]
    assert found.left_out == Counter(
        {
            LeftOut.OUTSIDE: 4,
            LeftOut.NO_DOG: 1,
            LeftOut.UNSURE: 1,
            LeftOut.PICTURE_FAILED: 1,
            LeftOut.PICTURE_UNREADABLE: 1,
        }
    )


@pytest.mark.parametrize("version", ["1.0", 1.0, "1.1", "1.2", 1.3, "1.4", 1.5, "1.6", 1.6])
def test_versions_that_are_read(version: object, write: Write) -> None:
    file = write(md({"file": "rex.jpg", "detections": [detection()]}, version=version))
    assert [*boxes(read_box_file(file, look=look({})))] == ["rex.jpg"]


@pytest.mark.parametrize("version", ["1.7", "2.0", 2, "new", None])
def test_other_versions_are_refused(version: object, write: Write) -> None:
    with pytest.raises(UsageError) as caught:
        read_box_file(write(md(version=version)))
    assert caught.value.code == "box_file_version"
    assert "Barkive reads 1.0 to 1.6" in str(caught.value)


def test_a_file_without_a_version_is_of_the_first(write: Write) -> None:
    content = md({"file": "rex.jpg", "detections": [detection()]})
    del content["info"]
    found = read_box_file(write(content), look=look({}))
    assert (found.program, [*boxes(found)]) == ("MegaDetector", ["rex.jpg"])


@pytest.mark.parametrize(
    ("threshold", "info", "kept"),
    [
        (None, {}, [0.3, 0.2]),
        (None, {"detector_metadata": {"typical_detection_threshold": 0.25}}, [0.3]),
        (0.1, {"detector_metadata": {"typical_detection_threshold": 0.25}}, [0.3, 0.2, 0.1]),
        (0.0, {}, [0.3, 0.2, 0.1, 0.01]),
    ],
)
def test_the_least_score(
    threshold: float | None, info: dict[str, Any], kept: list[float], write: Write
) -> None:
    scores = [0.3, 0.2, 0.1, 0.01, math.nan, -1, "0.9"]
    detections = [detection(conf=score) for score in scores]
    file = write(md({"file": "rex.jpg", "detections": detections}, **info))
    (found,) = read_box_file(file, threshold=threshold, look=look({})).pictures.values()
    assert [one.score for one in found] == kept


@pytest.mark.parametrize("orientation", range(1, 9))
def test_megadetector_leaves_mirrored_photos_unturned(orientation: int, write: Write) -> None:
    file = write(md({"file": "rex.jpg", "detections": [detection()]}))
    header = Header(100, 200, "JPEG", "RGB", orientation)
    found = read_box_file(file, look=look({"rex.jpg": header}))
    mirrored = orientation in (2, 4, 5, 7)
    assert found.left_out == Counter({LeftOut.PICTURE_MIRRORED: 1} if mirrored else {})
    assert bool(found.pictures) != mirrored


def test_cocos_annotations(write: Write, tmp_path: Path) -> None:
    file = write(
        coco(
            {"width": 200, "height": 100},
            {"category_id": 1, "bbox": [20, 20, 60, 40]},
            {"category_id": 3, "bbox": [150, 50, 90, 90], "score": 0.4},
            {"category_id": 4, "bbox": [0, 0, 200, 100], "score": 0.7},
            {"category_id": 5, "bbox": [0.0, 0.0, 100.0, 50.0]},
            {"category_id": 2, "bbox": [0, 0, 10, 10]},
            {"category_id": 9, "bbox": [0, 0, 10, 10]},
            {"category_id": 1, "segmentation": [[0, 0, 10, 0, 10, 10]]},
            {"category_id": 1, "bbox": [0, 0, 10, 10], "iscrowd": 1},
            {"category_id": 1, "bbox": [300, 0, 10, 10]},
            {"category_id": 1, "bbox": [10, 10, 0, 10]},
            {"category_id": 1, "bbox": [10, 10, "x", 10]},
            {"category_id": 1, "bbox": [0, 0, 10, 10], "image_id": 7},
        )
    )
    found = read_box_file(file, tmp_path / "photos", look=look({}))
    assert [*found.pictures] == [str(tmp_path / "photos" / "rex.jpg")]
    assert boxes(found)["rex.jpg"] == [
        (0.1, 0.2, 0.3, 0.4, 1.0, True),
        (0.75, 0.5, 0.25, 0.5, 0.4, False),
        (0.0, 0.0, 1.0, 1.0, 0.7, True),
        (0.0, 0.0, 0.5, 0.5, 1.0, True),
    ]
    assert found.program == "boxes.json"
    assert found.left_out == Counter(
        {
            LeftOut.OUTSIDE: 3,
            LeftOut.NO_DOG: 2,
            LeftOut.NO_BOX: 2,
            LeftOut.PICTURE_FAILED: 1,
        }
    )


def test_ids_of_text_and_absolute_names(write: Write, tmp_path: Path) -> None:
    content = coco({"width": 200, "height": 100}, {"category_id": "1", "bbox": [0, 0, 100, 50]})
    content["images"][0] |= {"id": "1", "file_name": str(tmp_path / "far" / "rex.jpg")}
    assert [*read_box_file(write(content), look=look({})).pictures] == [
        str(tmp_path / "far" / "rex.jpg")
    ]


@pytest.mark.parametrize("size", [{}, {"width": None, "height": None}, {"width": 0, "height": 9}])
def test_a_size_that_is_not_told_is_the_files(size: dict[str, Any], write: Write) -> None:
    file = write(coco(size, {"category_id": 1, "bbox": [20, 20, 60, 40]}))
    assert boxes(read_box_file(file, look=look({}))) == {
        "rex.jpg": [(0.1, 0.2, 0.3, 0.4, 1.0, True)]
    }


def test_a_picture_of_another_size_but_the_same_shape(write: Write) -> None:
    file = write(coco({"width": 400, "height": 201}, {"category_id": 1, "bbox": [40, 0, 120, 201]}))
    assert boxes(read_box_file(file, look=look({})))["rex.jpg"] == [(0.1, 0, 0.3, 1.0, 1.0, True)]


def test_pictures_of_another_shape_and_unreadable_ones_are_left_out(write: Write) -> None:
    file = write(coco({"width": 100, "height": 200}, {"category_id": 1, "bbox": [0, 0, 9, 9]}))
    found = read_box_file(file, look=look({}))
    assert (found.pictures, found.left_out) == ({}, Counter({LeftOut.PICTURE_CHANGED: 1}))
    found = read_box_file(file, look=look({"rex.jpg": None}))
    assert (found.pictures, found.left_out) == ({}, Counter({LeftOut.PICTURE_UNREADABLE: 1}))


_STORED = {
    5: [6, 9, 42, 27],
    6: [6, 54, 42, 27],
    7: [12, 54, 42, 27],
    8: [12, 9, 42, 27],
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_programs_that_do_not_turn_photos(orientation: int, write: Write, tmp_path: Path) -> None:
    """Of the photo that is upright 90 x 60, with a dog at 0.1, 0.1, 0.3, 0.7."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    size = (60, 90) if orientation in _STORED else (90, 60)
    Image.new("RGB", size).save(tmp_path / "rex.jpg", exif=exif)
    # Where the size tells nothing, it is that of the upright photo.
    bbox = _STORED.get(orientation, [9, 6, 27, 42])
    told = {"width": size[0], "height": size[1]}
    found = read_box_file(write(coco(told, {"category_id": 1, "bbox": bbox})))
    assert boxes(found)["rex.jpg"] == [(0.1, 0.1, 0.3, 0.7, 1.0, True)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "box_file_no_json"),
        ("{", "box_file_no_json"),
        ("\x80", "box_file_no_json"),
        ("[" * 100_000, "box_file_no_json"),
        ("[]", "box_file_unknown"),
        ("1", "box_file_unknown"),
        ('{"images": []}', "box_file_unknown"),
        ('[{"image_id": 1, "bbox": [1, 2, 3, 4]}]', "box_file_unknown"),
    ],
)
def test_what_is_neither_is_refused(text: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / "boxes.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        read_box_file(file)
    assert caught.value.code == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_box_file(tmp_path / "none.json")
    assert str(caught.value) == f"There is no file {tmp_path / 'none.json'}; check the name."


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_box_file(tmp_path)
    assert caught.value.code == "box_file_unreadable"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), odd=json_values)
def test_whatever_stands_there_is_counted_or_passed_over(
    data: st.DataObject, odd: object, write: Write
) -> None:
    one: Any = md({"file": "rex.jpg", "detections": [detection(), detection()]})
    two: Any = coco({"width": 2, "height": 1}, {"category_id": 1, "bbox": [0, 0, 1, 1]})
    content = data.draw(st.sampled_from([one, two]))
    place: Any = content
    while isinstance(place, (dict, list)) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(place[key], (dict, list)):
            place[key] = odd
            break
        place = place[key]
    try:
        found = read_box_file(write(content), look=look({}))
    except UsageError:
        return
    for kept in found.pictures.values():
        assert all(isinstance(one.box, Box) and 0 <= one.score <= 1 for one in kept)
