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

from sqlalchemy import Connection, insert, select, update

from barkive import breeds
from barkive.breeds import Breed
from barkive.catalogue.db.schema import added_breed
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName


class AddedBreed(NamedTuple):
    """A breed that people added or renamed: a row of `added_breed`.

    Attributes:
        key: Its first spelling, folded: see `fold`.
        breed: Its id, which labels and photos have: that spelling.
        name: What it is called now.
        merged_into: The id of the breed that it is now; None where it is its own.
        name_fr: What it is called in French; None where that is the same.
        fci: The FCI's number, 1..999; None where people gave none.
        fci_group: The FCI's group, 1..10; None where people gave none.
    """

    key: str
    breed: str
    name: str
    merged_into: str | None = None
    name_fr: str | None = None
    fci: int | None = None
    fci_group: int | None = None

    @property
    def label(self) -> BreedName:
        """What it is called in each language."""
        return BreedName(self.breed, self.name, self.name_fr or self.name)

    def told_by(self, other: AddedBreed) -> AddedBreed:
        """The same with what another row tells of it and this one does not."""
        told = ("name_fr", "fci", "fci_group")
        more = {name: getattr(other, name) for name in told if getattr(self, name) is None}
        return self._replace(**more)


class Names:
    """Which breed a name or an id means, and what each is called."""

    def __init__(self, labels: Iterable[BreedName] = (), added: Sequence[AddedBreed] = ()) -> None:
        """Takes up what breeds there are.

        A label of a model that has a name of a known breed, in either language, is that breed.

        Args:
            labels: Of the models, those of the first model first.
            added: In the order in which they were added.
        """
        self.added: Mapping[str, AddedBreed] = {one.breed: one for one in added}
        """The breeds that people added or renamed, by their ids."""
        of_models = dict.fromkeys(labels)
        # Of a breed that several models have, the last one's names hold.
        self._called = {label.id: label for label in of_models}
        self._called |= {one.breed: one.label for one in added}
        self._keys = {one.key: one.breed for one in added}
        for one in added:
            self._take(one.label, one.breed)
        for label in of_models:
            self._take(label, self._same(label))
        known: defaultdict[str, list[str]] = defaultdict(list)
        for breed in self._called:
            known[self.meant(breed)].append(breed)
        self._known = known
        table = {breed.id: BreedName(breed.id, breed.en, breed.fr) for breed in breeds.all_breeds()}
        self.labels: Mapping[str, BreedName] = {
            breed: self._called[breed] for breed in known if breed in self._called
        } | table
        """Every breed by its id, without those that were merged into another."""

    def _take(self, label: BreedName, breed: str) -> None:
        """Has the names of a label mean a breed, as far as they mean none yet."""
        for name in (label.id, label.en, label.fr):
            self._keys.setdefault(fold(name), breed)

    def _same(self, label: BreedName) -> str:
        """The id of the known breed that a model's label is; its own where it is none."""
        for name in (label.id, label.en, label.fr):
            of_table = breeds.called(name)
            known = of_table.id if of_table is not None else self._keys.get(fold(name))
            if known is not None:
                return known
        return label.id

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
        return self.label(label.id)

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
        found = [breed for breed in self.breeds.values() if breed.id not in table]
        return tuple(sorted(found, key=lambda breed: (fold(breed.en), breed.id)))

    @cached_property
    def breeds(self) -> Mapping[str, Breed]:
        """Every breed of `labels` by its id, as a row of the table."""
        table = {breed.id: breed for breed in breeds.all_breeds()}
        return {
            breed: table[breed] if breed in table else self._row(label)
            for breed, label in self.labels.items()
        }

    def breed(self, breed: str) -> Breed:
        """The breed of an id as a row of the table; one that nobody knows is its own name."""
        return self.breeds.get(self.meant(breed)) or self._row(self.label(breed))

    def _row(self, label: BreedName) -> Breed:
        told = self.added.get(label.id)
        others = [self._called[one] for one in self._known.get(label.id, ()) if one != label.id]
        names = dict.fromkeys(name for one in others for name in (one.en, one.fr))
        return Breed(
            id=label.id,
            folder=breeds.folder_of(label.id),
            en=label.en,
            fr=label.fr,
            fci=told.fci if told is not None else None,
            group=told.fci_group if told is not None else None,
            wild=False,
            aliases=tuple(name for name in names if name not in (label.en, label.fr)),
        )

    def choices(self, letters: str, limit: int = 8) -> tuple[BreedName, ...]:
        """The breeds that somebody may mean who has written this: see `breeds.suggest`.

        Those that hold it come first, then those that are spelt nearly so.
        """
        held = [breed.id for breed in breeds.suggest(letters, self.own, limit=limit)]
        near = [self.meant(breed.id) for breed in breeds.nearest(letters, self.own)]
        return tuple(self.label(breed) for breed in list(dict.fromkeys([*held, *near]))[:limit])


def fold(name: str) -> str:
    """What all spellings of a name have in common: see `breeds.normalise`.

    A name without a letter or digit is only freed of case and spaces.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return breeds.normalise(name) or " ".join(plain.split())


def read(connection: Connection) -> tuple[AddedBreed, ...]:
    """The breeds that people added or renamed, in the order in which they did."""
    columns = (added_breed.c[name] for name in AddedBreed._fields)
    found = select(*columns).order_by(added_breed.c.id)
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


class Translation(NamedTuple):
    """What the breeds of another catalogue are in this one.

    Attributes:
        here: The id here of each of their breeds.
        missing: The breeds that must be added for that.
        fuller: Breeds of this one of which the other tells more, with what it tells.
    """

    here: Mapping[str, str]
    missing: list[AddedBreed]
    fuller: list[AddedBreed]


def translated(theirs: Names, ours: Names) -> Translation:
    """What the breeds of another catalogue are in this one: those that are called so now.

    One name may have been typed in both, and been renamed since in one of them. So what counts is
    how they are called there today, in either language, and not the spelling that they were
    first written in. What this catalogue says of a breed stands.

    Args:
        theirs: The names of the other catalogue.
        ours: Those of this one.
    """
    here: dict[str, str] = {}
    missing: list[AddedBreed] = []
    later = sorted(theirs.known, key=lambda breed: theirs.meant(breed) != breed)
    for breed in later:
        meant, is_known = theirs.meant(breed), ours.meant(breed) in ours.labels
        if meant != breed:
            here[breed] = here.get(meant, meant)
            if not is_known and (row := theirs.added.get(breed)) is not None:
                missing.append(row._replace(merged_into=here[breed]))
            continue
        here[breed] = breed
        label = theirs.label(breed)
        if is_known and fold(ours.label(breed).en) == fold(label.en):
            continue
        found = [one for one in (label.en, label.fr) if ours.meant(one) in ours.labels]
        if found:
            here[breed] = ours.meant(found[0])
        elif is_known:
            here[breed] = label.en
            row = row_of(theirs, breed)
            missing.append(row._replace(key=fold(label.en), breed=label.en))
        elif breed in theirs.added:
            missing.append(theirs.added[breed])
    return Translation(here, missing, _fuller(theirs, ours, here))


def _fuller(theirs: Names, ours: Names, here: Mapping[str, str]) -> list[AddedBreed]:
    """The breeds of this catalogue of which the other tells more, with what it tells."""
    fuller: dict[str, AddedBreed] = {}
    for breed in theirs.added:
        own = ours.meant(here[breed])
        if theirs.meant(breed) != breed or own not in ours.labels or breeds.called(own):
            continue
        told, known = theirs.added[breed], fuller.get(own, row_of(ours, own))
        if told.name_fr is not None and ours.meant(told.name_fr) in ours.labels.keys() - {own}:
            told = told._replace(name_fr=None)
        more = known.told_by(told)
        # A French name that is the English one here is none.
        more = more._replace(name_fr=None) if more.name_fr == more.name else more
        if more != known:
            fuller[own] = more
    return list(fuller.values())


def new(name: str) -> AddedBreed:
    """The row of a breed that has no name here yet.

    Raises:
        UsageError: The name holds no letter or digit.
    """
    breed = written(name)
    return AddedBreed(fold(breed), breed, breed)


def row_of(names: Names, breed: str) -> AddedBreed:
    """The row of a breed of people, or the one that a breed of a model gets."""
    if breed in names.added:
        return names.added[breed]
    label = names.label(breed)
    french = label.fr if label.fr != label.en else None
    return AddedBreed(fold(breed), breed, label.en, name_fr=french)


def keep(connection: Connection, rows: Iterable[AddedBreed]) -> None:
    """Writes rows, each in the place of the one that there was of its breed."""
    for row in rows:
        own = update(added_breed).where(added_breed.c.breed == row.breed)
        if not connection.execute(own.values(row._asdict())).rowcount:
            connection.execute(insert(added_breed).values(row._asdict()))


def gathered(
    said: Iterable[str], labels: Sequence[BreedName] = (), added: Sequence[AddedBreed] = ()
) -> list[AddedBreed]:
    """The breeds of labels that must be added, because they have no name yet.

    Names of one spelling become one breed, which is called as the first of them.

    Args:
        said: Names and ids in the order in which people said them.
        labels: Of the models.
        added: The breeds that people have added so far.
    """
    rows: list[AddedBreed] = []
    names = Names(labels, added)
    for name in dict.fromkeys(said):
        if names.meant(name) not in names.labels:
            rows.append(AddedBreed(fold(name), name, name))
            names = Names(labels, [*added, *rows])
    return rows
