"""Reads a photo's file once for all that the catalogue keeps of it."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barkive.detection.views import Viewer, Views
from barkive.errors import MissingExtraError, PassingError, PhotoError, StoreError
from barkive.images import (
    Header,
    decode,
    describe,
    perceptual_hash,
    read_file,
)
from barkive.images.fingerprint import picture_digest, sketch
from barkive.images.remote import find, is_remote, read

# A file that was changed less than a tick of its file system's clock before it was read could
# change again within that tick, and look unchanged. FAT counts two seconds a tick.
_TICK_NS, COARSE_TICK_NS = 20 * 10**6, 2 * 10**9
_TRIES = 3
# In bytes, on the file systems of today.
_LONGEST_NAME = 255
# A file that can't be decoded, and was written a moment ago, is perhaps still being written.
_REST_SECONDS, _PATIENCE_SECONDS = 1.0, 10.0


@dataclass(slots=True)
class Reading:
    """A file, and what was read of it so far.

    Attributes:
        path: Absolute and normalised, or a URL; then size and time are those of the listing.
        size: In bytes; None where the file can't be looked at.
        mtime_ns: When it was last changed, in nanoseconds since 1970; None where that does
            not tell whether it changes again, or why it could not be read may pass.
        ctime_ns: When the file or what the system knows of it was last changed; None of an
            object store, or where that can't be told.
        sha256: Of its content; None where it can't be read.
        coded: The digest of the coded picture, see `picture_digest`.
        sketch: How it looks, see `sketch`; None where it can't be decoded.
        phash: The perceptual hash as bytes; None likewise.
        header: What the file says of itself; None likewise.
    """

    path: str
    size: int | None = None
    mtime_ns: int | None = None
    ctime_ns: int | None = None
    sha256: bytes | None = None
    coded: bytes | None = None
    sketch: bytes | None = None
    phash: bytes | None = None
    header: Header | None = None

    def load(self, viewer: Viewer) -> Views:
        """Reads and decodes the file, and makes the views that are judged.

        Raises:
            PhotoError: The photo can't be read. What was learned until then is kept.
        """
        started = time.monotonic()
        while True:
            try:
                return self._load(viewer)
            except PhotoError as error:
                left = started + _PATIENCE_SECONDS - time.monotonic()
                if left <= 0 or not self._is_young():
                    if isinstance(error, PassingError):
                        self.mtime_ns = None
                    raise
            time.sleep(min(_REST_SECONDS, left))

    def _load(self, viewer: Viewer) -> Views:
        content = self._content()
        if not content:  # a placeholder holds no picture, and all are alike
            raise PhotoError("photo_empty")
        self.sha256 = hashlib.sha256(content).digest()
        photo = decode(content, shorter_side=viewer.preprocessing.size)
        self.header = describe(content)
        self.phash = perceptual_hash(photo).astype(">u8").tobytes()
        self.coded = picture_digest(content)
        self.sketch = sketch(photo)
        return viewer.views(content, photo)

    def _is_young(self) -> bool:
        """Whether the file was written so lately that it may be being written still."""
        state = None if is_remote(self.path) else status_of(self.path)
        return state is not None and abs(time.time_ns() - state[1]) < 2 * _REST_SECONDS * 10**9

    def _content(self) -> bytes:
        """The content, of one state of the file: it may be replaced while it is read."""
        if is_remote(self.path):
            return self._remote_content()
        for _ in range(_TRIES):
            before = status_of(self.path)
            # Also where it can't be read: then it is tried again when it has changed.
            self.size, self.mtime_ns, self.ctime_ns = before or (None, None, None)
            content = read_file(self.path)
            if status_of(self.path) == before and before is not None:
                tick = _TICK_NS if before[1] % 10**9 else COARSE_TICK_NS
                if abs(time.time_ns() - before[1]) < tick:
                    self.mtime_ns = None
                return content
        raise PassingError("photo_changing")

    def _remote_content(self) -> bytes:
        """The content from an object store, where a file is replaced as a whole or not at all."""
        try:
            content = read(self.path, self.size)
        except PhotoError:
            # A store may refuse for now what it gives later: then it is read again.
            self.mtime_ns = None
            raise
        if len(content) != self.size:  # replaced since it was listed
            self.size, self.mtime_ns = len(content), None
        return content


def status_of(path: str) -> tuple[int, int, int | None] | None:
    """A file's size, and when it and what the system knows of it were last changed.

    Returns:
        Bytes, nanoseconds since 1970, and likewise; None for the last on Windows, where the
        system does not tell. None where it can't be looked at.
    """
    try:
        return times(os.stat(path))  # noqa: PTH116 - Path() would refuse odd names
    except (OSError, ValueError):
        return None


def times(status: os.stat_result) -> tuple[int, int, int | None]:
    """What `status_of` gives, of what the system has said."""
    changed = None if sys.platform == "win32" else status.st_ctime_ns
    return status.st_size, status.st_mtime_ns, changed


def is_gone(path: str) -> bool:
    """Whether there is no such file; not where that can't be told, as in a shut folder."""
    if is_remote(path):
        try:
            return find(path) is None
        except (StoreError, MissingExtraError):
            return False
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except ValueError:  # a null byte, or a character that no file name can have
        return True
    except OSError as error:
        # Where the path alone is too long, and no name in it, a file may be there.
        is_long = max(map(len, os.fsencode(path).split(b"/"))) > _LONGEST_NAME
        return error.errno == errno.ENAMETOOLONG and is_long
    return False


def one_name(path: str) -> str:
    """What is the same of all spellings that some file system takes for one name."""
    return unicodedata.normalize("NFC", path).casefold()


def is_spelled(path: str, other: str) -> bool:
    """Whether a file has its name in just this spelling, and not only in another one.

    Windows and macOS take `REX.JPG` and `rex.jpg` for one name: then the one still leads to the
    file when it was renamed to the other.

    Args:
        path: Of a file that is there.
        other: Another spelling of it.
    """
    names = path.split("/")
    for at, (one, another) in enumerate(zip(names, other.split("/"), strict=True)):
        if one != another:
            try:
                listed = os.listdir("/".join(names[:at]) or "/")  # noqa: PTH208
            except OSError:
                continue
            if one not in listed:
                return False
    return True


def hash_of(packed: bytes) -> NDArray[np.uint64]:
    """A perceptual hash that was kept as bytes, shape (4,)."""
    return np.frombuffer(packed, ">u8").astype(np.uint64)
