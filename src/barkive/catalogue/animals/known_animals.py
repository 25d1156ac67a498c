"""The animals of a catalogue, all at once, by what tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from barkive.catalogue.animal_records import IN_CARE, SPECIES
from barkive.catalogue.animals import finding
from barkive.catalogue.animals.finding import key_of
from barkive.catalogue.db import schema

NOTHING: Final[dict[str, Any]] = {
    **dict.fromkeys(("code", "name")),
    **{"species": SPECIES[0], "sex": None, "birth": None, "birth_is_estimate": False},
    **{"breeds": [], "status": IN_CARE, **dict.fromkeys(("notes", "arrived", "left"))},
}
"""What stands there of an animal of which nothing was said, by the names of its fields."""

# Case, accents and blanks are no reason to change what stands there.
_ALIKE = frozenset({"code", "name", "species", "status"})


def is_same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field say the same: also where case or accents differ.

    Args:
        field: Its name, as `finding.value_of` has it.
        one: A value.
        other: Another.
    """
    if one == other:
        return True
    if field == "breeds":
        return set(one) == set(other)
    return field in _ALIKE and None not in (one, other) and key_of(one) == key_of(other)


class KnownAnimals:
    """The animals that a catalogue has, removed ones as well.

    Attributes:
        rows: Each, by its number, in the order in which they were made.
    """

    def __init__(self, connection: Connection) -> None:
        """Reads them."""
        rows = connection.execute(select(schema.animal).order_by(schema.animal.c.id)).all()
        self.rows: dict[int, Row[Any]] = {row.number: row for row in rows}
        self._codes = {row.code_key: row.number for row in rows if row.code_key}
        self._names: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            if row.name and not row.removed:
                self._names[key_of(row.name)].append(row.number)

    def followed(self, number: int) -> int:
        """What an animal was merged into; itself where it was not."""
        seen = {number}
        while (into := self.rows[number].merged_into) in self.rows and into not in seen:
            seen.add(number := into)
        return number

    def of_code(self, code: str) -> int | None:
        """The animal of a code without case and accents; of one that was merged, into which."""
        number = self._codes.get(code)
        if number is None:
            return None
        meant = self.followed(number)
        return None if self.rows[meant].removed else meant

    def of_name(self, name: str) -> Sequence[int]:
        """The animals that are called so, without case and accents."""
        return self._names.get(name, [])

    def values(self, number: int) -> dict[str, Any]:
        """What stands there of an animal, by the names of its fields."""
        return {name: finding.value_of(self.rows[number], name) for name in NOTHING}

    def title(self, number: int) -> str:
        """What an animal is called."""
        row = self.rows[number]
        return " ".join(filter(None, (row.code, row.name))) or str(number)
