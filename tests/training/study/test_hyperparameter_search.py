"""A search tries, prunes, resumes, and leaves a recipe that can be run."""

import csv
import dataclasses

import optuna
import pytest

from barkive.errors import UsageError
from barkive.messages import Message
from barkive.progress import no_progress
from barkive.training.curves import Epoch
from barkive.training.study import hyperparameter_search as tuning
from barkive.training.study.hyperparameter_search import to_toml, tune
from barkive.training.study.job import Job, Study
from barkive.training.study.study_recipe import StudyRecipe, parse_recipe

BEST = Message("recipe_named", {"name": "best"})

RECIPE = StudyRecipe(
    about="tiny",
    minutes=3,
    expected=(0.1, 0.2),
    original="bad",
    network="test_resnet",
    image_size=32,
    epochs=2,
    breeds=0,
    held_out=0.4,
)


@pytest.fixture
def job(breeds, weights, tmp_path):
    said = []
    study = Study(breeds, tmp_path, weights)
    return Job("tuned", RECIPE, study, no_progress, said.append)


@pytest.fixture
def scripted(monkeypatch):
    """Trials that don't train: each reports the accuracies that it is told to."""
    curves = []

    def train(task):
        for number, accuracy in enumerate(curves.pop(0), start=1):
            task.on_epoch(Epoch(number, 1.0, accuracy, 1.0, accuracy, 0.1))

    monkeypatch.setattr(tuning, "train_network", train)
    monkeypatch.setattr(tuning, "freeze_base", lambda *given: None)
    return curves


def rows_of(job):
    with (job.folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_search_for_real(job):
    found = tune(job, "tiny", 2)
    assert [trial.state.name for trial in found.trials] == ["COMPLETE", "COMPLETE"]
    assert sorted(path.name for path in job.folder.iterdir()) == [
        *("best.toml", "failed.csv", "history.png", "trials.csv", "trials.db"),
    ]
    assert found.unreadable == 1
    with (job.folder / "failed.csv").open(newline="") as file:
        assert [row["error"][:17] for row in csv.DictReader(file)] == ["It is not a photo"]
    best = parse_recipe((job.folder / "best.toml").read_text("utf-8"), BEST)
    assert (best.network, best.image_size, best.epochs) == ("test_resnet", 32, 2)
    # Of what the first recipe says of itself nothing holds any more.
    assert best.about.startswith("Found by a search from tiny, the best of 2 trials: depth ")
    assert (best.minutes, best.expected, best.original) == (0, (), "")
    assert best.learning_rate == pytest.approx(found.best.params["learning_rate"])


def test_the_best_trial_wins_and_the_settings_are_weighed(job, scripted):
    scripted += [[0.5], [0.9, 0.7], [0.6], [0.8], [0.55]]
    found = tune(job, "tiny", 5)
    assert found.best.value == 0.9
    assert set(found.importances) == {
        *("depth", "head", "penalty", "dropout", "augmentation", "learning_rate"),
    }
    assert sum(found.importances.values()) == pytest.approx(1)
    assert (job.folder / "importance.png").read_bytes().startswith(b"\x89PNG")
    assert [row["validation_accuracy"] for row in rows_of(job)] == [
        "0.5",
        "0.9",
        "0.6",
        "0.8",
        "0.55",
    ]
    assert [row["epochs"] for row in rows_of(job)] == ["1", "2", "1", "1", "1"]


def test_what_falls_behind_is_given_up(job, scripted):
    scripted += [[0.5, 0.6, 0.7, 0.8]] * 8 + [[0.1, 0.1, 0.1, 0.1]]
    found = tune(job, "tiny", 9)
    assert [trial.state.name for trial in found.trials][-1] == "PRUNED"
    assert rows_of(job)[-1]["epochs"] == "2"
    assert any("given up after epoch 2" in line for line in job.log.__self__)


def test_an_interrupted_search_goes_on(job, scripted, monkeypatch):
    scripted += [[0.5], [0.6]]
    with pytest.raises(IndexError):  # the third trial dies
        tune(job, "tiny", 4)
    assert len(rows_of(job)) == 2
    scripted += [[0.7], [0.8]]
    found = tune(job, "tiny", 4)
    assert [trial.value for trial in found.trials] == [0.5, 0.6, 0.7, 0.8]
    assert tune(job, "tiny", 3).best.value == 0.8


def test_a_search_goes_on_in_the_precision_that_it_began_with(job, scripted, monkeypatch):
    def computing_in(kind):
        monkeypatch.setattr(tuning, "resolve", lambda precision, where: kind)

    computing_in("bfloat16")
    scripted += [[0.5]]
    tune(job, "tiny", 1)
    computing_in("float32")
    scripted += [[0.6]]
    tune(job, "tiny", 2)
    told = [line for line in job.log.__self__ if line.startswith("Trials are trained in")]
    assert told == ["Trials are trained in bfloat16."] * 2
    best = parse_recipe((job.folder / "best.toml").read_text("utf-8"), BEST)
    assert best.precision == "bfloat16"


def test_two_searches_try_the_same(job, scripted, tmp_path):
    scripted += [[0.5], [0.6], [0.7]] * 2
    first = tune(job, "tiny", 3)
    study = dataclasses.replace(job.study, out=tmp_path / "again")
    second = tune(dataclasses.replace(job, study=study), "tiny", 3)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]


def test_a_search_from_a_head_on_the_backbones_own_classifier_trains_one(job, scripted):
    scripted += [[0.5]]
    recipe = dataclasses.replace(RECIPE, epochs=10, solver="lbfgs", head="own")
    tune(dataclasses.replace(job, recipe=recipe), "tiny", 1)
    best = parse_recipe((job.folder / "best.toml").read_text("utf-8"), BEST)
    assert (best.solver, best.head) == ("adam", "anew")


def test_a_network_from_scratch_has_nothing_to_search(job):
    scratch = dataclasses.replace(job, recipe=StudyRecipe(about="x", network="deep-cnn"))
    with pytest.raises(
        UsageError, match="recipe tiny has no backbone, so there is nothing to search over"
    ):
        tune(scratch, "tiny", 3)


def test_no_trials(job):
    with pytest.raises(UsageError, match="The number of trials is 0; it must be 1 or more"):
        tune(job, "tiny", 0)


def test_a_database_that_is_none(job):
    job.folder.mkdir()
    (job.folder / "trials.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match=r"trials\.db can't be used"):
        tune(job, "tiny", 1)


def test_a_recipe_as_text_comes_back():
    recipe = StudyRecipe(
        about='a "quoted" name — é', dense=(8, 4), dropout=0.5, train_from="layer4", penalty=1e-06
    )
    assert parse_recipe(to_toml(recipe), BEST) == recipe


def test_optuna_stays_silent(job, scripted, capsys):
    scripted += [[0.5]]
    tune(job, "tiny", 1)
    assert capsys.readouterr().err == ""
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
