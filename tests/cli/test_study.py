"""`barkive study`: once for real, what it prints, and what it says of faults."""

import importlib.util
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from barkive.cli.commands import app
from barkive.errors import DataError, MissingExtraError, UsageError, WeightsError
from barkive.training.study import run_recipes
from barkive.training.study.result import Result, Table


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setenv("BARKIVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for breed, colour in (("red", (200, 50, 50)), ("Beagle", (50, 50, 200))):
        (tmp_path / "data" / breed).mkdir(parents=True)
        for seed in range(5):
            patches = np.random.default_rng(seed + colour[0]).integers(-45, 46, (6, 8, 1))
            image = Image.fromarray((patches + np.array(colour)).astype(np.uint8))
            image.resize((64, 48), Image.Resampling.BICUBIC).save(f"data/{breed}/{seed}.png")
    (tmp_path / "tiny.toml").write_text(
        'about = "Tiny."\nnetwork = "simple-cnn"\nimage_size = 32\nepochs = 2\n'
    )

    def invoke(*arguments):
        return CliRunner().invoke(app, ["study", *map(str, arguments)])

    return invoke


def test_a_recipe_file_for_real(study, tmp_path):
    result = study("data", "--recipe", "tiny.toml", "--out", "out")
    assert result.exit_code == 0
    made = json.loads((tmp_path / "out" / "tiny" / "result.json").read_text())
    low, high = made["interval"]
    line = (
        f"tiny: {made['accuracy']:.1%} right on 2 test photos "
        f"(95 % interval {low:.1%} to {high:.1%}).\n"
    )
    assert result.stdout == line
    told = result.stderr.splitlines()
    assert told[:2] == [
        "data holds 2 breeds, so all are taken.",
        "10 photos of 2 breeds: 6 to train on, 2 for validation, 2 for the test; 0 near-duplicates "
        "kept with their originals; 0 unreadable.",
    ]
    assert told[-1] == "Figures and pictures: out/tiny"

    again = study("data", "--recipe", "tiny.toml", "--out", "out")
    assert (again.exit_code, again.stdout) == (0, line)
    assert again.stderr.splitlines() == [
        "tiny is done already; to run it again, remove out/tiny.",
        "Figures and pictures: out/tiny",
    ]


def answer(monkeypatch, **figures):
    """Every recipe is run at once, and gives these figures."""
    result = Result("tiny", "Tiny.", "", 0, 2, (6, 2, 2), **({"unreadable": 0} | figures))
    monkeypatch.setattr(run_recipes, "run_recipe", lambda job: result)


def test_unreadable_photos_give_status_1(study, monkeypatch):
    answer(monkeypatch, unreadable=3, accuracy=0.5, interval=(0.25, 0.75))
    result = study("data", "--recipe", "tiny.toml", "--out", "out")
    assert result.exit_code == 1
    assert result.stdout == "tiny: 50.0% right on 2 test photos (95 % interval 25.0% to 75.0%).\n"
    assert (
        result.stderr.splitlines()[-1] == "Could not be read, and left out: 3, out/tiny/failed.csv"
    )


def test_a_result_that_was_not_expected_is_said_to_be_so(study, monkeypatch, tmp_path):
    with (tmp_path / "tiny.toml").open("a") as file:
        file.write("minutes = 4\nexpected = [0.6, 0.7]\n")
    answer(monkeypatch, accuracy=0.5, interval=(0.25, 0.75))
    told = study("data", "--recipe", "tiny.toml", "--out", "out").stderr.splitlines()
    assert told == [
        "The result, 50.0%, lies outside the expected 60 to 70 %.",
        "Figures and pictures: out/tiny",
    ]


def test_a_recipe_that_compares_says_what_it_shows(study, monkeypatch):
    answer(monkeypatch, table=Table(("size",), ((96,),), "Larger is better."))
    result = study("data", "--recipe", "tiny.toml", "--out", "out")
    assert (result.exit_code, result.stdout) == (0, "tiny: Larger is better.\n")


@pytest.mark.parametrize(
    ("unreadable", "missing", "status", "told"),
    [
        (0, {}, 0, []),
        (2, {}, 1, ["Could not be read, and left out: 2, out/tiny/failed.csv"]),
        (0, {"vgg16-head": "No weights."}, 1, ["vgg16-head was not measured. No weights."]),
    ],
)
def test_all_recipes(study, monkeypatch, unreadable, missing, status, told):
    result = Result("tiny", "Tiny.", "", 0, 2, (6, 2, 2), unreadable)
    seen = []

    def run_all(task, progress, log, *, precision):
        seen.extend((task, precision))
        return [result], missing

    monkeypatch.setattr("barkive.training.study.run_recipes.run_all", run_all)
    result = study(
        *("data", "--recipe", "all", "--out", "out"),
        *("--backbone-weights", "nets", "--elsewhere", "others", "--precision", "float32"),
    )
    assert result.exit_code == status
    assert result.stdout == f"Recipes measured: 1 of {1 + len(missing)}\nReport: out/results.md\n"
    assert result.stderr.splitlines() == told
    assert [str(getattr(seen[0], name)) for name in ("data", "out", "weights", "elsewhere")] == [
        *("data", "out", "nets", "others"),
    ]
    assert seen[1] == "float32"


def test_the_precision_is_set_stated_and_kept(study, tmp_path):
    result = study("data", "--recipe", "tiny.toml", "--out", "out", "--precision", "float32")
    assert result.exit_code == 0
    assert "Trained in float32." in result.stderr.splitlines()
    made = json.loads((tmp_path / "out" / "tiny" / "result.json").read_text())
    assert made["precision"] == "float32"


def test_a_precision_that_is_none_is_refused(study):
    result = study("data", "--recipe", "tiny.toml", "--out", "out", "--precision", "half")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "--precision is one of auto, float32, bfloat16, and not “half”." in said


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("none", "--recipe", "tiny.toml"), DataError, "folder none does not exist"),
        (("data/red", "--recipe", "tiny.toml"), DataError, "holds no folders of breeds"),
        (("data", "--recipe", "tiny"), UsageError, "no recipe “tiny”"),
        (
            ("data", "--recipe", "all-breeds", "--precision", "float32"),
            UsageError,
            "solver “lbfgs” makes no use of precision; leave it out.",
        ),
        (("data", "--recipe", "other.toml"), UsageError, "other.toml does not exist"),
        (
            ("data", "--recipe", "mobilenetv2-head", "--backbone-weights", "tiny.toml"),
            WeightsError,
            "weights file tiny.toml can't be read",
        ),
        (
            ("data", "--recipe", "mobilenetv2-head", "--backbone-weights", "no"),
            UsageError,
            "no do not",
        ),
    ],
)
def test_faults_are_told_before_anything_is_made(study, tmp_path, arguments, error, message):
    result = study(*arguments, "--out", "out")
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("data", "--out", "out"), ("data", "--recipe", "sizes")])
def test_recipe_and_out_are_needed(study, arguments):
    assert study(*arguments).exit_code == 2


def test_the_extra_is_named_where_it_is_missing(study, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "cv2" else real(name, *rest),
    )
    result = study("data", "--recipe", "tiny.toml", "--out", "out")
    assert isinstance(result.exception, MissingExtraError)
    assert "The study needs the extra “train”" in str(result.exception)
