"""What an export has put into a folder, as the record in it says. Knows nothing of breeds.

The file `.barkive.jsonl` holds a line of JSON for each photo in the tree; the last line about
a name holds, and one without its photo means nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MANIFEST = ".barkive.jsonl"
HEADER = json.dumps({"barkive": "tree of photos", "version": 1})
# FAT keeps times to two seconds.
_TIME_STEP_NS = 2 * 10**9


class Kind(StrEnum):
    """How a photo is put into the tree."""

    LINK = "link"
    HARD_LINK = "hard link"
    COPY = "copy"
    MADE = "made"


@dataclass(frozen=True, slots=True)
class Placed:
    """A photo in the tree.

    Attributes:
        photo: The original's absolute path.
        kind: How it is there.
        size: The original's, in bytes, when it was put there; of what was made, its own.
        mtime_ns: When the original had been changed last, in ns since 1970.
        sha256: The catalogue's digest of the content, if it has one.
        part: What of the photo it is, where several things are made of one: the number of a dog.
        recipe: How it was made; another recipe makes another file.
    """

    photo: str
    kind: Kind
    size: int
    mtime_ns: int
    sha256: str | None
    part: str = ""
    recipe: str = ""

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


def read_placed(manifest: Path) -> dict[str, Placed]:
    """What the record of a tree says; lines that were cut off or altered are passed over.

    Returns:
        By names such as `Pug/rex.jpg`.

    Raises:
        OSError: It can't be read.
        ValueError: It is no such record.
    """
    lines = manifest.read_text(encoding="utf-8", errors="replace").split("\n")
    if lines[0] != HEADER:
        raise ValueError("It was not written by this version of Barkive")
    found: dict[str, Placed] = {}
    for line in lines[1:]:
        try:
            row = json.loads(line)
            name, kind = str(row["name"]), Kind(row["kind"])
            state = int(row["size"]), int(row["mtime_ns"])
            made = str(row.get("part", "")), str(row.get("recipe", ""))
            placed = Placed(str(row["photo"]), kind, *state, row["sha256"], *made)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        # Nothing outside the tree is Barkive's, whatever somebody wrote here.
        if name.count("/") == 1 and not {"", ".", ".."} & set(name.split("/")):
            found[name] = placed
    return found
