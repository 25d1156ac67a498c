"""`barkive export`: take records of photos or animals, tags or the photos out of the catalogue."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.filters import animal_option, filtered, of_animal
from barkive.cli.opening import reading
from barkive.cli.options import PATH, Values, catalogue_option, lang_option
from barkive.cli.saying import in_words, say
from barkive.cli.saying import text as said
from barkive.messages import Language

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


class _ExportCommand(click.Command):
    """The command, whose help names the forms of other packages, too."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Looks for them only when help is asked for."""
        from importlib.metadata import entry_points

        others = sorted({one.name for one in entry_points(group="barkive.exporters")} - {*FORMS})
        if others:
            self.epilog = f"Forms of other packages: {', '.join(others)}."
        super().format_help(ctx, formatter)


@click.command(cls=_ExportCommand)
@filtered
@click.option(
    "--as",
    "form",
    metavar="FORM",
    required=True,
    help=f"{', '.join(FORMS)}, or one of another package.",
)
@click.argument("text", metavar="[TEXT]...", nargs=-1, help="Words, as for `barkive search`.")
@animal_option
@click.option(
    "--out",
    metavar="FILE|FOLDER",
    type=PATH,
    help="Where to write; tables go to standard output by default, side-cars beside the photos.",
)
@click.option(
    "--by",
    type=Values(By),
    default=By.PHOTO.value,
    help="A row, a folder or a picture for each photo, or for each animal of which a "
    "photo is meant.",
)
@click.option(
    "--breed-list",
    metavar="FILE",
    type=PATH,
    help="For asm3 and rescuegroups: their own breed names, one a line or a CSV file.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="How many photos or animals at most; by default all.",
)
@click.option(
    "--again", is_flag=True, help="For asm3: what an earlier export sent as well, all of it."
)
@click.option("--copy", is_flag=True, help="For folders, training-set and yolo: copies, not links.")
@click.option("--crops", is_flag=True, help="For training-set: the dogs, not whole photos.")
@click.option(
    "--margin",
    metavar="SHARE",
    type=click.FloatRange(min=0, max=1),
    default=0.1,
    help="For crops: how much is shown beside a box, as a share of its longer side.",
)
@click.option(
    "--upright",
    is_flag=True,
    help="For yolo: write photos that their EXIF data turn anew, upright.",
)
@click.option("--confidence", is_flag=True, help="For yolo: a sixth column says how sure a box is.")
@click.option(
    "--gone",
    is_flag=True,
    help="Take photos out of a folder also where they are most of what it holds.",
)
@lang_option
@catalogue_option
def export(
    wanted: Filter,
    form: str,
    animal: str | None,
    out: Path | None,
    by: By,
    breed_list: Path | None,
    limit: int | None,
    again: bool,
    copy: bool,
    crops: bool,
    margin: float,
    upright: bool,
    confidence: bool,
    gone: bool,
    lang: Language,
    catalogue: str | None,
) -> None:
    """Take the catalogue out, for spreadsheets, photo managers, shelter software or training.

    csv, json, jsonl, parquet: tables, a row a photo. asm3: Animal Shelter Manager's import, a row
    an animal, and a row for each photo that no animal has; the next one holds only what is new.
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
        click.echo(printable(in_words(change)), err=True)
    for failure in outcome.failures[:_FAILURES]:
        say("of_file", err=True, file=printable(failure.file), said=failure.reason)
    if len(outcome.failures) > _FAILURES:
        say("export_more_failed", err=True, n=len(outcome.failures) - _FAILURES)
    if names is not None and names.unmatched:
        lacking = sorted(names.unmatched)
        say("export_unmatched", err=True, file=breed_list, n=len(lacking), names=lacking)
    _sum(outcome, out)
    if outcome.failures:
        raise click.exceptions.Exit(1)


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
        ("export_failed", len(outcome.failures)),
    ):
        if number:
            parts.append(said(key, n=number))
    if outcome.skipped:
        why = outcome.reasons
        key = "export_skipped_why" if why else "export_skipped"
        parts.insert(len(parts) - bool(outcome.failures), said(key, n=outcome.skipped, why=why))
    if outcome.is_empty:
        say("export_nothing_new" if outcome.unchanged else "export_nothing", err=True)
    if out is None or outcome.is_empty:
        click.echo(", ".join(parts), err=True)
    else:
        say("export_to", err=True, parts=parts, out=printable(str(out)))
