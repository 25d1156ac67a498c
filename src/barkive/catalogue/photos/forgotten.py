"""Contents that people took out of the catalogue: of each only the SHA-256 is kept.

By it a scan knows a file that must not come back by itself, and a merge a picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, insert, select

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.clock import now


def forgotten_of(connection: Connection, digests: Collection[bytes]) -> set[bytes]:
    """Those of some contents that were taken out, by their SHA-256."""
    c = schema.forgotten.c
    found: set[bytes] = set()
    for part in chunks(list(digests)):
        known = select(c.sha256).where(c.sha256.in_(part))
        found |= {bytes(one) for one in connection.execute(known).scalars()}
    return found


def is_any_forgotten(connection: Connection) -> bool:
    """Whether anything was taken out."""
    return connection.execute(select(schema.forgotten.c.id).limit(1)).first() is not None


def remember(connection: Connection, digests: Collection[bytes], by: str | None) -> None:
    """Notes contents as taken out.

    Args:
        connection: Of a writing transaction.
        digests: Their SHA-256.
        by: Who took them out.
    """
    new = set(digests) - forgotten_of(connection, digests)
    rows = [{"sha256": one, "forgotten_by": by, "forgotten_at": now()} for one in sorted(new)]
    if rows:
        connection.execute(insert(schema.forgotten), rows)


def bring_back(connection: Connection, digests: Iterable[bytes]) -> None:
    """Has contents be as any other; the connection must be of a writing transaction."""
    for part in chunks(list(digests)):
        connection.execute(delete(schema.forgotten).where(schema.forgotten.c.sha256.in_(part)))
