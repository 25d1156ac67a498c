"""The catalogue, in a few methods: what the command line, the web page and programs call."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import func, select

from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.location import added_photos
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query import (
    counting,
    entries,
)
from barkive.catalogue.query.filters import Filter, at
from barkive.catalogue.query.ordering import PhotoOrder
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.summary_tables import By
from barkive.catalogue.records import Change, Entry, Found
from barkive.catalogue.similarity.similar import Similar
from barkive.errors import CatalogueError, UsageError
from barkive.images.passing import NOTHING_MORE, Passing
from barkive.images.spelling import as_spelt, spellings
from barkive.messages import Message
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName

# The rooms that most calls need are here; the others are imported by the methods that call them,
# because a search would wait longer for them than for its photos.
if TYPE_CHECKING:
    from barkive.bundle import Bundle
    from barkive.catalogue.animals.animals import Animals
    from barkive.catalogue.annotations.added_breeds import Renamed
    from barkive.catalogue.annotations.labels import Label
    from barkive.catalogue.annotations.review_queue import ReviewQueue
    from barkive.catalogue.export.exporter import ExportContext
    from barkive.catalogue.export.exporting import Export
    from barkive.catalogue.export.history import ExportRun
    from barkive.catalogue.export.outcome import Outcome
    from barkive.catalogue.learning.judging_again import JudgedAgain
    from barkive.catalogue.learning.teaching import KnownModel, Learning
    from barkive.catalogue.query.breeds_overview import BreedOverview
    from barkive.catalogue.query.saved_searches import SavedSearches
    from barkive.catalogue.scan import pipeline as scanning
    from barkive.catalogue.scan.engine import Engine
    from barkive.catalogue.scan.forgetting import Forgotten, OnContents
    from barkive.catalogue.scan.history import Run, ScanRequest
    from barkive.catalogue.scan.plans import ScanPlans
    from barkive.catalogue.scan.sources import Source
    from barkive.catalogue.similarity.duplicates import Group
    from barkive.catalogue.transfer.box_import import ImportedBoxes
    from barkive.catalogue.transfer.merging import Conflict, Merged
    from barkive.catalogue.transfer.unmerging import Merge, Unmerged
    from barkive.classifier import Classifier

Known = str | os.PathLike[str] | int
"""A photo's path, or the catalogue's number for it."""

Given: TypeAlias = "str | os.PathLike[str] | Source"
"""What can be scanned: its name, or what `open_source` made of one."""

_ALL = Filter()
_CATALOGUED = PhotoOrder()


class Catalogue:
    """An association's photos, with what is known and said of each.

    Examples:
        >>> from barkive.catalogue import Catalogue, Filter, Kind, Label
        >>> with Catalogue("photos.sqlite") as catalogue:
        ...     catalogue.scan(["/home/ada/Pictures"])
        ...     for entry in catalogue.search(Filter(breed="beagle", min_probability=0.9)):
        ...         print(entry.file, entry.breeds[0].probability)
        ...     boxer = Label(Kind.BREED, ("Boxer",), by="Ada")
        ...     catalogue.label("/home/ada/Pictures/rex.jpg", boxer)
    """

    def __init__(
        self,
        where: str | Path | None = None,
        *,
        create: bool = True,
        patience: float = 30.0,
        added: Path | None = None,
    ) -> None:
        """Opens a catalogue; where it can't be written, it is read: see `read_only`.

        Args:
            where: A file, or `postgresql://user@host/name`; None for the one in the user's
                data folder.
            create: Whether to make it where there is none.
            patience: Seconds to wait for another program that is writing.
            added: See `added_photos`.

        Raises:
            CatalogueError: It can't be opened, or there is none and none is to be made.
            MissingExtraError: PostgreSQL is asked for without the extra for it.
        """
        self._database = Database(where, create=create, patience=patience)
        self.added_photos = added or added_photos(self._database.file)
        """Where photos are kept that were added; by default a folder beside the catalogue."""
        self._opened = Store(self._database, Models())
        self._similar = Similar(self._opened)
        with self._database.read() as connection:
            self._opened.models.read(connection)

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the database."""
        self._database.close()

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self._database.name

    @property
    def file(self) -> Path | None:
        """The file; None for PostgreSQL."""
        return self._database.file

    @property
    def read_only(self) -> Message | None:
        """Why it can only be read, and as of when it is; None where it can be written."""
        return self._database.read_only

    @property
    def review(self) -> ReviewQueue:
        """The queue of photos to review, for several people at once."""
        from barkive.catalogue.annotations.review_queue import ReviewQueue

        return ReviewQueue(self._store)

    @property
    def searches(self) -> SavedSearches:
        """The searches that people have given names."""
        from barkive.catalogue.query.saved_searches import SavedSearches

        return SavedSearches(self._store)

    @property
    def animals(self) -> Animals:
        """The animals: one record, many photos."""
        from barkive.catalogue.animals.animals import Animals

        return Animals(self._store, self.classifier)

    @property
    def models(self) -> Models:
        """The models that answered, and what breeds are called, as of now."""
        return self._store.models

    @property
    def _store(self) -> Store:
        """What the rooms are given, with the names of breeds as of now."""
        return self._opened.refresh()

    def scan(  # noqa: PLR0913 - each is given by its name
        self,
        sources: Given | Iterable[Given],
        *,
        classifier: Classifier | None = None,
        engine: Engine | None = None,
        retry_failed: bool = False,
        gone: bool = False,
        passing: Passing = NOTHING_MORE,
        summary: scanning.Summary | None = None,
        on_progress: OnProgress = lambda done, total: None,
        asked: ScanRequest | None = None,
    ) -> scanning.Summary:
        """Brings the catalogue up to date with what lies somewhere: see `pipeline.scan`.

        Args:
            sources: Folders, photos, patterns, lists of paths, URLs of object stores; or
                what `open_source` made of one.
            classifier: Whose predictions are wanted; None for the model in use. Photos that have
                not followed to that yet do so, and their files are not read for it.
            engine: Who judges; None for the classifier on this machine.
            retry_failed: Whether to read photos again that could not be read.
            gone: Whether photos are marked missing also where most of a source is gone at once.
            passing: What is passed over in the sources that are given by name.
            summary: Filled as the scan goes.
            on_progress: Called with (photos done, photos in all).
            asked: Who asks for it; None for a program.
        """
        from barkive.catalogue.animals import suggestions
        from barkive.catalogue.learning import review_order
        from barkive.catalogue.scan import pipeline as scanning
        from barkive.catalogue.scan.history import BY_PROGRAM
        from barkive.catalogue.scan.listing import Listing

        given = [
            os.fspath(one) if isinstance(one, (str, os.PathLike)) else one
            for one in _several(sources)
        ]
        classifier = classifier or self.classifier()
        with self._database.read() as connection:
            last = connection.execute(select(func.max(schema.photo.c.id))).scalar() or 0
        found = scanning.scan(
            self._store,
            Listing(given, passing),
            classifier,
            engine=engine,
            retry_failed=retry_failed,
            gone=gone,
            summary=summary,
            on_progress=on_progress,
            asked=asked or BY_PROGRAM,
        )
        review_order.renew_after_scan(self._store, classifier.bundle, found.listed, found.again)
        is_waited_for = found.listed == 1
        found.of_animals = suggestions.renew_after_scan(
            self._store, last, is_waited_for=is_waited_for
        )
        self._index()
        return found

    def to_forget(
        self, photos: Known | Iterable[Known] | Filter, *, copies: bool | None = None
    ) -> Forgotten:
        """What `forget` would take out; nothing is changed."""
        from barkive.catalogue.scan.forgetting import Forgetting

        meant = _photos(photos)
        return Forgetting.of(self._store, meant, self.added_photos, copies=copies).foresee()

    def forget(
        self,
        photos: Known | Iterable[Known] | Filter,
        *,
        labels: bool = False,
        copies: bool | None = None,
        by: str | None = None,
        on_contents: OnContents = lambda contents: None,
        on_progress: OnProgress = silent,
    ) -> Forgotten:
        """Takes photos out, with all that was derived from them.

        Of their contents the SHA-256 stays: a scan passes over files that hold them, and counts
        them, unless it is told to bring them back. What people said stays as well, and holds again
        then. People's own files are not touched; those in `added_photos` are deleted.

        Some hundred photos go at a time; what is interrupted goes on when it is called again.

        Args:
            photos: Paths or numbers, or which ones.
            labels: Whether what people said of the pictures is deleted as well.
            copies: Whether all files of their pictures go; None for all, but where a filter means
                files that are gone: then those alone, because a copy may still be there.
            by: Who takes them out.
            on_contents: Called with the SHA-256 of contents, in hex digits, which no photo has any
                more, so that what else was made of them goes too; before they are forgotten.
            on_progress: Called with (photos done, photos in all).

        Raises:
            CatalogueError: The catalogue can't be written, or a file not be deleted.
            UnknownBreedError: The filter names no breed.
            UnknownPhotoError: One of the photos is not in the catalogue.
        """
        from barkive.catalogue.scan.forgetting import Forgetting

        meant = Forgetting.of(
            self._store, _photos(photos), self.added_photos, copies=copies, on_contents=on_contents
        )
        done = meant.carry_out(labels=labels, by=by, on_progress=on_progress)
        self.animals.refresh()
        self._database.optimise()
        return done

    @property
    def model_in_use(self) -> int | None:
        """The number of the model in use; None for the one inside the package."""
        from barkive.catalogue.learning import in_use

        with self._database.read() as connection:
            return in_use.number_in_use(connection)

    def classifier(
        self,
        *,
        threads: int = 0,
        device: str = "cpu",
        prior: str | Path | None = None,
        dogs: bool = True,
    ) -> Classifier:
        """Opens the model in use: the one inside the package, or what was learned from labels.

        The arguments are those of `Classifier`.

        Raises:
            CatalogueError: The catalogue does not hold it any more, or it can't be written to the
                user's cache.
            DeviceError: The device is not there, or does not start.
            UsageError: There is no such device, or the prior can't be used.
        """
        from barkive.catalogue.learning import in_use

        return in_use.open_in_use(
            self._store, threads=threads, device=device, prior=prior, dogs=dogs
        )

    def learn(
        self,
        *,
        classifier: Classifier | None = None,
        by: str | None = None,
        on_progress: OnProgress = silent,
    ) -> Learning:
        """Has the model in use learn what people said: see `teaching.learn`.

        Nothing is put to use: look at the report first, and then call `use`.

        Args:
            classifier: Another model that has judged the photos; None for the one in use.
            by: Who asks for it.
            on_progress: Called with (fits done, fits in all).

        Raises:
            LearningError: There are too few labels, or none that the model has judged, or it
                remembers nothing of its breeds.
            CatalogueError: The catalogue or the user's cache can't be written.
        """
        from barkive.catalogue.learning import teaching

        bundle = (classifier or self.classifier()).bundle
        return teaching.learn(self._store, bundle, by, on_progress=on_progress)

    def use(self, learning: Learning, *, on_progress: OnProgress = silent) -> JudgedAgain:
        """Puts a model to use that has learned, and has the photos follow: see `judging_again`.

        The catalogue keeps the model. What is interrupted, the next scan finishes.

        Args:
            learning: Of `learn`.
            on_progress: Called with (photos done, photos in all).

        Raises:
            LearningError: It got worse.
            CatalogueError: The catalogue can't be written.
            SwitchedMeanwhileError: Another model was put to use since.
        """
        learning.require_better()
        return self.use_model(
            learning.bundle,
            learning.parent,
            was=learning.was,
            report=learning.to_text(),
            by=learning.report.by,
            on_progress=on_progress,
        )

    def use_model(
        self,
        bundle: Bundle,
        parent: Bundle,
        *,
        was: int | None,
        report: str = "{}",
        by: str | None = None,
        on_progress: OnProgress = silent,
    ) -> JudgedAgain:
        """Puts a learned model to use, and has the photos follow: see `judging_again`.

        The catalogue keeps the bundle. What is interrupted, the next scan finishes.

        Args:
            bundle: The learned model, with its file.
            parent: That it was learned from; kept as well, unless it is the one inside the package.
            was: `model_in_use` when the learning began.
            report: What came of learning, as JSON.
            by: Who had it learn.
            on_progress: Called with (photos done, photos in all).

        Raises:
            BundleError: A file is gone, or is another one by now.
            CatalogueError: The catalogue can't be written.
            SwitchedMeanwhileError: Another model was put to use since.
        """
        from barkive.bundle import SHIPPED
        from barkive.catalogue.learning import in_use

        store = self._store
        if parent.path == SHIPPED:
            with store.write() as connection:
                origin = store.models.add(connection, parent)
        else:
            origin = in_use.keep(store, parent)
        in_use.use(store, in_use.keep(store, bundle, origin, report=report, by=by), was)
        return self._follow(on_progress)

    @property
    def last_label(self) -> int:
        """The number of the last label that people gave; 0 for none: see `Entry.label_id`."""
        from barkive.catalogue.annotations import labels

        return labels.last(self._store)

    @property
    def taught_since(self) -> int:
        """How many pictures people named since the model in use last learned."""
        from barkive.catalogue.learning import teaching

        return teaching.taught_since(self._store)

    def known_models(self) -> list[KnownModel]:
        """The models that judged photos or were learned, the last one first."""
        from barkive.catalogue.learning import teaching

        return teaching.known_models(self._store)

    def undo_learning(
        self, on_progress: OnProgress = silent, *, by: str | None = None
    ) -> JudgedAgain:
        """Goes back to the model that the one in use was learned from; labels stay.

        `known_models` tells who did, and when.

        Args:
            on_progress: Called with (photos done, photos in all).
            by: Who asks for it.

        Raises:
            CatalogueError: The catalogue can't be written.
            NothingToSayError: The model in use was not learned from labels.
            SwitchedMeanwhileError: Another model was put to use meanwhile.
        """
        from barkive.catalogue.learning import in_use

        in_use.undo(self._store, by)
        return self._follow(on_progress)

    def _follow(self, on_progress: OnProgress) -> JudgedAgain:
        """Has the photos follow to the model in use, and tidies up."""
        from barkive.catalogue.learning import in_use, review_order
        from barkive.catalogue.learning.judging_again import judge_again

        bundle = self.classifier().bundle
        with self._store.write() as connection:
            model = self._opened.models.add(connection, bundle)
        found = judge_again(self._store, bundle, model, on_progress=on_progress)
        for model_id in in_use.prune(self._store, bundle):
            self._similar.forget(model_id)
        review_order.renew(self._store, bundle)
        self._index()
        return found

    def _index(self) -> None:
        """Brings indexes and figures up to date, so that searches are fast at once."""
        c = schema.photo.c
        with self._store.read() as connection:
            known = self._opened.models.ids
            some = (select(c.model_id).where(c.model_id == one).limit(1) for one in known)
            used = [number for one in some for number in connection.execute(one).scalars()]
        # Of a model whose answers no photo has, nothing is asked.
        for model_id in used:
            self._similar.index(model_id)
        self.animals.refresh()
        self._database.optimise()

    def judged_by_others(self, sources: Iterable[Source], bundle: Bundle) -> int:
        """How many photos of some sources other models judged, so that a scan judges them again.

        Args:
            sources: See `open_source`; what standard input names is not counted.
            bundle: Of the model that a scan is to use; with a detector or without one it is the
                same.
        """
        from barkive.catalogue.scan.sources import catalogued

        c, models = schema.photo.c, self._store.models
        others = [one for one in models.ids if not models.known(one).is_of(bundle)]
        by_others = c.model_id.in_(others), c.missing_since.is_(None)
        with self._database.read() as connection:
            return sum(
                connection.execute(select(func.count()).where(where, *by_others)).scalar_one()
                for where in catalogued(sources)
            )

    def runs(self, limit: int = 20, *, uploads: bool = True) -> list[Run]:
        """The last scans, the last one first.

        Args:
            limit: How many, at most.
            uploads: Whether also those of the photos that visitors of a page added.
        """
        from barkive.catalogue.scan.history import read_runs

        return read_runs(self._database, limit, uploads=uploads)

    @property
    def scan_plans(self) -> ScanPlans:
        """The folders that were scanned, and those that a server scans by itself."""
        from barkive.catalogue.scan.plans import ScanPlans

        return ScanPlans(self._database)

    def export_runs(self, limit: int = 20) -> list[ExportRun]:
        """The last exports, the last one first."""
        from barkive.catalogue.export.history import read_exports

        return read_exports(self._database, limit)

    def search(
        self,
        query: Filter = _ALL,
        *,
        limit: int | None = None,
        order: PhotoOrder = _CATALOGUED,
    ) -> Iterator[Entry]:
        """The photos that are meant, in an order: by default as they were catalogued.

        Raises:
            UnknownBreedError: There is no such breed.
            UsageError: `limit` is below 1.
        """
        if limit is not None and limit < 1:
            raise UsageError("limit_below_one", limit=limit)
        return entries.pages(self._store, query, limit, order)

    def count(self, query: Filter = _ALL) -> int:
        """How many photos are meant."""
        return counting.count(self._store, query)

    def counts(self, by: By, query: Filter = _ALL) -> Counter[str]:
        """How many photos there are of each status, or of each breed by its id.

        A photo counts once: for its main dog.
        """
        store = self._store
        found = counting.counts(store, by, query)
        if by == "status":
            return found
        of_breeds: Counter[str] = Counter()
        for breed, photos in found.items():
            of_breeds[store.models.names.meant(breed)] += photos
        return of_breeds

    def breeds_overview(self, classifier: Classifier | None = None) -> list[BreedOverview]:
        """What is known of each breed: its photos, its labels, how often the model is right.

        Args:
            classifier: Whose model is in use; None for the catalogue's.
        """
        from barkive.catalogue.query.breeds_overview import breeds_overview

        store = self._store
        in_use = classifier.bundle.info.labels if classifier else _labels_in_use(store)
        return breeds_overview(store, in_use)

    def page(
        self,
        query: Filter = _ALL,
        *,
        offset: int = 0,
        limit: int = 100,
        order: PhotoOrder = _CATALOGUED,
    ) -> list[Entry]:
        """Some of the photos that are meant, in an order."""
        return entries.page(self._store, query, offset, limit, order)

    def numbers(
        self,
        query: Filter = _ALL,
        *,
        offset: int = 0,
        limit: int | None = None,
        order: PhotoOrder = _CATALOGUED,
    ) -> list[int]:
        """The numbers of the photos that are meant, or of some of them, in an order."""
        return entries.numbers(self._store, query, offset, limit, order)

    def folders(
        self, under: str | None = None, query: Filter = _ALL, *, limit: int = 200
    ) -> list[counting.Folder]:
        """The folders directly inside one that hold photos; None for the one that holds all."""
        top = under if under is not None else self.top(query)
        if top is None:
            return []
        return counting.folders(self._store, top, query, limit)

    def known_folder(self, folder: str) -> str | None:
        """A folder as the photos in it spell it, however its accents are composed.

        Args:
            folder: As people type or copy it.

        Returns:
            Its path; None where the catalogue has no photo in it.

        Raises:
            UsageError: It is empty.
        """
        for spelt in spellings(folder):
            if any(True for _ in self.search(Filter(folder=spelt, missing=None), limit=1)):
                return spelt
        return None

    def top(self, query: Filter = _ALL) -> str | None:
        """The folder in which all photos that are meant lie; None where there is none."""
        return counting.top(self._store, query)

    def photo(self, photo: Known) -> Entry:
        """One photo by its path or its number.

        Raises:
            UnknownPhotoError: It is not in the catalogue.
        """
        return entries.one(self._store, _known(photo))

    def neighbours(
        self, number: int, query: Filter = _ALL, order: PhotoOrder = _CATALOGUED
    ) -> tuple[int | None, int | None]:
        """The numbers of the photos that are meant before and after one; None at the ends."""
        return entries.neighbours(self._store, query, number, order)

    def with_content(self, sha256: str) -> list[Entry]:
        """The photos of one content, whose SHA-256 is given in hex digits."""
        same = schema.photo.c.sha256 == bytes.fromhex(sha256)
        return entries.where(self._store, same)

    def like(
        self,
        photo: Known,
        query: Filter = _ALL,
        *,
        limit: int = 20,
        classifier: Classifier | None = None,
        dog: int | None = None,
    ) -> list[Found]:
        """The photos of the catalogue most like one, the likest first.

        Photos are compared by their main dogs.

        Args:
            photo: Of the catalogue, by its path or number, or any other file.
            query: Which photos of the catalogue.
            limit: How many at most.
            classifier: That sees a photo which is not in the catalogue; None for the model in use.
            dog: The number of a dog of the photo, an `EntryDog.id`, that is meant and not the
                main one.

        Raises:
            PhotoError: The photo can't be read, or no model saw the dog.
            UsageError: No photo was judged by the classifier's model.
            UnknownDogError: The photo has no such dog.
        """
        opened = (lambda: classifier) if classifier is not None else self.classifier
        return self._similar.like(_known(photo), query, limit, opened, dog)

    def duplicates(self, query: Filter = _ALL, *, near: bool = True) -> Iterator[Group]:
        """Groups of photos that show the same: see `duplicates.find_duplicates`."""
        from barkive.catalogue.similarity.duplicates import find_duplicates

        return find_duplicates(self._store, query, near=near)

    def duplicate_groups(
        self, query: Filter = _ALL, *, on_progress: OnProgress = silent
    ) -> list[list[int]]:
        """The numbers of photos that show the same: see `duplicates.duplicate_groups`."""
        from barkive.catalogue.similarity.duplicates import duplicate_groups

        return duplicate_groups(self._store, query, on_progress=on_progress)

    def duplicates_of(self, number: int) -> list[Group]:
        """The other photos that show the same as one.

        Raises:
            UnknownPhotoError: There is no such photo.
        """
        from barkive.catalogue.similarity.duplicates import duplicates_of

        return duplicates_of(self._store, number)

    def label(
        self,
        photo: Known,
        label: Label | Sequence[Label],
        *,
        classifier: Classifier | None = None,
    ) -> Entry:
        """Writes what a person says of a photo, and of every file of the same picture.

        It is durable when this returns.

        Args:
            photo: Its path or its number.
            label: What is said; or several things in order, of which all or none are written.
            classifier: That judges the boxes which are drawn, see `judge_boxes`; None where
                that is not wanted.

        Returns:
            The photo as it is now.

        Raises:
            CatalogueError: It is not in the catalogue, or the catalogue can't be written.
            ChangedPhotoError: It holds another picture than the one that was seen.
            NothingToSayError: It could never be read, or there is nothing to take back.
            ReviewedMeanwhileError: Somebody has spoken of it since it was seen.
            UnknownBreedError: There is no such breed.
            UnknownDogError: The photo has no such dog.
        """
        from barkive.catalogue.annotations import labels
        from barkive.catalogue.annotations.labels import Label

        said = [label] if isinstance(label, Label) else label
        entry = labels.add(self._store, _known(photo), *said)
        if classifier is not None and any(one.box is not None for one in said):
            return self.judge_boxes(entry.id, classifier)
        return entry

    def keep(self, photo: Known, others: Sequence[Known], *, by: str | None = None) -> Entry:
        """Has a photo keep what is known of others that show the same, before these are taken out.

        Where nobody has said what it shows, it gets what people said of the others: see
        `labels.hand_on`. Where it belongs to no animal, it is added to theirs.

        Args:
            photo: The one that stays: its path or its number.
            others: Those that go: see `forget`.
            by: Who says that they show the same.

        Returns:
            The photo as it is now.

        Raises:
            CatalogueError: The catalogue can't be written.
            ChangedPhotoError: Its file may hold another picture by now.
            NothingToSayError: It could never be read.
            UnknownPhotoError: One of them is not in the catalogue.
        """
        from barkive.catalogue.annotations import labels

        entry = labels.hand_on(self._store, _known(photo), [_known(one) for one in others])
        numbers = [self.photo(one).id for one in others]
        shown = self.animals.of_photos([entry.id, *numbers])
        if not shown.get(entry.id):
            theirs = {animal.id for number in numbers for animal in shown.get(number, ())}
            for animal in sorted(theirs):
                self.animals.add(animal, [entry.id], by=by)
        return entry

    def judge_boxes(self, photo: Known, classifier: Classifier) -> Entry:
        """Has a classifier judge the dogs of a photo that only people saw: see `drawn_boxes`.

        Args:
            photo: Its path or its number.
            classifier: Of which the rest of the photo was judged, with or without a detector.

        Returns:
            The photo as it is now. Where its file is gone or can't be read, or another network
            judged it, it is as it was.
        """
        from barkive.catalogue.annotations import drawn_boxes

        return drawn_boxes.judge(self._store, _known(photo), classifier)

    def import_boxes(
        self,
        file: Path,
        classifier: Classifier,
        *,
        folder: Path | None = None,
        threshold: float | None = None,
        by: str | None = None,
        on_progress: OnProgress = silent,
    ) -> ImportedBoxes:
        """Adds the dogs that another program has found: see `box_import.import_boxes`.

        Args:
            file: MegaDetector's results, or COCO, as JSON.
            classifier: Judges the boxes.
            folder: That relative paths in the file start at; None for the file's own.
            threshold: The least score of a box; None for what the file says is typical.
            by: Who says that dogs are there; None for the program that made the file.
            on_progress: Called with (pictures done, pictures in all).

        Raises:
            UsageError: The file can't be read, is neither, or is of another version.
            CatalogueError: The catalogue can't be written.
        """
        from barkive.catalogue.transfer.box_files import read_box_file
        from barkive.catalogue.transfer.box_import import import_boxes

        found = read_box_file(file, folder, threshold)
        return import_boxes(self._store, found, classifier, by, on_progress=on_progress)

    def add_breed(
        self, en: str, fr: str | None = None, *, fci: int | None = None, group: int | None = None
    ) -> BreedName:
        """Adds a breed that the table lacks, or says more of one: see `added_breeds.add`.

        Args:
            en: Its name in English, or the one that it has in both languages.
            fr: Its French name.
            fci: The FCI's number of it, 1..999.
            group: The FCI's group, 1..10.

        Raises:
            UsageError: It is one of the table, a name has no letter or digit, the French name is
                another breed's, or a number is out of its range. Nothing is changed.
        """
        from barkive.catalogue.annotations import added_breeds

        return added_breeds.add(self._opened, en, fr, fci=fci, group=group)

    def describe_breed(
        self,
        breed: str,
        *,
        fr: str | None = None,
        fci: int | None = None,
        group: int | None = None,
    ) -> BreedName:
        """Says more of a breed that people added or trained: see `added_breeds.describe`.

        Args:
            breed: Its id, or its name in either language.
            fr: Its French name.
            fci: The FCI's number of it, 1..999; 0 for none.
            group: The FCI's group, 1..10; 0 for none.

        Raises:
            UnknownBreedError: There is no such breed.
            UsageError: As of `add_breed`.
        """
        from barkive.catalogue.annotations import added_breeds

        return added_breeds.describe(self._opened, breed, fr=fr, fci=fci, group=group)

    def rename_breed(self, old: str, new: str, *, merge: bool = False) -> Renamed:
        """Gives a breed that people added or trained another name: see `added_breeds.rename`.

        Args:
            old: The breed that is meant.
            new: Its new name; that of another breed makes both one.
            merge: Whether it may become another breed.

        Raises:
            UnknownBreedError: There is no breed `old`.
            UsageError: It can't be renamed so; nothing is changed.
        """
        from barkive.catalogue.annotations import added_breeds

        return added_breeds.rename(self._opened, old, new, merge=merge)

    def export(
        self,
        wish: Export,
        query: Filter = _ALL,
        *,
        limit: int | None = None,
        write: Callable[[str], object] = sys.stdout.write,
        remember: bool = True,
        deliver: Callable[[Outcome], object] = lambda done: None,
        on_progress: OnProgress = lambda done, total: None,
    ) -> Outcome:
        """Takes the records of photos or animals, tags or the photos out.

        What a program that keeps it was sent, as by `asm3`, is remembered once all of it is
        written: the next export holds only what is new.

        Args:
            wish: In which form, and where to.
            query: Which photos; of animals, those of which a photo is meant.
            limit: How many at most; None for all.
            write: Takes text for standard output.
            remember: Whether that is so; else all is in it, and nothing is remembered.
            deliver: Called once all is written, such as to pack it; what it raises is raised, and
                the export counts as none.
            on_progress: Called with (photos or animals done, how many in all).

        Raises:
            UsageError: The file or folder is a photo of the catalogue, or can't be written.
            MissingExtraError: The form needs an extra that is not installed.
        """
        from barkive.catalogue.animals import exporting
        from barkive.catalogue.export.exporter import Sending

        if wish.out is not None:
            self._database.refuse_as_output(wish.out)
            own = select(schema.photo.c.id).where(at([schema.absolute_path(wish.out)]))
            with self._database.read() as connection:
                if connection.execute(own).first() is not None:
                    raise UsageError("export_out_is_catalogue_photo", file=wish.out)
            if wish.out.suffix.lower() == ".png" and self._is_scanned(wish.out.parent):
                raise UsageError("export_sheet_among_photos", file=wish.out)
        sending = Sending()
        if remember and wish.exporter.with_animals and not wish.again:
            sending = exporting.read_sent(self._opened, wish.form)
        photos, numbers = self._meant(wish, query, limit)
        total = len(numbers)
        if photos is not None:
            total += min(self.count(photos), limit or sys.maxsize)
        done = wish.run(
            self.search(photos, limit=limit) if photos is not None else iter(()),
            exporting.with_photos(self._opened, numbers),
            replace(
                self._context(query),
                sending=sending,
                on_progress=lambda done, _: on_progress(done, total),
            ),
            write,
        )
        deliver(done)
        news = (sending.now, sending.gone, sending.now_photos, sending.gone_photos)
        if remember and any(news) and self.read_only is None:
            exporting.write_sent(self._opened, wish.form, sending)
        self._remember(wish, query, done.written)
        return done

    def _remember(self, wish: Export, query: Filter, number: int) -> None:
        """Writes that something was taken out, where the catalogue can be written."""
        from barkive.catalogue.export.history import record_export

        if self.read_only is None:
            with suppress(CatalogueError):
                record_export(self._database, wish.form, wish.by, query, number, wish.who)

    def _meant(
        self, wish: Export, query: Filter, limit: int | None
    ) -> tuple[Filter | None, list[int]]:
        """Which photos, and which animals, an export is to hold."""
        from barkive.catalogue.animals import exporting

        numbers: list[int] = []
        if wish.has_animals:
            self.animals.refresh()
            numbers = exporting.numbers_meant(self._opened, query, limit)
        if not wish.has_photos:
            return None, numbers
        return replace(query, grouped=False) if wish.has_animals else query, numbers

    def _context(self, query: Filter) -> ExportContext:
        from barkive.catalogue.export.exporter import ExportContext

        return ExportContext(
            breeds=self.models.names.breeds,
            base=self.top(query),
            animals_of=self.animals.of_photos,
        )

    def _is_scanned(self, folder: Path) -> bool:
        """Whether a folder is one that was scanned, or lies in one."""
        place = schema.place.c.path
        around = [schema.absolute_path(one) for one in (folder, *folder.absolute().parents)]
        with self._store.read() as connection:
            found = connection.execute(select(place).where(place.in_(around)).limit(1))
            return found.first() is not None

    def streamed(self, wish: Export, query: Filter = _ALL) -> Iterator[str]:
        """Takes the records of photos or animals out in a form of text, piece by piece.

        Of what was sent to a program nothing is remembered, and nothing left out.

        Raises:
            UsageError: The form is no text.
        """
        from barkive.catalogue.animals import exporting

        photos, numbers = self._meant(wish, query, None)
        pieces = wish.pieces(
            self.search(photos) if photos is not None else iter(()),
            exporting.with_photos(self._opened, numbers),
            self._context(query),
        )
        total = len(numbers) + (self.count(photos) if photos is not None else 0)
        self._remember(wish, query, total)
        return pieces

    def merge(
        self,
        other: str | Path,
        *,
        dry_run: bool = False,
        name: str | None = None,
        on_conflict: Callable[[Conflict], object] = lambda conflict: None,
        on_progress: OnProgress = lambda done, total: None,
    ) -> Merged:
        """Brings in what people said in another catalogue: see `merging`.

        Merged twice is the same as once; cut off, it goes on when it is called again.

        Args:
            other: A file, or `postgresql://user@host/name`; nothing of it is changed.
            dry_run: Whether only to see what would come.
            name: What the other one is called, where that is not where it lies.
            on_conflict: Called with each picture of which the two say different things.
            on_progress: Called with (pictures done, pictures in all).

        Raises:
            UsageError: There is no other catalogue, or it is damaged, newer or none.
            CatalogueError: This one can't be written.
        """
        from barkive.catalogue.transfer import merging
        from barkive.catalogue.transfer.other_catalogue import opened

        with opened(other, name) as database:
            return merging.merge(
                self._opened,
                database,
                database.name,
                dry_run=dry_run,
                on_conflict=on_conflict,
                on_progress=on_progress,
            )

    def last_merge(self) -> Merge | None:
        """The merge that `undo_merge` would take back; None where there is none."""
        from barkive.catalogue.transfer import unmerging

        return unmerging.last_merge(self._database)

    def undo_merge(self, number: int | None = None) -> Unmerged:
        """Takes the last merge back; what was said since stands: see `unmerging.undo`.

        Args:
            number: That of `last_merge`, if another one is not to be taken back.

        Raises:
            NothingToSayError: There is none, or another one has come since.
        """
        from barkive.catalogue.transfer import unmerging

        return unmerging.undo(self._opened, number)

    def history(self, photo: Known) -> list[Change]:
        """What people said of a photo, by its path or its number, in order.

        Raises:
            UnknownPhotoError: It is not in the catalogue.
        """
        from barkive.catalogue.annotations import labels

        return labels.history(self._store, _known(photo))


def _labels_in_use(store: Store) -> tuple[BreedName, ...]:
    """The labels of the catalogue's model in use."""
    from barkive.bundle import Bundle

    with store.read() as connection:
        model_id = connection.execute(select(schema.catalogue.c.model_id)).scalar_one()
        if model_id is not None:
            return store.models.get(connection, model_id).labels
    return Bundle.open(threads=1).info.labels


def _known(photo: Known) -> str | int:
    return photo if isinstance(photo, int) else as_spelt(os.fspath(photo))


def _photos(photos: Known | Iterable[Known] | Filter) -> list[str | int] | Filter:
    if isinstance(photos, Filter):
        return photos
    if isinstance(photos, (str, int, os.PathLike)):
        return [_known(photos)]
    return [_known(one) for one in photos]


def _several(given: Given | Iterable[Given]) -> Iterable[Given]:
    if isinstance(given, Iterable) and not isinstance(given, (str, os.PathLike)):
        return given
    return [given]
