"""Finds vectors that may be close to another with pgvector, in a catalogue of millions.

A projection keeps the vectors of one model's predictions in a table of its own, each as its
coordinates in a few directions: the principal components of a sample, as in `exact_index`. Each
lies in a cell, that of the nearest of some centres (k-means), and with the breed of its photo: an
inverted file (Jégou et al., 2011, "Product quantization for nearest neighbor search") whose lists
are those of a cell and a breed. One index holds the lists with their coordinates, so that a search
within a breed or an FCI group reads the nearest lists of it one after the other, and nothing else.

What is found there are candidates, which are compared by their whole vectors afterwards. It
is a cache: it can be thrown away at any time, and without it the exact search does the same.

Whoever adds predictions adds them to it as well, and a trigger has the breeds follow those of the
photos. It is filled and indexed before others know of it, so that no writer waits
(`pgvector_building`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    Integer,
    TableClause,
    Text,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType

from barkive.catalogue.db import bulk
from barkive.catalogue.db.schema import photo
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.similarity.exact_index import unit

DIRECTIONS = 96
"""Of ten million made-up features like those of the model inside, the first 200 by their distance
in so many directions hold 98 % of the likest 20, the first 400 all. By inner product, which leaves
out what is left of both vectors, 400 hold 86 %."""

FILLING, READY, OLD = "filling", "ready", "old"
# So many vectors are looked at, those of the nearest cells.
_LOOKED_AT = 80_000
# Of so many of them both distances and products are compared. Where those that are meant are far
# away, this is the weight of the squared distance beside that of the product.
_RANKED, _WEIGHT = 2000, 0.3
# Whether they are far away the tenth of them tells: the first may be the photo itself.
_TENTH = 9
_BASES: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
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
        centres: Of the cells, shape (cells, `DIRECTIONS`).
        covers: Every prediction up to this number is in it.
    """

    id: int
    model_id: int
    basis: NDArray[np.float32]
    centres: NDArray[np.float32]
    covers: int

    @property
    def table(self) -> str:
        """Where the coordinates lie."""
        return f"likeness_{self.id}"

    def near(self, vectors: NDArray[np.float32]) -> NDArray[np.float16]:
        """The coordinates of vectors of length 1, shape (n, `DIRECTIONS`)."""
        found = np.zeros((len(vectors), DIRECTIONS), np.float16)
        found[:, : self.basis.shape[1]] = vectors @ self.basis
        return found

    def nearest_cells(self, near: NDArray[np.float16]) -> NDArray[np.int32]:
        """The cells in which coordinates lie, shape (n,)."""
        cells = distances(near.astype(np.float32), self.centres).argmin(axis=1)
        found: NDArray[np.int32] = cells.astype(np.int32)
        return found

    def as_text(self, query: NDArray[np.float32]) -> str:
        """The coordinates of a vector of length 1, as pgvector reads them."""
        return f"[{','.join(map(str, self.near(query[np.newaxis])[0].tolist()))}]"


def ready(connection: Connection, model_id: int) -> Projection | None:
    """The projection of a model's predictions; None where there is none yet."""
    if connection.dialect.name == "sqlite":
        return None
    row = connection.execute(
        text("SELECT id, uuid, covers FROM projection WHERE model_id = :model AND state = :ready"),
        {"model": model_id, "ready": READY},
    ).first()
    if row is None:
        return None
    if row.uuid not in _BASES:
        basis, centres, channels = connection.execute(
            text("SELECT basis, centres, channels FROM projection WHERE id = :id"), {"id": row.id}
        ).one()
        if len(_BASES) >= _BASES_KEPT:
            _BASES.clear()
        _BASES[row.uuid] = (
            np.frombuffer(basis, "<f4").reshape(channels, -1),
            np.frombuffer(centres, "<f4").reshape(-1, DIRECTIONS),
        )
    return Projection(row.id, model_id, *_BASES[row.uuid], row.covers)


def follow(connection: Connection, model_id: int, before: int, added: Mapping[int, bytes]) -> None:
    """Adds new predictions to what is there for their model.

    Args:
        connection: Of the transaction that adds the predictions, to PostgreSQL.
        model_id: Whose predictions.
        before: The highest number of a prediction before; 0 where there was none.
        added: The packed vectors of those that are new, by their numbers. Where their photos are
            there already, the breeds need no second writing.
    """
    projection = ready(connection, model_id)
    if projection is not None and added:
        near = projection.near(unit(unpack_embeddings(list(added.values()))))
        write(connection, projection, np.array(list(added), np.int64), near)
    connection.execute(
        # Those of other models miss none of these.
        text("UPDATE projection SET covers = :last WHERE state = :ready AND covers >= :before"),
        {"last": max(before, *added, 0), "before": before, "ready": READY},
    )


def remove(connection: Connection, model_id: int, numbers: Sequence[int]) -> None:
    """Takes predictions that were deleted out of every projection of their model.

    Args:
        connection: Of a writing transaction, of PostgreSQL.
        model_id: Whose predictions.
        numbers: Theirs.
    """
    found = text("SELECT id FROM projection WHERE model_id = :model")
    for projection in connection.execute(found, {"model": model_id}).scalars().all():
        connection.execute(
            text(f"DELETE FROM likeness_{projection} WHERE answer_id = ANY(:numbers)"),
            {"numbers": list(numbers)},
        )


def candidates(
    connection: Connection,
    projection: Projection,
    query: NDArray[np.float32],
    count: int,
    breeds: Sequence[str] | None = None,
) -> list[int]:
    """The numbers of the predictions that are likely closest to a vector, the closest first.

    Args:
        connection: Of the catalogue.
        projection: Of the model's predictions.
        query: Of length 1, shape (channels,).
        count: How many at most; fewer where there are no more.
        breeds: Only those whose photos are of one of these, by their ids; None for all.
    """
    own = projection.near(query[np.newaxis]).astype(np.float32)
    to_centres = distances(own, projection.centres)[0]
    order = to_centres.argsort(kind="stable")
    cells = func.unnest(cast(order.tolist(), ARRAY(Integer))).table_valued("cell").render_derived()
    rows = _rows(projection)
    of_cell = select(rows.c.answer_id, rows.c.near).where(rows.c.cell == cells.c.cell)
    if breeds is not None:
        of_cell = of_cell.where(rows.c.breed == func.any(cast(list(breeds), ARRAY(Text))))
    # Cell after cell, until there are enough: the offset keeps the database from another order.
    within = of_cell.offset(literal(0)).lateral("within")
    distance = _compared(projection, query, within.c.near, "<->").label("distance")
    some = select(within.c.answer_id, within.c.near, distance)
    some = some.select_from(cells.join(within, true())).limit(max(_LOOKED_AT, 2 * count))
    looked_at = some.subquery()
    product = _compared(projection, query, looked_at.c.near, "<#>")
    nearest = select(looked_at.c.answer_id, looked_at.c.distance, product)
    nearest = nearest.order_by(looked_at.c.distance).limit(max(count, _RANKED))
    found = connection.execute(nearest).all()
    numbers = [row.answer_id for row in found]
    if breeds is None or not found:
        return numbers[:count]
    squares = np.array([row.distance for row in found]) ** 2
    radius = to_centres.min() + np.einsum("ij,ij->", own, own)
    if squares[min(_TENTH, len(found) - 1)] <= radius:
        return numbers[:count]
    # What the directions leave out of both vectors is alike only where these are close. Else it
    # has nothing in common, and a vector is none the worse for being long in the directions.
    negative = np.array([row[2] for row in found])
    ranks = (_WEIGHT * squares + 2 * (1 - _WEIGHT) * negative).argsort(kind="stable")
    return [numbers[i] for i in ranks[:count].tolist()]


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
    rows = _rows(projection)
    is_meant: ColumnElement[bool]
    if isinstance(among, CompoundSelect):
        is_meant = rows.c.answer_id.in_(among)
    else:
        is_meant = rows.c.answer_id == func.any(cast(list(among), ARRAY(BigInteger)))
    distance = _compared(projection, query, rows.c.near, "<->")
    found = select(rows.c.answer_id).where(is_meant).order_by(distance).limit(count)
    return list(connection.execute(found).scalars())


def _rows(projection: Projection) -> TableClause:
    columns = column("answer_id", BigInteger), column("cell", Integer), column("breed", Text)
    return table(projection.table, *columns, column("near"))


def _compared(
    projection: Projection, query: NDArray[np.float32], near: ColumnElement[Any], how: str
) -> ColumnElement[float]:
    """How far coordinates are from those of a vector, or with `<#>` the negative of the product."""
    return near.op(how, return_type=Float())(cast(projection.as_text(query), _HalfVector()))


def distances(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """The squared distances of points and centres, each less the square of the point's length.

    Args:
        points: Shape (n, `DIRECTIONS`).
        centres: Shape (m, `DIRECTIONS`).

    Returns:
        Shape (n, m).
    """
    found: NDArray[np.float32] = points @ (-2 * centres.T)
    found += np.einsum("ij,ij->i", centres, centres)
    return found


def write(
    connection: Connection,
    projection: Projection,
    numbers: NDArray[np.int64],
    near: NDArray[np.float16],
) -> None:
    """Adds coordinates to a projection, none of which are there.

    Args:
        connection: Of a transaction that is committed.
        projection: Which one.
        numbers: Of the predictions, shape (n,).
        near: Shape (n, `DIRECTIONS`).
    """
    cells = projection.nearest_cells(near)
    breeds = np.array(_breeds(connection, numbers), dtype=np.bytes_)
    lengths = np.char.str_len(breeds)
    with (
        bulk.cursor(connection) as opened,
        opened.copy(
            f"COPY {projection.table} (answer_id, cell, near, breed) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.write(_COPY_HEADER)
        for length in np.unique(lengths).tolist():
            here = lengths == length
            copy.write(_packed(numbers[here], cells[here], near[here], breeds[here], length))
        copy.write(_COPY_END)


def _breeds(connection: Connection, numbers: NDArray[np.int64]) -> list[bytes]:
    """The breeds of the photos of predictions; empty where there is none."""
    c = photo.c
    meant = c.answer_id == func.any(cast(numbers.tolist(), ARRAY(BigInteger)))
    rows = connection.execute(select(c.answer_id, c.breed).where(meant, c.breed.is_not(None)))
    found = {row.answer_id: row.breed.encode() for row in rows}
    return [found.get(number, b"") for number in numbers.tolist()]


def _packed(
    numbers: NDArray[np.int64],
    cells: NDArray[np.int32],
    near: NDArray[np.float16],
    breeds: NDArray[np.bytes_],
    length: int,
) -> bytes:
    """Rows in PostgreSQL's binary form, their breeds all of one length.

    In the order of the network: the number of columns, and of each its length in bytes and what
    it holds; a halfvec is two counts and its values.
    """
    rows = np.zeros(
        len(numbers),
        [
            ("columns", ">i2"),
            *(("bytes of number", ">i4"), ("number", ">i8")),
            *(("bytes of cell", ">i4"), ("cell", ">i4")),
            *(("bytes of near", ">i4"), ("length", ">i2"), ("unused", ">i2")),
            ("near", ">f2", (DIRECTIONS,)),
            *(("bytes of breed", ">i4"), ("breed", "V", length)),
        ],
    )
    rows["columns"], rows["number"], rows["cell"], rows["near"] = 4, numbers, cells, near
    rows["bytes of number"], rows["bytes of cell"], rows["length"] = 8, 4, DIRECTIONS
    rows["bytes of near"], rows["bytes of breed"] = 4 + 2 * DIRECTIONS, length
    if length:
        rows["breed"] = breeds.astype(f"S{length}").view(f"V{length}")
    return rows.tobytes()
