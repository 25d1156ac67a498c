"""How verdicts are printed, each as soon as it is known."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from barkive.cli.options import Format
from barkive.messages import Language
from barkive.verdicts import Candidate, Status, Verdict

if TYPE_CHECKING:
    from barkive.catalogue import Entry

Write = Callable[[Verdict], None]

_FILE_WIDTH = 32
_WORTH_SHOWING = 0.01

_PHRASES: dict[Language, dict[Status, str]] = {
    "en": {
        Status.DOG: "",
        Status.UNCERTAIN: "not sure: ",
        Status.NOT_DOG: "no dog here",
        Status.FAILED: "failed: ",
    },
    "fr": {
        Status.DOG: "",
        Status.UNCERTAIN: "pas sûr : ",
        Status.NOT_DOG: "pas de chien ici",
        Status.FAILED: "illisible : ",
    },
}
_STYLES = {
    Status.DOG: "",
    Status.UNCERTAIN: "yellow",
    Status.NOT_DOG: "dim",
    Status.FAILED: "red",
}
_SUMMARY = {
    Status.DOG: "named",
    Status.UNCERTAIN: "not sure",
    Status.NOT_DOG: "no dog",
    Status.FAILED: "failed",
}


def writer(form: Format, lang: Language, top: int) -> Write:
    """A function that prints a verdict on standard output at once.

    Args:
        form: A line for people, a JSON object or a row of CSV (the header comes first).
        lang: The language of the breeds' names and of the lines for people.
        top: How many breeds a CSV row has columns for.
    """
    match form:
        case Format.JSON:
            return lambda verdict: print_line(json_line(dict(verdict.to_json(lang))))
        case Format.CSV:
            return _csv_writer(lang, top)
        case Format.TABLE:
            return _table_writer(lang)


def print_line(text: str) -> None:
    """Prints a line and hands it over at once, so that a reader of a pipe need not wait."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def json_line(record: Mapping[str, object]) -> str:
    """An object as JSON on one line, names as they are written."""
    return json.dumps(record, ensure_ascii=False)


def csv_row(cells: Iterable[object]) -> str:
    """A row of CSV, without its line end."""
    row = io.StringIO()
    # The writer quotes a field that holds a character of its line end, so both are named.
    csv.writer(row, lineterminator="\r\n").writerow(cells)
    return row.getvalue().removesuffix("\r\n")


def summary(counts: dict[Status, int]) -> str:
    """One line: how many photos got which status."""
    parts = [f"{counts[status]} {name}" for status, name in _SUMMARY.items() if status in counts]
    total = sum(counts.values())
    photos = f"{total} photo{'s' if total != 1 else ''}"
    return f"{photos}: {', '.join(parts)}." if parts else f"{photos}."


def printable(file: str | None) -> str:
    """A file's name on one line, whatever characters it holds."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
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
        print_line(csv_row([row["file"], row["status"], *cells, row["error"], row["model"]]))

    print_line(csv_row(["file", "status", *breeds, "error", "model"]))
    return write


def _table_writer(lang: Language) -> Write:
    write = text_writer()
    return lambda verdict: write(verdict_line(verdict, lang))


def text_writer() -> Callable[[Text], None]:
    """A function that prints a styled line on standard output at once."""
    console = Console(soft_wrap=True, highlight=False)

    def write(text: Text) -> None:
        # Captured, because Rich's console would write past its own progress bar.
        with console.capture() as line:
            console.print(text, end="")
        print_line(line.get())

    return write


_UNREADABLE: dict[Language, str] = {
    "en": "can't be read since {}:",
    "fr": "illisible depuis le {} :",
}


def entry_line(entry: Entry, lang: Language) -> Text:
    """A photo of the catalogue for people, on one line; what people said is ticked."""
    line = verdict_line(entry.verdict, lang)
    if entry.corrected:
        if entry.labels:
            line = _file_column(entry.file)
            line.append(" x ".join(label.name(lang) for label in entry.labels), style="bold")
        line.append("  ✓", style="green")
        if entry.note:
            line.append(f" {printable(entry.note)}", style="dim")
    if entry.unreadable_since is not None:
        day = entry.unreadable_since.date().isoformat()
        reason = entry.reason.text(lang) if entry.reason else ""
        line.append(f"  ({_UNREADABLE[lang].format(day)} {reason})", style="yellow")
    return line


def verdict_line(verdict: Verdict, lang: Language) -> Text:
    """A verdict for people, on one line: the file, and what is said of it."""
    line = _file_column(verdict.file)
    line.append(_PHRASES[lang][verdict.status], style=_STYLES[verdict.status])
    if not verdict.breeds:
        return line.append(verdict.reason.text(lang) if verdict.reason else "")
    first, *others = verdict.breeds
    line.append(_candidate(first, lang), style="bold")
    shown = [_candidate(c, lang) for c in others if c.probability >= _WORTH_SHOWING]
    return line.append("".join(f", {text}" for text in shown), style="dim")


def _file_column(file: str | None) -> Text:
    name = printable(file)
    return Text(name + " " * (_FILE_WIDTH - cell_len(name)) + "  ")


def _candidate(candidate: Candidate, lang: Language) -> str:
    return f"{candidate.label.name(lang)} {candidate.probability:.0%}"
