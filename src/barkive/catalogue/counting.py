"""Counts photos, also a million of them, in the time that a page may take."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Literal

from sqlalchemy import Executable, Integer, Text, func, literal_column, select, table

from barkive.catalogue import schema
from barkive.catalogue.database import Database
from barkive.catalogue.filters import Filter
from barkive.catalogue.models import Models

By = Literal["status", "breed"]
_ALL = Filter()


def count(database: Database, models: Models, wanted: Filter) -> int:
    """How many photos are meant.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    if wanted.corrected is False:
        # Nearly all are not, and to count the others takes less.
        of_both = count(database, models, replace(wanted, corrected=None))
        return of_both - count(database, models, replace(wanted, corrected=True))
    if wanted == _ALL:
        return sum(counts(database, models, "status", wanted).values())
    number = select(func.count()).select_from(schema.photo)
    with database.read() as connection:
        return sum(
            connection.execute(number.where(case)).scalar_one()
            for case in wanted.cases(models, sqlite=database.is_sqlite)
        )


def counts(database: Database, models: Models, by: By, wanted: Filter) -> Counter[str]:
    """How many photos there are of each status, or of each breed by its id.

    A cross counts for the first of its breeds.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    column, number = schema.photo.c[by], func.count()
    statements: list[Executable] = [
        select(column, number).where(case, column.is_not(None)).group_by(column)
        for case in wanted.cases(models, sqlite=database.is_sqlite)
    ]
    if wanted == _ALL and database.is_sqlite:
        kept, photos = literal_column(by, Text), literal_column("photos", Integer)
        statements = [select(kept, photos).select_from(table("tally")).where(kept != "")]
    found: Counter[str] = Counter()
    with database.read() as connection:
        for statement in statements:
            for name, some in connection.execute(statement):
                found[name] += some
    return +found
