"""What people say of photos: labels, and their history.

A label belongs to a picture, and so to every file with it. Nothing is ever
overwritten: an undo is one more line of the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    func,
    insert,
    select,
)

from barkive.catalogue.db import schema
from barkive.catalogue.photos.identity import Now, compare
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.catalogue.query.entries import find, one, to_entries
from barkive.catalogue.query.judgements import IN_ORDER
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import VERSION, Change, Entry, Kind, LabelRow
from barkive.clock import now
from barkive.errors import (
    ChangedPhotoError,
    NothingToSayError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UsageError,
)

_BREEDS_OF = {Kind.BREED: 1, Kind.CROSS: 2}


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of a photo.

    Attributes:
        kind: What is said; `undo` takes back the last thing that was said.
        seen: The `Entry.version` that the person had before them; None where the program does
            not say.
        breeds: Names or ids: one for `breed`, two different ones for `cross`, else none.
        note: Anything worth remembering.
        by: Who says so.
        other: Whether breeds that Barkive has no name for are taken as they are written.

    Raises:
        UsageError: The number of breeds does not fit.
    """

    kind: Kind
    breeds: tuple[str, ...] = ()
    note: str | None = None
    by: str | None = None
    other: bool = False
    seen: str | None = None

    def __post_init__(self) -> None:
        count = _BREEDS_OF.get(self.kind, 0)
        if len(self.breeds) != count:
            raise UsageError(
                "label_breed_count",
                kind=self.kind,
                n=count,
                given=len(self.breeds),
            )
        if any(not breed.strip() for breed in self.breeds):
            raise UsageError("label_breed_empty")


def add(store: Store, photo: str | int, label: Label) -> Entry:
    """Writes what a person says of a photo; it is durable when this returns.

    Args:
        store: The catalogue.
        photo: Its path or its number; every file of the same picture is corrected with it.
        label: What is said.

    Returns:
        The photo as it is now.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
        NothingToSayError: It could never be read, or there is nothing to take back.
        ChangedPhotoError: It holds another picture than the one that was seen.
        ReviewedMeanwhileError: Somebody has spoken of it since it was seen.
        CatalogueError: The catalogue can't be written.
        UnknownBreedError: There is no such breed.
    """
    # Before the transaction, for which others wait: the file may have to be read.
    known = one(store, photo)
    refuse_changed(known, label)
    with store.write() as connection:
        # By its number: a scan may have put another picture under this name meanwhile.
        return write(connection, store.models, known.id, label)


def refuse_changed(entry: Entry, label: Label) -> None:
    """Refuses to speak of a photo whose file may hold another picture by now.

    Raises:
        ChangedPhotoError: It does; or it can't be read, and the person does not say what they
            saw.
    """
    if entry.missing_since is not None and label.seen is not None:
        return  # its file is known to be gone, and another photo may be under its name
    match compare(entry):
        case Now.CHANGED:
            raise ChangedPhotoError("label_picture_changed", file=entry.file)
        case Now.UNREADABLE if label.seen is None:
            raise ChangedPhotoError("label_picture_unreadable", file=entry.file)


def write(connection: Connection, models: Models, photo: str | int, label: Label) -> Entry:
    """Writes what a person says of a photo, within a transaction: see `correct`."""
    row = find(connection, photo)
    (before,) = to_entries(connection, models, [row])
    if row.sha256 is None:
        raise NothingToSayError("label_photo_never_read", file=row.path)
    content = bytes(row.sha256)
    if label.seen is not None:
        content = _seen(connection, row, label.seen)
    breeds = _breeds(connection, models, label)
    if label.kind is Kind.UNDO and row.correction_id is None:
        raise NothingToSayError("label_none_to_undo", file=row.path)
    said = schema.correction
    last = select(func.max(said.c.said_at)).where(said.c.picture == row.picture)
    connection.execute(
        insert(said).values(
            picture=row.picture,
            sha256=content,
            kind=label.kind.value,
            breed=breeds[0] if breeds else None,
            breed2=breeds[1] if len(breeds) > 1 else None,
            note=label.note,
            said_by=label.by,
            # Words are in the order of their times, also where a clock was set back.
            said_at=max(now(), connection.execute(last).scalar() or datetime.min),
            was=_described(before),
            undoes=row.correction_id if label.kind is Kind.UNDO else None,
        )
    )
    update_effective_labels(connection, models, row.picture)
    (after,) = to_entries(connection, models, [find(connection, row.number)])
    return after


def _seen(connection: Connection, row: Row[Any], version: str) -> bytes:
    """The content that a person had before them, if it holds the picture that is spoken of.

    Raises:
        ChangedPhotoError: It holds another picture, or it is no version.
        ReviewedMeanwhileError: Another label was in force.
    """
    found = VERSION.fullmatch(version)
    if found is None:
        raise ChangedPhotoError("label_version_invalid", version=version)
    content, label = bytes.fromhex(found[1]), int(found[2])
    c = schema.content.c
    known = select(c.sha256).where(
        c.picture == row.picture, c.sha256.between(content, content + b"\xff" * 16)
    )
    whole = connection.execute(known.limit(1)).scalar()
    if whole is None:
        raise ChangedPhotoError("label_picture_not_seen", file=row.path)
    if label != (row.correction_id or 0):
        raise ReviewedMeanwhileError("label_spoken_since_seen", file=row.path)
    return bytes(whole)


def history(store: Store, photo: str | int) -> list[Change]:
    """What people said of a photo, in order, what was undone included.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
    """
    with store.read() as connection:
        row = find(connection, photo)
        table = schema.correction
        said = connection.execute(
            select(table).where(table.c.picture == row.picture).order_by(*IN_ORDER)
        )
        return [to_change(store.models, row) for row in said]


def to_change(models: Models, row: Row[Any] | LabelRow) -> Change:
    """A row of `correction` as what a person once said."""
    return Change(
        id=row.id,
        undoes=row.undoes,
        kind=Kind(row.kind),
        labels=tuple(models.names.label(breed) for breed in (row.breed, row.breed2) if breed),
        note=row.note,
        by=row.said_by,
        at=row.said_at,
        was=row.was,
    )


def _breeds(connection: Connection, models: Models, label: Label) -> tuple[str, ...]:
    """The ids of the breeds that a person names; with `other`, new ones are added."""
    models.follow(connection)
    found: list[str] = []
    for name in label.breeds:
        try:
            found.append(models.names.find(name))
        except UnknownBreedError as error:
            if not label.other:
                raise UnknownBreedError(name, error.nearest, can_be_added=True) from None
            found.append(breed_names.add(connection, name))
            models.follow(connection)
    if len(set(found)) < len(found):
        raise UsageError("label_cross_same_breed", breeds=label.breeds)
    return tuple(found)


def _described(entry: Entry) -> str:
    """What held, in one line, such as `uncertain` or `dog: Pug`."""
    names = " x ".join(label.en for label in entry.labels)
    return f"{entry.status.value}: {names}" if names else entry.status.value
