"""What a run leaves beside the bundle and the report."""

import csv
import io
import json

import pytest
from PIL import Image

from barkive.evaluation import write_files
from barkive.training.curves import CurvePoint
from barkive.training.recipe import Recipe
from barkive.training.transfer_learning import run_files
from barkive.training.tuning import Choice

CURVE = (CurvePoint(0.1, 0.8, 0.7, 0.75, 0.9), CurvePoint(0.01, 1.0, 0.1, 0.5, 1.2))


@pytest.fixture
def folder(breeds, weights, tmp_path):
    recipe = Recipe(data=breeds, out=tmp_path / "m.onnx", backbone_weights=weights, seed=7)
    recipe.run_folder.mkdir()
    choice = Choice(None, CURVE[0], CURVE)
    failed = [("bad, one.jpg", "The file is empty.")]
    write_files(recipe.run_folder, run_files(recipe, choice, {"licence": "Élan"}, failed))
    return recipe.run_folder


def test_every_file_is_there(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "failed.csv",
        "provenance.json",
        "regularisation.csv",
        "regularisation.png",
        "settings.json",
    ]
    assert json.loads((folder / "settings.json").read_text("utf-8"))["seed"] == 7
    assert json.loads((folder / "provenance.json").read_text("utf-8")) == {"licence": "Élan"}


def test_the_tables(folder):
    rows = list(csv.reader(io.StringIO((folder / "failed.csv").read_text("utf-8"))))
    assert rows == [["file", "error"], ["bad, one.jpg", "The file is empty."]]
    assert (folder / "regularisation.csv").read_text("utf-8").splitlines() == [
        "penalty,train_accuracy,train_loss,validation_accuracy,validation_loss",
        "0.1,0.8,0.7,0.75,0.9",
        "0.01,1.0,0.1,0.5,1.2",
    ]


def test_the_curve_is_a_picture(folder):
    with Image.open(folder / "regularisation.png") as picture:
        picture.load()
        assert picture.width > 800
