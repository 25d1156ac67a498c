"""Files that appear under their name only when they are whole: the one way to write them.

`replacing` is for any content, `rewriting` for files of other people's, whose owner and rights
stay, `add` for a new file that must replace none. What they have written is on the disk when
they return: content first, then the name, as a power cut would otherwise leave an empty file
under it (“All File Systems Are Not Created Equal”, Pillai et al., OSDI 2014).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from barkive.messages import Message

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


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Gives a name to make a file, a link or a folder under, which then takes the place of `path`.

    The temporary name, `.name.part`, lies in the same folder and is free. What stood under
    `path` is replaced, not followed, where it was a link; a folder that is not empty is not
    replaced. After an error nothing is left of what was begun.

    Args:
        path: The name.
        durable: Whether to wait until it is on the disk. Without, a power cut may leave an
            empty file: for what can be made again at will, in great numbers.

    Raises:
        OSError: As the system says.
    """
    name = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
    part = path.with_name(f".{name}.part")
    # Of a run that was killed; written through, a link planted there would lead elsewhere.
    _remove(part)
    try:
        yield part
        if durable:
            _sync(part)
        os.replace(part, path)  # noqa: PTH105 - what is replaced may be a link
        # Between two names of one file that does nothing.
        _remove(part)
    except BaseException:
        with suppress(OSError):
            _remove(part)
        raise
    if durable:
        sync_folder(path.parent)


def add(content: bytes, names: Iterable[Path]) -> Path:
    """Writes a new file under the first free one of several names, in one folder.

    Args:
        content: Of the file.
        names: Where it may lie; endless, or long enough.

    Returns:
        The name that was free.

    Raises:
        OSError: As the system says.
    """
    left = iter(names)
    first = next(left)
    part = first.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with begin(part) as file:
            file.write(content)
        _sync(part)
        # The name is taken first: to rename would replace another's file.
        free = first
        while not _claim(free):
            free = next(left)
        part.replace(free)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(free.parent)
    return free


def begin(part: Path, like: Path | None = None, *, mode: int = 0o666) -> BinaryIO:
    """Makes an empty file and opens it, to be closed by the caller.

    Args:
        part: Its name, which is free.
        like: A file whose owner, group, mode, POSIX ACL and extended attributes it gets, see
            `rewriting`; None, or where it is no regular file, for those of any new file.
        mode: Of a new file; the umask takes from it.

    Raises:
        OSError: It can't be made, or `like` may not be written.
    """
    before = _regular(like)
    if like is not None and before is not None and not os.access(like, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(part, flags, mode if before is None else 0o600)
    try:
        if like is not None and before is not None:
            _take_after(handle, like, before)
    except BaseException:
        os.close(handle)
        raise
    return open(handle, "wb")  # noqa: PTH123 - no path, and closed by the caller


def _claim(path: Path) -> bool:
    """Takes a name with an empty file, if it is free; returns whether it was."""
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    return True


def _remove(part: Path) -> None:
    """Removes a file, a link or a folder with all that is in it, if it is there."""
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def _sync(part: Path) -> None:
    """Has the content of a file, or of a folder's files, reach the disk; a link has none."""
    if part.is_symlink():
        return
    if part.is_dir():
        for one in part.iterdir():
            _sync(one)
        sync_folder(part)
        return
    handle = os.open(part, os.O_WRONLY)  # which Windows asks for
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Has the names in a folder reach the disk, where the system can say so."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems refuse it for folders, and need no asking.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


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
        raise PermissionError(errno.EPERM, Message("reason_rights_not_kept")) from None


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
