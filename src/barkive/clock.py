"""The time, as the catalogue and all records keep it."""

from __future__ import annotations

from datetime import UTC, datetime


def local(moment: datetime) -> datetime:
    """A moment in UTC by the clock of this machine, without a time zone."""
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def now(*, microseconds: bool = False) -> datetime:
    """The time in UTC, without a time zone.

    Args:
        microseconds: Whether to keep what is finer than a second.
    """
    moment = datetime.now(UTC).replace(tzinfo=None)
    return moment if microseconds else moment.replace(microsecond=0)
