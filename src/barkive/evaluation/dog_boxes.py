"""How well the dogs of photos are found: measured on a table of boxes that people drew.

The table is CSV with a header: `photo` (a path below the folder of photos), `kind`, `x`, `y`,
`width`, `height` in shares of the upright photo, and whatever else. `kind` is `dog` for the visible
extent of a dog; `ignore` for what is neither right nor wrong, such as a crowd, a statue or a tail
at the edge; `none`, without a box, for a photo without dogs. A photo has a row for each box.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from barkive.boxes import Box
from barkive.errors import DataError, UsageError, system_reason
from barkive.metrics import Interval, wilson_interval

OVERLAP: Final = 0.5
"""A box is right from this intersection over union with the true one."""

LARGE: Final = 1 / 16
"""From this share of the photo a dog is large."""

# What has so much of its area in what is to be ignored is neither right nor wrong.
_IGNORED = 0.5
_COLUMNS = ("photo", "kind", "x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class Marked:
    """What people marked in a photo.

    Attributes:
        dogs: The boxes of its dogs.
        ignored: Boxes of what is neither right nor wrong.
    """

    dogs: tuple[Box, ...] = ()
    ignored: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many.

    Attributes:
        right: 0..`of`.
        of: At least 0.
    """

    right: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, 0..1; None of nothing."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Its 95 % interval."""
        return wilson_interval(self.right, self.of)

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.of + other.of)

    def to_json(self) -> dict[str, Any]:
        """The share as a JSON object."""
        return {**asdict(self), "share": self.value, "interval": list(self.interval)}


_NOTHING = Share(0, 0)


@dataclass(frozen=True, slots=True)
class DogFigures:
    """How well the dogs of some photos are found.

    Attributes:
        photos: How many photos.
        recall: Dogs that were found.
        large: Likewise, of those that fill at least `LARGE` of their photo.
        small: Likewise, of the others.
        edge: Likewise, of those that touch an edge.
        precision: Boxes that are right.
        groups: Photos of several dogs in which as many were found as there are.
        singles: Likewise, of one dog.
    """

    photos: int = 0
    recall: Share = _NOTHING
    large: Share = _NOTHING
    small: Share = _NOTHING
    edge: Share = _NOTHING
    precision: Share = _NOTHING
    groups: Share = _NOTHING
    singles: Share = _NOTHING

    def to_json(self) -> dict[str, Any]:
        """The figures as a JSON object."""
        shares = [name for name in self.__slots__ if name != "photos"]
        return {"photos": self.photos} | {name: getattr(self, name).to_json() for name in shares}


@dataclass(slots=True)
class _Counts:
    photos: int = 0
    shares: dict[str, Share] = field(default_factory=dict)

    def count(self, name: str, right: bool) -> None:
        self.shares[name] = self.shares.get(name, _NOTHING) + Share(int(right), 1)


def read_boxes(table: Path) -> dict[str, Marked]:
    """Reads a table of boxes.

    Args:
        table: See the module.

    Returns:
        What is marked in each photo, by its path as the table has it.

    Raises:
        DataError: The table can't be read, or is none.
    """
    marked: dict[str, Marked] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(_COLUMNS) <= set(rows.fieldnames or ()):
                raise DataError("boxes_columns_missing", file=table, columns=_COLUMNS)
            for row in rows:
                before = marked.get(row["photo"], Marked())
                marked[row["photo"]] = _with(before, row, table, rows.line_num)
    except OSError as error:
        raise DataError("boxes_unreadable", file=table, reason=system_reason(error)) from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError("boxes_not_csv", file=table) from None
    if not marked:
        raise DataError("boxes_none", file=table)
    return marked


def _with(before: Marked, row: Mapping[str, str], table: Path, line: int) -> Marked:
    if row["kind"] == "none":
        return before
    try:
        box = Box(*(float(row[name]) for name in _COLUMNS[2:]))
    except (ValueError, TypeError, UsageError):
        raise DataError("boxes_row_invalid", file=table, line=line) from None
    if row["kind"] == "dog":
        return Marked((*before.dogs, box), before.ignored)
    if row["kind"] == "ignore":
        return Marked(before.dogs, (*before.ignored, box))
    raise DataError("boxes_row_invalid", file=table, line=line)


def dog_figures(photos: Sequence[tuple[Marked, Sequence[Box]]]) -> DogFigures:
    """Compares what was found with what people marked.

    Args:
        photos: Of each photo what is marked, and the boxes that were found.
    """
    counts = _Counts()
    for marked, found in photos:
        counts.photos += 1
        pairs = matches(marked.dogs, found)
        for i, dog in enumerate(marked.dogs):
            right = i in pairs
            counts.count("recall", right)
            counts.count("large" if dog.area >= LARGE else "small", right)
            if min(dog.x, dog.y) < _EDGE or max(dog.right, dog.bottom) > 1 - _EDGE:
                counts.count("edge", right)
        judged = [j for j, box in enumerate(found) if j in pairs.values() or not _is(marked, box)]
        for j in judged:
            counts.count("precision", j in pairs.values())
        if marked.dogs:
            name = "groups" if len(marked.dogs) > 1 else "singles"
            counts.count(name, len(judged) == len(marked.dogs))
    return DogFigures(counts.photos, **counts.shares)


# A dog touches an edge that is so near, as a share of the photo.
_EDGE = 0.01


def _is(marked: Marked, box: Box) -> bool:
    """Whether a box is of what is to be ignored."""
    return any(box.shared(one) >= _IGNORED * box.area for one in marked.ignored)


def matches(dogs: Sequence[Box], found: Sequence[Box]) -> dict[int, int]:
    """Which box that was found is which dog: those that overlap most first.

    Returns:
        Positions in `found` by those in `dogs`; a dog that was not found is not there.
    """
    overlaps = sorted(
        ((dog.iou(box), -i, -j) for i, dog in enumerate(dogs) for j, box in enumerate(found)),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for overlap, i, j in overlaps:
        if overlap >= OVERLAP and -i not in pairs and -j not in pairs.values():
            pairs[-i] = -j
    return pairs
