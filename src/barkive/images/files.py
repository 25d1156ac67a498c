"""Finds photos in folders. Looks at names and sizes; whether a file is a photo, `decode` says."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache, cached_property, partial
from pathlib import Path

from barkive.errors import PhotoError, UsageError, system_reason
from barkive.images.passing import (
    IGNORE,
    MAX_IGNORE_BYTES,
    NOTHING_MORE,
    Level,
    Passing,
    Reason,
    place_in,
)
from barkive.images.placed import MANIFEST, Placed, read_placed

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif"),
)
RAW = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc"),
    *(".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl"),
    *(".sr2", ".srf", ".srw", ".x3f"),
)
"""Cameras' own formats, which are read as the picture that they hold for showing them."""
VIDEOS = (
    *(".3g2", ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ogv", ".webm", ".wmv"),
)
_KINDS: dict[str, Reason | None] = {
    **dict.fromkeys(EXTENSIONS),
    **dict.fromkeys(RAW, Reason.RAW),
    **dict.fromkeys(VIDEOS, Reason.VIDEO),
}
_MAX_MEGABYTES = 512
_REMEMBERED = 10_000


class Tally:
    """Counts what is passed over, for each reason. Folders are looked into only at the end."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._folders: list[tuple[str, Callable[[], int]]] = []

    def add(self, reason: str) -> None:
        """Counts one file."""
        self._counts[reason] += 1

    def add_folder(self, reason: str, count: Callable[[], int]) -> None:
        """Has a folder's photos counted later."""
        self._folders.append((reason, count))

    def takes(self, name: str, reason: str | None, *, is_alone: bool = False) -> bool:
        """Whether a file is a photo to take; else it is counted, where it is worth a word.

        Args:
            name: Its own.
            reason: Why it is passed over for its place or its name; None where it is not.
            is_alone: Whether it is a RAW file beside which there is no other photo of its name.
        """
        ending = ending_of(name)
        if ending not in _KINDS:
            return False
        kind = None if is_alone else _KINDS[ending]
        if kind is None and reason is not None:
            self.add(reason)
        elif kind is not None and reason is None:
            self.add(kind)
        return kind is None and reason is None

    def counts(self, is_stopped: Callable[[], bool] = lambda: False) -> Counter[str]:
        """How many photos were passed over for which reason, files of RAW and videos included.

        Args:
            is_stopped: Whether nobody wants to know any more.
        """
        while self._folders and not is_stopped():
            reason, count = self._folders[-1]
            number = count()
            self._folders.pop()
            if number:
                self._counts[reason] += number
        return self._counts


def find_photos(
    paths: Iterable[str | Path],
    *,
    recursive: bool = True,
    passing: Passing = NOTHING_MORE,
    tally: Tally | None = None,
) -> Iterator[str]:
    """Yields the photos that files and folders stand for, lazily, in the order given.

    A path that is not a folder is yielded as it is, whatever its name and even if it
    does not exist: decoding it will say why it can't be read. A folder gives its files
    with a photo's extension (`EXTENSIONS`, in either case; of `RAW` those beside which no other
    photo has the same name), `img2` before `img10`, then those of its folders. Left out are
    hidden files and folders (a name that starts with a dot), places such as `@eaDir`, and what
    `passing` says; the name of what is given itself is not asked. A link that stays inside what
    was given is followed, and no real folder is
    walked twice for one given path. A folder that can't be listed is
    yielded itself, so that it is not silent.

    Args:
        paths: Files and folders.
        recursive: Whether to go into a folder's folders.
        passing: What is passed over.
        tally: Counts it.

    Yields:
        Paths; the bytes of an undecodable name are kept (`surrogateescape`).

    Raises:
        UsageError: A `.barkiveignore` can't be used.
    """
    search = _Search(passing, tally if tally is not None else Tally())
    for path in paths:
        name = os.fspath(path)
        if os.path.isdir(name):  # noqa: PTH112 - Path() would drop a leading "./"
            yield from search.photos(name, recursive)
        elif search.takes(name):
            yield name


def find_folders(folder: str | Path, passing: Passing = NOTHING_MORE) -> list[str]:
    """The names of the folders directly in one into which `find_photos` goes, sorted.

    Raises:
        OSError: It can't be listed.
        UsageError: A `.barkiveignore` can't be used.
    """
    return _Search(passing, Tally()).folders(os.fspath(folder))


class _Search:
    """One search: what it passes over, and the folders above what it is given."""

    def __init__(self, passing: Passing, tally: Tally) -> None:
        self._passing, self._tally = passing, tally
        self._roots = [os.path.realpath(root) for root in passing.within or ()]
        self._above: dict[str, tuple[Level, str | None]] = {}
        self._top = ""

    @cached_property
    def _home(self) -> str:
        """Where the folder really lies in which the rules begin."""
        return os.path.realpath(self._top)

    def takes(self, photo: str) -> bool:
        """Whether one photo that was given is taken; else it is counted."""
        _, reason = self._begin(photo, is_folder=False)
        if reason is not None:
            self._tally.add(reason)
        return reason is None

    def photos(self, given: str, recursive: bool) -> Iterator[str]:
        """The photos of a folder. Not recursive itself: folders nest deeper than the stack."""
        above, reason = self._begin(given, is_folder=True)
        if reason is not None:
            self._pass_over(given, reason)
            return
        waiting: list[tuple[str, Level | None]] = [(given, above)]
        walked: set[tuple[int, int]] = set()
        while waiting:
            folder, above = waiting.pop()
            try:
                entries = _entries(folder, walked)
            except OSError:
                yield folder
                continue
            if entries is None:
                continue
            level = self._enter(folder, above, {entry.name for entry in entries})
            inside: list[str] = []
            yield from self._photos_among(entries, level, inside)
            if recursive:
                waiting.extend((name, level) for name in reversed(inside))

    def _photos_among(
        self, entries: Iterable[os.DirEntry[str]], level: Level, inside: list[str]
    ) -> Iterator[str]:
        """The photos directly in a folder; the folders in it that are taken go into `inside`."""
        entries = sorted(entries, key=lambda entry: natural(entry.name))

        @cache
        def shown() -> frozenset[str]:
            """The names of photos: cameras put a JPEG of the same name beside a RAW file."""
            return frozenset(name for name, ending in map(_parted, entries) if ending in EXTENSIONS)

        for entry in entries:
            is_folder = _is_folder(entry)
            ending = ending_of(entry.name)
            if not is_folder and ending not in _KINDS:
                continue
            reason = self._reason(level, entry.name, entry.path, is_folder, entry.is_symlink())
            if not is_folder:
                is_alone = ending in RAW and _parted(entry)[0] not in shown()
                if self._tally.takes(entry.name, reason, is_alone=is_alone):
                    yield entry.path
            elif reason is None:
                inside.append(entry.path)
            else:
                self._pass_over(entry.path, reason)

    def folders(self, given: str) -> list[str]:
        """The names of the folders in one that are not passed over."""
        above, _ = self._begin(given, is_folder=True)
        with os.scandir(given) as listing:
            entries = list(listing)
        level = self._enter(given, above, {entry.name for entry in entries})
        return sorted(
            entry.name
            for entry in entries
            if _is_folder(entry)
            and self._reason(level, entry.name, entry.path, True, entry.is_symlink()) is None
        )

    def _begin(self, given: str, *, is_folder: bool) -> tuple[Level | None, str | None]:
        """The folder above what was given, and why that is passed over.

        Returns:
            No folder where the rules begin at what was given; no reason where it is taken.
        """
        tops = (top for top in self._passing.tops if is_inside(given, top))
        top = min(tops, key=len, default=given)
        if top != self._top:
            self._top = top
            self._above.clear()
            self.__dict__.pop("_home", None)
        if self._passing.within is not None and not self._is_within(os.path.realpath(given)):
            return None, Reason.LINK
        if given == top:
            return None, None
        folder, name = os.path.split(given)
        level, reason = self._way_down(folder)
        if reason is None:
            is_link = os.path.islink(given)  # noqa: PTH114
            reason = self._reason(level, name, given, is_folder, is_link)
        return level, reason

    def _way_down(self, folder: str) -> tuple[Level, str | None]:
        """The rules of a folder below the one in which they begin, and why it is passed over."""
        names = []
        while folder not in self._above and folder not in (self._top, self._top.rstrip(os.sep)):
            folder, name = os.path.split(folder)
            names.append(name)
        if folder not in self._above:
            self._above[folder] = self._enter(self._top, None), None
        level, reason = self._above[folder]
        for name in reversed(names):
            folder = os.path.join(folder, name)  # noqa: PTH118
            if reason is None:
                is_link = os.path.islink(folder)  # noqa: PTH114
                reason = self._reason(level, name, folder, True, is_link)
            if reason is None:
                level = self._enter(folder, level)
            self._above[folder] = level, reason
        if len(self._above) > _REMEMBERED:
            self._above.clear()
        return level, reason

    def _pass_over(self, folder: str, reason: str) -> None:
        """Counts a folder: of a link no more than that it leads out."""
        if reason == Reason.LINK:
            self._tally.add(reason)
        elif not os.path.islink(folder):  # noqa: PTH114
            self._tally.add_folder(reason, partial(count_photos, folder))

    def _enter(
        self, folder: str, above: Level | None, names: Collection[str] | None = None
    ) -> Level:
        """A folder's rules; `names` are those in it, where they are known."""
        ignore = placed = None
        if names is None or IGNORE in names:
            ignore = _read_ignore(os.path.join(folder, IGNORE))  # noqa: PTH118
        if names is None or MANIFEST in names:
            placed = _read_placed(Path(folder) / MANIFEST)
        if above is None:
            return Level.top(folder, self._passing, ignore, placed)
        return above.enter(os.path.basename(folder), ignore, placed)  # noqa: PTH119

    def _reason(
        self, level: Level, name: str, path: str, is_folder: bool, is_link: bool
    ) -> str | None:
        reason = level.reason(name, is_folder=is_folder)
        if reason is not None:
            return reason
        if not is_folder and (exported := self._is_exported(level, name, path)) is not None:
            return Reason.EXPORT if exported else None
        return self._link(path) if is_link else None

    def _is_exported(self, level: Level, name: str, path: str) -> bool | None:
        """Whether a file is passed over as an export's; None where it is none's."""
        for above, placed in level.exports:
            one = placed.get(f"{level.below}{name}"[above:])
            if one is not None and one.is_at(Path(path)):
                return above > 0 or not self._passing.takes_export
        return None

    def _link(self, path: str) -> str | None:
        """Why a link is not followed; None where it is."""
        target = os.path.realpath(path)
        if is_inside(target, self._home):
            # What a link leads to, may be passed over where it lies.
            return place_in(os.path.relpath(target, self._home).replace(os.sep, "/"))
        return None if self._passing.follow_links and self._is_within(target) else Reason.LINK

    def _is_within(self, target: str) -> bool:
        bounded = self._passing.within is not None
        return not bounded or any(is_inside(target, root) for root in self._roots)


def count_photos(folder: str) -> int:
    """How many files in a folder, at any depth, are named like photos; links are not followed."""
    number, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.lower().endswith(EXTENSIONS):
                        number += 1
        except OSError:
            continue
    return number


def ending_of(name: str) -> str:
    """How a file's name ends, in small letters: `.jpg`; empty where it has no dot."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""


def _parted(entry: os.DirEntry[str]) -> tuple[str, str]:
    """A file's name without its ending, in small letters, and the ending."""
    ending = ending_of(entry.name)
    return entry.name[: len(entry.name) - len(ending)].lower(), ending


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder's, or that of something in it; both written alike."""
    return path == folder or path.startswith(folder.rstrip("/" + os.sep) + os.sep)


def _read_ignore(file: str) -> tuple[str, bytes] | None:
    """Name and content of a `.barkiveignore`; None where there is none.

    Raises:
        UsageError: It can't be read.
    """
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116
            return None
        with open(file, "rb") as opened:  # noqa: PTH123 - Path() would refuse odd names
            return file, opened.read(MAX_IGNORE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError("ignore_file_unreadable", file=file, reason=system_reason(error)) from None


def _read_placed(manifest: Path) -> dict[str, Placed]:
    try:
        return read_placed(manifest)
    except (OSError, ValueError):  # none of this version's, so that nothing is known to be one's
        return {}


def _entries(folder: str, walked: set[tuple[int, int]]) -> list[os.DirEntry[str]] | None:
    """What is in a folder, which is noted as walked; None where it has been before.

    Raises:
        OSError: It can't be listed.
    """
    status = os.stat(folder)  # noqa: PTH116
    identity = (status.st_dev, status.st_ino)
    if identity in walked:
        return None
    walked.add(identity)
    with os.scandir(folder) as listing:
        return list(listing)


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
        raise PhotoError("photo_file_too_large", size=size >> 20, limit=_MAX_MEGABYTES)
