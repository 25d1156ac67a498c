"""Which files a scan passes over because somebody took out what they hold: see `forgetting`.

A file that still belongs to a photo of the catalogue is none of them: where of several files with
one content only some were taken out, that of a photo may be moved, or go, and another one takes
its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.forgotten import forgotten_of, is_any_forgotten
from barkive.catalogue.query.store import Store
from barkive.catalogue.scan.listing import Listing
from barkive.errors import PhotoError
from barkive.images import read_file
from barkive.images.remote import is_remote


class PassedOver(NamedTuple):
    """What is passed over.

    Attributes:
        paths: Of the files.
        replaced: The photos that were under these names, and hold another picture: their paths by
            their `id`.
    """

    paths: frozenset[str]
    replaced: Mapping[int, str]


class TakenOut:
    """The contents that were taken out, for a scan."""

    def __init__(self, store: Store, listing: Listing) -> None:
        """Sets what is scanned.

        Args:
            store: The catalogue.
            listing: Knows which files are gone.
        """
        self._store, self._listing = store, listing
        with store.read() as connection:
            self._is_any = is_any_forgotten(connection)

    def digest_of(self, path: str) -> bytes | None:
        """The SHA-256 of a file, so that it need not be judged where it is passed over.

        None where nothing was taken out, the file can't be read, or would have to be fetched.
        """
        if not self._is_any or is_remote(path):
            return None
        try:
            return sha256(read_file(path)).digest()
        except PhotoError:
            return None

    def among(self, digests: Mapping[str, bytes]) -> PassedOver:
        """Those of some files that are passed over.

        Args:
            digests: The SHA-256 of each, by its path.
        """
        if not digests:
            return PassedOver(frozenset(), {})
        with self._store.read() as connection:
            known = forgotten_of(connection, set(digests.values()))
            found = {path: digest for path, digest in digests.items() if digest in known}
            pictures = _pictures(connection, found)
            rows = _photos(connection, set(pictures.values()))
            here = _here(connection, list(found))
        passed: set[str] = set()
        taken: set[int] = set()
        for path in found:
            picture = pictures.get(path)
            own = rows.get(picture, []) if picture is not None else []
            if any(row.path == path for row in own):
                continue
            is_free = picture not in taken and any(
                row.missing_since is not None or self._listing.is_gone(row.path) for row in own
            )
            if is_free and picture is not None:
                taken.add(picture)
            else:
                passed.add(path)
        replaced = {here[path]: path for path in passed if path in here}
        return PassedOver(frozenset(passed), replaced)


def _pictures(connection: Connection, digests: Mapping[str, bytes]) -> dict[str, int]:
    """The picture of each file that is known, by its path."""
    c = schema.content.c
    known: dict[bytes, int] = {}
    for part in chunks(list(set(digests.values()))):
        rows = connection.execute(select(c.sha256, c.picture).where(c.sha256.in_(part)))
        known |= {bytes(row.sha256): row.picture for row in rows}
    return {path: known[digest] for path, digest in digests.items() if digest in known}


def _photos(connection: Connection, pictures: set[int]) -> dict[int, list[Row[Any]]]:
    """The photos of pictures."""
    c = schema.photo.c
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for part in chunks(list(pictures)):
        of_part: Select[Any] = select(c.picture, c.path, c.missing_since)
        for row in connection.execute(of_part.where(c.picture.in_(part))):
            found[row.picture].append(row)
    return found


def _here(connection: Connection, paths: list[str]) -> dict[str, int]:
    """The `id` of each photo that is there for the catalogue, by its path."""
    c = schema.photo.c
    found: dict[str, int] = {}
    for part in chunks(paths):
        there = select(c.path, c.id).where(c.path.in_(part), c.missing_since.is_(None))
        found |= {row.path: row.id for row in connection.execute(there)}
    return found
