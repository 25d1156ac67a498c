"""`barkive evaluate`, with a stand-in for the classifier."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from barkive import classifier
from barkive.bundle import BundleInfo
from barkive.cli.commands import app
from barkive.errors import DataError
from barkive.images import Preprocessing
from barkive.verdicts import BreedName, Scores

KEYS = {
    *("top1", "top5", "mean_per_breed", "ece", "dog_precision", "dog_coverage"),
    *("not_dog_auroc", "not_dog_fpr95", "n", "images_per_second"),
}


class RedOrGreen:
    """Red and green are the odds of its two labels; what is dark is no dog."""

    def __init__(self, model=None, *, device="cpu", prior=None, dogs=True):
        info = BundleInfo(
            name="colours",
            labels=(
                BreedName("n02085620", "Chihuahua", "Chihuahua"),
                BreedName("[red]", "[red]", "x"),
            ),
            preprocessing=Preprocessing(size=32, square="squash"),
            temperature=1.0,
            dog_threshold=0.0,
            answer_threshold=0.6,
            provenance={},
        )
        self.bundle = SimpleNamespace(info=info, model=f"{model or 'colours'}@0")

    def score(self, pixels):
        odds = pixels[:, 0, 0, :2].astype(np.float32)
        total = odds.sum(axis=1, keepdims=True)
        return Scores(odds / total, total[:, 0] - 100, odds)


def add(folder, name, colour):
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), colour).save(folder / name)


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(classifier, "Classifier", RedOrGreen)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])

    return invoke


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    add(folder / "n02085620-Chihuahua", "1.png", (150, 50, 0))
    add(folder / "n02085620-Chihuahua", "2.png", (50, 150, 0))
    add(folder / "[red]", "1.png", (0, 200, 0))
    return folder


def test_json_is_one_object_and_nothing_else(run, data):
    result = run(data, "--format", "json")
    assert result.exit_code == 0
    entry = json.loads(result.stdout)
    assert entry.keys() >= KEYS
    assert entry["n"] == 3
    assert entry["top1"] == 0.666667
    assert entry["not_dog_auroc"] is None
    assert entry["failed"] == 0
    assert entry["model"] == "colours@0"
    assert result.stderr == ""


def test_not_dogs_are_told_apart(run, data, tmp_path):
    add(tmp_path / "other", "1.png", (20, 20, 0))
    entry = json.loads(run(data, "--not-dogs", tmp_path / "other", "--format", "json").stdout)
    assert entry["not_dog_auroc"] == 1
    assert entry["not_dog_fpr95"] == 0
    assert entry["not_dog_answers"] == {"dog": 0, "uncertain": 0, "not_dog": 1}


def test_the_table_shows_figures_breeds_and_pairs(run, data, tmp_path):
    add(tmp_path / "other", "1.png", (20, 20, 0))
    result = run(data, "--not-dogs", tmp_path / "other", "--model", "mine.onnx")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "mine.onnx@0 on 3 photos"
    assert "Top-1 accuracy 66.7 % 95 % interval 20.8–93.9 %" in lines
    assert "Not a dog: AUROC 1.0000" in lines
    assert "Chihuahua 1 of 2 [red] (1)" in lines
    assert "Chihuahua [red] 1 0" in lines


def test_a_model_without_errors_has_no_worst_breeds(run, tmp_path):
    add(tmp_path / "data" / "Chihuahua", "1.png", (150, 50, 0))
    result = run(tmp_path / "data")
    assert "Worst breeds" not in result.stdout
    assert "100.0 %" in result.stdout


def test_unreadable_photos_are_listed_and_give_status_1(run, data):
    broken = data / "[red]" / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    result = run(data, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"] == 1
    listed, total = result.stderr.splitlines()
    assert listed.startswith(f"{broken}: ")
    assert total == "Could not be read, and left out of the figures: 1"


def test_empty_and_unknown_breeds_are_named(run, data):
    (data / "empty").mkdir()
    add(data / "griffin", "1.png", (9, 9, 9))
    result = run(data, "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["n"] == 3
    assert result.stderr.splitlines() == [
        "Without a photo (1): empty",
        "Left out, because the model does not know the breed (1): griffin",
    ]


def test_two_folders_of_one_breed_are_named(run, data):
    add(data / "chihuahua", "1.png", (250, 9, 9))
    add(data / "n02085620-Chihuahua", "1.png", (250, 9, 9))
    assert run(data, "--format", "json").stderr.splitlines() == [
        "Taken together, because they hold the same breed (1): chihuahua with n02085620-Chihuahua",
    ]


@pytest.mark.parametrize("arguments", [["missing"], ["data", "--not-dogs", "missing"]])
def test_a_missing_folder_is_an_error(run, data, monkeypatch, arguments):
    monkeypatch.chdir(data.parent)
    result = run(*arguments)
    assert isinstance(result.exception, DataError)
    assert "missing does not exist" in str(result.exception)


def test_the_report_is_written(run, data, tmp_path):
    result = run(data, "--out", tmp_path / "report", "--format", "json")
    written = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert written == json.loads(result.stdout)


def test_device_and_prior_are_those_that_are_asked_for(run, data, monkeypatch):
    asked = []

    class Asked(RedOrGreen):
        def __init__(self, model=None, *, device, prior, dogs):
            asked.append((device, prior))
            super().__init__(model)

    monkeypatch.setattr(classifier, "Classifier", Asked)
    for words in ((), ("--device", "cuda"), ("--prior", "ours.csv")):
        assert run(data, *words).exit_code == 0
    assert asked == [("cpu", None), ("cuda", None), ("cpu", "ours.csv")]


def test_csv_is_no_format_of_an_evaluation(run, data):
    assert run(data, "--format", "csv").exit_code == 2


def test_what_is_passed_over_is_told(run, data):
    add(data / "@eaDir", "1.png", (150, 50, 0))
    add(data / "old", "1.png", (150, 50, 0))
    result = run(data, "--format", "json", "--exclude", "old/")
    assert json.loads(result.stdout)["n"] == 3
    assert result.stderr == "passed over: 1 in @eaDir, 1 excluded.\n"


@pytest.fixture
def boxes(run, monkeypatch, pair_classifier, pair_photo, tmp_path):
    """A table of boxes, and a classifier that finds a dog in each half of a wide photo."""
    monkeypatch.setattr(classifier, "Classifier", lambda *_, **__: pair_classifier)
    pair_photo("data/a/two.png", (250, 10, 10), (10, 250, 10))
    pair_photo("data/one.png", (250, 10, 10), (9, 9, 9))
    table = tmp_path / "boxes.csv"
    table.write_text(
        "photo,kind,x,y,width,height\n"
        "a/two.png,dog,0,0,0.5,1\na/two.png,dog,0.5,0,0.5,1\n"
        "one.png,dog,0,0,0.2,0.2\n"
    )
    return table


def test_how_well_dogs_are_found(run, boxes, tmp_path):
    result = run(tmp_path / "data", "--dogs", boxes, "--format", "json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert figures["photos"] == 2
    shares = {name: figures[name] for name in figures if name not in ("photos", "model")}
    found = {name: (one["right"], one["of"]) for name, one in shares.items()}
    assert found == {
        "recall": (2, 3),
        "large": (2, 2),
        "small": (0, 1),
        "edge": (2, 3),
        "precision": (2, 3),
        "groups": (1, 1),
        "singles": (1, 1),
    }
    lines = run(tmp_path / "data", "--dogs", boxes).stdout
    assert " 66.7 % " in lines
    assert "2 of 3, 95 % interval 20.8–93.9 %" in lines


def test_a_photo_of_the_table_that_is_not_there_is_told(run, boxes, tmp_path):
    (tmp_path / "data" / "one.png").unlink()
    result = run(tmp_path / "data", "--dogs", boxes, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["photos"] == 1
    assert "one.png: The file does not exist." in result.stderr


def test_a_missing_folder_of_a_table_is_an_error(run, boxes, tmp_path):
    result = run(tmp_path / "missing", "--dogs", boxes)
    assert str(result.exception) == (
        f"The folder {tmp_path / 'missing'} does not exist; give the folder below which the "
        "table's photos lie."
    )
