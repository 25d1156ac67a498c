"""Leaves photos out of an export whose files are no longer what was judged.

A file may be replaced, or rewritten, between a scan and an export. What is copied, linked,
embedded or tagged then would be another picture under the old one's breed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from barkive.catalogue.export.outcome import Failure
from barkive.catalogue.photos.identity import Now, compare
from barkive.catalogue.records import Entry
from barkive.messages import Message
from barkive.verdicts import Status

_REASONS = {
    Now.CHANGED: Message("export_photo_changed"),
    Now.UNREADABLE: Message("export_photo_unreadable"),
    Now.GONE: Message("export_photo_gone"),
}


@dataclass(slots=True)
class Vetted:
    """Entries whose files hold what was judged.

    Attributes:
        entries: All of them; consumed once.
        present: Whether files must be there, save those that the catalogue knows to be missing.
        left_out: Why others are left out, by their files, as far as the iteration has come.
    """

    entries: Iterable[Entry]
    present: bool
    left_out: dict[str, Now] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Entry]:
        return filter(self.holds, self.entries)

    def holds(self, entry: Entry) -> bool:
        """Whether a photo's file holds what was judged; if not, that is noted."""
        # Of one that could never be read nothing was judged.
        now = Now.SAME if entry.status is Status.FAILED else compare(entry)
        if now is Now.GONE and (entry.missing_since is not None or not self.present):
            now = Now.SAME
        if now in _REASONS:
            self.left_out[entry.file] = now
            return False
        return True

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What is left out, as what could not be written."""
        return tuple(Failure(file, _REASONS[now]) for file, now in self.left_out.items())
