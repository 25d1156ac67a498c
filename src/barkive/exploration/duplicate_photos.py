"""Photos that are there more than once, as the same file or as the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from barkive.exploration.survey import PhotoRecord
from barkive.images import group_near_duplicates

Kind = Literal["exact", "near"]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A group of photos that are all the same.

    Attributes:
        kind: `exact`: their files are the same, byte by byte. `near`: they show the same
            picture, and at least two of the files differ.
        photos: Their indices, at least two, ascending.
        across: Whether they lie in folders of different breeds, so that at least one
            label is in doubt.
    """

    kind: Kind
    photos: tuple[int, ...]
    across: bool

    @property
    def surplus(self) -> int:
        """How many of the photos could go."""
        return len(self.photos) - 1


def find_duplicates(photos: Sequence[PhotoRecord]) -> tuple[Duplicates, ...]:
    """Groups exact duplicates, then near ones; of each, those across breeds come first.

    A photo can be in one group of either kind. Pictures of one flat colour are no
    near-duplicates of each other, because there is nothing in them to be alike.
    """
    exact = _groups(photo.digest for photo in photos)
    near = [
        members for members in _near_groups(photos) if len({photos[i].digest for i in members}) > 1
    ]
    return (*_labelled("exact", exact, photos), *_labelled("near", near, photos))


def _near_groups(photos: Sequence[PhotoRecord]) -> list[tuple[int, ...]]:
    textured = [i for i, photo in enumerate(photos) if photo.hash.any()]
    if not textured:
        return []
    groups = group_near_duplicates(np.stack([photos[i].hash for i in textured]))
    return [tuple(textured[i] for i in members) for members in _groups(groups.tolist())]


def _labelled(
    kind: Kind, groups: Iterable[tuple[int, ...]], photos: Sequence[PhotoRecord]
) -> list[Duplicates]:
    found = [
        Duplicates(kind, members, across=len({photos[i].folder for i in members}) > 1)
        for members in groups
    ]
    return sorted(found, key=lambda group: not group.across)


def _groups(keys: Iterable[Hashable]) -> list[tuple[int, ...]]:
    """The positions of keys that occur more than once, in the order of their first."""
    positions: defaultdict[Hashable, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        positions[key].append(i)
    return [tuple(members) for members in positions.values() if len(members) > 1]
