"""In which order photos are listed, found by an index at any size of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, select, union_all

from barkive.catalogue.db.schema import photo
from barkive.errors import UsageError

# Of a million photos, so many are sorted in the time that a page may take.
_FEW = 250_000


class Sort(StrEnum):
    """What photos are sorted by."""

    ADDED = "added"
    TAKEN = "taken"
    CERTAINTY = "certainty"
    NAME = "name"


_COLUMNS: dict[Sort, ColumnElement[Any]] = {
    Sort.ADDED: photo.c.id,
    Sort.TAKEN: photo.c.taken_at,
    Sort.CERTAINTY: photo.c.probability,
    Sort.NAME: photo.c.path,
}


@dataclass(frozen=True, slots=True)
class PhotoOrder:
    """An order of photos; those without a value come last, whichever way it goes.

    Attributes:
        by: What counts: when they were catalogued or taken, how probable the breed is, or the
            path with the name.
        descending: Whether the last, or highest, comes first.
    """

    by: Sort = Sort.ADDED
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> PhotoOrder:
        """An order as it is written in an address: `taken`, or `-taken` for the newest first.

        Raises:
            UsageError: There is none such.
        """
        name = text.removeprefix("-")
        if name not in tuple(Sort):
            raise UsageError("sort_unknown", sort=text, sorts=tuple(Sort))
        return cls(Sort(name), text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.by}" if self.descending else self.by.value

    def numbers(
        self, cases: Sequence[ColumnElement[bool]], limit: int | None, offset: int = 0
    ) -> Select[Any]:
        """Selects `id` and `number` of photos in this order.

        Args:
            cases: Conditions on `photo`, of which each photo fits one at most.
            limit: How many at most; None for all.
            offset: How many to pass over.
        """
        # In the order of their numbers they are sorted at last: to walk through all takes long.
        last = None if limit is None or self == PhotoOrder() else offset + limit
        return self._merged(self._parts(cases), last).limit(limit).offset(offset or None)

    def first(
        self,
        connection: Connection,
        cases: Sequence[ColumnElement[bool]],
        limit: int,
        offset: int = 0,
    ) -> list[int]:
        """The ids of some photos in this order: see `numbers`."""
        chosen = []
        for case in cases:
            beyond = select(photo.c.id).where(case).offset(_FEW).limit(1)
            if connection.execute(beyond).first() is None:
                # Found by an index and then sorted: to walk through all photos in this order
                # until enough of them fit takes long where few do.
                some = select(photo.c.id).where(case).limit(_FEW).subquery()
                case = photo.c.id.in_(select(some.c.id))
            chosen.append(case)
        return list(connection.execute(self.numbers(chosen, limit, offset)).scalars())

    def neighbours(
        self, connection: Connection, cases: Sequence[ColumnElement[bool]], own: int
    ) -> tuple[int | None, int | None]:
        """The numbers of the photos before and after one, None at the ends.

        Args:
            connection: Of the catalogue.
            cases: Conditions on `photo`, of which each photo fits one at most.
            own: The id of the photo.
        """
        key = _COLUMNS[self.by]
        value = connection.execute(select(key).where(photo.c.id == own)).scalar()
        turned = PhotoOrder(self.by, not self.descending)
        found = []
        for order, is_back in ((turned, True), (self, False)):
            number = None
            for step, rank in order._steps(value, own, is_back):
                parts = [(and_(case, step), rank) for case in cases]
                row = connection.execute(order._merged(parts, 1).limit(1)).first()
                if row is not None:
                    number = row.number
                    break
            found.append(number)
        return found[0], found[1]

    def _steps(
        self, value: Any, own: int, is_back: bool
    ) -> Iterator[tuple[ColumnElement[bool], int]]:
        """Where the next photo is looked for, one after the other; each is found by an index."""
        key, number = _COLUMNS[self.by], photo.c.id
        next_id = number < own if self.descending else number > own
        if value is None:
            yield and_(key.is_(None), next_id), 1
            if is_back:
                yield key.is_not(None), 0
            return
        yield and_(key == value, next_id), 0
        yield (key < value if self.descending else key > value), 0
        if not is_back and self._has_gaps:
            yield key.is_(None), 1

    @property
    def _has_gaps(self) -> bool:
        return self.by in (Sort.TAKEN, Sort.CERTAINTY)

    def _parts(self, cases: Sequence[ColumnElement[bool]]) -> list[tuple[ColumnElement[bool], int]]:
        """The cases, parted into photos that have a value and those that have none."""
        if not self._has_gaps:
            return [(case, 0) for case in cases]
        key = _COLUMNS[self.by]
        return [
            part
            for case in cases
            for part in ((and_(case, key.is_not(None)), 0), (and_(case, key.is_(None)), 1))
        ]

    def _merged(
        self, parts: Sequence[tuple[ColumnElement[bool], int]], limit: int | None
    ) -> Select[Any]:
        """The photos of several conditions in one order; of each the first ones only."""
        key = _COLUMNS[self.by].label("key")
        selects = []
        for condition, rank in parts:
            columns = photo.c.id, photo.c.number, key, literal(rank).label("rank")
            # Without values there is nothing to sort by, and no index holds it in this order.
            keys = [photo.c.id] if rank else dict.fromkeys((_COLUMNS[self.by], photo.c.id))
            part = select(*columns).where(condition).order_by(*map(self._turned, keys))
            inner = part.limit(limit).subquery()
            selects.append(select(*inner.c))
        every = union_all(*selects).subquery()
        order = every.c.rank, self._turned(every.c.key), self._turned(every.c.id)
        return select(every.c.id, every.c.number).order_by(*order)

    def _turned(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column.desc() if self.descending else column.asc()
