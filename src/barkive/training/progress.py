"""How a run tells what it is doing, without knowing where that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Log = Callable[[str], None]
"""Receives one sentence for each stage that ends."""


class Progress(Protocol):
    """Opens a display for a stage, and gives what takes the number done and of all."""

    def __call__(
        self, description: str, *, unit: str = "photos"
    ) -> AbstractContextManager[Callable[[int, int], None]]:
        """Opens the display; it closes when its context ends."""
        ...


@contextmanager
def no_progress(description: str, *, unit: str = "photos") -> Iterator[Callable[[int, int], None]]:
    """A `Progress` that shows nothing."""
    yield lambda done, total: None
