"""Shares the photos to review, those that the model is not sure of or others, among people.

A *session* is one open page, or one person at a terminal. While it holds a photo, no other
session gets that one, until it has answered, has left or has been silent for a while: so
nobody does another's work again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from barkive.catalogue.annotations import labels
from barkive.catalogue.annotations.labels import Label
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import last_learned
from barkive.catalogue.predictions.packing import unpack_probabilities
from barkive.catalogue.query import counting, entries
from barkive.catalogue.query.effective_label import standing
from barkive.catalogue.query.entries import chosen, to_entries
from barkive.catalogue.query.filters import Filter, present
from barkive.catalogue.query.judgements import said_of
from barkive.catalogue.query.store import Store
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
# Of so few photos that a filter leaves SQLite finds those that wait; of more it goes through
# those that wait, so many at first, until enough of them fit the filter.
_FEW = 20_000
_STRIDE, _LONGEST_STRIDE = 1000, 8000
# What a person has to look at most comes first.
_FIRST = [Status.UNCERTAIN.value, Status.NOT_DOG.value, Status.DOG.value]
_ALL = Filter()
_ANY: ColumnElement[bool] = true()
# Fine enough to tell a page from the one that it was before.
_NOW = partial(now, microseconds=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review is.

    Attributes:
        left: Photos that wait for a review: see `Filter.to_review`; also those of which only
            another dog than the main one does.
        done: Photos that this reviewer has answered.
        skipped: Photos of these that this reviewer has passed over.
        checked: Pictures of which people said what is on them, in the whole catalogue; without
            those that the model in use has learned from.
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
    """What a session did last.

    Attributes:
        file: Of the photo.
        change: What it said; None where it passed the photo over.
    """

    file: str
    change: Change | None


class ReviewQueue:
    """The queue of photos to review, for several sessions at once."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = _NOW) -> None:
        self._store, self._clock = store, clock

    def take(self, session: str, query: Filter = _ALL, *, count: int = 4) -> list[Entry]:
        """The photos that a session looks at next; the first, to answer now, is its own alone.

        Those that teach most come first, see `learning.review_order`, and then those of which the
        model is least certain, see `least_certain_first`.

        Args:
            session: Any text that no other session has.
            query: Which photos.
            count: How many at most; those after the first so that their pictures can be
                loaded. Another session may take them first.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        table, c = schema.review, schema.photo.c
        moment = self._clock()
        waiting = _Waiting.of(self._store, query)
        with self._store.write() as connection:
            connection.execute(delete(table).where(table.c.at < moment - _FORGET))
            mine = and_(table.c.desk == session, table.c.state == _OPEN)
            self._give_up(connection, session, moment)
            own = connection.execute(
                select(table.c.picture).where(mine).order_by(table.c.id)
            ).scalars()
            rows: dict[int, Row[Any]] = {}
            for picture in own.all():
                still = (
                    chosen().where(waiting.condition, c.picture == picture).order_by(c.id).limit(1)
                )
                if (row := connection.execute(still).first()) is not None:
                    rows[picture] = row
                else:  # others may get it, whichever filter they have
                    connection.execute(delete(table).where(mine, table.c.picture == picture))
            taken = list(rows)[:1]
            for part in waiting.parts:
                if len(rows) < count:
                    free = _is_free(session, moment)
                    for row in part.page(connection, count * _SPARE, also=free):
                        if len(rows) < count:
                            rows.setdefault(row.picture, row)
            if rows and not taken:
                (first, *_) = rows
                values = {"desk": session, "picture": first, "state": _OPEN, "at": moment}
                connection.execute(insert(table).values(values))
            connection.execute(update(table).where(mine).values(at=moment))
            return to_entries(connection, self._store.models, list(rows.values())[:count])

    def look(self, query: Filter = _ALL, *, offset: int = 0, count: int = 4) -> list[Entry]:
        """The photos that wait for a review, for people to see where nothing can be saved.

        Args:
            query: Which photos.
            offset: How many to pass over, in the order of `take`.
            count: How many at most.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        rows: list[Row[Any]] = []
        waiting = _Waiting.of(self._store, query)
        with self._store.read() as connection:
            for part in waiting.parts:
                rows += part.page(connection, count - len(rows), offset)
                if len(rows) == count:
                    break
                offset = max(0, offset - part.count(connection))
            return to_entries(connection, self._store.models, rows)

    def answer(self, session: str, number: int, label: Label) -> Entry:
        """Writes what a session says of a photo; it is durable when this returns.

        An answer that comes twice, because its sender could not know that it had arrived, is
        written once.

        Args:
            session: Whose answer it is.
            number: The photo's.
            label: What is said.

        Returns:
            The photo as it is now.

        Raises:
            ChangedPhotoError: Its file holds another picture by now.
            ReviewedMeanwhileError: Somebody has spoken of it meanwhile; nothing is written.
            UnknownPhotoError: There is no such photo.
            UnknownBreedError: There is no such breed.
        """
        seen = entries.one(self._store, number)
        labels.refuse_changed(seen, label)
        with self._store.write() as connection:
            row = entries.find(connection, number)
            (seen,) = to_entries(connection, self._store.models, [row])
            dogs = {dog.id: dog.corrected for dog in seen.dogs or ()}
            is_done = row.corrected if label.dog is None else dogs.get(label.dog, False)
            if self._has_said(connection, session, row.picture, label):
                return seen
            if is_done and label.kind is not Kind.DOG:
                raise ReviewedMeanwhileError("review_done_meanwhile", file=row.path)
            entry = labels.write(connection, self._store.models, number, label)
            said = said_of(connection, [row.picture])[row.picture][-1].id
            # Of several dogs the session has the next one before it.
            is_left = label.dog is not None and entry.open_dog is not None
            state = _OPEN if is_left or label.kind is Kind.DOG else _DONE
            self._settle(connection, session, row.picture, state, said)
        return entry

    def skip(self, session: str, number: int) -> None:
        """Passes over a photo; other sessions may get it.

        Raises:
            UnknownPhotoError: There is no such photo.
        """
        with self._store.write() as connection:
            row = entries.find(connection, number)
            self._settle(connection, session, row.picture, _SKIPPED, None)

    def unskip(self, session: str) -> int:
        """Brings the photos back that a session has passed over, and gives their number."""
        table = schema.review
        with self._store.write() as connection:
            return connection.execute(
                delete(table).where(table.c.desk == session, table.c.state == _SKIPPED)
            ).rowcount

    def leave(self, session: str, until: datetime | None = None) -> None:
        """Gives back the photo that a session has before it.

        Args:
            session: Which one.
            until: A moment, UTC; what the session was given later is kept, because a page that
                is loaded anew comes before the old one goes. None gives back all.
        """
        table = schema.review
        where = and_(table.c.desk == session, table.c.state == _OPEN)
        if until is not None:
            where = and_(where, table.c.at <= until)
        with self._store.write() as connection:
            connection.execute(delete(table).where(where))

    def undo(self, session: str, by: str | None = None) -> Entry | None:
        """Takes back what a session did last, and gives it the photo again.

        Not where another session holds the photo by now: that one keeps it.

        Args:
            session: Which one.
            by: Who says so.

        Returns:
            The photo; None where there is nothing to take back.

        Raises:
            ReviewedMeanwhileError: Somebody has spoken of it since; their word stands, and
                the next undo takes back what was before it.
        """
        table = schema.review
        with self._store.write() as connection:
            last = self._last(connection, session)
            if last is None:
                return None
            row = self._row(connection, last)
            said = last.correction_id
            holding = standing(said_of(connection, [row.picture]).get(row.picture, []))
            if said is not None and (not holding or holding[-1].id != said):
                connection.execute(delete(table).where(table.c.id == last.id))
            else:
                if said is not None:
                    undone = Label(Kind.UNDO, by=by)
                    labels.write(connection, self._store.models, row.number, undone)
                connection.execute(
                    update(table)
                    .where(table.c.id == last.id)
                    .values(state=_OPEN, turn=None, correction_id=None, at=self._clock())
                )
                self._give_up(connection, session, self._clock())
                again = entries.find(connection, row.number)
                (entry,) = to_entries(connection, self._store.models, [again])
                return entry
        raise ReviewedMeanwhileError("review_spoken_since", file=row.path)

    def last(self, session: str) -> Done | None:
        """What a session did last, which `undo` takes back; None where it has done nothing."""
        with self._store.read() as connection:
            last = self._last(connection, session)
            if last is None:
                return None
            said = schema.correction
            row = connection.execute(select(said).where(said.c.id == last.correction_id)).first()
            change = labels.to_change(self._store.models, row) if row is not None else None
            return Done(self._row(connection, last).path, change)

    def left(self, query: Filter = _ALL) -> int:
        """How many photos wait for a review: see `Progress`."""
        waiting = _Waiting.of(self._store, query)
        main = counting.count(self._store, query.to_review())
        with self._store.read() as connection:
            return main + _count(connection, waiting.beside)

    def progress(self, session: str, query: Filter = _ALL) -> Progress:
        """How far a session and all together are, and how often the model was right."""
        table, left = schema.review, self.left(query)
        waits, picture = _Waiting.of(self._store, query).condition, schema.photo.c.picture
        with self._store.read() as connection:
            found = connection.execute(
                select(table.c.state, func.count())
                .where(table.c.desk == session)
                .group_by(table.c.state)
            )
            states: dict[str, int] = {row.state: row[1] for row in found}
            skipped = 0
            if _SKIPPED in states:
                mine = and_(table.c.desk == session, table.c.state == _SKIPPED)
                among = picture.in_(select(table.c.picture).where(mine))
                photos = select(func.count(picture.distinct())).where(waits, among)
                skipped = connection.execute(photos).scalar_one()
            checked, right, listed = self._compared(connection)
        return Progress(left, states.get(_DONE, 0), skipped, checked, right, listed)

    def _give_up(self, connection: Connection, session: str, moment: datetime) -> None:
        """Takes from a session what another one got because it was silent, or passed it over."""
        table, other = schema.review, schema.review.alias("other")
        is_held = and_(other.c.state == _OPEN, other.c.at > moment - _LAPSE)
        by_another = and_(other.c.desk != session, other.c.picture == table.c.picture)
        mine = and_(table.c.desk == session, table.c.state == _OPEN)
        connection.execute(delete(table).where(mine, exists().where(by_another, is_held)))

    def _last(self, connection: Connection, session: str) -> Row[Any] | None:
        """The row of what a session did last."""
        table = schema.review
        return connection.execute(
            select(table)
            .where(table.c.desk == session, table.c.turn.is_not(None))
            .order_by(table.c.turn.desc())
            .limit(1)
        ).first()

    def _has_said(self, connection: Connection, session: str, picture: int, label: Label) -> bool:
        """Whether the last word on a picture is a session's own, and the same as a label."""
        last = self._last(connection, session)
        if last is None or last.picture != picture or label.kind is Kind.DOG:
            return False
        holding = standing(said_of(connection, [picture]).get(picture, []))
        if not holding or last.correction_id != holding[-1].id:
            return False
        before = labels.to_change(self._store.models, holding[-1])
        if (label.kind, label.dog) != (before.kind, before.dog):
            return False
        names = self._store.models.names
        return [names.find(one) for one in label.breeds] == [one.id for one in before.labels]

    def _row(self, connection: Connection, done: Row[Any]) -> Row[Any]:
        """A photo with which a session has done something."""
        found = chosen().where(schema.photo.c.picture == done.picture)
        return connection.execute(found.order_by(schema.photo.c.id).limit(1)).one()

    def _settle(
        self, connection: Connection, session: str, picture: int, state: str, said: int | None
    ) -> None:
        """Notes what a session has done with a photo, as the last thing that it did.

        Args:
            connection: Of a writing transaction.
            session: Which one.
            picture: The photo's.
            state: What the photo is for the session from now on.
            said: The number of its label; None where it said nothing.
        """
        table = schema.review
        turns = select(func.coalesce(func.max(table.c.turn), 0)).where(table.c.desk == session)
        values = {
            "state": state,
            "at": self._clock(),
            "turn": connection.execute(turns).scalar_one() + 1,
            "correction_id": said,
        }
        mine = and_(table.c.desk == session, table.c.picture == picture)
        if not connection.execute(update(table).where(mine).values(values)).rowcount:
            connection.execute(insert(table).values(desk=session, picture=picture, **values))

    def _compared(self, connection: Connection) -> tuple[int, int, int]:
        """How many pictures people named, on how many the model was right, and nearly so.

        Without those that the model in use has learned from: on these it nearly always is.
        """
        c, answer = schema.photo.c, schema.answer.c
        named = (Status.DOG.value, Status.NOT_DOG.value)
        # One photo stands for all of its picture.
        first = select(func.min(c.id)).where(c.corrected.is_(True)).group_by(c.picture)
        rows = connection.execution_options(yield_per=_COMPARED_AT_ONCE).execute(
            select(c.status, c.breed, c.breed2, answer.status.label("said"))
            .add_columns(answer.probabilities, answer.model_id)
            .join_from(schema.photo, schema.answer)
            .where(c.id.in_(first), c.status.in_(named))
            .where(c.correction_id > last_learned(connection))
            .order_by(answer.model_id)
        )
        checked = right = listed = 0
        for part in rows.partitions():
            for model_id, group in groupby(part, lambda row: row.model_id):
                of_model = list(group)
                labels = self._store.models.get(connection, model_id).labels
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


def least_certain_first() -> tuple[ColumnElement[Any], ...]:
    """By what photos are ordered where no order says which teach most.

    First come those between whose two best breeds the model can choose least (margin
    sampling; Scheffer et al., 2001, "Active Hidden Markov Models for Information
    Extraction"): there a person decides fastest. Of photos on which it saw no dog, those come
    first that are most nearly one; those last that an older Barkive took for no dog, because it
    kept no margin of them.
    """
    c = schema.photo.c
    return c.margin.nulls_last(), c.id


class _Part(NamedTuple):
    """Photos that wait for a review, and that come one after the other.

    Attributes:
        where: Which ones.
        is_ranked: Whether those of them whose pictures `schema.review_order` holds are meant, in
            that order; or all, the least certain first.
        among: Photos among which they are, and of which an index has the order; None where the
            database finds its way alone.
    """

    where: ColumnElement[bool]
    is_ranked: bool = False
    among: ColumnElement[bool] | None = None

    def page(
        self,
        connection: Connection,
        limit: int,
        offset: int = 0,
        *,
        also: ColumnElement[bool] = _ANY,
    ) -> Sequence[Row[Any]]:
        """Some of them, in order, as `chosen` has them.

        Args:
            connection: Of the catalogue.
            limit: How many at most.
            offset: How many to pass over.
            also: What else they must fit.
        """
        c, where = schema.photo.c, and_(self.where, also)
        if not self.is_ranked:
            # The numbers alone, because an index holds them: of the photos that a session has
            # passed over no row is read.
            order = least_certain_first()
            if self.among is None:
                queue = select(c.id).where(where).order_by(*order).limit(limit).offset(offset)
                numbers = connection.execute(queue).scalars().all()
            else:
                numbers = _first(connection, self.among, where, offset + limit)[offset:]
            return connection.execute(chosen().where(c.id.in_(numbers)).order_by(*order)).all()
        # One picture after the other is looked up until there are enough. Of a join, or of EXISTS,
        # the database may look all of them up first; of an aggregate it does not.
        table = schema.review_order.c
        first = select(func.min(c.id)).where(c.picture == table.picture, where).scalar_subquery()
        ranked = select(table.picture).where(first.is_not(None)).order_by(table.rank)
        ranked = ranked.limit(offset + limit)
        places = {one: i for i, one in enumerate(connection.execute(ranked).scalars())}
        if not places:
            return []
        found = chosen().where(where, c.picture.in_(list(places))).order_by(c.id)
        rows = sorted(connection.execute(found), key=lambda row: places[row.picture])
        return rows[offset : offset + limit]

    def count(self, connection: Connection) -> int:
        """How many there are."""
        where = and_(self.where, _is_ranked()) if self.is_ranked else self.where
        return _count(connection, where)


class _Waiting(NamedTuple):
    """The photos that wait for a review.

    Attributes:
        main: Those whose main dog does.
        beside: Those of which only another dog does.
        parts: All of them, in parts that come one after the other; of those whose main dog waits
            each status is a part, because an index has the order of one.
    """

    main: ColumnElement[bool]
    beside: ColumnElement[bool]
    parts: Sequence[_Part]

    @classmethod
    def of(cls, store: Store, query: Filter) -> _Waiting:
        """Those of a filter.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        wanted = query.to_review()
        around = replace(wanted, status=(), corrected=None)
        photo, dog = schema.photo.c, schema.other_dog.c
        statuses = [Status(one).value for one in wanted.status]
        is_main = and_(photo.corrected.is_(False), photo.status.in_(statuses))
        waits = and_(dog.corrected.is_(False), dog.status.in_(statuses))
        fits = around.where(store)
        is_beside: ColumnElement[bool] = photo.id.in_(select(dog.photo_id).where(waits))
        is_filtered = store.is_sqlite and around != _ALL
        is_narrow = is_filtered and _are_few(store, fits)
        if is_narrow:
            # Those that fit are looked up first, and not those that wait.
            fits = photo.id.in_(select(photo.id).where(fits))
            is_beside = exists().where(dog.photo_id == photo.id, waits)
        walks = is_filtered and not is_narrow and around.missing is False
        parts = [_Part(and_(fits, is_main), is_ranked=True)]
        for one in sorted(statuses, key=_FIRST.index):
            waiting = and_(photo.corrected.is_(False), photo.status == one)
            among = and_(present(), waiting) if walks else None
            parts.append(_Part(and_(fits, waiting, ~_is_ranked()), among=among))
        beside = and_(fits, is_beside, ~is_main)
        return cls(wanted.where(store), beside, [*parts, _Part(beside)])

    @property
    def condition(self) -> ColumnElement[bool]:
        """All of them."""
        return or_(self.main, self.beside)


def _are_few(store: Store, fits: ColumnElement[bool]) -> bool:
    some = select(schema.photo.c.id).where(fits).limit(_FEW + 1).subquery()
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(some)).scalar_one() <= _FEW


def _first(
    connection: Connection, among: ColumnElement[bool], where: ColumnElement[bool], most: int
) -> list[int]:
    """The first of some photos that fit a condition, the least certain first.

    By an index of those, which also SQLite takes so: for the condition alone it may read and
    order a large part of all photos.
    """
    c = schema.photo.c
    queue = select(c.id).where(among).order_by(*least_certain_first())
    found: list[int] = []
    seen, stride = 0, _STRIDE
    while len(found) < most:
        next_ones = connection.execute(queue.limit(stride).offset(seen)).scalars().all()
        fit = select(c.id).where(c.id.in_(next_ones), where)
        fitting = set(connection.execute(fit).scalars())
        found += [one for one in next_ones if one in fitting]
        if len(next_ones) < stride:
            break
        seen, stride = seen + stride, min(2 * stride, _LONGEST_STRIDE)
    return found[:most]


def _is_ranked() -> ColumnElement[bool]:
    """Whether the picture of a photo is in the order of `schema.review_order`."""
    return schema.photo.c.picture.in_(select(schema.review_order.c.picture))


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    photos = select(func.count()).select_from(schema.photo).where(where)
    return connection.execute(photos).scalar_one()


def _is_free(session: str, moment: datetime) -> ColumnElement[bool]:
    """Whether a session may get a photo: no other one holds it, and it has not passed it over."""
    table = schema.review
    is_held = and_(table.c.desk != session, table.c.state == _OPEN, table.c.at > moment - _LAPSE)
    is_own = and_(table.c.desk == session, table.c.state != _DONE)
    # Looked up once, and not for each photo.
    return schema.photo.c.picture.not_in(select(table.c.picture).where(or_(is_held, is_own)))
