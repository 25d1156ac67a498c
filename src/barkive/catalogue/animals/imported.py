"""What comes of an import of animals: frozen types, and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from typing_extensions import TypedDict

from barkive.catalogue.animal_records import Act
from barkive.catalogue.animals.animal_files import RowProblem
from barkive.messages import Language


class MatchBy(StrEnum):
    """By what the animal of a row is told."""

    CODE = "code"
    FOLDER = "folder"
    NAME = "name"


class FieldChangeJSON(TypedDict):
    """The JSON form of a field that changes."""

    field: str
    was: Any
    becomes: Any


class ImportedRowJSON(TypedDict):
    """The JSON form of what comes of a row."""

    line: int
    animal: int | None
    title: str
    outcome: str
    changes: list[FieldChangeJSON]
    photos: int


class RowProblemJSON(TypedDict):
    """The JSON form of what was not taken."""

    line: int
    left_out: str
    error: str
    error_code: str


class ImportedJSON(TypedDict):
    """An import's JSON form."""

    act: int | None
    made: int
    changed: int
    unchanged: int
    photos: int
    left_out: int
    rows: list[ImportedRowJSON]
    problems: list[RowProblemJSON]
    unknown_columns: list[str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an animal that changes.

    Attributes:
        field: Its name, as `AnimalFields` has it.
        was: What stood there.
        becomes: What stands there since.
    """

    field: str
    was: Any
    becomes: Any


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What comes of a row, or of several of one animal.

    Attributes:
        line: On which line of the file the first one begins, from 1.
        animal: The animal's number; None of one that a dry run would make.
        title: What it is called.
        is_new: Whether it is made.
        changes: What is said of it, or changes.
        photos: How many pictures are put to it.
    """

    line: int
    animal: int | None
    title: str
    is_new: bool
    changes: tuple[FieldChange, ...]
    photos: int

    @property
    def is_unchanged(self) -> bool:
        """Whether the catalogue has all that is said."""
        return not (self.is_new or self.changes or self.photos)

    @property
    def outcome(self) -> str:
        """`made`, `changed` or `unchanged`."""
        return "made" if self.is_new else "unchanged" if self.is_unchanged else "changed"

    def to_json(self) -> ImportedRowJSON:
        """The row as a JSON object."""
        return {
            "line": self.line,
            "animal": self.animal,
            "title": self.title,
            "outcome": self.outcome,
            "changes": [
                {"field": one.field, "was": one.was, "becomes": one.becomes} for one in self.changes
            ],
            "photos": self.photos,
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import, or what a dry run says would come of it.

    Attributes:
        act: The act; None of a dry run, and where nothing changed.
        rows: Each animal that the file tells of, in the order of lines.
        problems: What was left out, in the order of lines.
        unknown: The headings of columns that hold something which Barkive does not know.
    """

    act: Act | None
    rows: tuple[ImportedRow, ...]
    problems: tuple[RowProblem, ...]
    unknown: tuple[str, ...]

    @property
    def made(self) -> int:
        """How many animals were made."""
        return self._count("made")

    @property
    def changed(self) -> int:
        """How many that were known have changed."""
        return self._count("changed")

    @property
    def unchanged(self) -> int:
        """Of how many the catalogue had all that is said."""
        return self._count("unchanged")

    @property
    def photos(self) -> int:
        """How many pictures were put to animals."""
        return sum(one.photos for one in self.rows)

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return sum(one.is_row for one in self.problems)

    def _count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.rows)

    def to_json(self, lang: Language = "en") -> ImportedJSON:
        """The import as a JSON object."""
        return {
            "act": self.act.id if self.act is not None else None,
            "made": self.made,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "photos": self.photos,
            "left_out": self.left_out,
            "rows": [one.to_json() for one in self.rows],
            "problems": [
                {
                    "line": one.line,
                    "left_out": "row" if one.is_row else "cell",
                    "error": one.why.text(lang),
                    "error_code": one.why.code,
                }
                for one in self.problems
            ],
            "unknown_columns": list(self.unknown),
        }
