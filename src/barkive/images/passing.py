"""What is passed over where photos are looked for, and why: the rules. Lists no folder itself.

Thumbnails, bins and snapshots are known by the names that file servers, systems and photo
managers give to their folders; what else is no photo of theirs, people say in
`.barkiveignore` files and by `--exclude`, both in gitignore's form
(https://git-scm.com/docs/gitignore).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from barkive.errors import UsageError
from barkive.images.placed import Placed
from barkive.messages import Language, Messages

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE = ".barkiveignore"
"""The file that names what a folder's scan is to leave out."""

_PLACES = {
    name.casefold(): name
    for name in (
        # Synology, QNAP, Asustor, and the bins of Samba.
        *("@eaDir", "@SynoResource", "@tmp", "#recycle", "#snapshot"),
        *("@Recycle", "@Recently-Snapshot", "@Transcode", ".@__thumb"),
        *(".recycle", ".Recycle.Bin", "#Recycle Bin"),
        # Snapshots of Btrfs, ZFS and NetApp; versions kept by Syncthing and Nextcloud.
        *(".snapshot", ".snapshots", ".zfs", "~snapshot", ".stversions"),
        *("files_trashbin", "files_versions"),
        # Windows, Linux, macOS.
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information"),
        *("lost+found", ".thumbnails", ".sh_thumbnails", "__MACOSX", ".fseventsd"),
        # digiKam, Picasa.
        *(".dtrash", ".picasaoriginals"),
    )
}
# `.Trash` and `.Trashes`, and `.Trash-1000` of a user's own.
_TRASH = ".trash"
# Lightroom's previews, and those that its catalogue keeps.
_PREVIEWS = (".lrdata", ".lrcat-data")
# Apple's libraries look like one file, and are folders. The pictures lie in these of them.
_LIBRARIES = (
    *(".photoslibrary", ".aplibrary", ".photolibrary"),
    *(".migratedphotolibrary", ".migratedaplibrary"),
)
_KEPT = frozenset({"originals", "masters"})
_ANY_FOLDER = re.compile(r"^(!?)(?:\*/|/?\*\*/(?:\*\*/)*(?:\*/)?)\s*$")
MAX_IGNORE_BYTES = 1 << 20
"""A longer `.barkiveignore` is no text that people wrote."""


class Reason(StrEnum):
    """Why something was passed over that lies in no place known by its name."""

    HIDDEN = "hidden"
    EXCLUDED = "excluded"
    EXPORT = "export"
    LINK = "link"
    RAW = "raw"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Passing:
    """What a search for photos passes over, beyond what always is.

    Attributes:
        exclude: Patterns in gitignore's form, relative to what is searched.
        follow_links: Whether links are followed that lead out of it.
        within: Folders that no link may lead out of, even then; None for no such bound.
        tops: Folders at which the rules begin for whatever of them is searched.
        takes_export: Whether an export of Barkive's is searched like any folder where it is
            itself what was given. Inside other folders its photos are passed over.
        brings_back: Whether a scan catalogues photos again that were taken out of the catalogue.

    Raises:
        UsageError: A pattern is none.
    """

    exclude: tuple[str, ...] = ()
    follow_links: bool = False
    within: tuple[str, ...] | None = None
    tops: tuple[str, ...] = ()
    takes_export: bool = True
    brings_back: bool = False

    def __post_init__(self) -> None:
        _excluding(self.exclude)


@dataclass(frozen=True, slots=True)
class Level:
    """A folder on the way down, with the rules for what lies directly in it.

    Attributes:
        below: Its path below the one that is searched: empty, or with a slash at its end.
        exports: What exports have put into it or a folder above, the nearest first: where that
            folder's name ends in `below`, and what by names such as `Pug/rex.jpg`.
    """

    below: str
    exports: tuple[tuple[int, Mapping[str, Placed]], ...]
    _library: str | None
    _exclude: GitIgnoreSpec | None
    _ignored: tuple[tuple[int, GitIgnoreSpec], ...]

    @classmethod
    def top(
        cls,
        path: str,
        passing: Passing,
        ignore: tuple[str, bytes] | None = None,
        placed: Mapping[str, Placed] | None = None,
    ) -> Level:
        """The folder that is searched.

        Args:
            path: Its own, or its URL.
            passing: What is passed over.
            ignore: Name and content of the `.barkiveignore` in it.
            placed: What an export has put there.

        Raises:
            UsageError: The `.barkiveignore` is no text, or a line of it is no pattern.
        """
        above = cls("", (), None, _excluding(passing.exclude), ())
        return above._with(re.split(r"[/\\]", path.rstrip("/\\"))[-1], "", ignore, placed)

    def enter(
        self,
        name: str,
        ignore: tuple[str, bytes] | None = None,
        placed: Mapping[str, Placed] | None = None,
    ) -> Level:
        """A folder that lies in this one; see `top`."""
        return self._with(name, f"{self.below}{name}/", ignore, placed)

    def _with(
        self,
        name: str,
        below: str,
        ignore: tuple[str, bytes] | None,
        placed: Mapping[str, Placed] | None,
    ) -> Level:
        exports, ignored = self.exports, self._ignored
        if placed:
            exports = ((len(below), placed), *exports)
        if ignore:
            ignored = ((len(below), _patterns_of(*ignore)), *ignored)
        return Level(below, exports, _library(name), self._exclude, ignored)

    def reason(self, name: str, *, is_folder: bool) -> str | None:
        """Why something in this folder is passed over; None where it is not.

        Args:
            name: Its own.
            is_folder: Whether it is a folder.

        Returns:
            The name of a place such as `@eaDir`, or a `Reason`.
        """
        if is_folder and (place := place_of(name)) is not None:
            return place
        if self._library is not None and name.lower() not in _KEPT:
            return self._library
        if name.startswith("."):
            return Reason.HIDDEN
        return Reason.EXCLUDED if self._excludes(name + "/" * is_folder) else None

    def _excludes(self, name: str) -> bool:
        """Whether patterns say so: the command line's first, then those that lie nearest."""
        if self._exclude is None and not self._ignored:
            return False
        path = self.below + name
        verdict = _verdict(self._exclude, path) if self._exclude is not None else None
        for above, spec in self._ignored:
            if verdict is not None:
                break
            verdict = _verdict(spec, path[above:])
        return bool(verdict)


def place_of(folder: str) -> str | None:
    """The place that a folder's name stands for, in which there are no photos of people's own.

    Returns:
        Such as `@eaDir`, in one writing whatever the folder's; None for any other folder.
    """
    name = folder.casefold()
    if name.startswith(_TRASH):
        return ".Trash"
    if name.endswith(_PREVIEWS):
        return "*.lrdata"
    return _PLACES.get(name)


@lru_cache(maxsize=1024)  # of the photos of a folder it is asked one after the other
def place_in(below: str) -> str | None:
    """The first such place on the way to a file or folder; None where there is none.

    Args:
        below: Its path below the folder that is searched, with slashes.
    """
    names = below.split("/")
    for folder, inside in zip(names, [*names[1:], None], strict=True):
        if (place := place_of(folder)) is not None:
            return place
        if (library := _library(folder)) and inside and inside.lower() not in _KEPT:
            return library
    return None


def told(passed_over: Mapping[str, int], lang: Language = "en") -> str:
    """What was passed over as a line, such as “passed over: 40 in @eaDir, 12 RAW files”.

    Args:
        passed_over: How many photos for each place, such as `@eaDir`, or `Reason`: one at least.
        lang: Of the line.
    """
    messages = Messages(lang)
    places = sorted(set(passed_over) - set(Reason), key=lambda one: (-passed_over[one], one))
    parts = [messages("cli.passed_in", n=passed_over[place], place=place) for place in places]
    reasons = sorted(reason for reason in Reason if passed_over.get(reason))
    parts += [messages(f"cli.passed_{reason}", n=passed_over[reason]) for reason in reasons]
    return messages("cli.passed_over", parts=parts)


def refuse_nothing_left(searched: str, passed_over: Mapping[str, int]) -> None:
    """Says that patterns have left nothing of what is searched, which gave no photo.

    Raises:
        UsageError: They have.
    """
    number = passed_over.get(Reason.EXCLUDED, 0)
    if number:
        raise UsageError("source_all_excluded", source=searched, ignore_file=IGNORE, count=number)


def _verdict(spec: GitIgnoreSpec, path: str) -> bool | None:
    """What the last pattern that fits a path says of it; None where none does.

    As for git, a pattern says nothing of what lies in a folder that it fits: where that is
    excluded nobody looks inside, and `!album/` takes nothing in that another one excludes.
    """
    for pattern in reversed(spec.patterns):
        found = pattern.match_file(path)
        # One that fits a folder above ends there; one without a group fits everything.
        if found is not None and (found.match.end() == len(path) or not found.match.re.groups):
            return pattern.include
    return None


def _library(folder: str) -> str | None:
    name = folder.lower()
    return next((f"*{ending}" for ending in _LIBRARIES if name.endswith(ending)), None)


def _excluding(exclude: Iterable[str]) -> GitIgnoreSpec | None:
    """The patterns of the command line, on which `#recycle` is no comment."""
    lines = [f"\\{line}" if line.startswith("#") else line for line in exclude]
    try:
        return _spec(lines) if lines else None
    except ValueError as error:
        raise UsageError("exclude_pattern_invalid", reason=error) from None


def _patterns_of(file: str, content: bytes) -> GitIgnoreSpec:
    """The patterns of a `.barkiveignore`: text in UTF-8, or in UTF-16 as PowerShell writes it."""
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    try:
        text = content.decode("utf-16" if content.startswith(marks) else "utf-8-sig")
    except ValueError:
        text = "\0"
    if "\0" in text or len(content) > MAX_IGNORE_BYTES:
        raise UsageError("ignore_file_not_text", file=file)
    try:
        return _spec(text.splitlines())
    except ValueError as error:
        raise UsageError("ignore_file_pattern_invalid", file=file, reason=error) from None


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    """Patterns to ask about paths; those of folders end in a slash.

    Raises:
        ValueError: One of them is none.
    """
    from pathspec import GitIgnoreSpec

    # `a/**` is all that lies in `a`, and not the folder itself, which may hold what `!` keeps.
    lines = (re.sub(r"/\*\*(/?)\s*$", r"/**/*\1", line) for line in lines)
    # For the library this one, of any folder, would fit the topmost only.
    lines = (_ANY_FOLDER.sub(r"\1?*/", line) for line in lines)
    try:
        return GitIgnoreSpec.from_lines(lines)
    except re.error as error:
        raise ValueError(str(error)) from None


NOTHING_MORE = Passing()
"""What is always passed over, and no more."""
