"""Shares the photos to review, those that the model is not sure of or others, among people.

A *desk* is one open page, or one person at a terminal. While it has a photo before it, no
other desk gets that one, until it has answered, has left or has been silent for a while: so
nobody does another's work again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update

from barkive.catalogue.annotations import labels
from barkive.catalogue.annotations.labels import Correction
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.models import Models, unpack_probabilities
from barkive.catalogue.query.entries import chosen, to_entries
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.records import Change, Entry, Kind
from barkive.clock import now
from barkive.errors import ReviewedMeanwhileError
from barkive.verdicts import Status

_OPEN, _DONE, _SKIPPED = "open", "done", "skipped"
_LAPSE = timedelta(minutes=5)
_FORGET = timedelta(days=30)
# Several files may hold one picture, which is asked about once.
_SPARE = 4
_LISTED = 5
_COMPARED_AT_ONCE = 2000
_ALL = Filter()
# Fine enough to tell a page from the one that it was before.
_NOW = partial(now, microseconds=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review is.

    Attributes:
        left: Photos that wait for a review: see `Filter.to_review`.
        done: Photos that this desk has answered.
        skipped: Photos that this desk has passed over.
        checked: Pictures of which people said what is on them, in the whole catalogue.
        right: Of these, those on which the model's first guess was right.
        listed: Of these, those whose breed was among its first five.
    """

    left: int
    done: int
    skipped: int
    checked: int
    right: int
    listed: int


class Done(NamedTuple):
    """What a desk did last.

    Attributes:
        file: Of the photo.
        change: What it said; None where it passed the photo over.
    """

    file: str
    change: Change | None


class Review:
    """The queue of photos to look at, for several desks at once."""

    def __init__(
        self, database: Database, models: Models, *, clock: Callable[[], datetime] = _NOW
    ) -> None:
        self._database, self._models, self._clock = database, models, clock

    def take(self, desk: str, wanted: Filter = _ALL, *, count: int = 4) -> list[Entry]:
        """The photos that a desk looks at next; the first, to answer now, is the desk's alone.

        Those of which the model is least certain come first, see `corrections.to_review`.

        Args:
            desk: Any text that no other desk has.
            wanted: Which photos.
            count: How many at most; those after the first so that their pictures can be
                loaded. Another desk may take them first.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        table, c = schema.review, schema.photo.c
        moment = self._clock()
        where = wanted.to_review().where(self._models, sqlite=self._database.is_sqlite)
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.at < moment - _FORGET))
            own = connection.execute(
                select(table.c.picture)
                .where(table.c.desk == desk, table.c.state == _OPEN)
                .order_by(table.c.id)
            ).scalars()
            rows: dict[int, Row[Any]] = {}
            for picture in own.all():
                still = chosen().where(where, c.picture == picture).order_by(c.id).limit(1)
                if (row := connection.execute(still).first()) is not None:
                    rows[picture] = row
            taken = list(rows)[:1]
            if len(rows) < count:
                free = chosen().where(where, ~_is_spoken_for(desk, moment))
                free = labels.least_certain_first(free).limit(count * _SPARE)
                for row in connection.execute(free):
                    if len(rows) < count:
                        rows.setdefault(row.picture, row)
            if rows and not taken:
                (first, *_) = rows
                row_of_desk = {"desk": desk, "picture": first, "state": _OPEN, "at": moment}
                connection.execute(insert(table).values(row_of_desk))
            connection.execute(
                update(table).where(table.c.desk == desk, table.c.state == _OPEN).values(at=moment)
            )
            return to_entries(connection, self._models, list(rows.values())[:count])

    def look(self, wanted: Filter = _ALL, *, offset: int = 0, count: int = 4) -> list[Entry]:
        """The photos that wait for a review, for people to see where nothing can be saved.

        Args:
            wanted: Which photos.
            offset: How many to pass over; those of which the model is least certain come first.
            count: How many at most.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        where = wanted.to_review().where(self._models, sqlite=self._database.is_sqlite)
        page = labels.least_certain_first(chosen().where(where)).offset(offset).limit(count)
        with self._database.read() as connection:
            return to_entries(connection, self._models, connection.execute(page).all())

    def answer(self, desk: str, number: int, correction: Correction) -> Entry:
        """Writes what a desk says of a photo; it is durable when this returns.

        Args:
            desk: Whose answer it is.
            number: The photo's.
            correction: What is said.

        Returns:
            The photo as it is now.

        Raises:
            ChangedPhotoError: Its file holds another picture by now.
            ReviewedMeanwhileError: Somebody has spoken of it meanwhile; nothing is written.
            UnknownPhotoError: There is no such photo.
            UnknownBreedError: There is no such breed.
        """
        table = schema.review
        seen = labels.one(self._database, self._models, number)
        labels.refuse_changed(seen, correction)
        with self._database.write() as connection:
            row = labels.find(connection, number)
            if row.corrected:
                raise ReviewedMeanwhileError(
                    f"Somebody has reviewed {row.path} meanwhile; what they said stands."
                )
            entry = labels.write(connection, self._models, number, correction)
            self._settle(connection, desk, row.picture, _DONE)
            connection.execute(
                update(table)
                .where(table.c.desk == desk, table.c.picture == row.picture)
                .values(correction_id=entry.word)
            )
        return entry

    def skip(self, desk: str, number: int) -> None:
        """Passes over a photo; other desks may get it.

        Raises:
            UnknownPhotoError: There is no such photo.
        """
        with self._database.write() as connection:
            row = labels.find(connection, number)
            self._settle(connection, desk, row.picture, _SKIPPED)

    def unskip(self, desk: str) -> int:
        """Brings the photos back that a desk has passed over, and gives their number."""
        table = schema.review
        with self._database.write() as connection:
            return connection.execute(
                delete(table).where(table.c.desk == desk, table.c.state == _SKIPPED)
            ).rowcount

    def leave(self, desk: str, until: datetime | None = None) -> None:
        """Gives back the photo that a desk has before it.

        Args:
            desk: Which one.
            until: A moment, UTC; what the desk was given later is kept, because a page that
                is loaded anew comes before the old one goes. None gives back all.
        """
        table = schema.review
        where = and_(table.c.desk == desk, table.c.state == _OPEN)
        if until is not None:
            where = and_(where, table.c.at <= until)
        with self._database.write() as connection:
            connection.execute(delete(table).where(where))

    def undo(self, desk: str) -> Entry | None:
        """Takes back what a desk did last, and puts the photo before it again.

        Returns:
            The photo; None where there is nothing to take back.

        Raises:
            ReviewedMeanwhileError: Somebody has spoken of it since; their word stands, and
                the next undo takes back what was before it.
        """
        table = schema.review
        with self._database.write() as connection:
            last = self._last(connection, desk)
            if last is None:
                return None
            row = self._row(connection, last)
            if last.state == _DONE and row.correction_id != last.correction_id:
                connection.execute(delete(table).where(table.c.id == last.id))
            else:
                if last.state == _DONE:
                    labels.write(connection, self._models, row.number, Correction(Kind.UNDO))
                connection.execute(
                    update(table)
                    .where(table.c.id == last.id)
                    .values(state=_OPEN, turn=None, correction_id=None, at=self._clock())
                )
                again = labels.find(connection, row.number)
                (entry,) = to_entries(connection, self._models, [again])
                return entry
        raise ReviewedMeanwhileError(
            f"Somebody has spoken of {row.path} since; what they said stands."
        )

    def last(self, desk: str) -> Done | None:
        """What a desk did last, which is what `undo` takes back; None where it has done nothing."""
        with self._database.read() as connection:
            last = self._last(connection, desk)
            if last is None:
                return None
            said = schema.correction
            row = connection.execute(select(said).where(said.c.id == last.correction_id)).first()
            change = labels.to_change(self._models, row) if row is not None else None
            return Done(self._row(connection, last).path, change)

    def progress(self, desk: str, wanted: Filter = _ALL) -> Progress:
        """How far a desk and all together are, and how often the model was right."""
        table = schema.review
        where = wanted.to_review().where(self._models, sqlite=self._database.is_sqlite)
        with self._database.read() as connection:
            left = connection.execute(
                select(func.count()).select_from(schema.photo).where(where)
            ).scalar_one()
            found = connection.execute(
                select(table.c.state, func.count())
                .where(table.c.desk == desk)
                .group_by(table.c.state)
            )
            states: dict[str, int] = {row.state: row[1] for row in found}
            checked, right, listed = self._compared(connection)
        return Progress(left, states.get(_DONE, 0), states.get(_SKIPPED, 0), checked, right, listed)

    def _last(self, connection: Connection, desk: str) -> Row[Any] | None:
        """The row of what a desk did last."""
        table = schema.review
        return connection.execute(
            select(table)
            .where(table.c.desk == desk, table.c.turn.is_not(None))
            .order_by(table.c.turn.desc())
            .limit(1)
        ).first()

    def _row(self, connection: Connection, done: Row[Any]) -> Row[Any]:
        """A photo with which a desk has done something."""
        found = chosen().where(schema.photo.c.picture == done.picture)
        return connection.execute(found.order_by(schema.photo.c.id).limit(1)).one()

    def _settle(self, connection: Connection, desk: str, picture: int, state: str) -> None:
        """Notes what a desk has done with a photo, as the last thing that it did."""
        table = schema.review
        turns = select(func.coalesce(func.max(table.c.turn), 0)).where(table.c.desk == desk)
        values = {
            "state": state,
            "at": self._clock(),
            "turn": connection.execute(turns).scalar_one() + 1,
        }
        mine = and_(table.c.desk == desk, table.c.picture == picture)
        if not connection.execute(update(table).where(mine).values(values)).rowcount:
            connection.execute(insert(table).values(desk=desk, picture=picture, **values))

    def _compared(self, connection: Connection) -> tuple[int, int, int]:
        """How many pictures people named, on how many the model was right, and nearly so."""
        c, answer = schema.photo.c, schema.answer.c
        named = (Status.DOG.value, Status.NOT_DOG.value)
        # One photo stands for all of its picture.
        first = select(func.min(c.id)).where(c.corrected.is_(True)).group_by(c.picture)
        rows = connection.execution_options(yield_per=_COMPARED_AT_ONCE).execute(
            select(c.status, c.breed, c.breed2, answer.status.label("said"))
            .add_columns(answer.probabilities, answer.model_id)
            .join_from(schema.photo, schema.answer)
            .where(c.id.in_(first), c.status.in_(named))
            .order_by(answer.model_id)
        )
        checked = right = listed = 0
        for part in rows.partitions():
            for model_id, group in groupby(part, lambda row: row.model_id):
                of_model = list(group)
                labels = self._models.get(connection, model_id).labels
                scores = np.stack([unpack_probabilities(row.probabilities) for row in of_model])
                best = np.argsort(-scores, axis=1, kind="stable")[:, :_LISTED].tolist()
                for row, guesses in zip(of_model, best, strict=True):
                    checked += 1
                    said = {row.breed, row.breed2}
                    if Status.NOT_DOG.value in (row.status, row.said):
                        right += row.status == row.said
                        listed += row.status == row.said
                    else:
                        right += labels[guesses[0]].id in said
                        listed += any(labels[i].id in said for i in guesses)
        return checked, right, listed


def _is_spoken_for(desk: str, moment: datetime) -> Any:
    """Whether another desk has a photo before it, or this one has passed over it."""
    table = schema.review
    return exists().where(
        table.c.picture == schema.photo.c.picture,
        or_(
            and_(table.c.desk != desk, table.c.state == _OPEN, table.c.at > moment - _LAPSE),
            and_(table.c.desk == desk, table.c.state != _DONE),
        ),
    )
