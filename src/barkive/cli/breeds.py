"""`barkive breeds`: the breed table."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.options import Format, Lang

if TYPE_CHECKING:
    from barkive.breeds import Breed


def breeds(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUERY]...",
            help="A name or a part of one, in English or French, a WordNet id or a Stanford Dogs "
            "folder; case, accents, hyphens and underscores don't matter. Default: all breeds.",
            show_default=False,
        ),
    ] = None,
    lang: Annotated[
        Lang, typer.Option("--lang", help="The language of the names and of the FCI's groups.")
    ] = Lang.EN,
    output: Annotated[
        Format, typer.Option("--format", help="json: one object a line; csv: with a header.")
    ] = Format.TABLE,
) -> None:
    """List the breeds that Barkive knows, or look one up."""
    from barkive.breeds import all_breeds, normalise, search

    if not query:
        found = tuple(sorted(all_breeds(), key=lambda breed: normalise(breed.name(lang.value))))
    else:
        found = search(" ".join(query))
    match output:
        case Format.JSON:
            for breed in found:
                record = {"name": breed.name(lang.value)} | asdict(breed)
                typer.echo(json.dumps(record, ensure_ascii=False))
        case Format.CSV:
            _print_csv(found, lang)
        case Format.TABLE:
            _print_table(found, lang)


def _print_csv(found: Sequence[Breed], lang: Lang) -> None:
    """Prints the JSON form's fields as columns: the aliases in one, with | between them."""
    rows = [
        {"name": breed.name(lang.value)}
        | asdict(breed)
        | {"wild": str(breed.wild).lower(), "aliases": "|".join(breed.aliases)}
        for breed in found
    ]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_table(found: Sequence[Breed], lang: Lang) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    other = Lang.EN if lang is Lang.FR else Lang.FR
    titles = {Lang.EN: "English", Lang.FR: "Français"}
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Id", no_wrap=True)
    table.add_column(titles[lang])
    table.add_column(titles[other])
    table.add_column("FCI", justify="right")
    table.add_column("Groupe" if lang is Lang.FR else "Group")
    for breed in found:
        if breed.wild:
            group = "canidé sauvage" if lang is Lang.FR else "wild canid"
        else:
            group = f"{breed.group}: {breed.group_name(lang.value)}" if breed.group else ""
        number = str(breed.fci) if breed.fci else ""
        names = breed.name(lang.value), breed.name(other.value)
        table.add_row(breed.id, *names, number, group)
    Console().print(table)
