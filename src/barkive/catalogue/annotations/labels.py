"""What people say of photos: corrections, their history, and the queue of what to look at.

A correction belongs to a picture, and so to every file with it. Nothing is ever
overwritten: an undo is one more line of the history.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    insert,
    or_,
    select,
    true,
)

from barkive.catalogue.db import breed_names, schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.models import Models
from barkive.catalogue.photos.identity import Now, compare
from barkive.catalogue.query.effective_label import IN_ORDER
from barkive.catalogue.query.entries import chosen, to_entries
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.records import VERSION, Change, Entry, Kind, Said
from barkive.catalogue.scan.recording import bring_up_to_date
from barkive.clock import now
from barkive.errors import (
    ChangedPhotoError,
    NothingToSayError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UnknownPhotoError,
    UsageError,
)

_BREEDS_OF = {Kind.BREED: 1, Kind.CROSS: 2}
_REVIEWED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Correction:
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
        wanted = _BREEDS_OF.get(self.kind, 0)
        if len(self.breeds) != wanted:
            raise UsageError(
                f"A correction of the kind “{self.kind}” takes {wanted} "
                f"breed{'' if wanted == 1 else 's'}, not {len(self.breeds)}."
            )
        if any(not breed.strip() for breed in self.breeds):
            raise UsageError("The name of the breed is empty; give a name or an id.")


def one_of(
    breed: str | None, cross: Sequence[str], not_dog: bool, unsure: bool, undo: bool
) -> tuple[Kind, tuple[str, ...]]:
    """The one thing that is said, and its breeds: see `Catalogue.correct`.

    Raises:
        UsageError: It is not exactly one.
    """
    said: list[tuple[Kind, tuple[str, ...]]] = []
    if breed is not None:
        said.append((Kind.BREED, (breed,)))
    if cross:
        said.append((Kind.CROSS, tuple(cross)))
    flags = {Kind.NOT_DOG: not_dog, Kind.UNSURE: unsure, Kind.UNDO: undo}
    said += [(kind, ()) for kind, wanted in flags.items() if wanted]
    if len(said) != 1:
        raise UsageError(
            "Say exactly one thing of a photo: a breed, a cross, not a dog, unsure, or undo."
        )
    return said[0]


def correct(database: Database, models: Models, photo: str | int, correction: Correction) -> Entry:
    """Writes what a person says of a photo; it is durable when this returns.

    Args:
        database: The catalogue's.
        models: The catalogue's.
        photo: Its path or its number; every file of the same picture is corrected with it.
        correction: What is said.

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
    known = one(database, models, photo)
    refuse_changed(known, correction)
    with database.write() as connection:
        # By its number: a scan may have put another picture under this name meanwhile.
        return write(connection, models, known.id, correction)


def refuse_changed(entry: Entry, correction: Correction) -> None:
    """Refuses to speak of a photo whose file may hold another picture by now.

    Raises:
        ChangedPhotoError: It does; or it can't be read, and the person does not say what they
            saw.
    """
    if entry.missing_since is not None and correction.seen is not None:
        return  # its file is known to be gone, and another photo may be under its name
    match compare(entry):
        case Now.CHANGED:
            raise ChangedPhotoError(
                f"{entry.file} holds another picture than when it was scanned; scan it again, "
                "look at it, and then say what it shows."
            )
        case Now.UNREADABLE if correction.seen is None:
            raise ChangedPhotoError(
                f"{entry.file} can't be read now, so it can't be told whether it is still the "
                "picture that was scanned; try again when it can be read."
            )


def write(
    connection: Connection, models: Models, photo: str | int, correction: Correction
) -> Entry:
    """Writes what a person says of a photo, within a transaction: see `correct`."""
    row = find(connection, photo)
    (before,) = to_entries(connection, models, [row])
    if row.sha256 is None:
        raise NothingToSayError(f"{row.path} could never be read, so there is nothing to correct.")
    content = bytes(row.sha256)
    if correction.seen is not None:
        content = _seen(connection, row, correction.seen)
    breeds = _breeds(connection, models, correction)
    if correction.kind is Kind.UNDO and row.correction_id is None:
        raise NothingToSayError(
            f"Nobody has corrected {row.path}, so there is nothing to take back."
        )
    said = schema.correction
    last = select(func.max(said.c.said_at)).where(said.c.picture == row.picture)
    connection.execute(
        insert(said).values(
            picture=row.picture,
            sha256=content,
            kind=correction.kind.value,
            breed=breeds[0] if breeds else None,
            breed2=breeds[1] if len(breeds) > 1 else None,
            note=correction.note,
            said_by=correction.by,
            # Words are in the order of their times, also where a clock was set back.
            said_at=max(now(), connection.execute(last).scalar() or datetime.min),
            was=_described(before),
            undoes=row.correction_id if correction.kind is Kind.UNDO else None,
        )
    )
    bring_up_to_date(connection, models, row.picture)
    (after,) = to_entries(connection, models, [find(connection, row.number)])
    return after


def _seen(connection: Connection, row: Row[Any], version: str) -> bytes:
    """The content that a person had before them, if it holds the picture that is spoken of.

    Raises:
        ChangedPhotoError: It holds another picture, or it is no version.
        ReviewedMeanwhileError: Another word held of it.
    """
    found = VERSION.fullmatch(version)
    if found is None:
        raise ChangedPhotoError(
            f"“{version}” is no version of a photo; send the `version` that the photo has, or none."
        )
    content, word = bytes.fromhex(found[1]), int(found[2])
    c = schema.content.c
    known = select(c.sha256).where(
        c.picture == row.picture, c.sha256.between(content, content + b"\xff" * 16)
    )
    whole = connection.execute(known.limit(1)).scalar()
    if whole is None:
        raise ChangedPhotoError(
            f"{row.path} is another picture than the one that was seen; look at it again, and "
            "then say what it shows."
        )
    if word != (row.correction_id or 0):
        raise ReviewedMeanwhileError(
            f"Somebody has spoken of {row.path} since it was seen; what they said stands. Look "
            "at it again, and then say what it shows."
        )
    return bytes(whole)


def one(database: Database, models: Models, photo: str | int) -> Entry:
    """One photo by its path or its number.

    Raises:
        UnknownPhotoError: It is not in the catalogue.
    """
    with database.read() as connection:
        (entry,) = to_entries(connection, models, [find(connection, photo)])
    return entry


def history(database: Database, models: Models, photo: str | int) -> list[Change]:
    """What people said of a photo, in order, undone words included.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
    """
    with database.read() as connection:
        row = find(connection, photo)
        table = schema.correction
        said = connection.execute(
            select(table).where(table.c.picture == row.picture).order_by(*IN_ORDER)
        )
        return [to_change(models, row) for row in said]


def to_change(models: Models, row: Row[Any] | Said) -> Change:
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


def to_review(database: Database, models: Models, wanted: Filter) -> Generator[Entry, None, None]:
    """The photos of `Filter.to_review`, most useful first.

    First come those between whose two best breeds the model can choose least (margin
    sampling; Scheffer et al., 2001, "Active Hidden Markov Models for Information
    Extraction"): there a person decides fastest, and a model learns most. Of photos on which
    it saw no dog, those come first that are most nearly one. Photos that are corrected
    meanwhile, here or elsewhere, do not come up.

    Args:
        database: The catalogue's.
        models: The catalogue's.
        wanted: Which photos.

    Raises:
        UsageError: Photos that can't be read are asked for.
    """
    c = schema.photo.c
    where = wanted.to_review().where(models, sqlite=database.is_sqlite)
    rows: Sequence[Row[Any]] = ()
    while True:
        page = least_certain_first(chosen().where(where, _behind(rows[-1]) if rows else true()))
        with database.read() as connection:
            rows = connection.execute(page.limit(_REVIEWED_AT_ONCE)).all()
        if not rows:
            return
        for row in rows:
            with database.read() as connection:
                now_row = connection.execute(chosen().where(c.id == row.id)).first()
                entries = to_entries(connection, models, [now_row] if now_row else [])
            yield from (one for one in entries if not one.corrected)


def least_certain_first(photos: Select[Any]) -> Select[Any]:
    """Orders photos as a review does: see `to_review`.

    Those last that an older Barkive took for no dog: it kept no margin of them.
    """
    c = schema.photo.c
    return photos.order_by(c.margin.nulls_last(), c.id)


def _behind(row: Row[Any]) -> ColumnElement[bool]:
    """The photos that come after one in that order."""
    c = schema.photo.c
    unknown = c.margin.is_(None)
    if row.margin is None:
        return and_(unknown, c.id > row.id)
    return or_(c.margin > row.margin, and_(c.margin == row.margin, c.id > row.id), unknown)


def find(connection: Connection, photo: str | int) -> Row[Any]:
    """The row of a photo, see `chosen`.

    Args:
        connection: Of the catalogue.
        photo: Its path or its number; or that of its picture in a catalogue that was merged.

    Raises:
        UnknownPhotoError: It is not in the catalogue.
    """
    c = schema.photo.c
    if isinstance(photo, int):
        row = connection.execute(chosen().where(c.number == photo)).one_or_none()
        if row is None:
            other = select(schema.alias.c.picture).where(schema.alias.c.number == photo)
            same = chosen().where(c.picture == other.scalar_subquery())
            here_first = same.order_by(c.missing_since.is_not(None), c.id)
            row = connection.execute(here_first.limit(1)).one_or_none()
        if row is None:
            raise UnknownPhotoError(
                f"The catalogue holds no photo number {photo}; find it with a search."
            )
        return row
    # The one that is there, or else the last one that was.
    there = chosen().where(c.path == schema.absolute(photo))
    last = there.order_by(c.missing_since.is_not(None), c.missing_since.desc(), c.id.desc())
    row = connection.execute(last.limit(1)).one_or_none()
    if row is None:
        raise UnknownPhotoError(
            f"{photo} is not in the catalogue; add it with `barkive scan`, or check the name "
            "with `barkive search`."
        )
    return row


def _breeds(connection: Connection, models: Models, correction: Correction) -> tuple[str, ...]:
    """The ids of the breeds that a person names; with `other`, new ones are added."""
    models.follow(connection)
    found: list[str] = []
    for name in correction.breeds:
        try:
            found.append(models.names.find(name))
        except UnknownBreedError as error:
            if not correction.other:
                raise UnknownBreedError(name, error.nearest, can_be_added=True) from None
            found.append(breed_names.add(connection, name))
            models.follow(connection)
    if len(set(found)) < len(found):
        raise UsageError(
            f"{' and '.join(correction.breeds)} are the same breed; a cross takes two, "
            "or give one with --breed."
        )
    return tuple(found)


def _described(entry: Entry) -> str:
    """What held, in one line, such as `uncertain` or `dog: Pug`."""
    names = " x ".join(label.en for label in entry.labels)
    return f"{entry.status.value}: {names}" if names else entry.status.value
