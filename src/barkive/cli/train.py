"""`barkive train`: a folder of breeds becomes a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from barkive.cli.options import Data, ExcludeOption, FollowLinksOption, require_training


class HeadChoice(StrEnum):
    """What the prediction layer starts from."""

    AUTO = "auto"
    CENTRED = "centred"
    ANEW = "anew"


def train(
    data: Data,
    out: Annotated[Path, typer.Option(metavar="MODEL.onnx", help="Where to write the model.")],
    not_dogs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Photos of other things, to learn what is no dog."),
    ] = None,
    elsewhere: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder of breeds, others included, from other people: it tells how certain "
            "an answer must be.",
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BREED",
            help="A breed without photos, known by the backbone's own classifier; may be repeated.",
        ),
    ] = None,
    prior: Annotated[
        str,
        typer.Option(
            metavar="FILE|none",
            help="How often each breed is met, a line each: beagle,120. By default ranks of "
            "the American Kennel Club, used where --elsewhere shows that they win.",
            show_default=False,
        ),
    ] = "",
    head: Annotated[
        HeadChoice,
        typer.Option(
            help="Whether the prediction layer is centred on the backbone's own classifier, "
            "where it has rows for the breeds, or fitted anew."
        ),
    ] = HeadChoice.AUTO,
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Any model of timm; by default the one that the weights' file is named after, "
            "or else tf_efficientnet_lite2.",
            show_default=False,
        ),
    ] = None,
    backbone_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The backbone's pre-trained weights; timm's hub by default."
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Side of the square that photos become, in pixels; by default the backbone's own.",
            show_default=False,
        ),
    ] = None,
    enhance: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Adjustments that every photo gets, in training and in use: "
            "names of `barkive enhance`, such as equalize,denoise.",
        ),
    ] = "",
    mirror: Annotated[
        bool, typer.Option(help="Average each photo's features with its mirror image's.")
    ] = True,
    int8: Annotated[
        bool, typer.Option("--int8/--no-int8", help="Quantise, if it costs at most 0.3 points.")
    ] = True,
    float_first: Annotated[
        int,
        typer.Option(metavar="N", help="How many of the first convolutions int8 leaves out."),
    ] = 3,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="The share of photos kept for validation.")
    ] = 0.15,
    crops: Annotated[
        bool,
        typer.Option(
            "--crops", help="Train on the largest dog of each photo, and tell whether that helps."
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of the draw of the validation photos.")
    ] = 0,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="The model's terms of use, kept in its metadata.")
    ] = "",
    exclude: ExcludeOption = None,
    follow_links: FollowLinksOption = False,
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
            also=tuple(also or ()),
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
            exclude=tuple(exclude or ()),
            follow_links=follow_links,
        )
        result = transfer_learning.train(
            recipe, progress=progress, log=lambda line: typer.echo(line, err=True)
        )
    for path, reason in result.failed:
        typer.echo(f"{path}: {reason}", err=True)
    figures = result.figures
    low, high = figures.top1_interval
    typer.echo(
        f"{out}: {figures.top1:.1%} right on {figures.n} validation photos "
        f"(95 % interval {low:.1%} to {high:.1%})."
    )
    typer.echo(f"Figures, pictures and predictions: {recipe.run_folder}", err=True)
    if result.failed:
        raise typer.Exit(1)
