"""The animals as exports want them: with their photos, and what was sent of them already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, and_, delete, exists, insert, not_, select

from barkive.catalogue.animals import finding
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.export.exporter import AnimalPhotos, Sending, Sent
from barkive.catalogue.query.entries import where
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry, now
from barkive.verdicts import Status

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


def read_sent(store: Store, form: str) -> Sending:
    """What exports of a form sent: of what there is still, and of what is gone.

    Args:
        store: The catalogue.
        form: The form's name.
    """
    earlier: dict[int, Sent] = {}
    gone: dict[int, Sent] = {}
    earlier_photos: dict[int, Sent] = {}
    gone_photos: dict[int, Sent] = {}
    with store.read() as connection:
        for row in connection.execute(_sent_animals(form)):
            (gone if row.number is None else earlier)[row.animal] = _to_sent(json.loads(row.sent))
        for row in connection.execute(_sent_photos(form)):
            kept = earlier_photos if row.number is not None else gone_photos
            kept[row.photo] = _to_sent(json.loads(row.sent))
    return Sending(earlier, gone, earlier_photos=earlier_photos, gone_photos=gone_photos)


def write_sent(store: Store, form: str, sending: Sending) -> None:
    """Keeps what an export has sent, and forgets what is gone: all of it or nothing.

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    at = now()
    with store.write() as connection:
        for table, sent, gone in (
            (schema.animal_export, sending.now, sending.gone),
            (schema.photo_export, sending.now_photos, sending.gone_photos),
        ):
            key = table.c.animal if "animal" in table.c else table.c.photo
            for part in chunks([*sent, *gone]):
                connection.execute(delete(table).where(table.c.form == form, key.in_(part)))
            for part in chunks(list(sent)):
                rows = [
                    {"form": form, key.name: one, "sent": _to_text(sent[one]), "sent_at": at}
                    for one in part
                ]
                connection.execute(insert(table), rows)


def _sent_animals(form: str) -> Select[Any]:
    """What was sent of animals, and their numbers; those of gone ones are empty."""
    sent, c = schema.animal_export.c, schema.animal.c
    here = and_(c.number == sent.animal, c.removed.is_(False))
    rows = select(sent.animal, sent.sent, c.number).join_from(
        schema.animal_export, schema.animal, here, isouter=True
    )
    return rows.where(sent.form == form).order_by(sent.id)


def _sent_photos(form: str) -> Select[Any]:
    """Likewise of photos: one that an animal has now, or that shows no dog, is gone."""
    sent, c, animal = schema.photo_export.c, schema.photo.c, schema.animal.c
    of = schema.animal_photo.c
    has_animal = exists().where(
        of.picture == c.picture, animal.number == of.animal, animal.removed.is_(False)
    )
    is_dog = c.status != Status.NOT_DOG.value
    here = and_(c.number == sent.photo, is_dog, not_(has_animal))
    rows = select(sent.photo, sent.sent, c.number).join_from(
        schema.photo_export, schema.photo, here, isouter=True
    )
    return rows.where(sent.form == form).order_by(sent.id)


def _to_text(sent: Sent) -> str:
    return json.dumps({"values": sent.values, "pictures": sorted(sent.pictures)})


def _to_sent(said: Any) -> Sent:
    values = {field: (kept, shown) for field, (kept, shown) in said["values"].items()}
    return Sent(values, frozenset(said["pictures"]))
