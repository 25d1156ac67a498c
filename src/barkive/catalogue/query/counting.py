"""Counts photos, also a million of them, in the time that a page may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Text,
    and_,
    func,
    literal_column,
    select,
    table,
)

from barkive.catalogue.db import schema
from barkive.catalogue.query import summary_tables
from barkive.catalogue.query.filters import (
    Filter,
    common_folder,
    folder_prefix,
    look_words_up,
    prefix_end,
)
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.summary_tables import By
from barkive.images.remote import is_remote

_ALL = Filter()
# So many folders are looked at one by one, which takes the same for any number of photos.
_ONE_BY_ONE = 30
# Stands for what `schema.encode_path` writes for a byte that is no text.
_BYTE = "\x01"


class Folder(NamedTuple):
    """A folder that holds photos.

    Attributes:
        path: The folder.
        name: Its last part.
        photos: How many of those that are meant lie in it, at any depth.
    """

    path: str
    name: str
    photos: int


def count(store: Store, query: Filter) -> int:
    """How many photos are meant.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    if query.corrected is False and store.is_sqlite:
        # Nearly all are not, and to count the others takes less.
        of_both = count(store, replace(query, corrected=None))
        return of_both - count(store, replace(query, corrected=True))
    by: By | None = "status" if query == _ALL else None
    return sum(_counts(store, by, query).values())


def counts(store: Store, by: By, query: Filter) -> Counter[str]:
    """How many photos there are of each status, or of each breed by its id.

    A photo counts once, for its main dog; a cross for the first of its breeds.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    return _counts(store, by, query)


def _counts(store: Store, by: By | None, query: Filter) -> Counter[str]:
    """What `counts` gives; all together, without a name, where `by` is None."""
    if query.grouped is False and store.is_sqlite:
        # To look at each photo for an animal takes longer than to look up those of all animals.
        of_both = _counts(store, by, replace(query, grouped=None))
        return of_both - _counts(store, by, replace(query, grouped=True))
    statements: Sequence[Executable] | None = None
    if not store.is_sqlite:
        statements = summary_tables.statements(store, query, by)
    elif by is not None and query == _ALL:
        kept, photos = literal_column(by, Text), literal_column("photos", Integer)
        statements = [select(kept, photos).select_from(table("tally")).where(kept != "")]
    if statements is None:
        statements = [
            summary_tables.grouped(schema.photo.c[by] if by else None, func.count())
            .select_from(schema.photo)
            .where(case)
            for case in query.cases(store)
        ]
    found: Counter[str] = Counter()
    with store.read() as connection:
        if query.text is not None and not store.is_sqlite:
            look_words_up(connection)
        for statement in statements:
            for name, some in connection.execute(statement):
                found[name] += some
    return +found


def top(store: Store, query: Filter) -> str | None:
    """The folder in which all photos that are meant lie; None where there is none."""
    path = schema.photo.c.path
    # By the index of paths each end is found at once; by another every photo is looked at.
    ends = [
        select(path).where(query.where(store)).order_by(order).limit(1)
        for order in (path, path.desc())
    ]
    with store.read() as connection:
        first, last = (connection.execute(end).scalar() for end in ends)
    return None if first is None or last is None else common_folder(first, last)


def folders(store: Store, under: str, query: Filter, limit: int) -> list[Folder]:
    """The folders directly inside a folder that hold photos, by name.

    Args:
        store: The catalogue.
        under: The folder.
        query: Which photos.
        limit: How many folders at most.
    """
    start = folder_prefix(under)
    mark = start[-1]
    flat = replace(query, folder=None)
    path: ColumnElement[str] = schema.photo.c.path
    number: ColumnElement[int] = func.count()
    cases = flat.cases(store)
    is_summed = not store.is_sqlite and summary_tables.knows_folders(flat)
    if is_summed:
        path, number = (
            summary_tables.BY_FOLDER.c.folder,
            summary_tables.photos(summary_tables.BY_FOLDER),
        )
        cases = [and_(*summary_tables.kept(summary_tables.BY_FOLDER, flat))]
    after, end = start, prefix_end(start)
    cut = func.instr if store.is_sqlite else func.strpos
    rest = func.substr(path, len(schema.encode_path(start)) + 1)
    if not is_remote(start):
        # Two slashes stand for a byte that is no text, see `schema.encode_path`, also behind a
        # third; those of a URL are its own.
        rest = func.replace(func.replace(rest, "///", "/" + _BYTE), "//", _BYTE)
    # The folder stands in the bounds alone: with it twice an index would begin at the wrong one.
    below = (cut(rest, mark) > 0) & (path < end)
    found: list[Folder] = []
    # Of a folder with a million photos one is looked at, and then what comes behind it.
    while not is_summed and flat == _ALL and len(found) < min(limit, _ONE_BY_ONE):
        first = select(path).where(*cases, below, path >= after).order_by(path).limit(1)
        with store.read() as connection:
            one = connection.execute(first).scalar()
        if one is None:
            return found
        name = one[len(start) :].partition(mark)[0]
        after = prefix_end(start + name + mark)
        if name:  # of a URL it may be empty, and then can't be told from the folder around it
            photos = count(store, replace(query, folder=start + name))
            found.append(Folder(start + name, name, photos))
    # Many folders, or few photos that are meant: these are looked at once, for all folders.
    child = func.substr(rest, 1, cut(rest, mark) - 1, type_=Text)
    sums: Counter[str] = Counter()
    with store.read() as connection:
        for case in cases:
            rows = select(child, number).where(case, below, path >= after).group_by(child)
            for name, some in connection.execute(rows):
                sums[schema.decode_path(name.replace(_BYTE, "//"))] += some
    names = sorted(filter(None, sums), key=lambda name: name + mark)
    found += [Folder(start + name, name, sums[name]) for name in names]
    return found[:limit]
