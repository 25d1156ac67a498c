"""Opens a catalogue's database: SQLite in a file, or PostgreSQL by URL.

Creates and migrates it, and turns what the database says when something is wrong into one
sentence. Knows nothing of photos.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
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

from barkive.atomic import replacing
from barkive.catalogue.db import access
from barkive.catalogue.db.access import Way
from barkive.catalogue.db.location import default_location
from barkive.catalogue.db.schema import HEAD, catalogue
from barkive.errors import (
    CatalogueError,
    DamagedCatalogueError,
    MissingExtraError,
    ReadOnlyCatalogueError,
    UsageError,
    system_reason,
)
from barkive.messages import Message

_log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, the same for all who write to a catalogue.
_LOCK = 7_262_754
# A server that does not answer at all would be waited for for minutes.
_REACH_SECONDS = 10
_MISSING = "catalogue_not_found"

_PHRASES = (
    ("database is locked", "catalogue_locked"),
    ("lock timeout", "catalogue_locked"),
    ("readonly database", "catalogue_file_read_only"),
    ("disk is full", "catalogue_disk_full"),
    ("no space left", "catalogue_disk_full"),
    ("unable to open", "catalogue_not_opened"),
    ("disk i/o error", "catalogue_disk_error"),
    ("must be owner", "catalogue_owner_must_open"),
)
# Primary result codes after which another way to open a file may work: SQLITE_READONLY, IOERR,
# FULL, CANTOPEN.
_ANOTHER_WAY = (8, 10, 13, 14)
_DAMAGED = ("malformed", "not a database", "corrupt", "vtable constructor failed")


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

        One that can't be written is read: see `read_only`. Of an older one a copy is migrated
        then.

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
        if self.file is not None and not self._is_there(self.file):
            if not create:
                raise NoCatalogueError(_MISSING, catalogue=self.name)
            self._make_folder(self.file.parent)
        self._patience = patience
        self._lock = threading.RLock()
        self._way = Way.WRITE
        self._opened = ExitStack()
        self._state: tuple[int, ...] | None = None
        self._why: Message | None = None
        self._as_of: datetime | None = None
        try:
            self._open(create, migrate)
        except BaseException:
            self.close()
            raise
        _log.info("Opened the catalogue %s", self.name)

    @cached_property
    def uuid(self) -> str:
        """The catalogue's identity, which no other has."""
        with self.read() as connection:
            return str(connection.execute(select(catalogue.c.uuid)).scalar_one())

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite, and not PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def read_only(self) -> Message | None:
        """Why it can only be read, and as of when it is; None where it can be written."""
        if self._why is None:
            return None
        if self._as_of is None:
            return self._refusal(self._why)
        moment = f"{self._as_of:%Y-%m-%d %H:%M}"
        return Message(
            "catalogue_shown_as_of", {"sentence": self._refusal(self._why), "moment": moment}
        )

    def _refusal(self, why: Message) -> Message:
        return Message("catalogue_read_only", {"catalogue": self.name, "reason": why})

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the catalogue, and changes nothing."""
        self._require_file()
        with self._told(), self._engine.connect() as connection:
            yield connection
        if self._was_written_meanwhile():
            assert self.file is not None
            raise access.being_written(self.file)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone where it fails.

        Raises:
            ReadOnlyCatalogueError: This user can't write to it.
        """
        self._require_file()
        self._require_writable()
        with self._writing() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
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
            raise UsageError("export_out_is_catalogue", file=out)

    def check(self) -> None:
        """Reads the whole of an SQLite file and checks that it is sound.

        Raises:
            DamagedCatalogueError: It is not.
        """
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if found != "ok":
            raise DamagedCatalogueError("catalogue_damaged", catalogue=self.name, reason=found)

    def optimise(self) -> None:
        """Brings the figures up to date by which SQLite plans searches."""
        if self.is_sqlite:
            with self.write() as connection:
                connection.exec_driver_sql("PRAGMA optimize")

    def close(self) -> None:
        """Closes all connections."""
        self._opened.close()

    def _open(self, create: bool = True, migrate: bool = True) -> None:
        """Opens it in the first way that works."""
        if self.file is None:
            self._engine = self._of_server()
            self._opened.callback(self._engine.dispose)
            self._prepare(create, migrate)
            self._why = self._why_not_written()
            return
        refused: CatalogueError | None = None
        for way in access.ways(self.file):
            self.close()
            self._way, self._state, self._as_of = way, None, None
            self._why = None if way is Way.WRITE else access.why_only_read(self.file)
            try:
                self._engine = self._of_file(self.file, way)
                self._opened.callback(self._engine.dispose)
                state = self._identity() if way is not Way.WRITE else None
                self._prepare(create, migrate)
                if way in (Way.STILL, Way.COPY):
                    self._as_of = access.written_last(self.file)
                self._state = state or self._identity()
                return
            except _AnotherWay as error:
                refused = error
        assert refused is not None
        raise refused

    def _identity(self) -> tuple[int, ...] | None:
        """What tells the file from another of the same name; None for PostgreSQL."""
        if self.file is None:
            return None
        try:
            return access.state_of(self.file, self._way)
        except OSError:
            raise CatalogueError("catalogue_gone", catalogue=self.name) from None

    def _require_file(self) -> None:
        """Keeps a file that was deleted from being made anew, empty, by the next connection.

        Another file in its place, such as a backup that was put back, is opened instead; so is
        one that was written meanwhile where SQLite does not see to that.
        """
        if self._state is None or self._identity() == self._state:
            return
        with self._lock:
            if self._state is not None and self._identity() != self._state:
                self._reopen()

    def _require_writable(self) -> None:
        """Opens what could only be read anew where it may be written now.

        Raises:
            ReadOnlyCatalogueError: It can still only be read.
        """
        if self._why is None:
            return
        with self._lock:
            if self._why is not None and self._why_not_written() is None:
                self._reopen()
            if self._why is not None:
                raise ReadOnlyCatalogueError.of(self._refusal(self._why))

    def _reopen(self) -> None:
        self.close()
        self.__dict__.pop("uuid", None)
        self._open()

    def _why_not_written(self) -> Message | None:
        """Why this user can't write to it; None where they can."""
        if self.file is not None:
            return access.why_not_written(self.file)
        rights = text(
            "SELECT current_setting('transaction_read_only') = 'on' AS closed, current_user AS who,"
            " has_table_privilege('photo', 'UPDATE')"
            " AND has_table_privilege('correction', 'INSERT') AS may"
        )
        with self.read() as connection:
            found = connection.execute(rights).one()
        if found.closed:
            return Message("catalogue_reason_server_closed")
        if found.may:
            return None
        return Message("catalogue_reason_user_reads", {"user": found.who})

    def _was_written_meanwhile(self) -> bool:
        """Whether what was read without a lock may be of two states."""
        still = self._way is Way.STILL and self._state is not None
        return still and self._identity() != self._state

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
        if self._was_written_meanwhile():
            assert self.file is not None
            return access.being_written(self.file)
        reason = str(error.orig).strip().splitlines()[0] if error.orig else ""
        if self._is_damaged(error):
            return DamagedCatalogueError(
                "catalogue_damaged_or_none", catalogue=self.name, reason=reason
            )
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        kind = _AnotherWay if code in _ANOTHER_WAY else CatalogueError
        for phrase, code_of_phrase in _PHRASES:
            if phrase in reason.lower():
                return kind(code_of_phrase, catalogue=self.name)
        said = reason or Message("reason_no_answer")
        return kind("catalogue_unusable", catalogue=self.name, reason=said)

    def _is_there(self, file: Path) -> bool:
        try:
            return file.exists()
        except OSError as error:
            raise CatalogueError(
                "catalogue_no_permission", catalogue=self.name, reason=system_reason(error)
            ) from None

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(
                "catalogue_not_made", catalogue=self.name, reason=system_reason(error)
            ) from None

    def _of_server(self) -> Engine:
        try:
            waits = "connect_timeout" in self.url.query
            waiting = {} if waits else {"connect_timeout": _REACH_SECONDS}
            return create_engine(self.url, pool_pre_ping=True, connect_args=waiting)
        except ModuleNotFoundError:
            raise MissingExtraError("postgres", "purpose_postgres_catalogue") from None

    def _of_file(self, file: Path, way: Way) -> Engine:
        url = self.url
        if way is Way.COPY:
            folder = TemporaryDirectory(prefix="barkive-", ignore_cleanup_errors=True)
            copy = access.copy_into(Path(self._opened.enter_context(folder)), file)
            url = url.set(database=str(copy))
        elif way is not Way.WRITE:
            options = {"uri": "true", "mode": "ro"}
            if way is Way.STILL:
                options["immutable"] = "1"
            url = URL.create("sqlite", database=file.as_uri(), query=options)
        engine = create_engine(url, connect_args={"timeout": self._patience})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare(self, create: bool = True, migrate: bool = True) -> None:
        with self.read() as connection:
            if _revision(connection) == HEAD:
                return
            empty = not inspect(connection).get_table_names()
        if empty and not create:
            raise NoCatalogueError(_MISSING, catalogue=self.name)
        if not migrate:
            raise CatalogueError("catalogue_form_differs", catalogue=self.name)
        if empty and self.file is not None:
            # Kept by the file from then on, and never set for another program's. Where it is
            # locked, another process is making the catalogue, and has set it.
            with suppress(sqlite3.OperationalError), self._engine.connect() as connection:
                connection.connection.execute("PRAGMA journal_mode = WAL")
        if self._way in (Way.LIVE, Way.STILL):
            raise _AnotherWay("catalogue_too_old", catalogue=self.name)
        with self._writing() as connection:
            # Read again: another process may have done it meanwhile.
            revision = _revision(connection)
            if revision == HEAD:
                return
            if revision is None and inspect(connection).get_table_names():
                raise CatalogueError("catalogue_foreign_database", catalogue=self.name)
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
                "catalogue_too_new", catalogue=self.name, its_schema=revision, own_schema=HEAD
            )
        if revision is not None and self.file is not None and self._way is Way.WRITE:
            back_up(self.file, self.file.with_name(f"{self.file.name}.backup-{revision}"))
        config.attributes["connection"] = connection
        if revision is not None:
            _log.info("Bringing the catalogue from schema %s to %s", revision, HEAD)
        command.upgrade(config, HEAD)


class NoCatalogueError(CatalogueError):
    """There is no catalogue, and none is to be made."""


class _AnotherWay(CatalogueError):  # noqa: N818 - it reaches users where there is none
    """A file can't be opened in the way that was tried."""


def back_up(source: Path, target: Path) -> None:
    """Copies an SQLite database, also while it is in use; the copy appears when it is whole.

    Raises:
        CatalogueError: The copy can't be written.
    """
    try:
        with (
            replacing(target) as part,
            closing(sqlite3.connect(source)) as old,
            closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
    except (OSError, sqlite3.Error) as error:
        raise CatalogueError(
            "catalogue_backup_failed", catalogue=source, backup=target, reason=error
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
        if os.path.isdir(name):  # noqa: PTH112 - where a folder may not be looked into as well
            raise CatalogueError("catalogue_is_folder", catalogue=name)
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
    raise CatalogueError("catalogue_url_unknown")


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
        # Sorting needs no room on a disk that may be full or read-only.
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer later could find that it has read what is no longer so.
    writes = connection.get_execution_options().get("barkive_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
