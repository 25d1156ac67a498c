"""Boxes of other programs in the catalogue: what becomes a dog, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
    folder = pair_photo("kennel/pair.png", RED, GREEN).parent
    pair_photo("kennel/half.png", GREEN, BLACK)
    catalogue.scan(folder, classifier=pair_classifier)
    half = catalogue.photo(folder / "half.png")
    catalogue.label(half.id, [Label(Kind.NOT_DOG, dog=dog.id) for dog in half.dogs or ()])
    return folder


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
