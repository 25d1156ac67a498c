"""Runs all recipes that are missing, and keeps the leaderboard.

Each recipe runs in a process of its own, so that its memory is its own, and what one leaves
behind burdens no other. That process ends with this one. An interrupted run goes on where it
was. Where several processes train together they run all recipes themselves.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from multiprocessing.connection import Connection
from typing import Any

from barkive import evaluation
from barkive.errors import (
    BarkiveError,
    DataError,
    DeviceError,
    ExportError,
    UsageError,
    WeightsError,
)
from barkive.training.precision import Precision
from barkive.training.process_group.group import ElsewhereError, group
from barkive.training.progress import Progress, Say
from barkive.training.study.charts import leaderboard_chart
from barkive.training.study.comparison import study_report
from barkive.training.study.job import Job, Study
from barkive.training.study.outcome import Result
from barkive.training.study.recipes import NAMES, find_recipe
from barkive.training.study.run_recipes import done_before, run_recipe
from barkive.training.study.settings import StudyRecipe
from barkive.training.study.weights import load_weights

REPORT = "results.md"
# Seconds in which a recipe's process may end by itself once it has answered.
_FAREWELL = 30.0
_FAILED = "It failed with the error above; please report that."
_NOT_SHOWN = ("digest", "table", "photos", "interval", "versions")
_SIDES = ("train_photos", "validation_photos", "test_photos")
_COLUMNS = (
    *(one.name for one in fields(Result) if one.name not in _NOT_SHOWN),
    *("low", "high", *_SIDES),
)


def run_all(
    study: Study,
    progress: Progress,
    say: Say,
    *,
    names: Sequence[str] = NAMES,
    precision: Precision | None = None,
) -> tuple[list[Result], dict[str, str]]:
    """Runs recipes one after the other; those that can't be run are named with the reason.

    Args:
        study: On what, and where to.
        progress: Opens a progress display; must be picklable, as a function of a module is.
        say: Told what is done; likewise.
        names: The recipes, by name or by file.
        precision: Of those that train in epochs, in place of their own; None for their own.

    Returns:
        The results in the order of the recipes, and for each that was not run the reason.

    Raises:
        UsageError: Results can't be written, or a recipe has faults.
        DataError: A folder of breeds can't be used at all.
    """
    recipes = dict(map(find_recipe, names))
    if precision is not None:
        recipes = {
            name: replace(recipe, precision=precision) if recipe.in_epochs else recipe
            for name, recipe in recipes.items()
        }
    jobs = [Job(name, recipe, study, progress, say) for name, recipe in recipes.items()]
    evaluation.prepare_report(study.out)
    found = {job.name: done_before(job) for job in jobs}
    missing = _without_weights([job for job in jobs if found[job.name] is None])
    for name, reason in missing.items():
        say(f"{name} will not be measured. {reason}")

    def results() -> list[Result]:
        return [result for result in found.values() if result is not None]

    write_leaderboard(study, recipes, results(), missing)
    for job in jobs:
        if found[job.name] is not None or job.name in missing:
            continue
        say(f"{job.name}: {job.recipe.about}")
        outcome = _run_apart(job) if group().size == 1 else _run_here(job)
        if isinstance(outcome, UsageError):
            raise outcome
        if isinstance(outcome, Result):
            found[job.name] = outcome
            if as_expected := job.recipe.outcome(outcome.accuracy):
                say(as_expected)
        else:
            missing[job.name] = outcome
            say(f"{job.name} is not measured. {outcome}")
        write_leaderboard(study, recipes, results(), missing)
    return results(), missing


def _without_weights(jobs: Sequence[Job]) -> dict[str, str]:
    """The recipes whose pre-trained weights can't be had, and why: known before any work."""
    reasons: dict[tuple[str, int, bool], str] = {}
    missing = {}
    for job in jobs:
        recipe = job.recipe
        if not recipe.pretrained:
            continue
        key = (recipe.network, recipe.image_size, recipe.head == "anew")
        if key not in reasons:
            try:
                load_weights(recipe, job.study.weights)
                reasons[key] = ""
            except WeightsError as error:
                reasons[key] = str(error)
        if reasons[key]:
            missing[job.name] = reasons[key]
    return missing


def _run_apart(job: Job) -> Result | str | UsageError:
    """Runs a recipe in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    answers, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_run, args=(job, theirs))
    with _deaf_to_ctrl_c():
        process.start()
    # The child's end is then the only one, so that its death is seen.
    theirs.close()
    try:
        outcome: Result | str | UsageError = answers.recv()
        process.join(_FAREWELL)
        return outcome
    except EOFError:
        process.join()
        # Python itself ends with 1 after an error, having shown it.
        if process.exitcode == 1:
            return _FAILED
        return "Its process was ended from outside, most likely for want of memory."
    finally:
        # Also after Ctrl-C: what was trained so far is in the checkpoint.
        process.kill()
        process.join()


def _run_here(job: Job) -> Result | str | UsageError:
    """Runs a recipe in this process, the first of several: whatever fails is this recipe alone."""
    try:
        return _outcome(job)
    except Exception:
        traceback.print_exc()
        return _FAILED


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """What starts in here inherits the deafness: it is ended by its parent, in silence."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _run(job: Job, answers: Connection) -> None:
    """What the process of a recipe does."""
    # Where deafness is not inherited, as on Windows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As the command line does in the first process.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answers.send(_outcome(job))


def _outcome(job: Job) -> Result | str | UsageError:
    """Runs a recipe; gives why it alone can't be run, or what must end the whole."""
    try:
        return run_recipe(job)
    except (DataError, DeviceError, ElsewhereError, ExportError, WeightsError) as error:
        return str(error)
    except BarkiveError as error:
        return UsageError(str(error))


def _end_with_parent() -> None:
    """Waits for the parent's end, whatever that is, and ends this process with it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def write_leaderboard(
    study: Study,
    recipes: Mapping[str, StudyRecipe],
    results: Sequence[Result],
    missing: Mapping[str, str],
) -> None:
    """Writes the leaderboard as CSV, JSON and chart, and the report.

    Args:
        study: What was run.
        recipes: The recipes by name.
        results: What was measured, in the order of the recipes.
        missing: For each recipe that was not measured the reason.

    Raises:
        UsageError: A file can't be written.
    """
    ranked = [result for result in results if result.accuracy is not None]
    content = {"results": [result.to_json() for result in results], "not_measured": dict(missing)}
    files = {
        "leaderboard.csv": evaluation.to_csv([_COLUMNS, *map(_row, results)]),
        "leaderboard.json": json.dumps(content, indent=2, ensure_ascii=False).encode(),
        REPORT: study_report(study, recipes, results, missing).encode(),
    }
    if ranked:
        files["leaderboard.png"] = leaderboard_chart(ranked)
    evaluation.write_files(study.out, files)


def _row(result: Result) -> list[Any]:
    """A result as a flat row of `leaderboard.csv`."""
    low, high = result.interval or (None, None)
    sides = dict(zip(_SIDES, result.photos, strict=True))
    cells = asdict(result) | {"low": low, "high": high} | sides
    return [cells[name] for name in _COLUMNS]
