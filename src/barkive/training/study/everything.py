"""Runs all recipes that are missing, and keeps the leaderboard.

Each recipe runs in a process of its own, so that its memory is its own, and what one leaves
behind burdens no other. An interrupted run goes on where it was.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from typing import Any

from barkive import evaluation
from barkive.errors import DataError, ExportError, WeightsError
from barkive.training.progress import Progress, Say
from barkive.training.study.charts import leaderboard_chart
from barkive.training.study.job import Job, Study
from barkive.training.study.outcome import Result
from barkive.training.study.recipes import NAMES, StudyRecipe, find_recipe
from barkive.training.study.report import study_report
from barkive.training.study.run import done_before, run_recipe
from barkive.training.study.weights import load_weights

REPORT = "results.md"
_NOT_SHOWN = ("digest", "table", "photos", "interval")


def run_all(
    study: Study, progress: Progress, say: Say, *, names: Sequence[str] = NAMES
) -> tuple[list[Result], dict[str, str]]:
    """Runs recipes one after the other; those that can't be run are named with the reason.

    Args:
        study: On what, and where to.
        progress: Opens a progress display; must be picklable, as a function of a module is.
        say: Told what is done; likewise.
        names: The recipes, by name or by file.

    Returns:
        The results in the order of the recipes, and for each that was not run the reason.

    Raises:
        UsageError: Results can't be written, or a recipe has faults.
        DataError: A folder of breeds can't be used at all.
    """
    recipes = dict(map(find_recipe, names))
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
        say(f"{job.name}: {job.recipe.about} About {job.recipe.minutes:g} minutes.")
        outcome = _run_apart(job)
        if isinstance(outcome, Result):
            found[job.name] = outcome
        else:
            missing[job.name] = outcome
            say(f"{job.name} is not measured. {outcome}")
        write_leaderboard(study, recipes, results(), missing)
    return results(), missing


def _without_weights(jobs: Sequence[Job]) -> dict[str, str]:
    """The recipes whose pre-trained weights can't be had, and why: known before any work."""
    reasons: dict[tuple[str, int], str] = {}
    missing = {}
    for job in jobs:
        recipe = job.recipe
        if not recipe.pretrained:
            continue
        key = (recipe.network, recipe.image_size)
        if key not in reasons:
            try:
                load_weights(recipe, job.study.weights)
                reasons[key] = ""
            except WeightsError as error:
                reasons[key] = str(error)
        if reasons[key]:
            missing[job.name] = reasons[key]
    return missing


def _run_apart(job: Job) -> Result | str:
    """Runs a recipe in a process of its own; gives the reason where its data won't do."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as pool:
        try:
            return pool.submit(_run, job).result()
        except BrokenProcessPool:
            return "Its process was ended from outside, most likely for want of memory."


def _run(job: Job) -> Result | str:
    try:
        return run_recipe(job)
    except (DataError, ExportError, WeightsError) as error:
        return str(error)


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
    rows = [_row(result) for result in results]
    ranked = [result for result in results if result.accuracy is not None]
    content = {"results": [result.to_json() for result in results], "not_measured": dict(missing)}
    files = {
        "leaderboard.csv": evaluation.to_csv(
            [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []
        ),
        "leaderboard.json": json.dumps(content, indent=2, ensure_ascii=False).encode(),
        REPORT: study_report(study, recipes, results, missing).encode(),
    }
    if ranked:
        files["leaderboard.png"] = leaderboard_chart(ranked)
    evaluation.write_files(study.out, files)


def _row(result: Result) -> dict[str, Any]:
    """A result as a flat row of `leaderboard.csv`."""
    shown = {name: x for name, x in asdict(result).items() if name not in _NOT_SHOWN}
    photos = zip(("train_photos", "validation_photos", "test_photos"), result.photos, strict=True)
    low, high = result.interval or (None, None)
    return {**shown, "low": low, "high": high, **dict(photos)}
