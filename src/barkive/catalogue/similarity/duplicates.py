"""Finds the photos that are there twice: files of one content, and pictures that look alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from barkive.catalogue.db import schema
from barkive.catalogue.photos.reading import hash_of
from barkive.catalogue.query import entries
from barkive.catalogue.query.entries import find
from barkive.catalogue.query.filters import Filter, present
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry
from barkive.images import group_near_duplicates, near_duplicates
from barkive.progress import OnProgress, silent

Sameness = Literal["exact", "near"]

_NEAREST = 100
_AT_ONCE = 10_000


class Group(NamedTuple):
    """Photos that show the same.

    Attributes:
        kind: `exact` for files of one content, `near` for pictures that look alike: the
            same one recompressed, recoloured, mirrored or cut a little.
        entries: Two or more, in the order in which they were catalogued.
    """

    kind: Sameness
    entries: list[Entry]


def find_duplicates(store: Store, query: Filter, *, near: bool = True) -> Iterator[Group]:
    """Groups of photos that show the same, exact ones first.

    Near duplicates take seconds for 100,000 contents and a minute for a million, before the first
    of them is told: see `group_near_duplicates`.

    Args:
        store: The catalogue.
        query: Which photos.
        near: Whether to look for pictures that look alike as well.
    """
    photo = schema.photo
    where = query.where(store)
    with store.read() as connection:
        same = connection.execute(
            select(photo.c.sha256)
            .where(where, photo.c.sha256.is_not(None))
            .group_by(photo.c.sha256)
            .having(func.count() > 1)
            .order_by(func.min(photo.c.id))
        )
        contents = [bytes(content) for content in same.scalars()]
    for content in contents:
        yield Group("exact", entries.where(store, where & (photo.c.sha256 == content)))
    if not near:
        return
    with store.read() as connection:
        rows = connection.execute(
            select(func.min(photo.c.id).label("id"), photo.c.phash)
            .where(where, photo.c.phash.is_not(None))
            .group_by(photo.c.sha256, photo.c.phash)
            .order_by(func.min(photo.c.id))
        ).all()
    if not rows:
        return
    ids = np.array([row.id for row in rows])
    hashes = hash_of(b"".join(bytes(row.phash) for row in rows)).reshape(len(rows), -1)
    groups = group_near_duplicates(hashes)
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        # A picture of one colour has no bit set, and looks like every other one.
        if len(members) > 1 and hashes[members[0]].any():
            chosen_ids = photo.c.id.in_(ids[members].tolist())
            yield Group("near", entries.where(store, chosen_ids))


def duplicate_groups(
    store: Store, query: Filter, *, on_progress: OnProgress = silent
) -> list[list[int]]:
    """The numbers of photos that show the same, each photo in one group at most.

    A group holds all files of its pictures: copies, and pictures that look alike. How long that
    takes, see `find_duplicates`.

    Args:
        store: The catalogue.
        query: Which photos.
        on_progress: Called with (photos read, photos in all).

    Returns:
        Groups of two or more, each in the order in which its photos were catalogued, and the
        groups in that of their first ones.
    """
    c = schema.photo.c
    numbers: list[int] = []
    contents: dict[bytes, int] = {}
    of_photos: list[int] = []
    hashes: list[bytes] = []
    where, last = query.where(store), 0
    with store.read() as connection:
        total = connection.execute(select(func.count()).where(where)).scalar_one()
    while True:
        some = select(c.id, c.number, c.sha256, c.phash)
        some = some.where(where, c.id > last, c.phash.is_not(None)).order_by(c.id).limit(_AT_ONCE)
        with store.read() as connection:
            rows = connection.execute(some).all()
        if not rows:
            break
        for row in rows:
            place = contents.setdefault(bytes(row.sha256), len(contents))
            if place == len(hashes):
                hashes.append(bytes(row.phash))
            numbers.append(row.number)
            of_photos.append(place)
        last = rows[-1].id
        on_progress(len(numbers), total)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    if numbers:
        of_contents = _alike(hash_of(b"".join(hashes)).reshape(len(hashes), -1))
        for number, place in zip(numbers, of_photos, strict=True):
            groups[int(of_contents[place])].append(number)
    return [group for group in groups.values() if len(group) > 1]


def _alike(hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The group of each of some contents, by their hashes, shape (n, 4)."""
    # A picture of one colour has no bit set, and looks like every other one.
    groups = np.arange(len(hashes))
    textured = np.flatnonzero(hashes.any(axis=1))
    if len(textured):
        found = group_near_duplicates(hashes[textured])
        firsts = np.unique(found, return_index=True)[1]
        groups[textured] = textured[firsts[found]]
    return groups


def duplicates_of(store: Store, number: int) -> list[Group]:
    """The other photos that show the same as one: at most one group of each kind.

    Args:
        store: The catalogue.
        number: The photo's.

    Raises:
        UnknownPhotoError: There is no such photo.
    """
    photo = schema.photo
    groups = []
    with store.read() as connection:
        row = find(connection, number)
        others = connection.execute(
            select(photo.c.id, photo.c.phash).where(
                present(), photo.c.phash.is_not(None), photo.c.sha256 != row.sha256
            )
        ).all()
    if row.sha256 is not None:
        same = present() & (photo.c.sha256 == row.sha256) & (photo.c.number != number)
        groups.append(Group("exact", entries.where(store, same)))
    if row.phash is not None and any(row.phash) and others:
        hashes = hash_of(b"".join([phash for _, phash in others])).reshape(len(others), -1)
        near = near_duplicates(hash_of(bytes(row.phash)), hashes)[:_NEAREST]
        alike = photo.c.id.in_([others[i][0] for i in near.tolist()])
        groups.append(Group("near", entries.where(store, alike)))
    return [group for group in groups if group.entries]
