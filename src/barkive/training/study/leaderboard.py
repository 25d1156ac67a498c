"""The leaderboard of the study, and its report: our results beside the original's, row by row."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from barkive import evaluation
from barkive.training.study.job import Study
from barkive.training.study.result import Result, Table
from barkive.training.study.study_charts import leaderboard_chart
from barkive.training.study.study_recipe import NAMES, StudyRecipe
from barkive.training.throughput import describe_bottleneck

REPORT = "results.md"
# What the folder of weights is called where none was given.
_WEIGHTS = "weights"
_NOT_RUN = "Not run yet."
_NOT_SHOWN = ("digest", "table", "photos", "interval", "versions")
_SIDES = ("train_photos", "validation_photos", "test_photos")
_COLUMNS = (
    *(one.name for one in fields(Result) if one.name not in _NOT_SHOWN),
    *("low", "high", *_SIDES),
)


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
        "leaderboard.csv": evaluation.to_csv([_COLUMNS, *map(_csv_row, results)]),
        "leaderboard.json": json.dumps(content, indent=2, ensure_ascii=False).encode(),
        REPORT: study_report(study, recipes, results, missing).encode(),
    }
    if ranked:
        files["leaderboard.png"] = leaderboard_chart(ranked)
    evaluation.write_files(study.out, files)


def _csv_row(result: Result) -> list[Any]:
    """A result as a flat row of `leaderboard.csv`."""
    low, high = result.interval or (None, None)
    sides = dict(zip(_SIDES, result.photos, strict=True))
    cells = asdict(result) | {"low": low, "high": high} | sides
    return [cells[name] for name in _COLUMNS]


def study_report(
    study: Study,
    recipes: Mapping[str, StudyRecipe],
    results: Sequence[Result],
    missing: Mapping[str, str],
) -> str:
    """Writes the report; pictures are named relative to the study's folder.

    Args:
        study: What was run.
        recipes: The recipes by name.
        results: What was measured, in the order of the recipes.
        missing: For each recipe that can't be measured the reason; the others are not run yet.
    """
    return "\n".join(_lines(study, recipes, results, missing)) + "\n"


def _lines(
    study: Study,
    recipes: Mapping[str, StudyRecipe],
    results: Sequence[Result],
    missing: Mapping[str, str],
) -> Iterator[str]:
    ranked = [result for result in results if result.accuracy is not None]
    run = {result.recipe for result in results}
    missing = {name: missing.get(name, _NOT_RUN) for name in recipes if name not in run}
    yield "## Leaderboard"
    yield ""
    yield from _table(
        (
            *("recipe", "breeds", "test accuracy (95 %)", "validation", "training", "elsewhere"),
            *("trained parameters", "training time", "photos a second", "memory", "bundle"),
        ),
        [_row(result) for result in ranked],
    )
    if ranked:
        yield "![Accuracies and times of training](leaderboard.png)"
        yield ""
    yield "## Beside the original"
    yield ""
    yield from _table(
        ("recipe", "the original", "here: training / validation / test", "in words"),
        [_beside(recipes[result.recipe], result) for result in ranked]
        + [(name, recipes[name].original or "–", "not measured", "–") for name in missing],
    )
    yield from _without(recipes)
    for result in results:
        yield from _section(study, recipes[result.recipe], result)
    if missing:
        yield "## Not measured"
        yield ""
        for name, reason in missing.items():
            yield f"**{name}.** {reason} {recipes[name].outlook}".rstrip()
            yield ""
            yield from _command(study, name, recipes[name])


def _row(result: Result) -> tuple[Any, ...]:
    return (
        result.recipe,
        result.breeds,
        f"{_percent(result.accuracy)} ({_interval(result)})",
        _percent(result.validation_accuracy),
        _percent(result.train_accuracy),
        f"{_percent(result.elsewhere)} of {result.elsewhere_photos}"
        if result.elsewhere_photos
        else "–",
        "–" if result.parameters is None else f"{result.parameters:,}",
        _time(result.seconds),
        f"{result.images_per_second:.0f}" if result.images_per_second else "–",
        _size(result.memory),
        _size(result.bundle),
    )


def _beside(recipe: StudyRecipe, result: Result) -> tuple[str, str, str, str]:
    shares = (result.train_accuracy, result.validation_accuracy, result.accuracy)
    here = " / ".join(_percent(share) for share in shares)
    return result.recipe, recipe.original or "–", here, result.diagnosis


def _section(study: Study, recipe: StudyRecipe, result: Result) -> Iterator[str]:
    yield f"## {result.recipe}"
    yield ""
    yield result.about
    yield ""
    train, validation, test = result.photos
    facts = [
        f"{result.breeds} breeds, {train} photos to train on, {validation} for validation, "
        f"{test} for the test",
        f"seed {result.seed}",
        result.machine,
        f"{result.processes} processes" if result.processes > 1 else "",
        f"trained in {result.precision}" if result.precision else "",
        f"{_time(result.seconds)} of training" if result.seconds else "",
        f"peak memory {_size(result.memory)}" if result.memory else "",
    ]
    yield "; ".join(fact for fact in facts if fact) + "."
    yield ""
    yield from _command(study, result.recipe, recipe)
    yield from _expected_and_rates(recipe, result)
    if result.table is not None:
        yield from _table(result.table.header, [_cells(result.table, r) for r in result.table.rows])
        yield result.table.conclusion
        yield ""
        picture: str = recipe.kind
    else:
        yield result.diagnosis
        yield ""
        picture = "curves" if result.epochs else "regularisation"
        if recipe.head == "own":
            picture = "confusion"
    yield f"![{result.recipe}]({result.recipe}/{picture}.png)"
    yield ""


def _without(recipes: Mapping[str, StudyRecipe]) -> Iterator[str]:
    """Which recipes have no confusion matrix and no heat map, and why, in one sentence."""
    comparing = [name for name, recipe in recipes.items() if recipe.compares]
    bags = [name for name, recipe in recipes.items() if recipe.kind == "words"]
    said = []
    if comparing:
        said.append(
            f"without a confusion matrix: {', '.join(comparing)} (they compare ways to prepare "
            "photos, in a table and a chart)"
        )
    if bags:
        said.append(f"without a heat map: {', '.join(bags)} (no network to look into)")
    if said:
        sentence = "; ".join(said)
        yield f"{sentence[0].upper()}{sentence[1:]}."
        yield ""


def _expected_and_rates(recipe: StudyRecipe, result: Result) -> Iterator[str]:
    said = [recipe.outlook, recipe.outcome(result.accuracy)]
    if result.loader_rate is not None and result.rate is not None:
        said.append(
            f"The loader gives {result.loader_rate:.0f} photos a second and the network takes "
            f"{result.rate:.0f}. "
            + describe_bottleneck(result.loader_rate, result.rate, result.waited, result.exchanged)
        )
    if any(said):
        yield " ".join(one for one in said if one)
        yield ""


def _command(study: Study, name: str, recipe: StudyRecipe) -> Iterator[str]:
    """The command that runs a recipe; folders by their own names."""
    file = name if name in NAMES else f"{name}.toml"
    command = ["barkive", "study", _name(study.data), "--recipe", file, "--out", _name(study.out)]
    if recipe.pretrained:
        command += ["--backbone-weights", _name(study.weights) if study.weights else _WEIGHTS]
    if recipe.precision != "auto":
        command += ["--precision", recipe.precision]
    if study.elsewhere is not None:
        command += ["--elsewhere", _name(study.elsewhere)]
    yield "```"
    yield shlex.join(command)
    yield "```"
    yield ""


def _name(folder: Path) -> str:
    """A folder's own name, also where it was given as `.`."""
    return folder.resolve().name


def _cells(table: Table, row: Sequence[Any]) -> list[str]:
    """Shares as per cent, other numbers as they read best."""
    cells = []
    for name, value in zip(table.header, row, strict=True):
        if isinstance(value, float) and name in ("megabytes", "photos_per_second"):
            cells.append(f"{value:.0f}")
        elif isinstance(value, float):
            cells.append(f"{100 * value:.1f} %")
        else:
            cells.append(str(value))
    return cells


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        # A recipe's file may be called anything.
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _interval(result: Result) -> str:
    return "–" if result.interval is None else "–".join(f"{100 * x:.1f}" for x in result.interval)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _size(size: int | None) -> str:
    if size is None:
        return "–"
    return f"{size / 2**20:.1f} MB" if size < 2**30 else f"{size / 2**30:.1f} GB"
