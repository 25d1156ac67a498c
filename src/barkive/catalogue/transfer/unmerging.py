"""Takes back what a merge has added; what was said and scanned since stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update
from typing_extensions import TypedDict

from barkive.catalogue.animals import acts
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import utc
from barkive.clock import now
from barkive.errors import NothingToSayError

_AT_ONCE = 500


class State(StrEnum):
    """What has become of a merge."""

    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that holds, all of it or a part.

    Attributes:
        number: Its number.
        catalogue: What the other catalogue was called.
        at: When it was begun, UTC.
        is_whole: Whether it came to its end.
    """

    number: int
    catalogue: str
    at: datetime
    is_whole: bool


class UnmergedJSON(TypedDict):
    """The JSON form of what was taken back."""

    catalogue: str
    merged_at: str
    words: int
    pictures: int
    animals: int


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What was taken back.

    Attributes:
        merge: The merge.
        words: How many corrections have gone.
        pictures: How many pictures have gone, that no scan has found here since.
        animals: How many animals have gone, that nobody has changed since.
    """

    merge: Merge
    words: int
    pictures: int
    animals: int

    def to_json(self) -> UnmergedJSON:
        """The undo as a JSON object; the time in ISO 8601."""
        return {
            "catalogue": self.merge.catalogue,
            "merged_at": utc(self.merge.at),
            "words": self.words,
            "pictures": self.pictures,
            "animals": self.animals,
        }


def last_merge(database: Database) -> Merge | None:
    """The last merge that was not taken back; None where there is none."""
    c = schema.merge.c
    standing = select(schema.merge).where(c.state != State.UNDONE).order_by(c.id.desc()).limit(1)
    with database.read() as connection:
        row = connection.execute(standing).first()
    return Merge(row.id, row.name, row.started_at, row.state == State.DONE) if row else None


def undone(connection: Connection) -> set[int]:
    """The numbers of the merges that were taken back, or are being."""
    c = schema.merge.c
    found = select(c.id).where(c.state.in_([State.UNDOING, State.UNDONE]))
    return set(connection.execute(found).scalars())


def settle(connection: Connection, number: int, state: State) -> None:
    """Notes what has become of a merge."""
    row = update(schema.merge).where(schema.merge.c.id == number)
    connection.execute(row.values(state=state, ended_at=now()))


def undo(store: Store, number: int | None = None) -> Unmerged:
    """Takes the last merge back; one whose undo was cut off is taken back to the end.

    What it added goes, batch by batch. Pictures stay that have come with it and were found by
    a scan since, and numbers with them; so do people's labels since, also those that take back
    one that has come with it; and animals that people have changed since, with their photos.

    Args:
        store: The catalogue.
        number: That of the merge that is meant; None for the last one, whichever it is.

    Raises:
        NothingToSayError: There is none, or another one has come since.
        CatalogueError: The catalogue can't be written.
    """
    merge = last_merge(store.database)
    if merge is None:
        raise NothingToSayError("merge_nothing_to_undo")
    if number not in (None, merge.number):
        raise NothingToSayError("merge_not_the_last", catalogue=merge.catalogue)
    with store.write() as connection:
        settle(connection, merge.number, State.UNDOING)

    def forget_labels(connection: Connection, rows: Sequence[Row[Any]]) -> int:
        taken_back = _taken_back(connection, rows)
        gone = [row for row in rows if row.id not in taken_back]
        _forget(connection, schema.correction, gone)
        c = schema.correction.c
        kept = update(schema.correction).where(c.id.in_(taken_back))
        connection.execute(kept.values(merge_id=None))
        update_effective_labels(connection, store.models, *{row.picture for row in gone})
        return len(gone)

    def forget_numbers(connection: Connection, rows: Sequence[Row[Any]]) -> int:
        _forget(connection, schema.alias, rows)
        return len(rows)

    animals = _take_animals_back(store, merge.number)
    words = _by_batches(store.database, schema.correction, merge.number, forget_labels)
    _by_batches(store.database, schema.alias, merge.number, forget_numbers)
    pictures = _by_batches(store.database, schema.content, merge.number, _forget_contents)
    with store.write() as connection:
        settle(connection, merge.number, State.UNDONE)
    return Unmerged(merge, words, pictures, animals)


def _take_animals_back(store: Store, number: int) -> int:
    """Takes back what a merge did to animals that nobody has changed since.

    Returns:
        How many animals have gone.
    """
    there = select(func.count()).where(schema.animal.c.removed.is_(False))
    gone = 0
    act, undo = schema.act.c, schema.act.alias("undo")
    undone = select(undo.c.id).where(undo.c.undoes == act.id).exists()
    own = select(act.id).where(act.merge_id == number, ~undone).order_by(act.id.desc())
    with store.read() as connection:
        numbers = connection.execute(own).scalars().all()
    for one in numbers:
        with store.write() as connection:
            before = connection.execute(there).scalar_one()
            acts.undo(connection, store.models, one, None, leave_changed=True)
            gone += before - connection.execute(there).scalar_one()
    return gone


def finish(store: Store) -> None:
    """Takes a merge back to the end whose undo was cut off."""
    c = schema.merge.c
    with store.read() as connection:
        cut_off = connection.execute(select(c.id).where(c.state == State.UNDOING)).first()
    if cut_off is not None:
        undo(store)


def _by_batches(
    database: Database,
    table: Table,
    number: int,
    forget: Callable[[Connection, Sequence[Row[Any]]], int],
) -> int:
    """Has what came with a merge forgotten, each batch in a transaction of its own.

    Returns:
        The sum of what `forget` gives.
    """
    last = forgotten = 0
    while True:
        with database.write() as connection:
            own = select(table).where(table.c.merge_id == number, table.c.id > last)
            rows = connection.execute(own.order_by(table.c.id).limit(_AT_ONCE)).all()
            if not rows:
                return forgotten
            forgotten += forget(connection, rows)
        last = rows[-1].id


def _taken_back(connection: Connection, rows: Sequence[Row[Any]]) -> list[int]:
    """Which words of a merge people have taken back here: they stay, and stay taken back.

    So the same merge, made once more, does not put them in force again.
    """
    c = schema.correction.c
    ids = [row.id for row in rows]
    ours = select(c.undoes).where(c.undoes.in_(ids), c.merge_id.is_(None))
    return list(connection.execute(ours).scalars())


def _forget(connection: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
    connection.execute(delete(table).where(table.c.id.in_([row.id for row in rows])))


def _forget_contents(connection: Connection, rows: Sequence[Row[Any]]) -> int:
    """Forgets contents that nothing here has to do with, and gives the number of pictures."""
    photo, said, content = schema.photo, schema.correction, schema.content
    digests, pictures = [row.sha256 for row in rows], {row.picture for row in rows}
    found = select(photo.c.sha256).where(photo.c.sha256.in_(digests))
    spoken = select(said.c.sha256).where(said.c.picture.in_(pictures))
    shown = select(schema.animal_photo.c.picture).where(schema.animal_photo.c.picture.in_(pictures))
    of_animals = set(connection.execute(shown).scalars())
    used = {bytes(one) for query in (found, spoken) for one in connection.execute(query).scalars()}
    used |= {bytes(row.sha256) for row in rows if row.picture in of_animals}
    kept = [row for row in rows if bytes(row.sha256) in used]
    _forget(connection, content, [row for row in rows if bytes(row.sha256) not in used])
    ids = [row.id for row in kept]
    connection.execute(update(content).where(content.c.id.in_(ids)).values(merge_id=None))
    left = select(content.c.picture).where(content.c.picture.in_(pictures))
    return len(pictures - set(connection.execute(left).scalars()))
