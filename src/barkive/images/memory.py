"""The memory that decoding may take: counted in bytes beforehand, shared by all threads."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

from barkive import machine
from barkive.errors import PassingError, UsageError

_log = logging.getLogger(__name__)

ORDINARY: Final = 64 << 20
"""Bytes. A decode that needs no more neither waits for others nor counts."""

VARIABLE: Final = "BARKIVE_MEMORY"
"""The name of the variable that sets the budget where no option does."""

# So that a server with a gigabyte to live in stays there, however large the machine is.
_MOST = 950 * 10**6
_LEAST = 32 << 20
# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.I)


class Budget:
    """What all decodes of a process may take together. Safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        """Sets the limit.

        Args:
            limit: In bytes.
        """
        self.limit = limit
        self._taken = 0
        self._turn = threading.Lock()
        self._given_back = threading.Condition()

    @contextmanager
    def taken(self, need: int) -> Iterator[None]:
        """Takes memory for the length of the block; waits until others have given enough back.

        Who waits is served before who comes later, so that a large one is not starved by
        small ones. Ordinary ones pass by at once.

        Args:
            need: In bytes.

        Raises:
            PhotoError: It is more than the limit.
        """
        if need > self.limit:
            raise PassingError("photo_over_memory_limit", need=need, limit=self.limit)
        if need <= ORDINARY:
            yield
            return
        _log.debug("A large photo needs %d of %d bytes", need, self.limit)
        with self._turn, self._given_back:
            self._given_back.wait_for(lambda: self._taken + need <= self.limit)
            self._taken += need
        try:
            yield
        finally:
            give_back()
            with self._given_back:
                self._taken -= need
                self._given_back.notify_all()


def parse_size(text: str) -> int:
    """The bytes that a size such as `2G`, `1.5 GB` or `800M` stands for; units are decimal.

    Raises:
        UsageError: It is no size, or less than 32 MB, in which no photo is decoded.
    """
    found = _SIZE.fullmatch(text.strip())
    size = round(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < _LEAST:
        raise UsageError("memory_size_invalid", text=text)
    return size


def set_limit(size: str | None) -> None:
    """Sets what decoding may take in this process.

    Args:
        size: See `parse_size`; None leaves it as it is.

    Raises:
        UsageError: It is no such size.
    """
    if size is not None:
        budget().limit = parse_size(size)


_once = threading.Lock()


def budget() -> Budget:
    """This process's budget, one for all threads.

    Raises:
        UsageError: The variable holds no size.
    """
    with _once:  # or two threads that are the first would have one each
        return _budget()


@cache
def _budget() -> Budget:
    return Budget(default_limit())


def default_limit() -> int:
    """What the variable says, or a quarter of what there is, at most 950 MB; in bytes.

    Raises:
        UsageError: The variable holds no size.
    """
    if given := os.environ.get(VARIABLE):
        return parse_size(given)
    return max(_LEAST, min(machine.memory() // 4, _MOST))


def give_back() -> None:
    """Returns freed memory to the system where the allocator keeps it: glibc's does.

    Pillow takes a picture in blocks of 16 MB. glibc would keep them in each thread's arena.
    """
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def return_large_blocks() -> None:
    """Has the allocator return what is freed of 8 MB and more at once, in this whole process.

    By default glibc learns to keep such blocks, and `malloc_trim` passes over those that lie at
    the end of a thread's arena: of large files up to 64 MB for each of eight threads a core.
    """
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 32 << 20)


@cache
def _glibc() -> Any:
    if sys.platform == "linux":
        with suppress(OSError):
            libc = ctypes.CDLL(None)
            if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt"):
                return libc
    return None
