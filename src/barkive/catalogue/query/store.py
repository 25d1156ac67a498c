"""An opened catalogue, as the rooms pass it on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection

from barkive.catalogue.db.database import Database
from barkive.catalogue.predictions.models import Models


@dataclass(frozen=True, slots=True)
class Store:
    """An opened catalogue.

    Attributes:
        database: Where its rows are.
        models: The models that judged its photos, and what breeds are called.
    """

    database: Database
    models: Models

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads: see `Database.read`."""
        return self.database.read()

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that is durable when its block ends: see `Database.write`."""
        return self.database.write()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite, and not PostgreSQL."""
        return self.database.is_sqlite

    def refresh(self) -> Store:
        """Takes up what people have called breeds meanwhile, here or elsewhere; gives itself."""
        with self.read() as connection:
            self.models.follow(connection)
        return self
