"""Renames breeds that people added or trained, and makes two of them one.

What people said is never changed: labels keep the breed as it was named, and the table
`added_breed` says what that is called now.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from barkive import breeds
from barkive.catalogue.db import schema
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.catalogue.query.store import Store
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName


class Renamed(NamedTuple):
    """What came of it.

    Attributes:
        before: The breed as it was called.
        after: As it is called now; the breed that it was merged into.
        photos: How many photos are of it, or may be.
    """

    before: BreedName
    after: BreedName
    photos: int


def rename(store: Store, old: str, new: str, *, merge: bool) -> Renamed:
    """Gives a breed another name; with that of another breed, it becomes that one.

    Args:
        store: The catalogue.
        old: The breed that is meant: of people or of a model, and not of Barkive's table.
        new: Its new name.
        merge: Whether it may become another breed.

    Raises:
        UnknownBreedError: There is no breed `old`.
        UsageError: It is one of the table, the name is empty, or it is another breed's and
            they are not to be merged. Nothing is changed.
    """
    models = store.models
    with store.write() as connection:
        models.follow(connection)
        breed = models.names.find(old)
        before = models.names.label(breed)
        if breeds.called(breed) is not None:
            raise UsageError("breed_rename_built_in", breed=before.en)
        photos = _photos(connection, models.names.ids(breed))
        name = breed_names.written(new)
        try:
            other = models.names.find(name)
        except UnknownBreedError:
            other = breed
        if other != breed and not merge:
            there = _photos(connection, models.names.ids(other))
            raise UsageError(
                "breed_rename_taken",
                breed=models.names.label(other).en,
                count=there,
                moved_count=photos,
                old_breed=before.en,
            )
        c = schema.added_breed.c
        values = {"merged_into": other} if other != breed else {"name": name}
        if not connection.execute(
            update(schema.added_breed).where(c.breed == breed).values(values)
        ).rowcount:
            row = {"key": breed_names.fold(breed), "breed": breed, "name": before.en} | values
            connection.execute(insert(schema.added_breed).values(row))
        models.follow(connection)
        _update_photos(connection, models, models.names.ids(other))
        return Renamed(before, models.names.label(other), photos)


def _photos(connection: Connection, ids: list[str]) -> int:
    return connection.execute(select(func.count()).where(_shows(ids))).scalar_one()


def _shows(ids: list[str]) -> ColumnElement[bool]:
    """The photos with a dog of one of these breeds."""
    c, other = schema.photo.c, schema.other_dog.c
    beside = select(other.photo_id).where(or_(other.breed.in_(ids), other.breed2.in_(ids)))
    return or_(c.breed.in_(ids), c.breed2.in_(ids), c.id.in_(beside))


def _update_photos(connection: Connection, models: Models, ids: list[str]) -> None:
    """Has the photos of a breed be found under its name."""
    pictures = select(schema.photo.c.picture).where(_shows(ids)).distinct()
    for picture in connection.execute(pictures).scalars().all():
        update_effective_labels(connection, models, picture)
