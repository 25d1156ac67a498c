"""What came of an export that writes many files. Knows nothing of how they are written."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from barkive.errors import PhotoError, system_reason
from barkive.messages import Message

_NO_ROOM = Message("remedy_make_room")


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be written.

    Attributes:
        file: The file, or the photo that it was for.
        reason: Why, without the file's name.
    """

    file: str
    reason: Message

    @property
    def is_no_room(self) -> bool:
        """Whether the disk is full."""
        return self.reason.params.get("remedy") == _NO_ROOM


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sum of an export.

    Attributes:
        written: The files that are new or changed.
        unchanged: Those that were right already.
        removed: Those of an earlier export that no longer hold, and are gone.
        skipped: The photos and animals left out.
        reasons: Why they were, how many for each, where the form tells.
        failures: What could not be written.
        by_hand: What people must change themselves in the program that the export is for, or know.
        is_empty: Whether there was nothing to write, and nothing was written.
    """

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    failures: tuple[Failure, ...] = ()
    by_hand: tuple[Message, ...] = ()
    reasons: tuple[Message, ...] = ()
    is_empty: bool = False


def reason_of(error: OSError | PhotoError) -> Message:
    """What the system says, and what to do; or what is wrong with a photo."""
    if isinstance(error, PhotoError):
        return error.message
    remedy = {
        errno.ENOSPC: "remedy_make_room",
        errno.EDQUOT: "remedy_make_room",
        errno.EPERM: "remedy_ask_owner",
        errno.EACCES: "remedy_permission_or_out",
        errno.EROFS: "remedy_other_out",
    }.get(error.errno or 0, "remedy_check")
    reason = system_reason(error)
    return Message("export_file_failed", {"reason": reason, "remedy": Message(remedy)})
