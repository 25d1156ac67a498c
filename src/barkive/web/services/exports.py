"""The catalogue as a file: the forms that can be sent, each as a stream of bytes.

These are the forms that write one file, of Barkive and of other packages. What a form's file is,
its exporter says.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from barkive.catalogue import (
    Animal,
    CardSize,
    Catalogue,
    Export,
    ExportBy,
    FileExporter,
    Filter,
    TextExporter,
    file_exporters,
    write_cards,
)
from barkive.messages import Language, Messages
from barkive.verdicts import Status
from barkive.web.signed_in import who

_CHUNK = 1 << 16
# The columns of a table of verdicts on photos that the catalogue does not have.
_OF_RESULTS = (
    *("file", "status", "breed", "probability", "alternatives"),
    *("error", "error_code", "model", "dogs", "boxes"),
)


def takes_long(form: str) -> bool:
    """Whether a form is written as a whole before any of it can be sent, by a job.

    Raises:
        KeyError: It is no form of one file.
    """
    return not isinstance(file_exporters()[form], TextExporter)


def available() -> Mapping[str, TextExporter | FileExporter]:
    """The forms that can be had here, with their exporters: not every install has Parquet."""
    return {form: one for form, one in file_exporters().items() if one.is_available()}


def file_name(form: str) -> str:
    """What the file of a form is called.

    Raises:
        KeyError: It is no form of one file.
    """
    suffix = file_exporters()[form].suffix
    return f"barkive{suffix}" if suffix == f".{form}" else f"barkive-{form}{suffix}"


def table_words(words: Messages) -> dict[str, Any]:
    """What a script needs to write results as the export does: headings, words, signs."""
    return {
        "columns": [words(f"export.column_{name}") for name in _OF_RESULTS],
        "statuses": {one.value: words(f"export.status_{one.value}") for one in Status},
        "delimiter": words.csv_delimiter,
        "half": words.decimal(0.5),
    }


def stream(
    catalogue: Catalogue, form: str, lang: Language, query: Filter, by: ExportBy = "photo"
) -> Iterator[bytes]:
    """The photos that fit a filter, or their animals, as the content of a file, in pieces.

    What is wrong is raised here, before the first byte is asked for.

    Args:
        catalogue: That holds them.
        form: In which form, one of `file_exporters`.
        lang: Of names and headings.
        query: Which photos are meant.
        by: What a row or a picture is of.

    Raises:
        KeyError: It is no form of one file.
        UnknownBreedError: The filter names no breed.
        UsageError: The form can't be written by animal.
        MissingExtraError: The form needs something that is not installed.
    """
    exporter = file_exporters()[form]
    if isinstance(exporter, TextExporter):
        pieces = catalogue.streamed(Export(form, lang=lang, by=by, who=who()), query)
        return (piece.encode() for piece in pieces)
    folder = tempfile.TemporaryDirectory(prefix="barkive-")
    file = Path(folder.name) / f"export{exporter.suffix}"
    try:
        catalogue.export(Export(form, file, lang, by=by, who=who()), query)
    except BaseException:
        folder.cleanup()
        raise
    return _pieces(folder, file)


def kennel_card(catalogue: Catalogue, animal: Animal, lang: Language, size: CardSize) -> bytes:
    """An animal's kennel card, a PDF of one page.

    Args:
        catalogue: That knows the animal.
        animal: Which one.
        lang: Of the words.
        size: The paper.
    """
    photo = catalogue.photo(animal.main_photo) if animal.main_photo is not None else None
    file = io.BytesIO()
    write_cards([(animal, photo)], file, lang=lang, size=size)
    return file.getvalue()


def _pieces(folder: tempfile.TemporaryDirectory[str], file: Path) -> Iterator[bytes]:
    """The content of a file, which is gone then with its folder."""
    with folder, file.open("rb") as content:
        while piece := content.read(_CHUNK):
            yield piece
