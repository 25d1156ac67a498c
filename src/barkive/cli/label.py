"""`barkive label` and `barkive history`: what people say of photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.opening import judging, reading
from barkive.cli.options import (
    Format,
    catalogue_model_option,
    catalogue_option,
    format_option,
    lang_option,
)
from barkive.cli.saying import known, say, text
from barkive.clock import local
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.boxes import Box
    from barkive.catalogue import Change

by_option = click.option(
    "--by", metavar="WHO", envvar="BARKIVE_USER", show_envvar=True, help="Who says so."
)


@click.command()
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, help="One photo or several.")
@click.option("--breed", metavar="NAME", help="It is of this breed.")
@click.option("--cross", metavar="NAME NAME", nargs=2, help="It is a cross of two.")
@click.option("--not-a-dog", is_flag=True, help="There is no dog on it.")
@click.option("--unsure", is_flag=True, help="Its breed can't be told.")
@click.option(
    "--dog",
    metavar="NUMBER",
    type=int,
    help="Which dog of the photo is meant, the largest first; without it, the largest, or "
    "with --not-a-dog the whole photo.",
)
@click.option(
    "--box",
    metavar="X,Y,W,H",
    help="Where a dog is: left edge, upper edge, width and height as shares of the upright "
    "photo, such as 0.1,0.25,0.5,0.7. With --dog it moves that dog, else it is another.",
)
@click.option("--undo", is_flag=True, help="Take back the last thing that was said.")
@click.option(
    "--other", is_flag=True, help="Take the breed as it is written, though Barkive lacks it."
)
@click.option("--note", metavar="TEXT", help="A note, beside a label or alone.")
@by_option
@catalogue_model_option
@lang_option
@catalogue_option
def label(
    photos: tuple[str, ...],
    breed: str | None,
    cross: tuple[str, str] | None,
    not_a_dog: bool,
    unsure: bool,
    dog: int | None,
    box: str | None,
    undo: bool,
    other: bool,
    note: str | None,
    by: str | None,
    model: Path | None,
    lang: Language,
    catalogue: str | None,
) -> None:
    """Label a photo or a dog in it: what a person says stands over the model, in every scan.

    It holds for every file of the same content, wherever it is moved. The dog in a box is judged
    by the model that scanned the photo: give --model as `barkive scan` had it. `barkive correct`
    is another name of this command.
    """
    from barkive.catalogue import Catalogue, Kind, Label
    from barkive.cli.output import entry_line, print_styled
    from barkive.errors import UsageError

    options: dict[Kind, tuple[str, ...] | None] = {
        Kind.BREED: None if breed is None else (breed,),
        Kind.CROSS: cross,
        Kind.NOT_DOG: () if not_a_dog else None,
        Kind.UNSURE: () if unsure else None,
        Kind.UNDO: () if undo else None,
    }
    said = [(kind, breeds) for kind, breeds in options.items() if breeds is not None]
    if not said and box is not None:
        said = [(Kind.DOG, ())]
    if not said and note is not None:
        said = [(Kind.NOTE, ())]
    if len(said) != 1:
        raise UsageError("label_not_one_thing")
    where = _to_box(box) if box is not None else None
    label = Label(*said[0], note=note, by=by, other=other, box=where)
    with Catalogue(catalogue, create=False) as opened:
        classifier = judging(opened, model, dogs=False) if where is not None else None
        for photo in photos:
            meant = opened.photo(photo).dog(dog).id if dog is not None else None
            entry = opened.label(photo, replace(label, dog=meant), classifier=classifier)
            print_styled(entry_line(entry, lang))


def _to_box(text: str) -> Box:
    from barkive.boxes import Box
    from barkive.errors import UsageError

    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        raise UsageError("label_box_invalid", text=text) from None
    return Box(x, y, width, height)


@click.command()
@click.argument("photo", metavar="PHOTO", help="A photo.")
@lang_option
@format_option
@catalogue_option
def history(photo: str, lang: Language, form: Format, catalogue: str | None) -> None:
    """Show what people said of a photo: who, when, and what it was before.

    Times are by this machine's clock; with --format json or csv in UTC.
    """
    from barkive.cli.output import csv_row, json_line, print_header, print_line

    with reading(catalogue) as opened:
        changes = opened.history(photo)
        dogs = opened.photo(photo).dogs or () if changes else ()
    places = {dog.id: place for place, dog in enumerate(dogs, 1)}
    if form is Format.CSV:
        print_header(["at", "by", "kind", "breeds", "was", "note", "dog"])
    for change in changes:
        record = change.to_json(lang)
        breeds = " x ".join(record["breeds"])
        if form is Format.JSON:
            print_line(json_line(record))
        elif form is Format.CSV:
            cells = [record["at"], change.by, change.kind, breeds, change.was, change.note]
            print_line(csv_row([*cells, change.dog]))
        else:
            print_line(_in_words(change, places, lang))
    if not changes:
        say("history_none", err=True)


def _in_words(change: Change, places: Mapping[int, int], lang: Language) -> str:
    """A change on one line.

    Args:
        change: What was said.
        places: Of the dogs that the photo has now, by their numbers.
        lang: Of the names.
    """
    breeds = " x ".join(label.name(lang) for label in change.labels)
    said = text(f"said_{change.kind}", **({"breeds": breeds} if breeds else {}))
    if change.dog is not None:
        place = places.get(change.dog)
        said = (
            text("said_of_dog", n=place, said=said) if place else text("said_of_other", said=said)
        )
    if change.kind != "note":  # which changes nothing
        said = text("history_was", said=said, was=_was(change, lang))
    values = {"at": str(local(change.at)), "said": said}
    line = text("history_by", by=change.by, **values) if change.by else text("history", **values)
    return f"{line} ({change.note})" if change.note else line


def _was(change: Change, lang: Language) -> str:
    """What held before; of another Barkive's catalogue it may be what this one has no word for."""
    status, breeds = change.was_called(lang)
    if not known(f"was_{status}"):
        return change.was
    said = text(f"was_{status}")
    return text("was", status=said, breeds=" x ".join(breeds)) if breeds else said
