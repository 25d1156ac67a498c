"""Brings the animals of another catalogue into this one, with their photos.

An animal is the same where both have its number, which copies of one catalogue share, or its code.
One that this catalogue lacks comes with all that holds of it. One that it has gets the photos and
the fields that it lacks; where both say something, ours stays, and the difference is told. Animals
that people removed here stay removed. How it came about over there stays there: here it is one
act, by the name of the other catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from barkive.catalogue.animal_records import ActKind
from barkive.catalogue.animals.acts import PHOTO, REFUSED, Acting, Change
from barkive.catalogue.animals.finding import key_of
from barkive.catalogue.animals.known_animals import NOTHING, KnownAnimals, is_same
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import Models

# Nobody need have said these.
_BY_ITSELF = frozenset({"species", "status", "birth_is_estimate"})


class AnimalConflictJSON(TypedDict):
    """The JSON form of an animal of which two catalogues say different things."""

    animal: int
    title: str
    field: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class AnimalConflict:
    """A field of an animal of which two catalogues say different things; ours stays.

    Attributes:
        animal: The animal's number.
        title: What it is called here.
        field: The field's name.
        ours: What stands here.
        theirs: What stands there.
    """

    animal: int
    title: str
    field: str
    ours: Any
    theirs: Any

    def to_json(self) -> AnimalConflictJSON:
        """The conflict as a JSON object."""
        return {
            "animal": self.animal,
            "title": self.title,
            "field": self.field,
            "ours": self.ours,
            "theirs": self.theirs,
        }


@dataclass(frozen=True, slots=True)
class TheirAnimals:
    """The animals of another catalogue.

    Attributes:
        values: What holds of each that is not removed, by its number.
        main: The picture that people chose for each that has one.
        photos: The pictures of each, and the dog in each, None for the main one.
        refused: The pictures that were refused under each key.
    """

    values: Mapping[int, Mapping[str, Any]]
    main: Mapping[int, int]
    photos: Mapping[int, Mapping[int, int | None]]
    refused: Mapping[int, list[int]]

    @staticmethod
    def read(connection: Connection) -> TheirAnimals:
        """Reads them."""
        known = KnownAnimals(connection)
        standing = [number for number, row in known.rows.items() if not row.removed]
        main = {one: known.rows[one].main_picture for one in standing}
        return TheirAnimals(
            {one: known.values(one) for one in standing},
            {one: picture for one, picture in main.items() if picture is not None},
            _photos(connection),
            _refused(connection),
        )

    @property
    def pictures(self) -> set[int]:
        """All pictures that they have to do with."""
        listed = (*self.photos.values(), *self.refused.values())
        return {picture for pictures in listed for picture in pictures}


def _photos(connection: Connection) -> defaultdict[int, dict[int, int | None]]:
    found: defaultdict[int, dict[int, int | None]] = defaultdict(dict)
    table = schema.animal_photo
    for row in connection.execute(select(table).order_by(table.c.id)):
        found[row.animal][row.picture] = row.dog
    return found


def _refused(connection: Connection) -> defaultdict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    table = schema.refusal
    for row in connection.execute(select(table).order_by(table.c.id)):
        found[row.key].append(row.picture)
    return found


class AnimalMerge:
    """What comes of the animals of another catalogue.

    Attributes:
        new: How many come.
        filled: How many that are here get photos or fields.
        photos: How many photos are put to animals.
        conflicts: What both say otherwise.
    """

    def __init__(
        self,
        connection: Connection,
        theirs: TheirAnimals,
        breeds: Mapping[str, str],
        homes: Mapping[int, int],
        dogs: Mapping[int, int],
    ) -> None:
        """Finds what is new.

        Args:
            connection: Of the catalogue that is added to.
            theirs: What the other one has.
            breeds: What their breeds are here.
            homes: Which picture each of theirs is here; those that don't come are left out.
            dogs: The numbers here of dogs that have others there.
        """
        self._connection, self._theirs = connection, theirs
        self._breeds, self._homes, self._dogs = breeds, homes, dogs
        self._ours = KnownAnimals(connection)
        self._photos, self._refused = _photos(connection), _refused(connection)
        self._values = {one: self._ours.values(one) for one in self._ours.rows}
        self._codes: set[str] = set()
        self._again = _taken_back(connection)
        self._changes: list[Change] = []
        self._added: list[int] = []
        self.new = self.filled = self.photos = 0
        self.conflicts: list[AnimalConflict] = []
        numbers: dict[int, int | None] = {}
        for number in theirs.values:
            numbers[number] = self._bring(number)
        for key, pictures in theirs.refused.items():
            if (here := numbers.get(key, key)) is not None:
                self._refuse(here, pictures)

    @property
    def has_news(self) -> bool:
        """Whether anything comes."""
        return bool(self._changes)

    def write(self, models: Models, merge: int, name: str) -> None:
        """Writes it; the connection must be of a writing transaction.

        Args:
            models: Of the catalogue.
            merge: The merge's number.
            name: What the other catalogue is called.
        """
        acting = Acting(self._connection, models, ActKind.IMPORT, name, merge=merge)
        acting.add_rows(self._added)
        acting.write(self._changes)
        acting.close()

    def _bring(self, number: int) -> int | None:
        """Brings one of their animals; gives its number here, None where it does not come."""
        theirs = dict(self._theirs.values[number])
        theirs["breeds"] = [self._breeds.get(one, one) for one in theirs["breeds"]]
        before, here = len(self._changes), self._here(number, theirs["code"])
        row = self._ours.rows.get(here)
        is_new = row is None or (row.removed and here in self._again)
        if row is not None and row.removed and not is_new:
            return None
        if is_new:
            self._changes.append(Change(here, "removed", None, True, False))
        if row is None:
            self._added.append(here)
        base = self._values.setdefault(here, dict(NOTHING))
        self._changes += list(self._fields(here, base, theirs, is_new=is_new))
        self._changes += list(self._pictures(here, number, is_new=is_new))
        self.new += is_new
        self.filled += not is_new and len(self._changes) > before
        return here

    def _here(self, number: int, code: str | None) -> int:
        """The number here of one of their animals; its own where it is new."""
        if number in self._ours.rows:
            return self._ours.followed(number)
        same = self._ours.of_code(key_of(code)) if code else None
        return number if same is None else same

    def _fields(
        self, number: int, base: dict[str, Any], theirs: Mapping[str, Any], *, is_new: bool
    ) -> Iterator[Change]:
        """The fields that an animal lacks; notes what both say otherwise."""
        lacks_birth = not base["birth"]
        for field, value in theirs.items():
            was = base[field]
            if is_same(field, was, value) or value in (None, []):
                continue
            is_open = is_new if field in _BY_ITSELF else was in (None, [])
            if field == "birth_is_estimate" and not is_new:
                is_open = lacks_birth and bool(theirs["birth"])
                if not is_open:
                    continue
            if field == "code" and is_open:
                is_open = self._take_code(value, number)
            if is_open:
                yield Change(number, field, None, was, value)
                base[field] = value
            else:
                title = " ".join(filter(None, (base["code"], base["name"]))) or str(number)
                self.conflicts.append(AnimalConflict(number, title, field, was, value))

    def _take_code(self, code: str, number: int) -> bool:
        """Whether no other animal has a code."""
        key = key_of(code)
        holder = self._ours.of_code(key)
        if holder not in (None, number) or key in self._codes:
            return False
        self._codes.add(key)
        return True

    def _pictures(self, here: int, number: int, *, is_new: bool) -> Iterator[Change]:
        """The photos that an animal lacks."""
        held, refused = self._photos[here], self._refused.get(here, ())
        for picture, dog in self._theirs.photos.get(number, {}).items():
            home = self._homes.get(picture)
            if home is None or home in held or home in refused:
                continue
            held[home] = self._dogs.get(dog, dog) if dog is not None else None
            yield Change(here, PHOTO, home, None, {"dog": held[home]})
            self.photos += 1
        main = self._homes.get(self._theirs.main.get(number, 0))
        if is_new and main in held:
            yield Change(here, "main_photo", None, None, main)

    def _refuse(self, key: int, pictures: list[int]) -> None:
        """Brings what was refused over there, but for photos that the animal has here."""
        known = {*self._refused.get(key, ()), *self._photos.get(key, ())}
        for home in dict.fromkeys(self._homes.get(one) for one in pictures):
            if home is not None and home not in known:
                self._changes.append(Change(key, REFUSED, home, None, True))


def _taken_back(connection: Connection) -> set[int]:
    """The animals that were removed because a merge was taken back: they may come again."""
    animal, undo, undone = schema.animal, schema.act.alias("undo"), schema.act.alias("undone")
    found = (
        select(animal.c.number)
        .join(undo, undo.c.id == animal.c.act_id)
        .join(undone, undone.c.id == undo.c.undoes)
        .where(animal.c.removed, undone.c.merge_id.is_not(None))
    )
    return set(connection.execute(found).scalars())
