"""Lists every photo of a scan's sources once, whichever of them name it, and looks at its file.

In bounded memory: what was listed lies in a temporary file. Knows nothing of models.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from barkive.catalogue.reading import COARSE_TICK_NS, is_gone
from barkive.catalogue.sources import Listed, open_source, stored
from barkive.errors import MissingExtraError, StoreError
from barkive.images import remote

_AT_ONCE = 1000
# A listing that is done by then is counted before the first photo is read.
_PATIENCE = 2.0
_FOLDERS_REMEMBERED = 64
_ASKED_AT_ONCE = 32


class Listing:
    """The photos of several sources, listed in the background into a temporary file."""

    def __init__(self, given: Sequence[str]) -> None:
        """Looks at them, before any work.

        Raises:
            MissingExtraError: One needs an extra that is not installed.
            StoreError: An object store can't be asked.
            UsageError: One of them is not there.
        """
        self.sources = [open_source(one) for one in dict.fromkeys(given)]
        self.total: int | None = None
        """How many photos are listed; None until all are."""
        self._error: BaseException | None = None
        self._ended = self._stopped = False
        self._changed = threading.Condition()
        # Without a name it is a temporary file, which goes with the connection.
        self._lines = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._lines.execute("PRAGMA synchronous = OFF")
        self._lines.execute(
            "CREATE TABLE line (number INTEGER PRIMARY KEY, path BLOB UNIQUE, named, size, mtime)"
        )
        self._lines.execute("CREATE TABLE aside (path BLOB)")

    def batches(self) -> Iterator[list[Listed]]:
        """The photos, each once, in the order of the sources.

        Raises:
            StoreError: An object store stopped answering.
            UsageError: A list can't be read.
        """
        listing = threading.Thread(target=self._list, name="barkive-list", daemon=True)
        listing.start()
        listing.join(_PATIENCE)
        last = 0
        try:
            while True:
                with self._changed:
                    # Asked before the lines are read, so that none can come in between.
                    ended = self._ended
                    rows = self._lines.execute(
                        "SELECT number, path, named, size, mtime FROM line WHERE number > ? "
                        "ORDER BY number LIMIT ?",
                        (last, _AT_ONCE),
                    ).fetchall()
                    if len(rows) < _AT_ONCE and not ended:
                        self._changed.wait(0.2)
                if rows and (ended or len(rows) == _AT_ONCE):
                    last = rows[-1][0]
                    yield [
                        Listed(os.fsdecode(path), bool(named), *rest)
                        for _, path, named, *rest in rows
                    ]
                elif ended:
                    break
        finally:
            self._stopped = True
            listing.join(timeout=1)
        if self._error is not None:
            raise self._error

    def set_aside(self, paths: Sequence[str]) -> None:
        """Remembers paths for the end of the scan."""
        with self._changed:
            rows = [(os.fsencode(path),) for path in paths]
            self._lines.executemany("INSERT INTO aside VALUES (?)", rows)

    def aside(self) -> Iterator[list[str]]:
        """What was set aside, in parts."""
        found = self._lines.execute("SELECT path FROM aside")
        while rows := found.fetchmany(_AT_ONCE):
            yield [os.fsdecode(path) for (path,) in rows]

    def close(self) -> None:
        """Forgets what was listed."""
        self._lines.close()

    def _list(self) -> None:
        try:
            for source in self.sources:
                found = iter(source.listed())
                while not self._stopped and self._keep(found):
                    pass
            with self._changed:
                (self.total,) = self._lines.execute("SELECT count(*) FROM line").fetchone()
        except BaseException as error:  # handed over, and raised in the reader's thread
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _keep(self, found: Iterator[Listed]) -> bool:
        """Keeps the next photos of a source, and tells whether there may be more."""
        batch: list[Listed] = []
        try:
            batch.extend(islice(found, _AT_ONCE))
        finally:  # also those before an error
            rows = [(os.fsencode(one.path), one.named, one.size, one.mtime_ns) for one in batch]
            with self._changed:
                self._lines.execute("BEGIN")
                self._lines.executemany(
                    "INSERT OR IGNORE INTO line (path, named, size, mtime) VALUES (?, ?, ?, ?)",
                    rows,
                )
                self._lines.execute("COMMIT")
                self._changed.notify_all()
        return len(batch) == _AT_ONCE


class State(NamedTuple):
    """What tells whether a file is as it was.

    Attributes:
        size: In bytes.
        mtime_ns: When it was last written; None where that does not tell.
        is_folder: Whether it is no file but a folder.
    """

    size: int | None
    mtime_ns: int | None
    is_folder: bool = False


def look(listed: Sequence[Listed]) -> list[State | None]:
    """The state of each file; None where it can't be looked at."""
    if not any(one.named and remote.is_remote(one.path) for one in listed):
        return list(map(_look, listed))
    # Each has to be asked for, and the answers are long on their way.
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return list(pool.map(_look, listed))


def _look(one: Listed) -> State | None:
    if not remote.is_remote(one.path):
        try:
            status = os.stat(one.path)  # noqa: PTH116 - Path() would refuse odd names
        except (OSError, ValueError):
            return None
        return State(status.st_size, status.st_mtime_ns, stat.S_ISDIR(status.st_mode))
    if one.named:
        try:
            found = remote.find(one.path)
        except (MissingExtraError, StoreError):
            return None
        if not isinstance(found, remote.Stored):
            return None
        one = stored(found)
    # It could be written again within the same second, and look unchanged.
    moment = one.mtime_ns
    if moment is not None and abs(time.time_ns() - moment) < COARSE_TICK_NS:
        moment = None
    return State(one.size, moment)


class Gone:
    """Tells whether a catalogued photo's file is gone; an object store by whole folders."""

    def __init__(self) -> None:
        self._folders: OrderedDict[str, set[str] | None] = OrderedDict()

    def __call__(self, path: str) -> bool:
        """Whether it is gone; not where that can't be told."""
        if not remote.is_remote(path):
            return is_gone(path)
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            try:
                files: set[str] | None = {one.path for one in remote.listing(folder).files}
            except (MissingExtraError, StoreError):
                files = None
            self._folders[folder] = files
            if len(self._folders) > _FOLDERS_REMEMBERED:
                self._folders.popitem(last=False)
        there = self._folders[folder]
        return there is not None and path not in there
