"""What an export has put into a folder, so that the next one knows its own from the user's.

The file `.barkive.jsonl` holds a line of JSON for each photo in the tree. A line is added
just before its photo appears, so that a run that is killed leaves none unaccounted for; the
last line about a name holds, and one without its photo means nothing. Knows nothing of breeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from barkive.catalogue.export.atomic import rewriting
from barkive.errors import UsageError

MANIFEST = ".barkive.jsonl"
_HEADER = json.dumps({"barkive": "tree of photos", "version": 1})
# FAT keeps times to two seconds.
_TIME_STEP_NS = 2 * 10**9


class Kind(StrEnum):
    """How a photo is put into the tree."""

    LINK = "link"
    HARD_LINK = "hard link"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Placed:
    """A photo in the tree.

    Attributes:
        photo: The original's absolute path.
        kind: How it is there.
        size: The original's, in bytes, when it was put there.
        mtime_ns: When the original had been changed last, in ns since 1970.
        sha256: The catalogue's digest of the content, if it has one.
    """

    photo: str
    kind: Kind
    size: int
    mtime_ns: int
    sha256: str | None

    def is_at(self, path: Path) -> bool:
        """Whether this is what lies there: not gone, and not exchanged by the user."""
        try:
            if self.kind is Kind.LINK:
                return os.readlink(path) == self.photo  # noqa: PTH115 - Path() tidies it
            there = path.lstat()
        except OSError:
            return False
        if self.kind is Kind.HARD_LINK:
            with suppress(OSError):  # the original has gone
                if path.samefile(self.photo):
                    return True
        near = abs(there.st_mtime_ns - self.mtime_ns) <= _TIME_STEP_NS
        return there.st_size == self.size and near


class Manifest:
    """The record of a tree.

    Attributes:
        placed: What the file said on opening, by names such as `Pug/rex.jpg`.
    """

    def __init__(self, folder: Path) -> None:
        """Reads what there is; lines that were cut off or altered are passed over.

        Raises:
            UsageError: It can't be read, or is no manifest.
        """
        self._path = folder / MANIFEST
        self.placed: dict[str, Placed] = {}
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(f"can't be read: {error.strerror}") from None
        if lines[0] != _HEADER:
            raise self._unusable("was not written by this version of Barkive")
        for line in lines[1:]:
            try:
                row = json.loads(line)
                name, kind = str(row["name"]), Kind(row["kind"])
                state = int(row["size"]), int(row["mtime_ns"])
                placed = Placed(str(row["photo"]), kind, *state, row["sha256"])
            except (ValueError, TypeError, KeyError):
                continue
            # Nothing outside the tree is Barkive's, whatever somebody wrote here.
            if name.count("/") == 1 and not {"", ".", ".."} & set(name.split("/")):
                self.placed[name] = placed

    def add(self, name: str, placed: Placed) -> None:
        """Writes that a photo is about to appear under a name.

        Raises:
            UsageError: The file can't be written.
        """
        try:
            with self._path.open("a", encoding="ascii") as file:
                if not file.tell():
                    file.write(_HEADER)
                # The line's end comes first, and so behind a line that was cut off as well.
                file.write(f"\n{_line(name, placed)}")
        except OSError as error:
            raise self._unusable(f"can't be written: {error.strerror}") from None

    def rewrite(self, placed: Mapping[str, Placed]) -> None:
        """Makes this all that the file says.

        Raises:
            UsageError: The file can't be written.
        """
        try:
            with rewriting(self._path) as file:
                file.write(_HEADER.encode())
                file.writelines(f"\n{_line(name, one)}".encode() for name, one in placed.items())
        except OSError as error:
            raise self._unusable(f"can't be written: {error.strerror}") from None

    def _unusable(self, reason: str) -> UsageError:
        return UsageError(
            f"The file {self._path}, by which Barkive knows what it put there, {reason}; "
            "choose another folder."
        )


def _line(name: str, placed: Placed) -> str:
    return json.dumps({"name": name, **asdict(placed)})
