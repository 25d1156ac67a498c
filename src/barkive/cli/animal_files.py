"""`barkive animals card` and `import`: animals on paper, and from spreadsheets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.label import by_option
from barkive.cli.opening import reading
from barkive.cli.options import PATH, Format, Values, catalogue_option, format_option, lang_option
from barkive.cli.saying import in_words, say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Imported, ImportedRow

_PROBLEMS = 50


class CardSize(StrEnum):
    """The paper of a kennel card."""

    A5 = "a5"
    A4 = "a4"


class MatchName(StrEnum):
    """By what the animal of a row is told."""

    CODE = "code"
    FOLDER = "folder"
    NAME = "name"


class Dates(StrEnum):
    """What comes first in dates such as 5/6/2021."""

    DMY = "dmy"
    MDY = "mdy"


@click.command()
@click.argument(
    "animals",
    metavar="ANIMAL...",
    nargs=-1,
    required=True,
    help="Their codes, names or numbers in Barkive.",
)
@click.option("--out", metavar="FILE", type=PATH, required=True, help="The PDF to write.")
@click.option("--size", type=Values(CardSize), default=CardSize.A5.value, help="The paper.")
@lang_option
@catalogue_option
def card(
    animals: tuple[str, ...], out: Path, size: CardSize, lang: Language, catalogue: str | None
) -> None:
    """Draw kennel cards to print: a page for each animal, with its photo and what is known."""
    from barkive.atomic import rewriting
    from barkive.catalogue import write_cards
    from barkive.cli.output import printable
    from barkive.cli.progress import progress
    from barkive.errors import UsageError
    from barkive.evaluation import cannot_write

    if out.suffix.lower() != ".pdf":
        raise UsageError("animal_card_not_pdf", file=out)
    with reading(catalogue) as opened:
        found = [opened.animals.get(one) for one in animals]
        cards = (
            (one, opened.photo(one.main_photo) if one.main_photo is not None else None)
            for one in found
        )
        try:
            with (
                progress(text("drawing"), unit=text("unit_cards")) as advance,
                rewriting(out) as file,
            ):
                write_cards(cards, file, lang=lang, size=size.value, on_progress=advance)
        except OSError as error:
            raise cannot_write(out, error) from None
    say("cards_written", err=True, n=len(found), out=printable(str(out)))


@click.command()
@click.argument(
    "file", metavar="FILE", type=PATH, help="CSV: of a spreadsheet, of ASM3, or of Barkive itself."
)
@click.option(
    "--match",
    type=Values(MatchName),
    default=MatchName.CODE.value,
    help="By what an animal is told: its code, its name, or a folder of photos that is "
    "called by one of them, whose photos are put to it.",
)
@click.option(
    "--dates",
    type=Values(Dates),
    help="What comes first in dates such as 5/6/2021: the day or the month. By default "
    "what the file shows.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done; change nothing.")
@by_option
@lang_option
@format_option
@catalogue_option
def import_(
    file: Path,
    match: MatchName,
    dates: Dates | None,
    dry_run: bool,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Bring in animals from a CSV file: new ones are made, known ones get what the file says.

    Empty cells change nothing. Rows that fit no animal, and cells that can't be used, are left
    out and listed. All of it is taken back by one `barkive animals undo`.

    Exit status: 0 all went well, 1 something was left out, 2 wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.output import json_line, print_line
    from barkive.errors import UsageError

    if form is Format.CSV:
        raise UsageError("animals_import_format")
    with Catalogue(catalogue, create=not dry_run) as opened:
        done = opened.animals.import_csv(
            file,
            match=match.value,
            dates=dates.value if dates is not None else None,
            dry_run=dry_run,
            by=by,
        )
    if form is Format.JSON:
        print_line(json_line(dict(done.to_json(lang))))
    else:
        _print(done, dry_run=dry_run)
    if done.problems:
        raise click.exceptions.Exit(1)


def _print(done: Imported, *, dry_run: bool) -> None:
    from barkive.cli.output import print_line, printable

    if dry_run:
        for row in done.rows:
            if not row.is_unchanged:
                print_line(_row_in_words(row))
    for one in done.problems[:_PROBLEMS]:
        said = printable(in_words(one.why))
        say("import_problem", err=True, line=one.line, said=said)
    if len(done.problems) > _PROBLEMS:
        say("import_problems_more", err=True, n=len(done.problems) - _PROBLEMS)
    if done.unknown:
        say("import_unknown", err=True, columns=[printable(one) for one in done.unknown])
    parts = [
        text("import_made", n=done.made),
        text("import_changed", n=done.changed),
        text("import_unchanged", n=done.unchanged),
        text("import_photos", n=done.photos),
        text("import_left_out", n=done.left_out),
    ]
    say("sum", parts=parts)
    if dry_run:
        say("import_dry", err=True)
    elif done.act is not None:
        say("act_done", err=True, act=done.act.id)


def _row_in_words(row: ImportedRow) -> str:
    from barkive.cli.output import printable

    title = printable(row.title)
    key = "import_row_new" if row.is_new else "import_row_changed"
    fields = [text(f"act_field_{one.field}") for one in row.changes]
    if row.photos:
        fields.append(text("act_photos_came", n=row.photos))
    return text(key, line=row.line, animal=title, fields=fields)
