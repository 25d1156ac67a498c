"""Puts photos, or what is made of them, into folders, and takes away what it put there earlier.

Never writes to a photo, and never replaces or removes what it did not make itself: by its
manifest it knows what that is. Knows nothing of breeds.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType

from barkive.atomic import begin, replacing
from barkive.catalogue.export.exporter import ExportContext
from barkive.catalogue.export.manifest import Manifest
from barkive.catalogue.export.outcome import Failure, reason_of
from barkive.catalogue.export.safe_names import key_of, safe_name
from barkive.catalogue.photos.identity import Now, is_most, is_same_picture
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError, SourceAwayError, UsageError, system_reason
from barkive.images import read_file
from barkive.images.files import EXTENSIONS
from barkive.images.placed import Kind, Placed
from barkive.messages import Message

# These have a content of their own, and are as open as their owner made them.
_OWN_CONTENT = (Kind.COPY, Kind.MADE)
# The part of texts that go with a photo.
_BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is made of a photo.

    Attributes:
        suffix: Of its name, with the dot; the rest is the photo's.
        content: Makes it; called only if it is not there yet.
        recipe: How it is made: another recipe makes another file.
        part: What of the photo it is, where several files of a folder are made of one.
    """

    suffix: str
    content: Callable[[], bytes]
    recipe: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """A text that goes with a photo, under the same name in another folder.

    Attributes:
        folder: The folder's safe name.
        suffix: Of the text's name, with the dot.
        text: What it says.
    """

    folder: str
    suffix: str
    text: str

    def name_for(self, photo: str) -> str:
        """The text's name.

        Args:
            photo: The photo's, such as `images/rex.jpg`.
        """
        return f"{self.folder}/{os.path.splitext(photo.partition('/')[2])[0]}{self.suffix}"  # noqa: PTH122


class Tree:
    """A folder of folders of photos, as it is being made."""

    def __init__(
        self,
        out: Path,
        *,
        copy: bool,
        gone: bool = False,
        left_out: Mapping[str, Now] = MappingProxyType({}),
    ) -> None:
        """Makes the folder, and reads what an earlier export put there.

        Args:
            out: The folder.
            copy: Whether to copy; else the photos are linked, by symbolic links where the
                system can make them, by hard links where those are possible, else copied.
            gone: Whether photos are taken out also where they are most of what is there.
            left_out: Photos that were not placed because their files have changed, or can't be
                read; filled until `finish`.

        Raises:
            UsageError: The folder can't be made, read or written into.
        """
        self._out = made_folder(out)
        self._manifest = Manifest(self._out)
        self._earlier = self._manifest.placed
        self._gone, self._left_out = gone, left_out
        self._now: dict[str, Placed] = {}
        # Where a photo is in a folder already, so that it keeps its name there.
        self._known = {
            (name.partition("/")[0], one.photo, one.part): name
            for name, one in self._earlier.items()
        }
        self._made_of: dict[str, list[str]] = {}
        for name, one in self._earlier.items():
            self._made_of.setdefault(one.photo, []).append(name)
        self._taken: set[str] = set()
        self._next_number: dict[str, int] = {}
        if copy:
            self._kinds: tuple[Kind, ...] = (Kind.COPY,)
        elif _can_link(self._out):
            self._kinds = (Kind.LINK,)
        else:
            self._kinds = (Kind.HARD_LINK, Kind.COPY)

    @classmethod
    def of(cls, context: ExportContext) -> Tree:
        """The tree that an export is to make."""
        assert context.out is not None
        return cls(context.out, copy=context.copy, gone=context.gone, left_out=context.left_out)

    def holds(self, photo: str) -> bool:
        """Whether the photo is one of the tree's links or copies, or a link to one."""
        folder, file = os.path.split(photo)
        for path in (Path(os.path.realpath(folder)) / file, Path(os.path.realpath(photo))):
            if path.is_relative_to(self._out):
                one = self._earlier.get(path.relative_to(self._out).as_posix())
                if one is not None and one.is_at(path):
                    return True
        return False

    def place(
        self, entry: Entry, folder: str, made: Made | None = None, beside: Beside | None = None
    ) -> bool:
        """Puts a photo into a folder, unless it is there and right.

        Args:
            entry: The photo.
            folder: The folder's safe name.
            made: What to put there in place of the photo itself.
            beside: A text that goes with it. No two photos then have names that differ in
                their endings alone.

        Returns:
            Whether anything was written.

        Raises:
            OSError: It can't be; `keep` then leaves what an earlier export made of it.
            PhotoError: Nothing can be made of the photo; likewise.
            UsageError: The manifest can't be written.
        """
        known = self._known.get((folder, entry.file, made.part if made else ""))
        if known in self._now:
            return False
        return self._place(entry, folder, known, made, beside)

    def name_of(self, entry: Entry, folder: str, part: str = "") -> str:
        """Under which name a photo was placed, such as `Pug/rex.jpg`.

        Args:
            entry: The photo.
            folder: The folder's safe name.
            part: That of `Made`.
        """
        return self._known[folder, entry.file, part]

    def keep(self, photo: str) -> None:
        """Leaves what an earlier export made of a photo, which can't be placed now.

        Args:
            photo: Its absolute path.
        """
        for name in self._made_of.get(photo, ()):
            self._now.setdefault(name, self._earlier[name])

    def finish(self) -> tuple[int, list[Failure]]:
        """Removes what an earlier export put there and this one did not.

        A copy stays where it would be the last of its photo.

        Returns:
            How many were removed, and which could not be.

        Raises:
            SourceAwayError: Most of what was there would be taken away: nothing is.
            UsageError: The manifest can't be written.
        """
        removed, failures = 0, []
        placed = {one.photo for one in self._now.values()}
        shown = set(placed)
        contents = {one.sha256 for one in self._now.values()} - {None}
        doomed: dict[str, Placed] = {}
        # A text stays where its photo does.
        for name, one in sorted(self._earlier.items(), key=lambda item: item[1].part == _BESIDE):
            path = self._out / name
            if name in self._now or path.parent.is_symlink() or not one.is_at(path):
                continue
            if one.photo in shown if one.part == _BESIDE else self._stays(one, path, contents):
                self._now[name] = one
                shown.add(one.photo)
            else:
                doomed[name] = one
        lost = {one.photo for one in doomed.values()} - placed
        held = len({one.photo for one in self._earlier.values()})
        if lost and not self._gone and (len(lost) == held or is_most(len(lost), held)):
            self._now |= doomed
            self._manifest.rewrite(self._now)
            raise SourceAwayError(
                "export_would_remove_most", lost=len(lost), count=held, folder=self._out
            )
        for name, one in doomed.items():
            path = self._out / name
            try:
                path.unlink()
            except OSError as error:
                self._now[name] = one
                failures.append(Failure(str(path), reason_of(error)))
                continue
            removed += 1
            with suppress(OSError):  # it is not empty
                path.parent.rmdir()
        if self._now != self._earlier:
            self._manifest.rewrite(self._now)
        return removed, failures

    def _stays(self, one: Placed, path: Path, contents: Set[str | None]) -> bool:
        """Whether what is not placed anew is left where it is."""
        match self._left_out.get(one.photo):
            case Now.UNREADABLE | Now.GONE:
                return True
            case Now.CHANGED:
                # A link leads to the new picture, a copy is of the old one.
                return one.kind is not Kind.LINK and not _is_one(path, one.photo)
        if one.kind is Kind.LINK or one.sha256 in contents:
            return False
        if one.kind is Kind.MADE:  # of a photo that has gone it is what is left
            return not os.path.lexists(one.photo)
        original = Path(os.path.realpath(one.photo))
        return original == path or not (original.is_file() and _is_same_picture(original, path))

    def _place(
        self, entry: Entry, folder: str, known: str | None, made: Made | None, beside: Beside | None
    ) -> bool:
        status = os.stat(entry.file)  # noqa: PTH116 - Path() would tidy it
        names = self._candidates(entry, folder, known, made)
        part = made.part if made else ""
        if beside is None:
            name = next(name for name in names if self._is_free(name, entry, part))
            return self._put(entry, name, status, made)
        name, text = next(
            (name, text)
            for name, text in ((name, beside.name_for(name)) for name in names)
            if self._is_free(name, entry, part) and self._is_free(text, entry, _BESIDE)
        )
        content = beside.text.encode()
        recipe = hashlib.sha256(content).hexdigest()
        written = Made(beside.suffix, lambda: content, recipe, _BESIDE)
        # Both, whatever the first says.
        return any([self._put(entry, name, status, made), self._put(entry, text, status, written)])

    def _put(self, entry: Entry, name: str, status: os.stat_result, made: Made | None) -> bool:
        """Puts one file there under a free name, unless it is there and right."""
        earlier, path = self._earlier.get(name), self._out / name
        kinds = self._kinds if made is None else (Kind.MADE,)
        right = earlier is not None and earlier.kind in kinds and earlier.is_at(path)
        if earlier is not None and right and _is_of(earlier, entry, status, made):
            # A copy of a photo that has moved since is as good as before.
            self._now[name] = replace(earlier, photo=entry.file)
        else:
            self._now[name] = self._make(entry, name, status, made)
            right = False
        part = made.part if made else ""
        self._known[name.partition("/")[0], entry.file, part] = name
        self._taken.add(key_of(name))
        return not right

    def _candidates(
        self, entry: Entry, folder: str, known: str | None, made: Made | None
    ) -> Iterator[str]:
        """The names for a photo, the best first, without end."""
        file = os.path.basename(entry.file)  # noqa: PTH119
        if entry.format and not file.lower().endswith(EXTENSIONS):
            file = f"{file}.{entry.format.lower()}"
        if made is not None:
            file = os.path.splitext(file)[0] + made.suffix  # noqa: PTH122
        file = safe_name(file)
        stem, suffix = os.path.splitext(file)  # noqa: PTH122
        if known is not None and known.endswith(suffix):
            yield known
        key = key_of(f"{folder}/{file}")
        for number in count(self._next_number.get(key, 1)):
            if number > 1:
                self._next_number[key] = number + 1
            yield f"{folder}/{stem}{f'-{number}' if number > 1 else ''}{suffix}"

    def _is_free(self, name: str, entry: Entry, part: str) -> bool:
        """Whether a photo may have a name: it is nobody's, its own, or that of one gone."""
        path = self._out / name
        if key_of(name) in self._taken:
            return False
        if not os.path.lexists(path):
            return True
        earlier = self._earlier.get(name)
        if earlier is None or not earlier.is_at(path):
            return False
        if earlier.photo == entry.file or os.path.lexists(earlier.photo):
            return (earlier.photo, earlier.part) == (entry.file, part)
        same = entry.sha256 is not None and entry.sha256 == earlier.sha256
        return earlier.kind is Kind.LINK or (same and earlier.part == part)

    def _make(self, entry: Entry, name: str, status: os.stat_result, made: Made | None) -> Placed:
        path = self._out / name
        if path.parent.is_symlink():
            reason = Message("reason_folder_is_link", {"folder": str(path.parent)})
            raise NotADirectoryError(errno.ENOTDIR, reason)
        path.parent.mkdir(exist_ok=True)
        with replacing(path, durable=False) as part:
            earlier = self._earlier.get(name)
            copied = earlier is not None and earlier.kind in _OWN_CONTENT
            like = path if copied else None
            if made is None:
                kind, how = _put(entry.file, part, self._kinds, like), ("", "")
            else:
                with begin(part, like) as file:
                    file.write(made.content())
                kind, how = Kind.MADE, (made.part, made.recipe)
            if kind in _OWN_CONTENT:
                os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
            size = part.stat().st_size
            placed = Placed(entry.file, kind, size, status.st_mtime_ns, entry.sha256, *how)
            self._manifest.add(name, placed)
        return placed


def _is_of(placed: Placed, entry: Entry, status: os.stat_result, made: Made | None) -> bool:
    """Whether it shows a photo as that is now."""
    if made is not None:
        same = (made.recipe, entry.sha256, status.st_mtime_ns)
        return (placed.recipe, placed.sha256, placed.mtime_ns) == same
    if placed.kind is Kind.LINK:
        return placed.photo == entry.file
    return (placed.size, placed.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _is_one(path: Path, photo: str) -> bool:
    """Whether two names are of one file."""
    try:
        return path.samefile(photo)
    except OSError:
        return False


def _is_same_picture(one: Path, other: Path) -> bool:
    """Whether two files hold the same picture, as far as they can be read."""
    try:
        return is_same_picture(read_file(one), read_file(other))
    except PhotoError:
        return False


def _put(photo: str, part: Path, kinds: Sequence[Kind], like: Path | None) -> Kind:
    """Links or copies a photo in the first way that works; a copy is as open as `like` is."""
    if Kind.LINK in kinds:
        part.symlink_to(photo)
        return Kind.LINK
    if Kind.HARD_LINK in kinds:
        with suppress(OSError, NotImplementedError):
            os.link(os.path.realpath(photo), part)
            return Kind.HARD_LINK
    begin(part, like).close()
    shutil.copyfile(photo, part)
    return Kind.COPY


def made_folder(out: Path) -> Path:
    """Makes a folder for an export where there is none, and gives its real path.

    Raises:
        UsageError: It can't be made, or not be written into.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = Message("reason_is_file") if out.is_file() else system_reason(error)
        raise UsageError("export_folder_not_made", folder=out, reason=reason) from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise UsageError("export_folder_not_writable", folder=out)
    return out.resolve()


def _can_link(folder: Path) -> bool:
    """Whether symbolic links can be made there: not on FAT, and not by all users of Windows."""
    probe = folder / ".barkive.link"
    try:
        probe.unlink(missing_ok=True)
        probe.symlink_to("nowhere")
        probe.unlink()
    except (OSError, NotImplementedError):
        return False
    return True
