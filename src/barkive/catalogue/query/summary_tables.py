"""Counts photos in PostgreSQL by summary tables, exactly and at any size; triggers keep these.

They are by steps of the probability, by month, by both, by folder, by zone (see `schema.zone`) and
by word. What they do not divide finely enough, such as the days of a month that has begun or a zone
at the edge of a folder, is counted photo by photo; so are filters that none of them knows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    CompoundSelect,
    DateTime,
    Integer,
    Select,
    TableClause,
    Text,
    and_,
    cast,
    column,
    func,
    lateral,
    literal,
    select,
    table,
    true,
    union_all,
)

from barkive.catalogue.db.schema import ZONE_BITS, FileName, photo, word_tally, zone
from barkive.catalogue.query.filters import (
    Filter,
    between,
    folder_prefix,
    inside,
    is_of_letters,
    prefix_end,
)
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.text_search import split
from barkive.verdicts import Status

By = Literal["status", "breed"]
Condition = ColumnElement[bool]
Statement = Select[str, int] | CompoundSelect[str, int]

STEPS = [k / 100 for k in range(1, 100)] + [float(f"0.99{k}") for k in range(1, 10)]
"""Where the steps of the probability begin; those of migration 0004."""


def _summary(name: str, *columns: ColumnClause[Any]) -> TableClause:
    held = column("status", Text), column("corrected", Boolean), column("photos", BigInteger)
    return table(name, *held, *columns)


_BY_STEP = _summary("tally", column("breed", Text), column("step", Integer))
_BY_MONTH = _summary("tally_by_month", column("breed", Text), column("month", DateTime))
# Of both there are so many that it does not tell breeds apart.
_BY_MONTH_AND_STEP = _summary(
    "tally_by_month_and_step", column("month", DateTime), column("step", Integer)
)
BY_FOLDER = _summary("tally_by_folder", column("folder", FileName))
_BY_ZONE = _summary("tally_by_zone", column("zone", BigInteger), column("breed", Text))
_BY_ZONE_AND_STEP = _summary(
    "tally_by_zone_and_step", column("zone", BigInteger), column("step", Integer)
)
# To count the photos of a zone takes so many times as long for each as to count them by an index.
_EDGE = 3
_ALL = Filter()


def statements(store: Store, query: Filter, by: By | None) -> list[Statement] | None:
    """What counts the photos that are meant: a name and a number each.

    None where no summary table tells.

    Args:
        store: The catalogue, in PostgreSQL.
        query: Which photos.
        by: What to count for itself; None for all together, whose name is empty.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    if query.text:
        return _of_word(query, by)
    cases = query.cases(store)
    found = _chosen(query, by)
    if found is None:
        of_zones = _of_zones(store, query, by, cases[0])
        return None if of_zones is None else [of_zones, *_one_by_one(cases[1:], by)]
    summary, whole, edges = found
    meant = query.breed_ids(store.models)
    conditions = [*kept(summary, query), *whole]
    if meant:
        conditions.append(summary.c.breed.in_(meant[0]))
    counted = grouped(summary.c[by] if by else None, photos(summary)).where(*conditions)
    # Of the cases the first is what the table knows; others look at second breeds and dogs.
    left = [*(and_(cases[0], edge) for edge in edges), *cases[1:]]
    return [counted, *_one_by_one(left, by)]


def _one_by_one(conditions: Iterable[Condition], by: By | None) -> list[Select[str, int]]:
    """What counts photos themselves, by each of some conditions."""
    name = photo.c[by] if by else None
    return [grouped(name, func.count()).select_from(photo).where(one) for one in conditions]


def _of_word(query: Filter, by: By | None) -> list[Statement] | None:
    """What counts the photos of one word of letters; None where more is asked."""
    words = split(query.text or "")
    known = replace(query, text=None, status=(), corrected=None) == _ALL
    if not known or by == "breed" or len(words) != 1:
        return None
    (word,) = words
    if not is_of_letters(word):
        return None
    c = word_tally.c
    # Of a photo's words that begin so, the first has less in common with the one before it.
    begins = c.word >= word, c.word < prefix_end(word), c.shared < len(word)
    counted = grouped(c[by] if by else None, photos(word_tally))
    return [counted.where(*begins, *kept(word_tally, query))]


def _of_zones(
    store: Store, query: Filter, by: By | None, case: Condition
) -> CompoundSelect[str, int] | None:
    """What counts the photos of a folder's whole zones together, and those at its edges.

    None where more is asked than a folder with breeds or a probability, or where so many zones
    are at the edges that it would take longer than to count all.
    """
    rest = replace(query, status=(), corrected=None, folder=None, min_probability=None)
    rest = replace(rest, breed=None, breeds=(), group=None)
    meant = query.breed_ids(store.models)
    if query.folder is None or len(meant) > 1 or rest != _ALL:
        return None
    summary = _BY_ZONE
    conditions: list[Condition] = [_BY_ZONE.c.breed.in_(one) for one in meant]
    if query.min_probability is not None:
        summary = _BY_ZONE_AND_STEP
        conditions, between = _steps(summary, query.min_probability)
        if meant or by == "breed" or between:
            return None
    start = folder_prefix(query.folder)
    is_whole = and_(zone.c.first_path >= start, zone.c.last_path < prefix_end(start))
    at_edge = and_(query.zone_maps(), ~is_whole)
    how_many = select(
        *(select(func.count()).where(one).scalar_subquery() for one in (is_whole, at_edge))
    )
    with store.read() as connection:
        whole, edge = connection.execute(how_many).one()
    if edge * _EDGE > whole:
        return None
    # As an array, of which the database thinks that it is short: so it reads these zones alone.
    zones = func.array(select(zone.c.zone).where(is_whole).scalar_subquery())
    of_whole = grouped(summary.c[by] if by else None, photos(summary)).where(
        *kept(summary, query), *conditions, summary.c.zone == func.any(zones)
    )
    some = select(zone.c.zone).where(at_edge).subquery("some")
    first = some.c.zone.op("<<")(literal(ZONE_BITS))
    within = photo.c.id >= first, photo.c.id < first + (1 << ZONE_BITS)
    # The offset keeps the database from looking at the whole folder first.
    of_zone = select(photo.c[by] if by else literal("").label("name")).where(*within, case)
    one = lateral(of_zone.offset(literal(0)), "one")
    name = next(iter(one.c))
    of_edges = grouped(name if by else None, func.count())
    return union_all(of_whole, of_edges.select_from(some.join(one, true())))


def photos(summary: TableClause) -> ColumnElement[int]:
    """How many photos rows of a summary table stand for."""
    return func.coalesce(cast(func.sum(summary.c.photos), BigInteger), 0)


def kept(summary: TableClause, query: Filter) -> list[Condition]:
    """The conditions on what every summary keeps."""
    conditions: list[Condition] = [summary.c.photos > 0]
    if query.status:
        conditions.append(summary.c.status.in_([Status(one).value for one in query.status]))
    if query.corrected is not None:
        conditions.append(summary.c.corrected == query.corrected)
    return conditions


def knows_folders(query: Filter) -> bool:
    """Whether the summary table by folder tells how many photos are meant."""
    asked = query.after, query.before, query.min_probability, query.breed, query.group
    alone = query.missing is False and not query.text and not query.breeds
    return alone and asked == (None,) * len(asked) and not _is_of_rows(query)


def _is_of_rows(query: Filter) -> bool:
    """Whether a filter is set that no summary table knows."""
    asked = (
        *(query.dogs, query.animal, query.grouped, query.numbers),
        *(query.added_after, query.added_before),
    )
    return asked != (None,) * len(asked)


def grouped(name: ColumnElement[Any] | None, number: ColumnElement[int]) -> Select[str, int]:
    """Names with their numbers, without those that have no name; None for all together."""
    if name is None:
        return select(literal(""), number)
    return select(name, number).where(name != "").group_by(name)


def _chosen(
    query: Filter, by: By | None
) -> tuple[TableClause, list[Condition], list[Condition]] | None:
    """Which summary table tells, which rows of it, and which photos it does not divide."""
    is_dated = query.after is not None or query.before is not None
    several = len(query.breeds) + (query.breed is not None) > 1
    if query.missing is not False or query.text or several or _is_of_rows(query):
        return None
    if query.folder is not None:
        if by == "breed" or not knows_folders(query):
            return None
        return BY_FOLDER, [inside(query.folder, BY_FOLDER.c.folder)], []
    least = query.min_probability
    if not is_dated:
        return (_BY_STEP, *_steps(_BY_STEP, least)) if least is not None else (_BY_STEP, [], [])
    start, end = _whole_months(query)
    if start is not None and end is not None and start > end:
        return None
    edges = _edges(query, start, end)
    if least is None:
        return _BY_MONTH, [*between(_BY_MONTH.c.month, start, end)], edges
    if by == "breed" or query.breed is not None or query.breeds or query.group is not None:
        return None
    summary = _BY_MONTH_AND_STEP
    whole, of_step = _steps(summary, least)
    whole += between(summary.c.month, start, end)
    in_months = between(photo.c.taken_at, start, end)
    return summary, whole, edges + [and_(edge, *in_months) for edge in of_step]


def _steps(summary: TableClause, least: float) -> tuple[list[Condition], list[Condition]]:
    """The whole steps from a probability on, and the photos of the step in which it lies."""
    step, probability = summary.c.step, photo.c.probability
    if least <= 0:
        return [step >= 0], []
    first = bisect_left(STEPS, least)
    whole: list[Condition] = [step > first]
    if first == len(STEPS):
        return whole, [probability >= least]
    if STEPS[first] == least:
        return whole, []
    return whole, [and_(probability >= least, probability < STEPS[first])]


def _whole_months(query: Filter) -> tuple[date | None, date | None]:
    """The day on which the first whole month begins, and the day behind the last."""
    after, before = query.after, query.before
    start = after if after is None or after.day == 1 else _next(after)
    return start, None if before is None else before.replace(day=1)


def _edges(query: Filter, start: date | None, end: date | None) -> list[Condition]:
    """The photos before the first whole month and those after the last."""
    taken_at = photo.c.taken_at
    edges: list[Condition] = []
    if start != query.after:
        edges.append(and_(*between(taken_at, query.after, start)))
    if end != query.before:
        edges.append(and_(*between(taken_at, end, query.before)))
    return edges


def _next(day: date) -> date:
    """The first day of the next month."""
    if day.month == 12:
        # After the last year there is none, and no photo either.
        return date.max if day.year == date.max.year else date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)
