"""`barkive train`: a folder of breeds becomes a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import click

from barkive.cli.options import (
    PATH,
    Values,
    data_argument,
    exclude_option,
    follow_links_option,
    require_training,
)


class HeadChoice(StrEnum):
    """What the prediction layer starts from."""

    AUTO = "auto"
    CENTRED = "centred"
    ANEW = "anew"


@click.command()
@data_argument
@click.option(
    "--out", metavar="MODEL.onnx", type=PATH, required=True, help="Where to write the model."
)
@click.option(
    "--not-dogs",
    metavar="FOLDER",
    type=PATH,
    help="Photos of other things, to learn what is no dog.",
)
@click.option(
    "--elsewhere",
    metavar="FOLDER",
    type=PATH,
    help="A folder of breeds, others included, from other people: it tells how certain "
    "an answer must be.",
)
@click.option(
    "--also",
    metavar="BREED",
    multiple=True,
    help="A breed without photos, known by the backbone's own classifier; may be repeated.",
)
@click.option(
    "--prior",
    metavar="FILE|none",
    default="",
    show_default=False,
    help="How often each breed is met, a line each: beagle,120. By default ranks of "
    "the American Kennel Club, used where --elsewhere shows that they win.",
)
@click.option(
    "--head",
    type=Values(HeadChoice),
    default=HeadChoice.AUTO.value,
    help="Whether the prediction layer is centred on the backbone's own classifier, "
    "where it has rows for the breeds, or fitted anew.",
)
@click.option(
    "--backbone",
    metavar="NAME",
    help="Any model of timm; by default the one that the weights' file is named after, "
    "or else tf_efficientnet_lite2.",
)
@click.option(
    "--backbone-weights",
    metavar="FILE",
    type=PATH,
    help="The backbone's pre-trained weights; timm's hub by default.",
)
@click.option(
    "--image-size",
    metavar="NUMBER",
    type=int,
    help="Side of the square that photos become, in pixels; by default the backbone's own.",
)
@click.option(
    "--enhance",
    metavar="NAMES",
    default="",
    show_default=False,
    help="Adjustments that every photo gets, in training and in use: "
    "names of `barkive enhance`, such as equalize,denoise.",
)
@click.option(
    "--mirror/--no-mirror",
    default=True,
    help="Average each photo's features with its mirror image's.",
)
@click.option("--int8/--no-int8", default=True, help="Quantise, if it costs at most 0.3 points.")
@click.option(
    "--float-first",
    metavar="NUMBER",
    type=int,
    default=3,
    help="How many of the first convolutions int8 leaves out.",
)
@click.option(
    "--validation",
    metavar="SHARE",
    type=float,
    default=0.15,
    help="The share of photos kept for validation.",
)
@click.option(
    "--crops",
    is_flag=True,
    help="Train on the largest dog of each photo, and tell whether that helps.",
)
@click.option(
    "--seed", metavar="NUMBER", type=int, default=0, help="Of the draw of the validation photos."
)
@click.option(
    "--licence",
    metavar="TEXT",
    default="",
    show_default=False,
    help="The model's terms of use, kept in its metadata.",
)
@exclude_option
@follow_links_option
def train(
    data: Path,
    out: Path,
    not_dogs: Path | None,
    elsewhere: Path | None,
    also: tuple[str, ...],
    prior: str,
    head: HeadChoice,
    backbone: str | None,
    backbone_weights: Path | None,
    image_size: int | None,
    enhance: str,
    mirror: bool,
    int8: bool,
    float_first: int,
    validation: float,
    crops: bool,
    seed: int,
    licence: str,
    exclude: tuple[str, ...],
    follow_links: bool,
) -> None:
    """Train a model on a folder of breeds.

    Needs the extra “train”. Features of photos are cached, so that an interrupted or
    repeated run resumes. Settings, figures, curves and the predictions on the validation
    photos go into the folder MODEL-run beside MODEL.onnx.

    On several devices: torchrun --nproc-per-node N -m barkive train ….

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    require_training("purpose_training")

    from barkive.cli.progress import progress
    from barkive.images.enhance import parse_adjustments
    from barkive.training import transfer_learning
    from barkive.training.allocator import keep_freed_memory
    from barkive.training.process_group.launch import init_process_group
    from barkive.training.recipe import Recipe

    keep_freed_memory()
    with init_process_group():
        recipe = Recipe(
            data=data,
            out=out,
            not_dogs=not_dogs,
            elsewhere=elsewhere,
            also=also,
            prior=prior,
            head=head.value,
            backbone=backbone,
            backbone_weights=backbone_weights,
            image_size=image_size,
            enhance=parse_adjustments(enhance),
            mirror=mirror,
            int8=int8,
            float_first=float_first,
            validation=validation,
            crops=crops,
            seed=seed,
            licence=licence,
            exclude=exclude,
            follow_links=follow_links,
        )
        result = transfer_learning.train(
            recipe, progress=progress, log=lambda line: click.echo(line, err=True)
        )
    for path, reason in result.failed:
        click.echo(f"{path}: {reason}", err=True)
    figures = result.figures
    low, high = figures.top1_interval
    click.echo(
        f"{out}: {figures.top1:.1%} right on {figures.n} validation photos "
        f"(95 % interval {low:.1%} to {high:.1%})."
    )
    click.echo(f"Figures, pictures and predictions: {recipe.run_folder}", err=True)
    if result.failed:
        raise click.exceptions.Exit(1)
