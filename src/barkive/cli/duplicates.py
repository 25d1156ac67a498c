"""`barkive duplicates`: photos that are in the catalogue twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from barkive.cli.filters import filtered, meant
from barkive.cli.opening import reading
from barkive.cli.options import Format, catalogue_option, format_option, lang_option
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Filter


@click.command()
@filtered
@click.option("--exact", is_flag=True, help="Only files of the same content, not like pictures.")
@lang_option
@format_option
@catalogue_option
def duplicates(
    wanted: Filter, exact: bool, lang: Language, form: Format, catalogue: str | None
) -> None:
    """List photos that show the same: copies of a file, and pictures that look alike.

    Pictures look alike that are the same one recompressed, recoloured, mirrored or cut a
    little. Nothing is deleted.
    """
    from barkive.cli.output import csv_row, json_line, print_header, print_line, printable

    groups = files = 0
    with reading(catalogue) as opened:
        wanted = meant(opened, wanted)
        if form is Format.CSV:
            print_header(["group", "kind", "file", "status", "breed", "sha256"])
        for group in opened.duplicates(wanted, near=not exact):
            groups += 1
            files += len(group.entries)
            if form is Format.JSON:
                photos = [entry.to_json(lang) for entry in group.entries]
                print_line(json_line({"group": groups, "kind": group.kind, "photos": photos}))
                continue
            if form is Format.TABLE:
                print_line(text(f"twice_{group.kind}", n=len(group.entries)))
            for entry in group.entries:
                breed = " x ".join(label.name(lang) for label in entry.labels)
                if form is Format.CSV:
                    row = [groups, group.kind, entry.file, entry.status, breed, entry.sha256]
                    print_line(csv_row(row))
                    continue
                name = printable(entry.file)
                print_line(f"  {text('of_file', file=name, said=breed) if breed else name}")
    parts = [text("twice_groups", n=groups), text("twice_photos", n=files)]
    say("sum", err=True, parts=parts)
