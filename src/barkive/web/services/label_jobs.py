"""Labels for many photos at once, and their undo, as jobs in the background. Knows no HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from barkive.catalogue import Catalogue, Label
from barkive.messages import Message
from barkive.progress import OnProgress
from barkive.web.services.jobs import Job, Jobs


@dataclass(frozen=True, slots=True)
class LabelJob(Job):
    """How far labelling is, at one moment.

    Attributes:
        act: The number of the act; None where nothing was done.
        photos: How many were labelled.
        left_out: Why photos were left out; each reason names its file.
    """

    act: int | None = None
    photos: int = 0
    left_out: tuple[Message, ...] = ()


class LabelJobs(Jobs[LabelJob]):
    """Those since the start. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Sets the catalogue whose photos are labelled."""
        super().__init__("barkive-labelling", "label_fault", kept=50)
        self._catalogue = catalogue

    def label(
        self, photos: Sequence[int], said: Label, left_out: Sequence[Message] = ()
    ) -> LabelJob:
        """Labels photos.

        Args:
            photos: Their numbers.
            said: What is said of each.
            left_out: Why other photos were left out before.
        """

        def work(on_progress: OnProgress) -> dict[str, Any]:
            done = self._catalogue.animals.label(photos, said, on_progress=on_progress)
            return {
                "act": done.act.id if done.act is not None else None,
                "photos": done.photos,
                "left_out": (*left_out, *(reason for _, reason in done.left_out)),
            }

        return self._begin(LabelJob(secrets.token_hex(8)), work)

    def undo(self, act: int, by: str | None = None) -> LabelJob:
        """Takes an act back.

        Args:
            act: Its number.
            by: Who takes it back.
        """

        def work(on_progress: OnProgress) -> dict[str, Any]:
            done = self._catalogue.animals.undo(act, by=by, on_progress=on_progress)
            return {"act": done.id}

        return self._begin(LabelJob(secrets.token_hex(8)), work)
