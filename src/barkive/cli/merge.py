"""`barkive merge`: bring in what people said in another catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from barkive.cli.options import Format, catalogue_option, format_option, lang_option
from barkive.cli.saying import say, text
from barkive.clock import local
from barkive.errors import UsageError
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Change, Conflict, Merged, Unmerged


@click.command()
@click.argument(
    "other",
    metavar="OTHER",
    required=False,
    help="The other catalogue: a file, or postgresql://USER@HOST/NAME.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would come; change nothing.")
@click.option("--undo", is_flag=True, help="Take back what the last merge has added.")
@lang_option
@format_option
@catalogue_option
def merge(
    other: str | None,
    dry_run: bool,
    undo: bool,
    lang: Language,
    form: Format,
    catalogue: str | None,
) -> None:
    """Bring in what people said in another catalogue: labels, notes, numbers, history.

    It goes by picture, wherever the files lie. What both say of a picture stands in the order
    in which it was said, and the later word holds; each picture of which they say different
    things is listed. Pictures that only OTHER knows wait, with their labels, for the scan that
    finds their files. In OTHER nothing is changed. Merged twice is the same as once;
    interrupted, it goes on when it is run again.

    Exit status: 0 all went well, 2 it could not be merged, or wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.output import json_line, print_line
    from barkive.cli.progress import progress

    if undo == (other is not None) or (undo and dry_run):
        raise UsageError("merge_catalogue_or_undo")
    if form is Format.CSV:
        raise UsageError("merge_format_unknown")
    with Catalogue(catalogue, create=other is not None) as opened:
        if other is None:
            done = opened.undo_merge()
            print_line(
                json_line(dict(done.to_json())) if form is Format.JSON else _taken_back(done)
            )
            return

        def tell(conflict: Conflict) -> None:
            if form is Format.JSON:
                print_line(json_line(dict(conflict.to_json(lang))))
            else:
                print_line(_in_words(conflict, lang))

        with progress(text("merging"), unit=text("unit_pictures")) as advance:
            merged = opened.merge(other, dry_run=dry_run, on_conflict=tell, on_progress=advance)
        names = opened.models.names
        in_words = _sum(merged, lambda breed: names.label(breed).name(lang))
        print_line(json_line(dict(merged.to_json())) if form is Format.JSON else in_words)
        if dry_run and form is Format.TABLE:
            say("merge_dry", err=True)


def _in_words(conflict: Conflict, lang: Language) -> str:
    from barkive.cli.output import printable

    here, there = text("merge_here"), text("merge_there")
    width = max(len(here), len(there))
    ours, theirs = (_said(one, conflict.place, lang) for one in (conflict.ours, conflict.theirs))
    in_force = f"  {text('merge_in_force')}"
    held = (in_force, "") if conflict.ours_holds else ("", in_force)
    where = f"{printable(conflict.file)}  ({conflict.number})"
    return f"{where}\n   {here:{width}} {ours}{held[0]}\n   {there:{width}} {theirs}{held[1]}"


def _said(change: Change, place: int | None, lang: Language) -> str:
    from barkive.cli.output import printable

    words = " x ".join(label.name(lang) for label in change.labels) or text(f"merge_{change.kind}")
    if place is not None and change.dog is not None:
        words = text("said_of_dog", n=place, said=words)
    said = {"said": words, "at": str(local(change.at))}
    if change.by:
        return text("merge_said_by", by=printable(change.by), **said)
    return text("merge_said", **said)


def _sum(done: Merged, breed: Callable[[str], str]) -> str:
    from barkive.cli.output import printable

    lines = [
        text("merge_pictures", n=done.pictures, known=done.known, new=done.new),
        text("merge_labels", n=done.words),
    ]
    if done.renumbered:
        lines.append(text("merge_renumbered", n=done.renumbered))
    if done.numbers:
        lines.append(text("merge_numbers", n=done.numbers))
    if done.forgotten:
        lines.append(text("merge_forgotten", n=done.forgotten))
    lines.append(text("merge_conflicts", n=done.conflicts))
    if done.animals:
        lines.append(text("merge_animals", n=done.animals))
    if done.animals_filled:
        lines.append(text("merge_animals_filled", n=done.animals_filled))
    if done.animal_photos:
        lines.append(text("merge_animal_photos", n=done.animal_photos))
    lines += [
        text(
            "merge_animal_conflict",
            animal=printable(one.title),
            field=one.field,
            ours=_value(one.ours, breed),
            theirs=_value(one.theirs, breed),
        )
        for one in done.animal_conflicts
    ]
    return "\n".join(lines)


def _value(value: Any, breed: Callable[[str], str]) -> str:
    from barkive.cli.output import printable

    return printable(" x ".join(map(breed, value)) if isinstance(value, list) else str(value))


def _taken_back(done: Unmerged) -> str:
    from barkive.cli.output import printable

    parts = [
        text("merge_undone_labels", n=done.words),
        text("merge_undone_pictures", n=done.pictures),
    ]
    if done.animals:
        parts.append(text("merge_undone_animals", n=done.animals))
    name, at = printable(done.merge.catalogue), str(local(done.merge.at))
    return text("merge_undone", name=name, at=at, parts=parts)
