"""How long work tells how far it is, without knowing where that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

OnProgress = Callable[[int, int | None], None]
"""Called with the number of items done and of all; None where that is not known."""

Log = Callable[[str], None]
"""Receives one sentence for each stage that ends."""


class Progress(Protocol):
    """Opens a display for a stage of the work."""

    def __call__(
        self, description: str, *, unit: str = "photos"
    ) -> AbstractContextManager[OnProgress]:
        """Opens the display, which closes when its context ends.

        Args:
            description: What is being done, such as `Scoring`.
            unit: What is being counted.
        """
        ...


def silent(done: int, total: int | None) -> None:
    """An `OnProgress` that shows nothing."""


@contextmanager
def no_progress(description: str, *, unit: str = "photos") -> Iterator[OnProgress]:
    """A `Progress` that shows nothing."""
    yield silent
