"""Copies a catalogue into another database: SQLite or PostgreSQL, in every direction.

A pass goes through the tables, those that others refer to first, by ranges of numbers. It
reads both sides, writes what differs, each range in a transaction of its own, and reads back
what it wrote. So a copy that was killed goes on, a finished one is brought up to date, and
each pass is a verification. The source is seen as it was at the start of the pass; what was
written to it meanwhile comes with the next one.

The copy gets the identity of the source: that tells a copy that was begun from another
catalogue, and the model in use and the timetable of scans, which are the source's after each pass.
`review` and `place` are left behind: who has which photo before them, and on which device folders
were; and what is computed anew: `review_order`, and suggestions of animals.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, text, update

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.portable import (
    ACT_CHANGES,
    ACTS,
    ALIASES,
    ANIMAL_EXPORTS,
    ANIMAL_PHOTOS,
    ANIMALS,
    ANSWERS,
    BREEDS,
    CONTENTS,
    CORRECTIONS,
    DETECTIONS,
    EXPORT_RUNS,
    FORGOTTEN,
    LEARNED_MODELS,
    MERGES,
    MODELS,
    OTHER_DOGS,
    PHOTO_EXPORTS,
    PHOTOS,
    REFUSALS,
    RUNS,
    SAVED_SEARCHES,
    Part,
    Row,
    packed,
)
from barkive.catalogue.learning.in_use import number_in_use
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity.similar import Similar
from barkive.catalogue.transfer import unmerging
from barkive.clock import now
from barkive.errors import CatalogueError, UsageError
from barkive.messages import Message
from barkive.progress import OnProgress


class Step(StrEnum):
    """What is being done of a copy, in this order; `verifying` comes once a pass, or never."""

    COPYING = "copying"
    VERIFYING = "verifying"
    INDEXING = "indexing"


Stage = Callable[[Step], AbstractContextManager[OnProgress]]
"""Given what is being done; yields what takes (rows done, rows in all)."""

# Photos come behind all that shows that people or scans have used the copy; and animals behind
# the photos, which have their verdicts derived anew when they change.
PARTS = (
    *(MODELS, LEARNED_MODELS, ANSWERS, DETECTIONS, MERGES, FORGOTTEN, CONTENTS, ALIASES),
    *(CORRECTIONS, BREEDS, ACTS, ACT_CHANGES, RUNS, PHOTOS, OTHER_DOGS, ANIMALS),
    *(ANIMAL_PHOTOS, REFUSALS, ANIMAL_EXPORTS, PHOTO_EXPORTS, SAVED_SEARCHES, EXPORT_RUNS),
)
# What people said and did: it is only added to, but for what is taken out with its picture.
_SAID = (CORRECTIONS, ACTS)
# What only one row can have, and another of the copy may have still.
_TAKEN = {PHOTOS: schema.photo.c.path, ANIMALS: schema.animal.c.code_key}

# So many rows are in memory, and in a transaction: 10 MB of answers, and half a second.
_AT_ONCE = 2000
# A source that is written to all the time is not followed for ever.
_PASSES = 3


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """What came of one table.

    Attributes:
        name: As people call what it holds, such as photos.
        rows: How many both catalogues hold.
        written: How many were written.
        digest: The SHA-256 of all rows in the order of their numbers, the same of both
            catalogues, in hex digits.
    """

    name: Message
    rows: int
    written: int
    digest: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of a copy.

    Attributes:
        source: The source, as it may be printed.
        target: The copy likewise.
        as_of: The moment, UTC, whose state of the source the copy has.
        settled: False where the source was still being written to, so that the next run will
            find more.
        tables: Each table.
    """

    source: str
    target: str
    as_of: datetime
    settled: bool
    tables: tuple[CopiedTable, ...]


def _silent(_step: Step) -> AbstractContextManager[OnProgress]:
    return nullcontext(lambda done, total: None)


def copy(source: str | Path, target: str | Path, *, stage: Stage = _silent) -> Copied:
    """Copies a catalogue into an empty one, or brings a copy of it up to date.

    Numbers are kept. Killed at any moment, it goes on when it is called again.

    Args:
        source: A file, or `postgresql://user@host/name`.
        target: Likewise; it is made where there is none.
        stage: Shows progress.

    Raises:
        UsageError: Both are one.
        CatalogueError: One can't be used; the target holds another catalogue, or something
            that the source does not have; or it differs after it was written.
        MissingExtraError: PostgreSQL is asked for without the extra for it.
    """
    with (
        closing(Database(source, create=False)) as old,
        closing(Database(target)) as new,
    ):
        _refuse_the_same(old, new)
        copier = _Copier(old, new)
        written = [0] * len(PARTS)
        for number in range(1, _PASSES + 1):
            with stage(Step.COPYING if number == 1 else Step.VERIFYING) as advance:
                moment, tables = copier.run(advance)
            now_written = [table.written for table in tables]
            written = [sum(both) for both in zip(written, now_written, strict=True)]
            if not any(now_written):
                break
        # Also where nothing was written: the run before may have been killed while it did so.
        with stage(Step.INDEXING):
            _index(new)
        of_all = zip(tables, written, strict=True)
        done = tuple(CopiedTable(one.name, one.rows, some, one.digest) for one, some in of_all)
        return Copied(old.name, new.name, moment, not any(now_written), done)


class _Copier:
    """Makes one catalogue the same as another."""

    def __init__(self, source: Database, target: Database) -> None:
        self._source, self._target = source, target
        self._nul = source.is_sqlite and target.is_sqlite
        # Of what people said and did, as the pass sees the source.
        self._last_said: Sequence[int] = (0,) * len(_SAID)
        # The merges that were taken back in the source: what came with them goes here as well.
        self._undone: Collection[int] = ()
        # The contents that were taken out in the source: what people said of them likewise.
        self._forgotten: Collection[bytes] = ()

    def run(self, advance: OnProgress) -> tuple[datetime, list[CopiedTable]]:
        """One pass over all tables.

        Returns:
            The moment, UTC, that the pass saw the source at, and what came of each table.
        """
        with _snapshot(self._source) as source:
            moment = now()
            total = sum(part.count(source) for part in PARTS)
            self._last_said = [part.last(source) for part in _SAID]
            self._undone = unmerging.undone(source)
            contents = source.execute(select(schema.forgotten.c.sha256)).scalars()
            self._forgotten = {bytes(one) for one in contents}
            self._claim(source)
            self._refuse_used(source)
            tables: list[CopiedTable] = []
            for part in PARTS:
                before = sum(map(attrgetter("rows"), tables))

                def of_all(rows: int, before: int = before) -> None:
                    advance(before + rows, total)

                tables.append(self._bring(source, part, of_all))
            self._put_to_use(number_in_use(source))
            self._plan_as(source)
        return moment, tables

    def _claim(self, source: Connection) -> None:
        """Makes an empty catalogue a copy that is begun.

        Raises:
            CatalogueError: It is neither empty nor such a copy.
        """
        identity = select(schema.catalogue.c.uuid, schema.catalogue.c.created_at)
        own = source.execute(identity).one()
        with self._target.write() as target:
            if target.execute(identity).one() == own:
                return
            for part in PARTS:
                if part.last(target):
                    raise CatalogueError(
                        "copy_target_not_empty",
                        target=self._target.name,
                        part=part.name,
                        source=self._source.name,
                    )
            target.execute(update(schema.catalogue).values(own._asdict()))

    def _refuse_used(self, source: Connection) -> None:
        """Refuses a copy that was used since, before anything is written.

        Raises:
            CatalogueError: It was.
        """
        with self._target.read() as target:
            for part in PARTS:
                is_more = part.last(target, self._undone) > part.last(source)
                if is_more and not part.may_go and part is not CORRECTIONS:
                    raise self._used(part)
            for part in (*_SAID, RUNS):
                after = 0
                while rows := part.rows(target, after, limit=_AT_ONCE, nul=self._nul):
                    last = rows[-1][0]
                    self._differing(part, part.rows(source, after, last, nul=self._nul), rows)
                    after = last
            # Behind the source's last there may be what was taken out there.
            self._last_said = [
                max(last, part.last(target, self._undone))
                for part, last in zip(_SAID, self._last_said, strict=True)
            ]

    def _put_to_use(self, number: int | None) -> None:
        """Has the copy use the model that the source uses."""
        with self._target.write() as target:
            if number_in_use(target) != number:
                target.execute(update(schema.catalogue).values(model_id=number))

    def _plan_as(self, source: Connection) -> None:
        """Has a server with the copy scan the same folders by itself, at the same times."""
        table = schema.scan_plan
        plans = source.execute(select(table)).all()
        with self._target.write() as target:
            target.execute(delete(table))
            for plan in plans:
                target.execute(insert(table).values(plan._asdict()))

    def _bring(self, source: Connection, part: Part, advance: Callable[[int], None]) -> CopiedTable:
        """Makes a table of the target the same as the source's, and verifies that it is.

        Args:
            source: A snapshot of the source.
            part: The table.
            advance: Called with the number of rows that are done.

        Raises:
            CatalogueError: The target has rows of its own, or the rows differ in the end.
        """
        ours, theirs = hashlib.sha256(), hashlib.sha256()
        after = count = written = 0
        with self._target.read() as target:
            known = part.last(target)
        limit = 1 if part.is_large else _AT_ONCE
        while rows := part.rows(source, after, limit=limit, nul=self._nul):
            last = rows[-1][0]
            if after < known:
                written += self._drop_gone(part, after, last, {row[0] for row in rows})
            there = self._there(part, after, last) if after < known else []
            if there != rows:
                written += self._write(source, part, after, rows)
                there = self._there(part, after, last)
            for digest, some in ((ours, rows), (theirs, there)):
                for row in some:
                    digest.update(packed(row))
            count += len(rows)
            after = last
            advance(count)
        written += self._drop_gone(part, after, None, set())
        if (self._undone or self._forgotten) and not part.may_go:
            written += self._write(source, part, after, [])
        with self._target.read() as target:
            found = part.count(target)
            if part.last(target) > after:
                raise self._used(part)
        if (found, theirs.digest()) != (count, ours.digest()):
            raise CatalogueError(
                "copy_rows_differ",
                table=part.table.name,
                target=self._target.name,
                target_count=found,
                source=self._source.name,
                source_count=count,
            )
        return CopiedTable(part.name, count, written, ours.hexdigest())

    def _drop_gone(self, part: Part, after: int, last: int | None, numbers: Collection[int]) -> int:
        """Deletes what the source has no longer of a range, and gives its number.

        Args:
            part: The table; nothing is done where rows of it are never gone.
            after: The range begins behind this number.
            last: And ends with this one; None for all that come.
            numbers: What the source has of it.
        """
        if not part.may_go:
            return 0
        with self._target.read() as target:
            gone = [one for one in part.numbers(target, after, last) if one not in numbers]
        for some in chunks(gone, _AT_ONCE):
            with self._target.write() as target:
                if part is ANSWERS:
                    _release(target, some)
                part.delete(target, some)
        return len(gone)

    def _there(self, part: Part, after: int, last: int) -> list[Row]:
        with self._target.read() as target:
            return part.rows(target, after, last, nul=self._nul)

    def _write(self, source: Connection, part: Part, after: int, rows: Sequence[Row]) -> int:
        """Writes what the target lacks of a range, or has otherwise, and gives its number."""
        last = rows[-1][0] if rows else None
        with self._target.write() as target:
            # Read once more, now that nobody else can write.
            there = part.rows(target, after, last, nul=self._nul)
            todo = self._differing(part, rows, there)
            for one, last_said in zip(_SAID, self._last_said, strict=True):
                if one.last(target, self._undone) > last_said:
                    raise self._used(one)
            gone = {row[0] for row in there} - {row[0] for row in rows}
            stale = gone | {row[0] for row in there} & {row[0] for row in todo}
            if part in _TAKEN and last is not None:
                stale |= self._in_the_way(target, part, todo, last)
            part.delete(target, stale)
            part.insert(target, todo)
        return len(todo) + len(gone)

    @staticmethod
    def _in_the_way(target: Connection, part: Part, rows: Sequence[Row], last: int) -> set[int]:
        """The rows of later ranges that have a path or a code which is now another's.

        They come back, with what they have now, when it is the turn of their range.
        """
        number, taken = part.table.c.id, _TAKEN[part]
        place = list(part.table.c).index(taken)
        # Files that are gone may have had one path.
        where = schema.photo.c.missing_since.is_(None) if part is PHOTOS else taken.is_not(None)
        given = [row[place] for row in rows if row[place] is not None]
        found: set[int] = set()
        for some in chunks(list(map(schema.decode_path, given)) if part is PHOTOS else given):
            holders = select(number).where(taken.in_(some), where, number > last)
            found |= set(target.execute(holders).scalars())
        return found

    def _differing(self, part: Part, rows: Sequence[Row], there: Sequence[Row]) -> Sequence[Row]:
        """The rows of a range that the target lacks, or has otherwise.

        Args:
            part: The table.
            rows: The source's.
            there: The target's.

        Raises:
            CatalogueError: The target has a row that is not the source's.
        """
        known = {row[0]: row for row in there}
        own = {row[0]: row for row in rows}
        for number, row in known.items():
            if number not in own and (part.may_go or self._has_gone(part, row)):
                continue
            if number not in own or part.lasting_of(own[number]) != part.lasting_of(row):
                raise self._used(part)
        return [row for row in rows if known.get(row[0]) != row]

    def _has_gone(self, part: Part, row: Row) -> bool:
        """Whether a row came with a merge that was taken back, or is of what was taken out."""
        if part.merge_of(row) in self._undone:
            return True
        columns = dict(zip(part.table.c.keys(), row, strict=True))
        return part is CORRECTIONS and columns["sha256"] in self._forgotten

    def _used(self, part: Part) -> CatalogueError:
        return CatalogueError(
            "copy_target_used", target=self._target.name, part=part.name, source=self._source.name
        )


def _release(target: Connection, answers: Sequence[int]) -> None:
    """Has nothing refer to answers that are gone: when it is their turn, photos get their own."""
    photo, dog = schema.photo, schema.detection
    for some in chunks(answers):
        target.execute(delete(dog).where(dog.c.answer_id.in_(some)))
        had = update(photo).where(photo.c.answer_id.in_(some))
        target.execute(had.values(answer_id=None))


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A transaction in which all statements see the same state."""
    with database.read() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield connection


def _refuse_the_same(source: Database, target: Database) -> None:
    """Refuses to copy a catalogue into itself, whatever names it is given by.

    Raises:
        UsageError: Both are one.
    """
    same = False
    if source.file is not None and target.file is not None:
        same = source.file.samefile(target.file)
    elif source.file is None and target.file is None:
        # A server has many names, but such a lock is one for all who use a database.
        lock, key = text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": secrets.randbits(62)}
        with source.read() as one, target.read() as other:
            one.execute(lock, key)
            same = not other.execute(lock, key).scalar_one()
    if same:
        raise UsageError("copy_onto_itself", catalogue=target.name)


def _index(database: Database) -> None:
    """Brings figures and indexes up to date, as a scan does, so that searches are fast at once."""
    with database.write() as connection:
        for part in PARTS:
            connection.execute(text(f"ANALYZE {part.table.name}"))
    models = Models()
    with database.read() as connection:
        models.read(connection)
        numbers = connection.execute(select(schema.model.c.id)).scalars().all()
    for number in numbers:
        Similar(Store(database, models)).index(number)
