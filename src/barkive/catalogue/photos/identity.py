"""Which picture a file holds. The rule is in docs/identity.md, and nowhere else but here.

A picture is a random number, made once. Contents that were ever read are kept with the picture
that each held: so a file is known by its bytes, or by its coded picture where only what is
written about it has changed. Where both are new, a file still holds the picture that was under
its name before, if it looks the same (`images/fingerprint.py`): then it was coded anew.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, union_all, update

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.reading import Reading, is_gone, status_of
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import read_file
from barkive.images.fingerprint import is_same_look, picture_digest
from barkive.images.header import describe
from barkive.images.remote import is_remote

_LOWEST, _HIGHEST = 10**11, 10**12
_LEAST = 10


def draw(connection: Connection, count: int, avoiding: Collection[int] = ()) -> list[int]:
    """Random numbers of twelve digits that no photo and no picture has.

    Below are the numbers that version 0.1 gave out in order.

    Args:
        connection: Of the catalogue.
        count: How many.
        avoiding: Numbers that are about to be taken.
    """
    free: dict[int, None] = {}
    while len(free) < count:
        drawn = {_LOWEST + secrets.randbelow(_HIGHEST - _LOWEST) for _ in range(count - len(free))}
        drawn -= taken_of(connection, list(drawn)) | set(free) | set(avoiding)
        free |= dict.fromkeys(drawn)
    return list(free)


def taken_of(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Those of some numbers that a photo or a picture has, or had in a merged catalogue."""
    taken: set[int] = set()
    for some in chunks(numbers):
        found = union_all(
            select(schema.photo.c.number).where(schema.photo.c.number.in_(some)),
            select(schema.content.c.picture).where(schema.content.c.picture.in_(some)),
            select(schema.alias.c.number).where(schema.alias.c.number.in_(some)),
        )
        taken |= set(connection.execute(found).scalars())
    return taken


@dataclass(slots=True)
class Contents:
    """The pictures that contents hold, as far as a batch of readings needs to know.

    Attributes:
        by_bytes: Pictures by the SHA-256 of files.
        by_code: Pictures by the digests of coded pictures.
        sketches: How each picture looks, in all its contents that are known.
    """

    by_bytes: dict[bytes, int] = field(default_factory=dict)
    by_code: dict[bytes, int] = field(default_factory=dict)
    sketches: dict[int, list[bytes]] = field(default_factory=dict)

    @staticmethod
    def read(
        connection: Connection, readings: Iterable[Reading], pictures: Iterable[int] = ()
    ) -> Contents:
        """What is known of the contents of readings, and of some pictures."""
        c = schema.content.c
        found = Contents()
        digests, codes = set(), set()
        for one in readings:
            if one.sha256 is not None:
                digests.add(one.sha256)
            if one.coded is not None:
                codes.add(one.coded)
        for column, values in (
            (c.sha256, digests),
            (c.coded, codes),
            (c.picture, {*pictures}),
        ):
            for some in chunks(list(values)):
                part = column.in_(some)
                for row in connection.execute(select(schema.content).where(part).order_by(c.id)):
                    found.by_bytes[bytes(row.sha256)] = row.picture
                    if row.coded is not None:
                        found.by_code.setdefault(bytes(row.coded), row.picture)
                    if row.sketch is not None:
                        found.sketches.setdefault(row.picture, []).append(bytes(row.sketch))
        return found

    def picture(self, reading: Reading) -> int | None:
        """The picture that a reading is known to hold; None for a new one."""
        if reading.sha256 is None:
            return None
        known = self.by_bytes.get(reading.sha256)
        if known is None and reading.coded is not None:
            known = self.by_code.get(reading.coded)
        return known

    def looks_like(self, reading: Reading, row: Row[Any]) -> bool:
        """Whether a reading looks as the picture of a row of `photo` does, and was coded anew."""
        own, known = reading.sketch, self.sketches.get(row.picture)
        if known:
            return own is not None and any(is_same_look(own, one) for one in known)
        # Read by version 0.1, and only its tags are others, if the very same is seen.
        return own is not None and is_same_look(own, own) and row.phash == reading.phash

    def add(self, reading: Reading, picture: int) -> None:
        """Notes that a reading holds a picture."""
        assert reading.sha256 is not None
        self.by_bytes[reading.sha256] = picture
        if reading.coded is not None:
            self.by_code.setdefault(reading.coded, picture)
        if reading.sketch is not None:
            self.sketches.setdefault(picture, []).append(reading.sketch)


def keep(connection: Connection, seen: Iterable[tuple[Reading, int]]) -> None:
    """Keeps the contents of readings with their pictures.

    Args:
        connection: Of a writing transaction.
        seen: Readings, and the picture of each. Of a content that is known already it stays
            as it is.
    """
    c = schema.content.c
    readings = {one.sha256: (one, picture) for one, picture in seen if one.sha256 is not None}
    known: dict[bytes, Row[Any]] = {}
    for digests in chunks(list(readings)):
        for row in connection.execute(select(schema.content).where(c.sha256.in_(digests))):
            known[bytes(row.sha256)] = row
    new: list[dict[str, Any]] = []
    for digest, (reading, picture) in readings.items():
        facts = {
            "coded": reading.coded,
            "sketch": reading.sketch,
            "orientation": reading.header.orientation if reading.header else None,
        }
        there = known.get(digest)
        if there is None:
            new.append({"sha256": digest, "picture": picture, **facts})
        elif reading.sketch is not None and there.sketch is None:
            # Read by an older Barkive.
            connection.execute(update(schema.content).where(c.id == there.id).values(facts))
    if new:
        connection.execute(insert(schema.content), new)


class Now(StrEnum):
    """What a file is, compared with what the catalogue has judged."""

    SAME = "same"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    GONE = "gone"


def compare(entry: Entry) -> Now:
    """Looks whether a photo's file still holds the picture that was judged.

    Where size and times are as they were, the file is not read. Else it is, and holds the same
    picture if its bytes are the same, or its coded picture is. A file in an object store is not
    looked at: it counts as the same.

    Args:
        entry: Of the catalogue.
    """
    if is_remote(entry.file):
        return Now.SAME
    found = status_of(entry.file)
    if found is None:
        return Now.GONE if is_gone(entry.file) else Now.UNREADABLE
    known = (entry.bytes, entry.mtime_ns, entry.ctime_ns)
    if None not in known and known == found and entry.unreadable_since is None:
        return Now.SAME
    try:
        content = read_file(entry.file)
    except PhotoError:
        return Now.GONE if is_gone(entry.file) else Now.UNREADABLE
    return Now.SAME if holds_picture(content, entry) else Now.CHANGED


def is_turned(entry: Entry) -> bool:
    """Whether a photo's file has another orientation than when it was scanned, or its picture has.

    A file in an object store is not looked at: it counts as the same.
    """
    known = (entry.bytes, entry.mtime_ns, entry.ctime_ns)
    if entry.orientation is None or is_remote(entry.file) or known == status_of(entry.file):
        return False
    try:
        return describe(read_file(entry.file)).orientation != entry.orientation
    except PhotoError:
        return False


def holds_picture(content: bytes, entry: Entry) -> bool:
    """Whether a file's content is the picture of a photo, as it was judged or with other tags."""
    if hashlib.sha256(content).hexdigest() == entry.sha256:
        return True
    code = picture_digest(content)
    return code is not None and code.hex() == entry.coded


def is_same_picture(one: bytes, other: bytes) -> bool:
    """Whether two files' contents are one, or hold one coded picture."""
    if one == other:
        return True
    code = picture_digest(one)
    return code is not None and code == picture_digest(other)


def is_most(gone: int, held: int) -> bool:
    """Whether so many are gone at once that they may only be out of reach.

    That is more than half, and at least ten.
    """
    return gone >= _LEAST and gone > held / 2


def stem(path: str) -> str:
    """A file's name without folders and ending, to compare."""
    return os.path.splitext(os.path.basename(path))[0].casefold()  # noqa: PTH119, PTH122
