"""How often breeds are met: the table inside, or a file of somebody's own.

The table has each breed's rank among those that the American Kennel Club registered in 2020,
as published with its ranks of 2013 to 2020 in the data set `breed_rank_all` of TidyTuesday
(https://github.com/rfordatascience/tidytuesday, data/2022/2022-02-01). The three poodles
share one rank there. Knows nothing of models.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from barkive import breeds
from barkive.errors import UnknownBreedError, UsageError, system_reason
from barkive.verdicts import BreedName

NO_PRIOR = "none"
"""What stands in place of a table's path where all breeds are to count alike."""

_TABLE = Path(__file__).parent / "data" / "frequencies.csv"
# Where the kennel club does not register a breed, it is rarer than the last of the 195 it does.
_UNRANKED = 250
# A breed that was never met may still be met one day.
_NEVER = 0.1  # of the rarest that was
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How often each of some breeds is met.

    Attributes:
        source: Where that was read, in a few words.
        by_id: Above 0, in any unit, by the breed's id.
    """

    source: str
    by_id: Mapping[str, float]

    def of(self, labels: Sequence[BreedName]) -> tuple[float, ...]:
        """The frequency of each label; one that is not known counts as the middle of the others.

        Args:
            labels: At least one of them must be known, or all count alike.
        """
        known = [math.log(self.by_id[one.id]) for one in labels if one.id in self.by_id]
        middle = math.exp(sum(known) / len(known)) if known else 1.0
        return tuple(self.by_id.get(one.id, middle) for one in labels)


@cache
def shipped() -> Frequencies:
    """The table inside: one over the rank (Zipf's law)."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        ranks = {row["id"]: int(row["rank"] or _UNRANKED) for row in csv.DictReader(file)}
    return Frequencies(
        "ranks of the American Kennel Club, 2020", {id_: 1 / rank for id_, rank in ranks.items()}
    )


def read_frequencies(path: str | Path, labels: Sequence[BreedName]) -> Frequencies:
    """Reads a table of breeds and how often each was met: `beagle,120`.

    A line a breed; names in either language, ids as well; separated by a comma, a semicolon or
    a tab. A first line without a number is passed over. Counts and shares do alike. A breed
    that was met 0 times counts a tenth of the rarest that was met.

    Args:
        path: A text file in UTF-8.
        labels: The breeds that the model knows.

    Raises:
        UsageError: The file can't be read, names a breed that the model does not know or one
            twice, or holds a number below 0 or none above it.
    """
    counts: dict[str, float] = {}
    unknown = []
    for name, count in _rows(path):
        id_ = _id(name, labels)
        if id_ is None:
            unknown.append(name)
        elif id_ in counts:
            raise UsageError("prior_breed_twice", path=path, breed=name)
        else:
            counts[id_] = count
    if unknown:
        many = len(unknown) > _SHOWN
        fault = "prior_breeds_unknown_more" if many else "prior_breeds_unknown"
        raise UsageError(fault, path=path, names=unknown[:_SHOWN])
    if not sum(counts.values()) > 0:
        raise UsageError("prior_all_zero", path=path)
    least = _NEVER * min(count for count in counts.values() if count > 0)
    return Frequencies(Path(path).name, {id_: max(count, least) for id_, count in counts.items()})


def _rows(path: str | Path) -> Iterator[tuple[str, float]]:
    """The names in a table, each with its number, 0 or more."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError("prior_unreadable", path=path, reason=system_reason(error)) from None
    except UnicodeDecodeError:
        raise UsageError("prior_not_text", path=path) from None
    for number, line in enumerate(lines, 1):
        name, count = _parted(line)
        if not line.strip() or (count is None and number == 1):
            continue
        if count is None:
            raise UsageError("prior_line_invalid", number=number, path=path, text=line.strip())
        if not 0 <= count < math.inf:
            raise UsageError("prior_frequency_negative", path=path, breed=name, frequency=count)
        yield name, count


def _parted(line: str) -> tuple[str, float | None]:
    """A line's breed and number; None where there is no number."""
    # A comma after a semicolon or a tab is a decimal one.
    separator = next((one for one in "\t;" if one in line), ",")
    name, _, count = line.rpartition(separator)
    try:
        return name.strip().strip('"'), float(count.strip().strip('"').replace(",", "."))
    except ValueError:
        return name.strip(), None


def _id(name: str, labels: Sequence[BreedName]) -> str | None:
    """The id of the label that a name means."""
    ids = {one.id for one in labels}
    if name in ids:
        return name
    try:
        found = breeds.find(name).id
    except UnknownBreedError:
        key = breeds.normalise(name)
        named = (one.id for one in labels if key in map(breeds.normalise, (one.id, one.en, one.fr)))
        return next(named, None)
    return found if found in ids else None
