"""What breeds are called in a catalogue: those of the table, of its models, and of its people.

A breed that people added has the spelling as its id that it was first written in, and one of a
model's own the name of its folder. Names of one spelling, but for case, spaces, hyphens,
accents and Unicode's composition, are one breed.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from barkive import breeds
from barkive.breeds import Breed
from barkive.catalogue.db.schema import added_breed
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName


class AddedBreed(NamedTuple):
    """A breed that people added or renamed.

    Attributes:
        key: Its first spelling, folded: see `fold`.
        breed: Its id, which labels and photos have: that spelling.
        name: What it is called now.
        merged_into: The id of the breed that it is now; None where it is its own.
    """

    key: str
    breed: str
    name: str
    merged_into: str | None


class Names:
    """Which breed a name or an id means, and what each is called."""

    def __init__(self, labels: Iterable[BreedName] = (), added: Sequence[AddedBreed] = ()) -> None:
        """Takes up what breeds there are.

        Args:
            labels: Of the models, those of the first model first.
            added: In the order in which they were added.
        """
        self.added: Mapping[str, AddedBreed] = {one.breed: one for one in added}
        """The breeds that people added or renamed, by their ids."""
        own: dict[str, BreedName] = {}
        for label in labels:
            own.setdefault(label.id, label)
        own |= {one.breed: BreedName(one.breed, one.name, one.name) for one in added}
        keys = {one.key: one.breed for one in added}
        for label in (*(own[one.breed] for one in added), *own.values()):
            for name in (label.id, label.en, label.fr):
                keys.setdefault(fold(name), label.id)
        self._keys = keys
        known: defaultdict[str, list[str]] = defaultdict(list)
        for breed in own:
            known[self.meant(breed)].append(breed)
        self._known = known
        table = {breed.id: BreedName(breed.id, breed.en, breed.fr) for breed in breeds.all_breeds()}
        self.labels: Mapping[str, BreedName] = {
            breed: own[breed] for breed in known if breed in own
        } | table
        """Every breed by its id, without those that were merged into another."""

    def meant(self, breed: str) -> str:
        """The id of the breed that an id or a name means; itself where none is called so."""
        seen: set[str] = set()
        while breed not in seen:
            seen.add(breed)
            if (of_table := breeds.called(breed)) is not None:
                return of_table.id
            breed = self._keys.get(fold(breed), breed)
            merged = self.added[breed].merged_into if breed in self.added else None
            if merged is None:
                return breed
            breed = merged
        return breed

    def find(self, name: str) -> str:
        """The id of the one breed that is called so, or has this id.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        breed = self.meant(name)
        if breed not in self.labels:
            raise UnknownBreedError(name, breeds.nearest(name, self.own))
        return breed

    def label(self, breed: str) -> BreedName:
        """The breed of an id; one that nobody knows is its own name."""
        meant = self.meant(breed)
        return self.labels.get(meant) or BreedName(meant, meant, meant)

    def of_model(self, label: BreedName) -> BreedName:
        """A model's label as people want it called."""
        meant = self.meant(label.id)
        return label if meant == label.id and meant not in self.added else self.label(meant)

    @property
    def known(self) -> list[str]:
        """The ids of all breeds of people and models, also of those that were merged."""
        return [breed for ids in self._known.values() for breed in ids]

    def ids(self, breed: str) -> list[str]:
        """All ids that photos may have which mean this breed."""
        meant = self.meant(breed)
        return list(dict.fromkeys([meant, *self._known.get(meant, ())]))

    @cached_property
    def own(self) -> tuple[Breed, ...]:
        """The breeds that the table lacks, as rows of it, in the order of their names."""
        table = {breed.id for breed in breeds.all_breeds()}
        found = [
            Breed(
                id=label.id,
                folder=label.id,
                en=label.en,
                fr=label.fr,
                fci=None,
                group=None,
                wild=False,
                aliases=tuple(
                    self.added[one].name
                    for one in self._known[label.id]
                    if one != label.id and one in self.added
                ),
            )
            for label in self.labels.values()
            if label.id not in table
        ]
        return tuple(sorted(found, key=lambda breed: (fold(breed.en), breed.id)))

    def choices(self, letters: str, limit: int = 8) -> tuple[BreedName, ...]:
        """The breeds that somebody may mean who has written this: see `breeds.suggest`.

        Those that hold it come first, then those that are spelt nearly so.
        """
        held = [breed.id for breed in breeds.suggest(letters, self.own, limit=limit)]
        near = [self.meant(name) for name in breeds.nearest(letters, self.own)]
        return tuple(self.label(breed) for breed in list(dict.fromkeys([*held, *near]))[:limit])


def fold(name: str) -> str:
    """What all spellings of a name have in common: see `breeds.normalise`.

    A name without a letter or digit is only freed of case and spaces.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return breeds.normalise(name) or " ".join(plain.split())


def read(connection: Connection) -> tuple[AddedBreed, ...]:
    """The breeds that people added or renamed, in the order in which they did."""
    c = added_breed.c
    found = select(c.key, c.breed, c.name, c.merged_into).order_by(c.id)
    return tuple(AddedBreed(*row) for row in connection.execute(found))


def written(name: str) -> str:
    """A name as it is kept: composed, on one line, single spaces between its words.

    Raises:
        UsageError: It holds no letter or digit.
    """
    composed = unicodedata.normalize("NFC", " ".join(name.split()))
    kept = "".join(c for c in composed if c.isprintable())
    if not breeds.normalise(kept):
        raise UsageError("breed_name_without_letters", name=kept)
    return kept


def translated(theirs: Names, ours: Names) -> tuple[Mapping[str, str], list[AddedBreed]]:
    """What the breeds of another catalogue are in this one: those that are called so now.

    One name may have been typed in both, and been renamed since in one of them. So what counts is
    how they are called there today, and not the spelling that they were first written in.

    Args:
        theirs: The names of the other catalogue.
        ours: Those of this one.

    Returns:
        The id here of each of their breeds, and the breeds that must be added for that.
    """
    here: dict[str, str] = {}
    missing: list[AddedBreed] = []
    later = sorted(theirs.known, key=lambda breed: theirs.meant(breed) != breed)
    for breed in later:
        meant, is_known = theirs.meant(breed), ours.meant(breed) in ours.labels
        name = theirs.label(breed).en
        if meant != breed:
            here[breed] = here.get(meant, meant)
            if not is_known and (row := theirs.added.get(breed)) is not None:
                missing.append(row._replace(merged_into=here[breed]))
            continue
        here[breed] = breed
        if is_known and fold(ours.label(breed).en) == fold(name):
            continue
        try:
            here[breed] = ours.find(name)
        except UnknownBreedError:
            if is_known:
                here[breed] = name
                missing.append(AddedBreed(fold(name), name, name, None))
            elif breed in theirs.added:
                missing.append(theirs.added[breed])
    return here, missing


def add(connection: Connection, name: str) -> str:
    """Adds a breed that has no name here yet, and gives its id.

    Raises:
        UsageError: The name holds no letter or digit.
    """
    breed = written(name)
    row = AddedBreed(fold(breed), breed, breed, None)
    connection.execute(insert(added_breed).values(row._asdict()))
    return breed


def gather(connection: Connection, said: Iterable[str], labels: Iterable[BreedName]) -> Names:
    """Adds the breeds of labels that have none yet, and gives all names.

    Names of one spelling become one breed, which is called as the first of them.

    Args:
        connection: Of a catalogue.
        said: Names and ids in the order in which people said them.
        labels: Of the models.
    """
    known = list(labels)
    names = Names(known, read(connection))
    for name in dict.fromkeys(said):
        if names.meant(name) not in names.labels:
            row = AddedBreed(fold(name), name, name, None)
            connection.execute(insert(added_breed).values(row._asdict()))
            names = Names(known, read(connection))
    return names
