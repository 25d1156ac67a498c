"""How a training reports what it does, without knowing where that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Log = Callable[[str], None]
"""Called with one sentence for each stage that ends."""

OnProgress = Callable[[int, int], None]
"""Called with the number of items done and of all."""


class Progress(Protocol):
    """Opens a progress display for a stage."""

    def __call__(
        self, description: str, *, unit: str = "photos"
    ) -> AbstractContextManager[OnProgress]:
        """Opens the display; it closes when its context ends."""
        ...


@contextmanager
def no_progress(description: str, *, unit: str = "photos") -> Iterator[OnProgress]:
    """A `Progress` that shows nothing."""
    yield lambda done, total: None
