"""Files that appear under their name only when they are whole, and belong to whom they did."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# The longest name that file systems take is 255 bytes, and the temporary one is longer.
_LONGEST = 240
_ACL = "system.posix_acl_access"
# Others are the system's own, such as `security.ima`, a digest of the content.
_KEPT = ("user.", "system.", "security.selinux")


@contextmanager
def rewriting(path: Path) -> Iterator[BinaryIO]:
    """Gives a file to write to, which then takes the place of `path`, and is on the disk.

    The new file has the owner, group, mode, POSIX ACL and extended attributes of the one that
    it replaces, from the first byte on: nobody can read more of it than before. Where the
    system does not allow that, the old one stays as it is. One that is new gets what the system
    gives new files.

    The time of the last change is the moment of writing, so that photo managers notice; the
    time of birth can't be set. Another hard link to the old file keeps the old content: it may
    be a snapshot's, or that of a program that stores equal files once.

    A device or a pipe, such as `/dev/stdout`, is no file to be replaced: it is written to.

    Raises:
        OSError: As the system says; `EPERM` where the owner, group or rights can't be kept.
    """
    if _is_device(path):
        with path.open("wb") as device:
            yield device
        return
    with replacing(path) as part, begin(part, path) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a name to make a file or a link under, which then takes the place of `path`.

    The temporary name, `.name.part`, lies in the same folder and is free. What stood under
    `path` is replaced, not followed, where it was a link. After an error nothing is left of
    what was begun.

    Raises:
        OSError: As the system says.
    """
    name = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
    part = path.with_name(f".{name}.part")
    # Of a run that was killed; written through, a link planted there would lead elsewhere.
    part.unlink(missing_ok=True)
    try:
        yield part
        os.replace(part, path)  # noqa: PTH105 - what is replaced may be a link
        # Between two names of one file that does nothing.
        part.unlink(missing_ok=True)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def begin(part: Path, like: Path | None) -> BinaryIO:
    """Makes an empty file and opens it, to be closed by the caller.

    Args:
        part: Its name, which is free.
        like: A file whose owner, group, mode, POSIX ACL and extended attributes it gets, see
            `rewriting`; None, or where it is no regular file, for those of any new file.

    Raises:
        OSError: It can't be made, or `like` may not be written.
    """
    before = _regular(like)
    if like is not None and before is not None and not os.access(like, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(part, flags, 0o666 if before is None else 0o600)
    try:
        if like is not None and before is not None:
            _take_after(handle, like, before)
    except BaseException:
        os.close(handle)
        raise
    return open(handle, "wb")  # noqa: PTH123 - no path, and closed by the caller


def _take_after(handle: int, like: Path, before: os.stat_result) -> None:
    """Gives a new file, open to nobody else yet, what belongs to another."""
    now = os.fstat(handle)
    try:
        if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
            os.fchown(handle, before.st_uid, before.st_gid)
        if hasattr(os, "setxattr"):
            _copy_attributes(handle, like)
        # Some file systems have one mode for all files, and refuse every other.
        if stat.S_IMODE(now.st_mode) != stat.S_IMODE(before.st_mode) and hasattr(os, "fchmod"):
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
    except PermissionError:
        raise PermissionError(
            errno.EPERM, "its owner, group or rights can't be kept, so it is left as it is"
        ) from None


def _copy_attributes(handle: int, like: Path) -> None:
    wanted = _attributes(like)
    given = _attributes(handle)
    if _ACL in given and _ACL not in wanted:  # the folder's
        os.removexattr(handle, _ACL)
    for name, value in wanted.items():
        if given.get(name) != value:
            try:
                os.setxattr(handle, name, value)
            except OSError:
                if not name.startswith("security."):
                    raise


def _attributes(file: Path | int) -> dict[str, bytes]:
    """The extended attributes that are kept; none where the file system has none."""
    try:
        names = os.listxattr(file)
    except OSError:
        return {}
    return {name: os.getxattr(file, name) for name in names if name.startswith(_KEPT)}


def _regular(path: Path | None) -> os.stat_result | None:
    """The status of a regular file; None where it is none."""
    try:
        status = path.lstat() if path is not None else None
    except FileNotFoundError:
        return None
    return status if status is not None and stat.S_ISREG(status.st_mode) else None


def _is_device(path: Path) -> bool:
    # `/dev/stdout` may be redirected to a file, and is still not to be replaced.
    names = ("/dev/", "/proc/")
    return path.is_char_device() or path.is_fifo() or str(path.absolute()).startswith(names)
