"""Opens another catalogue to read it, and leaves it as it is, whatever Barkive wrote it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from barkive.catalogue.db.database import Database, NoCatalogueError
from barkive.errors import CatalogueError, DamagedCatalogueError, UsageError, system_reason
from barkive.messages import Message


@contextmanager
def opened(where: str | Path, name: str | None = None) -> Iterator[Database]:
    """Another catalogue, in this Barkive's form: an older file is copied, and the copy migrated.

    Args:
        where: A file, or `postgresql://user@host/name`.
        name: What it is called; None for its file's name, or the URL without its password.

    Raises:
        UsageError: There is none; it is damaged, newer or no catalogue; or it can't be reached.
    """
    file = None if "://" in str(where) else Path(where)
    shown = name or str(where)
    if file is not None and not file.exists():
        raise UsageError("merge_not_found", catalogue=shown)
    with ExitStack() as stack:
        try:
            database = stack.enter_context(closing(_open(where, file, stack)))
            if file is not None:
                database.check()
        except DamagedCatalogueError:
            raise UsageError("merge_damaged", catalogue=shown) from None
        except CatalogueError as error:
            if file is not None and isinstance(error, NoCatalogueError):
                raise UsageError("merge_empty", catalogue=shown) from None
            raise UsageError.of(_named(error.message, str(file), shown)) from None
        if file is not None or name is not None:
            database.name = shown
        yield database


def _open(where: str | Path, file: Path | None, stack: ExitStack) -> Database:
    try:
        return Database(where, create=False, migrate=False)
    except DamagedCatalogueError:
        raise
    except CatalogueError:
        if file is None or not file.is_file() or not file.stat().st_size:
            raise
    # Of another form, or it can't be written, which SQLite needs also to read.
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="barkive-")))
    copy = folder / file.name
    _copy(file, copy)
    try:
        return Database(copy, create=False)
    except (DamagedCatalogueError, NoCatalogueError):
        raise
    except CatalogueError as error:
        raise CatalogueError.of(_named(error.message, str(copy), str(file))) from None


def _named(message: Message, path: str, shown: str) -> Message:
    """A message in which a file is called otherwise."""
    params = {
        name: value.replace(path, shown) if isinstance(value, str) else value
        for name, value in message.params.items()
    }
    return Message(message.code, params)


def _copy(file: Path, copy: Path) -> None:
    """Copies a file of SQLite, also one that is in use.

    Raises:
        DamagedCatalogueError: It is none.
        CatalogueError: It can't be read, or the copy not be written.
    """
    # One that nobody has open is read as it stands: else SQLite leaves files beside it.
    in_use = file.with_name(f"{file.name}-wal").exists()
    uri = f"{file.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
    except sqlite3.OperationalError:
        # Where nothing can be written beside it, SQLite does not read what is in use.
        copy.unlink(missing_ok=True)
        try:
            for ending in ("", "-wal"):
                if (part := file.with_name(file.name + ending)).exists():
                    shutil.copyfile(part, copy.with_name(copy.name + ending))
        except OSError as error:
            raise CatalogueError(
                "merge_copy_failed", catalogue=file, reason=system_reason(error)
            ) from None
    except sqlite3.DatabaseError as error:
        raise DamagedCatalogueError("catalogue_damaged", catalogue=file, reason=error) from None
