"""Finds the first photos that fit in PostgreSQL, in the order of their numbers, at any size.

Where few fit, an index finds them and they are sorted. Where many do, one walks through the
photos until enough have come; but a scan goes through folders in order, so that those of a
folder or a year begin somewhere in the middle, behind millions of others. So the walk leaves
out zones of numbers that can hold none: see `schema.zone`.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, func, lateral, literal, select, true

from barkive.catalogue.db.schema import ZONE_BITS, photo, zone
from barkive.catalogue.query.filters import Filter, look_words_up, read_words
from barkive.catalogue.query.text_search import split

# So many are found and sorted in the time that a page may take.
_FEW = 50_000
# Mostly enough fit in the first zones.
_FIRST_ZONES = 3


def first_numbers(
    connection: Connection, case: ColumnElement[bool], query: Filter, limit: int, offset: int
) -> list[int]:
    """The numbers of the first photos that fit, ascending.

    Args:
        connection: Of the catalogue, in PostgreSQL.
        case: One of the filter's.
        query: The filter.
        limit: How many at most.
        offset: How many to pass over.
    """
    if query.text is not None:
        read_words(connection)
    found = _walk(connection, case, query, limit + offset, 0, _FIRST_ZONES)
    if len(found) == limit + offset:
        return found[offset:]
    number = photo.c.id
    if query.text is not None:
        look_words_up(connection)
        fitting = select(number).where(case).order_by(number).limit(limit).offset(offset)
        return list(connection.execute(fitting).scalars())
    some = select(number).where(case).limit(_FEW + 1).cte("some").prefix_with("MATERIALIZED")
    of_some = select(some.c.id).order_by(some.c.id).limit(limit).offset(offset)
    count = select(func.count()).select_from(some).scalar_subquery()
    found, there = connection.execute(select(func.array(of_some.scalar_subquery()), count)).one()
    if there <= _FEW:
        return list(found)
    return _walk(connection, case, query, limit, offset, None)


def _walk(
    connection: Connection,
    case: ColumnElement[bool],
    query: Filter,
    limit: int,
    offset: int,
    zones: int | None,
) -> list[int]:
    """The first numbers in zones that can hold photos that fit.

    Args:
        connection: Of the catalogue.
        case: One of the filter's.
        query: The filter.
        limit: How many at most.
        offset: How many to pass over.
        zones: In so many zones at most; None for all.
    """
    # To look for letters takes a twentieth of the time that it takes to part words.
    letters = [photo.c.words.contains(one) for one in split(query.text or "") if one.isascii()]
    chosen = select(zone.c.zone).where(query.zone_maps()).order_by(zone.c.zone).limit(zones)
    some = chosen.subquery("some")
    start = some.c.zone.op("<<")(literal(ZONE_BITS))
    within = and_(photo.c.id >= start, photo.c.id < start + (1 << ZONE_BITS))
    inner = (
        select(photo.c.id).where(within, *letters, case).order_by(photo.c.id).limit(limit + offset)
    )
    of_zone = lateral(inner, "of_zone")
    walk = select(of_zone.c.id).select_from(some.join(of_zone, true()))
    ordered = walk.order_by(some.c.zone, of_zone.c.id).limit(limit).offset(offset)
    return list(connection.execute(ordered).scalars())
