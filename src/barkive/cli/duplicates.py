"""`barkive duplicates`: photos that are in the catalogue twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.filters import filtered
from barkive.cli.opening import reading
from barkive.cli.options import CatalogueAt, Format, FormatOption, Lang, LangOption

if TYPE_CHECKING:
    from barkive.catalogue import Filter


@filtered
def duplicates(
    wanted: Filter,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only files of the same content, not like pictures.")
    ] = False,
    lang: LangOption = Lang.EN,
    form: FormatOption = Format.TABLE,
    catalogue: CatalogueAt = None,
) -> None:
    """List photos that show the same: copies of a file, and pictures that look alike.

    Pictures look alike that are the same one recompressed, recoloured, mirrored or cut a
    little. Nothing is deleted.
    """
    from barkive.cli.output import csv_row, json_line, print_line, printable

    groups = files = 0
    with reading(catalogue) as opened:
        if form is Format.CSV:
            print_line(csv_row(["group", "kind", "file", "status", "breed", "sha256"]))
        for group in opened.duplicates(wanted, near=not exact):
            groups += 1
            files += len(group.entries)
            if form is Format.JSON:
                photos = [entry.to_json(lang.value) for entry in group.entries]
                print_line(json_line({"group": groups, "kind": group.kind, "photos": photos}))
                continue
            if form is Format.TABLE:
                words = "the same file" if group.kind == "exact" else "the same picture"
                print_line(f"{len(group.entries)} times {words}:")
            for entry in group.entries:
                breed = " x ".join(label.name(lang.value) for label in entry.labels)
                if form is Format.CSV:
                    row = [groups, group.kind, entry.file, entry.status, breed, entry.sha256]
                    print_line(csv_row(row))
                else:
                    print_line(f"  {printable(entry.file)}{f': {breed}' if breed else ''}")
    typer.echo(f"{groups} group{'' if groups == 1 else 's'}, {files} photos.", err=True)
