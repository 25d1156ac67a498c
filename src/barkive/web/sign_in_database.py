"""The database of those who sign in: users, their tokens, and sessions.

It is apart from the catalogue, because catalogues are handed to others. A file that only its owner
reads, or a database of PostgreSQL that several servers share. Knows nothing of HTTP.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from barkive.errors import BarkiveError, MissingExtraError, system_reason

_VERSION = 1
_PATIENCE = 30
# Any number, the same for all who make the tables.
_LOCK = 7_262_755

metadata = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")

version = Table("sign_in_version", metadata, Column("version", Integer, nullable=False))
user = Table(
    "sign_in_user",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    # Of the password: sessions that were opened with another one count no more.
    Column("mark", Text, nullable=False, unique=True),
    Column("added_at", Float, nullable=False),
)
token = Table(
    "sign_in_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, ForeignKey("sign_in_user.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("made_at", Float, nullable=False),
    Column("used_at", Float),
)
session = Table(
    "sign_in_session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("used_at", Float, nullable=False),
)


class SignInDatabaseError(BarkiveError):
    """The users' database can't be used."""


class SignInDatabase:
    """Where users, tokens and sessions are kept; safe to use from several threads."""

    def __init__(self, where: str | Path | None = None) -> None:
        """Opens it, and makes it where there is none.

        Args:
            where: A file, or a URL such as `postgresql://user@host/name`; None for a file that
                is forgotten at the end.

        Raises:
            SignInDatabaseError: It can't be opened, or a newer Barkive made it.
            MissingExtraError: PostgreSQL is asked for without the extra for it.
        """
        self._folder = None if where is not None else tempfile.TemporaryDirectory(prefix="barkive-")
        if self._folder is not None:
            where = Path(self._folder.name) / "sessions.sqlite"
        assert where is not None
        url = _parsed(where)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        shown = url.set(drivername=url.get_backend_name())
        shown = shown.difference_update_query(("password", "sslpassword"))
        self.name = str(url.database) if self.is_sqlite else shown.render_as_string()
        if self.is_sqlite:
            self._make_file(Path(url.database or ""))
        self._engine = self._opened(url)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that changes nothing.

        Raises:
            SignInDatabaseError: The database can't be read.
        """
        with self._told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone where it fails.

        Raises:
            SignInDatabaseError: The database can't be written.
            IntegrityError: A row is there already.
        """
        writing = self._engine.execution_options(barkive_write=True)
        with self._told(), writing.begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise SignInDatabaseError(
                "sign_in_database", database=self.name, reason=reason
            ) from None

    def _make_file(self, file: Path) -> None:
        """Readable by its owner only from the first moment on."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise SignInDatabaseError(
                "sign_in_database", database=self.name, reason=system_reason(error)
            ) from None

    def _opened(self, url: URL) -> Engine:
        if not self.is_sqlite:
            try:
                return create_engine(url, pool_pre_ping=True)
            except ModuleNotFoundError:
                raise MissingExtraError("postgres", "purpose_postgres_users") from None
        engine = create_engine(url, connect_args={"timeout": _PATIENCE})
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    def _prepare(self) -> None:
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            metadata.create_all(connection)
            found = connection.execute(select(version.c.version)).scalar()
            if found is None:
                connection.execute(insert(version).values(version=_VERSION))
            elif found > _VERSION:
                raise SignInDatabaseError("sign_in_database_newer", database=self.name)


def _parsed(where: str | Path) -> URL:
    name = os.fspath(where)
    if "://" not in name:
        return URL.create("sqlite", database=str(Path(name).absolute()))
    try:
        url = make_url(name)
        if url.get_backend_name() in ("postgresql", "postgres"):
            return url.set(drivername="postgresql+psycopg")
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    # Not repeated: it may hold a password.
    raise SignInDatabaseError("sign_in_database_url")


def _set_up(connection: object, _record: object) -> None:
    # Transactions are begun by `_begin`, not by the driver, which begins them too late.
    connection.isolation_level = None  # type: ignore[attr-defined]
    connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("barkive_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
