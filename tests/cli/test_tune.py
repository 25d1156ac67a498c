"""`barkive tune`: what it prints, and its status."""

from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from barkive.cli.commands import app
from barkive.errors import UsageError
from barkive.training.study import hyperparameter_search as module
from barkive.training.study.hyperparameter_search import Search


@dataclass
class Trial:
    value: float


@pytest.mark.parametrize(
    ("unreadable", "status", "told"),
    [(0, 0, []), (2, 1, ["Could not be read, and left out: 2, out/found/failed.csv"])],
)
@pytest.mark.parametrize(
    ("best", "printed"),
    [
        (Trial(0.5), "50.0% right on validation, the best of 1 trials; the recipe: out/found/best"),
        (None, "No trial of 1 was finished; try more with --trials."),
    ],
)
def test_what_is_printed(monkeypatch, unreadable, status, told, best, printed):
    asked = []

    def tune(job, start, trials):
        asked.append((job.name, str(job.folder), start, trials, job.recipe.precision))
        return Search((Trial(0.5),), best, {}, unreadable)

    monkeypatch.setattr(module, "tune", tune)
    words = ["tune", "data", "--out", "out/found", "--trials", "7", "--precision", "float32"]
    result = CliRunner().invoke(app, words)
    assert asked == [("found", "out/found", "mobilenetv2-head", 7, "float32")]
    assert result.exit_code == status
    assert result.stdout.startswith(printed)
    assert result.stderr.splitlines() == told


def test_a_recipe_that_has_nothing_to_search_is_named(tmp_path):
    out = str(tmp_path / "found")
    result = CliRunner().invoke(app, ["tune", "data", "--out", out, "--recipe", "deep-cnn"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("The recipe deep-cnn has no backbone")
    assert not (tmp_path / "found").exists()
