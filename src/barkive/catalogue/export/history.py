"""The exports' own record: who took what out, when, in which form, and how many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.records import utc
from barkive.clock import now
from barkive.machine import user_and_machine


@dataclass(frozen=True, slots=True)
class ExportRun:
    """An export as the catalogue remembers it.

    Attributes:
        id: Its number.
        started_by: The user and the machine, or the name of the person who signed in on a page.
        exported_at: UTC.
        form: In which form.
        by: What a row was of: `photo` or `animal`.
        filter: Which photos were meant: what was set of `Filter`, as JSON has it; of single
            `numbers` how many.
        number: How many photos or animals.
    """

    id: int
    started_by: str
    exported_at: datetime
    form: str
    by: str
    filter: Mapping[str, Any]
    number: int

    def to_json(self) -> dict[str, Any]:
        """For output; the moment in UTC."""
        return {
            "id": self.id,
            "started_by": self.started_by,
            "exported_at": utc(self.exported_at),
            "form": self.form,
            "by": self.by,
            "filter": dict(self.filter),
            "number": self.number,
        }


def record_export(
    database: Database, form: str, by: str, query: Filter, number: int, who: str | None
) -> None:
    """Writes that something was taken out.

    Args:
        database: The catalogue's.
        form: In which form.
        by: What a row was of.
        query: Which photos were meant.
        number: How many photos or animals.
        who: Who asked for it; None for the user of this machine.

    Raises:
        CatalogueError: It can't be written.
    """
    row = {
        "started_by": who or user_and_machine(),
        "exported_at": now(),
        "form": form,
        "by": by,
        "filter": json.dumps(_set(query), ensure_ascii=False),
        "number": number,
    }
    with database.write() as connection:
        connection.execute(insert(schema.export_run).values(row))


def read_exports(database: Database, limit: int) -> list[ExportRun]:
    """The last exports, the last one first."""
    table = schema.export_run
    chosen = select(table).order_by(table.c.id.desc()).limit(limit)
    with database.read() as connection:
        rows = connection.execute(chosen).all()
    return [
        ExportRun(
            row.id,
            row.started_by,
            row.exported_at,
            row.form,
            row.by,
            json.loads(row.filter),
            row.number,
        )
        for row in rows
    ]


def _set(query: Filter) -> dict[str, Any]:
    """What is set of a filter, as JSON has it."""
    found: dict[str, Any] = {}
    for one in fields(query):
        value = getattr(query, one.name)
        if value == one.default:
            continue
        if one.name == "numbers":
            value = len(value)
        found[one.name] = value.isoformat() if isinstance(value, date) else value
    return found
