"""Opens a catalogue's database: SQLite in a file, or PostgreSQL by URL.

Creates and migrates it, and turns what the database says when something is wrong into one
sentence. Knows nothing of photos.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from barkive.catalogue.schema import HEAD, catalogue
from barkive.errors import CatalogueError, DamagedCatalogueError, MissingExtraError, UsageError

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, the same for all who write to a catalogue.
_LOCK = 7_262_754
# A server that does not answer at all would be waited for for minutes.
_REACH_SECONDS = 10
_MISSING = "There is no catalogue {} yet; `barkive scan FOLDER` makes one."

_PHRASES = (
    ("database is locked", "is being written by another program; try again when that is done"),
    ("lock timeout", "is being written by another program; try again when that is done"),
    ("readonly database", "can't be written: the file or its folder is read-only"),
    ("disk is full", "can't be written: the disk is full; make room and run the command again"),
    ("no space left", "can't be written: the disk is full; make room and run the command again"),
    ("unable to open", "can't be opened; check that its folder exists and may be written"),
    ("disk i/o error", "can't be read or written: the disk has an error or is full; make room"),
)
_DAMAGED = ("malformed", "not a database", "corrupt", "vtable constructor failed")


def default_location() -> Path:
    """Where the catalogue lies unless another place is named: in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("barkive", appauthor=False) / "catalogue.sqlite"


class Database:
    """A catalogue's database, of the schema that this Barkive knows."""

    def __init__(
        self,
        where: str | Path | None = None,
        *,
        create: bool = True,
        migrate: bool = True,
        patience: float = 30.0,
    ) -> None:
        """Opens it; makes it where there is none, and migrates an older one after a backup.

        Args:
            where: A file, or a URL such as `postgresql://user@host/name`; None for
                `default_location`.
            create: Whether to make it where there is none.
            migrate: Whether to bring it to this Barkive's form where it has another one.
            patience: Seconds to wait for another program that is writing.

        Raises:
            CatalogueError: It can't be opened, is damaged, is no catalogue, or was written
                by a newer Barkive; or there is none and none is to be made.
            MissingExtraError: PostgreSQL is asked for without the extra for it.
        """
        self.url = _parse(default_location() if where is None else where)
        self.file = Path(self.url.database or "") if self.is_sqlite else None
        shown = self.url.set(drivername=self.url.get_backend_name())
        shown = shown.difference_update_query(("password", "sslpassword"))
        self.name = str(self.file or shown.render_as_string(hide_password=True))
        if self.file is not None and not self.file.exists():
            if not create:
                raise CatalogueError(_MISSING.format(self.name))
            self._make_folder(self.file.parent)
        self._patience = patience
        self._engine = self._connectable()
        self._inode: tuple[int, int] | None = None
        try:
            self._prepare(create, migrate)
            self._inode = self._identity()
        except BaseException:
            self.close()
            raise

    @cached_property
    def uuid(self) -> str:
        """The catalogue's identity, which no other has."""
        with self.read() as connection:
            return str(connection.execute(select(catalogue.c.uuid)).scalar_one())

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite, and not PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the catalogue, and changes nothing."""
        self._require_file()
        with self._told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone where it fails."""
        self._require_file()
        writing = self._engine.execution_options(barkive_write=True)
        with self._told(), writing.begin() as connection:
            if not self.is_sqlite:
                # One writer at a time, as SQLite has it: two scans must not both find a
                # photo new.
                connection.execute(text(f"SET LOCAL lock_timeout = {round(1000 * self._patience)}"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection

    def refuse_as_output(self, out: Path) -> None:
        """Refuses to have the catalogue itself overwritten, or what SQLite keeps beside it.

        Raises:
            UsageError: The file is one of these, or another SQLite database.
        """
        name = out.name
        for ending in ("-wal", "-shm", "-journal"):
            name = name.removesuffix(ending)
        own = self.file is not None and out.with_name(name).absolute() == self.file
        if own or _is_sqlite(out):
            raise UsageError(
                f"{out} is a catalogue or belongs to one, which is not overwritten; give another "
                "file."
            )

    def check(self) -> None:
        """Reads the whole of an SQLite file and checks that it is sound.

        Raises:
            DamagedCatalogueError: It is not.
        """
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if found != "ok":
            raise DamagedCatalogueError(f"The catalogue {self.name} is damaged: {found}.")

    def optimise(self) -> None:
        """Brings the figures up to date by which SQLite plans searches."""
        if self.is_sqlite:
            with self.write() as connection:
                connection.exec_driver_sql("PRAGMA optimize")

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def _identity(self) -> tuple[int, int] | None:
        """What tells the file from another of the same name; None for PostgreSQL."""
        if self.file is None:
            return None
        try:
            status = self.file.stat()
        except OSError:
            raise CatalogueError(
                f"The catalogue {self.name} is gone; put it back, or start again."
            ) from None
        return status.st_dev, status.st_ino

    def _require_file(self) -> None:
        """Keeps a file that was deleted from being made anew, empty, by the next connection."""
        if self._inode is None or (found := self._identity()) == self._inode:
            return
        # Another file is in its place, such as a backup that was put back.
        self._engine.dispose()
        self._inode = None
        self.__dict__.pop("uuid", None)
        self._prepare()
        self._inode = found

    def _is_damaged(self, error: DBAPIError) -> bool:
        """Whether an error says that the file is no sound database."""
        return self.is_sqlite and any(word in str(error).lower() for word in _DAMAGED)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from None

    def _explained(self, error: DBAPIError) -> CatalogueError:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "it does not answer"
        if self._is_damaged(error):
            return DamagedCatalogueError(
                f"The catalogue {self.name} is damaged, or no catalogue ({reason}). It is left as "
                "it is; `barkive scan FOLDER --rebuild` puts it aside and makes a new one with "
                "all corrections that can still be read."
            )
        for phrase, meaning in _PHRASES:
            if phrase in reason.lower():
                return CatalogueError(f"The catalogue {self.name} {meaning}.")
        return CatalogueError(f"The catalogue {self.name} can't be used: {reason}.")

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(
                f"The catalogue {self.name} can't be made: {error.strerror}; "
                "choose another place with --catalogue."
            ) from None

    def _connectable(self) -> Engine:
        if not self.is_sqlite:
            try:
                waits = "connect_timeout" in self.url.query
                waiting = {} if waits else {"connect_timeout": _REACH_SECONDS}
                return create_engine(self.url, pool_pre_ping=True, connect_args=waiting)
            except ModuleNotFoundError:
                raise MissingExtraError("postgres", "A catalogue on PostgreSQL") from None
        engine = create_engine(self.url, connect_args={"timeout": self._patience})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare(self, create: bool = True, migrate: bool = True) -> None:
        with self.read() as connection:
            if _revision(connection) == HEAD:
                return
            empty = not inspect(connection).get_table_names()
        if empty and not create:
            raise CatalogueError(_MISSING.format(self.name))
        if not migrate:
            raise CatalogueError(
                f"The catalogue {self.name} is of another form than this Barkive's; open it with "
                "this one first, or update Barkive."
            )
        if empty and self.file is not None:
            # Kept by the file from then on, and never set for another program's.
            with self._told(), self._engine.connect() as connection:
                connection.connection.execute("PRAGMA journal_mode = WAL")
        with self.write() as connection:
            # Read again: another process may have done it meanwhile.
            revision = _revision(connection)
            if revision == HEAD:
                return
            if revision is None and inspect(connection).get_table_names():
                raise CatalogueError(
                    f"{self.name} is a database but no Barkive catalogue; choose another file "
                    "with --catalogue."
                )
            self._migrate(connection, revision)

    def _migrate(self, connection: Connection, revision: str | None) -> None:
        """Brings the schema to `HEAD`, within the transaction of the connection."""
        # Alembic takes a moment to load, and is needed once in a catalogue's life.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if revision is not None and revision not in known:
            raise CatalogueError(
                f"The catalogue {self.name} was written by a newer Barkive (schema {revision}, "
                f"this one knows {HEAD}); update Barkive to open it."
            )
        if revision is not None and self.file is not None:
            back_up(self.file, self.file.with_name(f"{self.file.name}.backup-{revision}"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def back_up(source: Path, target: Path) -> None:
    """Copies an SQLite database, also while it is in use; the copy appears when it is whole.

    Raises:
        CatalogueError: The copy can't be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise CatalogueError(
            f"The catalogue {source} must be brought to a newer form, and the backup {target} "
            f"that comes first can't be written: {error}; make room and try again."
        ) from None


def _is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def _parse(where: str | Path) -> URL:
    name = os.fspath(where)
    if "://" not in name:
        if Path(name).is_dir():
            raise CatalogueError(f"The catalogue {name} is a folder; give a file.")
        return URL.create("sqlite", database=os.path.abspath(name))  # noqa: PTH100
    try:
        url = make_url(name)
        backend = url.get_backend_name()
        if backend in ("postgresql", "postgres"):
            return url.set(drivername="postgresql+psycopg")
        if backend == "sqlite" and url.database:
            return url.set(drivername="sqlite", database=os.path.abspath(url.database))  # noqa: PTH100
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    # Not repeated: it may hold a password.
    raise CatalogueError(
        "The catalogue's URL is none that Barkive knows; give a file, or "
        "postgresql://USER@HOST/NAME."
    )


def _revision(connection: Connection) -> str | None:
    """The schema's revision; None where there is none."""
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # Transactions are begun by `_begin_sqlite`, not by the driver, which begins them too late.
    connection.isolation_level = None
    for pragma in (
        # Every commit reaches the disk before it counts, also with a power cut right after.
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer later could find that it has read what is no longer so.
    writes = connection.get_execution_options().get("barkive_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
