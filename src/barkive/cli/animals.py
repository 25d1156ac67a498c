"""`barkive animals`: one dog, many photos, one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from barkive.cli import filters
from barkive.cli.animal_options import described, selected, to_photo
from barkive.cli.filters import filtered
from barkive.cli.label import by_option
from barkive.cli.opening import reading
from barkive.cli.options import Format, Values, catalogue_option, format_option, lang_option
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Animal, AnimalFields, AnimalFilter, Catalogue, Filter

_SHOWN = 100

animal_argument = click.argument(
    "animal", metavar="ANIMAL", help="Its code, its name or its number in Barkive."
)
photos_argument = click.argument(
    "photos",
    metavar="PHOTO...",
    nargs=-1,
    required=True,
    help="Photos of the catalogue: paths or numbers.",
)
photos_if_any_argument = click.argument(
    "photos", metavar="[PHOTO]...", nargs=-1, help="Photos of the catalogue: paths or numbers."
)


class OrderName(StrEnum):
    """In which order animals are listed."""

    NAME = "name"
    CODE = "code"
    CHANGED = "changed"
    MADE = "made"


@click.command()
@selected
@click.argument(
    "text",
    metavar="[TEXT]...",
    nargs=-1,
    help="Words, or their beginnings: of the code, the name, the notes or the breed. Case "
    "and accents don't matter.",
)
@click.option(
    "--order",
    type=Values(OrderName),
    default=OrderName.NAME.value,
    help="changed, made: the last one first, the first one.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="How many at most; by default 100 in a table, else all.",
)
@click.option("--count", is_flag=True, help="Print how many there are, and nothing else.")
@lang_option
@format_option
@catalogue_option
def list_(
    wanted: AnimalFilter,
    order: OrderName,
    limit: int | None,
    count: bool,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """List animals, all of them or those that fit every filter.

    Exit status: 0 also if nothing is found, 2 on wrong usage.
    """
    from barkive.catalogue import Order
    from barkive.cli.animal_lines import animal_writer

    with reading(catalogue) as opened:
        if count:
            click.echo(opened.animals.count(wanted))
            return
        shown = _SHOWN if limit is None and form is Format.TABLE else limit
        found = opened.animals.list(wanted, order=Order(order.value), limit=shown)
        write = animal_writer(form, lang)
        for one in found:
            write(one)
        if form is Format.TABLE:
            total = opened.animals.count(wanted) if len(found) == shown else len(found)
            if total == len(found):
                say("animals_found", err=True, n=total)
            else:
                say("animals_found_some", err=True, shown=len(found), n=total)


@click.command()
@animal_argument
@lang_option
@format_option
@catalogue_option
def show(animal: str, lang: Language, form: Format, catalogue: str | None) -> None:
    """Show an animal: its record, what each photo says of its breed, and what people did.

    As JSON, `views` are its photos and `history` is what people did; CSV has the record alone.
    """
    from barkive.cli.animal_lines import animal_writer, print_record
    from barkive.cli.output import json_line, print_line

    with reading(catalogue) as opened:
        found = opened.animals.get(animal)
        if form is Format.TABLE:
            print_record(opened, found, lang)
        elif form is Format.CSV:
            animal_writer(form, lang)(found)
        else:
            views = [one.to_json(lang) for one in opened.animals.views(found)]
            acts = [one.to_json() for one in opened.animals.history(found)]
            print_line(json_line({**found.to_json(lang), "views": views, "history": acts}))


@click.command()
@described
@photos_if_any_argument
@click.option(
    "--folder",
    metavar="FOLDER",
    help="All photos of the catalogue in this folder or those inside it.",
)
@by_option
@lang_option
@format_option
@catalogue_option
def new(
    said: AnimalFields,
    photos: tuple[str, ...],
    folder: str | None,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Make an animal of photos, or one without photos yet."""
    from barkive.catalogue import Filter

    meant = _meant(photos, Filter(folder=folder)) if photos or folder is not None else []
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.new(said, _spelt(opened, meant), by=by))


@click.command()
@animal_argument
@described
@click.option(
    "--main-photo",
    metavar="PHOTO",
    help="The photo that stands for it, one of its own; 0 for the best one.",
)
@by_option
@lang_option
@format_option
@catalogue_option
def edit(
    animal: str,
    said: AnimalFields,
    main_photo: str | None,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Say more of an animal, or something else; an empty value takes away what was said."""
    from dataclasses import replace

    with _acting(catalogue, lang, form) as (opened, done):
        if main_photo is not None:
            photo = to_photo(main_photo)
            said = replace(said, main_photo=opened.photo(photo).id if photo else 0)
        done(opened.animals.edit(animal, said, by=by))


@click.command()
@animal_argument
@filtered
@photos_if_any_argument
@click.option(
    "--dog",
    metavar="NUMBER",
    type=int,
    help="Which dog of the one photo is meant, the largest first; without it, the largest.",
)
@by_option
@lang_option
@format_option
@catalogue_option
def add(
    animal: str,
    wanted: Filter,
    photos: tuple[str, ...],
    dog: int | None,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Add photos to an animal: those that are named, or all that fit the filters.

    The filters are those of `barkive search`.
    """
    from barkive.errors import UsageError

    meant = _meant(photos, wanted)
    if dog is not None and len(photos) != 1:
        raise UsageError("animal_dog_of_one_photo")
    with _acting(catalogue, lang, form) as (opened, done):
        number = None
        if photos and dog is not None:
            number = opened.photo(to_photo(photos[0])).dog(dog).id
        done(opened.animals.add(animal, _spelt(opened, meant), by=by, dog=number))


@click.command()
@animal_argument
@photos_argument
@by_option
@lang_option
@format_option
@catalogue_option
def take_away(
    animal: str,
    photos: tuple[str, ...],
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Take photos away from an animal that they don't show; they are not suggested for it again."""
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.take_away(animal, map(to_photo, photos), by=by))


@click.command()
@click.argument("source", metavar="FROM", help="The animal that has them.")
@click.argument("target", metavar="TO", help="The animal that they show.")
@photos_argument
@by_option
@lang_option
@format_option
@catalogue_option
def move(
    source: str,
    target: str,
    photos: tuple[str, ...],
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Move photos from one animal to another."""
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.move(map(to_photo, photos), source, target, by=by))


@click.command()
@click.argument(
    "animals", metavar="ANIMAL...", nargs=-1, required=True, help="Those that are the same animal."
)
@click.option("--into", metavar="ANIMAL", required=True, help="The one that stays.")
@by_option
@lang_option
@format_option
@catalogue_option
def merge(
    animals: tuple[str, ...],
    into: str,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Make one of several animals: --into gets their photos, and what it lacks itself."""
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.merge(animals, into, by=by))


@click.command()
@animal_argument
@photos_argument
@described
@by_option
@lang_option
@format_option
@catalogue_option
def split(
    animal: str,
    photos: tuple[str, ...],
    said: AnimalFields,
    by: str | None,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Make a new animal of some of the photos of another; the options are of the new one."""
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.split(animal, map(to_photo, photos), said, by=by))


@click.command()
@animal_argument
@by_option
@lang_option
@format_option
@catalogue_option
def remove(
    animal: str, by: str | None, lang: Language, form: Format, catalogue: str | None
) -> None:
    """Remove an animal; its photos stay in the catalogue."""
    with _acting(catalogue, lang, form) as (opened, done):
        done(opened.animals.remove(animal, by=by))


@click.command()
@click.argument(
    "act",
    metavar="[NUMBER]",
    type=int,
    required=False,
    help="What is taken back, by its number in the history; by default what was done last, "
    "with --by what they did last.",
)
@by_option
@lang_option
@format_option
@catalogue_option
def undo(
    act: int | None, by: str | None, lang: Language, form: Format, catalogue: str | None
) -> None:
    """Take back what somebody did to animals, as a whole."""
    from barkive.catalogue import Catalogue
    from barkive.cli.animal_lines import print_acts
    from barkive.cli.progress import progress

    with Catalogue(catalogue, create=False) as opened:
        with progress(text("undoing")) as advance:
            undone = opened.animals.undo(act, by=by, on_progress=advance)
        print_acts(opened, [undone], lang, form)


@click.command()
@click.argument(
    "animal",
    metavar="[ANIMAL]",
    required=False,
    help="Its code, its name or its number; by default all animals.",
)
@click.option(
    "--limit", metavar="NUMBER", type=click.IntRange(min=1), default=100, help="How many."
)
@lang_option
@format_option
@catalogue_option
def history(
    animal: str | None, limit: int, lang: Language, form: Format, catalogue: str | None
) -> None:
    """Show what people did to an animal or to all: who, when, and what it was before."""
    from barkive.cli.animal_lines import print_acts

    with reading(catalogue) as opened:
        if animal is None:
            acts = opened.animals.acts(limit)
        else:
            acts = opened.animals.history(animal, limit)
        print_acts(opened, acts, lang, form)
    if not acts and form is Format.TABLE:
        say("acts_none", err=True)


def _spelt(catalogue: Catalogue, photos: list[str | int] | Filter) -> list[str | int] | Filter:
    """Photos as the catalogue takes them: see `filters.meant`."""
    return photos if isinstance(photos, list) else filters.meant(catalogue, photos)


def _meant(photos: tuple[str, ...], wanted: Filter) -> list[str | int] | Filter:
    """The photos that are named, or those that a filter means.

    Raises:
        UsageError: Neither is given, or both are.
    """
    from barkive.catalogue import Filter
    from barkive.errors import UsageError

    is_filtered = wanted != Filter()
    if bool(photos) == is_filtered:
        raise UsageError("animal_photos_or_filter")
    return wanted if is_filtered else [to_photo(one) for one in photos]


@contextmanager
def _acting(
    where: str | None, lang: Language, form: Format
) -> Iterator[tuple[Catalogue, Callable[[Animal], None]]]:
    """A catalogue, and a function that prints an animal as it is now, and how to undo that.

    Args:
        where: As for `Catalogue`.
        lang: Of the animal's breeds.
        form: How it is printed.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.animal_lines import animal_writer

    with Catalogue(where, create=False) as opened:
        before = max((one.id for one in opened.animals.acts(1)), default=0)

        def done(animal: Animal) -> None:
            animal_writer(form, lang)(animal)
            if form is not Format.TABLE:
                return
            if animal.version > before:
                say("act_done", err=True, act=animal.version)
            else:
                say("act_nothing_changed", err=True)

        yield opened, done
