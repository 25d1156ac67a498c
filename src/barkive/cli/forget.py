"""`barkive forget`: take photos out of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from barkive.cli.animal_options import to_photo
from barkive.cli.filters import animal_option, filtered, of_animal
from barkive.cli.label import by_option
from barkive.cli.options import Format, catalogue_option, format_option, lang_option
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, Filter, Forgotten

_LISTED = 20
_YES = frozenset({"y", "yes", "o", "oui"})


@click.command()
@click.argument(
    "photos", metavar="[PHOTO]...", nargs=-1, help="Photos of the catalogue: paths or numbers."
)
@click.option("--gone", is_flag=True, help="Photos whose files are gone.")
@filtered
@animal_option
@click.option("--labels", is_flag=True, help="Delete what people said of them as well.")
@click.option("--yes", is_flag=True, help="Take them out without asking.")
@by_option
@lang_option
@format_option
@catalogue_option
def forget(
    wanted: Filter,
    photos: tuple[str, ...],
    gone: bool,
    animal: str | None,
    labels: bool,
    yes: bool,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Take photos out of the catalogue: those that are named, are gone, or fit every filter.

    They go with the copies of them that are catalogued, with small pictures of them, and with all
    that the model said; of those whose files are gone, only these. Labels stay unless --labels is
    given, and hold again where a photo comes back. Files in your own folders are not touched, but
    scans pass over them; `barkive scan --bring-back` catalogues them again. Files that Barkive
    keeps, because they were added to it, are deleted.

    Exit status: 0 all went well, 2 wrong usage, or there is no terminal to ask at.
    """
    from barkive.catalogue import Catalogue, Filter
    from barkive.cli.progress import progress
    from barkive.errors import UsageError

    wanted = replace(wanted, missing=gone or wanted.missing)
    if bool(photos) == (wanted != Filter() or animal is not None):
        raise UsageError("forget_photos_or_filter")
    with Catalogue(catalogue, create=False) as opened:
        meant: Filter | list[str | int] = [to_photo(one) for one in photos]
        if not photos:
            meant = of_animal(opened, wanted, animal)
        foreseen = opened.to_forget(meant)
        if foreseen.photos and not yes:
            _list(opened, meant, foreseen, lang)
            _tell(foreseen, "forget_would", labels)
            _ask(foreseen)
        with progress(text("forgetting")) as advance, _small_pictures() as drop:
            done = opened.forget(meant, labels=labels, by=by, on_contents=drop, on_progress=advance)
    _print(done, form, labels)


def _list(
    catalogue: Catalogue, meant: Filter | list[str | int], foreseen: Forgotten, lang: Language
) -> None:
    """Says which photos are meant, the first of them."""
    from barkive.catalogue import Filter
    from barkive.cli.output import entry_line

    if isinstance(meant, Filter):
        entries = [*catalogue.search(meant, limit=_LISTED)]
    else:
        entries = [catalogue.photo(one) for one in dict.fromkeys(meant[:_LISTED])]
    for entry in entries:
        click.echo(entry_line(entry, lang), err=True)
    more = foreseen.photos - foreseen.copies - len(entries)
    if more > 0:
        say("forget_more", err=True, n=more)


def _ask(foreseen: Forgotten) -> None:
    """Asks whether they are to be taken out.

    Raises:
        Exit: They are not.
        UsageError: There is nobody to ask.
    """
    from barkive.errors import UsageError

    if not _is_terminal():
        raise UsageError("forget_not_asked", n=foreseen.photos)
    answer = click.prompt(
        text("forget_sure", n=foreseen.photos), default="", show_default=False, err=True
    )
    if answer.strip().casefold() not in _YES:
        say("forget_nothing_done", err=True)
        raise click.exceptions.Exit(0)


def _is_terminal() -> bool:
    import sys

    # A program without a console has no standard input at all.
    return sys.stdin is not None and sys.stdin.isatty()


def _print(done: Forgotten, form: Format, labels: bool) -> None:
    from barkive.cli.output import csv_row, json_line, print_line

    record = done.to_json()
    if form is Format.JSON:
        print_line(json_line(dict(record)))
    elif form is Format.CSV:
        print_line(csv_row([*record]))
        print_line(csv_row([*record.values()]))
    elif not done.photos:
        say("forget_nothing")
    else:
        _tell(done, "forget_done", labels, err=False)
        say("forget_passed_over", err=True)


def _tell(done: Forgotten, key: str, labels: bool, *, err: bool = True) -> None:
    """Says what goes and what stays."""
    parts = [text(key, n=done.photos)]
    if done.copies:
        parts.append(text("forget_copies", n=done.copies))
    if done.added:
        parts.append(text("forget_added", n=done.added))
    if done.grouped:
        parts.append(text("forget_grouped", n=done.grouped))
    if done.labels:
        parts.append(text("forget_labels" if labels else "forget_labels_stay", n=done.labelled))
    say("sum", err=err, parts=parts)


@contextmanager
def _small_pictures() -> Iterator[Callable[[Collection[str]], None]]:
    """What deletes small pictures of contents from the server's cache, where there is one."""
    from barkive.web.services.thumbnails import Thumbnails, default_folder

    folder = default_folder()
    if not (folder / Thumbnails.FILE).is_file():
        yield lambda contents: None
        return
    cache = Thumbnails(folder)
    try:
        yield cache.forget
    finally:
        cache.close()
