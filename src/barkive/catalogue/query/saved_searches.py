"""Searches that people have given a name, to come back to them; all see the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select

from barkive.catalogue.db.schema import saved_search
from barkive.catalogue.query.store import Store
from barkive.clock import now
from barkive.errors import UsageError

LONGEST_NAME: Final = 100
"""So many letters a name may have."""
_MOST = 200


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search with a name.

    Attributes:
        id: Its number.
        name: As somebody called it.
        query: Its filters and its order, as they stand in the gallery's address.
        by: Who saved it; None if they gave no name.
        at: When, UTC.
    """

    id: int
    name: str
    query: str
    by: str | None
    at: datetime


class SavedSearches:
    """The searches of a catalogue that have names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[SavedSearch]:
        """All of them, by name."""
        c = saved_search.c
        with self._store.read() as connection:
            rows = connection.execute(select(saved_search).order_by(func.lower(c.name), c.id)).all()
        return [SavedSearch(row.id, row.name, row.query, row.said_by, row.said_at) for row in rows]

    def save(self, name: str, query: str, by: str | None = None) -> None:
        """Gives a search a name; it is durable when this returns.

        Args:
            name: Any text with a letter.
            query: The search, as it stands in the gallery's address.
            by: Who says so.

        Raises:
            UsageError: The name is empty, too long, or another search's; or there are too many.
        """
        name = "".join(c for c in " ".join(name.split()) if c.isprintable())
        if not name or len(name) > LONGEST_NAME:
            raise UsageError("search_name_length", limit=LONGEST_NAME)
        row = {"name": name, "query": query, "said_by": by, "said_at": now()}
        with self._store.write() as connection:
            known = connection.execute(select(saved_search.c.name)).scalars().all()
            if name in known:
                raise UsageError("search_name_taken", name=name)
            if len(known) >= _MOST:
                raise UsageError("search_too_many", limit=_MOST)
            connection.execute(insert(saved_search), row)

    def remove(self, number: int) -> None:
        """Forgets one; nothing where there is none of this number."""
        with self._store.write() as connection:
            connection.execute(delete(saved_search).where(saved_search.c.id == number))
