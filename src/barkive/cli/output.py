"""How verdicts are printed, each as soon as it is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click import style

from barkive.cli.options import Format
from barkive.cli.saying import csv_delimiter, decimal, in_words, percent, text
from barkive.messages import Language
from barkive.verdicts import Candidate, Dog, Status, Verdict

if TYPE_CHECKING:
    from barkive.catalogue import Entry, EntryDog

Write = Callable[[Verdict], None]

_FILE_WIDTH = 32
_WORTH_SHOWING = 0.01
# It stands before French signs, and Python takes it for none that can be printed.
_NARROW_SPACE = "\u202f"
# So many other dogs of a photo are named.
_FURTHER = 8

_STYLES: Mapping[Status, Mapping[str, Any]] = {
    Status.UNCERTAIN: {"fg": "yellow"},
    Status.NOT_DOG: {"dim": True},
    Status.FAILED: {"fg": "red"},
}


def writer(form: Format, lang: Language, top: int) -> Write:
    """A function that prints a verdict on standard output at once.

    Args:
        form: A line for people, a JSON object or a row of CSV (the header comes first).
        lang: The language of the breeds' names.
        top: How many breeds a CSV row has columns for.
    """
    match form:
        case Format.JSON:
            return lambda verdict: print_line(json_line(dict(verdict.to_json(lang))))
        case Format.CSV:
            return _csv_writer(lang, top)
        case Format.TABLE:
            return lambda verdict: print_styled(verdict_line(verdict, lang))


def print_line(text: str) -> None:
    """Prints a line and hands it over at once, so that a reader of a pipe need not wait."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_styled(line: str) -> None:
    """Prints a line at once, with its styles where it goes to a terminal."""
    # Named, because what Click takes for standard output writes past a progress bar.
    click.echo(line, file=sys.stdout)


def json_line(record: Mapping[str, object]) -> str:
    """An object as JSON on one line, names as they are written."""
    return json.dumps(record, ensure_ascii=False)


def print_header(columns: Iterable[str]) -> None:
    """Prints the first row of CSV; see `csv_row`."""
    from barkive.catalogue import BOM

    print_line(BOM + csv_row(columns))


def csv_row(cells: Iterable[object]) -> str:
    """A row of CSV, without its line end, as the export writes it for spreadsheets.

    What stands between cells and in decimals is that of the language of this run; text that a
    spreadsheet would run as a formula is defused.
    """
    from barkive.catalogue import csv_line, defused

    written = (
        defused(cell) if isinstance(cell, str) else decimal(cell) if type(cell) is float else cell
        for cell in cells
    )
    return csv_line(written, csv_delimiter()).removesuffix("\r\n")


def summary(counts: dict[Status, int]) -> str:
    """One line: how many photos got which status."""
    total = sum(counts.values())
    if not counts:
        return text("found", n=total)
    parts = [text(f"photos_{one}", n=counts[one]) for one in Status if one in counts]
    return text("photos", n=total, parts=parts)


def printable(file: str | None) -> str:
    """A file's name or a sentence on one line, whatever characters it holds."""
    return "".join(
        c
        if c.isprintable() or c == _NARROW_SPACE
        else c.encode("unicode_escape", "surrogatepass").decode()
        for c in file or ""
    )


def _csv_writer(lang: Language, top: int) -> Write:
    breeds = [f"{field}_{i}" for i in range(1, top + 1) for field in ("id", "name", "probability")]

    def write(verdict: Verdict) -> None:
        row = verdict.to_json(lang)
        cells: list[object] = [
            value
            for breed in row["breeds"]
            for value in (breed["id"], breed["name"], breed["probability"])
        ]
        cells += [""] * (len(breeds) - len(cells))
        cells += [row["error"], row["error_code"], row["model"]]
        cells.append("" if row["dogs"] is None else len(row["dogs"]))
        print_line(csv_row([row["file"], row["status"], *cells]))

    print_header(["file", "status", *breeds, "error", "error_code", "model", "dogs"])
    return write


def entry_line(entry: Entry, lang: Language) -> str:
    """A photo of the catalogue for people, on one line; what people said is ticked."""
    line = _main_line(entry.verdict, lang)
    if entry.corrected:
        if entry.labels:
            names = " x ".join(label.name(lang) for label in entry.labels)
            line = _file_column(entry.file) + style(names, bold=True)
        line += style("  ✓", fg="green")
    if entry.note:
        line += style(f"{'' if entry.corrected else ' '} {printable(entry.note)}", dim=True)
    others = (entry.dogs or ())[1:]
    line += _further([_dog_in_words(dog, lang) for dog in others[:_FURTHER]], len(others))
    if entry.unreadable_since is not None:
        day = entry.unreadable_since.date().isoformat()
        unreadable = text("unreadable_since", day=day, reason=entry.reason or "")
        line += style(f"  {unreadable}", fg="yellow")
    return line


def verdict_line(verdict: Verdict, lang: Language) -> str:
    """A verdict for people, on one line: the file, and what is said of it."""
    others = (verdict.dogs or ())[1:]
    told = [_dog_in_words(dog, lang) for dog in others[:_FURTHER]]
    return _main_line(verdict, lang) + _further(told, len(others))


def _further(told: list[str], count: int) -> str:
    """What is said of the other dogs of a photo, of which there may be more."""
    if count > len(told):
        return f"  {text('further_dogs_more', breeds=told, n=count - len(told))}"
    return f"  {text('further_dogs', breeds=told)}" if told else ""


def _dog_in_words(dog: Dog | EntryDog, lang: Language) -> str:
    """A dog in a few words; what people said is ticked, what the model is not sure of asked."""
    if not isinstance(dog, Dog) and dog.corrected:
        return f"{' x '.join(label.name(lang) for label in dog.labels) or text('dog_uncertain')} ✓"
    if not dog.breeds:
        return text("dog_uncertain")
    breed = candidate_in_words(dog.breeds[0], lang)
    return breed if dog.status is Status.DOG else text("dog_perhaps", breed=breed)


def _main_line(verdict: Verdict, lang: Language) -> str:
    """A verdict on one line, without the other dogs."""
    line = _file_column(verdict.file)
    if verdict.status is Status.UNCERTAIN and not verdict.breeds:
        return line + style(text("dog_uncertain"), **_STYLES[verdict.status])
    if verdict.status is not Status.DOG:
        line += style(text(verdict.status), **_STYLES[verdict.status])
    if verdict.reason is not None:
        return f"{line} {in_words(verdict.reason)}"
    if not verdict.breeds:
        return line
    if verdict.status is not Status.DOG:
        line += " "
    first, *others = verdict.breeds
    shown = [candidate_in_words(c, lang) for c in others if c.probability >= _WORTH_SHOWING]
    rest = style("".join(f", {one}" for one in shown), dim=True) if shown else ""
    return line + style(candidate_in_words(first, lang), bold=True) + rest


def _file_column(file: str | None) -> str:
    name = printable(file)
    return f"{padded(name, _FILE_WIDTH)}  "


def padded(name: str, width: int) -> str:
    """A text with spaces behind it, up to a width on a terminal, where some signs take two cells.

    Args:
        name: What stands in the column.
        width: Of the column, in cells.
    """
    from rich.cells import cell_len

    return name + " " * (width - cell_len(name))


def candidate_in_words(candidate: Candidate, lang: Language) -> str:
    """A breed and how sure it is, such as `Pug 92%`."""
    return f"{candidate.label.name(lang)} {percent(candidate.probability)}"
