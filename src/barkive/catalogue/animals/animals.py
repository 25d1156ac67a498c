"""The animals of a catalogue, in a few methods: `Catalogue.animals`."""

from __future__ import annotations

import builtins
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, func, select

from barkive.catalogue.animal_records import (
    Accepted,
    Act,
    ActKind,
    Animal,
    AnimalChange,
    AnimalFields,
    AnimalFilter,
    Match,
    Suggestion,
    View,
)
from barkive.catalogue.animals import (
    acts,
    animal_files,
    finding,
    importing,
    judging,
    matching,
    suggestions,
)
from barkive.catalogue.animals.acts import Acting
from barkive.catalogue.animals.animal_cells import DayOrder
from barkive.catalogue.animals.finding import By, Known, Order
from barkive.catalogue.animals.imported import Imported, MatchBy
from barkive.catalogue.animals.patterns import FoundPattern
from barkive.catalogue.annotations import labels
from barkive.catalogue.annotations.labels import Label
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.query.entries import where
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry, Kind
from barkive.classifier import Classifier, Judged
from barkive.errors import (
    AnimalChangedMeanwhileError,
    BarkiveError,
    NothingToSayError,
    UsageError,
)
from barkive.messages import Message
from barkive.progress import OnProgress, silent

Photo = str | os.PathLike[str] | int
"""A photo's path, or the catalogue's number for it."""

Photos = Iterable[Photo] | Filter
"""Some photos, or those that a filter means."""

_NOTHING_SAID = AnimalFields()
_ALL = AnimalFilter()
_EVERY_PHOTO = Filter()
_SHOWN_CHANGES = 200
# So many photos are labelled in one transaction, for which others wait.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of labelling many photos at once.

    Attributes:
        act: The act; undone as one. None where no photo was labelled.
        photos: How many were labelled.
        left_out: The photos that were not, by their files, with the reason.
    """

    act: Act | None
    photos: int
    left_out: tuple[tuple[str, Message], ...]


class Animals:
    """The animals of a catalogue.

    What people do is durable when a method returns, and is an `Act`, which `undo` takes back.

    Examples:
        >>> rex = catalogue.animals.new(AnimalFields(name="Rex"), ["rex1.jpg", "rex2.jpg"])
        >>> rex.verdict.labels, rex.verdict.status
    """

    def __init__(self, store: Store, classifier: Callable[[], Classifier] = Classifier) -> None:
        """Works on a catalogue.

        Args:
            store: The catalogue.
            classifier: Opens the model in use, for photos that are not in the catalogue.
        """
        self._store = store
        self._classifier = classifier

    def new(
        self,
        fields: AnimalFields = _NOTHING_SAID,
        photos: Photos = (),
        *,
        by: str | None = None,
    ) -> Animal:
        """Makes an animal.

        Args:
            fields: What is said of it.
            photos: Those that show it.
            by: Who makes it.

        Raises:
            AnimalCodeTakenError: Another animal has the code.
            CatalogueError: The catalogue can't be written.
            UnknownBreedError: There is no such breed.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: A value can't be taken.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.NEW, by)
            number = acting.make()
            acting.put(number, self._pictures(acting, photos))
            acting.edit(number, fields)  # behind the photos, of which one may be the main one
            return self._done(acting, number)

    def edit(
        self,
        animal: Known,
        fields: AnimalFields,
        *,
        by: str | None = None,
        seen: int | None = None,
    ) -> Animal:
        """Says more of an animal, or something else.

        Args:
            animal: Which one.
            fields: What is said; what is None stays as it is.
            by: Who says so.
            seen: The `Animal.version` that the person had before them; None where the program
                does not say.

        Raises:
            AnimalChangedMeanwhileError: Somebody has changed it since it was seen.
            AnimalCodeTakenError: Another animal has the code.
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UnknownBreedError: There is no such breed.
            UsageError: A value can't be taken.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.EDIT, by)
            number = self._seen(acting, animal, seen)
            acting.edit(number, fields)
            return self._done(acting, number)

    def add(
        self, animal: Known, photos: Photos, *, by: str | None = None, dog: int | None = None
    ) -> Animal:
        """Adds photos to an animal; those that it has stay.

        Args:
            animal: Which one.
            photos: Those that show it.
            by: Who says so.
            dog: Of one photo that shows several dogs: the `EntryDog.id` of the one that is meant.

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UnknownDogError: There is no such dog.
            UnknownPhotoError: One of the photos is not in the catalogue.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.ADD, by)
            number = finding.find(connection, animal).number
            acting.put(number, self._pictures(acting, photos, dog), dog)
            return self._done(acting, number)

    def take_away(self, animal: Known, photos: Photos, *, by: str | None = None) -> Animal:
        """Takes photos away from an animal; they are not proposed to it again.

        Args:
            animal: Which one.
            photos: Those that don't show it; of others nothing is said.
            by: Who says so.

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UnknownPhotoError: One of the photos is not in the catalogue.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.TAKE_AWAY, by)
            number = finding.find(connection, animal).number
            acting.take(number, self._pictures(acting, photos), refuse=True)
            return self._done(acting, number)

    def move(
        self, photos: Photos, source: Known, target: Known, *, by: str | None = None
    ) -> Animal:
        """Moves photos from one animal to another, in one step.

        Args:
            photos: Those that the source has; others are passed over.
            source: The animal that has them.
            target: The animal that they show.
            by: Who says so.

        Returns:
            The target.

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: Both are one.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.MOVE, by)
            old, new = (finding.find(connection, one).number for one in (source, target))
            if old == new:
                raise UsageError("animal_move_to_itself", animal=self._title(acting, old))
            self._move(acting, old, new, photos)
            return self._done(acting, new)

    def split(
        self,
        animal: Known,
        photos: Photos,
        fields: AnimalFields = _NOTHING_SAID,
        *,
        by: str | None = None,
    ) -> Animal:
        """Makes a new animal of some of the photos of another.

        Args:
            animal: That has them.
            photos: Those that show the new one.
            fields: What is said of the new one.
            by: Who says so.

        Returns:
            The new animal.

        Raises:
            NothingToSayError: The animal has none of these photos.
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: A value can't be taken.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.SPLIT, by)
            old = finding.find(connection, animal).number
            new = acting.make()
            if not self._move(acting, old, new, photos):
                raise NothingToSayError("animal_split_nothing", animal=self._title(acting, old))
            acting.edit(new, fields)
            return self._done(acting, new)

    def merge(self, animals: Sequence[Known], into: Known, *, by: str | None = None) -> Animal:
        """Says that animals are one: the last takes their photos, and what it lacks itself.

        Args:
            animals: Those that go.
            into: The one that stays.
            by: Who says so.

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
            UsageError: They are one already.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.MERGE, by)
            target = finding.find(connection, into).number
            numbers = [finding.find(connection, one).number for one in animals]
            if not numbers or target in numbers:
                raise UsageError("animal_merged_already", animal=self._title(acting, target))
            for number in dict.fromkeys(numbers):
                acting.merge(number, target)
            return self._done(acting, target)

    def remove(self, animal: Known, *, by: str | None = None) -> Animal:
        """Removes an animal; its photos stay in the catalogue, and belong to no animal.

        Args:
            animal: Which one.
            by: Who says so.

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownAnimalError: There is no such animal.
        """
        with self._store.write() as connection:
            acting = Acting(connection, self._store.models, ActKind.REMOVE, by)
            number = finding.find(connection, animal).number
            acting.take(number, acts.held_by(connection, number))
            code = finding.row_of(connection, number).code
            if code is not None:  # another animal may take it
                acting.write([acts.Change(number, "code", None, code, None)])
            acting.write([acts.Change(number, "removed", None, False, True)])
            return self._done(acting, number)

    def label(self, photos: Photos, label: Label, *, on_progress: OnProgress = silent) -> Labelled:
        """Labels many photos at once, as one act.

        A photo that can't be labelled is left out, and stops nothing. The photos are labelled
        some at a time: what is interrupted stands for those that were.

        Args:
            photos: Which ones.
            label: What is said of each; `dog`, `box` and `seen` are of a single photo.
            on_progress: Called with (photos done, photos in all).

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownBreedError: There is no such breed.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: The label is of a single photo.
        """
        if label.dog is not None or label.box is not None or label.seen is not None:
            raise UsageError("act_label_of_one_photo")
        store = self._store
        with store.read() as connection:
            pictures = self._meant(connection, photos)
        left_out: list[tuple[str, Message]] = []
        number, labelled, done = None, 0, 0
        for part in chunks(pictures, _AT_ONCE):
            found = where(store, schema.photo.c.picture.in_(part))
            entries = list({one.picture: one for one in found}.values())
            with store.write() as connection:
                acting = Acting(connection, store.models, ActKind.LABEL, label.by, extends=number)
                said = self._label(connection, entries, label)
                changes: list[acts.Change] = []
                for one in entries:
                    now = said[one.id]
                    if isinstance(now, BarkiveError):
                        left_out.append((one.file, now.message))
                        continue
                    was = one.said_id or one.label_id
                    changes.append(acts.Change(None, acts.LABEL, one.picture, was, now))
                labelled += len(changes)
                acting.write(changes)
                number = acting.id if acting.is_kept else None
            done += len(part)
            on_progress(done, len(pictures))
        act = self.act(number) if number is not None and labelled else None
        return Labelled(act, labelled, tuple(left_out))

    def _label(
        self, connection: Connection, entries: Sequence[Entry], label: Label
    ) -> dict[int, int | BarkiveError | None]:
        """Labels photos: the label in force then by the photo's number, or why there is none."""
        models = self._store.models
        done: dict[int, int | BarkiveError | None] = {}
        for one in entries:
            try:
                labels.refuse_changed(one, label)
                if label.kind is Kind.UNDO:
                    said = labels.write(connection, models, one.id, label)
                    done[one.id] = said.said_id or said.label_id
            except (NothingToSayError, UsageError) as error:
                done[one.id] = error
        left = [one.id for one in entries if one.id not in done]
        try:
            return done | labels.write_same(connection, models, left, label)
        except UsageError as error:
            if error.code == "breed_unknown":
                raise
            return done | dict.fromkeys(left, error)

    def import_csv(
        self,
        file: str | os.PathLike[str] | bytes,
        *,
        match: MatchBy | str = MatchBy.CODE,
        dates: DayOrder | str | None = None,
        dry_run: bool = False,
        by: str | None = None,
        name: str = "CSV",
    ) -> Imported:
        """Brings in the animals of a CSV file: of a spreadsheet, Animal Shelter Manager, Barkive.

        Animals that the catalogue does not know are made; of others what the file says is changed,
        and empty cells change nothing. All of it is one act. A row that does not tell which animal
        is meant is left out, and so is a cell that can't be used: see `Imported.problems`.

        Args:
            file: Its path, or its bytes.
            match: By what the animal of a row is told: its `code`; its `name`; or a `folder` of
                photos that is called by its code or name, whose photos are put to it.
            dates: `dmy` or `mdy`: what comes first in dates such as 5/6/2021; None for what the
                file shows.
            dry_run: Whether nothing is written.
            by: Who does it.
            name: What the file is called, where its bytes are given.

        Raises:
            CatalogueError: The catalogue can't be written.
            UsageError: The file can't be read, is no CSV of animals, or is too large; or it holds
                dates that can be read in both orders.
        """
        how = importing.to_match(match)
        given = file if isinstance(file, bytes) else Path(file)
        content = animal_files.read_animals(given, dates, name=name)
        models = self._store.models
        if dry_run:
            with self._store.read() as connection:
                return importing.look(connection, models, content, how)
        with self._store.write() as connection:
            number, found = importing.bring(connection, models, content, how, by)
        return replace(found, act=self.act(number)) if number is not None else found

    def undo(
        self,
        act: int | None = None,
        *,
        by: str | None = None,
        on_progress: OnProgress = silent,
    ) -> Act:
        """Takes an act back, as one step.

        Labels of many photos are taken back some at a time, as they were given.

        Args:
            act: Its number; None for the last one, of `by` where that is given.
            by: Who takes it back.
            on_progress: Called with (photos done, photos in all), where labels are taken back.

        Returns:
            The act that takes it back.

        Raises:
            AnimalChangedMeanwhileError: Somebody has changed since what it did.
            CatalogueError: The catalogue can't be written.
            NothingToSayError: There is no such act, or it was taken back already.
        """
        with self._store.write() as connection:
            number = acts.last(connection, by) if act is None else act
            undone, labelled = acts.undo(connection, self._store.models, number, by)
        done = 0
        for part in chunks(labelled, _AT_ONCE):
            with self._store.write() as connection:
                models = self._store.models
                acting = Acting(connection, models, ActKind.UNDO, by, extends=undone)
                acting.take_labels_back(part, by)
            done += len(part)
            on_progress(done, len(labelled))
        suggestions.renew_after_undo(self._store, number)
        return self.act(undone)

    def act(self, number: int) -> Act:
        """What somebody did.

        Raises:
            NothingToSayError: There is no such act.
        """
        with self._store.read() as connection:
            acts.require(connection, number)
        return self._acts([number])[0]

    def acts(self, limit: int = 20) -> builtins.list[Act]:
        """What people did last, the newest first."""
        c = schema.act.c
        with self._store.read() as connection:
            numbers = connection.execute(select(c.id).order_by(c.id.desc()).limit(limit))
            found = list(numbers.scalars())
        return self._acts(found)

    def history(self, animal: Known, limit: int = 100) -> builtins.list[Act]:
        """What people did to an animal, the newest first; only changes of this animal are listed.

        Args:
            animal: Which one.
            limit: How many at most.

        Raises:
            UnknownAnimalError: There is no such animal.
        """
        c = schema.act_change.c
        with self._store.read() as connection:
            number = finding.find(connection, animal).number
            a = schema.animal.c
            merged = c.animal.in_(select(a.number).where(a.merged_into == number))
            is_its_own = (c.animal == number) | (merged & (c.field == "merged_into"))
            rows = select(c.act_id).where(is_its_own).distinct()
            last = rows.order_by(c.act_id.desc()).limit(limit)
            found = list(connection.execute(last).scalars())
        own = self._acts(found)
        return [
            replace(one, changes=tuple(x for x in one.changes if x.animal == number)) for one in own
        ]

    def get(self, animal: Known) -> Animal:
        """One animal; of one that was merged, what it was merged into.

        Args:
            animal: Its number, its code, or its name where no other is called so.

        Raises:
            UnknownAnimalError: There is none, or it was removed.
            UsageError: Several are called so.
        """
        self.refresh()
        with self._store.read() as connection:
            row = finding.find(connection, animal)
            return finding.to_animals(connection, self._store.models, [row])[0]

    def list(
        self,
        query: AnimalFilter = _ALL,
        *,
        order: Order = Order.NAME,
        limit: int | None = None,
        offset: int = 0,
    ) -> builtins.list[Animal]:
        """The animals that are meant.

        Args:
            query: Which ones.
            order: In which order.
            limit: How many at most; None for all.
            offset: How many to pass over.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        self.refresh()
        models = self._store.models
        with self._store.read() as connection:
            rows = connection.execute(finding.chosen(models, query, order, limit, offset)).all()
            return finding.to_animals(connection, models, rows)

    def count(self, query: AnimalFilter = _ALL) -> int:
        """How many animals are meant.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        meant = finding.condition(self._store.models, query)
        with self._store.read() as connection:
            found = select(func.count()).select_from(schema.animal).where(meant)
            return connection.execute(found).scalar_one()

    def counts(self, by: By, query: AnimalFilter = _ALL) -> Counter[str]:
        """How many animals there are of each status, species or breed, by its id.

        Args:
            by: What to count for itself; those that have none are under an empty name.
            query: Which animals.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        self.refresh()
        with self._store.read() as connection:
            return finding.counts(connection, self._store.models, by, query)

    def views(self, animal: Known) -> builtins.list[View]:
        """The photos of an animal, and what each says of its breed; the main photo first.

        Args:
            animal: Which one.

        Raises:
            UnknownAnimalError: There is no such animal.
        """
        with self._store.read() as connection:
            number = finding.find(connection, animal).number
        return judging.views(self._store, number)

    def of_photos(self, photos: Iterable[int]) -> dict[int, builtins.list[Animal]]:
        """The animals that photos show; photos that show none are left out.

        Args:
            photos: Their numbers.
        """
        c, models = schema.photo.c, self._store.models
        with self._store.read() as connection:
            pictures: dict[int, int] = {}
            for part in chunks(list(photos)):
                rows = select(c.number, c.picture).where(c.number.in_(part))
                pictures |= {row.number: row.picture for row in connection.execute(rows)}
            shown = finding.animals_of(connection, set(pictures.values()))
            rows_of_all = finding.rows_of(
                connection, (one for numbers in shown.values() for one in numbers)
            )
            found = finding.to_animals(connection, models, rows_of_all)
        animals = {one.id: one for one in found}
        return {
            photo: [animals[one] for one in shown[picture]]
            for photo, picture in pictures.items()
            if picture in shown
        }

    def records(self, numbers: Iterable[int]) -> dict[int, Animal]:
        """Animals by their numbers, also those that were merged or removed; others are left out.

        Args:
            numbers: Which ones.
        """
        with self._store.read() as connection:
            rows = finding.rows_of(connection, numbers)
            found = finding.to_animals(connection, self._store.models, rows)
        return {one.id: one for one in found}

    def refresh(self) -> None:
        """Brings the verdicts of animals up to date whose photos have changed."""
        judging.refresh(self._store)

    def suggest(
        self,
        query: Filter = _EVERY_PHOTO,
        *,
        pattern: str | None = None,
        on_progress: OnProgress = silent,
    ) -> builtins.list[Suggestion]:
        """Finds out which photos without an animal seem to show one: see `grouping`.

        The suggestions are kept until they are accepted, refused, or made anew.

        Args:
            query: Which photos; of others, suggestions stay as they are.
            pattern: How the photos are named, such as `{code} {name}/*`: see `Pattern`. None to
                find it out.
            on_progress: Called with (photos done, photos in all).

        Raises:
            CatalogueError: The catalogue can't be written.
            UnknownBreedError: There is no such breed.
            UsageError: The pattern can't be taken.
        """
        return suggestions.suggest(self._store, query, pattern=pattern, on_progress=on_progress)

    def patterns(self, query: Filter = _EVERY_PHOTO) -> builtins.list[FoundPattern]:
        """How the photos without an animal are named, the pattern of most photos first.

        Args:
            query: Which photos.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        return suggestions.patterns(self._store, query)

    def suggestions(
        self, *, limit: int | None = None, offset: int = 0, animal: Known | None = None
    ) -> builtins.list[Suggestion]:
        """The suggestions that stand: first those for known animals, then the oldest first.

        Args:
            limit: How many at most; None for all.
            offset: How many to pass over.
            animal: Only photos that are suggested for this animal; None for all suggestions.

        Raises:
            UnknownAnimalError: There is no such animal.
        """
        number = None
        if animal is not None:
            with self._store.read() as connection:
                number = finding.find(connection, animal).number
        return suggestions.read(self._store, limit, offset, number)

    def count_suggestions(self) -> int:
        """How many suggestions stand."""
        return suggestions.count(self._store)

    def accept(
        self,
        suggestion: int | Sequence[int],
        photos: Iterable[Photo] | None = None,
        fields: AnimalFields = _NOTHING_SAID,
        *,
        by: str | None = None,
    ) -> Animal:
        """Makes an animal of suggested photos, or adds them to the one that they seem to show.

        Args:
            suggestion: Its number; or those of several that are of one animal.
            photos: Those of the suggestion that show the animal; the rest stays suggested. None
                for all.
            fields: What else is said of the animal; code and name are those of the suggestion.
            by: Who accepts.

        Raises:
            AnimalChangedMeanwhileError: It does not stand any more: somebody has accepted or
                refused it, or has given one of the photos an animal.
            AnimalCodeTakenError: Another animal has the code.
            CatalogueError: The catalogue can't be written.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: They are suggested for two animals, or a photo is in none of them.
        """
        pictures = None
        if photos is not None:
            with self._store.read() as connection:
                pictures = self._meant(connection, photos)
        numbers = _several(suggestion)
        number = suggestions.accept(self._store, numbers, pictures, fields, by=by)
        return self.get(number)

    def accept_all(
        self,
        only: Iterable[int] | None = None,
        *,
        large: bool = False,
        by: str | None = None,
        on_progress: OnProgress = silent,
    ) -> Accepted:
        """Accepts all suggestions, each as an act of its own.

        Args:
            only: The numbers of those that are meant; None for all that stand.
            large: Whether those of more photos than one animal mostly has are accepted as well.
            by: Who accepts.
            on_progress: Called with (suggestions done, suggestions in all).

        Raises:
            CatalogueError: The catalogue can't be written; what was accepted stands.
        """
        meant = None if only is None else frozenset(only)
        return suggestions.accept_all(
            self._store, meant, large=large, by=by, on_progress=on_progress
        )

    def refuse(self, suggestion: int | Sequence[int], *, by: str | None = None) -> Act:
        """Says that suggested photos are not of one animal, or not of that one.

        They are not suggested so again.

        Args:
            suggestion: Its number, or those of several.
            by: Who refuses.

        Raises:
            AnimalChangedMeanwhileError: It does not stand any more.
            CatalogueError: The catalogue can't be written.
        """
        return self.act(suggestions.refuse(self._store, _several(suggestion), by=by))

    def match(
        self,
        photo: Photo | Judged[str],
        *,
        limit: int = 10,
        query: AnimalFilter = _ALL,
        classifier: Classifier | None = None,
        dog: int | None = None,
    ) -> builtins.list[Match]:
        """Which of our dogs is this? The animals that a photo may show, the likest first.

        They look like it; whether one of them is the dog, a person has to see: a model that tells
        breeds can hardly tell two dogs of one breed apart.

        Args:
            photo: Its path or number; it need not be in the catalogue. Or what `classifier` has
                said of it, with its name as the item.
            limit: How many animals at most.
            query: Which animals.
            classifier: The model, for a photo that is not in the catalogue; None for the one in
                use.
            dog: Of a photo in the catalogue that shows several dogs: the `EntryDog.id` of the one
                that is meant. None for the main one.

        Raises:
            PhotoError: The photo can't be read.
            UnknownBreedError: There is no such breed.
            UnknownDogError: There is no such dog.
            UnknownPhotoError: The catalogue has no photo of that number.
            UsageError: The limit is below 1, or the catalogue knows nothing of the model.
        """
        given = photo if isinstance(photo, (int, Judged)) else os.fspath(photo)
        opening = self._classifier if classifier is None else lambda: classifier
        return matching.match(self._store, given, opening, limit=limit, query=query, dog=dog)

    def similar(self, animal: Known, *, limit: int = 10) -> builtins.list[Match]:
        """The animals that look most like one, the likest first.

        Args:
            animal: Which one.
            limit: How many others at most.

        Raises:
            UnknownAnimalError: There is no such animal.
            UsageError: The limit is below 1, or several animals are called so.
        """
        return matching.similar(self._store, animal, limit=limit)

    def _acts(self, numbers: Sequence[int]) -> builtins.list[Act]:
        """Acts by their numbers, in this order."""
        act, change = schema.act, schema.act_change.c
        found: dict[int, Act] = {}
        with self._store.read() as connection:
            rows = {
                row.id: row
                for part in chunks(numbers)
                for row in connection.execute(select(act).where(act.c.id.in_(part)))
            }
            undone = {
                one
                for part in chunks(numbers)
                for one in connection.execute(
                    select(act.c.undoes).where(act.c.undoes.in_(part))
                ).scalars()
            }
            for number, changes in acts.read_changes(connection, numbers, _SHOWN_CHANGES).items():
                of_act = change.act_id == number
                of_animal = of_act, change.animal.is_not(None), change.field != acts.REFUSED
                animals = select(change.animal).where(*of_animal).group_by(change.animal)
                in_order = animals.order_by(func.min(change.id))
                pictures = select(func.count(change.picture.distinct())).where(of_act)
                row = rows[number]
                shown = {one.picture for one in changes if one.picture is not None}
                shown |= {
                    value
                    for one in changes
                    if one.field == "main_photo"
                    for value in (one.was, one.becomes)
                    if value is not None
                }
                photos = finding.photos_of(connection, shown)
                found[number] = Act(
                    id=number,
                    kind=ActKind(row.kind),
                    by=row.said_by,
                    at=row.said_at,
                    undoes=row.undoes,
                    is_undone=number in undone,
                    animals=tuple(connection.execute(in_order).scalars()),
                    photos=connection.execute(pictures).scalar_one(),
                    changes=tuple(_to_change(one, photos) for one in changes),
                )
        return [found[number] for number in numbers]

    def _pictures(
        self, acting: Acting, photos: Photos, dog: int | None = None
    ) -> builtins.list[int]:
        """The pictures of some photos.

        Raises:
            UnknownDogError: There is no such dog.
            UnknownPhotoError: One of the photos is not in the catalogue.
            UsageError: A dog is given, and not one photo.
        """
        pictures = self._meant(acting.connection, photos)
        if dog is not None:
            if len(pictures) != 1:
                raise UsageError("animal_dog_of_one_photo")
            entries = where(self._store, schema.photo.c.picture == pictures[0])
            entries[0].dog_by_id(dog)
        return pictures

    def _meant(self, connection: Connection, photos: Photos) -> builtins.list[int]:
        if isinstance(photos, Filter):
            return finding.pictures_meant(connection, self._store, photos)
        given = [one if isinstance(one, int) else os.fspath(one) for one in photos]
        return finding.pictures_of(connection, given)

    def _move(self, acting: Acting, old: int, new: int, photos: Photos) -> bool:
        """Moves photos within an act; false where the first animal has none of them."""
        held = acts.held_by(acting.connection, old, self._pictures(acting, photos))
        acting.take(old, held, refuse=True)
        for picture, value in held.items():
            acting.put(new, [picture], value["dog"])
        return bool(held)

    def _seen(self, acting: Acting, animal: Known, seen: int | None) -> int:
        """The number of an animal, if it is still as somebody saw it.

        Raises:
            AnimalChangedMeanwhileError: It is not.
        """
        row = finding.find(acting.connection, animal)
        if seen is not None and row.act_id > seen:
            title = self._title(acting, row.number)
            raise AnimalChangedMeanwhileError("animal_changed_since_seen", animal=title)
        number: int = row.number
        return number

    def _title(self, acting: Acting, number: int) -> str:
        row = finding.row_of(acting.connection, number)
        return finding.to_animals(acting.connection, self._store.models, [row])[0].title

    def _done(self, acting: Acting, number: int) -> Animal:
        """Closes an act, and gives an animal as it is then.

        Its version is the act, also where that has changed another animal alone.
        """
        acting.close()
        row = finding.row_of(acting.connection, number)
        (animal,) = finding.to_animals(acting.connection, self._store.models, [row])
        return replace(animal, version=acting.id) if acting.is_kept else animal


def _several(suggestion: int | Sequence[int]) -> Sequence[int]:
    return [suggestion] if isinstance(suggestion, int) else suggestion


def _to_change(change: acts.Change, photos: dict[int, int]) -> AnimalChange:
    was, becomes = change.was, change.becomes
    if change.field == "main_photo":
        was, becomes = photos.get(was), photos.get(becomes)
    photo = photos.get(change.picture) if change.picture is not None else None
    return AnimalChange(change.animal, change.field, photo, was, becomes)
