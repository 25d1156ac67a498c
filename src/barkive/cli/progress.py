"""The progress bar that the long commands share: on standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(
    description: str, *, unit: str = "photos"
) -> Iterator[Callable[[int, int | None], None]]:
    """Shows how many are done, how many a second, and the time left.

    The bar goes away at the end, also after an error or Ctrl-C, so that nothing of it
    mixes with what the command prints. Where standard error is not a terminal it is silent.

    Args:
        description: What is being done, such as `Scoring`.
        unit: What is being counted.

    Yields:
        A function to call with the number done and of all; None for an unknown total.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """The rate over the last half minute."""

        def render(self, task: Task) -> Text:
            """For instance `61 photos/s`; empty until it is known."""
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.{0 if speed >= 10 else 1}f} {unit}/s")

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        # Unwrapped, because on one terminal the results go through this console as well.
        console=Console(stderr=True, soft_wrap=True),
        transient=True,
        # Results that are piped elsewhere must not be drawn above the bar instead.
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
