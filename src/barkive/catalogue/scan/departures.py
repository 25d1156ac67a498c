"""What a scan no longer finds: how much of a source is gone, and which new photos it has become.

A drive that is not connected, or a share that is not mounted, leaves an empty folder. So where
all that a source held is gone at once, or most of it, nothing is marked until somebody says so.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Row, Select, delete, distinct, func, insert, or_, select

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.identity import is_most, stem
from barkive.catalogue.query.filters import at, inside
from barkive.catalogue.query.store import Store
from barkive.catalogue.scan import recording
from barkive.catalogue.scan.history import RunState
from barkive.catalogue.scan.listing import Listing, look
from barkive.catalogue.scan.sources import Listed, Place, Source
from barkive.errors import SourceAwayError
from barkive.images.fingerprint import is_same_look
from barkive.images.remote import is_remote

_Row = Row[int, str]

_AT_ONCE = 1000
# Of the photos that are missing, so many of the last are compared with new ones.
_COMPARED = 200_000


@dataclass(slots=True)
class Departures:
    """The photos of a scan's sources whose files are gone.

    Attributes:
        store: The catalogue.
        listing: Of the scan, when it has ended.
        before: The highest `id` of a photo before the scan.
    """

    store: Store
    listing: Listing
    before: int
    _gone: dict[int, str] = field(default_factory=dict)

    def find(self, on_progress: Callable[[], None], unread: int | None = None) -> int:
        """Looks for them, and for those that are new photos by now: moved, and coded anew.

        Such a one looks the same, and has the same name but for its ending, or was taken at the
        same second. It takes the place of the new one; nothing else is changed.

        Args:
            on_progress: Called now and then.
            unread: How many photos the scan found, where it had to read none of them: it has
                looked at each a moment ago. None where it did read.

        Returns:
            How many new photos are known ones.
        """
        c = schema.photo.c
        for source in () if self._holds(unread) else self.listing.sources:
            for rows in self._of(source):
                self._lose([row for row in rows if not self.listing.vouches(row.path)])
                on_progress()
        for paths in self.listing.aside():
            with self.store.read() as connection:
                there = c.path.in_(paths), c.missing_since.is_(None)
                rows = list(connection.execute(select(c.id, c.path).where(*there)))
            self._lose(rows)
        return self._adopt()

    def refuse_many(self) -> None:
        """Refuses to mark them where they are too many.

        Raises:
            SourceAwayError: They are; the sentence says of which source, and how many.
        """
        for source in self.listing.sources:
            held = lost = 0
            for rows in self._of(source) if self._gone else ():
                # What an older Barkive catalogued among thumbnails was no photo of theirs.
                thrown = self.listing.is_thrown_away
                known = [r.id for r in rows if r.id <= self.before and not thrown(r.path)]
                held += len(known) + self._replaced([r for r in rows if r.id > self.before])
                lost += sum(number in self._gone for number in known)
            if not lost:
                continue
            # Where a part of what was given is scanned, the whole tells how much is gone.
            around = next((top for top in source.passing.tops if _is_in(source.name, top)), None)
            if around is not None:
                held = self._count(around)
            moved = self._device(source) not in (None, self._noted(source))
            if held == 1:
                raise SourceAwayError("source_only_photo_missing", folder=source.name)
            if lost == held:
                raise SourceAwayError("source_all_photos_missing", count=held, folder=source.name)
            if is_most(lost, held):
                raise SourceAwayError(
                    "source_most_photos_missing",
                    count=held,
                    folder=source.name,
                    found=held - lost,
                )
            if moved:
                raise SourceAwayError(
                    "source_on_other_device", folder=source.name, lost=lost, count=held
                )

    def mark(self) -> int:
        """Marks them missing, and notes on which devices the sources are.

        Returns:
            How many were marked.
        """
        marked = 0
        for part in chunks(list(self._gone.items())):
            # They may be back by now.
            states = look([Listed(path, named=True) for _, path in part])
            lost = {
                number: path
                for (number, path), state in zip(part, states, strict=True)
                if state is None or self.listing.is_thrown_away(path)
            }
            with self.store.write() as connection:
                marked += recording.mark_missing(connection, lost)
        place = schema.place
        devices = {source.name: self._device(source) for source in self.listing.sources}
        with self.store.write() as connection:
            for name, device in devices.items():
                if device is not None:
                    connection.execute(delete(place).where(place.c.path == name))
                    connection.execute(insert(place).values(path=name, device=device))
        return marked

    def _adopt(self) -> int:
        """Has photos that are gone take the places of new ones that hold their pictures."""
        by_name: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        by_time: defaultdict[datetime, list[Row[Any]]] = defaultdict(list)
        by_picture: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        new = self._new()
        first = next(new, None)
        for row in self._missing() if first is not None else ():
            by_name[stem(row.path)].append(row)
            by_picture[row.picture].append(row)
            if row.taken_at is not None:
                by_time[row.taken_at].append(row)
        by_hash = self._seen_by_an_older_version() if first is not None else {}
        joined, taken = 0, set()
        for one in chain([first] if first is not None else [], new):
            # Of some it was learned after they were written which picture they hold.
            alike = by_picture.get(one.picture, ())
            before = by_hash.get((bytes(one.phash), one.width, one.height), ())
            for gone in (
                *(*alike, *before),
                *(*by_name.get(stem(one.path), ()), *by_time.get(one.taken_at, ())),
            ):
                # A copy that was there before is a photo of its own.
                is_copy = gone.picture == one.picture
                if gone.id in taken or (is_copy and one.id <= self.before):
                    continue
                known = bytes(one.sketch if gone.sketch is None else gone.sketch)
                if not is_copy and not is_same_look(known, bytes(one.sketch)):
                    continue
                with self.store.write() as connection:
                    done = recording.adopt(
                        connection, self.store.models, (gone.id, gone.path), one.id
                    )
                if done:
                    joined += 1
                    taken.add(gone.id)
                    self._gone.pop(gone.id, None)
                    break
        return joined

    def _missing(self) -> Iterator[Row[Any]]:
        """The photos that are gone by now or missing, and whose looks are known, the last first."""
        c = schema.photo.c
        last_first = _with_sketches().order_by(c.missing_since.desc(), c.id.desc())
        missing = last_first.where(c.missing_since.is_not(None)).limit(_COMPARED)
        with self.store.read() as connection:
            for part in chunks(list(self._gone)):
                yield from connection.execute(last_first.where(c.id.in_(part)))
            yield from connection.execute(missing)

    def _seen_by_an_older_version(self) -> Mapping[tuple[bytes, int, int], list[Any]]:
        """Photos that are gone since version 0.1 read them, by hash and size.

        It noted neither coded picture nor sketch. Where only tags were written, the hash of all
        256 bits and the size are the same; of two photos that share them none is taken.
        """
        photo, content = schema.photo, schema.content
        c = photo.c
        unknown = (
            select(
                c.id, c.path, c.picture, c.taken_at, c.phash, c.width, c.height, content.c.sketch
            )
            .join_from(photo, content, content.c.sha256 == c.sha256)
            .where(content.c.sketch.is_(None), c.phash.is_not(None))
        )
        found: defaultdict[tuple[bytes, int, int], list[Any]] = defaultdict(list)
        with self.store.read() as connection:
            for part in chunks(list(self._gone)):
                for row in connection.execute(unknown.where(c.id.in_(part))):
                    found[bytes(row.phash), row.width, row.height].append(row)
        return {key: rows for key, rows in found.items() if len({r.picture for r in rows}) == 1}

    def _new(self) -> Iterator[Row[Any]]:
        """The photos that came with this scan, or since the last one that was finished."""
        c, run = schema.photo.c, schema.run.c
        finished = select(func.max(run.started_at)).where(run.state == RunState.FINISHED.value)
        with self.store.read() as connection:
            since = connection.execute(finished).scalar()
            last = connection.execute(select(func.max(c.id))).scalar() or 0
        while True:
            # From the newest on, because they come in the order of their times.
            part = _with_sketches().add_columns(
                *(c.added_at, c.corrected, c.missing_since, c.phash, c.width, c.height)
            )
            with self.store.read() as connection:
                rows = connection.execute(
                    part.where(c.id <= last).order_by(c.id.desc()).limit(_AT_ONCE)
                ).all()
            for row in rows:
                if row.id <= self.before and (since is None or row.added_at < since):
                    return
                is_gone = row.missing_since is not None or row.id in self._gone
                if not is_gone and (row.id > self.before or not row.corrected):
                    yield row
            if not rows:
                return
            last = rows[-1].id - 1

    def _of(self, source: Source) -> Iterator[list[_Row]]:
        """The photos of a source that are there for the catalogue, in parts."""
        c = schema.photo.c
        meant, last = source.catalogued(), ""
        while meant is not None:
            there = select(c.id, c.path).where(c.missing_since.is_(None), meant, c.path > last)
            with self.store.read() as connection:
                rows = connection.execute(there.order_by(c.path).limit(_AT_ONCE)).all()
            if not rows:
                return
            last = rows[-1].path
            yield [row for row in rows if source.means(row.path)]

    def _holds(self, found: int | None) -> bool:
        """Whether just so many photos are there for the catalogue, so that none of them is gone.

        What was listed of a folder lies in it, but not what a pattern, a list or a store tells.
        """
        sources = self.listing.sources
        if not found or any(type(one) is not Place for one in sources):
            return False
        meant = or_(*(one.catalogued() for one in sources if isinstance(one, Place)))
        there = schema.photo.c.missing_since.is_(None), meant
        with self.store.read() as connection:
            number = select(func.count()).select_from(schema.photo).where(*there)
            return connection.execute(number).scalar_one() == found

    def _lose(self, rows: Sequence[_Row]) -> None:
        """Notes those whose files are gone."""
        # By their names, because no listing tells of all: it hides some, and others came later.
        states = look([Listed(row.path, named=True) for row in rows])
        thrown = self.listing.is_thrown_away
        self._gone |= {
            row.id: row.path
            for row, one in zip(rows, states, strict=True)
            if one is None or thrown(row.path)
        }

    def _replaced(self, new: Sequence[_Row]) -> int:
        """How many new photos have the name of one that was known: that file was found."""
        c = schema.photo.c
        at_places = at([row.path for row in new]), c.id <= self.before
        with self.store.read() as connection:
            found = select(func.count(distinct(c.path))).where(*at_places)
            return connection.execute(found).scalar_one()

    def _count(self, folder: str) -> int:
        """How many photos the catalogue had in a folder before the scan."""
        c = schema.photo.c
        there = c.missing_since.is_(None), inside(folder), c.id <= self.before
        with self.store.read() as connection:
            found = select(func.count()).select_from(schema.photo).where(*there)
            return connection.execute(found).scalar_one()

    def _noted(self, source: Source) -> str | None:
        """The device that a source was on, or the one that it is on where none was noted."""
        place = schema.place
        with self.store.read() as connection:
            known = select(place.c.device).where(place.c.path == source.name)
            return connection.execute(known).scalar() or self._device(source)

    @staticmethod
    def _device(source: Source) -> str | None:
        """What tells the file system that a folder is on from others; None where nothing does."""
        if is_remote(source.name) or not os.path.isdir(source.name):  # noqa: PTH112
            return None
        try:
            # Of disks that have one, the identity stays when they are connected anew.
            identity = os.statvfs(source.name).f_fsid if hasattr(os, "statvfs") else 0
            return f"{identity or os.stat(source.name).st_dev:x}"  # noqa: PTH116
        except OSError:
            return None


def _with_sketches() -> Select[Any]:
    """What tells a photo from others by its looks."""
    photo, content = schema.photo, schema.content
    return (
        select(photo.c.id, photo.c.path, photo.c.picture, photo.c.taken_at, content.c.sketch)
        .join_from(photo, content, content.c.sha256 == photo.c.sha256)
        .where(content.c.sketch.is_not(None))
    )


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
