"""The catalogue, in a few methods: what the command line, the web page and programs call."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from sqlalchemy import func, select

from barkive.catalogue import corrections, counting, duplicates, entries, schema
from barkive.catalogue import scan as scanning
from barkive.catalogue.corrections import Correction
from barkive.catalogue.database import Database
from barkive.catalogue.export.outcome import OnProgress, Outcome
from barkive.catalogue.export.run import Export
from barkive.catalogue.filters import Filter
from barkive.catalogue.models import Models, pack_vector, unpack_vectors
from barkive.catalogue.records import Change, Entry, Found, Kind
from barkive.catalogue.similar import Similar
from barkive.classifier import Classifier
from barkive.errors import PhotoError, UsageError

_ALL = Filter()


class Catalogue:
    """An association's photos, with what is known and said of each.

    Example:
        >>> from barkive.catalogue import Catalogue, Filter
        >>> with Catalogue("photos.sqlite") as catalogue:
        ...     catalogue.scan(["/home/ada/Pictures"])
        ...     for entry in catalogue.search(Filter(breed="beagle", min_probability=0.9)):
        ...         print(entry.file, entry.breeds[0].probability)
        ...     catalogue.correct("/home/ada/Pictures/rex.jpg", breed="Boxer", by="Ada")
    """

    def __init__(self, where: str | Path | None = None, *, create: bool = True) -> None:
        """Opens a catalogue.

        Args:
            where: A file, or `postgresql://user@host/name`; None for the one in the user's
                data folder.
            create: Whether to make it where there is none.

        Raises:
            CatalogueError: It can't be opened, or there is none and none is to be made.
            MissingExtraError: PostgreSQL is asked for without the extra for it.
        """
        self._database = Database(where, create=create)
        self._models = Models()
        self._similar = Similar(self._database, self._models)
        with self._database.read() as connection:
            self._models.read(connection)

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
    def models(self) -> Models:
        """The models that answered, and the breeds that they know."""
        return self._models

    def scan(
        self,
        folders: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        classifier: Classifier | None = None,
        retry_failed: bool = False,
        summary: scanning.Summary | None = None,
        on_progress: OnProgress = lambda done, total: None,
    ) -> scanning.Summary:
        """Brings the catalogue up to date with folders: see `scan.scan`.

        Args:
            folders: Folders and files.
            classifier: Whose answers are wanted; None for the model inside the package.
            retry_failed: Whether to read photos again that could not be read.
            summary: Filled as the scan goes.
            on_progress: Called with (photos done, photos in all).
        """
        found = scanning.scan(
            self._database,
            self._models,
            [os.fspath(folder) for folder in _several(folders)],
            classifier or Classifier(),
            retry_failed=retry_failed,
            summary=summary,
            on_progress=on_progress,
        )
        with self._database.read() as connection:
            ids = connection.execute(select(schema.model.c.id)).scalars().all()
        for model_id in ids:
            self._similar.index(model_id)
        self._database.optimise()
        return found

    def search(self, wanted: Filter = _ALL, *, limit: int | None = None) -> Iterator[Entry]:
        """The photos that are meant, in the order in which they were catalogued.

        Raises:
            UnknownBreedError: There is no such breed.
            UsageError: `limit` is below 1.
        """
        if limit is not None and limit < 1:
            raise UsageError(f"The limit is {limit}; it must be 1 or more.")
        cases = wanted.cases(self._models, sqlite=self._database.is_sqlite)
        # To look for words twice would cost more than to sort what they find.
        few = wanted.text is not None
        return entries.pages(self._database, self._models, cases, limit, few=few)

    def count(self, wanted: Filter = _ALL) -> int:
        """How many photos are meant."""
        return counting.count(self._database, self._models, wanted)

    def counts(self, by: counting.By, wanted: Filter = _ALL) -> Counter[str]:
        """How many photos there are of each status, or of each breed by its id."""
        return counting.counts(self._database, self._models, by, wanted)

    def photo(self, path: str | os.PathLike[str]) -> Entry:
        """One photo by its path.

        Raises:
            CatalogueError: It is not in the catalogue.
        """
        return corrections.one(self._database, self._models, os.fspath(path))

    def like(
        self,
        photo: str | os.PathLike[str],
        wanted: Filter = _ALL,
        *,
        limit: int = 20,
        classifier: Classifier | None = None,
    ) -> list[Found]:
        """The photos of the catalogue most like one, the likest first.

        Args:
            photo: Of the catalogue, or any other.
            wanted: Which photos of the catalogue.
            limit: How many at most.
            classifier: That sees a photo which is not in the catalogue; None for the model
                inside the package.

        Raises:
            PhotoError: The photo can't be read.
            UsageError: No photo was judged by the classifier's model.
        """
        path = os.fspath(photo)
        with self._database.read() as connection:
            row = connection.execute(
                select(schema.photo.c.id, schema.answer.c.vector, schema.answer.c.model_id)
                .join_from(schema.photo, schema.answer)
                .where(schema.photo.c.path == schema.absolute(path))
            ).first()
        if row is not None:
            vector = unpack_vectors([row.vector])[0]
            return self._similar.find(vector, row.model_id, wanted, limit, but=row.id)
        classifier = classifier or Classifier()
        model_id = self._models.number(classifier.bundle.digest)
        if model_id is None:
            raise UsageError(
                f"The catalogue holds no answers of the model {classifier.bundle.model}, so "
                f"{path} can't be compared; give the model that it was scanned with."
            )
        (judged,) = classifier.judge([path], classifier.bundle.info.preprocessing.load)
        if judged.scores is None:
            raise PhotoError(f"{path} can't be compared. {judged.error}")
        packed = np.frombuffer(pack_vector(judged.scores.features[0]), np.int8)
        return self._similar.find(packed, model_id, wanted, limit)

    def duplicates(self, wanted: Filter = _ALL, *, near: bool = True) -> Iterator[duplicates.Group]:
        """Groups of photos that show the same: see `duplicates.find_duplicates`."""
        return duplicates.find_duplicates(self._database, self._models, wanted, near=near)

    def correct(
        self,
        photo: str | os.PathLike[str],
        *,
        breed: str | None = None,
        cross: Sequence[str] = (),
        not_dog: bool = False,
        unsure: bool = False,
        undo: bool = False,
        note: str | None = None,
        by: str | None = None,
        other: bool = False,
    ) -> Entry:
        """Writes what a person says of a photo, and of every file of the same content.

        Exactly one of `breed`, `cross`, `not_dog`, `unsure` and `undo` must be given. It is
        durable when this returns.

        Args:
            photo: Its path.
            breed: A name or an id.
            cross: The two breeds of a cross.
            not_dog: There is no dog on it.
            unsure: It can't be told.
            undo: Takes back the last thing that was said.
            note: Anything worth remembering.
            by: Who says so.
            other: Whether breeds that Barkive has no name for are taken as they are written.

        Returns:
            The photo as it is now.

        Raises:
            CatalogueError: It is not in the catalogue, or the catalogue can't be written.
            UnknownBreedError: There is no such breed.
            UsageError: Not exactly one thing is said, or there is nothing to take back.
        """
        said: list[tuple[Kind, tuple[str, ...]]] = []
        if breed is not None:
            said.append((Kind.BREED, (breed,)))
        if cross:
            said.append((Kind.CROSS, tuple(cross)))
        flags = {Kind.NOT_DOG: not_dog, Kind.UNSURE: unsure, Kind.UNDO: undo}
        said += [(kind, ()) for kind, wanted in flags.items() if wanted]
        if len(said) != 1:
            raise UsageError(
                "Say exactly one thing of a photo: a breed, a cross, not a dog, unsure, or undo."
            )
        ((kind, breeds),) = said
        return corrections.correct(
            self._database,
            self._models,
            os.fspath(photo),
            Correction(kind, breeds, note, by, other),
        )

    def export(
        self,
        wish: Export,
        wanted: Filter = _ALL,
        *,
        limit: int | None = None,
        write: Callable[[str], object] = sys.stdout.write,
        on_progress: OnProgress = lambda done, total: None,
    ) -> Outcome:
        """Takes photos' records, tags or the photos out.

        Args:
            wish: In which form, and where to.
            wanted: Which photos.
            limit: How many at most; None for all.
            write: Takes text for standard output.
            on_progress: Called with (photos done, photos in all).

        Raises:
            UsageError: The file or folder is a photo of the catalogue, or can't be written.
            MissingExtraError: The form needs an extra that is not installed.
        """
        where = wanted.where(self._models, sqlite=self._database.is_sqlite)
        path = schema.photo.c.path
        with self._database.read() as connection:
            ends = connection.execute(select(func.min(path), func.max(path)).where(where)).one()
            if wish.out is not None:
                self._database.refuse_as_output(wish.out)
                own = select(schema.photo.c.id).where(path == schema.absolute(wish.out))
                if connection.execute(own).first() is not None:
                    raise UsageError(
                        f"{wish.out} is a photo of the catalogue, which is not overwritten; "
                        "give another file."
                    )
        total = min(self.count(wanted), limit or sys.maxsize)
        return wish.run(
            self.search(wanted, limit=limit),
            labels=tuple(self._models.labels.values()),
            base=_common_folder(*ends),
            write=write,
            on_progress=lambda done, _: on_progress(done, total),
        )

    def history(self, photo: str | os.PathLike[str]) -> list[Change]:
        """What people said of a photo, in order.

        Raises:
            CatalogueError: It is not in the catalogue.
        """
        return corrections.history(self._database, self._models, os.fspath(photo))

    def to_review(self, wanted: Filter = _ALL) -> Generator[Entry, None, None]:
        """The photos that the model is not sure of, most useful first: see `to_review`."""
        return corrections.to_review(self._database, self._models, wanted)


def _common_folder(first: str | None, last: str | None) -> Path | None:
    """The folder in which all photos lie between two paths, in the order of their characters."""
    if first is None or last is None:
        return None
    try:
        return Path(os.path.commonpath([os.path.dirname(first), os.path.dirname(last)]))  # noqa: PTH120
    except ValueError:  # on two drives
        return None


def _several(
    given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> Iterable[str | os.PathLike[str]]:
    return [given] if isinstance(given, (str, os.PathLike)) else given
