"""What a scan can be given: folders, photos, patterns, lists of paths, object stores."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
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
    """All photos whose paths fit a pattern: `*`, `?`, `[abc]`, and `**` for any folders."""

    is_watchable: ClassVar[bool] = False
    pattern: str

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
        return re.match(self._expression, path) is not None

    @property
    def _base(self) -> str:
        """The folder in which all that fits must lie."""
        before = self.pattern[: _WILD.search(self.pattern).start()]  # type: ignore[union-attr]
        return before.rpartition("/")[0] if remote.is_remote(before) else os.path.dirname(before)  # noqa: PTH120

    @property
    def _expression(self) -> str:
        """As a regular expression; what lies in a folder that fits, fits."""
        parts = []
        for token in re.findall(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", self.pattern, re.DOTALL):
            if token == "**/":
                parts.append("(?:.*/)?")
            elif token.startswith("*"):
                parts.append(".*" if token == "**" else "[^/]*")
            elif token == "?":
                parts.append("[^/]")
            elif token.startswith("[") and len(token) > 1:
                parts.append("[" + token[1:].replace("!", "^", 1).replace("\\", r"\\"))
            else:
                parts.append(re.escape(token))
        return "(?s:" + "".join(parts) + ")(?:/|$)"


@dataclass(frozen=True, slots=True)
class PathList:
    """A file that names photos."""

    is_watchable: ClassVar[bool] = False
    file: str

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
    if path.lower().endswith(LISTS) and (is_remote or Path(path).is_file()):
        return PathList(path)
    found = remote.find(path) if is_remote else None
    if found is not None:
        return Store(path, found)
    if not is_remote and not is_gone(path):
        return Place(path)
    if _WILD.search(given):
        pattern = Pattern(path)
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
