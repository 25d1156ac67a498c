"""`barkive import-boxes`: bring in the dogs that another program has found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.label import by_option
from barkive.cli.opening import judging
from barkive.cli.options import (
    PATH,
    Device,
    catalogue_model_option,
    catalogue_option,
    device_option,
    lang_option,
)
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import ImportedBoxes


@click.command()
@click.argument("file", metavar="FILE", type=PATH, help="MegaDetector's results, or COCO, as JSON.")
@click.option(
    "--folder",
    metavar="FOLDER",
    type=PATH,
    help="Where relative paths in FILE start; by default where FILE lies.",
)
@click.option(
    "--threshold",
    metavar="SCORE",
    type=click.FloatRange(min=0, max=1),
    help="The least score of a box; by default what FILE says is typical, and 0.2 for "
    "MegaDetector's results that do not say.",
)
@by_option
@catalogue_model_option
@device_option
@lang_option
@catalogue_option
def import_boxes(
    file: Path,
    folder: Path | None,
    threshold: float | None,
    by: str | None,
    model: Path | None,
    device: Device,
    lang: Language,
    catalogue: str | None,
) -> None:
    """Bring in the boxes of dogs that another program has found, and judge their breeds.

    FILE holds MegaDetector's results, of format 1.0 to 1.6, or COCO's. Boxes of dogs are taken;
    boxes of animals are, where the model sees a dog in them. Others, boxes where the catalogue
    has a dog already, and boxes where people took one away are counted and left out.
    Only photos that were scanned get boxes. Each can be taken back with `barkive label --undo`.

    Exit status: 0 all went well, 2 the file can't be read, or wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.progress import progress

    with Catalogue(catalogue, create=False) as opened:
        classifier = judging(opened, model, device=device.value)
        with progress(text("importing_boxes")) as advance:
            done = opened.import_boxes(
                file, classifier, folder=folder, threshold=threshold, by=by, on_progress=advance
            )
    _print(done)


def _print(done: ImportedBoxes) -> None:
    say("boxes_added", n=done.added, photos=done.photos)
    for key, number in (
        ("boxes_known", done.known),
        ("boxes_taken_away", done.taken_away),
        ("boxes_not_dogs", done.not_dogs),
        ("boxes_strange", done.strange),
        *((f"boxes_{why}", number) for why, number in sorted(done.left_out.items())),
    ):
        if number:
            say(key, n=number)
