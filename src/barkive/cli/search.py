"""`barkive search`: find photos in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.filters import animal_option, filtered, of_animal
from barkive.cli.opening import reading
from barkive.cli.options import PATH, Format, catalogue_option, format_option, lang_option
from barkive.cli.saying import number, say
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Entry, Filter

_SHOWN = 100
_ALIKE = 20


@click.command()
@filtered
@click.argument(
    "text",
    metavar="[TEXT]...",
    nargs=-1,
    help="Words, or their beginnings: of the path, of a breed's name in English or French, of "
    "a note. Case and accents don't matter. A group of breeds: --group.",
)
@animal_option
@click.option("--like", metavar="PHOTO", help="Photos that resemble this one, the likest first.")
@click.option(
    "--dog",
    metavar="NUMBER",
    type=int,
    help="With --like and a photo that is catalogued: which of its dogs is meant, the "
    "largest first.",
)
@click.option(
    "--model",
    metavar="FILE",
    type=PATH,
    help="With --like and a photo that is not catalogued: the model that scanned the rest; "
    "by default the one that the catalogue has in use.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="How many at most; by default 100 in a table, 20 with --like, else all.",
)
@click.option(
    "--order",
    metavar="ORDER",
    help="How they are sorted: added, taken, certainty or name, with - before it for the other way "
    "round; by default added. Not with --like.",
)
@click.option("--count", is_flag=True, help="Print how many there are, and nothing else.")
@lang_option
@format_option
@catalogue_option
def search(
    wanted: Filter,
    animal: str | None,
    like: str | None,
    dog: int | None,
    model: Path | None,
    limit: int | None,
    order: str | None,
    count: bool,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Find photos in the catalogue by breed, dogs, status, date, folder, animal, text or likeness.

    Exit status: 0 also if nothing is found, 2 on wrong usage.
    """
    from barkive.catalogue import PhotoOrder
    from barkive.errors import UsageError

    if dog is not None and like is None:
        raise UsageError("similar_photo_missing")
    if order is not None and like is not None:
        raise UsageError("similar_order_given")
    sorting = PhotoOrder.of(order) if order is not None else PhotoOrder()
    with reading(catalogue) as opened:
        wanted = of_animal(opened, wanted, animal)
        if count:
            click.echo(opened.count(wanted))
            return
        if like is not None:
            from barkive.classifier import Classifier

            classifier = Classifier(model) if model is not None else None
            meant = opened.photo(like).dog(dog).id if dog is not None else None
            found = opened.like(
                like, wanted, limit=limit or _ALIKE, classifier=classifier, dog=meant
            )
            write = _writer(form, lang, similar=True)
            for one in found:
                write(one.entry, one.similarity)
            return
        shown = _SHOWN if limit is None and form is Format.TABLE else limit
        write = _writer(form, lang, similar=False)
        number = 0
        for entry in opened.search(wanted, limit=shown, order=sorting):
            write(entry, None)
            number += 1
        if form is Format.TABLE:
            total = opened.count(wanted) if number == shown else number
            if total == number:
                say("found", err=True, n=total)
            else:
                some = "found_some_limit" if limit is None else "found_some"
                say(some, err=True, shown=number, n=total)


def _writer(
    form: Format, lang: Language, *, similar: bool
) -> Callable[[Entry, float | None], None]:
    """A function that prints a photo on standard output at once."""
    from barkive.cli.output import entry_line, json_line, print_line, print_styled

    if form is Format.JSON:

        def write_json(entry: Entry, similarity: float | None) -> None:
            record = dict(entry.to_json(lang))
            if similarity is not None:
                record["similarity"] = round(similarity, 4)
            print_line(json_line(record))

        return write_json
    if form is Format.CSV:
        return _csv_writer(lang, similar=similar)

    def write_line(entry: Entry, similarity: float | None) -> None:
        line = entry_line(entry, lang)
        if similarity is not None:
            line += click.style(f"  {number(similarity, '.2f')}", dim=True)
        print_styled(line)

    return write_line


def _csv_writer(lang: Language, *, similar: bool) -> Callable[[Entry, float | None], None]:
    from barkive.cli.output import csv_row, print_header, print_line

    columns = ("file", "status", "breed_id", "breed", "breed2_id", "breed2", "probability")
    further = (
        "corrected",
        "note",
        "taken_at",
        "camera",
        "width",
        "height",
        "error",
        "error_code",
        "model",
    )
    print_header([*columns, *further, *(["similarity"] if similar else []), "dogs"])

    def write(entry: Entry, similarity: float | None) -> None:
        record = entry.to_json(lang)
        first = record["breeds"][0] if record["breeds"] else None
        second = record["breeds"][1] if entry.corrected and len(entry.labels) > 1 else None
        cells: list[object] = [record["file"], record["status"]]
        for breed in (first, second):
            cells += [breed["id"], breed["name"]] if breed else ["", ""]
        cells.append(first["probability"] if first else "")
        cells += [str(record["corrected"]).lower()]
        cells += [record[name] for name in further[1:]]  # type: ignore[literal-required]
        if similarity is not None:
            cells.append(round(similarity, 4))
        cells.append("" if entry.dogs is None else len(entry.dogs))
        print_line(csv_row(cells))

    return write
