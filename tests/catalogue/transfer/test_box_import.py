"""Boxes of other programs in the catalogue: what becomes a dog, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Kind, Label, LeftOut
from barkive.classifier import Classifier
from barkive.cli.commands import app

RED, GREEN, BLACK = (250, 10, 10), (10, 250, 10), (9, 9, 9)
MakePhoto = Callable[..., Path]
LEFT, RIGHT = [0.02, 0.0, 0.46, 1.0], [0.52, 0.0, 0.46, 1.0]


@pytest.fixture
def scanned(catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto) -> Path:
    """A catalogued folder: a photo of two dogs, and one with a dog that the detector misses."""
    pair = pair_photo("kennel/pair.png", RED, GREEN)
    half = pair_photo("kennel/half.png", GREEN, BLACK)
    catalogue.scan(pair, classifier=pair_classifier)
    catalogue.scan(half, classifier=pair_classifier.without_dogs())
    return pair.parent


def write(folder: Path, category: str, **pictures: list[list[float]]) -> Path:
    """MegaDetector's results, which lie beside the photos."""
    file = folder / "boxes.json"
    images = [
        {
            "file": f"{name}.png",
            "detections": [{"category": "1", "conf": 0.9, "bbox": box} for box in boxes],
        }
        for name, boxes in pictures.items()
    ]
    info = {"format_version": "1.6", "detector": "md_v5a"}
    content = {"info": info, "detection_categories": {"1": category}, "images": images}
    file.write_text(json.dumps(content))
    return file


def test_animals_are_dogs_where_the_model_sees_one(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "animal", half=[LEFT, RIGHT], pair=[LEFT], gone=[LEFT])
    (scanned / "gone.png").write_bytes((scanned / "half.png").read_bytes() + b" ")
    seen: list[tuple[int, int | None]] = []
    done = catalogue.import_boxes(
        file, pair_classifier, on_progress=lambda n, of: seen.append((n, of))
    )
    assert (done.added, done.photos, done.known, done.not_dogs, done.strange) == (1, 1, 1, 1, 1)
    assert done.left_out == {}
    assert seen == [(1, 3), (2, 3), (3, 3)]
    entry = catalogue.photo(scanned / "half.png")
    (dog,) = entry.dogs or ()
    assert dog.box == Box(0.02, 0.0, 0.46, 1.0)
    assert [one.label.en for one in dog.guesses[:1]] == ["Pug"]
    assert not dog.corrected
    assert [(change.kind, change.by) for change in catalogue.history(entry.id)][-1:] == [
        (Kind.DOG, "md_v5a")
    ]


def test_dogs_are_taken_at_the_files_word(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT, RIGHT])
    done = catalogue.import_boxes(file, pair_classifier, by="Ada")
    assert (done.added, done.photos, done.not_dogs) == (2, 1, 0)
    assert len(catalogue.photo(scanned / "half.png").dogs or ()) == 2


def test_twice_is_the_same_as_once(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT, RIGHT])
    catalogue.import_boxes(file, pair_classifier)
    again = catalogue.import_boxes(file, pair_classifier)
    assert (again.added, again.photos, again.known) == (0, 0, 2)


def test_what_people_took_away_stays_away(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT, RIGHT], pair=[LEFT, RIGHT])
    assert catalogue.import_boxes(file, pair_classifier).added == 2
    half, pair = scanned / "half.png", scanned / "pair.png"
    catalogue.label(half, Label(Kind.NOT_DOG, dog=catalogue.photo(half).dog(1).id))
    catalogue.label(half, Label(Kind.UNDO, dog=catalogue.photo(half).dog(1).id))
    catalogue.label(pair, Label(Kind.NOT_DOG, dog=catalogue.photo(pair).dog(2).id))
    again = catalogue.import_boxes(file, pair_classifier)
    assert (again.added, again.known, again.taken_away, again.not_dogs) == (0, 1, 3, 0)
    assert [len(catalogue.photo(photo).dogs or ()) for photo in (half, pair)] == [0, 1]


def test_what_people_said_of_the_photo_stays(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT], pair=[LEFT, RIGHT])
    half, pair = scanned / "half.png", scanned / "pair.png"
    for photo in (half, pair):
        catalogue.label(photo, Label(Kind.BREED, ("boxer",), other=True))
    done = catalogue.import_boxes(file, pair_classifier)
    assert (done.added, done.known, done.taken_away) == (1, 2, 0)
    for photo in (half, pair):
        entry = catalogue.photo(photo)
        assert [one.en for one in entry.labels] == ["Boxer"]
        assert entry.corrected


def test_a_photo_without_dogs_gets_none(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT, RIGHT])
    catalogue.label(scanned / "half.png", Label(Kind.NOT_DOG))
    done = catalogue.import_boxes(file, pair_classifier)
    assert (done.added, done.taken_away) == (0, 2)
    catalogue.label(scanned / "half.png", Label(Kind.UNDO))
    assert catalogue.import_boxes(file, pair_classifier).added == 2


def test_a_dog_that_people_moved_is_known_at_both_places(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    file = write(scanned, "dog", half=[LEFT])
    catalogue.import_boxes(file, pair_classifier)
    half = scanned / "half.png"
    dog = catalogue.photo(half).dog(1).id
    catalogue.label(half, Label(Kind.DOG, dog=dog, box=Box(*RIGHT)))
    done = catalogue.import_boxes(write(scanned, "dog", half=[LEFT, RIGHT]), pair_classifier)
    assert (done.added, done.known) == (0, 2)


def test_boxes_are_judged_where_no_dogs_were_looked_for(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    catalogue.import_boxes(write(scanned, "dog", half=[LEFT, RIGHT]), pair_classifier)
    dogs = catalogue.photo(scanned / "half.png").dogs or ()
    assert [dog.guesses[0].label.en for dog in dogs] == ["Pug", "Pug"]


def test_of_too_many_boxes_the_surest_are_taken(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path
) -> None:
    boxes = [[i / 40, round(j * 0.038, 3), 0.02, 0.03] for i in range(40) for j in range(26)]
    file = write(scanned, "dog", half=boxes)
    content = json.loads(file.read_text())
    content["images"][0]["detections"][0]["conf"] = 0.3
    content["images"][0]["detections"][-1]["conf"] = 1.0
    file.write_text(json.dumps(content))
    done = catalogue.import_boxes(file, pair_classifier)
    assert (done.added, done.photos, done.left_out) == (1000, 1, {LeftOut.TOO_MANY: 40})
    found = {dog.box for dog in catalogue.photo(scanned / "half.png").dogs or ()}
    assert Box(*boxes[-1]) in found
    assert Box(*boxes[0]) not in found


def test_photos_that_have_changed_get_no_boxes(
    catalogue: Catalogue, pair_classifier: Classifier, scanned: Path, pair_photo: MakePhoto
) -> None:
    file = write(scanned, "dog", half=[LEFT])
    pair_photo("kennel/half.png", RED, RED)
    done = catalogue.import_boxes(file, pair_classifier)
    assert (done.added, done.left_out) == (0, {LeftOut.PICTURE_CHANGED: 1})


def test_the_command(tmp_path: Path, colour_photo: MakePhoto) -> None:
    photo = colour_photo("kennel/rex.png", RED)
    file = write(photo.parent, "person", rex=[LEFT], gone=[LEFT])
    where = ["--catalogue", str(tmp_path / "catalogue.sqlite")]
    Catalogue(where[1]).close()
    done = CliRunner().invoke(app, ["import-boxes", str(file), *where])
    assert (done.exit_code, done.stdout) == (
        0,
        "0 dogs added; photos with new dogs: 0\n2 boxes are of neither dogs nor animals\n",
    )
    french = CliRunner().invoke(app, ["import-boxes", str(photo), *where, "--lang", "fr"])
    assert french.exit_code != 0
