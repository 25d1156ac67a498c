"""Brings what people said in another catalogue into this one, picture by picture.

A picture is the same where both know one of its contents, or its coded picture. One that only
the other knows comes with its contents and labels, and waits: the first scan that finds its
file gives it its number and its label. Numbers that the other had for pictures lead to them
here as well, unless they are taken.

Labels are never changed: those of both catalogues stand in the order in which they were said,
and the last one holds. Labels of dogs come to the dog that both mean: of one number, or where
boxes of both lie at about the same place. Animals come last: see `merging_animals`.

It goes by batches of pictures, each in a transaction of its own, and nothing comes twice: so a
merge that was killed goes on when it is run again. All that it adds carries its number, by which
`unmerging` takes it back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, distinct, func, insert, or_, select
from typing_extensions import TypedDict

from barkive.boxes import Box
from barkive.catalogue.annotations import added_breeds
from barkive.catalogue.annotations.labels import to_change
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.portable import without_nul
from barkive.catalogue.photos import identity
from barkive.catalogue.photos.forgotten import forgotten_of
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_dogs import SAME_DOG
from barkive.catalogue.query.effective_label import standing, update_effective_labels
from barkive.catalogue.query.entries import chosen, to_entries
from barkive.catalogue.query.judgements import IN_ORDER, Turns
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Change, ChangeJSON, Entry, Kind, LabelRow, Mark
from barkive.catalogue.transfer import unmerging
from barkive.catalogue.transfer.merging_animals import (
    AnimalConflict,
    AnimalConflictJSON,
    AnimalMerge,
    TheirAnimals,
)
from barkive.catalogue.transfer.unmerging import State
from barkive.clock import now
from barkive.messages import Language
from barkive.progress import OnProgress

# So many pictures are in memory, and in a transaction.
_AT_ONCE = 500

_Key = tuple[Any, ...]
"""What tells a label from others of its picture: all but its number, and which of the same."""


class ConflictJSON(TypedDict):
    """A conflict's JSON form."""

    id: int
    file: str
    ours: ChangeJSON
    theirs: ChangeJSON
    in_force: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A picture of which two catalogues say different things, neither knowing of the other.

    Attributes:
        number: The photo's, or where it has no file yet, the picture's.
        file: Where it lies, or lay; in the other catalogue where this one has no file of it.
        ours: What held here.
        theirs: What holds there.
        ours_holds: Whether ours was said later, and holds on; else theirs holds.
        place: Which of several dogs here it is said of, counted from 1, the largest first; None
            where it is said of the photo, or has one dog, or that dog is not among them.
    """

    number: int
    file: str
    ours: Change
    theirs: Change
    ours_holds: bool
    place: int | None = None

    def to_json(self, lang: Language = "en") -> ConflictJSON:
        """The conflict as a JSON object."""
        return {
            "id": self.number,
            "file": self.file,
            "ours": self.ours.to_json(lang),
            "theirs": self.theirs.to_json(lang),
            "in_force": "ours" if self.ours_holds else "theirs",
        }


class MergedJSON(TypedDict):
    """A merge's JSON form."""

    pictures: int
    known: int
    new: int
    renumbered: int
    words: int
    numbers: int
    conflicts: int
    animals: int
    animals_filled: int
    animal_photos: int
    animal_conflicts: list[AnimalConflictJSON]
    forgotten: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge, or would come of it.

    Attributes:
        pictures: How many pictures the other catalogue knows.
        known: Of these, how many this one knew.
        new: Of these, how many came, and wait for a scan that finds their files.
        renumbered: Of the new ones, how many got another number, because theirs was taken.
        words: How many corrections came.
        numbers: How many of the other's numbers lead to pictures of this one from now on.
        conflicts: Of how many pictures the two say different things.
        animals: How many animals came.
        animals_filled: How many animals of this catalogue got photos or fields.
        animal_photos: How many photos were put to animals.
        animal_conflicts: Fields of animals of which the two say different things.
        forgotten: How many pictures stay out, because they were taken out here.
    """

    pictures: int = 0
    known: int = 0
    new: int = 0
    renumbered: int = 0
    words: int = 0
    numbers: int = 0
    conflicts: int = 0
    animals: int = 0
    animals_filled: int = 0
    animal_photos: int = 0
    animal_conflicts: tuple[AnimalConflict, ...] = ()
    forgotten: int = 0

    def to_json(self) -> MergedJSON:
        """The merge as a JSON object."""
        return {
            "pictures": self.pictures,
            "known": self.known,
            "new": self.new,
            "renumbered": self.renumbered,
            "words": self.words,
            "numbers": self.numbers,
            "conflicts": self.conflicts,
            "animals": self.animals,
            "animals_filled": self.animals_filled,
            "animal_photos": self.animal_photos,
            "animal_conflicts": [one.to_json() for one in self.animal_conflicts],
            "forgotten": self.forgotten,
        }


def merge(
    store: Store,
    other: Database,
    name: str,
    *,
    dry_run: bool = False,
    on_conflict: Callable[[Conflict], object] = lambda conflict: None,
    on_progress: OnProgress = lambda done, total: None,
) -> Merged:
    """Brings one catalogue into another, or sees what that would do.

    Args:
        store: The catalogue that is added to.
        other: The other one's, of which nothing is changed.
        name: What the other one is called.
        dry_run: Whether nothing is written.
        on_conflict: Called with each conflict as it is found.
        on_progress: Called with (pictures done, pictures in all).

    Raises:
        CatalogueError: One of the catalogues can't be read, or this one not be written.
    """
    number = None
    if not dry_run:
        unmerging.finish(store)
        number = _begun(store.database, other)
    breeds = _bring_names(store, other, dry_run=dry_run)
    picture, counts = schema.content.c.picture, Counter[str]()
    with other.read() as connection:
        total = connection.execute(select(func.count(distinct(picture)))).scalar_one()
        animals = TheirAnimals.read(connection)
    shown = animals.pictures
    homes: dict[int, int] = {}
    dogs: dict[int, int] = {}
    last = 0
    while True:
        some = select(picture).where(picture > last).distinct().order_by(picture).limit(_AT_ONCE)
        with other.read() as connection:
            pictures = connection.execute(some).scalars().all()
            theirs = _Theirs.read(connection, pictures)
        if not pictures:
            break
        last = pictures[-1]
        with store.read() if dry_run else store.write() as connection:
            batch = _Batch(connection, store.models, theirs, breeds, number)
            if batch.has_news and not dry_run:
                number = number or _begin(connection, other, name)
                batch.write(number)
        counts.update(batch.counts)
        homes |= {one: home for one, home in batch.homes.items() if one in shown}
        dogs |= batch.dogs
        for conflict in batch.conflicts:
            on_conflict(conflict)
        on_progress(counts["pictures"], total)
    with store.read() if dry_run else store.write() as connection:
        brought = AnimalMerge(connection, animals, breeds, homes, dogs)
        if brought.has_news and not dry_run:
            number = number or _begin(connection, other, name)
            brought.write(store.models, number, name)
    if number is not None:
        with store.write() as connection:
            unmerging.settle(connection, number, State.DONE)
        store.database.optimise()
    return Merged(
        **counts,
        animals=brought.new,
        animals_filled=brought.filled,
        animal_photos=brought.photos,
        animal_conflicts=tuple(brought.conflicts),
    )


def _begun(database: Database, other: Database) -> int | None:
    """The number of a merge of the same catalogue that was cut off; None where there is none."""
    c = schema.merge.c
    same = select(c.id).where(c.state == State.RUNNING, c.uuid == other.uuid)
    with database.read() as connection:
        return connection.execute(same.order_by(c.id.desc()).limit(1)).scalar()


def _begin(connection: Connection, other: Database, name: str) -> int:
    row = {"uuid": other.uuid, "name": name, "state": State.RUNNING, "started_at": now()}
    made = insert(schema.merge).values(row).returning(schema.merge.c.id)
    number: int = connection.execute(made).scalar_one()
    return number


def _bring_names(store: Store, other: Database, *, dry_run: bool) -> Mapping[str, str]:
    """Brings the names of breeds that only people or models of the other catalogue know.

    Returns:
        What each of their breeds is here.
    """
    table = schema.model
    with other.read() as connection:
        found = connection.execute(select(table.c.digest, table.c.name, table.c.labels)).all()
        theirs = Models()
        theirs.read(connection)
    translated = breed_names.translated(theirs.names, store.models.names)
    is_known = theirs.names.labels.keys() <= store.models.names.labels.keys()
    if dry_run or (is_known and not translated.missing and not translated.fuller):
        return translated.here
    with store.write() as connection:
        store.models.follow(connection)
        translated = breed_names.translated(theirs.names, store.models.names)
        breed_names.keep(connection, translated.missing)
        added_breeds.tell(connection, store.models, translated.fuller)
        known = set(connection.execute(select(table.c.digest)).scalars())
        rows = [row._asdict() for row in found if row.digest not in known]
        if rows:
            connection.execute(insert(table), rows)
        store.models.read(connection)
    return translated.here


@dataclass(slots=True)
class _Theirs:
    """What the other catalogue knows of some pictures.

    Attributes:
        contents: The contents of each, in order.
        labels: What was said of them, in order.
        numbers: Every number that it has for them, and the picture of each.
        files: Where a file of each lies, or lay.
    """

    contents: Mapping[int, list[Row[Any]]]
    labels: Mapping[int, list[LabelRow]]
    numbers: Mapping[int, int]
    files: Mapping[int, str]

    @staticmethod
    def read(connection: Connection, pictures: Sequence[int]) -> _Theirs:
        content, photo, alias = schema.content, schema.photo, schema.alias
        contents: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        of_these = select(content).where(content.c.picture.in_(pictures)).order_by(content.c.id)
        for row in connection.execute(of_these):
            contents[row.picture].append(row)
        numbers = {picture: picture for picture in pictures}
        files: dict[int, str] = {}
        photos = select(photo.c.number, photo.c.picture, photo.c.path)
        photos = photos.where(photo.c.picture.in_(pictures)).order_by(photo.c.id)
        for row in connection.execute(photos):
            numbers[row.number] = row.picture
            files.setdefault(row.picture, row.path)
        for row in connection.execute(select(alias).where(alias.c.picture.in_(pictures))):
            numbers.setdefault(row.number, row.picture)
        return _Theirs(contents, _labels(connection, pictures), numbers, files)


def _labels(connection: Connection, pictures: Iterable[int]) -> dict[int, list[LabelRow]]:
    """What was said of pictures, in order."""
    labels: defaultdict[int, list[LabelRow]] = defaultdict(list)
    for part in chunks(list(pictures)):
        said = select(schema.correction).where(schema.correction.c.picture.in_(part))
        for row in connection.execute(said.order_by(*IN_ORDER)):
            values = {name: row._mapping[name] for name in LabelRow.__slots__}
            texts = {key: without_nul(one) for key, one in values.items() if isinstance(one, str)}
            sha256 = bytes(row.sha256)
            labels[row.picture].append(LabelRow(**values | texts | {"sha256": sha256}))
    return labels


class _Batch:
    """What comes of some pictures.

    Attributes:
        counts: As `Merged` has them.
        conflicts: Those that were found.
        homes: The picture that each of theirs is here.
        dogs: The numbers here of dogs that have others there.
    """

    def __init__(
        self,
        connection: Connection,
        models: Models,
        theirs: _Theirs,
        breeds: Mapping[str, str],
        number: int | None,
    ) -> None:
        """Finds what is new.

        Args:
            connection: Of the catalogue that is added to.
            models: Its models.
            theirs: What the other one knows.
            breeds: What their breeds are here.
            number: The merge's, where it has one already.
        """
        self._connection, self._models, self._theirs = connection, models, theirs
        self._breeds = breeds
        self.counts: Counter[str] = Counter(pictures=len(theirs.contents))
        self._leave_out_forgotten()
        self.conflicts: list[Conflict] = []
        self.dogs: dict[int, int] = {}
        homes = self._find_homes(number)
        self.homes = {picture: found[0] for picture, found in homes.items()}
        self._added = self._find_labels(homes)
        self._aliases = self._find_aliases(homes)
        self.counts["words"] = len(self._added)
        self.counts["numbers"] = len(self._aliases)
        self.counts["conflicts"] = len(self.conflicts)

    @property
    def has_news(self) -> bool:
        """Whether anything comes."""
        return bool(self._contents or self._added or self._aliases)

    def write(self, number: int) -> None:
        """Writes it; the connection must be of a writing transaction.

        Args:
            number: The merge's.
        """
        own = {"merge_id": number}
        for table, rows in ((schema.content, self._contents), (schema.alias, self._aliases)):
            if rows:
                self._connection.execute(insert(table), [row | own for row in rows])
        table = schema.correction
        written: dict[int | None, int] = {}
        # What an undo takes back has its number first.
        for is_undo in (False, True):
            labels = [one for one in self._added if (one.kind == Kind.UNDO) == is_undo]
            values = [
                {name: getattr(one, name) for name in LabelRow.__slots__ if name != "id"}
                | {"undoes": written.get(one.undoes, one.undoes)}
                | own
                for one in labels
            ]
            if values:
                made = insert(table).returning(table.c.id, sort_by_parameter_order=True)
                ids = self._connection.execute(made, values).scalars()
                written |= dict(zip((one.id for one in labels), ids, strict=True))
        spoken = dict.fromkeys(one.picture for one in self._added)
        for part in chunks(list(spoken)):
            update_effective_labels(self._connection, self._models, *part)

    def _leave_out_forgotten(self) -> None:
        """Leaves out the pictures that were taken out here, and of which there is no photo."""
        of_contents = {
            bytes(one.sha256): picture
            for picture, of_it in self._theirs.contents.items()
            for one in of_it
        }
        taken_out = forgotten_of(self._connection, of_contents)
        gone = {of_contents[one] for one in taken_out}
        photo = schema.photo.c
        for part in chunks([one for one, picture in of_contents.items() if picture in gone]):
            there = select(photo.sha256).where(photo.sha256.in_(part))
            for one in self._connection.execute(there).scalars():
                gone.discard(of_contents[bytes(one)])
        if not gone:
            return
        self.counts["forgotten"] = len(gone)
        theirs = self._theirs
        self._theirs = _Theirs(
            {picture: one for picture, one in theirs.contents.items() if picture not in gone},
            {picture: one for picture, one in theirs.labels.items() if picture not in gone},
            {number: one for number, one in theirs.numbers.items() if one not in gone},
            theirs.files,
        )

    def _find_homes(self, number: int | None) -> dict[int, list[int]]:
        """The pictures that each of theirs is here; mostly one."""
        contents = self._theirs.contents
        known = self._known(number)
        homes = {
            picture: list(dict.fromkeys(known[one.id] for one in of_it if one.id in known))
            for picture, of_it in contents.items()
        }
        new = [picture for picture, found in homes.items() if not found]
        taken = identity.taken_of(self._connection, new)
        free = [picture for picture in new if picture not in taken]
        count = len(new) - len(free)
        drawn = identity.draw(self._connection, count, self._theirs.numbers)
        others = iter(drawn)
        for picture in new:
            homes[picture] = [next(others) if picture in taken else picture]
        self._new = {home for picture in new for home in homes[picture]}
        self.counts["known"] = len(homes) - len(new)
        self.counts["new"] = len(new)
        self.counts["renumbered"] = len(drawn)
        self._contents = [
            {"sha256": one.sha256, "coded": one.coded, "sketch": one.sketch}
            | {"orientation": one.orientation}
            | {"picture": known.get(one.id, homes[picture][0])}
            for picture, of_it in contents.items()
            for one in of_it
            if bytes(one.sha256) not in self._there
        ]
        return homes

    def _known(self, number: int | None) -> dict[int, int]:
        """The pictures here of their contents, by the `id` of each; those of new ones are left out.

        By coded picture only what was here before the merge: what comes with it does not depend
        on the order in which it comes.
        """
        c = schema.content.c
        all_of_them = [one for of_it in self._theirs.contents.values() for one in of_it]
        self._there: dict[bytes, int] = {}
        for part in chunks([one.sha256 for one in all_of_them]):
            same = select(c.sha256, c.picture).where(c.sha256.in_(part))
            for row in self._connection.execute(same):
                self._there[bytes(row.sha256)] = row.picture
        codes = {
            bytes(one.coded)
            for one in all_of_them
            if one.coded is not None and bytes(one.sha256) not in self._there
        }
        by_code: dict[bytes, int] = {}
        for some in chunks(sorted(codes)):
            alike = select(c.coded, c.picture).where(c.coded.in_(some)).order_by(c.id)
            if number is not None:
                alike = alike.where(or_(c.merge_id.is_(None), c.merge_id != number))
            for row in self._connection.execute(alike):
                by_code.setdefault(bytes(row.coded), row.picture)
        found: dict[int, int] = {}
        for one in all_of_them:
            picture = self._there.get(bytes(one.sha256))
            if picture is None and one.coded is not None:
                picture = by_code.get(bytes(one.coded))
            if picture is not None:
                found[one.id] = picture
        return found

    def _find_labels(self, homes: Mapping[int, Sequence[int]]) -> list[LabelRow]:
        """Their labels that are new here; notes the conflicts."""
        spoken = [picture for picture in homes if picture in self._theirs.labels]
        ours = _labels(self._connection, {home for one in spoken for home in homes[one]})
        turns = self._turns(ours)
        added: list[LabelRow] = []
        conflicts: list[tuple[int, int, _Differing]] = []
        for picture in spoken:
            for home in homes[picture]:
                own = ours.get(home, [])
                dogs = same_dogs(own, self._theirs.labels[picture], turns)
                self.dogs |= dogs
                theirs = self._translated(self._theirs.labels[picture], own, dogs)
                new = news(own, theirs, home, -len(added))
                added += new
                ours[home] = sorted([*own, *new], key=lambda one: (one.said_at, one.turn))
                if (differing := _differing(own, theirs, ours[home], turns)) is not None:
                    conflicts.append((picture, home, differing))
        self._tell(conflicts)
        return added

    def _turns(self, ours: Mapping[int, Sequence[LabelRow]]) -> Turns:
        """How the contents are turned in which people saw dogs, here and there."""
        c = schema.content.c
        wanted = {one.sha256 for labels in ours.values() for one in labels if one.box is not None}
        found: dict[bytes, tuple[bytes | None, int | None]] = {}
        for of_it in self._theirs.contents.values():
            found |= {bytes(one.sha256): (one.coded, one.orientation) for one in of_it}
        for part in chunks(list(wanted)):
            own = select(c.sha256, c.coded, c.orientation).where(c.sha256.in_(part))
            for one in self._connection.execute(own):
                found[bytes(one.sha256)] = one.coded, one.orientation
        return Turns(found)

    def _translated(
        self, theirs: Sequence[LabelRow], own: Sequence[LabelRow], dogs: Mapping[int, int]
    ) -> list[LabelRow]:
        """Their labels with the breeds and the dogs as they are here.

        One that came with an earlier merge stays as it was: a breed may be renamed since.
        """
        there = {_said(one) for one in own}
        here = self._breeds.get
        theirs = [replace(one, dog=dogs.get(one.dog or 0, one.dog)) for one in theirs]
        return [
            one
            if _said(one) in there
            else replace(
                one,
                breed=here(one.breed or "", one.breed),
                breed2=here(one.breed2 or "", one.breed2),
            )
            for one in theirs
        ]

    def _tell(self, found: Sequence[tuple[int, int, _Differing]]) -> None:
        c = schema.photo.c
        photos: dict[int, Entry] = {}
        for part in chunks([home for _, home, _ in found]):
            here = chosen().where(c.picture.in_(part))
            rows = self._connection.execute(here.order_by(c.missing_since.is_not(None), c.id)).all()
            for one in to_entries(self._connection, self._models, rows):
                photos.setdefault(one.picture, one)
        for picture, home, differing in found:
            entry = photos.get(home)
            place = self._place(entry, differing) if entry is not None else None
            self.conflicts.append(
                Conflict(
                    number=entry.id if entry is not None else home,
                    file=entry.file if entry is not None else self._theirs.files.get(picture, ""),
                    ours=to_change(self._models, differing.ours),
                    theirs=to_change(self._models, differing.theirs),
                    ours_holds=differing.ours_holds,
                    place=place,
                )
            )

    def _place(self, entry: Entry, differing: _Differing) -> int | None:
        """Which of several dogs is meant; None where it is the photo, or none of these."""
        own, dogs = differing.ours, entry.dogs or ()
        if differing.dog is None or own.box is None or len(dogs) < 2:
            return None
        now = bytes.fromhex(entry.sha256 or "")
        turns = Turns.read(self._connection, {own.sha256, now})
        box = turns.box(Mark.from_text(own.box).box, own.sha256, now)
        fits = [(dog.id == differing.dog, dog.box.iou(box), -n) for n, dog in enumerate(dogs, 1)]
        is_known, share, number = max(fits)
        return -number if is_known or share >= SAME_DOG else None

    def _find_aliases(self, homes: Mapping[int, Sequence[int]]) -> list[dict[str, int]]:
        """Their numbers that are to lead to pictures here."""
        numbers = self._theirs.numbers
        taken = identity.taken_of(self._connection, list(numbers)) | self._new
        return [
            {"number": number, "picture": homes[picture][0]}
            for number, picture in numbers.items()
            if number not in taken
        ]


def news(
    ours: Sequence[LabelRow], theirs: Sequence[LabelRow], picture: int, last: int = 0
) -> list[LabelRow]:
    """The labels of another catalogue that one lacks, to be added behind its own.

    Labels are the same that say the same of a picture, by the same person at the same time.

    Args:
        ours: What was said of a picture, in order.
        theirs: Likewise, in the other catalogue.
        picture: The number that it has here.
        last: Numbers go down from here, until the labels are written.
    """
    own, other = _keyed(ours), _keyed(theirs)
    turns = _turns(own, other)
    ids: dict[int | None, int] = {}
    new: list[LabelRow] = []
    for key, one in other.items():
        if key in own:
            ids[one.id] = own[key].id
            continue
        ids[one.id] = last - len(new) - 1
        new.append(
            replace(
                one,
                id=ids[one.id],
                picture=picture,
                undoes=ids.get(one.undoes),
                turn=turns[one.said_at],
            )
        )
    return new


def _keyed(labels: Sequence[LabelRow]) -> dict[_Key, LabelRow]:
    """Labels by what tells them apart, each undo behind what it takes back."""
    found: dict[_Key, LabelRow] = {}
    keys: dict[int | None, _Key] = {}
    same: Counter[_Key] = Counter()
    for one in sorted(labels, key=lambda one: one.kind == Kind.UNDO):
        key = (*_said(one), keys.get(one.undoes))
        keys[one.id] = (*key, same[key])
        found[keys[one.id]] = one
        same[key] += 1
    return found


def _said(label: LabelRow) -> _Key:
    """What was said, by whom and when, and of which dog."""
    what = label.kind, label.breed, label.breed2, label.note, label.said_by, label.said_at
    # Of two catalogues the dog may have two numbers.
    return (*what, label.box, label.dog)


def _turns(ours: Mapping[_Key, LabelRow], theirs: Mapping[_Key, LabelRow]) -> dict[datetime, int]:
    """The turn that their new labels of each second get among ours.

    They come behind ours if who said them could know of ours, and before ours the other way
    round. Where neither knew of the other, what they say decides, so that it comes out the same
    whichever catalogue is merged into which.
    """
    last_ours = {one.said_at: key for key, one in ours.items() if one.kind != Kind.UNDO}
    last_theirs = {one.said_at: key for key, one in theirs.items() if one.kind != Kind.UNDO}
    turns: defaultdict[datetime, list[int]] = defaultdict(list)
    for one in ours.values():
        turns[one.said_at].append(one.turn)
    found: dict[datetime, int] = {}
    for one in theirs.values():
        own, other = last_ours.get(one.said_at), last_theirs.get(one.said_at)
        if own is None or other is None:
            found[one.said_at] = 0
            continue
        behind = other not in ours and (own in theirs or _rank(other) > _rank(own))
        there = turns[one.said_at]
        found[one.said_at] = max(there) if behind else min(there) - 1
    return found


def _rank(key: _Key) -> tuple[str, ...]:
    return tuple("" if part is None else str(part) for part in key)


class _Differing(NamedTuple):
    """What two catalogues say otherwise, see `Conflict`; of the photo where there is no `dog`."""

    dog: int | None
    ours: LabelRow
    theirs: LabelRow
    ours_holds: bool


def _differing(
    ours: Sequence[LabelRow], theirs: Sequence[LabelRow], after: Sequence[LabelRow], turns: Turns
) -> _Differing | None:
    """What holds in each catalogue, if neither knows what the other says, and it differs.

    Of the photo, or else of the first dog of which both say something: also where one of them
    said it of the photo, whose main dog that was.

    Args:
        ours: What was said of a picture here, in order.
        theirs: Likewise, in the other catalogue; with the numbers that dogs have here.
        after: Of both, once they are merged.
        turns: How the contents are turned in which the dogs were seen.
    """
    main = _main_dogs(after, turns)
    shared = {one.id for one in _same(ours, theirs)}, {one.id for one in _same(theirs, ours)}
    for dog in (None, *sorted({one.dog for one in after if one.dog is not None})):
        of_photo = main if dog is not None else {}
        own, other, last = (_naming(labels, dog, of_photo) for labels in (ours, theirs, after))
        if own is None or other is None or last is None or _what(own) == _what(other):
            continue
        if own.id not in shared[0] and other.id not in shared[1]:
            return _Differing(dog, own, other, last.id == own.id)
    return None


def _main_dogs(labels: Sequence[LabelRow], turns: Turns) -> dict[_Key, int]:
    """The dogs that were main when something was said of the photo, by what was said."""
    dogs = _boxes(labels)
    found: dict[_Key, int] = {}
    for one in labels:
        if one.dog is not None or one.box is None:
            continue
        box = Mark.from_text(one.box).box
        shares = [
            (max(turns.box(other, content, one.sha256).iou(box) for other, content in boxes), dog)
            for dog, boxes in dogs.items()
        ]
        share, dog = max(shares, default=(0.0, 0))
        if share >= SAME_DOG:
            found[_said(one)] = dog
    return found


def _naming(
    labels: Sequence[LabelRow], dog: int | None, main: Mapping[_Key, int]
) -> LabelRow | None:
    """The label in force of a dog, or of the photo; no note, nor one that only says where it is.

    Args:
        labels: What was said of a picture, in order.
        dog: The dog; None for the photo.
        main: The dogs that labels of the photo were said of.
    """
    named = [one for one in standing(labels) if one.kind not in (Kind.DOG, Kind.NOTE)]
    of_it = [one for one in named if (one.dog or main.get(_said(one))) == dog]
    return of_it[-1] if of_it else None


def same_dogs(ours: Sequence[LabelRow], theirs: Sequence[LabelRow], turns: Turns) -> dict[int, int]:
    """The numbers here of the dogs of which another catalogue speaks under others.

    A dog is the same where boxes that it ever had in both are of one dog, see `SAME_DOG`.

    Args:
        ours: What was said of a picture.
        theirs: Likewise, in the other catalogue.
        turns: How the contents are turned in which the dogs were seen.
    """
    own, other = _boxes(ours), _boxes(theirs)
    both = own.keys() & other.keys()
    pairs: list[tuple[float, int, int]] = []
    for dog in other.keys() - both:
        for here in own.keys() - both:
            share = max(
                turns.box(box, content, other_content).iou(other_box)
                for box, content in other[dog]
                for other_box, other_content in own[here]
            )
            if share >= SAME_DOG:
                pairs.append((-share, dog, here))
    found: dict[int, int] = {}
    for _, dog, here in sorted(pairs):
        if dog not in found and here not in found.values():
            found[dog] = here
    return found


def _boxes(labels: Sequence[LabelRow]) -> dict[int, set[tuple[Box, bytes]]]:
    """The boxes that dogs ever had, each with the content in which it was seen."""
    found: defaultdict[int, set[tuple[Box, bytes]]] = defaultdict(set)
    for one in labels:
        if one.dog is not None and one.box is not None:
            mark = Mark.from_text(one.box)
            boxes = [mark.box] if mark.before is None else [mark.box, mark.before]
            found[one.dog] |= {(box, one.sha256) for box in boxes}
    return found


def _same(labels: Sequence[LabelRow], others: Sequence[LabelRow]) -> list[LabelRow]:
    """The labels that others have as well."""
    known = _keyed(others)
    return [one for key, one in _keyed(labels).items() if key in known]


def _what(label: LabelRow) -> tuple[str, frozenset[str | None]]:
    return label.kind, frozenset((label.breed, label.breed2))
