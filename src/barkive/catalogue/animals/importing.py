"""Brings the animals of a file into the catalogue, as one act.

What would be done is found out first, row by row, and then done within the same transaction: so it
is what a dry run shows, unless somebody changes the catalogue between both. A row that does not
tell which animal is meant is left out and told, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from barkive.catalogue.animal_records import ActKind
from barkive.catalogue.animals import acts
from barkive.catalogue.animals.acts import PHOTO, Acting, Change
from barkive.catalogue.animals.animal_files import AnimalFile, AnimalRow, RowProblem
from barkive.catalogue.animals.fields import to_value
from barkive.catalogue.animals.finding import key_of
from barkive.catalogue.animals.imported import FieldChange, Imported, ImportedRow, MatchBy
from barkive.catalogue.animals.known_animals import NOTHING, KnownAnimals, is_same
from barkive.catalogue.animals.photo_folders import Folders, UnfitError
from barkive.catalogue.export.breed_list import breed_meant, is_unknown_breed
from barkive.catalogue.predictions.models import Models
from barkive.errors import UnknownBreedError, UsageError
from barkive.messages import Message

MOST_PHOTOS: Final = 500
"""So many photos are put to one animal by the name of a folder at most."""

_CROSS = re.compile(r"\s+x\s+|\s*[/×]\s*|\s+crois[ée]e?s?\s+(?:avec\s+)?", re.IGNORECASE)
_MOST_BREEDS = 2
_WHOLE_DAY = len("2021-05-31")


def to_match(match: MatchBy | str) -> MatchBy:
    """By what animals are to be told.

    Raises:
        UsageError: There is no such way.
    """
    try:
        return MatchBy(match)
    except ValueError:
        raise UsageError("animals_match_invalid", text=match) from None


def look(connection: Connection, models: Models, file: AnimalFile, match: MatchBy) -> Imported:
    """What would come of an import.

    Args:
        connection: Of the catalogue.
        models: Its models.
        file: What the file says.
        match: By what animals are told.
    """
    return _Plan(connection, models, file, match).outcome()


def bring(
    connection: Connection, models: Models, file: AnimalFile, match: MatchBy, by: str | None
) -> tuple[int | None, Imported]:
    """Brings the animals of a file in.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        file: What the file says.
        match: By what animals are told.
        by: Who does it.

    Returns:
        The number of the act, None where nothing changed; and what came of it, still without it.
    """
    plan = _Plan(connection, models, file, match)
    if not any(target.has_news for target in plan.targets):
        return None, plan.outcome()
    acting = Acting(connection, models, ActKind.IMPORT, by)
    new = [target for target in plan.targets if target.is_new]
    for target, number in zip(new, acting.make_rows(len(new)), strict=True):
        target.number = number
    acting.write(change for target in plan.targets for change in target.to_changes())
    acting.close()
    return acting.id, plan.outcome()


@dataclass(slots=True)
class _Target:
    """An animal that rows tell of.

    Attributes:
        line: The first of these rows.
        number: The animal's; None of one that is made.
        base: What stands there now.
        values: What the rows say.
        is_new: Whether it is made.
        folders: Those whose photos are put to it.
        pictures: These photos, but for those that it has.
    """

    line: int
    number: int | None
    base: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    is_new: bool = False
    folders: list[str] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What it is called afterwards."""
        after = {**self.base, **{one.field: one.becomes for one in self.changes()}}
        return " ".join(filter(None, (after["code"], after["name"]))) or str(self.number)

    @property
    def has_news(self) -> bool:
        """Whether anything changes."""
        return bool(self.is_new or self.pictures or self.changes())

    def changes(self) -> list[FieldChange]:
        """The fields that change."""
        return [
            FieldChange(name, self.base[name], value)
            for name, value in self.values.items()
            if not is_same(name, self.base[name], value)
        ]

    def to_changes(self) -> Iterator[Change]:
        """All that changes, as an act has it."""
        if self.is_new:
            yield Change(self.number, "removed", None, True, False)
        for one in self.changes():
            yield Change(self.number, one.field, None, one.was, one.becomes)
        for picture in self.pictures:
            yield Change(self.number, PHOTO, picture, None, {"dog": None})


class _Plan:
    """What comes of a file.

    Attributes:
        targets: The animals that it tells of, in the order of lines.
    """

    def __init__(
        self, connection: Connection, models: Models, file: AnimalFile, match: MatchBy
    ) -> None:
        models.follow(connection)
        self._connection, self._models, self._match = connection, models, match
        self._unknown = file.unknown
        self._problems = list(file.problems)
        self._animals = KnownAnimals(connection)
        self._folders = Folders(connection) if match is MatchBy.FOLDER else None
        self._of_keys: dict[tuple[Any, ...], _Target] = {}
        self._of_codes: dict[str, _Target] = {}
        self._values: dict[tuple[str, Any], Any] = {}
        self.targets: list[_Target] = []
        for row in file.rows:
            try:
                self._take(row)
            except UnfitError as error:
                self._problems.append(RowProblem(row.line, error.why, is_row=True))
        self._find_photos()
        self._problems.sort(key=lambda one: one.line)

    def outcome(self) -> Imported:
        """What comes of it."""
        rows = tuple(
            ImportedRow(
                one.line,
                one.number,
                one.title,
                one.is_new,
                tuple(one.changes()),
                len(one.pictures),
            )
            for one in self.targets
        )
        return Imported(None, rows, tuple(self._problems), self._unknown)

    def _take(self, row: AnimalRow) -> None:
        """Takes up what a row says.

        Raises:
            UnfitError: It tells no animal, or something else than a row before it.
        """
        values = dict(self._read(row))
        if not {"code", "name"} & values.keys() and row.id is None:
            raise UnfitError(Message("animals_row_nameless"))
        target, key = self._target(row, values)
        self._drop_no_news(row, target, values)
        self._refuse_contradiction(target, values)
        self._claim_code(target, values)
        if self._folders is not None and not target.folders:
            said = row.fields
            target.folders = self._folders.claim(target.line, said.code, said.name)
        if key not in self._of_keys:
            self._of_keys[key] = target
            self.targets.append(target)
        target.values = {**values, **target.values}

    def _drop_no_news(self, row: AnimalRow, target: _Target, values: dict[str, Any]) -> None:
        """Drops what somebody made of less than is known, or of what Barkive has said itself."""
        known = target.base["birth"] or target.values.get("birth")
        is_made_up = row.is_age or (row.is_of_asm3 and len(known or "") < _WHOLE_DAY)
        if known and is_made_up:
            for one in ("birth", "birth_is_estimate"):
                values.pop(one, None)
        elif "birth" in values and not is_same("birth", target.base["birth"], values["birth"]):
            values.setdefault("birth_is_estimate", False)
        said = row.fields
        if row.is_of_asm3 and key_of(said.name or "") == key_of(said.code or ""):
            values.pop("name", None)  # an export sends the code where there is no name
        if row.is_of_asm3 and target.number is not None and not target.base["breeds"]:
            animal = self._animals.rows[target.number]
            if set(values.get("breeds", ())) == {animal.top_breed, animal.top_breed2} - {None}:
                values.pop("breeds", None)

    def _read(self, row: AnimalRow) -> Iterator[tuple[str, Any]]:
        """What a row says, as it is kept; notes what can't be."""
        for name, given in row.fields.given().items():
            key = name, given
            if key not in self._values:
                try:
                    self._values[key] = self._value(name, given)
                except UsageError as error:
                    self._values[key] = error.message
            value = self._values[key]
            if isinstance(value, Message):
                self._problems.append(RowProblem(row.line, value, is_row=False))
            elif value not in (None, []):
                yield name, value

    def _value(self, name: str, given: Any) -> Any:
        if name == "breeds":
            return self._breeds(given)
        return to_value(self._connection, self._models, name, given, other=False)

    def _breeds(self, cells: Sequence[str]) -> list[str]:
        """The ids of the breeds in cells; none where they say that nobody knows.

        Raises:
            UnknownBreedError: There is no such breed.
            UsageError: They are too many, or a cross with an unknown one.
        """
        known = [one for one in cells if not is_unknown_breed(one)]
        found = list(dict.fromkeys(breed for one in known for breed in self._breeds_of(one)))
        if len(found) > _MOST_BREEDS or (known and len(known) < len(cells)):
            raise UsageError("animals_cell_breeds", breeds=tuple(cells))
        return found

    def _breeds_of(self, cell: str) -> list[str]:
        names = self._models.names
        try:
            return [names.find(cell)]
        except UnknownBreedError:
            if (breed := breed_meant(cell)) is not None:
                return [breed]
            parts = _CROSS.split(cell)
            if len(parts) != _MOST_BREEDS or not all(parts):
                raise
        return [names.find(breed_meant(one) or one) for one in parts]

    def _target(self, row: AnimalRow, values: dict[str, Any]) -> tuple[_Target, tuple[Any, ...]]:
        """The animal that a row tells of, and by what further rows of it are known.

        Raises:
            UnfitError: It tells none, or several.
        """
        code, name = (key_of(values.get(one) or "") for one in ("code", "name"))
        number = self._by_number(row.id)
        if number is not None and code == key_of(f"BA{row.id}"):
            del values["code"]
        if number is None:
            by_code = self._match is not MatchBy.NAME and bool(code)
            number = self._animals.of_code(code) if by_code else self._by_name(code, name)
            if by_code and number is not None:
                del values["code"]
        key = ("number", number) if number is not None else ("code", code) if code else ("", name)
        if key in self._of_keys:
            return self._of_keys[key], key
        base = NOTHING if number is None else self._animals.values(number)
        return _Target(row.line, number, base, is_new=number is None), key

    def _by_number(self, number: int | None) -> int | None:
        """The animal of a number that a file has; None where it is none of this catalogue.

        Raises:
            UnfitError: It was removed.
        """
        if number is None or number not in self._animals.rows:
            return None
        meant = self._animals.followed(number)
        if self._animals.rows[meant].removed:
            raise UnfitError(Message("animals_row_removed", {"animal": self._animals.title(meant)}))
        return meant

    def _by_name(self, code: str, name: str) -> int | None:
        """The one animal that is called so.

        Raises:
            UnfitError: The row has no name, several are called so, or that one has another code.
        """
        if self._match is MatchBy.CODE:
            raise UnfitError(Message("animals_row_without_code"))
        if not name:
            raise UnfitError(Message("animals_row_without_name"))
        named = self._animals.of_name(name)
        coded = self._animals.of_code(code) if code else None
        if coded in named:
            return coded
        titles = [self._animals.title(one) for one in named[:5]]
        if len(named) > 1:
            raise UnfitError(
                Message("animals_row_ambiguous", {"name": name, "n": len(named), "animals": titles})
            )
        if not named:
            return None
        if code and (other := self._animals.values(named[0])["code"]):
            raise UnfitError(
                Message("animals_row_other_code", {"name": name, "code": code, "other": other})
            )
        return named[0]

    def _refuse_contradiction(self, target: _Target, values: Mapping[str, Any]) -> None:
        """Refuses a row that says something else of an animal than one before it.

        Raises:
            UnfitError: It does.
        """
        for name, value in values.items():
            if name in target.values and not is_same(name, target.values[name], value):
                raise UnfitError(
                    Message("animals_row_contradicts", {"line": target.line, "field": name})
                )

    def _claim_code(self, target: _Target, values: Mapping[str, Any]) -> None:
        """Has an animal have its code for itself.

        Raises:
            UnfitError: Another one has it.
        """
        if not (code := values.get("code")):
            return
        holder = self._animals.of_code(key_of(code))
        if holder is not None and holder != target.number:
            raise UnfitError(
                Message(
                    "animals_row_code_taken", {"code": code, "animal": self._animals.title(holder)}
                )
            )
        other = self._of_codes.setdefault(key_of(code), target)
        if other is not target:
            raise UnfitError(Message("animals_row_code_twice", {"code": code, "line": other.line}))

    def _find_photos(self) -> None:
        """Puts the photos in folders to the animals that claimed these."""
        if self._folders is None:
            return
        found = self._folders.pictures({one: t.line for t in self.targets for one in t.folders})
        kept: list[_Target] = []
        for target in self.targets:
            pictures = found[target.line]
            if len(pictures) > MOST_PHOTOS:
                why = Message(
                    "animals_row_many_photos",
                    {"n": len(pictures), "folder": target.folders[0], "limit": MOST_PHOTOS},
                )
                self._problems.append(RowProblem(target.line, why, is_row=True))
                continue
            if target.number is not None:
                has = acts.held_by(self._connection, target.number)
                refused = set(acts.refused_of(self._connection, target.number))
                pictures = [one for one in pictures if one not in has and one not in refused]
            target.pictures = pictures
            kept.append(target)
        self.targets = kept
