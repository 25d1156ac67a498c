"""Searches for the settings with which a recipe does best on validation.

Optuna (Akiba et al., 2019, "Optuna: A Next-generation Hyperparameter Optimization
Framework") chooses what to try by what was tried (TPE; Bergstra et al., 2011, "Algorithms
for Hyper-Parameter Optimization"), and gives up early what falls behind the median of the
trials before. Trials are kept in a database, so that a search goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from barkive import evaluation
from barkive.errors import UsageError
from barkive.training.backbones import Backbone
from barkive.training.curves import Epoch, best_epoch
from barkive.training.freezing import blocks
from barkive.training.precision import resolve
from barkive.training.process_group.torch_device import device
from barkive.training.study.dataset_split import DatasetSplit
from barkive.training.study.frozen import FrozenBase
from barkive.training.study.job import Job
from barkive.training.study.network_training import Task, build, freeze_base, train_network
from barkive.training.study.recipe_folder import locked
from barkive.training.study.study_charts import history_chart, importance_chart
from barkive.training.study.study_recipe import StudyRecipe, to_toml
from barkive.training.study.weights import load_weights

DATABASE = "trials.db"
BEST = "best.toml"
HEADS = {"prediction layer alone": (), "dense 256": (256,), "two dense 1280": (1280, 1280)}
AUGMENTATIONS = (0.0, 0.5, 1.0)
_DEEPEST = 3  # blocks from the output
_FROZEN = "frozen"
# The first trials are drawn at random, and none is given up before it has had two epochs.
_AT_RANDOM, _PATIENCE = 8, 2
_FEWEST_TO_COMPARE = 4


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found.

    Attributes:
        trials: Those that were finished or given up, in order.
        best: The one with the most right answers on validation; None where none was finished.
        importances: Each setting's share in the differences between the trials, the most
            important first; empty where there are too few to tell.
        unreadable: How many photos could not be read; `failed.csv` lists them.
    """

    trials: tuple[FrozenTrial, ...]
    best: FrozenTrial | None
    importances: dict[str, float]
    unreadable: int = 0


def tune(job: Job, start: str, trials: int) -> Search:
    """Searches over head, penalty, dropout, augmentation, learning rate and freezing.

    Args:
        job: The recipe to start from; its folder gets the database, `trials.csv`,
            `history.png`, `importance.png`, `failed.csv`, and the best settings as a recipe,
            `best.toml`.
        start: The name of that recipe.
        trials: How many in all, those of an interrupted search included.

    Raises:
        DataError: The photos are too few.
        WeightsError: The pre-trained weights can't be had, or don't fit.
        UsageError: The recipe has nothing to search over, or a file can't be written.
    """
    # What is said of the recipe itself does not hold for the settings that are tried.
    about = f"Found by a search from {start}"
    recipe = replace(job.recipe, solver="adam", head="anew", about=about)
    recipe = replace(recipe, original="", minutes=0.0, expected=())
    if recipe.scratch or recipe.kind != "network":
        raise UsageError("tune_no_backbone", recipe=start)
    if trials < 1:
        raise UsageError("tune_trials_below_one", trials=trials)
    backbone = load_weights(recipe, job.study.weights)
    with locked(job.folder):
        split = job.read_split()
        job.list_failed(dict(split.failed))
        found = _search(job, recipe, backbone, split, trials)
    return replace(found, unreadable=len(split.failed))


def _search(
    job: Job, recipe: StudyRecipe, backbone: Backbone, split: DatasetSplit, trials: int
) -> Search:
    with _database(job) as study:
        # A search that goes on elsewhere keeps to what it began with, so that trials compare.
        precision = study.user_attrs.get("precision") or resolve(recipe.precision, device())
        study.set_user_attr("precision", precision)
        job.log(f"Trials are trained in {precision}.")
        recipe = replace(recipe, precision=precision)
        first = replace(recipe, train_from="", dense=(), dropout=0.0)
        frozen = build(first, backbone, len(split.labels))
        train_from_choices = [_FROZEN, *reversed(blocks(frozen)[-_DEEPEST:])]
        base = freeze_base(first, frozen, backbone, job.progress)
        while (done := len(_ended(study))) < trials:
            trial = study.ask()
            tried = _suggest(trial, recipe, train_from_choices)
            job.log(f"Trial {done + 1} of {trials}: {_as_text(trial.params)}")
            value = _try(job, tried, trial, base, split)
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            study.tell(trial, value, state)
            _write(job, recipe, study, train_from_choices)
        return _write(job, recipe, study, train_from_choices)


def _suggest(trial: Trial, recipe: StudyRecipe, train_from_choices: Sequence[str]) -> StudyRecipe:
    train_from = trial.suggest_categorical("depth", train_from_choices)
    return replace(
        recipe,
        dense=HEADS[trial.suggest_categorical("head", list(HEADS))],
        penalty=trial.suggest_float("penalty", 1e-6, 1e-1, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.7, step=0.1),
        augmentation=trial.suggest_categorical("augmentation", AUGMENTATIONS),
        learning_rate=trial.suggest_float("learning_rate", 3e-5, 1e-2, log=True),
        train_from="" if train_from == _FROZEN else train_from,
    )


def _try(
    job: Job, recipe: StudyRecipe, trial: Trial, base: FrozenBase | None, split: DatasetSplit
) -> float | None:
    """Trains once: the best accuracy on validation, or None where it was given up."""
    history: list[Epoch] = []

    def report(epoch: Epoch) -> None:
        history.append(epoch)
        trial.report(epoch.validation_accuracy, epoch.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    # Fine-tuning changes the backbone, so each trial has its own.
    backbone = load_weights(recipe, job.study.weights)
    network = build(recipe, backbone, len(split.labels))
    try:
        train_network(
            Task(recipe, network, base, split, job.progress, lambda line: None, on_epoch=report)
        )
    except optuna.TrialPruned:
        job.log(f"  given up after epoch {len(history)}: it falls behind the others.")
        return None
    accuracy = best_epoch(history).validation_accuracy
    job.log(f"  {accuracy:.1%} right on validation.")
    return accuracy


@contextmanager
def _database(job: Job) -> Iterator[optuna.Study]:
    """Opens the search, or goes on with it; trials that were interrupted count as failed.

    Raises:
        UsageError: The database can't be written or read.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = job.folder / DATABASE
    try:
        study = optuna.create_study(
            storage=f"sqlite:///{path.absolute()}",
            study_name=job.digest(),
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(_AT_RANDOM, n_warmup_steps=_PATIENCE),
        )
        for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            study.tell(trial.number, state=TrialState.FAIL)
        # Of a search that goes on, the next trials must not be those that it began with.
        seed = job.recipe.seed + len(study.get_trials(deepcopy=False))
        study.sampler = optuna.samplers.TPESampler(n_startup_trials=_AT_RANDOM, seed=seed)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise UsageError("tune_database_unusable", path=path, reason=type(error).__name__) from None


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=ended)


def _write(
    job: Job, recipe: StudyRecipe, study: optuna.Study, train_from_choices: Sequence[str]
) -> Search:
    """Writes tables and pictures of the trials so far."""
    trials = _ended(study)
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    best = max(complete, key=lambda trial: trial.value or 0.0, default=None)
    names = list(trials[0].params) if trials else []
    rows = [
        (
            number,
            *(trial.params[name] for name in names),
            trial.state.name.lower(),
            len(trial.intermediate_values),
            max(trial.intermediate_values.values(), default=""),
        )
        for number, trial in enumerate(trials, start=1)
    ]
    header = ("trial", *names, "state", "epochs", "validation_accuracy")
    files = {
        "trials.csv": evaluation.to_csv([header, *rows]),
        "history.png": history_chart(
            [max(t.intermediate_values.values(), default=0.0) for t in trials],
            [t.state is TrialState.COMPLETE for t in trials],
        ),
    }
    importances: dict[str, float] = {}
    if len({trial.value for trial in complete}) > 1 and len(complete) >= _FEWEST_TO_COMPARE:
        importances = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        files["importance.png"] = importance_chart(importances, len(complete))
    if best is not None:
        fixed = optuna.trial.FixedTrial(best.params)
        found = _suggest(fixed, recipe, train_from_choices)  # type: ignore[arg-type]
        about = f"{recipe.about}, the best of {len(trials)} trials: {_as_text(best.params)}."
        files[BEST] = to_toml(replace(found, about=about)).encode()
    evaluation.write_files(job.folder, files)
    return Search(tuple(trials), best, importances)


def _as_text(settings: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in settings.items()
    )
