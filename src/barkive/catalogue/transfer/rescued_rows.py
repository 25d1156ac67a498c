"""Reads a damaged SQLite file row by row, as far as it can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Float, LargeBinary, Table, Text

from barkive.catalogue.db import schema


def read_rows(file: Path, table: Table, condition: str = "TRUE") -> list[dict[str, Any]]:
    """The rows of a table that can still be read, in the order of their numbers or paths."""
    found: dict[Any, dict[str, Any]] = {}
    key = table.primary_key.columns[0].name
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as old:
            there = {name for _, name, *_ in old.execute(f"PRAGMA table_info({table.name})")}
            columns = [column for column in table.c if column.name in there]
            listed = ", ".join(column.name for column in columns)
            # From both ends, because reading stops at a damaged page.
            for order in ("ASC", "DESC"):
                query = (
                    f"SELECT {listed} FROM {table.name} WHERE {condition} ORDER BY {key} {order}"
                )
                try:
                    for values in old.execute(query):
                        pairs = zip(columns, values, strict=True)
                        row = {column.name: _read(column, value) for column, value in pairs}
                        found[row[key]] = row
                except (sqlite3.DatabaseError, ValueError, TypeError):
                    continue
    except sqlite3.Error:
        pass
    return [found[one] for one in sorted(found)]


def _read(column: Column[Any], value: Any) -> Any:
    """A value as it is stored, as the program has it.

    Raises:
        TypeError: It is damaged.
        ValueError: Likewise.
    """
    if value is None:
        if not column.nullable and column.name not in ("number", "picture"):
            raise TypeError
        return None
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, schema.FileName):
        return schema.decode_path(value)
    kinds: dict[type, type | tuple[type, ...]] = {
        LargeBinary: bytes,
        Text: str,
        Boolean: int,
        Float: (int, float),
    }
    kind = kinds.get(type(column.type), int)
    if not isinstance(value, kind):
        raise TypeError
    return bool(value) if isinstance(column.type, Boolean) else value


def is_whole(file: Path, table: Table) -> bool:
    """Whether all rows of a table can be read."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as old:
            for _ in old.execute(f"SELECT * FROM {table.name}"):
                pass
    except sqlite3.Error:
        return False
    return True
