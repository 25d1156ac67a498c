"""Catalogues that visitors have sent to be merged: kept until they confirm. Knows no HTTP."""

from __future__ import annotations

import secrets
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from barkive.catalogue import Catalogue, Conflict, Merged
from barkive.errors import CatalogueError, UsageError, system_reason

_KEPT = 3
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a merge, or would come.

    Attributes:
        catalogue: What the other catalogue is called.
        merged: The figures.
        conflicts: The first hundred.
    """

    catalogue: str
    merged: Merged
    conflicts: tuple[Conflict, ...]


class MergeJobs:
    """Catalogues that were sent; the last three of them. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Sets the catalogue that they are merged into."""
        self._catalogue = catalogue
        self._folder: TemporaryDirectory[str] | None = None
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()

    def keep(self, content: BinaryIO, name: str) -> str:
        """Keeps a catalogue that was sent, and gives the word by which it is asked for.

        Raises:
            CatalogueError: There is no room.
        """
        token = secrets.token_hex(16)
        try:
            with self._lock:
                if self._folder is None:
                    self._folder = TemporaryDirectory(prefix="barkive-")
            with self._file(token).open("xb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
        except OSError as error:
            raise CatalogueError("merge_upload_no_room", reason=system_reason(error)) from None
        with self._lock:
            self._names[token] = name
            over = list(self._names)[:-_KEPT]
        for old in over:
            self.drop(old)
        return token

    def merge(self, token: str, dry_run: bool) -> Outcome:
        """Merges one that was sent, or sees what that would do.

        Raises:
            UsageError: It is not here any more, or no catalogue that can be merged.
            CatalogueError: The catalogue can't be written.
        """
        with self._lock:
            name = self._names.get(token)
        if name is None:
            raise UsageError("merge_upload_gone")
        listed: list[Conflict] = []

        def tell(conflict: Conflict) -> None:
            if len(listed) < _LISTED:
                listed.append(conflict)

        file = self._file(token)
        merged = self._catalogue.merge(file, dry_run=dry_run, name=name, on_conflict=tell)
        return Outcome(name, merged, tuple(listed))

    def drop(self, token: str) -> None:
        """Forgets one that was sent."""
        with self._lock:
            if self._names.pop(token, None) is None:
                return
        for ending in ("", "-wal", "-shm"):
            file = self._file(token)
            file.with_name(file.name + ending).unlink(missing_ok=True)

    def close(self) -> None:
        """Forgets all."""
        with self._lock:
            self._names.clear()
            if self._folder is not None:
                self._folder.cleanup()

    def _file(self, token: str) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / f"{token}.sqlite"
