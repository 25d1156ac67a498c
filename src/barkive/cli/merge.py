"""`barkive merge`: bring in what people said in another catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.options import CatalogueAt, Format, FormatOption, Lang, LangOption
from barkive.errors import UsageError

if TYPE_CHECKING:
    from barkive.catalogue import Change, Conflict, Merged, Unmerged


def merge(
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="OTHER",
            help="The other catalogue: a file, or postgresql://USER@HOST/NAME.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would come; change nothing.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what the last merge has added.")
    ] = False,
    lang: LangOption = Lang.EN,
    form: FormatOption = Format.TABLE,
    catalogue: CatalogueAt = None,
) -> None:
    """Bring in what people said in another catalogue: labels, notes, numbers, history.

    It goes by picture, wherever the files lie. What both say of a picture stands in the order
    in which it was said, and the later word holds; each picture of which they say different
    things is listed. Pictures that only OTHER knows wait, with their labels, for the scan that
    finds their files. In OTHER nothing is changed. Merged twice is the same as once;
    interrupted, it goes on when it is run again.

    Exit status: 0 all went well, 2 it could not be merged, or wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.output import json_line, print_line
    from barkive.cli.progress import progress

    if undo == (other is not None) or (undo and dry_run):
        raise UsageError("merge_catalogue_or_undo")
    if form is Format.CSV:
        raise UsageError("merge_format_unknown")
    with Catalogue(catalogue, create=other is not None) as opened:
        if other is None:
            done = opened.undo_merge()
            print_line(
                json_line(dict(done.to_json())) if form is Format.JSON else _taken_back(done)
            )
            return

        def tell(conflict: Conflict) -> None:
            if form is Format.JSON:
                print_line(json_line(dict(conflict.to_json(lang.value))))
            else:
                print_line(_in_words(conflict, lang))

        with progress("Merging", unit="pictures") as advance:
            merged = opened.merge(other, dry_run=dry_run, on_conflict=tell, on_progress=advance)
        print_line(json_line(dict(merged.to_json())) if form is Format.JSON else _sum(merged))
        if dry_run and form is Format.TABLE:
            typer.echo("Nothing was changed; leave --dry-run out to merge.", err=True)


def _in_words(conflict: Conflict, lang: Lang) -> str:
    from barkive.cli.output import printable

    here, there = _said(conflict.ours, lang), _said(conflict.theirs, lang)
    held = ("  (in force)", "") if conflict.ours_holds else ("", "  (in force)")
    where = f"{printable(conflict.file)}  ({conflict.number})"
    return f"{where}\n   here:  {here}{held[0]}\n   there: {there}{held[1]}"


def _said(change: Change, lang: Lang) -> str:
    from barkive.cli.output import printable

    breeds = " x ".join(label.name(lang.value) for label in change.labels)
    who = f" by {printable(change.by)}" if change.by else ""
    return f"{breeds or change.kind.value.replace('_', ' ')}, {change.at} UTC{who}"


def _sum(done: Merged) -> str:
    lines = [
        f"{done.pictures} pictures: {done.known} known here, {done.new} not",
        f"{done.words} labels come",
    ]
    if done.renumbered:
        lines.append(f"{done.renumbered} get another number, because theirs is taken here")
    if done.numbers:
        lines.append(f"{done.numbers} of their numbers lead to pictures here")
    lines.append(f"{done.conflicts} conflicts; both words are kept, and the later one holds")
    return "\n".join(lines)


def _taken_back(done: Unmerged) -> str:
    from barkive.cli.output import printable

    return (
        f"The merge of {printable(done.merge.catalogue)} on {done.merge.at} UTC is taken back: "
        f"{done.words} labels, {done.pictures} pictures without a file. What was said since "
        "stands."
    )
