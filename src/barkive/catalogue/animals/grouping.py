"""Proposes which photos are of one animal, and which of an animal that is known.

First by how folders and files are named, then by bursts in time, then by likeness alone; each only
within what is close to it, because a model that tells breeds hardly tells dogs of one breed apart:
of photos of two dogs of one breed three in ten are as like as `IN_BURST`, and one in a thousand as
like as `ALONE` (`benchmarks/animal_matching.py`). So likeness only decides within a burst who
belongs together, and alone it joins photos of one folder and day that are nearly the same. What
contradicts itself is not joined. Knows nothing of databases.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from barkive.catalogue.animals.patterns import (
    Pattern,
    Reading,
    read,
    read_all,
    same_code,
    same_name,
)
from barkive.images import group_near_duplicates
from barkive.messages import Message

BURST_SECONDS: Final = 60
"""Photos of one folder that were taken so soon one after the other are of one burst."""
IN_BURST: Final = 0.7
"""The least mean cosine by which a photo joins others of its burst."""
ALONE: Final = 0.9
"""The least mean cosine by which a photo joins others of its folder and day."""
LARGE: Final = 200
"""From more photos on a proposal is large: mostly a pattern that means something else."""

_REASONS: Final = {
    "folder": ("animal_reason_folder", "animal_reason_folder_but"),
    "file": ("animal_reason_file", "animal_reason_file_but"),
    "code": ("animal_reason_code", "animal_reason_code_but"),
    "name": ("animal_reason_name", "animal_reason_name_but"),
}
# So many photos are compared with each other at once, in the order in which they were taken.
_AT_ONCE = 500

Vectors = Callable[[Sequence[int]], NDArray[np.float32]]
"""The vectors of photos by their positions, of length 1, or 0 where there is none."""


class Shot(NamedTuple):
    """A photo, as far as its place among others goes.

    Attributes:
        number: The catalogue's for it.
        picture: That it holds.
        path: Of its file.
        taken_at: When; None where that is not known.
        phash: Its perceptual hash, shape (4,); None where there is none.
        breed: The breed that it surely shows; None where that is not sure.
        has_several: Whether it shows several dogs.
        animal: The animal that it is of; None for none yet.
        not_of: The animals of which people said that it shows none of them.
        not_with: The groups of photos of which they said that they are not of one animal.
    """

    number: int
    picture: int
    path: str
    taken_at: datetime | None = None
    phash: NDArray[np.uint64] | None = None
    breed: str | None = None
    has_several: bool = False
    animal: int | None = None
    not_of: frozenset[int] = frozenset()
    not_with: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Photos that seem to be of one animal.

    Attributes:
        photos: Their positions, ascending; of a picture one.
        reason: Why.
        animal: The number of the animal that they seem to be of; None for a new one.
        code: The shelter's code that their names give; None for none.
        name: The animal's name that they give; None for none.
        pattern: How they are named; None where it is not that.
    """

    photos: tuple[int, ...]
    reason: Message
    animal: int | None = None
    code: str | None = None
    name: str | None = None
    pattern: str | None = None

    @property
    def is_large(self) -> bool:
        """Whether these are more photos than one animal mostly has."""
        return len(self.photos) > LARGE


@dataclass(frozen=True)
class Known:
    """What animals are called that are known.

    Attributes:
        codes: The numbers of animals, by `same_code` of their codes.
        names: Likewise by `same_name`, of those that no other is called.
    """

    codes: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)


def propose(
    shots: Sequence[Shot], vectors: Vectors, known: Known, pattern: Pattern | None = None
) -> list[Proposal]:
    """Proposals among photos of which no animal is known, and to animals that are.

    Args:
        shots: Photos that show a dog: those without an animal, and those of animals that lie in
            the same folders.
        vectors: Of the shots.
        known: All animals.
        pattern: How the photos are named; None to find it out.

    Returns:
        Those by name first, then those by bursts, then those by likeness alone; each photo is in
        one at most.
    """
    borne, readings = _read(shots, pattern)
    found = list(_by_name(shots, borne, readings, known))
    keys = [one.named.key if one is not None else None for one in readings]
    alike = _Alike(shots, keys, vectors)
    found += alike.among(_bursts(shots, _left(shots, found)), IN_BURST)
    found += alike.among(_days(shots, _left(shots, found)), ALONE)
    return found


def bursts(photos: Iterable[tuple[str, datetime | None]]) -> Iterator[list[int]]:
    """Photos of one folder that were taken one soon after the other, in the order of time.

    Args:
        photos: Path and time of each; those without a time are passed over.

    Yields:
        The positions of one or more.
    """
    timed = sorted(
        (_folder(path), taken, i) for i, (path, taken) in enumerate(photos) if taken is not None
    )
    burst: list[int] = []
    before: tuple[str, datetime] | None = None
    for folder, taken, i in timed:
        is_soon = (
            before is not None
            and before[0] == folder
            and (taken - before[1]).total_seconds() <= BURST_SECONDS
        )
        if burst and not is_soon:
            yield burst
            burst = []
        burst.append(i)
        before = folder, taken
    if burst:
        yield burst


def _folder(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - may be a URL


def _read(
    shots: Sequence[Shot], pattern: Pattern | None
) -> tuple[list[Reading | None], list[Reading | None]]:
    """What the names of photos say: as far as all of them bear it out, and each for itself."""
    if pattern is not None:
        matched = [pattern.match(shot.path) for shot in shots]
        given = [Reading(pattern.text, one, True) if one else None for one in matched]
        return given, given
    borne = read_all([shot.path for shot in shots])
    return borne, [one or read(shot.path) for one, shot in zip(borne, shots, strict=True)]


def _by_name(
    shots: Sequence[Shot],
    borne: Sequence[Reading | None],
    readings: Sequence[Reading | None],
    known: Known,
) -> Iterator[Proposal]:
    """The proposals by how folders and files are named."""
    owners: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    shown: defaultdict[int | None, set[str]] = defaultdict(set)
    for shot, reading in zip(shots, readings, strict=True):
        if shot.animal is not None and reading is not None:
            owners[reading.named.key].add(shot.animal)
        if shot.animal is not None and shot.breed is not None:
            shown[shot.animal].add(shot.breed)
    groups: defaultdict[tuple[int | None, str, tuple[str, ...]], list[int]] = defaultdict(list)
    for i, (shot, reading) in enumerate(zip(shots, readings, strict=True)):
        if shot.animal is not None or reading is None:
            continue
        animal, why = _owner(reading, owners, known)
        is_open = borne[i] is not None if animal is None else animal not in shot.not_of
        if is_open:
            groups[animal, why, reading.named.key].append(i)
    shared = _shared_codes(readings, groups)
    for (animal, why, _), members in groups.items():
        kept, left_out = _consistent(shots, members, shown[animal])
        first = readings[members[0]]
        assert first is not None
        if not kept or (animal is None and len(kept) < 2 and not first.is_sure):
            continue
        texts = Counter(one.pattern for i in kept if (one := readings[i]) is not None)
        text = texts.most_common(1)[0][0]
        code = first.named.code
        yield Proposal(
            tuple(kept),
            _named_so(why or _where(text), first, left_out),
            animal,
            None if code is not None and same_code(code) in shared else code,
            next((one.named.name for i in kept if (one := readings[i]) and one.named.name), None),
            text,
        )


def _owner(
    reading: Reading, owners: Mapping[tuple[str, ...], Collection[int]], known: Known
) -> tuple[int | None, str]:
    """The known animal of which a name speaks, and by which word; the word is empty for the key."""
    key, code, name = reading.named
    if code is not None and (animal := known.codes.get(same_code(code))) is not None:
        return animal, "code"
    if len(own := owners.get(key, ())) == 1:
        return next(iter(own)), ""
    if not own and code is None and name is not None:
        animal = known.names.get(same_name(name))
        return animal, "" if animal is None else "name"
    return None, ""


def _shared_codes(
    readings: Sequence[Reading | None],
    groups: Mapping[tuple[int | None, str, tuple[str, ...]], Sequence[int]],
) -> set[str]:
    """The codes of several groups: a year or a kennel's number, and no animal's."""
    codes: Counter[str] = Counter()
    for (animal, _, _), members in groups.items():
        first = readings[members[0]]
        if animal is None and first is not None and first.named.code is not None:
            codes[same_code(first.named.code)] += 1
    return {code for code, count in codes.items() if count > 1}


def _where(pattern: str) -> str:
    """Where a pattern finds the name."""
    return "folder" if "{" not in pattern.rpartition("/")[2] else "file"


def _named_so(where: str, reading: Reading, left_out: int) -> Message:
    """Why photos are proposed together that are named alike.

    Args:
        where: A key of `_REASONS`.
        reading: Of one of them.
        left_out: How many that are named so are left out.
    """
    named, (code, but) = reading.named, _REASONS[where]
    title = {"code": named.code, "name": named.name}.get(where, named.title)
    return (
        Message(but, {"name": title, "n": left_out}) if left_out else Message(code, {"name": title})
    )


def _consistent(
    shots: Sequence[Shot], members: Sequence[int], shown: Collection[str]
) -> tuple[list[int], int]:
    """Those of some photos that can be of one animal: of each picture one; and how many can't.

    Not those with several dogs, those that people have said are not of one animal, and those that
    surely show another breed than photos that it has; where it has none, than the most of them.

    Args:
        shots: All photos.
        members: The positions of those that are meant.
        shown: The breeds that photos of the animal surely show.
    """
    of_pictures = {shots[i].picture: i for i in reversed(members)}
    pictures = sorted(of_pictures.values())
    refused = Counter(key for i in pictures for key in shots[i].not_with)
    open_ = [i for i in pictures if all(refused[key] < 2 for key in shots[i].not_with)]
    single = [i for i in open_ if not shots[i].has_several]
    breeds = Counter(breed for i in single if (breed := shots[i].breed) is not None)
    meant = shown or [breed for breed, _ in breeds.most_common(1)]
    kept = [i for i in single if shots[i].breed is None or shots[i].breed in meant]
    return kept, len(open_) - len(kept)


def _left(shots: Sequence[Shot], found: Iterable[Proposal]) -> list[int]:
    """The photos that are in no proposal yet, and show one dog; of a picture one."""
    taken = {shots[i].picture for one in found for i in one.photos}
    left = {
        shot.picture: i
        for i, shot in reversed(list(enumerate(shots)))
        if shot.picture not in taken and not shot.has_several
    }
    return sorted(left.values())


def _bursts(shots: Sequence[Shot], left: Sequence[int]) -> Iterator[list[int]]:
    for burst in bursts((shots[i].path, shots[i].taken_at) for i in left):
        yield [left[place] for place in burst]


def _days(shots: Sequence[Shot], left: Sequence[int]) -> Iterator[list[int]]:
    """Photos of one folder and day, or of one folder where no day is known."""
    days: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for i in left:
        taken = shots[i].taken_at
        days[_folder(shots[i].path), taken.date().isoformat() if taken is not None else ""].append(
            i
        )
    for day in days.values():
        yield sorted(day, key=lambda i: (shots[i].taken_at or datetime.min, shots[i].path))


@dataclass(frozen=True, slots=True)
class _Alike:
    """The proposals by likeness among photos that were taken together.

    Attributes:
        shots: All photos.
        keys: What the name of each says, see `Named`; None where it says nothing.
        vectors: Of the shots.
    """

    shots: Sequence[Shot]
    keys: Sequence[tuple[str, ...] | None]
    vectors: Vectors

    def among(self, together: Iterable[list[int]], least: float) -> Iterator[Proposal]:
        """The proposals within each of some photos.

        Args:
            together: The positions of those that were taken together.
            least: The least mean cosine by which one joins others.
        """
        for close in together:
            for start in range(0, len(close), _AT_ONCE):
                part = close[start : start + _AT_ONCE]
                if len(part) > 1 and any(self.shots[i].animal is None for i in part):
                    yield from self._within(part, least)

    def _within(self, part: Sequence[int], least: float) -> Iterator[Proposal]:
        """One photo after the other joins the group that it is likest to, or begins one."""
        shots = [self.shots[i] for i in part]
        likeness = _likeness(shots, self.vectors(part))
        groups: list[_Group] = []
        of_animals: dict[int, int] = {}
        # How like each group is to each photo, summed over its photos; and how many these are.
        sums = np.zeros_like(likeness)
        counts = np.ones(len(part), np.float32)
        # Those of known animals first, so that others come to them.
        for place in sorted(range(len(part)), key=lambda place: shots[place].animal is None):
            shot, key = shots[place], self.keys[part[place]]
            if shot.animal is not None:
                number = of_animals.setdefault(shot.animal, len(groups))
            else:
                means = sums[: len(groups), place] / counts[: len(groups)]
                near = np.flatnonzero(means >= least)
                best_first = near[np.argsort(-means[near], kind="stable")].tolist()
                number = next((x for x in best_first if groups[x].takes(shot, key)), len(groups))
            if number == len(groups):
                groups.append(_Group(shot.animal))
            groups[number].add(place, shot, key)
            sums[number] += likeness[place]
            counts[number] = len(groups[number].places)
        for group in groups:
            new = sorted(part[place] for place in group.places if shots[place].animal is None)
            if new and len(group.places) > 1:
                reason = _taken_so([shots[place] for place in group.places], least)
                yield Proposal(tuple(new), reason, group.animal)


@dataclass(slots=True)
class _Group:
    """Photos that seem to be of one animal, as they are gathered.

    Attributes:
        animal: Which one, where it is known.
        places: Of the photos among those that are compared.
        breed: The one that some of them surely show.
        key: What the names of some of them say.
        refused: The groups that people have said to be none, of which one of them is.
    """

    animal: int | None = None
    places: list[int] = field(default_factory=list)
    breed: str | None = None
    key: tuple[str, ...] | None = None
    refused: set[int] = field(default_factory=set)

    def takes(self, shot: Shot, key: tuple[str, ...] | None) -> bool:
        """Whether nothing speaks against a photo's being of this animal."""
        if self.animal is not None and self.animal in shot.not_of:
            return False
        is_so_called = self.key in (None, key or self.key)
        is_of_breed = self.breed in (None, shot.breed or self.breed)
        return is_so_called and is_of_breed and self.refused.isdisjoint(shot.not_with)

    def add(self, place: int, shot: Shot, key: tuple[str, ...] | None) -> None:
        """Adds a photo."""
        self.places.append(place)
        self.breed = self.breed or shot.breed
        self.key = self.key or key
        self.refused |= shot.not_with


def _likeness(shots: Sequence[Shot], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """How like each photo is to each other one, -1..1; 1 where they are nearly the same."""
    likeness: NDArray[np.float32] = vectors @ vectors.T
    hashed = [(i, phash) for i, one in enumerate(shots) if (phash := one.phash) is not None]
    if hashed:
        places = np.array([i for i, _ in hashed])
        groups = group_near_duplicates(np.stack([phash for _, phash in hashed]))
        first, second = np.nonzero(groups[:, np.newaxis] == groups)
        likeness[places[first], places[second]] = 1
    return likeness


def _taken_so(shots: Sequence[Shot], least: float) -> Message:
    """Why photos are proposed together that are alike."""
    times = [shot.taken_at for shot in shots if shot.taken_at is not None]
    if least >= ALONE:
        return Message("animal_reason_alike_day" if times else "animal_reason_alike")
    seconds = round((max(times) - min(times)).total_seconds())
    return Message("animal_reason_burst", {"seconds": seconds})
