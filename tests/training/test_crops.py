"""Photos as crops of their largest dog, and whether training on them helps."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.boxes import Box
from barkive.detection.detector import Detector
from barkive.detection.proposal import Proposal
from barkive.errors import UsageError
from barkive.progress import no_progress
from barkive.training import crops, transfer_learning
from barkive.training.recipe import Recipe

SMALL, LARGE, FAINT = Box(0, 0, 0.25, 0.5), Box(0.5, 0.1, 0.4, 0.6), Box(0, 0, 1, 1)


class Found(Detector):
    """Finds what it is told to."""

    digest = "f00d" * 16

    def __init__(self, *found):
        self.found = tuple(Proposal(box, score, score) for box, score in found)

    def propose(self, photo):
        return self.found


@pytest.fixture
def detects(monkeypatch):
    def set_up(*found):
        monkeypatch.setattr(crops, "Detector", lambda: Found(*found))

    return set_up


@pytest.mark.parametrize(
    ("found", "box"),
    [
        ([(SMALL, 0.9), (LARGE, 0.5), (FAINT, 0.4)], LARGE),
        ([(SMALL, 0.9)], SMALL),
        # The only animal fills the middle: a portrait.
        ([(Box(0.2, 0.1, 0.6, 0.8), 0.9)], None),
        ([], None),
    ],
)
def test_the_largest_that_is_sure_enough(found, box):
    assert crops.largest(np.zeros((48, 64, 3), np.uint8), Found(*found)) == box


def test_crops_are_files_of_the_photos_names(photo, tmp_path, cache, detects):
    detects((LARGE, 0.9), (SMALL, 0.8))
    first = photo(tmp_path / "a" / "rex.png", (210, 60, 60), 0)
    second = photo(tmp_path / "b" / "rex.png", (60, 210, 60), 1)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    paths = [str(path) for path in (first, second, broken)]
    found = crops.crop_largest(paths, "Crops", no_progress)
    assert found[2] == str(broken)
    assert [Path(path).name for path in found] == ["rex.png", "rex.png", "broken.jpg"]
    assert len(set(found)) == 3
    with Image.open(found[0]) as crop:
        # As wide and high as the box and a twentieth on each side, within the photo.
        assert crop.size == (28, 32)
    before = Path(found[0]).stat().st_mtime_ns
    assert crops.crop_largest(paths, "Crops", no_progress) == found
    assert Path(found[0]).stat().st_mtime_ns == before
    assert cache / "crops" in Path(found[0]).parents


def test_photos_without_an_animal_stay_whole(photo, tmp_path, detects):
    detects()
    path = str(photo(tmp_path / "rex.png", (210, 60, 60), 0))
    assert crops.crop_largest([path], "Crops", no_progress) == (path,)


def test_a_cache_that_can_not_be_written(photo, tmp_path, cache, detects):
    detects((LARGE, 0.9), (SMALL, 0.8))
    path = str(photo(tmp_path / "rex.png", (210, 60, 60), 0))
    cache.mkdir()
    (cache / "crops").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        crops.crop_largest([path], "Crops", no_progress)
    assert caught.value.code == "cache_not_writable"


@pytest.mark.torch
def test_a_training_tells_whether_crops_help(breeds, others, weights, tmp_path, detects):
    detects((LARGE, 0.9), (SMALL, 0.8))
    recipe = Recipe(
        data=breeds,
        out=tmp_path / "m.onnx",
        not_dogs=others,
        backbone="test_resnet",
        backbone_weights=weights,
        image_size=32,
        validation=0.25,
        int8=False,
        crops=True,
    )
    said = []
    result = transfer_learning.train(recipe, log=said.append)
    assert result.figures.n == 5
    (line,) = [line for line in said if "cropped" in line]
    assert line.startswith("20 of 20 photos were cropped. On crops 100.00% are right on validation")
    provenance = json.loads((tmp_path / "m-run" / "provenance.json").read_text())
    assert provenance["crops"] == {
        "cropped": 20,
        "validation": 1.0,
        "validation_of_whole_photos": 1.0,
    }
    settings = json.loads((tmp_path / "m-run" / "settings.json").read_text())
    assert settings["crops"] is True
