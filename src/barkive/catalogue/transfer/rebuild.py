"""Makes a new catalogue in the place of a damaged one, and saves what can't be made again.

That is what people said, which numbers pictures have, also in catalogues that were merged, the
animals and what was done to them, what was taken out, and the model in use; photos can be judged
again. It is read from the damaged file row by row, as far as that can be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    insert,
    update,
)
from sqlalchemy.dialects import sqlite

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.location import default_location
from barkive.catalogue.learning.in_use import KEPT_MODELS, is_of_name
from barkive.catalogue.photos.identity import draw
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.records import Kind
from barkive.catalogue.transfer.rebuild_animals import SavedAnimals
from barkive.catalogue.transfer.rescued_rows import read_rows
from barkive.clock import now
from barkive.errors import CatalogueError, DamagedCatalogueError, system_reason
from barkive.verdicts import Status


class Rebuilt(NamedTuple):
    """What came of it.

    Attributes:
        kept: Where the damaged file lies now.
        corrections: How many were saved.
        photos: Likewise.
        labels: Of how many photos the label was saved, and what people said before it was not.
        animals: How many animals were saved.
    """

    kept: Path
    corrections: int
    photos: int
    labels: int
    animals: int


def rebuild(where: str | Path | None = None) -> Rebuilt:
    """Puts a damaged SQLite catalogue aside and makes a new one with its photos and corrections.

    Args:
        where: The file; None for the one in the user's data folder.

    Raises:
        CatalogueError: There is no such file, it is sound, newer or another program's, or it
            can't be put aside or written anew.
    """
    name = str(default_location() if where is None else where)
    if "://" in name:
        raise CatalogueError("rebuild_not_a_file")
    file = Path(name)
    if not file.is_file():
        raise CatalogueError("rebuild_not_found", file=file)
    try:
        with closing(Database(file, create=False)) as sound:
            sound.check()
    except DamagedCatalogueError:
        pass
    else:
        raise CatalogueError("rebuild_not_needed", catalogue=file)
    saved = _Saved.read(file)
    kept = _free_name(file)
    try:
        file.rename(kept)
        for ending in ("-wal", "-shm"):
            beside = file.with_name(file.name + ending)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + ending))
    except OSError as error:
        raise CatalogueError(
            "rebuild_not_set_aside", catalogue=file, backup=kept, reason=system_reason(error)
        ) from None
    with closing(Database(file)) as database, database.write() as connection:
        saved.write(connection)
    made = sum(row["id"] is None for row in saved.corrections)
    animals = sum(not row["removed"] for row in saved.animals.animals)
    return Rebuilt(kept, len(saved.corrections) - made, len(saved.photos), made, animals)


@dataclass(slots=True)
class _Saved:
    """What could be read of a damaged catalogue, as rows of today's schema."""

    photos: list[dict[str, Any]]
    other_dogs: list[dict[str, Any]]
    contents: list[dict[str, Any]]
    forgotten: list[dict[str, Any]]
    aliases: list[dict[str, Any]]
    merges: list[dict[str, Any]]
    breeds: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    models: list[dict[str, Any]]
    learned: list[dict[str, Any]]
    animals: SavedAnimals
    searches: list[dict[str, Any]]
    plans: list[dict[str, Any]]

    @staticmethod
    def read(file: Path) -> _Saved:
        """Reads what can be read; in a file of an older schema, what it has of this one."""
        photos = read_rows(file, schema.photo)
        contents = read_rows(file, schema.content)
        corrections = read_rows(file, schema.correction)
        pictures = {row["sha256"]: row["picture"] for row in contents}
        for row in photos:
            # They are read and judged again; until then what held of them holds.
            row |= {"model_id": None, "answer_id": None, "mtime_ns": None}
            if row.get("number") is None:
                row["number"] = row["id"]
            if row.get("picture") is None:
                row["picture"] = pictures.get(row["sha256"], row["number"])
            if row["sha256"] is not None:
                pictures.setdefault(row["sha256"], row["picture"])
        words: defaultdict[bytes, list[int]] = defaultdict(list)
        for row in corrections:
            said = words[row["sha256"]]
            if row["kind"] != Kind.UNDO:
                said.append(row["id"])
            elif said and row.get("undoes") is None:
                row["undoes"] = said.pop()
        for row in corrections:
            # None: the picture gets a number when it is written.
            row["picture"] = row.get("picture") or pictures.get(row["sha256"])
        corrections += _in_force(photos, corrections)
        known = {row["sha256"] for row in contents}
        contents += [
            {"sha256": sha256, "picture": picture, "coded": None, "sketch": None}
            for sha256, picture in pictures.items()
            if sha256 not in known
        ]
        aliases, merges = read_rows(file, schema.alias), read_rows(file, schema.merge)
        breeds = read_rows(file, schema.added_breed)
        there = {row["id"] for row in photos}
        others = [row for row in read_rows(file, schema.other_dog) if row["photo_id"] in there]
        models = read_rows(file, schema.model)
        learned = _learned(file, {row["id"]: row["name"] for row in models})
        return _Saved(
            *(photos, others, contents, read_rows(file, schema.forgotten)),
            *(aliases, merges, breeds, corrections),
            *(models, learned),
            SavedAnimals.read(file),
            read_rows(file, schema.saved_search),
            read_rows(file, schema.scan_plan),
        )

    def write(self, connection: Connection) -> None:
        """Writes it into a catalogue that is empty."""
        for row in self.contents:
            row.pop("id", None)
        for table, rows in (
            (schema.model, self.models),
            (schema.learned_model, self.learned),
            (schema.photo, self.photos),
            (schema.other_dog, self.other_dogs),
            (schema.content, self.contents),
            (schema.forgotten, self.forgotten),
            (schema.alias, self.aliases),
            (schema.merge, self.merges),
            (schema.added_breed, self.breeds),
            (schema.saved_search, self.searches),
            (schema.scan_plan, self.plans),
        ):
            for row in rows:
                # What is damaged may be there twice.
                connection.execute(sqlite.insert(table).on_conflict_do_nothing(), row)
        for row in self.learned[:1]:
            connection.execute(update(schema.catalogue).values(model_id=row["model_id"]))
        lost = {row["sha256"]: 0 for row in self.corrections if row["picture"] is None}
        for sha256, number in zip(lost, draw(connection, len(lost)), strict=True):
            lost[sha256] = number
            facts = {"sha256": sha256, "picture": number}
            connection.execute(insert(schema.content), facts)
        for row in self.corrections:
            row["picture"] = row["picture"] or lost[row["sha256"]]
        for row in sorted(self.corrections, key=lambda row: row["id"] is None):
            if row["id"] is None:
                row = {name: value for name, value in row.items() if name != "id"}
            connection.execute(insert(schema.correction), row)
        self.animals.write(connection)
        labelled = [*self.corrections, *self.animals.animals]
        said = [one for row in labelled for one in (row["breed"], row["breed2"]) if one]
        missing = breed_names.gathered(said, added=breed_names.read(connection))
        breed_names.keep(connection, missing)


def _learned(file: Path, models: Mapping[int, str]) -> list[dict[str, Any]]:
    """The model in use and its parent, as far as they were learned and are whole.

    Args:
        file: The damaged catalogue.
        models: The names of the models by their numbers.
    """
    number = next((row.get("model_id") for row in read_rows(file, schema.catalogue)), None)
    learned: list[dict[str, Any]] = []
    # One row at a time, because bundles take megabytes.
    while number is not None and number in models and len(learned) < KEPT_MODELS:
        rows = read_rows(file, schema.learned_model, f"model_id = {number}")
        whole = [one for one in rows if is_of_name(models[number], one["content"])]
        if not whole or whole[0]["parent_id"] not in models:
            break
        learned += whole
        number = whole[0]["parent_id"]
    return learned


def _in_force(
    photos: list[dict[str, Any]], corrections: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The labels of photos whose words can't be read, as words without a number."""
    read = {row["id"] for row in corrections}
    spoken = {row["picture"] for row in corrections}
    found: dict[int, dict[str, Any]] = {}
    for row in photos:
        word, picture = row.get("correction_id"), row["picture"]
        is_read = word in read if word is not None else picture in spoken
        is_said = row["corrected"] or row["note"] is not None
        if not is_said or is_read or row["sha256"] is None:
            continue
        found[picture] = {
            "id": None,
            "picture": picture,
            "sha256": row["sha256"],
            "kind": _kind(row),
            "breed": row["breed"] if row["corrected"] else None,
            "breed2": row["breed2"] if row["corrected"] else None,
            "note": row["note"],
            "said_by": None,
            "said_at": now(),
            "was": "",
            "undoes": None,
            "turn": 0,
        }
    return list(found.values())


def _kind(row: dict[str, Any]) -> Kind:
    if not row["corrected"]:
        return Kind.NOTE
    if row["status"] == Status.DOG:
        return Kind.CROSS if row["breed2"] is not None else Kind.BREED
    return Kind.NOT_DOG if row["status"] == Status.NOT_DOG else Kind.UNSURE


def _free_name(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    return kept
