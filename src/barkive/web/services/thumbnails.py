"""Small pictures of catalogued photos: made once, kept in a cache that is bounded on the disk.

They are made from decoded pixels, so nothing that the camera wrote into the file, such as
where it was, is in them. The cache is an SQLite file; it may be lost at any time.
"""

from __future__ import annotations

import hashlib
import io
import math
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from barkive.boxes import Box
from barkive.catalogue import Entry, holds_picture
from barkive.errors import PhotoError
from barkive.images import LargePhotoError, decode, read_file
from barkive.images.memory import give_back
from barkive.machine import cores
from barkive.web.services.framing import square_around

_THUMBNAIL_SIDE, _LARGE_SIDE = 320, 1600
_QUALITY = 82
_MEDIA_TYPE = "image/jpeg"
_CHANGED = "photo_changed_since_scan"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS preview (
    key TEXT PRIMARY KEY, used INTEGER NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS preview_by_use ON preview (used);
"""
# The time of use is written no more often than this, so that reading costs no writing.
_COARSE_SECONDS = 3600
# What is removed at once when the cache is full, as a part of its limit.
_SPARE = 0.1


class Size(StrEnum):
    """How large a picture is."""

    THUMBNAIL = "thumbnail"
    LARGE = "large"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture.

    Attributes:
        content: A JPEG file.
        media_type: Of it.
        etag: What tells it from every other.
    """

    content: bytes
    media_type: str
    etag: str


class Thumbnails:
    """Makes and keeps small pictures. Safe to use from several threads."""

    FILE: Final = "previews.sqlite"

    def __init__(self, folder: Path, *, limit_bytes: int = 1 << 30) -> None:
        """Opens the cache; where none can be kept, pictures are made anew each time.

        Args:
            folder: Where it lies.
            limit_bytes: What the pictures in it may have together.
        """
        self._file = folder / self.FILE
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._large: set[str] = set()
        # Decoding takes memory, and gains nothing from more threads than cores.
        self._few = threading.BoundedSemaphore(cores())
        self._database: sqlite3.Connection | None = None
        self._bytes = 0
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self._open()

    def get(self, entry: Entry, size: Size, *, large: bool = True) -> Thumbnail:
        """A picture of a photo.

        Args:
            entry: The photo.
            size: `thumbnail` is a square of at most 320 pixels round the dogs, or the centre
                where none has a box; `large` the whole, at most 1600 pixels wide and high; `full`
                the whole at its own size, which is not kept. None is larger than the photo.
            large: Whether to make one of a large photo, which takes seconds.

        Raises:
            PhotoError: The photo can't be read.
            LargePhotoError: It is large, and no picture is to be made of it then.
        """
        part = _part(entry) if size is Size.THUMBNAIL else None
        key = f"{entry.sha256}-{size}"
        if part is not None:
            key += "".join(f"-{share:.4f}" for share in (part.x, part.y, part.width, part.height))
        if (content := self._kept(key)) is not None:
            return _thumbnail(content)
        if large:
            self._large.add(key)
        elif key in self._large:  # a thread that waited for it could not serve others
            raise LargePhotoError
        made = None
        try:
            with suppress(LargePhotoError):  # the error itself would hold the file's content
                made = self._made(entry, size, part, key, large)
        finally:
            if large:
                self._large.discard(key)
                give_back()
        if made is None:
            raise LargePhotoError
        return _thumbnail(made)

    def _made(self, entry: Entry, size: Size, part: Box | None, key: str, large: bool) -> bytes:
        with self._alone(key):
            # Another thread may have made it meanwhile.
            if (content := self._kept(key)) is None:
                with nullcontext() if large else self._few:
                    file = read_file(entry.file)
                    # Shown under this photo's breed, another picture would be labelled for it.
                    if entry.sha256 is not None and not holds_picture(file, entry):
                        raise PhotoError(_CHANGED)
                    content = _rendered(file, size, part, large)
                if size is not Size.FULL and hashlib.sha256(file).hexdigest() == entry.sha256:
                    self._keep(key, content)
        return content

    def forget(self, contents: Collection[str]) -> None:
        """Removes what was made of some contents.

        Args:
            contents: Their SHA-256, in hex digits.
        """
        # A key is the digest, a hyphen and what is shown; a full stop comes next to the hyphen.
        ranges = [(f"{one}-", f"{one}.") for one in contents]
        with self._lock, self._tolerated():
            if self._database is None:
                return
            for keys in ranges:
                (length,) = self._database.execute(
                    "SELECT coalesce(sum(length(content)), 0) FROM preview "
                    "WHERE key >= ? AND key < ?",
                    keys,
                ).fetchone()
                self._database.execute("DELETE FROM preview WHERE key >= ? AND key < ?", keys)
                self._bytes -= length

    def close(self) -> None:
        """Closes the cache."""
        with self._lock:
            self._shut()

    def _shut(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Lets one thread at a time make a picture."""
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            try:
                yield
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _open(self) -> None:
        for _ in range(2):
            try:
                self._database = sqlite3.connect(
                    self._file, isolation_level=None, check_same_thread=False, timeout=5
                )
                self._database.executescript(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                    "PRAGMA secure_delete = ON;" + _SCHEMA
                )
                (total,) = self._database.execute(
                    "SELECT coalesce(sum(length(content)), 0) FROM preview"
                ).fetchone()
            except sqlite3.DatabaseError as error:
                self._shut()
                if isinstance(error, sqlite3.OperationalError):
                    return  # no room or no permission
                self._throw_away()
            else:
                self._bytes = int(total)
                return

    def _throw_away(self) -> None:
        """Removes a damaged cache, which is made anew then."""
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)

    def _kept(self, key: str) -> bytes | None:
        now = int(time.time())
        with self._lock, self._tolerated():
            if self._database is None:
                return None
            row = self._database.execute(
                "SELECT content, used FROM preview WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return None
            if now - row[1] > _COARSE_SECONDS:
                with suppress(sqlite3.OperationalError):  # it can be read only, or full
                    self._database.execute("UPDATE preview SET used = ? WHERE key = ?", (now, key))
            return bytes(row[0])
        return None

    def _keep(self, key: str, content: bytes) -> None:
        if len(content) > self._limit:
            return
        with self._lock, self._tolerated():
            if self._database is None:
                return
            if self._bytes + len(content) > self._limit:
                self._make_room(len(content))
            added = self._database.execute(
                "INSERT OR IGNORE INTO preview VALUES (?, ?, ?)",
                (key, int(time.time()), content),
            ).rowcount
            self._bytes += len(content) * added

    def _make_room(self, needed: int) -> None:
        """Removes what was used longest ago."""
        assert self._database is not None
        aim = self._limit * (1 - _SPARE) - needed
        rows = self._database.execute(
            "SELECT key, length(content) FROM preview ORDER BY used, key"
        ).fetchall()
        gone = []
        for key, length in rows:
            if self._bytes <= aim:
                break
            gone.append((key,))
            self._bytes -= length
        self._database.executemany("DELETE FROM preview WHERE key = ?", gone)

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        """A cache that fails costs time, and no picture; a damaged one is begun anew."""
        try:
            yield
        except sqlite3.OperationalError:
            pass
        except sqlite3.DatabaseError:
            self._shut()
            self._throw_away()
            self._open()


def default_folder() -> Path:
    """Where the cache lies unless another place is named: in the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("barkive", appauthor=False) / "thumbnails"


def _part(entry: Entry) -> Box | None:
    """The part of a photo that its small square shows; None for the centre."""
    if not entry.dogs or not entry.width or not entry.height:
        return None
    return square_around([dog.box for dog in entry.dogs], entry.width, entry.height)


def _rendered(file: bytes, size: Size, part: Box | None, large: bool) -> bytes:
    """A photo, or a square part of it, as a small JPEG."""
    if size is Size.THUMBNAIL:
        shown = max(part.width, part.height) if part is not None else 1.0
        needed = math.ceil(_THUMBNAIL_SIDE / shown)
        photo = Image.fromarray(decode(file, shorter_side=needed, large=large))
        if part is not None:
            width, height = photo.size
            left, top = round(part.x * width), round(part.y * height)
            photo = photo.crop((left, top, round(part.right * width), round(part.bottom * height)))
        side = min(_THUMBNAIL_SIDE, *photo.size)
        image = ImageOps.fit(photo, (side, side), Image.Resampling.LANCZOS)
    elif size is Size.FULL:
        image = Image.fromarray(decode(file, large=large))
    else:
        image = Image.fromarray(decode(file, shorter_side=_LARGE_SIDE, large=large))
        image.thumbnail((_LARGE_SIDE, _LARGE_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, progressive=size is not Size.THUMBNAIL)
    return out.getvalue()


def _thumbnail(content: bytes) -> Thumbnail:
    return Thumbnail(content, _MEDIA_TYPE, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
