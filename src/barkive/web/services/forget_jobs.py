"""Photos that are taken out, as jobs in the background. Knows no HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from barkive.catalogue import Catalogue, Filter, Forgotten
from barkive.progress import OnProgress
from barkive.web.services.jobs import Job, Jobs
from barkive.web.services.thumbnails import Thumbnails


@dataclass(frozen=True, slots=True)
class ForgetJob(Job):
    """How far taking photos out is, at one moment.

    Attributes:
        with_labels: Whether what people said of them goes as well.
        forgotten: What was taken out; None before the end.
    """

    with_labels: bool = False
    forgotten: Forgotten | None = None


class ForgetJobs(Jobs[ForgetJob]):
    """Those since the start. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, thumbnails: Thumbnails) -> None:
        """Sets from where photos are taken out.

        Args:
            catalogue: Of the photos.
            thumbnails: Small pictures of them, which go with them.
        """
        super().__init__("barkive-forgetting", "forget_fault", kept=50)
        self._catalogue, self._thumbnails = catalogue, thumbnails

    def forget(
        self, photos: Sequence[int], *, labels: bool, copies: bool, by: str | None
    ) -> ForgetJob:
        """Takes photos out; those that are not there any more are passed over.

        Args:
            photos: Their numbers.
            labels: Whether what people said of them goes as well.
            copies: Whether all files of their pictures go.
            by: Who takes them out.
        """

        def work(on_progress: OnProgress) -> dict[str, Any]:
            done = self.forget_now(
                Filter(numbers=tuple(photos), missing=None),
                labels=labels,
                copies=copies,
                by=by,
                on_progress=on_progress,
            )
            return {"forgotten": done}

        return self._begin(ForgetJob(secrets.token_hex(8), with_labels=labels), work)

    def keep(self, groups: Mapping[int, Sequence[int]], *, by: str | None) -> ForgetJob:
        """Of photos that show the same keeps one, and takes the others out without copies.

        Args:
            groups: The numbers of those that go, by the number of the one that stays, which gets
                what is known of them: see `Catalogue.keep`.
            by: Who takes them out.
        """
        others = tuple(other for group in groups.values() for other in group)

        def work(on_progress: OnProgress) -> dict[str, Any]:
            for kept, group in groups.items():
                self._catalogue.keep(kept, group, by=by)
            meant = Filter(numbers=others, missing=None)
            done = self.forget_now(meant, copies=False, by=by, on_progress=on_progress)
            return {"forgotten": done}

        return self._begin(ForgetJob(secrets.token_hex(8)), work)

    def forget_now(self, photos: Sequence[int] | Filter, **options: Any) -> Forgotten:
        """Takes photos out while one waits for it: see `Catalogue.forget`."""
        forget = self._catalogue.forget
        return forget(photos, on_contents=self._thumbnails.forget, **options)
