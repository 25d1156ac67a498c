"""`barkive export`: take records of photos or animals, tags or the photos out of the catalogue."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from barkive.cli.filters import AnimalOption, filtered, of_animal
from barkive.cli.opening import reading
from barkive.cli.options import CatalogueAt, LangOption
from barkive.cli.saying import in_words, say
from barkive.cli.saying import text as said

if TYPE_CHECKING:
    from barkive.catalogue import Filter, Outcome

# Known here as well, because help waits for no library; a test compares.
FORMS = (
    *("csv", "json", "jsonl", "parquet", "md-json", "coco", "yolo", "label-studio", "asm3"),
    *("rescuegroups", "xmp", "folders", "contact-sheet", "crops", "training-set"),
)
_FAILURES = 20


class By(StrEnum):
    """What a row, a folder or a picture is of."""

    PHOTO = "photo"
    ANIMAL = "animal"


class ExportCommand(TyperCommand):
    """The command, whose help names the forms of other packages, too."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Looks for them only when help is asked for."""
        from importlib.metadata import entry_points

        others = sorted({one.name for one in entry_points(group="barkive.exporters")} - {*FORMS})
        if others:
            self.epilog = f"Forms of other packages: {', '.join(others)}."
        super().format_help(ctx, formatter)


@filtered
def export(
    wanted: Filter,
    form: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FORM",
            help=f"{', '.join(FORMS)}, or one of another package.",
            show_default=False,
        ),
    ],
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", help="Words, as for `barkive search`.", show_default=False
        ),
    ] = None,
    animal: AnimalOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE|DIR",
            help="Where to write; tables go to standard output by default, side-cars beside "
            "the photos.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        By,
        typer.Option(
            "--by",
            help="A row, a folder or a picture for each photo, or for each animal of which a "
            "photo is meant.",
        ),
    ] = By.PHOTO,
    breed_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For asm3 and rescuegroups: their own breed names, one a line or a CSV file.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="How many photos or animals at most; by default all.",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="For asm3: what an earlier export sent as well, all of it."),
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="For folders, training-set and yolo: copies, not links.")
    ] = False,
    crops: Annotated[
        bool, typer.Option("--crops", help="For training-set: the dogs, not whole photos.")
    ] = False,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            metavar="SHARE",
            min=0,
            max=1,
            help="For crops: how much is shown beside a box, as a share of its longer side.",
        ),
    ] = 0.1,
    upright: Annotated[
        bool,
        typer.Option(
            "--upright", help="For yolo: write photos that their EXIF data turn anew, upright."
        ),
    ] = False,
    confidence: Annotated[
        bool,
        typer.Option("--confidence", help="For yolo: a sixth column says how sure a box is."),
    ] = False,
    gone: Annotated[
        bool,
        typer.Option(
            "--gone", help="Take photos out of a folder also where they are most of what it holds."
        ),
    ] = False,
    lang: LangOption = "en",
    catalogue: CatalogueAt = None,
) -> None:
    """Take the catalogue out, for spreadsheets, photo managers, shelter software or training.

    csv, json, jsonl, parquet: tables, a row a photo. asm3: Animal Shelter Manager's import, a row
    an animal, of which the next one holds only what is new; and a row for each photo that no animal
    has.
    rescuegroups: RescueGroups.org's import, a line an animal, and its pictures.
    xmp: side-car files with tags, and regions for the dogs. folders: a tree by breed of links
    to the photos. crops: likewise of the dogs, a picture each. contact-sheet: a .pdf or .png to
    print. training-set: what people labelled, as a folder of breeds for `barkive train`.

    With the boxes of dogs: md-json for wildlife tools that read MegaDetector's results, coco
    for FiftyOne and CVAT, yolo to train detectors, label-studio to check the boxes.

    The photos themselves are never written to. Those whose files have changed since they were
    scanned are left out, and listed. Filters are those of `barkive search`; with --by animal an
    animal is in it if one of its photos is meant, with all its photos.

    Exit status: 0 all went well, 1 some files could not be written, 2 wrong usage.
    """
    from barkive.catalogue import Export, read_breed_list
    from barkive.cli.output import printable
    from barkive.cli.progress import progress

    names = read_breed_list(breed_list) if breed_list is not None else None
    wish = Export(
        form,
        out,
        lang,
        names,
        copy=copy,
        gone=gone,
        crops=crops,
        margin=margin,
        upright=upright,
        confidence=confidence,
        by=by.value,
        again=again,
    )
    with reading(catalogue) as opened, progress(said("exporting")) as advance:
        outcome = opened.export(
            wish,
            of_animal(opened, wanted, animal),
            limit=limit,
            write=_print,
            on_progress=advance,
        )
    for change in outcome.by_hand:
        typer.echo(printable(in_words(change)), err=True)
    for failure in outcome.failures[:_FAILURES]:
        say("of_file", err=True, file=printable(failure.file), said=failure.reason)
    if len(outcome.failures) > _FAILURES:
        say("export_more_failed", err=True, n=len(outcome.failures) - _FAILURES)
    if names is not None and names.unmatched:
        lacking = sorted(names.unmatched)
        say("export_unmatched", err=True, file=breed_list, n=len(lacking), names=lacking)
    _sum(outcome, out)
    if outcome.failures:
        raise typer.Exit(1)


def _print(chunk: str) -> None:
    # As bytes, because the lines of CSV end as they end on every system; and at once, because
    # what is remembered as sent must be out.
    sys.stdout.buffer.write(chunk.encode())
    sys.stdout.buffer.flush()


def _sum(outcome: Outcome, out: Path | None) -> None:
    from barkive.cli.output import printable

    parts = [said("export_written", n=outcome.written)]
    for key, number in (
        ("export_unchanged", outcome.unchanged),
        ("export_removed", outcome.removed),
        ("export_skipped", outcome.skipped),
        ("export_failed", len(outcome.failures)),
    ):
        if number:
            parts.append(said(key, n=number))
    if out is None:
        typer.echo(", ".join(parts), err=True)
    else:
        say("export_to", err=True, parts=parts, out=printable(str(out)))
