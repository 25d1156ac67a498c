"""Which photos a review asks for first: those that teach a model most.

A photo that waits for a review *needs* an answer as far as the model doubts its breed, and less so
the more photos like it people have spoken of, or are asked for before it. Next comes the photo that
is like most of what needs an answer. So a look that is frequent and that nobody has named comes
first, a look that is rare comes later, and copies of one photo, or photos of one burst, do not
stand in the order but for the first.

That is uncertainty weighted by density (Settles and Craven, 2008, "An analysis of active learning
strategies for sequence labeling tasks"), with diminishing returns for what is like what was chosen
(Lin and Bilmes, 2011, "A class of submodular functions for document summarization"). To go to what
is farthest from all that was chosen (k-center; Sener and Savarese, 2018) teaches less here: it asks
for one photo of each rare breed, and of a new breed five are needed (docs/log.md).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, func, select

from barkive.bundle import Bundle
from barkive.catalogue.annotations.review_queue import least_certain_first
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.learning.judging_again import relatives
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.query.filters import Filter, present
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity.exact_index import unit
from barkive.learning import FEWEST_PHOTOS
from barkive.machine import one_blas_thread

Reals = NDArray[np.float32]

MOST: Final = 500
"""So many pictures are put in order at most; those behind them come as they always did."""

_WAITING, _SPOKEN = 20_000, 10_000
# So many of those that wait stand for all of them.
_SAMPLE = 2000
_AT_ONCE = 1000
# So few are put in order while somebody waits for it.
_FEW = 1000
_DUE = 0.01
# Vectors are compared in so few directions, those in which so many of them differ most.
_DIRECTIONS, _FOR_DIRECTIONS = 128, 640
# From this cosine on photos show nearly the same.
_SAME_COSINE = 0.9
_SAME = _SAME_COSINE**4


def renew_after_scan(store: Store, bundle: Bundle, listed: int, again: int) -> None:
    """Renews the order where a scan has brought enough for it.

    Not after a scan of a single photo, for which somebody waits, where that would take long.

    Args:
        store: The catalogue.
        bundle: That judged the photos.
        listed: How many photos the scan listed.
        again: How many known photos it judged again.

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    photo, waits = schema.photo, Filter().to_review().where(store)
    ranked = photo.join(schema.review_order, schema.review_order.c.picture == photo.c.picture)
    with store.read() as connection:
        last = connection.execute(select(func.max(photo.c.id)).select_from(ranked)).scalar() or 0
        waiting = _count(connection, select(photo.c.id).where(waits))
        new = _count(connection, select(photo.c.id).where(waits, photo.c.id > last))
    if (listed > 1 or waiting <= _FEW) and new + again >= max(1, _DUE * waiting):
        renew(store, bundle)


def renew(store: Store, bundle: Bundle) -> None:
    """Finds the order anew, among the photos that a model and those learned from it have judged.

    Args:
        store: The catalogue.
        bundle: The model.

    Raises:
        CatalogueError: The catalogue can't be written; the order is as it was.
    """
    photo, answer, table = schema.photo.c, schema.answer.c, schema.review_order
    with store.write() as connection:
        model = store.models.add(connection, bundle)
    waits = Filter().to_review().where(store)
    with store.read() as connection:
        family = [one.id for one in relatives(connection, store, model)]
        judged = (
            select(photo.picture, photo.probability, answer.vector)
            .join_from(schema.photo, schema.answer, photo.answer_id == answer.id)
            .where(answer.model_id.in_(family))
        )
        unsure = judged.where(waits).order_by(*least_certain_first()).limit(_WAITING)
        rows = connection.execute(unsure).all()
        spoken = judged.where(photo.corrected, present()).order_by(photo.id.desc()).limit(_SPOKEN)
        said = [row.vector for row in connection.execute(spoken)]
    # Several files may hold one picture.
    of_pictures = {row.picture: row for row in reversed(rows)}
    waiting = [of_pictures[picture] for picture in dict.fromkeys(row.picture for row in rows)]
    chosen: list[int] = []
    if waiting:
        vectors = unpack_embeddings([*(row.vector for row in waiting), *said])
        doubts = np.array([1 - (row.probability or 0) for row in waiting], np.float32)
        with one_blas_thread():
            chosen = most_teaching(vectors[: len(doubts)], doubts, vectors[len(doubts) :], MOST)
    ranked = [{"picture": waiting[i].picture, "rank": rank} for rank, i in enumerate(chosen)]
    with store.write() as connection:
        connection.execute(delete(table))
        bulk.insert(connection, table, ranked)


def most_teaching(
    waiting: NDArray[np.int8], doubts: Reals, spoken: NDArray[np.int8], most: int
) -> list[int]:
    """The photos that teach most, in the order in which to ask for them.

    Args:
        waiting: Packed vectors of the photos that wait, the least certain first, shape
            (n, channels), n at least 1.
        doubts: How far a model is from sure of each, 0..1, shape (n,).
        spoken: Packed vectors of photos of which people spoke, shape (m, channels).
        most: How many to choose at most; of those that are nearly the same only the first is.

    Returns:
        Positions, without those that are nearly the same as one before them or as one of which
        people spoke.
    """
    every = _every(waiting, _SAMPLE)
    both = np.concatenate([waiting, spoken])
    basis = _directions(unit(both[:: _every(both, _FOR_DIRECTIONS)]))
    points = _projected(waiting, basis)
    likeness = np.concatenate([_likeness(part, points[::every]) for part in _parts(points)])
    named = np.zeros(likeness.shape[1], np.float32)
    is_left = np.ones(len(points), bool)
    for part in _parts(spoken):
        near = _likeness(points, _projected(part, basis))
        named += near[::every].sum(axis=1)
        is_left &= ~(near >= _SAME).any(axis=1)
    # Photos that are nearly the same need one answer together, or none where one was spoken of.
    alike = np.maximum((likeness >= _SAME).sum(axis=0), 1)
    asking = (doubts * is_left)[::every] / alike.astype(np.float32)
    needs = _needs(asking, named)
    chosen: list[int] = []
    # Greedy, and lazily so (Minoux, 1978): as needs only fall, a gain that was computed before is
    # the most that it can be.
    heap = [(-gain, i, 0) for i, gain in enumerate((likeness @ needs).tolist())]
    heapq.heapify(heap)
    while heap and len(chosen) < most:
        _, i, computed = heap[0]
        if not is_left[i]:
            heapq.heappop(heap)
        elif computed < len(chosen):
            gain = float(likeness[i] @ needs)
            heapq.heapreplace(heap, (-gain, i, len(chosen)))
        else:
            same = is_left & (points @ points[i] >= _SAME_COSINE)
            same[i] = True
            chosen.append(int(same.argmax()))
            is_left &= ~same
            named += likeness[i]
            needs = _needs(asking, named)
    return chosen


def _needs(asking: Reals, named: Reals) -> Reals:
    """How much photos need an answer.

    Args:
        asking: How much they would if nobody had spoken of any like them, shape (n,).
        named: How many like them people have spoken of or are asked for, shape (n,).
    """
    return asking / (1 + named / np.float32(FEWEST_PHOTOS))


def _likeness(points: Reals, others: Reals) -> Reals:
    """How like each point is to each of others, 0..1, shape (points, others): cosine⁴."""
    found: Reals = points @ others.T
    np.maximum(found, 0, out=found)
    # The fourth power: in squares, because that is what NumPy does quickly.
    for _ in range(2):
        np.square(found, out=found)
    return found


def _directions(vectors: Reals) -> Reals:
    """The directions in which vectors, fewer than their channels, are longest.

    Args:
        vectors: Of length 1, shape (n, channels).

    Returns:
        Shape (channels, the least of `_DIRECTIONS`, n and channels), orthonormal.
    """
    _, axes = np.linalg.eigh(vectors @ vectors.T)
    basis: Reals = np.linalg.qr(vectors.T @ axes[:, -_DIRECTIONS:])[0]
    return basis


def _projected(packed: NDArray[np.int8], basis: Reals) -> Reals:
    """Packed vectors in few directions, of length 1, or 0 where all is 0."""
    points = np.concatenate([unit(part) @ basis for part in _parts(packed)])
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points))
    points /= np.maximum(lengths, 1e-3)[:, np.newaxis]
    return points


def _every(rows: NDArray[Any], most: int) -> int:
    """The step at which so many rows at most are taken."""
    return -(-len(rows) // most)


def _parts(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (rows[i : i + _AT_ONCE] for i in range(0, len(rows), _AT_ONCE))


def _count(connection: Connection, photos: Select[Any]) -> int:
    """How many photos these are, as far as they count."""
    some = photos.limit(_WAITING).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()
