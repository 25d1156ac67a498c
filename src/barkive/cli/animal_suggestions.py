"""`barkive animals suggest` and `match`: which photos show which animal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.animal_options import selected, to_photo
from barkive.cli.filters import filtered, meant
from barkive.cli.label import by_option
from barkive.cli.opening import judging, reading
from barkive.cli.options import PATH, Format, catalogue_option, format_option, lang_option
from barkive.cli.saying import in_words, number, say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Accepted, AnimalFilter, Catalogue, Filter, Match, Suggestion

_SHOWN = 100
_PHOTOS_SHOWN = 3
_PATTERNS_SHOWN = 3


@click.command()
@filtered
@click.option(
    "--pattern",
    metavar="TEXT",
    help="How the photos are named: '{code} {name}/*', '{name}_{n}.*'; by default what "
    "their names show.",
)
@click.option(
    "--accept",
    metavar="ID",
    type=int,
    multiple=True,
    help="Accept this suggestion; may be given several times.",
)
@click.option(
    "--refuse",
    metavar="ID",
    type=int,
    multiple=True,
    help="Refuse this one, so that it is not suggested again; may be given several times.",
)
@click.option("--accept-all", is_flag=True, help="Accept all that is found, large ones excepted.")
@click.option(
    "--large",
    is_flag=True,
    help="With --accept-all: also those of more photos than an animal mostly has.",
)
@by_option
@lang_option
@format_option
@catalogue_option
def suggest(
    wanted: Filter,
    pattern: str | None,
    accept: tuple[int, ...],
    refuse: tuple[int, ...],
    accept_all: bool,
    large: bool,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Suggest which photos show one animal, and which show one that is known.

    It goes by the names of folders and files, then by when photos were taken, then by likeness.
    Nothing is done before a suggestion is accepted; what was refused is not suggested again.
    Filters are those of `barkive search`.
    """
    from barkive.catalogue import Catalogue, Filter
    from barkive.cli.progress import progress
    from barkive.errors import UsageError

    is_decided = bool(accept or refuse)
    if accept_all and form is Format.CSV:
        raise UsageError("animals_import_format")
    if is_decided and (accept_all or pattern is not None or wanted != Filter()):
        raise UsageError("animal_suggest_or_decide")
    with Catalogue(catalogue, create=False) as opened:
        if is_decided:
            _decide(opened, accept, refuse, by, lang, form)
            return
        wanted = meant(opened, wanted)
        if pattern is None and form is Format.TABLE:
            _print_patterns(opened, wanted)
        with progress(text("suggesting")) as advance:
            found = opened.animals.suggest(wanted, pattern=pattern, on_progress=advance)
        if not accept_all:
            _print(opened, found, lang, form)
            return
        with progress(text("accepting"), unit=text("unit_suggestions")) as advance:
            done = opened.animals.accept_all(
                [one.id for one in found], large=large, by=by, on_progress=advance
            )
        _print_accepted(done, lang, form)
    if done.left_out:
        raise click.exceptions.Exit(1)


def _decide(
    catalogue: Catalogue,
    accepted: Sequence[int],
    refused: Sequence[int],
    by: str | None,
    lang: Language,
    form: Format,
) -> None:
    """Accepts and refuses suggestions, and prints the animals that come of it."""
    from barkive.cli.animal_lines import animal_writer

    write = animal_writer(form, lang)
    for one in accepted:
        write(catalogue.animals.accept(one, by=by))
    for one in refused:
        act = catalogue.animals.refuse(one, by=by)
        if form is Format.TABLE:
            say("suggestion_refused", suggestion=one, act=act.id)


def _print_accepted(done: Accepted, lang: Language, form: Format) -> None:
    """Prints what came of accepting what was found."""
    from barkive.cli.output import json_line, print_line

    if form is Format.JSON:
        print_line(json_line(dict(done.to_json(lang))))
        return
    for one, why in done.left_out:
        say("suggestion_left_out", err=True, suggestion=one, said=in_words(why))
    parts = [
        text("suggestions_new", n=done.new),
        text("suggestions_added", n=done.added),
        text("import_photos", n=done.photos),
    ]
    say("sum", parts=parts)


def _print_patterns(catalogue: Catalogue, wanted: Filter) -> None:
    """Prints how photos are named, on standard error."""
    from barkive.cli.output import printable

    for one in catalogue.animals.patterns(wanted)[:_PATTERNS_SHOWN]:
        photos = text("animals_photos", n=one.photos)
        pattern, example = printable(one.pattern.text), printable(one.examples[0][0])
        say(
            "suggest_pattern",
            err=True,
            pattern=pattern,
            photos=photos,
            n=one.animals,
            example=example,
        )


def _print(catalogue: Catalogue, found: Sequence[Suggestion], lang: Language, form: Format) -> None:
    from barkive.cli.output import csv_row, json_line, print_header, print_line

    if form is Format.CSV:
        columns = ("id", "kind", "animal", "code", "name", "photos", "reason", "reason_code")
        print_header((*columns, "is_large"))
    for one in found[: _SHOWN if form is Format.TABLE else None]:
        if form is Format.TABLE:
            _print_lines(catalogue, one)
            continue
        record = one.to_json(lang)
        if form is Format.JSON:
            print_line(json_line(dict(record)))
        else:
            photos = " ".join(map(str, one.photos))
            cells = (*(record | {"photos": photos}).values(),)
            flat = (str(cell).lower() if isinstance(cell, bool) else cell for cell in cells)
            print_line(csv_row(flat))
    if form is Format.TABLE:
        say("suggestions_found", err=True, n=len(found))
        if len(found) > _SHOWN:
            say("suggestions_more", err=True, n=len(found) - _SHOWN)


def _print_lines(catalogue: Catalogue, one: Suggestion) -> None:
    """A suggestion for people: what is to be done, why, and some of its photos."""
    from barkive.cli.output import print_line, printable

    photos = text("animals_photos", n=len(one.photos))
    if one.animal is not None:
        title = printable(catalogue.animals.get(one.animal).title)
        said = text("suggestion_add", animal=title, photos=photos)
    elif called := " ".join(filter(None, (one.code, one.name))):
        said = text("suggestion_new_named", name=printable(called), photos=photos)
    else:
        said = text("suggestion_new", photos=photos)
    reason = printable(in_words(one.reason))
    print_line(text("suggestion", suggestion=one.id, said=said, reason=reason))
    for photo in one.photos[:_PHOTOS_SHOWN]:
        print_line(f"   {printable(catalogue.photo(photo).file)}")
    if len(one.photos) > _PHOTOS_SHOWN:
        print_line(f"   {text('suggestion_more', n=len(one.photos) - _PHOTOS_SHOWN)}")


@click.command()
@click.argument("photo", metavar="PHOTO", help="Of the catalogue, by path or number, or any other.")
@selected
@click.option(
    "--dog",
    metavar="NUMBER",
    type=int,
    help="Of a photo that is catalogued: which of its dogs is meant, the largest first.",
)
@click.option(
    "--model",
    metavar="FILE",
    type=PATH,
    help="For a photo that is not catalogued: the model that scanned the rest; by default "
    "the one that the catalogue has in use.",
)
@click.option("--limit", metavar="NUMBER", type=click.IntRange(min=1), default=10, help="How many.")
@lang_option
@format_option
@catalogue_option
def match(
    photo: str,
    wanted: AnimalFilter,
    dog: int | None,
    model: Path | None,
    limit: int,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Find out which animal a photo shows, such as one of a found dog; the likest first.

    Likeness is no proof: dogs of one breed look alike. Compare the photos.
    """
    with reading(catalogue) as opened:
        meant = to_photo(photo)
        found = opened.animals.match(
            meant,
            limit=limit,
            query=wanted,
            classifier=judging(opened, model) if model is not None else None,
            dog=opened.photo(meant).dog(dog).id if dog is not None else None,
        )
        _print_matches(found, lang, form)


def _print_matches(found: Sequence[Match], lang: Language, form: Format) -> None:
    from barkive.cli.animal_lines import COLUMNS, animal_cells, animal_line
    from barkive.cli.output import csv_row, json_line, print_header, print_line, print_styled

    if form is Format.CSV:
        print_header((*COLUMNS, "photo", "similarity"))
    for one in found:
        if form is Format.JSON:
            print_line(json_line(dict(one.to_json(lang))))
        elif form is Format.CSV:
            similarity = round(one.similarity, 4)
            print_line(csv_row((*animal_cells(one.animal, lang), one.photo, similarity)))
        else:
            line = animal_line(one.animal, lang)
            print_styled(line + click.style(f"  {number(one.similarity, '.2f')}", dim=True))
    if not found:
        say("match_none", err=True)
