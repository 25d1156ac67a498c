"""`barkive train`: a folder of breeds becomes a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from barkive.cli.options import Data, require_training


def train(
    data: Data,
    out: Annotated[Path, typer.Option(metavar="MODEL.onnx", help="Where to write the model.")],
    not_dogs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Photos of other things, to learn what is no dog."),
    ] = None,
    backbone: Annotated[
        str, typer.Option(metavar="NAME", help="Any model of timm.")
    ] = "mobilenetv2_100",
    backbone_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The backbone's pre-trained weights; timm's hub by default."
        ),
    ] = None,
    image_size: Annotated[
        int, typer.Option(metavar="N", help="Side of the square that photos become, in pixels.")
    ] = 224,
    enhance: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Corrections that every photo gets, in training and in use: "
            "names of `barkive enhance`, such as equalize,denoise.",
        ),
    ] = "",
    mirror: Annotated[
        bool, typer.Option(help="Average each photo's features with its mirror image's.")
    ] = True,
    int8: Annotated[
        bool, typer.Option("--int8/--no-int8", help="Quantise, if it costs at most 0.3 points.")
    ] = True,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="The share of photos kept for validation.")
    ] = 0.15,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of the draw of the validation photos.")
    ] = 0,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="The model's terms of use, kept in its metadata.")
    ] = "",
) -> None:
    """Train a model on a folder of breeds.

    Needs the extra “train”. Features of photos are cached, so that an interrupted or
    repeated run resumes. Settings, figures, curves and the predictions on the validation
    photos go into the folder MODEL-run beside MODEL.onnx.

    On several devices: torchrun --nproc-per-node N -m barkive train ….

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    require_training("Training")

    from barkive.cli.progress import progress
    from barkive.images.enhance import parse_corrections
    from barkive.training import recipe as settings
    from barkive.training import run
    from barkive.training.distributed import together

    with together():
        recipe = settings.Recipe(
            data=data,
            out=out,
            not_dogs=not_dogs,
            backbone=backbone,
            backbone_weights=backbone_weights,
            image_size=image_size,
            enhance=parse_corrections(enhance),
            mirror=mirror,
            int8=int8,
            validation=validation,
            seed=seed,
            licence=licence,
        )
        result = run.train(recipe, progress=progress, say=lambda line: typer.echo(line, err=True))
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
