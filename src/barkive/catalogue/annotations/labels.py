"""What people say of photos and of the dogs in them: labels, and their history.

A label belongs to a picture, and so to every file with it. Nothing is ever
overwritten: an undo is one more line of the history. A label of a dog keeps where that dog
is, so that it outlives the model that proposed the box.
"""

from __future__ import annotations

from collections.abc import Sequence
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

from barkive.boxes import Box
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.photos import identity
from barkive.catalogue.photos.identity import Now, compare
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_dogs import SAME_DOG, dog_id
from barkive.catalogue.query.effective_label import standing, update_effective_labels
from barkive.catalogue.query.entries import chosen, find, one, to_entries
from barkive.catalogue.query.judgements import Turns, said_of
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import VERSION, Change, Entry, EntryDog, Kind, LabelRow, Mark
from barkive.clock import now
from barkive.errors import (
    ChangedPhotoError,
    NothingToSayError,
    ReviewedMeanwhileError,
    UnknownBreedError,
    UnknownDogError,
    UsageError,
)
from barkive.verdicts import Status

MOST_DOGS = 1000
"""So many boxes a photo has at most."""

_BREEDS_OF = {Kind.BREED: 1, Kind.CROSS: 2}


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of a photo, or of one of its dogs.

    Without `dog` and `box` it is said of the photo, and holds for its main dog.

    Attributes:
        kind: What is said; `undo` takes back the last thing that was said, of the dog where one
            is given; `not_dog` of a dog takes its box away; `note` is a note alone.
        seen: The `Entry.version` that the person had before them; None where the program does
            not say.
        breeds: Names or ids: one for `breed`, two different ones for `cross`, else none.
        note: Anything worth remembering.
        by: Who says so.
        other: Whether breeds that Barkive has no name for are taken as they are written.
        dog: The number of the dog that is meant: an `EntryDog.id`.
        box: Where it is, in the photo as it was seen: moves the dog, or without one says that
            another dog is there.

    Raises:
        UsageError: The number of breeds does not fit, the kind takes a box or none, or there is no
            note where nothing else is said.
    """

    kind: Kind
    breeds: tuple[str, ...] = ()
    note: str | None = None
    by: str | None = None
    other: bool = False
    seen: str | None = None
    dog: int | None = None
    box: Box | None = None

    @property
    def is_new_dog(self) -> bool:
        """Whether it says that another dog is there."""
        return self.box is not None and self.dog is None

    def __post_init__(self) -> None:
        if self.kind is Kind.DOG and self.box is None:
            raise UsageError("label_box_missing")
        if self.kind is Kind.NOTE and not (self.note or "").strip():
            raise UsageError("label_note_missing")
        if self.kind in (Kind.NOT_DOG, Kind.NOTE, Kind.UNDO) and self.box is not None:
            raise UsageError("label_box_unused", kind=self.kind)
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


def add(store: Store, photo: str | int, *labels: Label) -> Entry:
    """Writes what a person says of a photo; it is durable when this returns.

    Args:
        store: The catalogue.
        photo: Its path or its number; every file of the same picture is corrected with it.
        labels: What is said, in order; all of it or nothing is written. The version that the
            first names was seen.

    Returns:
        The photo as it is now.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
        NothingToSayError: It could never be read, or there is nothing to take back.
        ChangedPhotoError: It holds another picture than the one that was seen.
        ReviewedMeanwhileError: Somebody has spoken of it since it was seen.
        CatalogueError: The catalogue can't be written.
        UnknownBreedError: There is no such breed.
        UnknownDogError: There is no such dog.
    """
    # Before the transaction, for which others wait: the file may have to be read.
    known = one(store, photo)
    if labels:
        refuse_changed(known, *labels)
    with store.write() as connection:
        # By its number: a scan may have put another picture under this name meanwhile.
        return write(connection, store.models, known.id, *labels)


def refuse_changed(entry: Entry, *labels: Label) -> None:
    """Refuses to speak of a photo whose file may hold another picture by now.

    Raises:
        ChangedPhotoError: It does; or it can't be read, and the person does not say what they
            saw; or it was turned, and they give a box.
    """
    seen = labels[0].seen if labels else None
    if entry.missing_since is not None and seen is not None:
        return  # its file is known to be gone, and another photo may be under its name
    match compare(entry):
        case Now.CHANGED:
            raise ChangedPhotoError("label_picture_changed", file=entry.file)
        case Now.UNREADABLE if seen is None:
            raise ChangedPhotoError("label_picture_unreadable", file=entry.file)
    if any(one.box is not None for one in labels) and identity.is_turned(entry):
        raise ChangedPhotoError("label_picture_turned", file=entry.file)


def write(connection: Connection, models: Models, photo: str | int, *labels: Label) -> Entry:
    """Writes what a person says of a photo, within a transaction: see `add`."""
    speech = _Speech(connection, models, find(connection, photo))
    for number, label in enumerate(labels):
        if number == 0 and label.seen is not None:
            speech.see(label.seen)
        elif not label.is_new_dog:
            speech.settle()
        speech.say(label)
    return speech.settle()


def hand_on(store: Store, photo: str | int, others: Sequence[str | int]) -> Entry:
    """Has a photo keep what people said of others that show the same, before these go.

    Where somebody has said what it shows, that stands, and nothing is written. Else it gets what
    was said of one of them and not taken back, of the one that was named last: with author and
    time, as if it had been said of this one. What was said of one of several dogs goes to the
    dog in the same place; boxes that people drew stay behind, because the photo may be mirrored
    or cut.

    Args:
        store: The catalogue.
        photo: The one that stays: its path or its number.
        others: Those that go.

    Returns:
        The photo as it is now.

    Raises:
        CatalogueError: The catalogue can't be written.
        ChangedPhotoError: Its file may hold another picture by now.
        NothingToSayError: It could never be read.
        UnknownPhotoError: One of them is not in the catalogue.
    """
    kept = one(store, photo)
    if kept.corrected:
        return kept
    with store.read() as connection:
        rows = [find(connection, other) for other in others]
        said = said_of(connection, [row.picture for row in rows if row.picture != kept.picture])
    is_named = {row.picture: bool(row.corrected) for row in rows}
    spoken = {picture: words for picture in said if (words := standing(said[picture]))}
    if not spoken:
        return kept
    refuse_changed(kept)
    last = max(spoken, key=lambda one: (is_named[one], spoken[one][-1].said_at, one))
    with store.write() as connection:
        row = find(connection, kept.id)
        speech = _Speech(connection, store.models, row)
        if not row.corrected:  # nor has somebody said it meanwhile
            for change in spoken[last]:
                speech.repeat(to_change(store.models, change))
        return speech.settle()


def write_same(
    connection: Connection, models: Models, photos: Sequence[int], label: Label
) -> dict[int, int | NothingToSayError]:
    """Writes the same of many photos, a few hundred at most, within a transaction.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        photos: Their numbers, each of another picture.
        label: What is said of each photo as a whole; no undo.

    Returns:
        The number of the label that is in force then, by the number of the photo, or why none
        could be written.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    breeds = breed_ids(connection, models, label.breeds, other=label.other)
    photo, table = schema.photo.c, schema.correction
    rows = connection.execute(chosen().where(photo.number.in_(photos))).all()
    pictures = [row.picture for row in rows if row.sha256 is not None]
    last = select(table.c.picture, func.max(table.c.said_at).label("said_at")).group_by(
        table.c.picture
    )
    asked = last.where(table.c.picture.in_(pictures))
    before = {row.picture: row.said_at for row in connection.execute(asked)}
    done: dict[int, int | NothingToSayError] = {}
    said: list[dict[str, Any]] = []
    for row, entry in zip(rows, to_entries(connection, models, rows), strict=True):
        if row.sha256 is None:
            done[row.number] = NothingToSayError("label_photo_never_read", file=row.path)
            continue
        main = next(iter(entry.dogs or ()), None)
        said.append(
            {
                **_columns(label, breeds),
                "picture": row.picture,
                "sha256": bytes(row.sha256),
                "said_at": _after(before.get(row.picture)),
                "was": _described(entry),
                "box": Mark(main.box).to_text() if main is not None else None,
            }
        )
    bulk.insert(connection, table, said)
    update_effective_labels(connection, models, *pictures)
    in_force = select(photo.number, func.coalesce(photo.said_id, photo.correction_id))
    for number, now_in_force in connection.execute(in_force.where(photo.number.in_(photos))):
        done.setdefault(number, now_in_force)
    return done


def _columns(label: Label, breeds: Sequence[str]) -> dict[str, Any]:
    """What a label says, whatever it is said of."""
    return {
        "kind": label.kind.value,
        "breed": breeds[0] if breeds else None,
        "breed2": breeds[1] if len(breeds) > 1 else None,
        "note": label.note,
        "said_by": label.by,
    }


def _after(last: datetime | None, at: datetime | None = None) -> datetime:
    """When a label is said: words are in the order of their times, where a clock was set back too.

    Args:
        last: When something was said last of the picture.
        at: When this was said; None for now.
    """
    return max(at or now(), last or datetime.min)


def _described(what: Entry | EntryDog | None) -> str:
    """What held before, in one line, such as `uncertain` or `dog: Pug`."""
    if what is None:
        return Status.NOT_DOG.value
    names = " x ".join(label.en for label in what.labels)
    return f"{what.status.value}: {names}" if names else what.status.value


class _Speech:
    """What a person says of one photo, within a transaction."""

    _entry: Entry
    _dogs: dict[int, EntryDog]

    def __init__(self, connection: Connection, models: Models, row: Row[Any]) -> None:
        """Takes a photo.

        Raises:
            NothingToSayError: It could never be read.
        """
        self._connection, self._models = connection, models
        if row.sha256 is None:
            raise NothingToSayError("label_photo_never_read", file=row.path)
        self._content = bytes(row.sha256)
        self._read(row)

    def see(self, version: str) -> None:
        """Notes which version the person saw.

        Raises:
            ChangedPhotoError: It holds another picture, or it is no version.
            ReviewedMeanwhileError: Another label was in force.
        """
        self._content = _seen(self._connection, self._row, version)

    def repeat(self, change: Change) -> None:
        """Writes what somebody once said of a photo that shows the same; see `hand_on`."""
        if change.kind is Kind.DOG:
            return
        dog = None
        if change.dog is not None:
            box = change.box
            places = {one.id: one.box.iou(box) for one in self._dogs.values()} if box else {}
            dog = max(places, key=places.__getitem__, default=None)
            if dog is None or places[dog] < SAME_DOG:
                return
        breeds = tuple(one.id for one in change.labels)
        said = Label(change.kind, breeds, change.note, change.by, other=True, dog=dog)
        self.say(said, change.at)
        self.settle()

    def say(self, label: Label, at: datetime | None = None) -> None:
        """Writes a label: as said at a moment, UTC, or where that is None, now."""
        breeds = breed_ids(self._connection, self._models, label.breeds, other=label.other)
        undone = self._undone(label) if label.kind is Kind.UNDO else None
        if undone is not None:
            dog, box = undone.dog, undone.box
        else:
            dog, box = self._dog(label)
        table = schema.correction
        last = select(func.max(table.c.said_at)).where(table.c.picture == self._row.picture)
        self._connection.execute(
            insert(table).values(
                **_columns(label, breeds),
                picture=self._row.picture,
                sha256=undone.sha256 if undone is not None and dog else self._content,
                said_at=_after(self._connection.execute(last).scalar(), at),
                was=_described(self._entry if dog is None else self._dogs.get(dog)),
                undoes=undone.id if undone is not None else None,
                dog=dog,
                box=box,
            )
        )
        self._is_settled = False

    def settle(self) -> Entry:
        """Brings the photo up to date, and gives it."""
        if not self._is_settled:
            update_effective_labels(self._connection, self._models, self._row.picture)
            self._read(find(self._connection, self._row.number))
        return self._entry

    def _read(self, row: Row[Any]) -> None:
        self._row, self._is_settled = row, True
        (self._entry,) = to_entries(self._connection, self._models, [row])
        self._said = said_of(self._connection, [row.picture]).get(row.picture, [])
        self._dogs = {dog.id: dog for dog in self._entry.dogs or ()}
        self._new: set[int] = set()

    def _undone(self, label: Label) -> Row[Any]:
        """The label that an undo takes back.

        Raises:
            NothingToSayError: There is none.
            UnknownDogError: There is no such dog.
        """
        words = [one for one in standing(self._said) if label.dog in (None, one.dog)]
        if words:
            return words[-1]
        if label.dog is None:
            raise NothingToSayError("label_none_to_undo", file=self._row.path)
        if label.dog not in self._dogs:
            raise self._unknown(label.dog)
        place = list(self._dogs).index(label.dog) + 1
        raise NothingToSayError("label_none_of_dog_to_undo", file=self._row.path, dog=place)

    def _dog(self, label: Label) -> tuple[int | None, str | None]:
        """The dog that is meant, and where it is; None where the photo is.

        Raises:
            UnknownDogError: There is no such dog.
            NothingToSayError: There are too many.
        """
        if label.dog is None and label.box is None:
            main = next(iter(self._dogs.values()), None)
            return None, Mark(self._as_seen(main.box)).to_text() if main is not None else None
        if label.dog is None:
            assert label.box is not None
            dog = dog_id(self._content, label.box)
            self._new |= {dog} - self._dogs.keys()
            if len(self._dogs) + len(self._new) > MOST_DOGS:
                raise NothingToSayError("label_too_many_dogs", file=self._row.path, limit=MOST_DOGS)
            return dog, self._drawn(dog, label.box).to_text()
        known = self._dogs.get(label.dog)
        was_spoken_of = any(one.dog == label.dog for one in self._said)
        if known is None and (label.box is None or not was_spoken_of):
            raise self._unknown(label.dog)
        before = self._as_seen(known.box) if known is not None else None
        if label.box is not None:
            return label.dog, self._drawn(label.dog, label.box, before).to_text()
        assert before is not None
        only = label.kind is Kind.NOT_DOG and len(self._dogs) == 1
        return label.dog, Mark(before, only=only).to_text()

    def _unknown(self, dog: int) -> UnknownDogError:
        count = len(self._dogs)
        return UnknownDogError("label_dog_unknown", file=self._row.path, dog=dog, n=count)

    def _drawn(self, dog: int, box: Box, before: Box | None = None) -> Mark:
        """Where a person drew a dog or moved it to, and the other dogs that it overlaps there."""
        others = (self._as_seen(one.box) for one in self._dogs.values() if one.id != dog)
        beside = tuple(one for one in others if one.iou(box) >= SAME_DOG)
        return Mark(box, drawn=True, before=before, beside=beside)

    def _as_seen(self, box: Box) -> Box:
        """Where a box is in the content that the person saw."""
        own = bytes(self._row.sha256)
        if own == self._content:
            return box
        return Turns.read(self._connection, {own, self._content}).box(box, own, self._content)


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
    if label != (row.said_id or row.correction_id or 0):
        raise ReviewedMeanwhileError("label_spoken_since_seen", file=row.path)
    return bytes(whole)


def last(store: Store) -> int:
    """The number of the last label; 0 for none."""
    with store.read() as connection:
        found: int | None = connection.execute(select(func.max(schema.correction.c.id))).scalar()
    return found or 0


def history(store: Store, photo: str | int) -> list[Change]:
    """What people said of a photo, in order, what was undone included.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
    """
    with store.read() as connection:
        row = find(connection, photo)
        said = said_of(connection, [row.picture]).get(row.picture, [])
        return [to_change(store.models, one) for one in said]


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
        dog=row.dog,
        box=Mark.from_text(row.box).box if row.box is not None and row.dog is not None else None,
    )


def breed_ids(
    connection: Connection, models: Models, breeds: Sequence[str], *, other: bool
) -> tuple[str, ...]:
    """The ids of the breeds that a person names.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        breeds: Names or ids.
        other: Whether breeds that Barkive has no name for are added as they are written.

    Raises:
        UnknownBreedError: There is no such breed.
        UsageError: Two of them are one.
    """
    models.follow(connection)
    found: list[str] = []
    for name in breeds:
        try:
            found.append(models.names.find(name))
        except UnknownBreedError as error:
            if not other:
                raise UnknownBreedError(name, error.nearest, can_be_added=True) from None
            row = breed_names.new(name)
            breed_names.keep(connection, [row])
            models.follow(connection)
            found.append(row.breed)
    if len(set(found)) < len(found):
        raise UsageError("label_cross_same_breed", breeds=tuple(breeds))
    return tuple(found)
