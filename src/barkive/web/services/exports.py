"""The catalogue as a file: which forms there are, and those that can be sent as a stream.

What the file of a form is, its exporter says; a form that writes many is packed into an archive.
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
    Exporter,
    FileExporter,
    Filter,
    FolderExporter,
    TextExporter,
    exporters,
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
        KeyError: There is no such form.
    """
    return not isinstance(exporters()[form], TextExporter) or has_more_to_say(form)


def has_more_to_say(form: str) -> bool:
    """Whether people must be told more than the file holds: what failed, or is left to do.

    Raises:
        KeyError: There is no such form.
    """
    one = exporters()[form]
    return isinstance(one, FolderExporter) or one.with_animals


def is_archive(form: str) -> bool:
    """Whether a form writes many files, which are packed into one.

    Raises:
        KeyError: There is no such form.
    """
    return isinstance(exporters()[form], FolderExporter)


def available() -> Mapping[str, Exporter]:
    """The forms that can be had here, with their exporters: not every install has Parquet."""
    return {form: one for form, one in exporters().items() if one.is_available()}


def suffix_of(form: str) -> str:
    """How the name of a form's file ends, with the dot.

    Raises:
        KeyError: There is no such form.
    """
    one = exporters()[form]
    return one.suffix if isinstance(one, TextExporter | FileExporter) else ".zip"


def media_type(form: str) -> str:
    """What browsers are told that a form's file is.

    Raises:
        KeyError: There is no such form.
    """
    one = exporters()[form]
    return one.media_type if isinstance(one, TextExporter | FileExporter) else "application/zip"


def file_name(form: str) -> str:
    """What the file of a form is called.

    Raises:
        KeyError: There is no such form.
    """
    suffix = suffix_of(form)
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
