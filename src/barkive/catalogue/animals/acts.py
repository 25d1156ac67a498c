"""What people do to animals: acts of single changes, kept for ever, each undone as a whole.

Everything that holds of an animal came about by changes: a field that had one value and has
another since, a picture that was put to it or taken away, a refusal. An act is what one person did
in one step: all of its changes are written in one transaction, or none is. To take an act back is
an act itself: it writes back what stood there before each change, if what it wrote still stands.

Labels that people gave to many photos at once are changes of an act as well; the labels
themselves are kept where all are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select

from barkive.catalogue.animal_records import (
    IN_CARE,
    LONGEST_NOTES,
    SPECIES,
    ActKind,
    AnimalFields,
)
from barkive.catalogue.animals import finding, judging
from barkive.catalogue.animals.fields import to_values
from barkive.catalogue.annotations import labels
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.identity import draw
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.records import Kind
from barkive.clock import now
from barkive.errors import (
    AnimalChangedMeanwhileError,
    AnimalCodeTakenError,
    NothingToSayError,
    UsageError,
)

PHOTO: Final = "photo"
"""The change of a picture that is put to an animal or taken away; its value is the dog's number."""
REFUSED: Final = "refused"
LABEL: Final = "label"

NUMBERS: Final = range(1, 2**63)
"""What databases take for a number of their own."""
_OF_PICTURES: Final = (PHOTO, REFUSED, LABEL)
NEW_ROW: Final[Mapping[str, Any]] = {
    **{"species": SPECIES[0], "birth_is_estimate": False, "status": IN_CARE, "removed": True},
    **{"stale": True, "words": "", "photos": 0, "breeds": "[]", "disagrees": False, "views": 0},
}
"""What a row of an animal holds of which nothing was said yet."""


class Change(NamedTuple):
    """One change of an act.

    Attributes:
        animal: The number of an animal, or the key of a refusal; None of a label.
        field: A field of `finding.value_of`, or `photo`, `refused`, `label`.
        picture: Which picture; None of a field.
        was: What stood there; None for nothing.
        becomes: What stands there since.
    """

    animal: int | None
    field: str
    picture: int | None
    was: Any
    becomes: Any


class Acting:
    """One act, while it is being put together within a writing transaction.

    It is kept as soon as its number is asked for: what changes nothing is no act.
    """

    def __init__(
        self,
        connection: Connection,
        models: Models,
        kind: ActKind,
        by: str | None,
        *,
        undoes: int | None = None,
        extends: int | None = None,
        merge: int | None = None,
    ) -> None:
        """Begins an act, or goes on with one.

        Args:
            connection: Of a writing transaction.
            models: Of the catalogue.
            kind: What is done.
            by: Who does it.
            undoes: The number of the act that it takes back.
            extends: The number of the act that goes on; None for a new one.
            merge: The number of the merge of another catalogue that it is part of.
        """
        self.connection, self._models = connection, models
        self.moment = now()
        self._id = extends
        said = {"kind": kind.value, "said_by": by, "said_at": self.moment}
        self._row = {**said, "undoes": undoes, "merge_id": merge}

    @property
    def is_kept(self) -> bool:
        """Whether it has changed anything."""
        return self._id is not None

    @property
    def id(self) -> int:
        """The number of the act."""
        if self._id is None:
            made = insert(schema.act).values(self._row).returning(schema.act.c.id)
            self._id = self.connection.execute(made).scalar_one()
        return self._id

    def make(self) -> int:
        """Makes an animal of which nothing is said yet; gives its number."""
        (number,) = self.make_rows(1)
        self.write([Change(number, "removed", None, True, False)])
        return number

    def make_rows(self, count: int) -> list[int]:
        """Makes rows for animals, see `add_rows`, and gives their numbers."""
        c, free = schema.animal.c, dict[int, None]()
        while len(free) < count:
            drawn = draw(self.connection, count - len(free), free)
            for part in chunks(drawn):
                taken = set(
                    self.connection.execute(select(c.number).where(c.number.in_(part))).scalars()
                )
                free |= dict.fromkeys(one for one in part if one not in taken)
        self.add_rows(free)
        return list(free)

    def add_rows(self, numbers: Iterable[int]) -> None:
        """Makes rows for animals; each is removed until a change says otherwise."""
        own = {**NEW_ROW, "made_at": self.moment, "changed_at": self.moment, "act_id": self.id}
        bulk.insert(self.connection, schema.animal, [{**own, "number": one} for one in numbers])

    def edit(self, animal: int, fields: AnimalFields) -> None:
        """Gives an animal's fields new values.

        Raises:
            AnimalCodeTakenError: Another animal has the code.
            UnknownBreedError: There is no such breed.
            UsageError: A value can't be taken.
        """
        row = finding.row_of(self.connection, animal)
        values = to_values(self.connection, self._models, fields)
        main = values.get("main_photo")
        if main is not None and main not in held_by(self.connection, animal, [main]):
            raise UsageError("animal_main_photo_of_another", photo=fields.main_photo)
        self.write(
            Change(animal, name, None, was, value)
            for name, value in values.items()
            if (was := finding.value_of(row, name)) != value
        )

    def put(self, animal: int, pictures: Iterable[int], dog: int | None = None) -> None:
        """Puts pictures to an animal; those that it has stay, with another dog where one is given.

        Args:
            animal: Its number.
            pictures: Which ones.
            dog: The number of the dog that is the animal; None for the main one.
        """
        given = list(dict.fromkeys(pictures))
        held = held_by(self.connection, animal, given)
        refused = refused_of(self.connection, animal, given)
        value = {"dog": dog}
        changes = [Change(animal, REFUSED, one, True, None) for one in given if one in refused]
        for one in given:
            if one not in held:
                changes.append(Change(animal, PHOTO, one, None, value))
            elif dog is not None and held[one] != value:
                changes.append(Change(animal, PHOTO, one, held[one], value))
        self.write(changes)

    def take(self, animal: int, pictures: Iterable[int], *, refuse: bool = False) -> None:
        """Takes pictures away from an animal.

        Args:
            animal: Its number.
            pictures: Which ones; those that it has not are passed over.
            refuse: Whether they are not to be proposed to it again.
        """
        held = held_by(self.connection, animal, list(pictures))
        self.write(Change(animal, PHOTO, one, value, None) for one, value in held.items())
        row = finding.row_of(self.connection, animal)
        if row.main_picture in held:
            self.write([Change(animal, "main_photo", None, row.main_picture, None)])
        if refuse:
            self.refuse(animal, held)

    def refuse(self, key: int, pictures: Iterable[int]) -> None:
        """Notes that pictures do not show an animal, or not the same one.

        Args:
            key: The number of the animal, or another one that these pictures share.
            pictures: Which ones.
        """
        given = list(pictures)
        known = refused_of(self.connection, key, given)
        self.write(Change(key, REFUSED, one, None, True) for one in given if one not in known)

    def merge(self, animal: int, into: int) -> None:
        """Gives another animal all that one has: photos, and fields that the other lacks."""
        old = finding.row_of(self.connection, animal)
        held = held_by(self.connection, animal)
        refused = list(refused_of(self.connection, animal))
        self.take(animal, held)
        for picture, value in held.items():
            self.put(into, [picture], value["dog"])
        self.refuse(into, [one for one in refused if one not in held])
        changes: list[Change] = []
        new = finding.row_of(self.connection, into)
        for name in ("code", "name", "sex", "birth", "breeds", "arrived", "left", "main_photo"):
            theirs = finding.value_of(old, name)
            if theirs and not finding.value_of(new, name):
                if name == "code":  # before the other gets it
                    changes.append(Change(animal, name, None, theirs, None))
                if name == "birth" and old.birth_is_estimate != new.birth_is_estimate:
                    estimate = new.birth_is_estimate, old.birth_is_estimate
                    changes.append(Change(into, "birth_is_estimate", None, *estimate))
                changes.append(Change(into, name, None, None, theirs))
        if old.notes and old.notes != new.notes:
            both = "\n".join(filter(None, (new.notes, old.notes)))[:LONGEST_NOTES]
            changes.append(Change(into, "notes", None, new.notes, both))
        changes.append(Change(animal, "merged_into", None, None, into))
        changes.append(Change(animal, "removed", None, False, True))
        self.write(changes)

    def write(self, changes: Iterable[Change]) -> None:
        """Writes changes, and what comes of them."""
        listed = list(changes)
        if not listed:
            return
        apply(self.connection, self.id, self.moment, listed)
        bulk.insert(
            self.connection,
            schema.act_change,
            [
                {
                    "act_id": self.id,
                    "animal": one.animal,
                    "field": one.field,
                    "picture": one.picture,
                    "was": json.dumps(one.was),
                    "becomes": json.dumps(one.becomes),
                }
                for one in listed
            ],
        )

    def take_labels_back(self, changes: Iterable[Change], by: str | None) -> None:
        """Takes labels back that are still in force; others stay, with what was said since.

        Args:
            changes: Of labels, reversed.
            by: Who takes them back.
        """
        for one in changes:
            photo = _photo_labelled(self.connection, one.picture, one.was)
            if photo is not None:
                label = labels.Label(Kind.UNDO, by=by)
                entry = labels.write(self.connection, self._models, photo, label)
                self.write([one._replace(becomes=entry.said_id or entry.label_id)])

    def close(self) -> None:
        """Brings what follows from the changes up to date."""
        if not self.is_kept:
            return
        c = schema.act_change.c
        changed = select(c.animal).where(c.act_id == self.id, c.animal.is_not(None)).distinct()
        judging.judge(
            self.connection, self._models, self.connection.execute(changed).scalars().all()
        )


def apply(connection: Connection, act: int, moment: Any, changes: Sequence[Change]) -> None:
    """Has changes hold.

    Args:
        connection: Of a writing transaction.
        act: The number of the act that they belong to.
        moment: When, UTC.
        changes: In order.

    Raises:
        AnimalCodeTakenError: Another animal has a code.
    """
    touched: dict[int, dict[str, Any]] = {}
    for one in changes:
        if one.animal is None or one.field == REFUSED:
            continue
        columns = touched.setdefault(one.animal, {})
        if one.field not in _OF_PICTURES:
            columns |= finding.columns_of(one.field, one.becomes)
    own = {"act_id": act, "changed_at": moment, "stale": True}
    rows = {row.number: row for row in finding.rows_of(connection, touched)}
    # A code has to be free before another animal takes it.
    coded = {number: columns for number, columns in touched.items() if columns.get("code_key")}
    for some in ({n: one for n, one in touched.items() if n not in coded}, coded):
        if some is coded:
            _require_free(connection, coded)
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for number, columns in some.items():
            values = {"id": rows[number].id, **own, **columns}
            alike.setdefault(tuple(values), []).append(values)
        for listed in alike.values():
            bulk.update(connection, schema.animal, listed)
    _apply_to(schema.animal_photo, "animal", connection, [x for x in changes if x.field == PHOTO])
    _apply_to(schema.refusal, "key", connection, [x for x in changes if x.field == REFUSED])


def _apply_to(table: Any, key: str, connection: Connection, changes: Sequence[Change]) -> None:
    """Puts pictures into a table of pairs, and takes them out."""
    of_keys: dict[int, list[int]] = {}
    for one in changes:
        assert one.animal is not None
        assert one.picture is not None
        if one.was is not None:
            of_keys.setdefault(one.animal, []).append(one.picture)
    for number, pictures in of_keys.items():
        for part in chunks(pictures):
            these = (table.c[key] == number, table.c.picture.in_(part))
            connection.execute(delete(table).where(*these))
    bulk.insert(
        connection,
        table,
        [
            {key: one.animal, "picture": one.picture}
            | ({"dog": one.becomes["dog"]} if one.field == PHOTO else {})
            for one in changes
            if one.becomes is not None
        ],
    )


def _require_free(connection: Connection, codes: Mapping[int, Mapping[str, Any]]) -> None:
    """Refuses codes that other animals have.

    Args:
        connection: Of a writing transaction.
        codes: `code` and `code_key` of each animal that gets one, by its number.

    Raises:
        AnimalCodeTakenError: One has it.
    """
    c = schema.animal.c
    owners: dict[str, int] = {}
    for number, one in codes.items():
        if owners.setdefault(one["code_key"], number) != number:
            raise AnimalCodeTakenError("animal_code_taken", taken=one["code"], animal=one["code"])
    for part in chunks(list(owners)):
        found = select(c.number, c.name, c.code, c.code_key).where(c.code_key.in_(part))
        for row in connection.execute(found):
            if row.number != owners[row.code_key]:
                other = " ".join(filter(None, (row.code, row.name)))
                taken = codes[owners[row.code_key]]["code"]
                raise AnimalCodeTakenError("animal_code_taken", taken=taken, animal=other)


def held_by(
    connection: Connection, animal: int, pictures: Sequence[int] | None = None
) -> dict[int, dict[str, Any]]:
    """The pictures of an animal, each with the value that a change of it has.

    Args:
        connection: Of the catalogue.
        animal: Its number.
        pictures: Those of interest; None for all.
    """
    c = schema.animal_photo.c
    found = select(c.picture, c.dog).where(c.animal == animal).order_by(c.id)
    parts = [found] if pictures is None else [found.where(c.picture.in_(x)) for x in _in(pictures)]
    rows = (row for part in parts for row in connection.execute(part))
    return {row.picture: {"dog": row.dog} for row in rows}


def refused_of(
    connection: Connection, key: int, pictures: Sequence[int] | None = None
) -> list[int]:
    """The pictures that were refused under a key.

    Args:
        connection: Of the catalogue.
        key: The number of an animal, or another one.
        pictures: Those of interest; None for all.
    """
    c = schema.refusal.c
    found = select(c.picture).where(c.key == key).order_by(c.id)
    parts = [found] if pictures is None else [found.where(c.picture.in_(x)) for x in _in(pictures)]
    return [one for part in parts for one in connection.execute(part).scalars()]


def _in(pictures: Sequence[int]) -> Iterable[Sequence[int]]:
    return chunks(list(dict.fromkeys(pictures)))


def undo(
    connection: Connection,
    models: Models,
    number: int,
    by: str | None,
    *,
    leave_changed: bool = False,
) -> tuple[int, list[Change]]:
    """Takes an act back, within a transaction; labels are left to `Acting.take_labels_back`.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        number: The act's.
        by: Who takes it back.
        leave_changed: Whether animals of which anything was changed since stay as they are.

    Returns:
        The number of the act that takes it back, and the changes of labels, reversed.

    Raises:
        AnimalChangedMeanwhileError: What it did does not stand any more.
        NothingToSayError: It is itself an undo, was taken back already, or there is none.
    """
    act = require(connection, number)
    if act.kind == ActKind.UNDO:
        raise NothingToSayError("act_is_undo", act=number)
    c = schema.act.c
    changes = read_changes(connection, [number])[number]
    begun = connection.execute(select(c.id).where(c.undoes == number)).scalar()
    if begun is not None:
        return begun, _labels_left(connection, number, changes)
    standing = _Standing(connection, changes)
    last_ones = {(one.animal, one.field, one.picture): one for one in changes}.values()
    changed = {
        one.animal for one in last_ones if one.field != LABEL and standing.value(one) != one.becomes
    } | _filled_since(connection, last_ones)
    if changed and not leave_changed:
        raise AnimalChangedMeanwhileError("act_changed_since", act=number)
    if leave_changed:
        changed |= standing.touched_after(number)
    changes = [one for one in changes if one.field == LABEL or one.animal not in changed]
    acting = Acting(connection, models, ActKind.UNDO, by, undoes=number)
    reverse = [one._replace(was=one.becomes, becomes=one.was) for one in reversed(changes)]
    acting.write(one for one in reverse if one.field != LABEL)
    acting.close()
    return acting.id, [one for one in reverse if one.field == LABEL]


def _labels_left(connection: Connection, act: int, changes: Iterable[Change]) -> list[Change]:
    """The labels of an act that an undo did not come to, because it was interrupted; reversed.

    Raises:
        NothingToSayError: There is none.
    """
    left = [
        one._replace(was=one.becomes, becomes=one.was)
        for one in changes
        if one.field == LABEL and _photo_labelled(connection, one.picture, one.becomes) is not None
    ]
    if not left:
        raise NothingToSayError("act_undone_already", act=act)
    return left


def _photo_labelled(connection: Connection, picture: int | None, label: int) -> int | None:
    """The number of a photo of a picture of which a label is the last word; else None."""
    c = schema.photo.c
    found = select(c.number, c.correction_id, c.said_id).where(c.picture == picture).limit(1)
    row = connection.execute(found).first()
    is_last = row is not None and (row.said_id or row.correction_id) == label
    return row.number if row is not None and is_last else None


def _filled_since(connection: Connection, changes: Iterable[Change]) -> set[int | None]:
    """The animals that changes made, and that have photos which these did not put to them."""
    made, put = set[int](), set[tuple[int | None, int | None]]()
    for one in changes:
        if one.field == "removed" and one.animal is not None and not one.becomes:
            made.add(one.animal)
        elif one.field == PHOTO:
            put.add((one.animal, one.picture))
    c = schema.animal_photo.c
    found: set[int | None] = set()
    for part in chunks(sorted(made)):
        held = select(c.animal, c.picture).where(c.animal.in_(part))
        found |= {row.animal for row in connection.execute(held) if tuple(row) not in put}
    return found


class _Standing:
    """What stands in the catalogue now, for changes to be compared with."""

    def __init__(self, connection: Connection, changes: Iterable[Change]) -> None:
        self._connection = connection
        numbers = {one.animal for one in changes if one.animal is not None}
        self._rows = {row.number: row for row in finding.rows_of(connection, numbers)}
        self._held: dict[tuple[int, str], Mapping[int, Any]] = {}

    def touched_after(self, act: int) -> set[int | None]:
        """The animals that another act changed after this one."""
        return {number for number, row in self._rows.items() if row.act_id != act}

    def value(self, change: Change) -> Any:
        """What stands where a change was made."""
        assert change.animal is not None
        if change.field not in _OF_PICTURES:
            return finding.value_of(self._rows[change.animal], change.field)
        key = change.animal, change.field
        if key not in self._held:
            if change.field == PHOTO:
                self._held[key] = held_by(self._connection, change.animal)
            else:
                refused = refused_of(self._connection, change.animal)
                self._held[key] = dict.fromkeys(refused, True)
        assert change.picture is not None
        return self._held[key].get(change.picture)


def require(connection: Connection, number: int) -> Row[Any]:
    """The row of an act.

    Raises:
        NothingToSayError: There is none.
    """
    meant = select(schema.act).where(schema.act.c.id == number)
    found = connection.execute(meant).first() if number in NUMBERS else None
    if found is None:
        raise NothingToSayError("act_unknown", act=number)
    return found


def last(connection: Connection, by: str | None = None) -> int:
    """The number of the last act that was not taken back.

    Args:
        connection: Of the catalogue.
        by: Only of this person; None for everybody's.

    Raises:
        NothingToSayError: There is none.
    """
    c, other = schema.act.c, schema.act.alias("other")
    taken_back = select(other.c.undoes).where(other.c.undoes.is_not(None))
    found = select(func.max(c.id)).where(c.kind != ActKind.UNDO.value, c.id.not_in(taken_back))
    if by is not None:
        found = found.where(c.said_by == by)
    number: int | None = connection.execute(found).scalar()
    if number is None:
        raise NothingToSayError("act_none_to_undo")
    return number


def read_changes(
    connection: Connection, acts: Collection[int], limit: int | None = None
) -> dict[int, list[Change]]:
    """The changes of acts, in order.

    Args:
        connection: Of the catalogue.
        acts: Their numbers.
        limit: Of each act at most so many; None for all.
    """
    c = schema.act_change.c
    changes: dict[int, list[Change]] = {number: [] for number in acts}
    for number, listed in changes.items():
        rows = select(c.animal, c.field, c.picture, c.was, c.becomes).where(c.act_id == number)
        for row in connection.execute(rows.order_by(c.id).limit(limit)):
            values = json.loads(row.was), json.loads(row.becomes)
            listed.append(Change(row.animal, row.field, row.picture, *values))
    return changes
