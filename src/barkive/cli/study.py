"""`barkive study`: reproduce the study's figures on a folder of breeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import (
    PATH,
    Precision,
    data_argument,
    precision_option,
    require_training,
    weights_option,
)

if TYPE_CHECKING:
    from barkive.training.study.result import Result


@click.command()
@data_argument
@click.option(
    "--recipe",
    metavar="NAME|FILE|all",
    required=True,
    help="A recipe of the study, a recipe file of your own, or all recipes.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=PATH,
    required=True,
    help="Where results go: a folder for each recipe.",
)
@weights_option
@click.option(
    "--elsewhere",
    metavar="FOLDER",
    type=PATH,
    help="Photos from elsewhere, judged too: never trained on.",
)
@precision_option
def study(
    data: Path,
    recipe: str,
    out: Path,
    backbone_weights: Path | None,
    elsewhere: Path | None,
    precision: Precision | None,
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
    log = partial(click.echo, err=True)
    task = Study(data, out, backbone_weights, elsewhere)
    if recipe == ALL:
        with init_process_group():
            results, missing = run_all(
                task, progress, log, precision=precision.value if precision else None
            )
        click.echo(f"Recipes measured: {len(results)} of {len(results) + len(missing)}")
        click.echo(f"Report: {out / REPORT}")
        for name, reason in missing.items():
            click.echo(f"{name} was not measured. {reason}", err=True)
        _finish(out, results, failed=bool(missing))
        return
    with init_process_group():
        name, settings = find_recipe(recipe)
        if precision is not None:
            settings = replace(settings, precision=precision.value)
        result = run_recipe(Job(name, settings, task, progress, log))
    if result.accuracy is not None and result.interval is not None:
        low, high = result.interval
        click.echo(
            f"{name}: {result.accuracy:.1%} right on {result.photos[2]} test photos "
            f"(95 % interval {low:.1%} to {high:.1%})."
        )
    if as_expected := settings.outcome(result.accuracy):
        log(as_expected)
    if result.table is not None:
        click.echo(f"{name}: {result.table.conclusion}")
    click.echo(f"Figures and pictures: {out / name}", err=True)
    _finish(out, [result])


def _finish(out: Path, results: Sequence[Result], *, failed: bool = False) -> None:
    """Names the lists of photos that could not be read, and ends with the status for that."""
    for result in results:
        if result.unreadable:
            where = out / result.recipe / "failed.csv"
            click.echo(f"Could not be read, and left out: {result.unreadable}, {where}", err=True)
            failed = True
    if failed:
        raise click.exceptions.Exit(1)
