"""Saves the animals of a damaged catalogue, and what people did to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from barkive.catalogue.animal_records import ActKind
from barkive.catalogue.animals import finding
from barkive.catalogue.animals.acts import LABEL, NEW_ROW, PHOTO, REFUSED
from barkive.catalogue.db import schema
from barkive.catalogue.transfer.rescued_rows import is_whole, read_rows
from barkive.clock import now

_Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SavedAnimals:
    """What could be read of a damaged catalogue's animals, as rows of today's schema.

    Attributes:
        animals: Each, in the order of their numbers.
        photos: The pictures of each.
        refused: The pictures that were refused.
        acts: What people did.
        changes: Each change of it.
        exports: What was sent of animals.
        photo_exports: What was sent of photos.
    """

    animals: _Rows
    photos: _Rows
    refused: _Rows
    acts: _Rows
    changes: _Rows
    exports: _Rows
    photo_exports: _Rows

    @staticmethod
    def read(file: Path) -> SavedAnimals:
        """Reads what can be read; what a row does not tell any more, the changes tell."""
        animals, photos = read_rows(file, schema.animal), read_rows(file, schema.animal_photo)
        refused, acts = read_rows(file, schema.refusal), read_rows(file, schema.act)
        changes = [row for row in read_rows(file, schema.act_change) if _is_json(row)]
        told = _Told.by(changes)
        known = {row["number"] for row in animals}
        lost = [number for number in told.fields if number not in known]
        moments = {row["id"]: row["said_at"] for row in acts}
        animals += [told.animal(number, moments) for number in lost]
        pairs = {(row["animal"], row["picture"]) for row in photos}
        whose = set(lost) if is_whole(file, schema.animal_photo) else told.fields.keys()
        photos += [
            {"animal": animal, "picture": picture, "dog": value["dog"]}
            for (animal, picture), value in told.photos.items()
            if animal in whose and (animal, picture) not in pairs
        ]
        for row in animals:
            row["stale"] = True
        acts += _missing_acts(animals, acts, changes)
        exports = read_rows(file, schema.animal_export)
        photo_exports = read_rows(file, schema.photo_export)
        return SavedAnimals(animals, photos, refused, acts, changes, exports, photo_exports)

    def write(self, connection: Connection) -> None:
        """Writes it into a catalogue that is empty."""
        for table, rows in (
            (schema.act, self.acts),
            (schema.act_change, self.changes),
            (schema.animal, self.animals),
            (schema.animal_photo, self.photos),
            (schema.refusal, self.refused),
            (schema.animal_export, self.exports),
            (schema.photo_export, self.photo_exports),
        ):
            for row in rows:
                # What is damaged may be there twice.
                connection.execute(sqlite.insert(table).on_conflict_do_nothing(), row)


@dataclass(frozen=True, slots=True)
class _Told:
    """What changes say of animals, the last one of each.

    Attributes:
        fields: The fields of each animal.
        acts: The last act of each.
        photos: The change's value of each picture that an animal has.
    """

    fields: dict[int, dict[str, Any]]
    acts: dict[int, int]
    photos: dict[tuple[int, int], Any]

    @staticmethod
    def by(changes: _Rows) -> _Told:
        found = _Told({}, {}, {})
        for row in changes:
            animal, field, value = row["animal"], row["field"], json.loads(row["becomes"])
            if animal is None or field in (LABEL, REFUSED):
                continue
            found.acts[animal] = row["act_id"]
            if field == PHOTO:
                found.photos.pop((animal, row["picture"]), None)
                if value is not None:
                    found.photos[animal, row["picture"]] = value
            else:
                found.fields.setdefault(animal, {}).update(finding.columns_of(field, value))
        return found

    def animal(self, number: int, moments: Mapping[int, Any]) -> dict[str, Any]:
        """An animal's row."""
        act = self.acts[number]
        moment = moments.get(act) or now()
        own = {"number": number, "act_id": act, "made_at": moment, "changed_at": moment}
        empty = {"breed": None, "breed2": None}
        return {**NEW_ROW, **empty, "removed": False, **self.fields[number], **own}


def _is_json(row: Mapping[str, Any]) -> bool:
    try:
        json.loads(row["was"]), json.loads(row["becomes"])
    except ValueError:
        return False
    return True


def _missing_acts(animals: _Rows, acts: _Rows, changes: _Rows) -> _Rows:
    """Acts that rows refer to, and that can't be read: that something was done, is known."""
    known = {row["id"] for row in acts}
    moments = dict.fromkeys((row["act_id"] for row in changes), now())
    moments |= {row["act_id"]: row["changed_at"] for row in animals}
    return [
        {"id": number, "kind": ActKind.EDIT.value, "said_at": moment}
        for number, moment in moments.items()
        if number not in known
    ]
