"""Reads animals: one by its number, code or name, and many by what is asked for."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, true

from barkive.catalogue.animal_records import Animal, AnimalFilter, AnimalVerdict, Origin, Sex
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.entries import find as find_photo
from barkive.catalogue.query.filters import Filter, at
from barkive.catalogue.query.store import Store
from barkive.errors import UnknownAnimalError, UsageError
from barkive.text import fold
from barkive.verdicts import Candidate, Status

Known = int | str | Animal
"""An animal, its number, its code, or its name where no other is called so."""

By = Literal["status", "species", "breed", "breed_status"]

_NEAREST: Final = 5
_LONGEST_WAY: Final = 100


class Order(StrEnum):
    """In which order animals are listed."""

    NAME = "name"
    CODE = "code"
    CHANGED = "changed"
    MADE = "made"


def key_of(text: str) -> str:
    """A code or a name without regard to case, accents and blanks."""
    shown = (one for one in fold(text) if not unicodedata.combining(one))
    return " ".join("".join(shown).split())


def value_of(row: Row[Any], field: str) -> Any:
    """What an animal's row says of a field, as JSON has it."""
    match field:
        case "breeds":
            return [breed for breed in (row.breed, row.breed2) if breed is not None]
        case "left":
            return row.left_on
        case "main_photo":
            return row.main_picture
        case "removed" | "birth_is_estimate":
            return bool(row._mapping[field])
        case _:
            return row._mapping[field]


def columns_of(field: str, value: Any) -> dict[str, Any]:
    """The columns of a field, with the values that `value_of` gives back."""
    match field:
        case "breeds":
            first, second = (*value, None, None)[:2]
            return {"breed": first, "breed2": second}
        case "code" | "name":
            return {field: value, f"{field}_key": key_of(value) if value else None}
        case "left":
            return {"left_on": value}
        case "main_photo":
            return {"main_picture": value}
        case _:
            return {field: value}


def row_of(connection: Connection, number: int) -> Row[Any]:
    """An animal's row by its number, also where it was removed.

    Raises:
        UnknownAnimalError: There is none.
    """
    table = schema.animal
    row = connection.execute(select(table).where(table.c.number == number)).one_or_none()
    if row is None:
        raise UnknownAnimalError("animal_unknown", animal=number)
    return row


def find(connection: Connection, animal: Known) -> Row[Any]:
    """The row of the animal that is meant; of one that was merged, of what it was merged into.

    Raises:
        UnknownAnimalError: There is none, or it was removed.
        UsageError: Several are called so.
    """
    row = _meant(connection, animal)
    for _ in range(_LONGEST_WAY):
        if row.merged_into is None:
            break
        row = row_of(connection, row.merged_into)
    if row.removed:
        raise UnknownAnimalError("animal_removed", animal=_called(row))
    return row


def _meant(connection: Connection, animal: Known) -> Row[Any]:
    c = schema.animal.c
    if isinstance(animal, Animal):
        animal = animal.id
    if isinstance(animal, int):
        return row_of(connection, animal)
    key = key_of(animal)
    coded = select(schema.animal).where(c.code_key == key)
    row = connection.execute(coded).one_or_none() if key else None
    if row is not None:
        return row
    if key.isascii() and key.isdigit() and len(key) < 18:
        row = connection.execute(select(schema.animal).where(c.number == int(key))).one_or_none()
        if row is not None:
            return row
    named = named_so(connection, [animal]).get(key, [])
    if not named:
        raise UnknownAnimalError("animal_unknown", animal=animal)
    if len(named) > 1:
        numbers = [_called(row_of(connection, one)) for one in named[:_NEAREST]]
        raise UsageError("animal_ambiguous", name=animal, n=len(named), animals=numbers)
    return row_of(connection, named[0])


def named_so(connection: Connection, names: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the animals that have names, without regard to case and accents.

    Args:
        connection: Of the catalogue.
        names: Which ones.

    Returns:
        By what `key_of` gives of a name.
    """
    c = schema.animal.c
    found: dict[str, list[int]] = {}
    for part in chunks(list({key_of(name) for name in names})):
        rows = select(c.number, c.name_key).where(c.removed.is_(False), c.name_key.in_(part))
        for row in connection.execute(rows.order_by(c.id)):
            found.setdefault(row.name_key, []).append(row.number)
    return found


def _called(row: Row[Any]) -> str:
    """What an animal is called, with its number where nothing else tells it from others."""
    if row.code:
        return " ".join(filter(None, (row.code, row.name)))
    return f"{row.name} ({row.number})" if row.name else str(row.number)


def to_animals(connection: Connection, models: Models, rows: Sequence[Row[Any]]) -> list[Animal]:
    """Rows of `animal` as animals."""
    covers = {row.cover for row in rows if row.cover is not None}
    numbers = photos_of(connection, covers)
    return [_to_animal(models, row, numbers.get(row.cover)) for row in rows]


def _to_animal(models: Models, row: Row[Any], main_photo: int | None) -> Animal:
    names = models.names
    breeds = tuple(
        Candidate(names.label(names.meant(breed)), probability)
        for breed, probability in json.loads(row.breeds)
    )
    verdict = AnimalVerdict(
        status=Status(row.verdict) if row.verdict is not None else None,
        breeds=breeds,
        origin=Origin(row.origin) if row.origin is not None else None,
        disagrees=bool(row.disagrees),
        views=row.views,
    )
    return Animal(
        id=row.number,
        code=row.code,
        name=row.name,
        species=row.species,
        sex=Sex(row.sex) if row.sex is not None else None,
        birth=row.birth,
        birth_is_estimate=bool(row.birth_is_estimate),
        status=row.status,
        notes=row.notes,
        arrived=date.fromisoformat(row.arrived) if row.arrived else None,
        left=date.fromisoformat(row.left_on) if row.left_on else None,
        verdict=verdict,
        photos=row.photos,
        main_photo=main_photo,
        is_main_chosen=row.main_picture is not None and row.main_picture == row.cover,
        version=row.act_id,
        made_at=row.made_at,
        changed_at=row.changed_at,
        merged_into=row.merged_into,
        removed=bool(row.removed),
    )


def photos_of(connection: Connection, pictures: Iterable[int]) -> dict[int, int]:
    """The number of a photo of each picture: of one whose file is there, if there is one."""
    c = schema.photo.c
    numbers: dict[int, int] = {}
    for part in chunks(list(pictures)):
        rows = select(c.picture, c.number).where(c.picture.in_(part))
        here_first = rows.order_by(c.missing_since.is_not(None), c.id)
        for row in connection.execute(here_first):
            numbers.setdefault(row.picture, row.number)
    return numbers


def pictures_of(connection: Connection, photos: Iterable[str | int]) -> list[int]:
    """The pictures of photos, in their order, each once.

    Args:
        connection: Of the catalogue.
        photos: Paths or numbers.

    Raises:
        UnknownPhotoError: One is not in the catalogue.
    """
    c, given = schema.photo.c, list(photos)
    known: dict[str | int, int] = {}
    for part in chunks([one for one in given if isinstance(one, int)]):
        rows = select(c.number, c.picture).where(c.number.in_(part))
        known |= {row.number: row.picture for row in connection.execute(rows)}
    paths = {name: schema.absolute_path(name) for name in given if isinstance(name, str)}
    of_paths: dict[str, int] = {}
    for paths_part in chunks(list(paths.values())):
        rows = select(c.path, c.picture).where(at(paths_part))
        # The one that is there, or else the last one that was.
        for row in connection.execute(rows.order_by(c.missing_since.is_(None), c.id)):
            of_paths[row.path] = row.picture
    known |= {name: of_paths[path] for name, path in paths.items() if path in of_paths}
    for one in given:
        if one not in known:
            # It may have come with a merge; if not, this says that it is unknown.
            known[one] = find_photo(connection, one).picture
    return list(dict.fromkeys(known[one] for one in given))


def pictures_meant(connection: Connection, store: Store, query: Filter) -> list[int]:
    """The pictures of the photos that are meant, in the order in which they were catalogued.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    c = schema.photo.c
    found: dict[int, int] = {}
    for case in query.cases(store):
        for row in connection.execute(select(c.id, c.picture).where(case)):
            found[row.picture] = min(row.id, found.get(row.picture, row.id))
    return sorted(found, key=found.__getitem__)


def animals_of(connection: Connection, pictures: Iterable[int]) -> dict[int, list[int]]:
    """The numbers of the animals that each picture shows."""
    c = schema.animal_photo.c
    found: dict[int, list[int]] = {}
    for part in chunks(list(pictures)):
        rows = select(c.picture, c.animal).where(c.picture.in_(part)).order_by(c.id)
        for row in connection.execute(rows):
            found.setdefault(row.picture, []).append(row.animal)
    return found


def rows_of(connection: Connection, numbers: Iterable[int]) -> list[Row[Any]]:
    """The rows of animals by their numbers, in any order."""
    table = schema.animal
    parts = chunks(list(dict.fromkeys(numbers)))
    found = (connection.execute(select(table).where(table.c.number.in_(part))) for part in parts)
    return [row for rows in found for row in rows]


_ORDERS: Final[Mapping[Order, tuple[ColumnElement[Any], ...]]] = {
    Order.NAME: (
        schema.animal.c.name_key.is_(None),
        schema.animal.c.name_key,
        schema.animal.c.code_key,
    ),
    Order.CODE: (schema.animal.c.code_key.is_(None), schema.animal.c.code_key),
    Order.CHANGED: (schema.animal.c.act_id.desc(),),
    Order.MADE: (),
}


def chosen(
    models: Models, query: AnimalFilter, order: Order, limit: int | None, offset: int
) -> Select[Any]:
    """The rows of the animals that are meant.

    Args:
        models: Of the catalogue.
        query: Which animals.
        order: In which order.
        limit: How many at most; None for all.
        offset: How many to pass over.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    table, ordered = schema.animal, (*_ORDERS[order], schema.animal.c.id)
    # Sorted without what a row holds besides, and by an index that is a tenth of the table.
    first = select(table.c.id).where(condition(models, query)).order_by(*ordered)
    some = first.limit(limit).offset(offset or None)
    return select(table).where(table.c.id.in_(some)).order_by(*ordered)


def condition(models: Models, query: AnimalFilter) -> ColumnElement[bool]:
    """Which animals are meant, as a condition on `animal`.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    c = schema.animal.c
    conditions: list[ColumnElement[bool]] = [
        true(),
        c.removed if query.removed else c.removed.is_(False),
    ]
    for word in key_of(query.text or "").split():
        # Words begin behind a blank: `words` begins with one.
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append(c.words.like(f"% {escaped}%", escape="\\"))
    if query.breed is not None:
        ids = models.names.ids(models.names.find(query.breed))
        conditions.append(or_(c.top_breed.in_(ids), c.top_breed2.in_(ids)))
    if query.species is not None:
        conditions.append(c.species == query.species)
    if query.sex is not None:
        conditions.append(c.sex == query.sex if query.sex else c.sex.is_(None))
    if query.status:
        conditions.append(c.status.in_(list(query.status)))
    if query.breed_status is not None:
        is_so = c.verdict == query.breed_status if query.breed_status else c.verdict.is_(None)
        conditions.append(is_so)
    if query.disagrees is not None:
        conditions.append(c.disagrees.is_(query.disagrees))
    if query.has_photos is not None:
        conditions.append(c.photos > 0 if query.has_photos else c.photos == 0)
    return and_(*conditions)


def counts(connection: Connection, models: Models, by: By, query: AnimalFilter) -> Counter[str]:
    """How many animals there are of each; those that have none are counted under an empty name.

    Args:
        connection: Of the catalogue.
        models: Its models.
        by: What to count for itself.
        query: Which animals.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    c = schema.animal.c
    column = {"breed": c.top_breed, "breed_status": c.verdict}.get(by)
    name = func.coalesce(c[by] if column is None else column, "")
    found: Counter[str] = Counter()
    rows = select(name, func.count()).where(condition(models, query)).group_by(name)
    for one, number in connection.execute(rows):
        found[models.names.meant(one) if by == "breed" and one else one] += number
    return found
