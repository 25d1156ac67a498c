"""The progress that the long commands share: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from barkive.cli.saying import number, say, text
from barkive.progress import OnProgress

# In a log, one line in this many seconds tells enough.
_LOG_SECONDS = 10.0


@contextmanager
def progress(description: str, *, unit: str | None = None) -> Iterator[OnProgress]:
    """Shows how many are done, how many a second, and the time left.

    The bar goes away at the end, also after an error or Ctrl-C, so that nothing of it
    mixes with what the command prints. Where standard error is not a terminal, such as in a
    log, a line every ten seconds takes its place.

    Args:
        description: What is being done, such as `Scoring`.
        unit: What is being counted; photos by default.

    Yields:
        A function to call with the number done and of all; None for an unknown total.
    """
    unit = unit or text("unit_photos")
    if not sys.stderr.isatty():
        yield _log_lines(description, unit)
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
            if speed is None:
                return Text()
            return Text(text("progress_rate", speed=_rate(speed), unit=unit))

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


def _log_lines(description: str, unit: str) -> OnProgress:
    """Writes how far it is to standard error, if that takes long enough to be of interest."""
    start = last = time.monotonic()

    def report(done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LOG_SECONDS:
            return
        last = now
        rate = done / (now - start)
        told = {"doing": description, "done": done, "unit": unit, "speed": _rate(rate)}
        if total is not None and done:
            say("progress_of", err=True, total=total, left=(total - done) / rate, **told)
        else:
            say("progress", err=True, **told)

    return report


def _rate(rate: float) -> str:
    return number(rate, ".0f" if rate >= 10 else ".1f")
