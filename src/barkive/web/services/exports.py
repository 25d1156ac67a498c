"""The catalogue as a file: the forms that can be sent, each as a stream of bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from barkive.catalogue import Catalogue, Export, ExportFormat, Filter
from barkive.messages import Language

Form = Literal["csv", "json", "jsonl", "md-json", "asm3", "contact-sheet", "parquet"]
"""The forms that can be sent; the others write beside the photos, or folders of them."""
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Kind:
    """What a form's file is.

    Attributes:
        media_type: Of its content.
        suffix: Of its name, without the dot.
        is_text: Whether it can be sent while it is written.
    """

    media_type: str
    suffix: str
    is_text: bool = True


KINDS: Mapping[Form, Kind] = {
    "csv": Kind("text/csv; charset=utf-8", "csv"),
    "json": Kind("application/json", "json"),
    "jsonl": Kind("application/jsonl", "jsonl"),
    "md-json": Kind("application/json", "json"),
    "asm3": Kind("text/csv; charset=utf-8", "csv"),
    "contact-sheet": Kind("application/pdf", "pdf", is_text=False),
    "parquet": Kind("application/vnd.apache.parquet", "parquet", is_text=False),
}
"""What each form's file is."""


def available() -> list[Form]:
    """The forms that can be had here: not every install has Parquet."""
    has_parquet = find_spec("pyarrow") is not None
    return [form for form in get_args(Form) if form != "parquet" or has_parquet]


def stream(
    catalogue: Catalogue, form: Form, lang: Language, query: Filter
) -> tuple[str, Iterator[bytes]]:
    """The photos that fit a filter, as a file.

    What is wrong is raised here, before the first byte is asked for.

    Args:
        catalogue: That holds them.
        form: In which form.
        lang: Of names and headings.
        query: Which photos are meant.

    Returns:
        The file's name, and its content in pieces.

    Raises:
        UnknownBreedError: The filter names no breed.
        MissingExtraError: The form needs something that is not installed.
    """
    kind = KINDS[form]
    name = f"barkive-{form}.{kind.suffix}" if form != kind.suffix else f"barkive.{kind.suffix}"
    if kind.is_text:
        pieces = catalogue.streamed(Export(ExportFormat(form), lang=lang), query)
        return name, (piece.encode() for piece in pieces)
    folder = tempfile.TemporaryDirectory(prefix="barkive-")
    file = Path(folder.name) / f"export.{kind.suffix}"
    try:
        catalogue.export(Export(ExportFormat(form), file, lang), query)
    except BaseException:
        folder.cleanup()
        raise
    return name, _pieces(folder, file)


def _pieces(folder: tempfile.TemporaryDirectory[str], file: Path) -> Iterator[bytes]:
    """The content of a file, which is gone then with its folder."""
    with folder, file.open("rb") as content:
        while piece := content.read(_CHUNK):
            yield piece
