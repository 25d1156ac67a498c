"""Counts photos in PostgreSQL by sums that its triggers keep, exactly and at any size.

There are four tallies: by steps of the probability, by month, by both and by folder. What they
do not divide finely enough, such as the days of a month that has begun, is counted photo by
photo; so are filters that no tally knows.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    TableClause,
    Text,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    table,
)

from barkive.catalogue.db.schema import FileName, photo
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.filters import Filter, inside
from barkive.verdicts import Status

By = Literal["status", "breed"]
Condition = ColumnElement[bool]

STEPS = [k / 100 for k in range(1, 100)] + [float(f"0.99{k}") for k in range(1, 10)]
"""Where the steps of the probability begin; those of migration 0004."""


def _tally(name: str, *columns: ColumnClause[Any]) -> TableClause:
    held = column("status", Text), column("corrected", Boolean), column("photos", BigInteger)
    return table(name, *held, *columns)


_BY_STEP = _tally("tally", column("breed", Text), column("step", Integer))
_BY_MONTH = _tally("tally_by_month", column("breed", Text), column("month", DateTime))
# Of both there are so many that it does not tell breeds apart.
_BY_MONTH_AND_STEP = _tally(
    "tally_by_month_and_step", column("month", DateTime), column("step", Integer)
)
BY_FOLDER = _tally("tally_by_folder", column("folder", FileName))


def statements(wanted: Filter, models: Models, by: By | None) -> list[Select[str, int]] | None:
    """What counts the photos that are meant: a name and a number each; None for no tally.

    Args:
        wanted: Which photos.
        models: Of the catalogue.
        by: What to count for itself; None for all together, whose name is empty.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    found = _chosen(wanted, by)
    if found is None:
        return None
    tally, whole, edges = found
    cases = wanted.cases(models, sqlite=False)
    meant = wanted.breed_ids(models)
    conditions = [*kept(tally, wanted), *whole]
    if meant is not None:
        conditions.append(tally.c.breed.in_(meant))
    counted = [grouped(tally.c[by] if by else None, photos(tally)).where(*conditions)]
    # Of the cases the first is what the tally knows; others look at a second breed.
    for condition in [*(and_(cases[0], edge) for edge in edges), *cases[1:]]:
        name = photo.c[by] if by else None
        counted.append(grouped(name, func.count()).select_from(photo).where(condition))
    return counted


def photos(tally: TableClause) -> ColumnElement[int]:
    """How many photos rows of a tally stand for."""
    return func.coalesce(cast(func.sum(tally.c.photos), BigInteger), 0)


def kept(tally: TableClause, wanted: Filter) -> list[Condition]:
    """The conditions on what every tally keeps."""
    conditions: list[Condition] = [tally.c.photos > 0]
    if wanted.status:
        conditions.append(tally.c.status.in_([Status(one).value for one in wanted.status]))
    if wanted.corrected is not None:
        conditions.append(tally.c.corrected == wanted.corrected)
    return conditions


def knows_folders(wanted: Filter) -> bool:
    """Whether the tally by folder tells how many photos are meant."""
    asked = wanted.after, wanted.before, wanted.min_probability, wanted.breed, wanted.group
    return wanted.missing is False and not wanted.text and asked == (None,) * len(asked)


def grouped(name: ColumnElement[Any] | None, number: ColumnElement[int]) -> Select[str, int]:
    """Names with their numbers, without those that have no name; None for all together."""
    if name is None:
        return select(literal(""), number)
    return select(name, number).where(name != "").group_by(name)


def _chosen(
    wanted: Filter, by: By | None
) -> tuple[TableClause, list[Condition], list[Condition]] | None:
    """Which tally holds the answer, what of it, and what of the photos it does not divide."""
    is_dated = wanted.after is not None or wanted.before is not None
    if wanted.missing is not False or wanted.text:
        return None
    if wanted.folder is not None:
        if by == "breed" or not knows_folders(wanted):
            return None
        return BY_FOLDER, [inside(wanted.folder, BY_FOLDER.c.folder)], []
    least = wanted.min_probability
    if not is_dated:
        return (_BY_STEP, *_steps(_BY_STEP, least)) if least is not None else (_BY_STEP, [], [])
    start, end = _whole_months(wanted)
    if start is not None and end is not None and start > end:
        return None
    edges = _edges(wanted, start, end)
    if least is None:
        return _BY_MONTH, _between(_BY_MONTH.c.month, start, end), edges
    if by == "breed" or wanted.breed is not None or wanted.group is not None:
        return None
    tally = _BY_MONTH_AND_STEP
    whole, of_step = _steps(tally, least)
    whole += _between(tally.c.month, start, end)
    in_months = _between(photo.c.taken_at, start, end)
    return tally, whole, edges + [and_(edge, *in_months) for edge in of_step]


def _steps(tally: TableClause, least: float) -> tuple[list[Condition], list[Condition]]:
    """The whole steps from a probability on, and the photos of the step in which it lies."""
    step, probability = tally.c.step, photo.c.probability
    if least <= 0:
        return [step >= 0], []
    first = bisect_left(STEPS, least)
    whole: list[Condition] = [step > first]
    if first == len(STEPS):
        return whole, [probability >= least]
    if STEPS[first] == least:
        return whole, []
    return whole, [and_(probability >= least, probability < STEPS[first])]


def _whole_months(wanted: Filter) -> tuple[date | None, date | None]:
    """The day on which the first whole month begins, and the day behind the last."""
    after, before = wanted.after, wanted.before
    start = after if after is None or after.day == 1 else _next(after)
    return start, None if before is None else before.replace(day=1)


def _edges(wanted: Filter, start: date | None, end: date | None) -> list[Condition]:
    """The photos before the first whole month and those after the last."""
    taken_at = photo.c.taken_at
    edges: list[Condition] = []
    if start != wanted.after:
        edges.append(and_(*_between(taken_at, wanted.after, start)))
    if end != wanted.before:
        edges.append(and_(*_between(taken_at, end, wanted.before)))
    return edges


def _between(moment: ColumnElement[Any], start: date | None, end: date | None) -> list[Condition]:
    """From the one day on, and before the other."""
    conditions: list[Condition] = []
    if start is not None:
        conditions.append(moment >= datetime.combine(start, time()))
    if end is not None:
        conditions.append(moment < datetime.combine(end, time()))
    return conditions


def _next(day: date) -> date:
    """The first day of the next month."""
    if day.month == 12:
        # After the last year there is none, and no photo either.
        return date.max if day.year == date.max.year else date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)
