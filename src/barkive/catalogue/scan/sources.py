"""What a scan can be given: folders, photos, patterns, lists of paths, object stores."""

from __future__ import annotations

import glob
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import chain, takewhile
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, false, not_, or_

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.reading import is_gone
from barkive.catalogue.query.filters import at, inside
from barkive.catalogue.scan.path_lists import LISTS, STDIN, read_list
from barkive.errors import UsageError
from barkive.images import find_photos, remote
from barkive.images.files import EXTENSIONS, Tally, is_inside
from barkive.images.passing import NOTHING_MORE, Passing, place_in, refuse_nothing_left
from barkive.images.spelling import as_spelt

_SYSTEM = ("/proc", "/sys", "/dev")
_IN_MEMORY = "/dev/shm"  # files of people's own as well
_WILD = re.compile(r"[*?\[]")
_Photo = TypeVar("_Photo", str, remote.Stored)

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
    """One of the things that a scan is given, opened once: what was checked is scanned.

    Attributes:
        is_watchable: Whether this machine tells when something changes there.
    """

    is_watchable: ClassVar[bool]

    @property
    def name(self) -> str:
        """The path, pattern or URL: absolute and normalised."""
        ...

    @property
    def passing(self) -> Passing:
        """What is passed over there."""
        ...

    @property
    def tally(self) -> Tally:
        """Counts what listing it passes over."""
        ...

    def begin(self) -> None:
        """Begins to list it where patterns could leave nothing of it; `listed` goes on.

        Raises:
            StoreError: The object store can't be asked.
            UsageError: Patterns have left nothing.
        """
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

    def throws_away(self, path: str) -> bool:
        """Whether a photo lies in a bin of its, or another place where none is people's own."""
        ...


@dataclass(frozen=True, slots=True)
class _Searched(ABC):
    """A source whose photos are found by a search.

    Attributes:
        name: The path, pattern or URL.
        passing: What is passed over there.
        tally: Counts it.
    """

    is_watchable: ClassVar[bool] = False
    name: str
    passing: Passing = NOTHING_MORE
    tally: Tally = field(default_factory=Tally, compare=False)
    # The search that has begun, if any; with the photo that was looked at.
    _begun: list[Iterator[Listed]] = field(
        default_factory=list, init=False, compare=False, repr=False
    )

    def begin(self) -> None:
        """See `Source`."""
        # Where patterns lie in folders, only listing them all tells.
        if self.passing.exclude and not self._begun:
            self.is_empty()

    def is_empty(self) -> bool:
        """Whether a search finds nothing: it begins, and `listed` goes on with it."""
        found = self._search()
        first = next(found, None)
        self._begun[:] = [found if first is None else chain((first,), found)]
        return first is None

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        return self._begun.pop() if self._begun else self._search()

    @abstractmethod
    def _search(self) -> Iterator[Listed]:
        """A search from its beginning."""


@dataclass(frozen=True, slots=True)
class Place(_Searched):
    """A folder with all that is inside, or one photo."""

    is_watchable: ClassVar[bool] = True

    def _search(self) -> Iterator[Listed]:
        # A tree that an export made of links or copies is not photographed anew.
        passing = replace(self.passing, takes_export=False)
        found = find_photos([self.name], passing=passing, tally=self.tally)
        return map(Listed, _left(found, self.name, self.passing, self.tally))

    def catalogued(self) -> ColumnElement[bool]:
        """See `Source`."""
        return or_(schema.photo.c.path == self.name, inside(self.name))

    def means(self, path: str) -> bool:
        """See `Source`."""
        return True

    def throws_away(self, path: str) -> bool:
        """See `Source`."""
        tops = (top for top in self.passing.tops if is_inside(self.name, top))
        return _in_a_place(path, min(tops, key=len, default=self.name))


@dataclass(frozen=True, slots=True)
class ObjectStore(Place):
    """A folder of an object store with all that is inside, or one photo there.

    Attributes:
        found: What the store has said that it is.
    """

    is_watchable: ClassVar[bool] = False
    found: remote.Stored | remote.Folder = field(kw_only=True)

    def _search(self) -> Iterator[Listed]:
        if isinstance(self.found, remote.Stored):
            yield stored(self.found)
        else:
            found = remote.walk(self.name, self.passing, self.tally)
            yield from map(stored, _left(found, self.name, self.passing, self.tally))


@dataclass(frozen=True, slots=True)
class Pattern(_Searched):
    """All photos whose paths fit a pattern, as `glob` has it, or lie in a folder that does.

    Attributes:
        name: The pattern, absolute or a URL: `*`, `?`, `[abc]`, and `**` for any folders.
    """

    def _search(self) -> Iterator[Listed]:
        if remote.is_remote(self.name):
            there = remote.walk(self.base, self.passing, self.tally)
            meant = (one for one in there if self.means(one.path))
            yield from map(stored, _left(meant, self.name, self.passing, self.tally))
            return
        # The rules begin where the names are written out.
        passing = replace(self.passing, tops=(self.base,), takes_export=False)
        found = find_photos(self._fitting(), passing=passing, tally=self.tally)
        yield from map(Listed, _left(found, self.name, self.passing, self.tally))

    def catalogued(self) -> ColumnElement[bool]:
        """See `Source`."""
        return inside(self.base)

    def means(self, path: str) -> bool:
        """See `Source`."""
        *folders, last = self.name.split("/")
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

    def throws_away(self, path: str) -> bool:
        """See `Source`."""
        return _in_a_place(path, self.base)

    def _fitting(self) -> Iterator[str]:
        """The photos and folders that fit, but for those in a folder that fits itself."""
        folders: set[Path] = set()
        for path in glob.iglob(self.name, recursive=True):  # noqa: PTH207 - Path drops odd names
            found = Path(schema.absolute_path(path))
            if not folders.isdisjoint(found.parents):
                continue
            if found.is_dir():
                folders.add(found)
                yield str(found)
            elif path.lower().endswith(EXTENSIONS):
                yield str(found)

    @property
    def base(self) -> str:
        """The folder in which all that fits must lie."""
        folders = self.name.split("/")[:-1]
        plain = takewhile(lambda part: not _WILD.search(_ESCAPED.sub("", part)), folders)
        return _ESCAPED.sub(r"\1", "/".join(plain)) or "/"


@dataclass(frozen=True, slots=True)
class PathList:
    """A file that names photos."""

    is_watchable: ClassVar[bool] = False
    passing: ClassVar[Passing] = NOTHING_MORE
    name: str
    tally: Tally = field(default_factory=Tally, compare=False)

    def begin(self) -> None:
        """See `Source`: no pattern leaves out what people name."""

    def listed(self) -> Iterator[Listed]:
        """See `Source`."""
        for path in read_list(self.name):
            yield Listed(schema.absolute_path(path), named=True)

    def catalogued(self) -> None:
        """See `Source`."""

    def means(self, path: str) -> bool:
        """See `Source`."""
        return False

    def throws_away(self, path: str) -> bool:
        """See `Source`: what people name is taken."""
        return False


def stored(one: remote.Stored) -> Listed:
    """A photo as its store lists it."""
    return Listed(one.path, False, one.size, one.mtime_ns)


def catalogued(sources: Iterable[Source]) -> Iterator[ColumnElement[bool]]:
    """Conditions for the photos of the catalogue that sources mean; each photo fits one at most."""
    places = [where for one in sources if (where := one.catalogued()) is not None]
    if places:
        yield or_(*places)
    named = (one for one in sources if isinstance(one, PathList) and one.name != STDIN)
    paths = dict.fromkeys(listed.path for one in named for listed in one.listed())
    for part in chunks([*paths]):
        yield and_(at(part), not_(or_(false(), *places)))


def _left(
    found: Iterator[_Photo], searched: str, passing: Passing, tally: Tally
) -> Iterator[_Photo]:
    """What is found in something.

    Raises:
        UsageError: That is nothing, because patterns have left nothing.
    """
    nothing = True
    for one in found:
        nothing = False
        yield one
    # A part of what was given may well be left out as a whole.
    if nothing and not passing.tops:
        refuse_nothing_left(searched, tally.counts())


def _in_a_place(path: str, top: str) -> bool:
    """Whether a photo lies below a folder, and there in a bin or among thumbnails."""
    top = top.rstrip("/" + os.sep)
    if not path.startswith((top + "/", top + os.sep)):
        return False
    folder, _, _ = path[len(top) + 1 :].replace(os.sep, "/").rpartition("/")
    return place_in(folder) is not None


def open_list(file: str) -> Source:
    """The photos that a file names; `-` for standard input. See `path_lists.read_list`."""
    return PathList(file if file == STDIN else as_spelt(schema.absolute_path(file)))


def is_system_folder(path: str) -> bool:
    """Whether a folder is all that there is, or the system's own: no photos are kept there.

    Args:
        path: An absolute path; links are followed.
    """
    if os.name != "posix":
        return False
    real = os.path.realpath(path)
    if is_inside(real, _IN_MEMORY):
        return False
    return real == "/" or any(is_inside(real, one) for one in _SYSTEM)


def open_source(given: str, passing: Passing = NOTHING_MORE) -> Source:
    """What a name on the command line stands for.

    Args:
        given: The name.
        passing: What is passed over there.

    Raises:
        MissingExtraError: It needs an extra that is not installed.
        StoreError: The object store can't be asked.
        UsageError: There is no such thing: it may be an unplugged disk; or it is no place for
            photos, such as `/`; or the patterns of `passing` leave nothing of what fits a pattern.
    """
    path = schema.absolute_path(given)
    is_remote = remote.is_remote(path)
    path = path if is_remote else as_spelt(path)
    if not is_remote and is_system_folder(path):
        raise UsageError("source_of_system", path=path)
    if is_remote and _WILD.search(path.split("/")[2]):
        raise UsageError("source_bucket_pattern", source=given)
    if path.lower().endswith(LISTS) and (is_remote or Path(path).is_file()):
        return PathList(path)
    found = remote.find(path) if is_remote else None
    if found is not None:
        return ObjectStore(path, passing, found=found)
    if not is_remote and not is_gone(path):
        return Place(path, passing)
    if _WILD.search(given):
        # The folder that a pattern starts at is none itself, whatever its name.
        here = "" if is_remote else glob.escape(os.getcwd())  # noqa: PTH109
        pattern = Pattern(schema.absolute_path(os.path.join(here, given)), passing)  # noqa: PTH118
        if is_system_folder(pattern.base):
            raise UsageError("source_of_system", path=pattern.base)
        if not pattern.is_empty():
            return pattern
        raise UsageError("source_pattern_empty", pattern=given)
    raise UsageError("source_not_found", path=given)
