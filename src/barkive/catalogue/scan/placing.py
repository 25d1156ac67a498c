"""Finds the row that each photo of a batch belongs to: the rule of docs/identity.md.

A file that is known keeps its row. One whose picture is known from a file that is gone takes
that row: it was moved. Everything else is new.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, select, update

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.db.database import Database
from barkive.catalogue.photos import identity
from barkive.catalogue.photos.identity import Contents
from barkive.catalogue.photos.reading import Reading, is_spelled, one_name, status_of
from barkive.classifier import Judged
from barkive.errors import PhotoError
from barkive.images import decode, read_file
from barkive.images.fingerprint import is_same_look, picture_digest, sketch
from barkive.images.remote import is_remote

NEW, CHANGED, MOVED, REPLACED, AGAIN = "new", "changed", "moved", "replaced", "again"
UNREADABLE = "unreadable"

# The shorter side in pixels of a photo that is decoded only for its sketch.
_SEEN_FROM_AFAR = 256


def find_lost(
    database: Database, batch: Sequence[Judged[Reading]], is_gone: Callable[[str], bool]
) -> dict[int, str]:
    """Finds the photos whose pictures a batch has under other names, and whose files are gone.

    A file is gone for its photo also where another picture is under its name by now. Outside
    the transaction that records, for which others wait: to ask a store takes long.

    Args:
        database: The catalogue's.
        batch: To be recorded.
        is_gone: Whether there is no file of a path; asked no more often than it must be.

    Returns:
        Their paths by their `id`.
    """
    c = schema.photo.c
    read = {one.item.path: one.item for one in batch if one.item.sha256 is not None}
    with database.read() as connection:
        in_place = c.missing_since.is_(None), c.path.in_(list(read))
        here = {row.path: row for row in connection.execute(select(schema.photo).where(*in_place))}
        contents = Contents.read(connection, read.values(), {row.picture for row in here.values()})
        for path, row in here.items():
            if contents.picture(read[path]) is None and contents.looks_like(read[path], row):
                contents.add(read[path], row.picture)
        pictures = {path: contents.picture(one) for path, one in read.items()}
        at_home = {path for path, row in here.items() if row.picture == pictures[path]}
        # The row of a picture that another one may turn out to be stays where it is as well.
        stays = at_home | {
            path
            for path, row in here.items()
            if path not in at_home and contents.looks_like(read[path], row)
        }
        wanted = Counter(
            picture
            for path, picture in pictures.items()
            if picture is not None and path not in at_home
        )
        rows: list[Row[Any]] = []
        for part in chunks(list(wanted)):
            rows += connection.execute(
                select(c.id, c.path, c.picture, c.missing_since, c.sha256)
                .add_columns(c.bytes, c.mtime_ns, c.ctime_ns)
                .add_columns(schema.content.c.coded, schema.content.c.sketch)
                .outerjoin(schema.content, schema.content.c.sha256 == c.sha256)
                .where(c.picture.in_(part))
                .order_by(c.id)
            )
    spelled = {one_name(path): path for path in read}
    lost: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: _claim(row, pictures.get(row.path) == row.picture)):
        is_missing = row.missing_since is not None
        if (not is_missing and row.path in stays) or not wanted[row.picture]:
            continue
        other = spelled.get(one_name(row.path), row.path)
        # What the batch has read under this name, it has just seen.
        is_known = is_missing or row.path in read
        if is_known or is_gone(row.path) or not is_spelled(row.path, other) or _is_replaced(row):
            wanted[row.picture] -= 1
            lost[row.id] = row.path
    return lost


def _claim(row: Row[Any], is_back: bool) -> tuple[int, float, int]:
    """Which rows of a picture are taken first where its files are under other names.

    That which has come back to its place, then those that were there until now, in the order in
    which they came, then the ones that went last.
    """
    if row.missing_since is None:
        return 1, 0.0, row.id
    return 0 if is_back else 2, -row.missing_since.timestamp(), row.id


def _is_replaced(row: Row[Any]) -> bool:
    """Whether there is another picture by now where a photo was."""
    if is_remote(row.path) or status_of(row.path) == (row.bytes, row.mtime_ns, row.ctime_ns):
        return False
    try:
        content = read_file(row.path)
        if hashlib.sha256(content).digest() == row.sha256:
            return False
        code = picture_digest(content)
        if code is not None and code == row.coded:
            return False
        pixels = decode(content, shorter_side=_SEEN_FROM_AFAR)
    except PhotoError:
        return False
    return row.sketch is None or not is_same_look(bytes(row.sketch), sketch(pixels))


class Placed(NamedTuple):
    """A reading in its place.

    Attributes:
        judged: What was judged.
        change: What has become of the photo.
        row: That it has in the catalogue; None for a new one.
        number: The row's.
        picture: That its file holds, as far as that can be told.
    """

    judged: Judged[Reading]
    change: str
    row: Row[Any] | None
    number: int
    picture: int

    @property
    def stays_as_seen(self) -> bool:
        """Whether the file can't be read, and all that was known or said of it stays."""
        return self.judged.reason is not None and self.row is not None and not _is_blank(self.row)


class Placing:
    """Tells which rows the readings of a batch belong to: the rule of docs/identity.md.

    Attributes:
        placed: The readings.
        moving: The `id` of each row that leaves its place, for another one or for none.
        blank: The `id` of each row of which nothing was ever seen, and that goes.
        joined: Pictures to which others were joined.
    """

    def __init__(
        self, connection: Connection, batch: Sequence[Judged[Reading]], lost: Mapping[int, str]
    ) -> None:
        c = schema.photo.c
        self.moving: set[int] = set()
        self.blank: set[int] = set()
        self.joined: set[int] = set()
        self._look_up(connection, batch)
        if self._join_alike(connection, batch):
            self._look_up(connection, batch)
        paths = [one.item.path for one in batch]
        fresh = dict(zip(paths, identity.draw(connection, len(batch)), strict=True))
        # Those last of which nothing was ever seen, because theirs may be coded anew.
        certain_first = sorted(batch, key=lambda one: self._is_first_seen(one.item.path))
        found = {one.item.path: self._at_home(one, fresh[one.item.path]) for one in certain_first}
        at_home = {path: placed for path, placed in found.items() if placed is not None}
        homeless = [
            (one, self._new_home(one.item, fresh[one.item.path]), fresh[one.item.path])
            for one in batch
            if one.item.path not in at_home
        ]
        pictures = {picture for _, picture, _ in homeless}
        kept = {one.row.id for one in at_home.values() if one.row is not None}
        self._free = self._lost(connection, kept, pictures, lost)
        taken = select(c.number).where(c.number.in_(pictures))
        self._taken = set(connection.execute(taken).scalars())
        placed = at_home | self._settled(homeless)
        self.placed = [placed[one.item.path] for one in batch]

    def _look_up(self, connection: Connection, batch: Sequence[Judged[Reading]]) -> None:
        c = schema.photo.c
        paths = [one.item.path for one in batch]
        here = select(schema.photo).where(c.path.in_(paths), c.missing_since.is_(None))
        self._here = {row.path: row for row in connection.execute(here)}
        here_before = {row.picture for row in self._here.values()}
        self._contents = Contents.read(connection, [one.item for one in batch], here_before)

    def _join_alike(self, connection: Connection, batch: Sequence[Judged[Reading]]) -> bool:
        """Joins pictures of which a file turns out to be one that was coded anew.

        Its content came up elsewhere before, as a picture that nobody has spoken of yet.

        Returns:
            Whether there were any.
        """
        alike: dict[int, int] = {}
        for one in batch:
            row, picture = self._here.get(one.item.path), self._contents.picture(one.item)
            if row is None or picture in (None, row.picture) or one.reason is not None:
                continue
            if self._contents.looks_like(one.item, row):
                alike.setdefault(picture, row.picture)
        said = schema.correction.c.picture
        spoken = set(connection.execute(select(said).where(said.in_(list(alike)))).scalars())
        joined = {one: other for one, other in alike.items() if one not in spoken}
        for picture, other in joined.items():
            if other not in joined:
                join(connection, picture, other)
        self.joined |= set(joined.values())
        return bool(joined)

    def _is_first_seen(self, path: str) -> bool:
        row = self._here.get(path)
        return row is not None and _is_blank(row)

    def _at_home(self, one: Judged[Reading], number: int) -> Placed | None:
        """A reading that belongs to the row of its path; None where that must be looked for."""
        reading, row = one.item, self._here.get(one.item.path)
        picture = self._contents.picture(reading)
        if row is None:
            # Of a file that can't be opened nothing is known.
            return Placed(one, NEW, None, number, number) if reading.sha256 is None else None
        same = row.sha256 is not None and bytes(row.sha256) == reading.sha256
        if picture is None and _is_blank(row):
            # A picture of its own: damaged files of one content need not become one.
            picture = row.picture if reading.sha256 is None else number
            if reading.sha256 is not None:
                self._contents.add(reading, picture)
            if one.reason is not None:
                return Placed(one, AGAIN, row, row.number, picture)
            return self._first_seen(one, row, picture)
        # Known to hold another picture only where that was ever seen.
        is_another = picture != row.picture and picture in self._contents.sketches
        if one.reason is not None and not _is_blank(row) and not is_another:
            return Placed(one, UNREADABLE, *_of(row))
        if picture is None and (
            self._contents.looks_like(reading, row) or _has_grown(reading, row)
        ):
            picture = row.picture
            self._contents.add(reading, row.picture)
        if picture != row.picture:
            return None
        return Placed(one, AGAIN if same else CHANGED, *_of(row))

    def _first_seen(self, one: Judged[Reading], row: Row[Any], picture: int) -> Placed:
        """A reading of a file that could not be read before: it comes as a new one does."""
        self.blank.add(row.id)
        return Placed(one, CHANGED, None, row.number, picture)

    def _new_home(self, reading: Reading, number: int) -> int:
        """The picture of a reading that was not under its name before."""
        picture = self._contents.picture(reading)
        if picture is None:
            picture = number
            self._contents.add(reading, picture)
        return picture

    def _settled(self, homeless: Sequence[tuple[Judged[Reading], int, int]]) -> dict[str, Placed]:
        """Readings whose pictures were not under their names before, by their paths.

        Args:
            homeless: Each with its picture, and a number for a new row.
        """
        settled: dict[str, Placed] = {}
        # First those that are back in their places, then those of the same name elsewhere.
        for fits in (_is_there, _is_named_alike, lambda row, path: True):
            for one, picture, _ in homeless:
                path, free = one.item.path, self._free.get(picture, [])
                row = next((row for row in free if fits(row, path)), None)
                if row is not None and path not in settled:
                    free.remove(row)
                    settled[path] = self._moved(one, row)
        for one, picture, number in homeless:
            if one.item.path not in settled:
                settled[one.item.path] = self._new(one, picture, number)
        return settled

    def _moved(self, one: Judged[Reading], row: Row[Any]) -> Placed:
        """A reading that takes a row which has left its place."""
        path = one.item.path
        here = self._here.get(path)
        if here is not None and _is_blank(here) and here in self._free[here.picture]:
            self._free[here.picture].remove(here)
            self.blank.add(here.id)
        change = MOVED
        if row.path == path:
            same = row.sha256 is not None and bytes(row.sha256) == one.item.sha256
            change = AGAIN if same else CHANGED
        return Placed(one, change, *_of(row))

    def _new(self, one: Judged[Reading], picture: int, number: int) -> Placed:
        """A reading for which no row is free."""
        row = self._here.get(one.item.path)
        if row is not None and _is_blank(row) and row in self._free[row.picture]:
            self._free[row.picture].remove(row)
            return self._first_seen(one, row, picture)
        if picture not in self._taken:
            self._taken.add(picture)
            number = picture
        return Placed(one, NEW if row is None else REPLACED, None, number, picture)

    def _lost(
        self, connection: Connection, kept: set[int], wanted: set[int], lost: Mapping[int, str]
    ) -> dict[int, list[Row[Any]]]:
        """The rows that are not where they were, by their pictures; not those that are kept."""
        c = schema.photo.c
        known = {row.id for row in self._here.values()}
        free: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in self._here.values():
            if row.id not in kept and row.id not in self.blank:
                self.moving.add(row.id)
                free[row.picture].append(row)
        # Not those that were moved meanwhile.
        still = c.id.in_(list(lost)), c.path.in_(list(lost.values())), c.picture.in_(wanted)
        if lost:
            for row in connection.execute(select(schema.photo).where(*still).order_by(c.id)):
                if row.id not in known:
                    free[row.picture].append(row)
                    self.moving.add(row.id)
        for rows in free.values():
            rows.sort(key=lambda row: _claim(row, is_back=False))
        return free


def _is_blank(row: Row[Any]) -> bool:
    """Whether nothing was ever seen of a photo, or said."""
    return not (row.phash or row.corrected)


def _has_grown(reading: Reading, row: Row[Any]) -> bool:
    """Whether a file that could never be decoded has been written to its end since."""
    if row.phash or row.sha256 is None or is_remote(reading.path) or reading.size is None:
        return False
    if not 0 < (row.bytes or 0) < reading.size:
        return False
    try:
        with open(reading.path, "rb") as file:  # noqa: PTH123 - Path() would refuse odd names
            return hashlib.sha256(file.read(row.bytes)).digest() == bytes(row.sha256)
    except OSError:
        return False


def _of(row: Row[Any]) -> tuple[Row[Any], int, int]:
    return row, row.number, row.picture


def _is_there(row: Row[Any], path: str) -> bool:
    return bool(row.path == path)


def _is_named_alike(row: Row[Any], path: str) -> bool:
    return str(os.path.basename(row.path)) == os.path.basename(path)  # noqa: PTH119


def join(connection: Connection, picture: int, other: int) -> None:
    """Has all that holds a picture of which nobody has spoken hold another one."""
    for table in (schema.photo, schema.content, schema.alias):
        holding = table.c.picture == picture
        connection.execute(update(table).where(holding).values(picture=other))
    review = schema.review
    connection.execute(delete(review).where(review.c.picture == picture))
