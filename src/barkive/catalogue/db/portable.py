"""The catalogue's tables as rows that are the same of SQLite and PostgreSQL.

Reads them in the order of their numbers, and writes them with their numbers, many at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Float,
    Select,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    type_coerce,
)

from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.messages import Message

Row = tuple[Any, ...]
"""A row's values in the order of the table's columns; the first is its number."""

# PostgreSQL keeps no NUL in a text; this is the sign that stands for it.
_NUL, _SIGN_OF_NUL = "\0", "\N{SYMBOL FOR NULL}"


def without_nul(text: str) -> str:
    """A text that PostgreSQL keeps as well."""
    return text.replace(_NUL, _SIGN_OF_NUL)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A table of the catalogue that can be copied.

    Attributes:
        name: As people call what it holds.
        table: The table; its first column is the number.
        lasting: The columns that never change once a row is there; None for all.
        may_go: Whether a row that was there may be gone later.
        is_large: Whether a row takes megabytes.
    """

    name: Message
    table: Table
    lasting: Collection[str] | None = None
    may_go: bool = False
    is_large: bool = False

    def lasting_of(self, row: Row) -> Row:
        """The values of a row that never change."""
        if self.lasting is None:
            return row
        columns = zip(self.table.c, row, strict=True)
        return tuple(value for column, value in columns if column.name in self.lasting)

    def merge_of(self, row: Row) -> int | None:
        """The merge that a row came with; None for none."""
        columns = list(self.table.c.keys())
        merge: int | None = row[columns.index("merge_id")] if "merge_id" in columns else None
        return merge

    def last(self, connection: Connection, undone: Collection[int] = ()) -> int:
        """The largest number, but of rows that came with some merges; 0 where there is no row."""
        found = select(func.max(self.table.c.id))
        if undone and "merge_id" in self.table.c:
            merge = self.table.c.merge_id
            found = found.where(or_(merge.is_(None), merge.not_in(undone)))
        last: int | None = connection.execute(found).scalar()
        return last or 0

    def count(self, connection: Connection) -> int:
        """How many rows there are."""
        return connection.execute(select(func.count()).select_from(self.table)).scalar_one()

    def numbers(self, connection: Connection, after: int, last: int | None = None) -> list[int]:
        """The numbers behind one number and up to another, ascending; to the end without one."""
        number = self.table.c.id
        found = select(number).where(number > after).order_by(number)
        if last is not None:
            found = found.where(number <= last)
        return list(connection.execute(found).scalars())

    def rows(
        self,
        connection: Connection,
        after: int,
        last: int | None = None,
        *,
        limit: int | None = None,
        nul: bool = False,
    ) -> list[Row]:
        """The rows behind a number, in the order of their numbers.

        Args:
            connection: Of a catalogue.
            after: The number.
            last: The last number that is meant; None for all.
            limit: How many at most; None for all.
            nul: Whether texts may hold NUL, which only SQLite keeps; else a sign stands for it.
        """
        number = self.table.c.id
        query = self._stored().where(number > after).order_by(number).limit(limit)
        if last is not None:
            query = query.where(number <= last)
        return _comparable(self.table, connection.execute(query), nul)

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Writes rows, and has the next number come after theirs."""
        if not rows:
            return
        names = [column.name for column in self.table.c]
        values = [dict(zip(names, row, strict=True)) for row in rows]
        bulk.insert(connection, self.table, values)
        if connection.dialect.name == "sqlite":
            return
        sequence = func.pg_get_serial_sequence(self.table.name, "id")
        connection.execute(select(func.setval(sequence, func.max(self.table.c.id))))

    def delete(self, connection: Connection, numbers: Collection[int]) -> None:
        """Deletes the rows of these numbers."""
        for some in chunks(sorted(numbers)):
            connection.execute(delete(self.table).where(self.table.c.id.in_(some)))

    def _stored(self) -> Select[Any]:
        """All columns, paths as they are stored."""
        return select(
            *(
                type_coerce(column, Text) if isinstance(column.type, schema.FileName) else column
                for column in self.table.c
            )
        )


MODELS = Part(Message("part_models"), schema.model)
LEARNED_MODELS = Part(
    Message("part_learned_models"),
    schema.learned_model,
    ("model_id", "parent_id", "learned_at"),
    is_large=True,
)
ANSWERS = Part(Message("part_answers"), schema.answer, may_go=True)
DETECTIONS = Part(Message("part_detections"), schema.detection, may_go=True)
MERGES = Part(Message("part_merges"), schema.merge, ("uuid", "name", "started_at"))
CONTENTS = Part(Message("part_contents"), schema.content, ("sha256",), may_go=True)
FORGOTTEN = Part(Message("part_forgotten"), schema.forgotten, may_go=True)
ALIASES = Part(Message("part_aliases"), schema.alias, ("number",), may_go=True)
CORRECTIONS = Part(Message("part_corrections"), schema.correction)
BREEDS = Part(Message("part_breeds"), schema.added_breed, ("key", "breed"))
RUNS = Part(Message("part_scans"), schema.run, ("started_by", "started_at"))
PHOTOS = Part(Message("part_photos"), schema.photo, ("number", "added_at"), may_go=True)
ACTS = Part(Message("part_acts"), schema.act)
ACT_CHANGES = Part(Message("part_act_changes"), schema.act_change, may_go=True)
ANIMALS = Part(Message("part_animals"), schema.animal, ("number", "made_at"))
ANIMAL_PHOTOS = Part(Message("part_animal_photos"), schema.animal_photo, may_go=True)
REFUSALS = Part(Message("part_refusals"), schema.refusal, may_go=True)
ANIMAL_EXPORTS = Part(
    Message("part_animal_exports"), schema.animal_export, ("form", "animal"), may_go=True
)
PHOTO_EXPORTS = Part(
    Message("part_photo_exports"), schema.photo_export, ("form", "photo"), may_go=True
)
SAVED_SEARCHES = Part(
    Message("part_saved_searches"), schema.saved_search, ("name", "said_at"), may_go=True
)
# Who takes something out of a copy has not used it otherwise: these may go.
EXPORT_RUNS = Part(Message("part_export_runs"), schema.export_run, may_go=True)
OTHER_DOGS = Part(Message("part_other_dogs"), schema.other_dog, may_go=True)


def packed(row: Row) -> bytes:
    """A row as bytes, which no other row gives."""
    plain = [len(value) if type(value) is bytes else value for value in row]
    # Written out in digits, an answer's bytes would take longer than all else.
    return b"".join([repr(plain).encode(), *(value for value in row if type(value) is bytes)])


def _comparable(table: Table, found: Iterable[Sequence[Any]], nul: bool) -> list[Row]:
    """Rows with what one of the databases would change changed."""
    kinds = [column.type for column in table.c]
    reals = [i for i, kind in enumerate(kinds) if isinstance(kind, Float)]
    texts = [] if nul else [i for i, kind in enumerate(kinds) if isinstance(kind, Text)]
    rows: list[Row] = []
    for one in found:
        row = list(one)
        for i in reals:
            if row[i] is not None:
                row[i] += 0.0  # SQLite does not tell -0.0 from 0.0
        for i in texts:
            if row[i] is not None:
                row[i] = without_nul(row[i])
        rows.append(tuple(row))
    return rows
