"""What a scan can be given: folders, photos, patterns, lists of paths, object stores."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from sqlalchemy import ColumnElement, or_

from barkive.catalogue import schema
from barkive.catalogue.export.manifest import MANIFEST
from barkive.catalogue.filters import inside
from barkive.catalogue.path_lists import LISTS, read_list
from barkive.catalogue.reading import is_gone
from barkive.errors import UsageError
from barkive.images import find_photos, remote
from barkive.images.files import EXTENSIONS

_WILD = re.compile(r"[*?\[]")
# As `glob.escape` writes a character that means itself.
_ESCAPED = re.compile(r"\[([*?\[])\]")


class Listed(NamedTuple):
    """A photo that a source names.

    Attributes:
        path: Absolute and normalised, or a URL.
        named: Whether somebody wrote it down, so that it must be said where it is not there.
        size: In bytes, of an object store.
        mtime_ns: When it was last written, of an object store that tells.
    """

    path: str
    named: bool = False
    size: int | None = None
    mtime_ns: int | None = None


class Source(Protocol):
    """One of the things that a scan is given.

    Attributes:
        is_watchable: Whether this machine tells when something changes there.
    """

    is_watchable: ClassVar[bool]

    @property
    def name(self) -> str:
        """The path, pattern or URL."""
        ...

    def listed(self) -> Iterator[Listed]:
        """Its photos; some of them perhaps more than once."""
        ...

    def catalogued(self) -> ColumnElement[bool] | None:
        """The photos of the catalogue that could be its own; None where listing tells all."""
        ...

    def means(self, path: str) -> bool:
        """Whether one of these is its own."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with all that is inside, or one photo."""

    is_watchable: ClassVar[bool] = True
    path: str

    @property
    def name(self) -> str:
        """See `Source`."""
        return self.path

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        # A tree that an export made of links or copies is not photographed anew.
        return map(Listed, find_photos([self.path], passing_over=MANIFEST))

    def catalogued(self) -> ColumnElement[bool]:
        """See `Source`."""
        return or_(schema.photo.c.path == self.path, inside(self.path))

    def means(self, path: str) -> bool:
        """See `Source`."""
        return True


@dataclass(frozen=True, slots=True)
class Store(Place):
    """A folder of an object store with all that is inside, or one photo there."""

    is_watchable: ClassVar[bool] = False
    found: remote.Stored | remote.Folder

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        if isinstance(self.found, remote.Stored):
            yield stored(self.found)
        else:
            yield from map(stored, remote.walk(self.path))


@dataclass(frozen=True, slots=True)
class Pattern:
    """All photos whose paths fit a pattern, as `glob` has it, or lie in a folder that does.

    Attributes:
        pattern: Absolute, or a URL: `*`, `?`, `[abc]`, and `**` for any folders.
    """

    is_watchable: ClassVar[bool] = False
    pattern: str

    @property
    def name(self) -> str:
        """See `Source`."""
        return self.pattern

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        if remote.is_remote(self.pattern):
            found = map(stored, remote.walk(self._base))
            yield from (one for one in found if self.means(one.path))
            return
        for path in glob.iglob(self.pattern, recursive=True):  # noqa: PTH207 - Path drops odd names
            if Path(path).is_dir():
                yield from Place(schema.absolute(path)).listed()
            elif path.lower().endswith(EXTENSIONS):
                yield Listed(schema.absolute(path))

    def catalogued(self) -> ColumnElement[bool]:
        """See `Source`."""
        return inside(self._base)

    def means(self, path: str) -> bool:
        """See `Source`."""
        *folders, last = self.pattern.split("/")
        # A folder of any depth at the end is whatever lies in it.
        parts = [*folders, last, "*"] if last == "**" else [*folders, last]
        names = path.split("/")
        # How many names the parts so far may have taken; what lies in what fits, fits.
        taken = {0}
        for part in parts:
            if part == "**":
                taken = set(range(min(taken, default=len(names)), len(names)))
            else:
                taken = {n + 1 for n in taken if n < len(names) and fnmatchcase(names[n], part)}
        return bool(taken)

    @property
    def _base(self) -> str:
        """The folder in which all that fits must lie."""
        folders = self.pattern.split("/")[:-1]
        plain = takewhile(lambda part: not _WILD.search(_ESCAPED.sub("", part)), folders)
        return _ESCAPED.sub(r"\1", "/".join(plain)) or "/"


@dataclass(frozen=True, slots=True)
class PathList:
    """A file that names photos."""

    is_watchable: ClassVar[bool] = False
    file: str

    @property
    def name(self) -> str:
        """See `Source`."""
        return self.file

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        for path in read_list(self.file):
            yield Listed(schema.absolute(path), named=True)

    def catalogued(self) -> None:
        """See `Source`."""

    def means(self, path: str) -> bool:
        """See `Source`."""
        return False


def stored(one: remote.Stored) -> Listed:
    """A photo as its store lists it."""
    return Listed(one.path, False, one.size, one.mtime_ns)


def open_source(given: str) -> Source:
    """What a name on the command line stands for.

    Raises:
        MissingExtraError: It needs an extra that is not installed.
        StoreError: The object store can't be asked.
        UsageError: There is no such thing: it may be an unplugged disk.
    """
    path = schema.absolute(given)
    is_remote = remote.is_remote(path)
    if is_remote and _WILD.search(path.split("/")[2]):
        raise UsageError(
            f"The name of the bucket in {given} is a pattern; name the bucket, and scan several "
            "by naming each."
        )
    if path.lower().endswith(LISTS) and (is_remote or Path(path).is_file()):
        return PathList(path)
    found = remote.find(path) if is_remote else None
    if found is not None:
        return Store(path, found)
    if not is_remote and not is_gone(path):
        return Place(path)
    if _WILD.search(given):
        # The folder that a pattern starts at is none itself, whatever its name.
        here = "" if is_remote else glob.escape(os.getcwd())  # noqa: PTH109
        pattern = Pattern(schema.absolute(os.path.join(here, given)))  # noqa: PTH118
        if next(pattern.listed(), None) is not None:
            return pattern
        raise UsageError(
            f"No photo fits {given}; check the pattern. If photos that fit it are in the "
            "catalogue, they stay as they are."
        )
    raise UsageError(
        f"There is no folder or file {given}; check the name. If photos of it are in the "
        "catalogue, they stay as they are."
    )
