"""The machine: whose process this is, and what it may use of cores, memory and places."""

from __future__ import annotations

import ctypes
import errno
import getpass
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from functools import cache
from math import ceil
from pathlib import Path
from typing import IO, Any, Final

_GROUPS: Final = Path("/proc/self/cgroup")
_MOUNTED: Final = Path("/sys/fs/cgroup")


def user_and_machine() -> str:
    """Whose process this is, and on which machine: `ada@kennel`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user is known
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def take_lock(path: Path) -> IO[bytes] | None:
    """Takes a lock that the system frees with the process, however that ends.

    Args:
        path: A file for it, which is made where there is none.

    Returns:
        The file, to be closed; None where another holds the lock.

    Raises:
        OSError: The file can't be opened.
    """
    file = path.open("wb")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives have no locks at all, and are used as they are.
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            file.close()
            return None
    return file


def one_blas_thread() -> AbstractContextManager[Any]:
    """Has NumPy's products take one thread, until the block ends.

    Small ones take longer on several, and others may need the cores.
    """
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limited


@cache
def _libraries() -> Any:
    """Those of the process, among which to look takes some milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def cores() -> int:
    """The cores that this process may keep busy, at least 1.

    The fewest of the machine's, those that the process is bound to, and its container's quota
    of processor time, rounded up: `docker run --cpus 1.5` allows 2.
    """
    if hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count() or 1
    return max(1, min([bound, *map(ceil, _quotas(_GROUPS, _MOUNTED))]))


def memory() -> int:
    """The memory that this process may have, in bytes: its container's limit or the machine's."""
    return min([_memory_of_machine(), *_memory_limits(_GROUPS, _MOUNTED)])


def _quotas(groups: Path, root: Path) -> Iterator[float]:
    """How many cores' time each control group around this process may use.

    Version 2 has `QUOTA PERIOD` in `cpu.max`, version 1 a file for each, in microseconds
    (https://docs.kernel.org/admin-guide/cgroup-v2.html). No quota is `max` or -1.

    Args:
        groups: See `_folders`.
        root: See `_folders`.
    """
    for folder, version in _folders(groups, root, "cpu"):
        with suppress(OSError, ValueError):
            if version == 2:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            if int(quota) > 0 and int(period) > 0:
                yield int(quota) / int(period)


def _memory_limits(groups: Path, root: Path) -> Iterator[int]:
    """The limits of the control groups around this process, in bytes.

    Without a limit version 2 says `max`, version 1 a number beyond any machine.

    Args:
        groups: See `_folders`.
        root: See `_folders`.
    """
    for folder, version in _folders(groups, root, "memory"):
        name = "memory.max" if version == 2 else "memory.limit_in_bytes"
        with suppress(OSError, ValueError):
            yield int((folder / name).read_text())


def _folders(groups: Path, root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """The folders of the control groups that a process is in, and of those around them.

    Args:
        groups: The kernel's list of them, one a line: `0::/a/b` of version 2,
            `7:memory:/a/b` of version 1.
        root: Where they are mounted. In a container that is often its own group, whatever
            the list says.
        controller: Of version 1, `cpu` or `memory`.

    Yields:
        A folder, and the version of control groups that it belongs to.
    """
    with suppress(OSError):
        for line in groups.read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if not controllers:
                top, version = root, 2
            elif controller in controllers.split(","):
                # Where several share a folder, most systems give it a link for each.
                shared = root / controllers
                top, version = shared if shared.is_dir() else root / controller, 1
            else:
                continue
            folder = top / place.strip("/")
            for one in (folder, *folder.parents):
                if one.is_relative_to(top):
                    yield one, version


def _memory_of_machine() -> int:
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(AttributeError, OSError):  # Windows

        class Status(ctypes.Structure):
            _fields_ = (
                ("length", ctypes.c_uint32),
                ("load", ctypes.c_uint32),
                ("total", ctypes.c_uint64),
                ("others", ctypes.c_uint64 * 6),
            )

        status = Status(length=ctypes.sizeof(Status))
        windows: Any = ctypes
        if windows.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return int(status.total)
    return 4 << 30
