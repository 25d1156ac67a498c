"""Makes a new catalogue in the place of a damaged one, and saves what people said in it.

Photos can be scanned again; corrections can't be made again. So these are read from the
damaged file row by row, as far as it can be read.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert

from barkive.catalogue import schema
from barkive.catalogue.database import Database, default_location
from barkive.errors import CatalogueError, DamagedCatalogueError


class Rebuilt(NamedTuple):
    """What came of it.

    Attributes:
        kept: Where the damaged file lies now.
        corrections: How many were saved.
    """

    kept: Path
    corrections: int


def rebuild(where: str | Path | None = None) -> Rebuilt:
    """Puts a damaged SQLite catalogue aside and makes a new one with its corrections.

    Args:
        where: The file; None for the one in the user's data folder.

    Raises:
        CatalogueError: There is no such file, it is sound, newer or another program's, or it
            can't be put aside or written anew.
    """
    name = str(default_location() if where is None else where)
    if "://" in name:
        raise CatalogueError(
            "Only a catalogue in a file is rebuilt; one in PostgreSQL has its server's backups."
        )
    file = Path(name)
    if not file.is_file():
        raise CatalogueError(
            f"There is no catalogue file {file} to rebuild; leave --rebuild out to make a new one."
        )
    try:
        with closing(Database(file, create=False)) as sound:
            sound.check()
    except DamagedCatalogueError:
        pass
    else:
        raise CatalogueError(f"The catalogue {file} is sound; leave --rebuild out.")
    rows = _corrections(file)
    kept = _free_name(file)
    try:
        file.rename(kept)
        for ending in ("-wal", "-shm"):
            beside = file.with_name(file.name + ending)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + ending))
    except OSError as error:
        raise CatalogueError(
            f"The catalogue {file} can't be put aside as {kept}: {error.strerror}."
        ) from None
    database = Database(file)
    if rows:
        with database.write() as connection:
            connection.execute(insert(schema.correction), rows)
    database.close()
    return Rebuilt(kept, len(rows))


def _corrections(file: Path) -> list[dict[str, Any]]:
    """The corrections that can still be read, in order."""
    names = [column.name for column in schema.correction.c if column.name != "id"]
    found: dict[int, dict[str, Any]] = {}
    query = f"SELECT id, {', '.join(names)} FROM correction"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as old:
            # From both ends, because reading stops at a damaged page.
            for order in ("ASC", "DESC"):
                try:
                    for id_, *values in old.execute(f"{query} ORDER BY id {order}"):
                        row = dict(zip(names, values, strict=True))
                        row["said_at"] = datetime.fromisoformat(row["said_at"])
                        found[id_] = row
                except (sqlite3.DatabaseError, ValueError, TypeError):
                    continue
    except sqlite3.Error:
        pass
    return [found[id_] for id_ in sorted(found)]


def _free_name(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    return kept
