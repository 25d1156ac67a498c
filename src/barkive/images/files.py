"""Finds photos in folders. Looks at names and sizes; whether a file is a photo, `decode` says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from barkive.errors import PhotoError

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif"),
)
_MAX_MEGABYTES = 512


def find_photos(
    paths: Iterable[str | Path], *, recursive: bool = True, passing_over: str | None = None
) -> Iterator[str]:
    """Yields the photos that files and folders stand for, lazily, in the order given.

    A path that is not a folder is yielded as it is, whatever its name and even if it
    does not exist: decoding it will say why it can't be read. A folder gives its files
    with a photo's extension (`EXTENSIONS`, in either case), `img2` before `img10`, then
    those of its folders. Hidden files and folders (a name that starts with a dot) are
    left out. A link to a folder is followed, and no real folder is walked twice for one
    given path. A folder that can't be listed is yielded itself, so that it is not silent.

    Args:
        paths: Files and folders.
        recursive: Whether to go into a folder's folders.
        passing_over: A file's name; a folder that holds one is left out, with all inside.

    Yields:
        Paths; the bytes of an undecodable name are kept (`surrogateescape`).
    """
    for path in paths:
        name = os.fspath(path)
        if os.path.isdir(name):  # noqa: PTH112 - Path() would drop a leading "./"
            yield from _walk(name, recursive, passing_over)
        else:
            yield name


def _walk(top: str, recursive: bool, passing_over: str | None) -> Iterator[str]:
    """The photos of a folder. Not recursive itself: folders may nest deeper than the stack."""
    waiting = [top]
    walked: set[tuple[int, int]] = set()
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116
            identity = (status.st_dev, status.st_ino)
            if identity in walked:
                continue
            walked.add(identity)
            with os.scandir(folder) as listing:
                listed = list(listing)
                if any(entry.name == passing_over for entry in listed):
                    continue
                entries = sorted(
                    (entry for entry in listed if not entry.name.startswith(".")),
                    key=lambda entry: natural(entry.name),
                )
        except OSError:
            yield folder
            continue
        folders = []
        for entry in entries:
            if _is_folder(entry):
                folders.append(entry.path)
            elif entry.name.lower().endswith(EXTENSIONS):
                yield entry.path
        if recursive:
            waiting.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key under which numbers count as numbers; the name itself settles ties."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def refuse_large(size: int) -> None:
    """Refuses a file of so many bytes that it can be no photo.

    Raises:
        PhotoError: It has.
    """
    if size > _MAX_MEGABYTES * 2**20:
        raise PhotoError(f"The file has {size >> 20} MB; the limit is {_MAX_MEGABYTES} MB.")
