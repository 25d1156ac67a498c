"""Finds vectors that may be close to another with pgvector, in a catalogue of millions.

A projection keeps the vectors of one model's predictions in a table of its own, each as its
coordinates in a few directions: the principal components of a sample, as in `exact_index`. What
pgvector finds there are candidates, which are compared by their whole vectors afterwards. It
is a cache: it can be thrown away at any time, and without it the exact search does the same.

Whoever adds predictions adds them to it as well. It is filled and indexed before others know of
it, so that no writer waits (`pgvector_building`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    cast,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType

from barkive.catalogue.db import bulk
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.similarity.exact_index import unit

DIRECTIONS = 96
"""Of ten million made-up features like those of the model inside, the first 200 by their distance
in so many directions hold 98 % of the likest 20, the first 400 all. By inner product, which leaves
out what is left of both vectors, 400 hold 86 %."""

FILLING, READY, OLD = "filling", "ready", "old"
# Of the lists of an index so many are read. Each holds vectors that are close to each other.
_PROBED = 4
_BASES: dict[str, NDArray[np.float32]] = {}
_BASES_KEPT = 8
_COPY_HEADER, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class _HalfVector(UserDefinedType[str]):
    """pgvector's, as text."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """The type's name."""
        return "halfvec"


class Projection(NamedTuple):
    """The vectors of a model's predictions, in few directions.

    Attributes:
        id: Its number.
        model_id: Whose predictions.
        basis: The directions, shape (channels, at most `DIRECTIONS`), orthonormal.
        covers: Every prediction up to this number is in it.
        lists: Of its index; 0 where there is none.
    """

    id: int
    model_id: int
    basis: NDArray[np.float32]
    covers: int
    lists: int

    @property
    def table(self) -> str:
        """Where the coordinates lie."""
        return f"likeness_{self.id}"

    def near(self, vectors: NDArray[np.float32]) -> NDArray[np.float16]:
        """The coordinates of vectors of length 1, shape (n, `DIRECTIONS`)."""
        found = np.zeros((len(vectors), DIRECTIONS), np.float16)
        found[:, : self.basis.shape[1]] = vectors @ self.basis
        return found

    def as_text(self, query: NDArray[np.float32]) -> str:
        """The coordinates of a vector of length 1, as pgvector reads them."""
        return f"[{','.join(map(str, self.near(query[np.newaxis])[0].tolist()))}]"


def ready(connection: Connection, model_id: int) -> Projection | None:
    """The projection of a model's predictions; None where there is none yet."""
    if connection.dialect.name == "sqlite":
        return None
    row = connection.execute(
        text(
            "SELECT id, uuid, covers, lists FROM projection "
            "WHERE model_id = :model AND state = :ready"
        ),
        {"model": model_id, "ready": READY},
    ).first()
    if row is None:
        return None
    if row.uuid not in _BASES:
        packed, channels = connection.execute(
            text("SELECT basis, channels FROM projection WHERE id = :id"), {"id": row.id}
        ).one()
        if len(_BASES) >= _BASES_KEPT:
            _BASES.clear()
        _BASES[row.uuid] = np.frombuffer(packed, "<f4").reshape(channels, -1)
    return Projection(row.id, model_id, _BASES[row.uuid], row.covers, row.lists)


def follow(connection: Connection, model_id: int, before: int, added: Mapping[int, bytes]) -> None:
    """Adds new predictions to what is there for their model.

    Args:
        connection: Of the transaction that adds the predictions, to PostgreSQL.
        model_id: Whose predictions.
        before: The highest number of a prediction before; 0 where there was none.
        added: The packed vectors of those that are new, by their numbers.
    """
    projection = ready(connection, model_id)
    if projection is not None and added:
        near = projection.near(unit(unpack_embeddings(list(added.values()))))
        write(connection, projection.table, np.array(list(added), np.int64), near)
    connection.execute(
        # Those of other models miss none of these.
        text("UPDATE projection SET covers = :last WHERE state = :ready AND covers >= :before"),
        {"last": max(before, *added, 0), "before": before, "ready": READY},
    )


def candidates(
    connection: Connection, projection: Projection, query: NDArray[np.float32], count: int
) -> list[int]:
    """The numbers of the predictions that are likely closest to a vector, the closest first.

    Args:
        connection: Of the catalogue.
        projection: Of the model's predictions.
        query: Of length 1, shape (channels,).
        count: How many at most.
    """
    most = max(projection.lists, 1)
    settings = {
        "ivfflat.probes": str(min(_PROBED, most)),
        # Goes on to further lists where these hold too few.
        "ivfflat.iterative_scan": "relaxed_order",
        "ivfflat.max_probes": str(most),
    }
    local = [func.set_config(name, value, True) for name, value in settings.items()]
    connection.execute(select(*local))
    return _ranked(connection, projection, query, count)


def closest(
    connection: Connection,
    projection: Projection,
    query: NDArray[np.float32],
    among: Sequence[int] | CompoundSelect[int],
    count: int,
) -> list[int]:
    """Those of some predictions that are likely closest to a vector, the closest first.

    Args:
        connection: Of the catalogue.
        projection: Of the model's predictions.
        query: Of length 1, shape (channels,).
        among: The numbers of the predictions, or what finds them.
        count: How many at most.
    """
    number = column("answer_id", BigInteger)
    is_meant: ColumnElement[bool]
    if isinstance(among, CompoundSelect):
        is_meant = number.in_(among)
    else:
        is_meant = number == func.any(cast(list(among), ARRAY(BigInteger)))
    return _ranked(connection, projection, query, count, is_meant)


def _ranked(
    connection: Connection,
    projection: Projection,
    query: NDArray[np.float32],
    count: int,
    is_meant: ColumnElement[bool] | None = None,
) -> list[int]:
    """The predictions whose coordinates are closest to those of a vector."""
    rows = table(projection.table, column("answer_id", BigInteger), column("near"))
    distance = rows.c.near.op("<->", return_type=Float())(
        cast(projection.as_text(query), _HalfVector())
    )
    if is_meant is None:
        found = select(rows.c.answer_id).order_by(distance)
    else:
        # The sum keeps the database from its index, which would look at all others first.
        found = select(rows.c.answer_id).where(is_meant).order_by(distance + 0)
    return list(connection.execute(found.limit(count)).scalars())


def write(
    connection: Connection, table: str, numbers: NDArray[np.int64], near: NDArray[np.float16]
) -> None:
    """Adds coordinates to a projection's table, none of which are there.

    Args:
        connection: Of a transaction that is committed.
        table: The projection's.
        numbers: Of the predictions, shape (n,).
        near: Shape (n, `DIRECTIONS`).
    """
    # PostgreSQL's binary form of a row, in the order of the network: the number of columns, and
    # of each its length in bytes and what it holds; a halfvec is two counts and its values.
    rows = np.zeros(
        len(numbers),
        [
            ("columns", ">i2"),
            *(("bytes of number", ">i4"), ("number", ">i8")),
            *(("bytes of near", ">i4"), ("length", ">i2"), ("unused", ">i2")),
            ("near", ">f2", (DIRECTIONS,)),
        ],
    )
    rows["columns"], rows["number"], rows["near"] = 2, numbers, near
    rows["bytes of number"], rows["length"] = 8, DIRECTIONS
    rows["bytes of near"] = 4 + 2 * DIRECTIONS
    with (
        bulk.cursor(connection) as opened,
        opened.copy(f"COPY {table} (answer_id, near) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(_COPY_HEADER + rows.tobytes() + _COPY_END)
