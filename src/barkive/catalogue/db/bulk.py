"""Reads and writes many rows at once.

Into PostgreSQL they go by its COPY, several times as fast as INSERT; to SQLite in one statement,
without what SQLAlchemy does for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, LargeBinary, Table, select, text
from sqlalchemy.exc import DBAPIError

Item = TypeVar("Item")


@contextmanager
def cursor(connection: Connection) -> Iterator[Any]:
    """A cursor of psycopg's own, within the transaction of the connection.

    Raises:
        DBAPIError: What goes wrong, in the form that `Database` explains.
    """
    import psycopg

    # SQLAlchemy begins a transaction with its first statement, and not before.
    if not connection.in_transaction():
        connection.begin()
    try:
        opened: Any = connection.connection.cursor()
        with opened:
            yield opened
    except psycopg.Error as error:
        raise DBAPIError("COPY", None, error) from None


def chunks(items: Sequence[Item], size: int = 500) -> Iterator[Sequence[Item]]:
    """Splits a sequence into parts that one statement can take as parameters."""
    return (items[i : i + size] for i in range(0, len(items), size))


def insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds new rows to a table.

    Args:
        connection: Of a writing transaction.
        table: Where they belong.
        rows: All with the same columns.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, table.name, rows)
        return
    columns = list(rows[0])
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
    connection.exec_driver_sql(statement, list(_bound(connection, table, columns, rows)))


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Iterable[str]
) -> dict[tuple[Any, ...], int]:
    """Adds those rows to a table that are not there yet.

    Args:
        connection: Of a writing transaction, of PostgreSQL.
        table: Where they belong.
        rows: All with the same columns, without the number.
        key: The columns that tell which are the same.

    Returns:
        The number of each row, by its key.
    """
    if not rows:
        return {}
    keys = tuple(key)
    staged = _stage(connection, table, rows)
    columns = ", ".join(rows[0])
    connection.execute(
        text(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {staged} "
            "ON CONFLICT DO NOTHING"
        )
    )
    found = connection.execute(
        select(table.c.id, *(table.c[name] for name in keys)).join(
            text(staged), text(" AND ".join(f"{table.name}.{k} = {staged}.{k}" for k in keys))
        )
    )
    return {tuple(row[1:]): row.id for row in found}


def update(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Gives rows of a table new values.

    Args:
        connection: Of a writing transaction.
        table: Where they are.
        rows: All with the same columns, `id` among them.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        # The number is not set as well: SQLite would write the row and its indexes anew.
        columns = [name for name in rows[0] if name != "id"]
        own = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE {table.name} SET {own} WHERE id = ?"
        bound = _bound(connection, table, [*columns, "id"], rows)
        connection.exec_driver_sql(statement, list(bound))
        return
    staged = _stage(connection, table, rows)
    sets = ", ".join(f"{name} = {staged}.{name}" for name in rows[0] if name != "id")
    connection.execute(
        text(f"UPDATE {table.name} SET {sets} FROM {staged} WHERE {table.name}.id = {staged}.id")
    )


def _stage(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
    """Puts rows into a table that this connection alone sees, and gives its name."""
    name = f"staged_{table.name}"
    connection.execute(
        # It stays with the connection: to make one each time would bloat the database.
        text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS "
            f"AS SELECT * FROM {table.name} WITH NO DATA"
        )
    )
    connection.execute(text(f"TRUNCATE {name}"))
    _copy(connection, table, name, rows)
    return name


def _copy(
    connection: Connection, table: Table, name: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    columns = list(rows[0])
    with (
        cursor(connection) as opened,
        opened.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in _bound(connection, table, columns, rows):
            copy.write_row(row)


def _bound(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Any, ...]]:
    """The values of columns as the driver takes them, row by row."""
    of_columns: list[Iterator[Any]] = []
    for column in columns:
        bind = _binder(table.c[column], connection)
        values = map(itemgetter(column), rows)
        of_columns.append(values if bind is None else map(bind, values))
    return zip(*of_columns, strict=True)


def _binder(column: Column[Any], connection: Connection) -> Callable[[Any], Any] | None:
    """What makes a value of a column one that the driver takes; None where it is one."""
    if isinstance(column.type, LargeBinary):
        return None
    dialect = connection.dialect
    return column.type.dialect_impl(dialect).bind_processor(dialect)
