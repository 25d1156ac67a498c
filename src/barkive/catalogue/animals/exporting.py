"""The animals as exports want them: with their photos, and what was sent of them already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from barkive.catalogue.animals import finding
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.export.exporter import AnimalPhotos, Sent
from barkive.catalogue.query.entries import where
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry, now

_ALL = Filter()
_AT_ONCE = 200


def numbers_meant(store: Store, query: Filter, limit: int | None = None) -> list[int]:
    """The numbers of the animals of which a photo is meant, by code; of all where all are.

    Args:
        store: The catalogue.
        query: Which photos; without any condition animals without photos are meant as well.
        limit: How many animals at most; None for all.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    c = schema.animal.c
    columns = select(c.number, c.code_key, c.id).where(c.removed.is_(False))
    with store.read() as connection:
        if query == _ALL:
            rows = list(connection.execute(columns))
        else:
            pictures = finding.pictures_meant(connection, store, query)
            shown = finding.animals_of(connection, pictures)
            numbers = list({one for animals in shown.values() for one in animals})
            rows = [
                row
                for part in chunks(numbers)
                for row in connection.execute(columns.where(c.number.in_(part)))
            ]
    rows.sort(key=lambda row: (row.code_key is None, row.code_key or "", row.id))
    return [row.number for row in rows][:limit]


def with_photos(store: Store, numbers: Sequence[int]) -> Iterator[AnimalPhotos]:
    """Animals with all their photos, some at a time.

    Args:
        store: The catalogue.
        numbers: Of the animals; those that are gone meanwhile are passed over.
    """
    for part in chunks(numbers, _AT_ONCE):
        yield from _with_photos(store, part)


def _with_photos(store: Store, numbers: Sequence[int]) -> list[AnimalPhotos]:
    c = schema.animal_photo.c
    with store.read() as connection:
        found = finding.to_animals(connection, store.models, finding.rows_of(connection, numbers))
        pictures: dict[int, list[int]] = {}
        rows = select(c.animal, c.picture).where(c.animal.in_(numbers)).order_by(c.id)
        for row in connection.execute(rows):
            pictures.setdefault(row.animal, []).append(row.picture)
        shown = {one for some in pictures.values() for one in some}
        photos = finding.photos_of(connection, shown)
    entries: dict[int, Entry] = {}
    for part in chunks(list(photos.values())):
        some = where(store, schema.photo.c.number.in_(part))
        entries |= {one.picture: one for one in some}
    animals = {one.id: one for one in found if not one.removed}
    made = []
    for number in numbers:
        if number in animals:
            of_it = [entries[one] for one in pictures.get(number, ()) if one in entries]
            # The main one first; the others stay in their order.
            of_it.sort(key=lambda one: one.id != animals[number].main_photo)
            made.append(AnimalPhotos(animals[number], tuple(of_it)))
    return made


def read_sent(store: Store, form: str) -> dict[int, Sent]:
    """What exports of a form sent of animals, by their numbers."""
    c = schema.animal_export.c
    with store.read() as connection:
        rows = connection.execute(select(c.animal, c.sent).where(c.form == form)).all()
    return {row.animal: _to_sent(json.loads(row.sent)) for row in rows}


def write_sent(store: Store, form: str, sent: Mapping[int, Sent]) -> None:
    """Keeps what an export has sent, all of it or nothing.

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    table, at = schema.animal_export, now()
    with store.write() as connection:
        for part in chunks(list(sent)):
            old = delete(table).where(table.c.form == form, table.c.animal.in_(part))
            connection.execute(old)
            rows = [
                {
                    "form": form,
                    "animal": number,
                    "sent": json.dumps(
                        {"values": sent[number].values, "pictures": sorted(sent[number].pictures)}
                    ),
                    "sent_at": at,
                }
                for number in part
            ]
            connection.execute(insert(table), rows)


def _to_sent(said: Any) -> Sent:
    values = {field: (kept, shown) for field, (kept, shown) in said["values"].items()}
    return Sent(values, frozenset(said["pictures"]))
