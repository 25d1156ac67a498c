"""Standard input, output and error, whatever they are: a terminal, a pipe, a file, or nothing."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class ReaderGoneError(Exception):
    """Nobody reads the results any more, as with `| head`: there is no more to be done."""


class ResultsUnwritableError(OSError):
    """The results can't be written where they are sent."""


class _Output(io.FileIO):
    """Standard output or error. Once it can't be written to, the rest of it is dropped."""

    def __init__(self, handle: int, *, stops: bool) -> None:
        super().__init__(handle, "w", closefd=False)
        self._stops = stops

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if self.fileno() == 1 and not isinstance(error, BrokenPipeError):
                raise ResultsUnwritableError(error.errno, error.strerror) from None
            if self._stops:
                raise ReaderGoneError from None
            return len(data)


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
        io.BufferedWriter(_Output(handle, stops=stops)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
