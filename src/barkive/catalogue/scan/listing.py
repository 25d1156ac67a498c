"""Lists every photo of a scan's sources once, whichever of them name it, and looks at its file.

In bounded memory: what was listed lies in a temporary file. Knows nothing of models.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from barkive.catalogue.photos.reading import COARSE_TICK_NS, is_gone, times
from barkive.catalogue.scan.sources import Listed, Source, open_source, stored
from barkive.errors import StoreError, UsageError
from barkive.images import remote
from barkive.images.passing import NOTHING_MORE, Passing
from barkive.messages import Message

_AT_ONCE = 1000
# A listing that is done by then is counted before the first photo is read.
_PATIENCE = 2.0
_ASKED_AT_ONCE = 32
# Of a store, those that are there; some 15 MB.
_REMEMBERED = 100_000
_A_FOLDER = Message("photo_is_named_folder")
# Where SQLite looks for a folder, in this order: https://www.sqlite.org/tempfiles.html
_SETTINGS, _FOLDERS = ("SQLITE_TMPDIR", "TMPDIR"), ("/var/tmp", "/usr/tmp", "/tmp")


class Listing:
    """The photos of several sources, listed in the background into a temporary file."""

    def __init__(self, given: Sequence[str | Source], passing: Passing = NOTHING_MORE) -> None:
        """Looks at them, before any work.

        Args:
            given: The sources, or names that are opened now.
            passing: What is passed over in these.

        Raises:
            MissingExtraError: One needs an extra that is not installed.
            StoreError: An object store can't be asked.
            UsageError: One of them is not there, nothing is left of one, or there is no room
                for temporary files.
        """
        opened = (open_source(one, passing) if isinstance(one, str) else one for one in given)
        self.sources = list({source.name: source for source in opened}.values())
        for source in self.sources:
            source.begin()
        self._tallies = [source.tally for source in self.sources]
        self.total: int | None = None
        """How many photos are listed; None until all are."""
        self._error: BaseException | None = None
        self._ended = self._stopped = False
        self._thread = threading.Thread(target=self._list, name="barkive-list", daemon=True)
        self._changed = threading.Condition()
        self._there: set[str] = set()
        with _told():
            # Without a name it is a temporary file, which goes with the connection.
            self._lines = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._lines.execute("PRAGMA synchronous = OFF")
            self._lines.execute(
                "CREATE TABLE line "
                "(number INTEGER PRIMARY KEY, path BLOB UNIQUE, named, size, mtime)"
            )
            self._lines.execute("CREATE TABLE aside (path BLOB)")

    def batches(self) -> Iterator[list[Listed]]:
        """The photos, each once, in the order of the sources.

        Raises:
            StoreError: An object store stopped answering.
            UsageError: A list or a `.barkiveignore` can't be used, nothing is left of a source,
                or there is no room for what is listed.
        """
        self._thread.start()
        self._wait(_PATIENCE)
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
        except BaseException:
            self._stopped = True
            self._thread.join(timeout=1)
            raise
        if self._error is not None:
            raise self._error

    def passed_over(self) -> Counter[str]:
        """How many photos were passed over, by the place that they lie in, or by a `Reason`.

        Known when all are listed: waits until what was passed over is counted as well.
        """
        self._thread.join()
        return sum((tally.counts() for tally in self._tallies), Counter[str]())

    def set_aside(self, paths: Sequence[str]) -> None:
        """Remembers paths for the end of the scan.

        Raises:
            UsageError: There is no room for them.
        """
        with self._changed, _told():
            rows = [(os.fsencode(path),) for path in paths]
            self._lines.executemany("INSERT INTO aside VALUES (?)", rows)

    def aside(self) -> Iterator[list[str]]:
        """What was set aside, in parts."""
        found = self._lines.execute("SELECT path FROM aside")
        while rows := found.fetchmany(_AT_ONCE):
            yield [os.fsdecode(path) for (path,) in rows]

    def vouches(self, path: str) -> bool:
        """Whether a store has listed a photo, so that it need not be asked for it.

        Not of this machine's files, which are looked at as quickly; nor of what a list names.
        """
        if not remote.is_remote(path):
            return False
        with self._changed:
            found = self._lines.execute(
                "SELECT 1 FROM line WHERE path = ? AND NOT named", (os.fsencode(path),)
            )
            return found.fetchone() is not None

    def is_gone(self, path: str) -> bool:
        """Whether a catalogued file is gone; a store is asked once for each that is there."""
        if path in self._there or self.vouches(path):
            return False
        if self.is_thrown_away(path) or is_gone(path):
            return True
        if remote.is_remote(path) and len(self._there) < _REMEMBERED:
            self._there.add(path)
        return False

    def is_thrown_away(self, path: str) -> bool:
        """Whether a catalogued file lies in a bin, or in another place that is passed over.

        Not where it was listed, because it was named.
        """
        if not any(source.throws_away(path) for source in self.sources):
            return False
        with self._changed:
            found = self._lines.execute("SELECT 1 FROM line WHERE path = ?", (os.fsencode(path),))
            return found.fetchone() is None

    def close(self) -> None:
        """Forgets what was listed."""
        self._stopped = True
        self._lines.close()

    def _wait(self, seconds: float) -> None:
        """Waits until all is listed, but no longer than that."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)

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
        for tally in self._tallies:
            tally.counts(lambda: self._stopped)

    def _keep(self, found: Iterator[Listed]) -> bool:
        """Keeps the next photos of a source, and tells whether there may be more."""
        batch: list[Listed] = []
        try:
            batch.extend(islice(found, _AT_ONCE))
        finally:  # also those before an error
            rows = [(os.fsencode(one.path), one.named, one.size, one.mtime_ns) for one in batch]
            with self._changed, _told():
                self._lines.execute("BEGIN")
                self._lines.executemany(
                    "INSERT OR IGNORE INTO line (path, named, size, mtime) VALUES (?, ?, ?, ?)",
                    rows,
                )
                self._lines.execute("COMMIT")
                self._changed.notify_all()
        return len(batch) == _AT_ONCE


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        places = (*map(os.environ.get, _SETTINGS), *_FOLDERS)
        fit = [one for one in places if one and os.access(one, os.W_OK | os.X_OK)]
        folder = fit[0] if fit and sys.platform != "win32" else tempfile.gettempdir()
        raise UsageError("source_listing_no_room", folder=folder, reason=error) from None


class State(NamedTuple):
    """What tells whether a file is as it was.

    Attributes:
        size: In bytes; None where the file can't be looked at.
        mtime_ns: When it was last written; None where that does not tell.
        ctime_ns: When it or what the system knows of it was last changed; None of an object
            store, and on Windows.
        fault: Why it is not to be read; None where it is.
    """

    size: int | None = None
    mtime_ns: int | None = None
    ctime_ns: int | None = None
    fault: Message | None = None


def look(listed: Sequence[Listed]) -> list[State | None]:
    """The state of each file; None where it is surely not there.

    Raises:
        MissingExtraError: An object store needs an extra that is not installed.
        StoreError: An object store does not answer, so that nothing can be told.
    """
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
            return None if is_gone(one.path) else State()
        if stat.S_ISDIR(status.st_mode):
            # One that was found and not named is listed only where it could not be opened.
            return State(fault=_A_FOLDER if one.named else Message("photo_folder_no_permission"))
        return State(*times(status))
    if one.named:
        try:
            found = remote.find(one.path)
        except StoreError as error:
            # This one is refused, or its store unknown; of the others that says nothing.
            if isinstance(error.__context__, (PermissionError, ValueError)):
                return State(fault=error.message)
            raise
        if found is None:
            return None
        if isinstance(found, remote.Folder):
            return State(fault=_A_FOLDER)
        one = stored(found)
    # It could be written again within the same second, and look unchanged.
    moment = one.mtime_ns
    if moment is not None and abs(time.time_ns() - moment) < COARSE_TICK_NS:
        moment = None
    return State(one.size, moment)
