"""Standard input, output and error, whatever they are: a terminal, a pipe, a file, or nothing."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ReaderGoneError(Exception):
    """Nobody reads the results any more, as with `| head`: there is no more to be done."""


class ResultsUnwritableError(OSError):
    """The results can't be written where they are sent."""


class _Output(io.BufferedWriter):
    """Standard output or error. Once it can't be written to, the rest of it is dropped.

    The file below is Python's own: there an interruption would come between what is written and
    the note of how much that was, and the same would be written once more.
    """

    def __init__(self, handle: int, *, stops: bool) -> None:
        super().__init__(io.FileIO(handle, "w", closefd=False))
        self._stops = stops

    def write(self, data: Any) -> int:
        with self._rest_dropped():
            super().write(data)
        return len(data)

    def flush(self) -> None:
        with self._rest_dropped():
            super().flush()

    @contextmanager
    def _rest_dropped(self) -> Iterator[None]:
        try:
            yield
        except BlockingIOError:
            raise
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if self.fileno() == 1 and not isinstance(error, BrokenPipeError):
                raise ResultsUnwritableError(error.errno, error.strerror) from None
            if self._stops:
                raise ReaderGoneError from None


def prepare(*, stops: bool) -> None:
    """Has every command find streams that it can use.

    Those that are closed or that there are none of, as in a service, lead nowhere. Names of
    files and breeds are printable whatever the locale says; a file name that is not UTF-8 is
    escaped as JSON escapes it.

    Args:
        stops: Whether the command ends once nobody reads what it prints, and does not go on with
            its work.
    """
    # What is opened next would be taken for standard output.
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = _usable(sys.stdout, 1, stops=stops)
    sys.stderr = _usable(sys.stderr, 2, stops=False)


def _usable(stream: Any, handle: int, *, stops: bool) -> Any:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        is_own = stream.fileno() == handle and not stream.isatty()
    except (OSError, ValueError):
        is_own = False
    if not is_own:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        return stream
    stream.flush()
    return io.TextIOWrapper(
        _Output(handle, stops=stops),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=stream.line_buffering or stream.write_through,
    )
