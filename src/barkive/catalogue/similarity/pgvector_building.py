"""Builds the pgvector index, and builds it anew as a catalogue grows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select, text

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.similarity import pgvector_index
from barkive.catalogue.similarity.embeddings import READ_AT_ONCE, batches
from barkive.catalogue.similarity.exact_index import directions, unit
from barkive.catalogue.similarity.pgvector_index import (
    DIRECTIONS,
    FILLING,
    OLD,
    READY,
    Projection,
    distances,
)
from barkive.errors import CatalogueError

# From so many predictions on there is a projection.
_SMALLEST = 5000
# With so many times as many predictions come directions and an index that fit them.
_GROWTH = 4
_SAMPLE = 20_000
_PER_CELL, _FEWEST_CELLS, _MOST_CELLS = 5000, 10, 1000
_ROUNDS = 12
_MEMORY = "320MB"
_BUILDING = 7_262_755


def bring_up_to_date(database: Database, model_id: int) -> None:
    """Makes the projection of a model's predictions, or a new one where these have become many.

    Does nothing where pgvector is not there, where the database may not be changed, and while
    another program does the same. Other programs read and write meanwhile.
    """
    made: Projection | None = None
    with suppress(CatalogueError):
        with database.read() as guard:
            mine = select(func.pg_try_advisory_xact_lock(_BUILDING, model_id))
            if not guard.execute(mine).scalar():
                return
            _drop_unused(database, model_id)
            count = _due(database, model_id)
            if count is not None and has_pgvector(database):
                made = _make(database, model_id, count)
        if made is not None:
            _vacuum(database, made)


def drop(database: Database, model_id: int) -> None:
    """Drops the projection of a model's predictions with all that it holds."""
    of_model = text("SELECT id FROM projection WHERE model_id = :model")
    with database.read() as connection:
        found = connection.execute(of_model, {"model": model_id}).scalars().all()
    _drop(database, found)


def has_pgvector(database: Database) -> bool:
    """Whether pgvector is there; it is switched on where it is at hand and that is allowed."""
    # Going on to further lists came with its version 0.8.
    there = text(
        "SELECT string_to_array(substring(extversion FROM '^[0-9]+[.][0-9]+'), '.')::int[] "
        ">= ARRAY[0, 8] FROM pg_extension WHERE extname = 'vector'"
    )
    with database.read() as connection:
        if connection.execute(there).scalar():
            return True
    with suppress(CatalogueError), database.write() as connection:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        return bool(connection.execute(there).scalar())
    return False


def catch_up(database: Database, projection: Projection, last: int) -> bool:
    """Adds predictions that were written without `pgvector_index.follow`.

    Args:
        database: The catalogue's.
        projection: Of their model.
        last: The highest of their numbers.

    Returns:
        Whether they are in it now: not where the database may not be changed, or another
        projection has taken the place of this one.
    """
    is_ready = text("SELECT state = :ready FROM projection WHERE id = :id")
    with suppress(CatalogueError), database.write() as connection:
        if not connection.execute(is_ready, {"ready": READY, "id": projection.id}).scalar():
            return False
        there = text(f"SELECT answer_id FROM {projection.table} WHERE answer_id > :covers")
        found = connection.execute(there, {"covers": projection.covers}).scalars().all()
        _fill(connection, projection, projection.covers, last, found)
        _set(connection, projection, READY, last)
        return True
    return False


def _due(database: Database, model_id: int) -> int | None:
    """How many predictions a projection would have that is due; None where none is."""
    table = schema.answer
    with database.read() as connection:
        size = connection.execute(
            text("SELECT size FROM projection WHERE model_id = :model AND state = :ready"),
            {"model": model_id, "ready": READY},
        ).scalar()
        least = _SMALLEST if size is None else _GROWTH * size
        # There are never more than the highest number, which is found at once.
        if (connection.execute(select(func.max(table.c.id))).scalar() or 0) < least:
            return None
        of_model = select(func.count()).where(table.c.model_id == model_id)
        count: int = connection.execute(of_model).scalar_one()
    return count if count >= least else None


def _make(database: Database, model_id: int, count: int) -> Projection:
    # Nobody else knows of it until it is ready, so these need not be one writer at a time.
    with database.read() as connection:
        spoken = connection.execute(select(func.max(schema.correction.c.id))).scalar() or 0
        projection = _begin(connection, model_id, count)
        connection.commit()
        projection = _fill_most(connection, projection)
        connection.execute(select(func.set_config("maintenance_work_mem", _MEMORY, True)))
        connection.execute(
            text(f"CREATE INDEX ON {projection.table} (cell, breed) INCLUDE (answer_id, near)")
        )
        connection.commit()
        connection.execute(text(f"ANALYZE {projection.table}"))
        connection.commit()
        # What came while the index was built, but for the last of it.
        projection = _fill_most(connection, projection)
    with database.write() as connection:
        last = _last(connection)
        _fill(connection, projection, projection.covers, last)
        _follow_breeds(connection, projection, spoken)
        connection.execute(
            text("UPDATE projection SET state = :old WHERE model_id = :model AND state = :ready"),
            {"old": OLD, "model": model_id, "ready": READY},
        )
        _set(connection, projection, READY, last)
    return projection


def _vacuum(database: Database, projection: Projection) -> None:
    """Notes of the rows that everybody sees them: then searches read the index alone.

    Not while a transaction is open that is older than they are.
    """
    with database.read() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text(f"VACUUM {projection.table}"))


def _follow_breeds(connection: Connection, projection: Projection, spoken: int) -> None:
    """Has breeds follow what people have said meanwhile: later a trigger does it.

    Args:
        connection: Of a writing transaction.
        projection: That is nearly ready.
        spoken: What they had said before has at most this number.
    """
    connection.execute(
        text(
            f"UPDATE {projection.table} AS held SET breed = coalesce(photo.breed, '') FROM photo "
            "WHERE photo.answer_id = held.answer_id AND photo.picture IN "
            "(SELECT picture FROM correction WHERE id > :spoken)"
        ),
        {"spoken": spoken},
    )


def _begin(connection: Connection, model_id: int, count: int) -> Projection:
    """An empty projection, with directions from a sample of the predictions."""
    rows = connection.execute(
        text(
            "SELECT vector FROM answer TABLESAMPLE SYSTEM (:percent) "
            "WHERE model_id = :model LIMIT :most"
        ),
        {"percent": min(100, 120 * _SAMPLE / count), "model": model_id, "most": 2 * _SAMPLE},
    ).scalars()
    sample = unit(unpack_embeddings(list(rows)))
    basis = directions(sample, DIRECTIONS)
    projection = Projection(0, model_id, basis, np.zeros((1, DIRECTIONS), np.float32), 0)
    cells = min(max(count // _PER_CELL, _FEWEST_CELLS), _MOST_CELLS)
    centres = _centres(projection.near(sample).astype(np.float32), cells)
    row = {
        "uuid": str(uuid.uuid4()),
        "model": model_id,
        "basis": basis.astype("<f4").tobytes(),
        "centres": centres.astype("<f4").tobytes(),
        "state": FILLING,
        "channels": len(basis),
        "size": count,
        "lists": len(centres),
    }
    number = connection.execute(
        text(
            "INSERT INTO projection "
            "(uuid, model_id, basis, centres, state, covers, channels, size, lists) VALUES "
            "(:uuid, :model, :basis, :centres, :state, 0, :channels, :size, :lists) RETURNING id"
        ),
        row,
    ).scalar_one()
    projection = projection._replace(id=number, centres=centres)
    connection.execute(
        text(
            f"CREATE TABLE {projection.table} (answer_id bigint PRIMARY KEY, "
            f'cell integer NOT NULL, breed text COLLATE "C" NOT NULL, '
            f"near halfvec({DIRECTIONS}) NOT NULL)"
        )
    )
    return projection


def _centres(points: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The centres of some cells, by k-means (Lloyd, 1982).

    Args:
        points: Shape (n, `DIRECTIONS`).
        count: How many; fewer where there are fewer points.
    """
    chosen = np.random.default_rng(0).permutation(len(points))[:count]
    centres = points[chosen]
    for _ in range(_ROUNDS):
        cells = np.concatenate(
            [
                distances(points[i : i + READ_AT_ONCE], centres).argmin(axis=1)
                for i in range(0, len(points), READ_AT_ONCE)
            ]
        )
        order = cells.argsort(kind="stable")
        there, first, held = np.unique(cells[order], return_index=True, return_counts=True)
        centres[there] = np.add.reduceat(points[order], first) / held[:, np.newaxis]
    return centres


def _fill_most(connection: Connection, projection: Projection) -> Projection:
    """Adds all predictions but, where others add some meanwhile, the last few."""
    while (last := _last(connection)) - projection.covers > READ_AT_ONCE:
        for start in range(projection.covers, last, READ_AT_ONCE):
            _fill(connection, projection, start, min(start + READ_AT_ONCE, last))
            # A transaction that stayed open would keep the database from tidying up.
            connection.commit()
        projection = projection._replace(covers=last)
    return projection


def _fill(
    connection: Connection,
    projection: Projection,
    after: int,
    last: int,
    there: Sequence[int] = (),
) -> None:
    """Adds the predictions above a number and up to another, but for those that are there."""
    for numbers, packed in batches(connection, projection.model_id, after, last):
        new = np.isin(numbers, there, invert=True)
        if new.any():
            near = projection.near(unit(packed[new]))
            pgvector_index.write(connection, projection, numbers[new], near)


def _last(connection: Connection) -> int:
    """The highest number of a prediction."""
    last: int | None = connection.execute(select(func.max(schema.answer.c.id))).scalar()
    return last or 0


def _set(connection: Connection, projection: Projection, state: str, covers: int) -> None:
    connection.execute(
        text("UPDATE projection SET state = :state, covers = :covers WHERE id = :id"),
        {"state": state, "covers": covers, "id": projection.id},
    )


def _drop_unused(database: Database, model_id: int) -> None:
    """Drops what was left unfinished, and what another projection took the place of.

    That one is kept until now, because somebody could just have been looking in it.
    """
    unused = text("SELECT id FROM projection WHERE model_id = :model AND state <> :ready")
    with database.read() as connection:
        found = connection.execute(unused, {"model": model_id, "ready": READY}).scalars().all()
    _drop(database, found)


def _drop(database: Database, projections: Sequence[int]) -> None:
    for number in projections:
        with database.write() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS likeness_{number}"))
            connection.execute(text("DELETE FROM projection WHERE id = :id"), {"id": number})
