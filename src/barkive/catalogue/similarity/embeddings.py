"""Reads the embeddings of a model's predictions, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from barkive.catalogue.db.schema import answer
from barkive.catalogue.predictions.packing import unpack_embeddings

READ_AT_ONCE = 8192


def numbers_after(
    connection: Connection, model_id: int, after: int, last: int | None = None
) -> list[int]:
    """The numbers of a model's predictions above one and up to another, ascending.

    Args:
        connection: Of the catalogue.
        model_id: The model.
        after: The one.
        last: The other; None for all that come.
    """
    found = select(answer.c.id).where(answer.c.model_id == model_id, answer.c.id > after)
    if last is not None:
        found = found.where(answer.c.id <= last)
    return list(connection.execute(found.order_by(answer.c.id)).scalars())


def batches(
    connection: Connection, model_id: int, after: int, last: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8]]]:
    """A model's predictions above one number and up to another.

    Yields:
        Numbers, ascending, shape (n,), and packed vectors, shape (n, channels); n is at most
        `READ_AT_ONCE`.
    """
    while True:
        rows = connection.execute(
            select(answer.c.id, answer.c.vector)
            .where(answer.c.model_id == model_id, answer.c.id > after, answer.c.id <= last)
            .order_by(answer.c.id)
            .limit(READ_AT_ONCE)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        yield (
            np.array([row.id for row in rows], np.int64),
            unpack_embeddings([row.vector for row in rows]),
        )
