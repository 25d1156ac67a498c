"""The photos that show the same, found by a job in the background. Knows no HTTP."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from barkive.catalogue import Catalogue
from barkive.progress import OnProgress
from barkive.web.services.jobs import Job, Jobs


@dataclass(frozen=True, slots=True)
class DuplicateJob(Job):
    """How far looking for them is, at one moment.

    Attributes:
        groups: The numbers of the photos of each group; None before the end.
    """

    groups: tuple[tuple[int, ...], ...] | None = None


class DuplicateJobs(Jobs[DuplicateJob]):
    """The last ones since the start; one is at work at a time. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Sets the catalogue whose photos are compared."""
        super().__init__("barkive-duplicates", "duplicates_fault", kept=2)
        self._catalogue = catalogue
        self._beginning = threading.Lock()

    @property
    def last(self) -> DuplicateJob | None:
        """The one that is at work, or else the last one; None where there was none."""
        with self._lock:
            return next(reversed(self._jobs.values()), None)

    def group_of(self, number: int) -> tuple[int, ...]:
        """The photos of the last groups that show the same as one, it included; none if unknown."""
        last = self.last
        groups = (last.groups if last is not None else None) or ()
        return next((group for group in groups if number in group), ())

    def drop(self, numbers: Collection[int]) -> None:
        """Takes photos out of the last groups; those of one photo go."""
        gone = set(numbers)
        with self._lock:
            for job in self._jobs.values():
                left = (tuple(x for x in group if x not in gone) for group in job.groups or ())
                groups = tuple(group for group in left if len(group) > 1)
                if job.groups is not None:
                    self._jobs[job.id] = replace(job, groups=groups)

    def look(self) -> DuplicateJob:
        """Begins to look, unless that goes on already."""

        def work(on_progress: OnProgress) -> dict[str, Any]:
            groups = self._catalogue.duplicate_groups(on_progress=on_progress)
            return {"groups": tuple(map(tuple, groups))}

        with self._beginning:
            last = self.last
            if last is not None and last.is_at_work:
                return last
            return self._begin(DuplicateJob(secrets.token_hex(8)), work)
