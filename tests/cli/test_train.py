"""`barkive train`: once for real, and what it says of faults."""

import importlib.util

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner
from PIL import Image

from barkive.bundle import Bundle
from barkive.cli.commands import app
from barkive.errors import MissingExtraError, UsageError


def add(folder, seed, colour):
    folder.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(seed).integers(-45, 46, (6, 8, 1)) + np.array(colour)
    image = Image.fromarray(patches.astype(np.uint8)).resize((64, 48), Image.Resampling.BICUBIC)
    image.save(folder / f"{seed}.png")


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.setenv("BARKIVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        add(tmp_path / "data" / "red", seed, (200, 50, 50))
        add(tmp_path / "data" / "Beagle", 10 + seed, (50, 50, 200))
    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet", num_classes=0).state_dict(), "weights.pth")

    def invoke(*arguments):
        return CliRunner().invoke(app, ["train", *arguments])

    return invoke


def test_a_folder_becomes_a_model(train, tmp_path):
    (tmp_path / "data" / "red" / "broken.jpg").write_bytes(b"")
    result = train(
        *("data", "--out", "m.onnx", "--backbone", "test_resnet", "--no-mirror", "--no-int8"),
        *("--backbone-weights", "weights.pth", "--image-size", "32", "--licence", "CC0"),
        *("--enhance", "stretch, median"),
    )
    assert result.exit_code == 1
    assert (
        result.stdout
        == "m.onnx: 100.0% right on 2 validation photos (95 % interval 34.2% to 100.0%).\n"
    )
    told = result.stderr.splitlines()
    assert told[0].startswith("8 photos of 2 breeds, 2 of them for validation;")
    assert told[-1] == "Figures, pictures and predictions: m-run"
    assert "data/red/broken.jpg: The file is empty." in told
    info = Bundle.open("m.onnx").info
    assert [label.en for label in info.labels] == ["Beagle", "red"]
    assert info.provenance["licence"] == "CC0"
    assert info.preprocessing.enhance == ("stretch", "median")
    assert (tmp_path / "m-run" / "predictions.csv").exists()


def test_all_faults_are_told_together(train):
    result = train(
        *("none", "--out", "m.pt", "--backbone", "resnet-50", "--seed", "-1"),
        *("--enhance", "denoise,sharpen"),
    )
    assert isinstance(result.exception, UsageError)
    for part in (
        *("folder none does not", "must end in .onnx", "called “resnet-50”", "seed is -1"),
        "correction called “sharpen”",
    ):
        assert part in str(result.exception)


def test_the_extra_is_named_where_it_is_missing(train, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "timm" else real(name, *rest),
    )
    result = train("data", "--out", "m.onnx")
    assert isinstance(result.exception, MissingExtraError)
    assert "pip install 'barkive[train]'" in str(result.exception)
