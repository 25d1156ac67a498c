"""`barkive study`: reproduce the study's figures on a folder of breeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.options import Data, PrecisionOption, WeightsOfNetworks, require_training

if TYPE_CHECKING:
    from barkive.training.study.result import Result


def study(
    data: Data,
    recipe: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE|all",
            help="A recipe of the study, a recipe file of your own, or all recipes.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where results go: a folder for each recipe.")
    ],
    backbone_weights: WeightsOfNetworks = None,
    elsewhere: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Photos from elsewhere, judged too: never trained on."),
    ] = None,
    precision: PrecisionOption = None,
) -> None:
    """Run a recipe of the study: train, measure, explain.

    Needs the extra “train”. What is done already is not run again, and an interrupted run
    goes on where it was. With “all”, recipes whose weights can't be had are named, and the
    others run; leaderboard and report go into DIR.

    On several devices: torchrun --nproc-per-node N -m barkive study ….

    Exit status: 0 all went well, 1 photos could not be read or recipes not be run, 2 wrong
    usage, 130 interrupted.
    """
    require_training("purpose_study")

    from dataclasses import replace
    from functools import partial

    from barkive.cli.progress import progress
    from barkive.training.allocator import keep_freed_memory
    from barkive.training.process_group.launch import init_process_group
    from barkive.training.study.job import Job, Study
    from barkive.training.study.leaderboard import REPORT
    from barkive.training.study.run_recipes import run_all, run_recipe
    from barkive.training.study.study_recipe import ALL, find_recipe

    keep_freed_memory()
    log = partial(typer.echo, err=True)
    task = Study(data, out, backbone_weights, elsewhere)
    if recipe == ALL:
        with init_process_group():
            results, missing = run_all(
                task, progress, log, precision=precision.value if precision else None
            )
        typer.echo(f"Recipes measured: {len(results)} of {len(results) + len(missing)}")
        typer.echo(f"Report: {out / REPORT}")
        for name, reason in missing.items():
            typer.echo(f"{name} was not measured. {reason}", err=True)
        _finish(out, results, failed=bool(missing))
        return
    with init_process_group():
        name, settings = find_recipe(recipe)
        if precision is not None:
            settings = replace(settings, precision=precision.value)
        result = run_recipe(Job(name, settings, task, progress, log))
    if result.accuracy is not None and result.interval is not None:
        low, high = result.interval
        typer.echo(
            f"{name}: {result.accuracy:.1%} right on {result.photos[2]} test photos "
            f"(95 % interval {low:.1%} to {high:.1%})."
        )
    if as_expected := settings.outcome(result.accuracy):
        log(as_expected)
    if result.table is not None:
        typer.echo(f"{name}: {result.table.conclusion}")
    typer.echo(f"Figures and pictures: {out / name}", err=True)
    _finish(out, [result])


def _finish(out: Path, results: Sequence[Result], *, failed: bool = False) -> None:
    """Names the lists of photos that could not be read, and ends with the status for that."""
    for result in results:
        if result.unreadable:
            where = out / result.recipe / "failed.csv"
            typer.echo(f"Could not be read, and left out: {result.unreadable}, {where}", err=True)
            failed = True
    if failed:
        raise typer.Exit(1)
