"""Reads lists of paths: text with one path a line, or Parquet with a column of them."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from barkive.errors import MissingExtraError, StoreError, UsageError, system_reason
from barkive.images import remote

STDIN = "-"
"""Stands for standard input."""

LISTS = (".txt", ".lst", ".list", ".parquet")
"""How the name of a list ends."""

# What is longer is no path, and need not be held.
_LONGEST = 1 << 16
# A byte that is no valid text, as Python gives it.
_UNREADABLE = re.compile("[\udc80-\udcff]")
_COLUMNS = ("path", "file", "url", "uri", "filename", "file_name", "image")


def read_list(file: str) -> Iterator[str]:
    """The paths of a list, in its order; empty lines are left out.

    A relative path starts at the working directory, as `find` and `ls` print it.

    Args:
        file: A path, a URL, or `-` for standard input. A name that ends in `.parquet` is
            Parquet, anything else is
            text: one path a line, whose bytes are kept (`surrogateescape`), or UTF-16 with
            a byte order mark.

    Raises:
        MissingExtraError: Parquet, or the object store, needs an extra.
        StoreError: The object store can't be asked.
        UsageError: It can't be read, holds no paths, or has a line that can be none.
    """
    with _told(file), _opened(file) as opened:
        if file.lower().endswith(".parquet"):
            yield from _parquet(file, opened)
        else:
            yield from _text(file, opened)


def _text(file: str, opened: Any) -> Iterator[str]:
    for number, line in enumerate(_lines(opened), 1):
        path = os.fsdecode(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)
        path = path.rstrip("\r\n")
        is_lost = remote.is_remote(path) and _UNREADABLE.search(path)
        if is_lost or "\0" in path or len(line) >= _LONGEST:
            raise UsageError("path_list_line_invalid", number=number, file=file)
        if path.strip():
            yield path


def _lines(opened: Any) -> Iterator[bytes]:
    """The lines of a text, in UTF-8 where it says that it is UTF-16, as PowerShell writes it."""
    # By itself a file of a store reads a whole block for every line.
    with io.BufferedReader(opened) as buffered:
        if buffered.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            text = io.TextIOWrapper(buffered, "utf-16", "replace")
            yield from (line.encode() for line in iter(lambda: text.readline(_LONGEST), ""))
        else:
            yield from iter(lambda: buffered.readline(_LONGEST), b"")


def _parquet(file: str, opened: Any) -> Iterator[str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", "purpose_parquet_list") from None
    try:
        table = pq.ParquetFile(opened)
        texts = [
            field.name
            for field in table.schema_arrow
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        named = [name for name in _COLUMNS if name in texts] or (texts if len(texts) == 1 else [])
        if not texts:
            raise UsageError("path_list_no_text", file=file, names=_COLUMNS[:3])
        if not named:
            raise UsageError("path_list_no_column", file=file, names=_COLUMNS[:3], columns=texts)
        for batch in table.iter_batches(columns=named[:1]):
            yield from (path for path in batch.column(0).to_pylist() if path and path.strip())
    except pa.ArrowException as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError("path_list_not_parquet", file=file, reason=reason) from None


@contextmanager
def _opened(file: str) -> Iterator[Any]:
    if file == STDIN:
        with open(0, "rb", closefd=False) as given:
            yield given
    elif remote.is_remote(file):
        with remote.opened(file) as stored:
            yield stored
    else:
        with open(file, "rb") as there:  # noqa: PTH123 - Path() would refuse odd names
            yield there


@contextmanager
def _told(file: str) -> Iterator[None]:
    try:
        yield
    except (MissingExtraError, StoreError, UsageError):
        raise
    except FileNotFoundError:
        raise UsageError("path_list_not_found", file=file) from None
    except OSError as error:
        reason = system_reason(error)
        raise UsageError("path_list_unreadable", file=file, reason=reason) from None
