"""Ctrl-C, and the SIGTERM of job systems: told in one sentence, whenever they come.

While a command runs, both raise `KeyboardInterrupt`, so that what is done is kept. While
the commands load and while the interpreter ends there is nothing to keep, and an exception
would be printed or lost: then they end the program at once.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

STATUS = 130
"""The exit status of a program that was interrupted."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# As in the messages, for an interruption that comes while these can't be read.
_SENTENCE = "Interrupted. Run the same command again to finish."

_is_told = _has_come = False


@contextmanager
def told() -> Iterator[Callable[[], None]]:
    """Has an interruption end the program in the sentence and with status 130.

    Yields:
        A function from whose call on it raises `KeyboardInterrupt`, until the block ends.
    """
    ended: list[int] = []
    # What is registered first is called last.
    atexit.register(_end, ended)
    sys.unraisablehook = _not_lost
    _on_signals(_leave)
    try:
        yield lambda: _on_signals(_raise)
    except SystemExit as end:
        _on_signals(_leave)
        if end.code is None or isinstance(end.code, int):
            ended.append(end.code or 0)
        raise
    except BaseException as error:
        # Libraries make other errors of an interruption that comes at an odd time.
        if _has_come or isinstance(error, KeyboardInterrupt):
            _leave()
        raise


def tell() -> None:
    """Says that the program was interrupted, and what to do; once."""
    global _is_told
    if not _is_told:
        _is_told = True
        sys.stderr.write(f"{_sentence()}\n")
        sys.stderr.flush()


def _sentence() -> str:
    try:
        from barkive.cli.saying import text

        return text("interrupted")
    except Exception:  # what it needs is half loaded, or taken apart already
        return _SENTENCE


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    global _has_come
    _has_come = True
    raise KeyboardInterrupt


def _on_signals(handler: Callable[[int, FrameType | None], Any]) -> None:
    """What is ignored stays so, as Ctrl-C by a job in the background."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _leave(number: int = 0, frame: FrameType | None = None) -> NoReturn:
    """Ends the program where it is."""
    # The streams may be in use just now, or closed.
    with suppress(Exception):
        sys.stdout.flush()
    with suppress(Exception):
        tell()
    os._exit(STATUS)


def _end(ended: list[int]) -> None:
    """Ends the process before the interpreter takes itself apart, when it hears no signal."""
    if ended:
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):
            return  # which the interpreter tells
        os._exit(ended[0])


def _not_lost(lost: sys.UnraisableHookArgs) -> None:
    """Python can't raise an exception in a finaliser; an interruption is heard all the same."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(lost)
