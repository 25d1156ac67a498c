"""Takes photos out of the catalogue for good, with all that was derived from them.

Of their contents the SHA-256 stays, so that no scan brings them back by itself: see
`photos/forgotten.py`. What people said of a picture stays unless it is asked for; then it holds
again where somebody brings the picture back. People's own files are never touched; those that
Barkive keeps itself, because they were added to it, are deleted.

It goes by batches, each in a transaction of its own: one that was cut off leaves whole batches
behind, and goes on when it is called again.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    union_all,
    update,
)
from typing_extensions import TypedDict

from barkive.catalogue.animals.acts import LABEL
from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos import forgotten
from barkive.catalogue.query.entries import find
from barkive.catalogue.query.filters import Filter, at
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity.similar import Similar
from barkive.errors import CatalogueError, system_reason
from barkive.images.files import is_inside
from barkive.progress import OnProgress, silent

OnContents = Callable[[Collection[str]], object]

Photos = Iterable[str | int] | Filter
"""Photos by their paths or numbers, or those that a filter means."""

# So many photos go in one transaction, for which others wait.
_AT_ONCE = 200
# The tables that say of a picture what nobody said of it, or what was only proposed.
_OF_PICTURES = (
    *(schema.alias, schema.review, schema.review_order),
    *(schema.animal_photo, schema.refusal),
)


class ForgottenJSON(TypedDict):
    """The JSON form of what was taken out."""

    photos: int
    copies: int
    added: int
    labelled: int
    labels: int
    grouped: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out, or would be.

    Attributes:
        photos: How many photos, copies included.
        copies: Of these, how many go only because they hold a picture of the others.
        added: Of how many the file is deleted as well, because Barkive keeps it.
        labelled: How many of the pictures that go people spoke of.
        labels: How often they did; deleted only where that was asked for.
        grouped: How many of the pictures that go show an animal that is known.
    """

    photos: int = 0
    copies: int = 0
    added: int = 0
    labelled: int = 0
    labels: int = 0
    grouped: int = 0

    def to_json(self) -> ForgottenJSON:
        """The figures as a JSON object."""
        return {
            "photos": self.photos,
            "copies": self.copies,
            "added": self.added,
            "labelled": self.labelled,
            "labels": self.labels,
            "grouped": self.grouped,
        }


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Photos that are to be taken out, as they were when it was asked for.

    Attributes:
        store: The catalogue.
        ids: The `id` of each photo, copies included, ascending.
        copies: How many of these were not named.
        folder: Where Barkive keeps the files that were added to it.
        on_contents: See `of`.
    """

    store: Store
    ids: Sequence[int]
    copies: int
    folder: str
    on_contents: OnContents

    @classmethod
    def of(
        cls,
        store: Store,
        photos: Photos,
        folder: Path,
        *,
        copies: bool | None = None,
        on_contents: OnContents = lambda contents: None,
    ) -> Forgetting:
        """Finds the photos.

        Args:
            store: The catalogue.
            photos: Which ones.
            folder: Where Barkive keeps the files that were added to it.
            copies: Whether all files of their pictures go; None for all, but where a filter means
                files that are gone: then those alone, because a copy may still be there.
            on_contents: Called with the SHA-256 of contents, in hex digits, which no photo has any
                more, so that what else was made of them goes too; before they are forgotten.

        Raises:
            UnknownBreedError: The filter names no breed.
            UnknownPhotoError: One of the photos is not in the catalogue.
        """
        if copies is None:
            copies = not (isinstance(photos, Filter) and photos.missing)
        with store.read() as connection:
            named = _named(connection, store, photos)
            ids = _with_copies(connection, named) if copies else named
        at_rest = schema.absolute_path(folder)
        return cls(store, array("q", sorted(ids)), len(ids) - len(named), at_rest, on_contents)

    def holds(self, number: int) -> bool:
        """Whether a photo is one of them, by its `id`."""
        place = bisect_left(self.ids, number)
        return place < len(self.ids) and self.ids[place] == number

    def foresee(self) -> Forgotten:
        """What would be taken out."""
        with self.store.read() as connection:
            found = [_Batch.read(connection, part, self) for part in self._parts()]
            return self._sum(one.figures(connection) for one in found)

    def carry_out(
        self, *, labels: bool, by: str | None, on_progress: OnProgress = silent
    ) -> Forgotten:
        """Takes them out.

        Args:
            labels: Whether also what people said of the pictures.
            by: Who takes them out.
            on_progress: Called with (photos done, photos in all).

        Raises:
            CatalogueError: The catalogue can't be written.
        """
        done: list[Forgotten] = []
        similar = Similar(self.store)
        for part in self._parts():
            with self.store.write() as connection:
                if connection.dialect.name == "sqlite":
                    # What was deleted is not left on the pages of the file.
                    connection.exec_driver_sql("PRAGMA secure_delete = ON")
                batch = _Batch.read(connection, part, self)
                done.append(batch.figures(connection))
                answers = batch.forget(connection, self, labels=labels, by=by)
            for model_id, numbers in answers.items():
                similar.blank(model_id, numbers)
            on_progress(min(_AT_ONCE * len(done), len(self.ids)), len(self.ids))
        return self._sum(done)

    def _parts(self) -> Iterator[Sequence[int]]:
        return (list(part) for part in chunks(self.ids, _AT_ONCE))

    def _sum(self, parts: Iterable[Forgotten]) -> Forgotten:
        total = Forgotten()
        for one in parts:
            total = Forgotten(
                photos=total.photos + one.photos,
                added=total.added + one.added,
                labelled=total.labelled + one.labelled,
                labels=total.labels + one.labels,
                grouped=total.grouped + one.grouped,
            )
        return replace(total, copies=min(self.copies, total.photos))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some of the photos that go.

    Attributes:
        rows: Theirs.
        pictures: Those of which the last photo goes with them.
        added: The files of theirs that Barkive keeps.
    """

    rows: Sequence[Row[Any]]
    pictures: Sequence[int]
    added: Sequence[str]

    @classmethod
    def read(cls, connection: Connection, ids: Sequence[int], all_: Forgetting) -> _Batch:
        c = schema.photo.c
        chosen: Select[Any] = select(c.id, c.picture, c.path, c.sha256).where(c.id.in_(ids))
        rows = connection.execute(chosen.order_by(c.id)).all()
        last: dict[int, int] = {}
        others = select(c.id, c.picture).where(c.picture.in_({row.picture for row in rows}))
        for row in connection.execute(others):
            # Photos that go with an earlier or a later batch have their picture go with the last.
            is_kept = not all_.holds(row.id)
            last[row.picture] = max(last.get(row.picture, 0), 1 << 63 if is_kept else row.id)
        own = {row.id for row in rows}
        pictures = [picture for picture, number in last.items() if number in own]
        added = [row.path for row in rows if is_inside(row.path, all_.folder)]
        return cls(rows, pictures, added)

    def figures(self, connection: Connection) -> Forgotten:
        said, shown = schema.correction.c, schema.animal_photo.c
        spoken = select(func.count(said.picture.distinct()), func.count())
        spoken = spoken.where(said.picture.in_(self.pictures))
        labelled, labels = connection.execute(spoken).one()
        grouped = select(func.count(shown.picture.distinct()))
        grouped = grouped.where(shown.picture.in_(self.pictures))
        return Forgotten(
            photos=len(self.rows),
            added=len(self.added),
            labelled=labelled,
            labels=labels,
            grouped=connection.execute(grouped).scalar_one(),
        )

    def forget(
        self, connection: Connection, all_: Forgetting, *, labels: bool, by: str | None
    ) -> Mapping[int, Sequence[int]]:
        """Deletes them, and gives the numbers of the answers that went, by their models."""
        content, said = schema.content, schema.correction
        digests = {bytes(row.sha256) for row in self.rows if row.sha256 is not None}
        of_pictures = select(content.c.sha256).where(content.c.picture.in_(self.pictures))
        digests |= {bytes(one) for one in connection.execute(of_pictures).scalars()}
        forgotten.remember(connection, digests, by)
        _delete(connection, schema.other_dog, "photo_id", [row.id for row in self.rows])
        _delete(connection, schema.photo, "id", [row.id for row in self.rows])
        if labels:
            _delete(connection, said, "picture", self.pictures)
        _forget_pictures(connection, self.pictures, labels=labels)
        c = schema.photo.c
        used = select(c.sha256).where(c.sha256.in_(digests))
        unused = digests - {bytes(one) for one in connection.execute(used).scalars()}
        answers = _forget_answers(connection, unused)
        all_.on_contents([one.hex() for one in sorted(unused)])
        # Whoever is stopped before the end finds the photos still there, and takes them out again.
        for path in self.added:
            try:
                os.unlink(path)  # noqa: PTH108 - Path() would refuse odd names
            except FileNotFoundError:
                continue
            except OSError as error:
                raise CatalogueError(
                    "forget_file_not_deleted", file=path, reason=system_reason(error)
                ) from None
        return answers


def _named(connection: Connection, store: Store, photos: Photos) -> list[int]:
    """The `id` of each photo that is meant."""
    c = schema.photo.c
    if isinstance(photos, Filter):
        found = union_all(*(select(c.id).where(case) for case in photos.cases(store)))
        return list(connection.execute(found).scalars())
    given = list(dict.fromkeys(photos))
    known: dict[str | int, int] = {}
    for part in chunks([one for one in given if isinstance(one, int)]):
        rows = connection.execute(select(c.number, c.id).where(c.number.in_(part)))
        known |= {row.number: row.id for row in rows}
    paths = {schema.absolute_path(name): name for name in given if isinstance(name, str)}
    for some in chunks(list(paths)):
        # The one that is there, or else the last one that was.
        last = select(c.path, c.id).where(at(some)).order_by(c.missing_since.is_(None), c.id)
        known |= {paths[row.path]: row.id for row in connection.execute(last)}
    # It may have come with a merge; if not, this says that it is unknown.
    known |= {one: find(connection, one).id for one in given if one not in known}
    return list(dict.fromkeys(known.values()))


def _with_copies(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Photos with all others of their pictures."""
    c, found = schema.photo.c, set(ids)
    for part in chunks(ids):
        pictures = select(c.picture).where(c.id.in_(part))
        found |= set(connection.execute(select(c.id).where(c.picture.in_(pictures))).scalars())
    return found


def _delete(connection: Connection, table: Table, column: str, values: Collection[Any]) -> None:
    for part in chunks(list(values)):
        connection.execute(delete(table).where(table.c[column].in_(part)))


def _forget_pictures(connection: Connection, pictures: Sequence[int], *, labels: bool) -> None:
    """Deletes what is known of pictures of which no photo is left."""
    content, said, change = schema.content, schema.correction.c, schema.act_change
    for table in _OF_PICTURES:
        _delete(connection, table, "picture", pictures)
    # What people did to animals stands without these pictures, and can be undone without them.
    is_theirs: ColumnElement[bool] = change.c.picture.in_(pictures)
    if not labels:
        is_theirs = and_(is_theirs, change.c.field != LABEL)
    connection.execute(delete(change).where(is_theirs))
    spoken = set(
        connection.execute(
            select(said.picture).where(said.picture.in_(pictures)).distinct()
        ).scalars()
    )
    _delete(connection, content, "picture", [one for one in pictures if one not in spoken])
    # By its content alone a label finds its picture again.
    kept = update(content).where(content.c.picture.in_(spoken))
    connection.execute(kept.values(coded=None, sketch=None))
    main = schema.animal.c.main_picture.in_(pictures)
    connection.execute(update(schema.animal).where(main).values(main_picture=None, stale=True))
    _forget_suggested(connection, pictures)


def _forget_suggested(connection: Connection, pictures: Sequence[int]) -> None:
    """Takes pictures out of suggestions; those go that suggest nothing any more."""
    shown, table = schema.suggestion_photo.c, schema.suggestion
    touched = (
        connection.execute(
            select(shown.suggestion_id).where(shown.picture.in_(pictures)).distinct()
        )
        .scalars()
        .all()
    )
    _delete(connection, schema.suggestion_photo, "picture", pictures)
    left = (
        select(func.count())
        .where(shown.suggestion_id == table.c.id)
        .correlate(table)
        .scalar_subquery()
    )
    for part in chunks(touched):
        these = table.c.id.in_(part)
        connection.execute(update(table).where(these).values(photos=left))
        is_empty = or_(table.c.photos < 1, and_(table.c.animal.is_(None), table.c.photos < 2))
        gone = connection.execute(select(table.c.id).where(these, is_empty)).scalars().all()
        _delete(connection, schema.suggestion_photo, "suggestion_id", gone)
        _delete(connection, table, "id", gone)


def _forget_answers(
    connection: Connection, digests: Collection[bytes]
) -> Mapping[int, Sequence[int]]:
    """Deletes what models said of contents that no photo has any more."""
    c, photo = schema.answer.c, schema.photo.c
    of_models: defaultdict[int, list[int]] = defaultdict(list)
    for part in chunks(list(digests)):
        own = select(c.id, c.model_id).where(c.sha256.in_(part))
        for row in connection.execute(own.where(~exists().where(photo.answer_id == c.id))):
            of_models[row.model_id].append(row.id)
    for numbers in of_models.values():
        _delete(connection, schema.detection, "answer_id", numbers)
        _delete(connection, schema.answer, "id", numbers)
    return of_models
