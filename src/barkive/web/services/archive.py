"""A folder that an export has written, packed into one ZIP file. Knows no HTTP."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from barkive.catalogue import Failure
from barkive.errors import system_reason
from barkive.images.files import EXTENSIONS, VIDEOS
from barkive.images.files import RAW as RAW_FILES
from barkive.images.placed import MANIFEST
from barkive.messages import Message
from barkive.progress import OnProgress, silent

# What is compressed already.
_STORED = (*EXTENSIONS, *RAW_FILES, *VIDEOS)


def pack(folder: Path, archive: Path, on_progress: OnProgress = silent) -> list[Failure]:
    """Packs all files of a folder, links followed, and removes each from it.

    Photos are stored as they are; the rest is deflated. Memory grows with the number of files
    alone, by what the archive's directory says of each.

    Args:
        folder: With the files; its manifest is left out, because it tells of this machine's.
        archive: The file to write. After an error a part of it may be there.
        on_progress: Called with (files done, how many in all).

    Returns:
        What could not be packed, each by its name in the folder.

    Raises:
        OSError: The archive can't be written: for want of room (`ENOSPC`) before it is begun,
            where that can be foreseen.
    """
    total = size = 0
    for path in _files(folder):
        total += 1
        # What is no link makes its own room as it goes.
        if path.is_symlink():
            with suppress(OSError):  # told when its turn comes
                size += path.stat().st_size
    if size >= shutil.disk_usage(archive.parent).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    failures: list[Failure] = []
    # Times before 1980 are set to then.
    with ZipFile(archive, "w", allowZip64=True, strict_timestamps=False) as packed:
        for done, path in enumerate(_files(folder), 1):
            name = path.relative_to(folder).as_posix()
            reason = _packed(packed, path, name)
            if reason is not None:
                failures.append(Failure(name, reason))
            path.unlink()
            on_progress(done, total)
    return failures


def _packed(packed: ZipFile, path: Path, name: str) -> Message | None:
    """Packs one file; says why, where it can't be."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return Message("archive_name_no_text")
    try:
        # What can't be read must fail before anything of it is in the archive.
        path.open("rb").close()
    except OSError as error:
        return Message("archive_unreadable", {"reason": system_reason(error)})
    is_stored = name.lower().endswith(_STORED)
    packed.write(path, name, ZIP_STORED if is_stored else ZIP_DEFLATED)
    return None


def _files(folder: Path) -> Iterator[Path]:
    """All files, in the order of their names."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(files) if name != MANIFEST)
