"""The scans' own record: who scanned what, when, with which versions, and what came of it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.records import message_columns, message_of, utc
from barkive.catalogue.scan.engine import Engine
from barkive.clock import now
from barkive.errors import BarkiveError, CatalogueError
from barkive.machine import user_and_machine
from barkive.messages import Language, Message, reason_json

_ALIVE = timedelta(minutes=5)
_STAY_SECONDS = 60.0


class ScanOrigin(StrEnum):
    """Where a scan was asked for."""

    COMMAND = "command"
    PAGE = "page"
    API = "api"
    DAILY = "daily"
    WATCH = "watch"
    UPLOAD = "upload"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Who asks for a scan.

    Attributes:
        origin: Where.
        by: The person's name; None for the user whose process it is.
    """

    origin: ScanOrigin = ScanOrigin.PROGRAM
    by: str | None = None


class RunState(StrEnum):
    """How far a scan is; one that was killed is interrupted."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """A scan as the catalogue remembers it.

    Attributes:
        id: Its number.
        state: How far it is, or how it ended.
        started_by: The user and the machine, or the name of the person who asked on a page.
        started_at: UTC.
        seen_at: When it last wrote, UTC.
        ended_at: UTC; None where it did not end, or has not yet.
        sources: What it was given.
        engine: Who judged.
        model: As verdicts name it.
        versions: Of what computed, by name.
        counts: What came of it, by name; see `pipeline.Summary`.
        reason: Why it failed; None unless it has.
        origin: Where it was asked for; None where an older Barkive scanned.
    """

    id: int
    state: RunState
    started_by: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    sources: tuple[str, ...]
    engine: str
    model: str
    versions: Mapping[str, str]
    counts: Mapping[str, int]
    reason: Message | None
    origin: ScanOrigin | None = None

    @property
    def error(self) -> str | None:
        """Why it failed, in English; None unless it has."""
        return self.reason.text() if self.reason is not None else None

    @property
    def is_alive(self) -> bool:
        """Whether it runs, as far as can be told."""
        return self.state is RunState.RUNNING

    def overlaps(self, sources: Sequence[str]) -> bool:
        """Whether it was given one of these, or a folder in or around one of them."""
        own = [f"{one}/" for one in self.sources]
        others = [f"{schema.absolute_path(one)}/" for one in sources]
        return any(a.startswith(b) or b.startswith(a) for a in own for b in others)

    def to_json(self, lang: Language = "en") -> dict[str, Any]:
        """For output; moments in UTC.

        Args:
            lang: Of the error.
        """
        return {
            "id": self.id,
            "state": self.state.value,
            "started_by": self.started_by,
            "started_at": utc(self.started_at),
            "seen_at": utc(self.seen_at),
            "ended_at": None if self.ended_at is None else utc(self.ended_at),
            "sources": list(self.sources),
            "engine": self.engine,
            "model": self.model,
            "versions": dict(self.versions),
            "counts": dict(self.counts),
            **reason_json(self.reason, lang),
            "origin": None if self.origin is None else self.origin.value,
        }


BY_PROGRAM = ScanRequest()
"""A program that uses the library."""


class Record:
    """The record of a scan that runs.

    Attributes:
        number: The scan's.
    """

    def __init__(self, database: Database, number: int) -> None:
        self._database = database
        self.number = number
        self._kept = time.monotonic()

    @classmethod
    def begin(
        cls,
        database: Database,
        connection: Connection,
        sources: Sequence[str],
        engine: Engine,
        model: Model,
        asked: ScanRequest = BY_PROGRAM,
    ) -> Record:
        """Writes that a scan begins, in the transaction of the connection."""
        row = {
            "state": RunState.RUNNING.value,
            "started_by": asked.by or user_and_machine(),
            "started_at": now(),
            "seen_at": now(),
            "sources": json.dumps(list(sources)),
            "engine": engine.name,
            "model_id": model.id,
            "versions": json.dumps(dict(engine.versions)),
            "counts": "{}",
            "origin": asked.origin.value,
            "process": _process(),
        }
        made = insert(schema.run).values(row).returning(schema.run.c.id)
        return cls(database, connection.execute(made).scalar_one())

    def keep(self, connection: Connection, counts: Mapping[str, int]) -> None:
        """Writes how far it is, in the transaction that got it there."""
        self._set(connection, seen_at=now(), counts=json.dumps(dict(counts)))
        self._kept = time.monotonic()

    def stay(self, counts: Mapping[str, int]) -> None:
        """Writes how far it is once a minute, so that it is seen to run with nothing to record."""
        if time.monotonic() - self._kept >= _STAY_SECONDS:
            with suppress(CatalogueError), self._database.write() as connection:
                self.keep(connection, counts)

    def end(
        self, state: RunState, counts: Mapping[str, int], error: Exception | None = None
    ) -> None:
        """Writes how it ended; a catalogue that can't be written any more does not know."""
        with suppress(CatalogueError), self._database.write() as connection:
            self.keep(connection, counts)
            reason = None if error is None else _reason(error)
            values = message_columns(reason)
            self._set(connection, state=state.value, ended_at=now(), **values)

    def _set(self, connection: Connection, **values: object) -> None:
        connection.execute(
            update(schema.run).where(schema.run.c.id == self.number).values(**values)
        )


def read_runs(database: Database, limit: int, *, uploads: bool = True) -> list[Run]:
    """The last scans, the last one first; with or without those of photos that visitors added."""
    table = schema.run
    chosen = select(table, schema.model.c.name).join_from(table, schema.model)
    if not uploads:
        chosen = chosen.where(table.c.origin.is_distinct_from(ScanOrigin.UPLOAD.value))
    with database.read() as connection:
        rows = connection.execute(chosen.order_by(table.c.id.desc()).limit(limit)).all()
    return [_run(row) for row in rows]


def _run(row: Row[Any]) -> Run:
    state, ended_at = RunState(row.state), row.ended_at
    if state is RunState.RUNNING and _has_died(row):
        state, ended_at = RunState.INTERRUPTED, row.seen_at
    return Run(
        id=row.id,
        state=state,
        started_by=row.started_by,
        started_at=row.started_at,
        seen_at=row.seen_at,
        ended_at=ended_at,
        sources=tuple(json.loads(row.sources)),
        engine=row.engine,
        model=row.name,
        versions=json.loads(row.versions),
        counts=json.loads(row.counts),
        reason=message_of(row),
        origin=ScanOrigin(row.origin) if row.origin in list(ScanOrigin) else None,
    )


def _has_died(row: Row[Any]) -> bool:
    """Whether a scan that has not ended was killed: its process is gone, or has long said nothing.

    On other machines, and other systems than Unix, only the second can be told.
    """
    if now() - row.seen_at >= _ALIVE:
        return True
    number, _, machine = (row.process or "").partition(" ")
    if os.name != "posix" or f"{os.getpid()} {machine}" != _process():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # another user's
        return False
    return False


def _process() -> str:
    """This process: its number, and the machine or container that counts so."""
    try:
        counting = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path
    except OSError:
        counting = ""
    return f"{os.getpid()} {socket.gethostname()} {counting}".rstrip()


def _reason(error: Exception) -> Message:
    """Why a scan failed."""
    if not isinstance(error, BarkiveError):
        # No more than its kind, because what others say may hold a password.
        return Message("scan_program_failed", {"reason": type(error).__name__})
    return error.message
