"""Adds breeds that the table lacks, says more of them, renames them, and makes two of them one.

What people said is never changed: labels keep the breed as it was named, and the table
`added_breed` says what that is called now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from barkive import breeds
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.catalogue.query.store import Store
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName

_LAST_FCI, _LAST_GROUP = 999, 10


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


def add(
    store: Store,
    en: str,
    fr: str | None = None,
    *,
    fci: int | None = None,
    group: int | None = None,
) -> BreedName:
    """Adds a breed; of one that people added or trained it says more: see `describe`.

    Args:
        store: The catalogue.
        en: Its name in English, or the one that it has in both languages.
        fr: Its French name; None where that is the same, or stays as it is.
        fci: See `describe`.
        group: Likewise.

    Raises:
        UsageError: It is one of the table, a name has no letter or digit, the French name is
            another breed's, or a number is out of its range. Nothing is changed.
    """
    with store.write() as connection:
        names = _names(connection, store.models)
        try:
            row = _row(names, names.find(en), en)
        except UnknownBreedError:
            row = breed_names.new(en)
        tell(connection, store.models, [_described(names, row, fr, fci, group)])
        return store.models.names.label(row.breed)


def describe(
    store: Store,
    breed: str,
    *,
    fr: str | None = None,
    fci: int | None = None,
    group: int | None = None,
) -> BreedName:
    """Says more of a breed that people added or trained.

    Args:
        store: The catalogue.
        breed: Its id, or its name in either language.
        fr: Its French name, in the place of the one that it has.
        fci: The FCI's number of it, 1..999; 0 for none.
        group: The FCI's group, 1..10; 0 for none.

    Raises:
        UnknownBreedError: There is no such breed.
        UsageError: As of `add`.
    """
    with store.write() as connection:
        names = _names(connection, store.models)
        row = _row(names, names.find(breed), breed)
        tell(connection, store.models, [_described(names, row, fr, fci, group)])
        return store.models.names.label(row.breed)


def rename(store: Store, old: str, new: str, *, merge: bool) -> Renamed:
    """Gives a breed another name; with that of another breed, it becomes that one.

    Its French name stays, where it has one of its own.

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
    with store.write() as connection:
        names = _names(connection, store.models)
        breed = names.find(old)
        before = names.label(breed)
        if breeds.called(breed) is not None:
            raise UsageError("breed_rename_built_in", breed=before.en)
        photos = _photos(connection, names.ids(breed))
        name = breed_names.written(new)
        try:
            other = names.find(name)
        except UnknownBreedError:
            other = breed
        if other != breed and not merge:
            raise UsageError(
                "breed_rename_taken",
                breed=names.label(other).en,
                count=_photos(connection, names.ids(other)),
                moved_count=photos,
                old_breed=before.en,
            )
        row = breed_names.row_of(names, breed)
        if other != breed:
            row = row._replace(merged_into=other)
        else:
            row = row._replace(name=name, name_fr=None if row.name_fr == name else row.name_fr)
        tell(connection, store.models, [row])
        return Renamed(before, store.models.names.label(other), photos)


def tell(connection: Connection, models: Models, rows: Iterable[AddedBreed]) -> None:
    """Writes what is known of breeds, and has their photos be found by it.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        rows: What is known of each breed now.
    """
    changed = [row for row in rows if models.names.added.get(row.breed) != row]
    if not changed:
        return
    breed_names.keep(connection, changed)
    models.follow(connection)
    ids = [one for row in changed for one in models.names.ids(row.breed)]
    pictures = select(schema.photo.c.picture).where(_shows(ids)).distinct()
    for part in chunks(connection.execute(pictures).scalars().all()):
        update_effective_labels(connection, models, *part)
    table = schema.animal
    named = (table.c[name].in_(ids) for name in ("breed", "breed2", "top_breed", "top_breed2"))
    connection.execute(update(table).where(or_(*named)).values(stale=True))


def _names(connection: Connection, models: Models) -> Names:
    """What breeds are called now, while nobody else can write."""
    models.follow(connection)
    return models.names


def _row(names: Names, breed: str, written: str) -> AddedBreed:
    """The row of a breed of people or of a model.

    Raises:
        UsageError: It is one of the table.
    """
    if breeds.called(breed) is not None:
        raise UsageError("breed_add_built_in", name=written, breed=names.label(breed).en)
    return breed_names.row_of(names, breed)


def _described(
    names: Names, row: AddedBreed, fr: str | None, fci: int | None, group: int | None
) -> AddedBreed:
    """The row of a breed with what is said of it.

    Raises:
        UsageError: The French name is another breed's, or a number is out of its range.
    """
    if fr is not None:
        french = breed_names.written(fr)
        other = names.meant(french)
        if other in names.labels.keys() - {row.breed}:
            other_breed = names.label(other).en
            raise UsageError("breed_french_taken", name=french, breed=row.name, other=other_breed)
        row = row._replace(name_fr=french if french != row.name else None)
    if fci is not None:
        if not 0 <= fci <= _LAST_FCI:
            raise UsageError("breed_fci_range", fci=fci, limit=_LAST_FCI)
        row = row._replace(fci=fci or None)
    if group is not None:
        if not 0 <= group <= _LAST_GROUP:
            raise UsageError("filter_group_range", group=group)
        row = row._replace(fci_group=group or None)
    return row


def _photos(connection: Connection, ids: list[str]) -> int:
    return connection.execute(select(func.count()).where(_shows(ids))).scalar_one()


def _shows(ids: list[str]) -> ColumnElement[bool]:
    """The photos with a dog of one of these breeds."""
    c, other = schema.photo.c, schema.other_dog.c
    beside = select(other.photo_id).where(or_(other.breed.in_(ids), other.breed2.in_(ids)))
    return or_(c.breed.in_(ids), c.breed2.in_(ids), c.id.in_(beside))
