"""Adds photos to the catalogue: each is kept durably, then scanned."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from barkive import atomic
from barkive.catalogue import Catalogue, Entry, ScanOrigin, ScanRequest, safe_name
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, PhotoError, system_reason
from barkive.images import decode, describe, read_file
from barkive.images.files import RAW
from barkive.images.passing import Passing
from barkive.messages import Message
from barkive.web.signed_in import who

_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WebP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "HEIC": (".heic", ".heif", ".hif"),
    "RAW": (".dng", *RAW),
}
_LONGEST_STEM = 100
# Whoever adds a photo that was taken out wants it back.
_BACK = Passing(brings_back=True)
_SMALL_SIDE = 64


class Added(NamedTuple):
    """A photo that was to be added.

    Attributes:
        entry: As the catalogue has it now.
        is_new: Whether the catalogue has it only since; else it was there already.
    """

    entry: Entry
    is_new: bool


class Ingest:
    """Photos that were added, in a folder of their own."""

    def __init__(self, catalogue: Catalogue, classifier: Callable[[], Classifier]) -> None:
        """Sets where they go.

        Args:
            catalogue: That they are added to; its `added_photos` are made when the first one comes.
            classifier: Gives the one that names their breeds.
        """
        self._catalogue, self._classifier = catalogue, classifier
        self._folder = catalogue.added_photos
        self._lock = threading.Lock()

    def add(self, content: bytes, name: str) -> Added:
        """Keeps a photo and catalogues it; both are durable when this returns.

        A photo that the catalogue has already, and whose file is there unchanged, is not kept
        twice. One that was taken out comes back.

        Args:
            content: Of its file, which is kept as it is.
            name: What it is called; without folders.

        Raises:
            PhotoError: It can't be read; nothing is kept.
            CatalogueError: It can't be written.
        """
        kind = describe(content).format
        decode(content, shorter_side=_SMALL_SIDE)
        digest = hashlib.sha256(content).hexdigest()
        # One after the other, so that the same photo sent twice at once is kept once.
        with self._lock:
            for entry in self._catalogue.with_content(digest):
                if _holds(entry.file, content):
                    return Added(entry, is_new=False)
            path = self._keep(content, _name(name, kind))
            try:
                self._catalogue.scan(
                    [path],
                    classifier=self._classifier(),
                    passing=_BACK,
                    asked=ScanRequest(ScanOrigin.UPLOAD, who()),
                )
            except BaseException:
                # Who is told that it failed adds it again, and would then have it twice.
                path.unlink(missing_ok=True)
                raise
        return Added(self._catalogue.photo(path), is_new=True)

    def _keep(self, content: bytes, name: str) -> Path:
        folder = self._folder / f"{datetime.now():%Y-%m}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = atomic.add(content, _numbered(folder / name))
            atomic.sync_folder(self._folder)
        except OSError as error:
            full = error.errno == errno.ENOSPC
            remedy = Message("remedy_make_room" if full else "remedy_make_writable")
            raise CatalogueError(
                "upload_photo_not_kept", folder=folder, reason=system_reason(error), remedy=remedy
            ) from None
        return kept


def _holds(file: str, content: bytes) -> bool:
    """Whether a file is there and was not changed since it was catalogued."""
    try:
        return read_file(file) == content
    except PhotoError:
        return False


def _name(name: str, kind: str) -> str:
    """A name that every system takes, with an ending that fits the content."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, and no path
    endings = _ENDINGS[kind]
    kept = ending.lower() if ending.lower() in endings else endings[0]
    stem = re.sub(r"\s+", " ", stem).strip(" .")[:_LONGEST_STEM]
    return safe_name(stem or "photo") + kept


def _numbered(path: Path) -> Iterator[Path]:
    """A path, and such with a number for as long as it is taken."""
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
