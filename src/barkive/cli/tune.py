"""`barkive tune`: search for the settings with which a recipe does best."""

from __future__ import annotations

from pathlib import Path

import click

from barkive.cli.options import (
    PATH,
    Precision,
    data_argument,
    precision_option,
    require_training,
    weights_option,
)


@click.command()
@data_argument
@click.option(
    "--out",
    metavar="FOLDER",
    type=PATH,
    required=True,
    help="Where trials, pictures and the best recipe go.",
)
@click.option(
    "--trials",
    metavar="NUMBER",
    type=int,
    default=30,
    help="How many in all, with those of an interrupted search.",
)
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    default="mobilenetv2-head",
    help="The recipe of the study to start from.",
)
@weights_option
@precision_option
def tune(
    data: Path,
    out: Path,
    trials: int,
    recipe: str,
    backbone_weights: Path | None,
    precision: Precision | None,
) -> None:
    """Search over head, penalty, dropout, augmentation, learning rate and depth.

    Needs the extra “train”. Trials that fall behind are given up early; an interrupted
    search goes on where it was. The best settings are written as a recipe, which
    `barkive study DATA --recipe DIR/best.toml` runs and judges on photos that chose nothing.

    On several devices: torchrun --nproc-per-node N -m barkive tune ….

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    require_training("purpose_tuning")

    from dataclasses import replace
    from functools import partial

    from barkive.cli.progress import progress
    from barkive.training.allocator import keep_freed_memory
    from barkive.training.process_group.launch import init_process_group
    from barkive.training.study.hyperparameter_search import BEST
    from barkive.training.study.hyperparameter_search import tune as search
    from barkive.training.study.job import Job, Study
    from barkive.training.study.study_recipe import find_recipe

    keep_freed_memory()
    with init_process_group():
        start, settings = find_recipe(recipe)
        if precision is not None:
            # Every trial trains in epochs, whatever the recipe does.
            settings = replace(settings, solver="adam", precision=precision.value)
        task = Study(data, out.parent, backbone_weights)
        job = Job(out.name, settings, task, progress, partial(click.echo, err=True))
        found = search(job, start, trials)
    if found.best is None:
        click.echo(f"No trial of {len(found.trials)} was finished; try more with --trials.")
    else:
        click.echo(
            f"{found.best.value:.1%} right on validation, the best of {len(found.trials)} trials; "
            f"the recipe: {out / BEST}"
        )
    for name, share in found.importances.items():
        click.echo(f"{name}: {share:.0%} of the differences between trials", err=True)
    if found.unreadable:
        where = out / "failed.csv"
        click.echo(f"Could not be read, and left out: {found.unreadable}, {where}", err=True)
        raise click.exceptions.Exit(1)
