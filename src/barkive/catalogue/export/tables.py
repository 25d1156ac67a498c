r"""The catalogue as text for other programs: CSV for spreadsheets, JSON for scripts.

Yields text piece by piece, so that a catalogue of any size passes through; knows nothing of
files. Every piece can be encoded as UTF-8: what is no valid text in a file's name appears as an
escape such as `\udce9`, which JSON reads back as it was.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from barkive.breeds import Breed
from barkive.catalogue.records import Entry, EntryDog
from barkive.messages import Language, Messages
from barkive.verdicts import Candidate, Status

BOM: Final = "\ufeff"
"""Spreadsheets take a file for UTF-8 only when it starts with this."""
# What a spreadsheet may take for a formula, in full width too, even behind spaces; and what it
# may drop on the way to one. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_WORTH_SHOWING = 0.01

_COLUMNS = (
    *("file", "status", "breed", "breed2", "probability", "alternatives"),
    *("corrected", "note", "fci_number", "fci_group", "taken_at", "camera"),
    *("width", "height", "error", "error_code", "model", "missing_since", "dogs", "boxes"),
)


def csv_rows(
    entries: Iterable[Entry], lang: Language, breeds: Mapping[str, Breed]
) -> Iterator[str]:
    """CSV that a spreadsheet opens right: a header, and a row a photo.

    A French spreadsheet wants semicolons between cells and a comma in decimals, and gets them
    with `fr`. Text that a spreadsheet would run as a formula is defused by an apostrophe before
    it. Dates are written as `2026-05-04 03:02:01`, which spreadsheets of every country know.

    Args:
        entries: The photos.
        lang: Of the header, the breeds' names and the words.
        breeds: All that there are, by their ids.

    Yields:
        Lines, each with its end; the first holds the byte order mark and the header.
    """
    words = Messages(lang)
    header = [words(f"export.column_{name}") for name in _COLUMNS]
    yield BOM + csv_line(header, words.csv_delimiter)
    for entry in entries:
        yield csv_line(map(defused, _cells(entry, words, breeds)), words.csv_delimiter)


def csv_line(cells: Iterable[object], delimiter: str = ",") -> str:
    """One row of CSV with its line end, encodable as UTF-8; None gives an empty cell."""
    row = io.StringIO()
    csv.writer(row, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return encodable(row.getvalue())


def json_array(
    entries: Iterable[Entry], lang: Language, breeds: Mapping[str, Breed]
) -> Iterator[str]:
    """One JSON array, an entry's object a line; valid without entries too.

    Args:
        entries: The photos.
        lang: Of the breeds' names.
        breeds: All that there are, by their ids.
    """
    before = "[\n"
    for entry in entries:
        yield before + _json(entry, lang, breeds)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def json_lines(
    entries: Iterable[Entry], lang: Language, breeds: Mapping[str, Breed]
) -> Iterator[str]:
    """JSON Lines: an entry's object a line (https://jsonlines.org).

    Args:
        entries: The photos.
        lang: Of the breeds' names.
        breeds: All that there are, by their ids.
    """
    for entry in entries:
        yield _json(entry, lang, breeds) + "\n"


def short_list(breeds: Iterable[Candidate], lang: Language) -> str:
    """The breeds that a photo may show, as text: `Boxer 15%, Whippet 5%`.

    Args:
        breeds: Best first; those below one per cent are left out.
        lang: Of the names and of the way to write per cent.
    """
    words = Messages(lang)
    return ", ".join(
        f"{c.label.name(lang)} {words.formatted(c.probability, '.0%')}"
        for c in breeds
        if c.probability >= _WORTH_SHOWING
    )


def boxes_json(dogs: Iterable[EntryDog], lang: Language) -> str:
    """The boxes of dogs as JSON text: a list of `x`, `y`, `width`, `height` and `breed`.

    The first four are shares of the upright photo. `breed` is null where it is not known.

    Args:
        dogs: Of one photo.
        lang: Of the breeds' names.
    """
    boxes = [
        {**dog.box.to_json(), "breed": " x ".join(one.name(lang) for one in dog.labels) or None}
        for dog in dogs
    ]
    return json.dumps(boxes, ensure_ascii=False)


def breed_of(entry: Entry, breeds: Mapping[str, Breed]) -> Breed | None:
    """The breed that holds of a photo, the first of a cross; None if it is not known.

    Args:
        entry: The photo.
        breeds: All that there are, by their ids.
    """
    return breeds.get(entry.labels[0].id) if entry.labels else None


def _cells(
    entry: Entry, words: Messages, breeds: Mapping[str, Breed]
) -> Iterator[str | int | None]:
    lang, labels = words.lang, entry.labels
    breed = breed_of(entry, breeds)
    yield entry.file
    yield words(f"export.status_{entry.status}")
    yield labels[0].name(lang) if labels else None
    yield labels[1].name(lang) if len(labels) > 1 else None
    yield words.decimal(entry.breeds[0].probability) if labels else None
    yield short_list(entry.breeds, lang) if entry.status is Status.UNCERTAIN else None
    yield words("export.yes" if entry.corrected else "export.no")
    yield entry.note
    yield breed.fci if breed else None
    yield breed.group_name(lang) if breed else None
    yield moment_text(entry.taken_at)
    yield entry.camera
    yield entry.width
    yield entry.height
    yield entry.reason.text(lang) if entry.reason else None
    yield entry.reason.code if entry.reason else None
    yield entry.model
    yield moment_text(entry.missing_since)
    yield len(entry.dogs) if entry.dogs is not None else None
    yield boxes_json(entry.dogs, lang) if entry.dogs else None


def defused(cell: str | int | None) -> str | int | None:
    """A cell that no spreadsheet takes for a formula (OWASP, “CSV Injection”)."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def undefused(cell: str) -> str:
    """A cell as it was before `defused`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def moment_text(moment: datetime | None) -> str | None:
    """A moment as spreadsheets of every country know it: `2026-05-04 03:02:01`."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else None


def _json(entry: Entry, lang: Language, breeds: Mapping[str, Breed]) -> str:
    breed = breed_of(entry, breeds)
    fci = {"fci_number": breed.fci if breed else None, "fci_group": breed.group if breed else None}
    return encodable(json.dumps({**entry.to_json(lang), **fci}, ensure_ascii=False))


def encodable(text: str) -> str:
    """The text with lone surrogates written as JSON and Python write them."""
    return text.encode(errors="backslashreplace").decode()
