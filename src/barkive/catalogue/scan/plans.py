"""Folders that were scanned before, and those that a server scans by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import delete, insert, select, update

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.clock import now


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """When a folder is scanned by itself.

    Attributes:
        path: The folder.
        is_watched: Whether it is scanned whenever something changes there.
        daily_at: At which time it is scanned each day, by this machine's clock; None for none.
        ran_at: When its last daily scan began, or the time was set, UTC.
    """

    path: str
    is_watched: bool = False
    daily_at: time | None = None
    ran_at: datetime | None = None

    def is_due(self) -> bool:
        """Whether its time has come since its last daily scan, however often."""
        last = self._at(0)
        if last is not None and last > now():
            last = self._at(-1)
        return last is not None and (self.ran_at is None or self.ran_at < last)

    def next_at(self) -> datetime | None:
        """When its time comes next, UTC; None where it has none."""
        today = self._at(0)
        return today if today is None or today > now() else self._at(1)

    def _at(self, days: int) -> datetime | None:
        """Its time on the day so many days from today, UTC."""
        if self.daily_at is None:
            return None
        day = datetime.now().astimezone().date() + timedelta(days=days)
        return datetime.combine(day, self.daily_at).astimezone(UTC).replace(tzinfo=None)


class ScanPlans:
    """The plans of a catalogue, which outlive the server that carries them out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[ScanPlan]:
        """The plans in the order of their folders."""
        with self._database.read() as connection:
            rows = connection.execute(select(schema.scan_plan).order_by(schema.scan_plan.c.path))
            return [
                ScanPlan(
                    row.path,
                    row.is_watched,
                    time.fromisoformat(row.daily_at) if row.daily_at else None,
                    row.ran_at,
                )
                for row in rows
            ]

    def known_folders(self) -> list[str]:
        """The folders that were scanned, but for those inside others; with those of plans."""
        with self._database.read() as connection:
            paths = set(connection.execute(select(schema.place.c.path)).scalars())
            paths |= set(connection.execute(select(schema.scan_plan.c.path)).scalars())
        found: list[str] = []
        for path in sorted(paths, key=lambda path: f"{path}/"):
            if not (found and path.startswith(f"{found[-1].rstrip('/')}/")):
                found.append(path)
        return found

    def set(self, path: str, *, is_watched: bool, daily_at: time | None) -> None:
        """Sets when a folder is scanned by itself; a time that is past today begins tomorrow.

        Args:
            path: An absolute path.
            is_watched: Whether whenever something changes.
            daily_at: At which time each day; None for none.
        """
        table = schema.scan_plan
        row = {"path": path, "is_watched": is_watched, "ran_at": now()}
        row["daily_at"] = None if daily_at is None else f"{daily_at:%H:%M}"
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.path == path))
            if is_watched or daily_at is not None:
                connection.execute(insert(table).values(row))

    def take(self, plan: ScanPlan) -> bool:
        """Notes that a daily scan begins; False where another server was faster."""
        table = schema.scan_plan
        as_read = table.c.path == plan.path, table.c.ran_at.is_not_distinct_from(plan.ran_at)
        with self._database.write() as connection:
            taken = connection.execute(update(table).where(*as_read).values(ran_at=now()))
            return taken.rowcount == 1
