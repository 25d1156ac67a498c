"""`barkive breeds`: the breeds, those of a catalogue's people and models included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from barkive.cli.options import Format, Values, catalogue_option, lang_option
from barkive.cli.saying import say, text
from barkive.messages import Language, Messages

if TYPE_CHECKING:
    from barkive.breeds import Breed
    from barkive.catalogue import Catalogue


@click.command()
@click.argument(
    "query",
    metavar="[QUERY]...",
    nargs=-1,
    help="A name or a part of one, in English or French, a WordNet id or a Stanford Dogs "
    "folder; case, accents, hyphens and underscores don't matter. Default: all breeds.",
)
@lang_option
@click.option(
    "--format",
    "output",
    type=Values(Format),
    default=Format.TABLE.value,
    help="json: one object a line; csv: with a header.",
)
@click.option(
    "--rename",
    metavar="OLD NEW",
    nargs=2,
    help="Give a breed that people added or trained another name, in the catalogue.",
)
@click.option(
    "--merge",
    is_flag=True,
    help="With --rename: where a breed is called NEW already, become that one.",
)
@click.option(
    "--add",
    metavar="NAME",
    help="Add a breed to the catalogue, by its English name or the one that it has in both "
    "languages; of one that people added or trained, say more.",
)
@click.option("--fr", metavar="NAME", help="With --add: its French name.")
@click.option(
    "--fci", metavar="NUMBER", type=int, help="With --add: the FCI's number of it; 0 for none."
)
@click.option(
    "--group", metavar="NUMBER", type=int, help="With --add: the FCI's group, 1 to 10; 0 for none."
)
@catalogue_option
def breeds(
    query: tuple[str, ...],
    lang: Language,
    output: Format,
    rename: tuple[str, str] | None,
    merge: bool,
    add: str | None,
    fr: str | None,
    fci: int | None,
    group: int | None,
    catalogue: str | None,
) -> None:
    """List the breeds that Barkive knows, or look one up; those that people added come along."""
    from barkive.breeds import all_breeds, normalise, search
    from barkive.errors import UsageError

    if sum(map(bool, (query, rename is not None, add is not None))) > 1:
        raise UsageError("breed_look_up_or_rename")
    if add is None and (fr, fci, group) != (None, None, None):
        raise UsageError("breed_add_missing")
    if rename is not None:
        from barkive.catalogue import Catalogue

        with Catalogue(catalogue, create=False) as opened:
            _rename(opened, *rename, merge, lang)
        return
    if add is not None:
        from barkive.catalogue import Catalogue

        with Catalogue(catalogue) as opened:
            label = opened.add_breed(add, fr, fci=fci, group=group)
            _print((opened.models.names.breed(label.id),), lang, output)
        return
    own = _own(catalogue)
    if not query:
        found = tuple(sorted((*all_breeds(), *own), key=lambda breed: normalise(breed.name(lang))))
    else:
        found = search(" ".join(query), own)
    _print(found, lang, output)


def _print(found: Sequence[Breed], lang: Language, output: Format) -> None:
    match output:
        case Format.JSON:
            for breed in found:
                record = {"name": breed.name(lang)} | asdict(breed)
                click.echo(json.dumps(record, ensure_ascii=False))
        case Format.CSV:
            _print_csv(found, lang)
        case Format.TABLE:
            _print_table(found, lang)


def _own(where: str | None) -> tuple[Breed, ...]:
    """The breeds of a catalogue that the table lacks; none where there is no catalogue yet."""
    if where is None:
        from barkive.catalogue import default_location

        if not default_location().exists():
            return ()
    from barkive.catalogue import Catalogue

    with Catalogue(where, create=False) as opened:
        return opened.models.names.own


def _rename(catalogue: Catalogue, old: str, new: str, merge: bool, lang: Language) -> None:
    renamed = catalogue.rename_breed(old, new, merge=merge)
    before, after = (label.name(lang) for label in (renamed.before, renamed.after))
    say("breed_renamed", before=before, after=after, n=renamed.photos)


def _print_csv(found: Sequence[Breed], lang: Language) -> None:
    """Prints the JSON form's fields as columns: the aliases in one, with | between them."""
    from barkive.cli.output import csv_row, print_header, print_line

    rows = [
        {"name": breed.name(lang)}
        | asdict(breed)
        | {"wild": str(breed.wild).lower(), "aliases": "|".join(breed.aliases)}
        for breed in found
    ]
    print_header(rows[0])
    for row in rows:
        print_line(csv_row(row.values()))


def _print_table(found: Sequence[Breed], lang: Language) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from barkive.breeds import dog_ids

    other = "en" if lang == "fr" else "fr"
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(text("breed_id"), no_wrap=True)
    for one in (lang, other):
        table.add_column(Messages(one)("language.name"))
    table.add_column(text("breed_fci"), justify="right")
    table.add_column(text("breed_group"))
    table_ids = dog_ids()
    for breed in found:
        if breed.wild:
            group = text("breed_wild")
        elif breed.group:
            group = text("breed_of_group", number=breed.group, name=breed.group_name(lang))
        else:
            group = "" if breed.id in table_ids else text("breed_added")
        number = str(breed.fci) if breed.fci else ""
        names = breed.name(lang), breed.name(other)
        table.add_row(breed.id, *names, number, group)
    Console().print(table)
