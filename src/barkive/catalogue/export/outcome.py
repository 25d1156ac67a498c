"""What came of an export that writes many files. Knows nothing of how they are written."""

from __future__ import annotations

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be written.

    Attributes:
        file: The file, or the photo that it was for.
        reason: Why: one sentence without the file's name.
    """

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sum of an export.

    Attributes:
        written: The files that are new or changed.
        unchanged: Those that were right already.
        removed: Those of an earlier export that no longer hold, and are gone.
        skipped: The photos left out, because their file is missing.
        failures: What could not be written.
    """

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    failures: tuple[Failure, ...] = ()


def reason_of(error: OSError) -> str:
    """What the system says, as a sentence that tells what to do."""
    remedy = {
        errno.ENOSPC: "make room",
        errno.EDQUOT: "make room",
        errno.EPERM: "have its owner or an administrator do it",
        errno.EACCES: "get permission, or give another folder with --out",
        errno.EROFS: "give another folder with --out",
    }.get(error.errno or 0, "check it")
    return f"It can't be read or written: {error.strerror or error}; {remedy}."
