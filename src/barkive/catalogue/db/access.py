"""How an SQLite catalogue can be opened by this user, here and now: to be written, or read only.

SQLite makes two files beside a database that has a write-ahead log, also to read it, and can't
where the file, its folder or its disk is read-only or full; see
https://www.sqlite.org/wal.html#read_only_databases.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path

from barkive.errors import CatalogueError, system_reason
from barkive.messages import Message

# What SQLite makes to begin with: https://www.sqlite.org/walformat.html
_SHM_BYTES = 32 << 10
_BLOCKED = Message("catalogue_reason_blocked")


class Way(Enum):
    """A way to open a catalogue.

    Attributes:
        WRITE: To read and write.
        LIVE: To read what others write meanwhile, by the files that they keep beside it.
        STILL: To read a file beside which there is nothing, with SQLite's `immutable`: no lock
            is held, so that each reading must be checked by `state_of`.
        COPY: To read a copy: what stands in the log can't be read otherwise, or the schema is
            to be brought up to date.
    """

    WRITE = auto()
    LIVE = auto()
    STILL = auto()
    COPY = auto()


def ways(file: Path) -> Iterator[Way]:
    """The ways that may work, the best first."""
    try:
        empty = file.stat().st_size == 0
    except OSError:
        empty = True
    if empty or why_not_written(file) is None:
        yield Way.WRITE
    if empty:
        return
    # Where only one of them is there, SQLite would make the other, and it would be this user's:
    # whoever may write the catalogue could not any more.
    if all(os.access(beside, os.R_OK) for beside in _beside(file, "-wal", "-shm")):
        yield Way.LIVE
    if not _logs(file):
        yield Way.STILL
    yield Way.COPY


def why_not_written(file: Path) -> Message | None:
    """Why this user can't write to a catalogue that there is; None where they can."""
    wal, shm = _beside(file, "-wal", "-shm")
    there = [one for one in (file, wal, shm) if one.exists()]
    for one in there:
        if not os.access(one, os.W_OK):
            return _no_right(one)
    if len(there) < 3 and not os.access(file.parent, os.W_OK | os.X_OK):
        return _no_right(file.parent)
    if _size(shm) < _SHM_BYTES and shutil.disk_usage(file.parent).free < _SHM_BYTES:
        return Message("catalogue_reason_disk_full")
    return None


def why_only_read(file: Path) -> Message:
    """Why a catalogue is not opened to be written."""
    return why_not_written(file) or _BLOCKED


def state_of(file: Path, way: Way) -> tuple[int, ...]:
    """What tells a file, as it is opened, from another of its name, and from a changed one.

    Raises:
        OSError: It is gone.
    """
    status = file.stat()
    which = (status.st_dev, status.st_ino)
    if way in (Way.WRITE, Way.LIVE):  # SQLite sees to the changes
        return which
    logs = [one.stat() for one in _logs(file)]
    changed = [(one.st_size, one.st_mtime_ns) for one in (status, *logs)]
    return which + tuple(number for pair in changed for number in pair)


def written_last(file: Path) -> datetime:
    """When a catalogue, or the log beside it, was written last, UTC."""
    moment = max(one.stat().st_mtime for one in (file, *_logs(file)))
    return datetime.fromtimestamp(moment, UTC)


def copy_into(folder: Path, file: Path) -> Path:
    """Copies a catalogue and the logs beside it, as they are at one moment.

    Raises:
        CatalogueError: One can't be read, there is no room, or it is being written.
    """
    before = state_of(file, Way.COPY)
    try:
        for one in (file, *_logs(file)):
            shutil.copyfile(one, folder / one.name)
    except OSError as error:
        raise CatalogueError(
            "catalogue_copy_impossible", catalogue=file, folder=folder, reason=system_reason(error)
        ) from None
    if state_of(file, Way.COPY) != before:
        raise being_written(file)
    return folder / file.name


def being_written(file: Path) -> CatalogueError:
    """The error where a catalogue that was read without a lock has changed meanwhile."""
    return CatalogueError("catalogue_changed_while_read", catalogue=file)


def _no_right(path: Path) -> Message:
    if hasattr(os, "statvfs") and os.statvfs(path).f_flag & os.ST_RDONLY:
        return Message("catalogue_reason_disk_read_only")
    return Message("catalogue_reason_no_permission", {"path": str(path)})


def _logs(file: Path) -> list[Path]:
    """What beside a file holds a part of the catalogue that is not in it."""
    return [one for one in _beside(file, "-wal", "-journal") if _size(one)]


def _beside(file: Path, *endings: str) -> list[Path]:
    return [file.with_name(f"{file.name}{ending}") for ending in endings]


def _size(path: Path) -> int:
    """In bytes; 0 where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
