"""Which photos are meant: the filters that search, export and the rest share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import takewhile

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, table, text, true
from sqlalchemy import func as sql

from barkive import breeds
from barkive.catalogue.db.schema import absolute_path, photo, zone
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.text_search import split
from barkive.errors import UsageError
from barkive.images.remote import is_remote
from barkive.verdicts import Status

_FTS = table("photo_words")
# Enough to note every page of ten million photos.
_MEMORY = "64MB"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which photos are meant; a photo must fit every filter that is set.

    Attributes:
        text: Words, each the start of a word of the path, a breed's name in either language,
            its FCI group or the note; case and accents don't matter.
        breed: A name or id: photos of that breed or of crosses with it, and uncertain ones
            whose best guess it is.
        group: An FCI group, 1..10.
        status: One of these statuses.
        after: Taken on this day or later; photos without a date are left out.
        before: Taken before this day.
        folder: In this folder or a folder inside it.
        min_probability: The breed has at least this probability, 0..1.
        corrected: Whether people spoke of it; None for both.
        missing: Whether files that are gone are meant, and not those that are there; None
            for both.

    Raises:
        UsageError: A value is out of its range, or empty.
    """

    text: str | None = None
    breed: str | None = None
    group: int | None = None
    status: Sequence[Status] = ()
    after: date | None = None
    before: date | None = None
    folder: str | None = None
    min_probability: float | None = None
    corrected: bool | None = None
    missing: bool | None = False

    def __post_init__(self) -> None:
        # An empty folder would be the one that the program happens to run in.
        if self.folder is not None and not self.folder.strip():
            raise UsageError("filter_folder_empty")
        if self.group is not None and not 1 <= self.group <= 10:
            raise UsageError("filter_group_range", group=self.group)
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise UsageError("filter_probability_range", probability=self.min_probability)

    def to_review(self) -> Filter:
        """The photos of these that a review goes through.

        Those that nobody has spoken of, and where no status is asked for, that the model is
        not sure of.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        if Status.FAILED in self.status:
            raise UsageError("review_status_failed")
        return replace(self, status=self.status or (Status.UNCERTAIN,), corrected=False)

    def where(self, store: Store) -> ColumnElement[bool]:
        """The filters as one condition on `photo`: see `cases`."""
        return or_(*self.cases(store))

    def cases(self, store: Store) -> list[ColumnElement[bool]]:
        """The filters as conditions on `photo`, of which each photo fits one at most.

        A breed stands in one of two columns. No index holds both, so that one condition
        would have every row looked at.

        Args:
            store: The catalogue.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        c = photo.c
        conditions: list[ColumnElement[bool]] = []
        if self.missing is not None:
            conditions.append(c.missing_since.is_not(None) if self.missing else present())
        if self.text is not None and self.text.strip():
            conditions.append(_holds(split(self.text), store.is_sqlite))
        if self.status:
            conditions.append(c.status.in_([Status(one).value for one in self.status]))
        if self.after is not None:
            conditions.append(c.taken_at >= datetime.combine(self.after, time()))
        if self.before is not None:
            conditions.append(c.taken_at < datetime.combine(self.before, time()))
        if self.folder is not None:
            conditions.append(inside(self.folder))
        if self.min_probability is not None:
            conditions.append(c.probability >= self.min_probability)
        if self.corrected is not None:
            # Word for word what the indexes have.
            conditions.append(c.corrected if self.corrected else c.corrected.is_(False))
        rest = and_(true(), *conditions)
        meant = self.breed_ids(store.models)
        if meant is None:
            return [rest]
        return [
            and_(c.breed.in_(meant), rest),
            and_(c.breed2.in_(meant), c.breed.not_in(meant), rest),
        ]

    def zone_maps(self) -> ColumnElement[bool]:
        """Which zones can hold a photo that is meant: see `schema.zone`."""
        c = zone.c
        conditions: list[ColumnElement[bool]] = [true()]
        if self.after is not None:
            conditions.append(c.last_taken >= datetime.combine(self.after, time()))
        if self.before is not None:
            conditions.append(c.first_taken < datetime.combine(self.before, time()))
        if self.folder is not None:
            start = folder_prefix(self.folder)
            conditions += [c.last_path >= start, c.first_path < prefix_end(start)]
        return and_(*conditions)

    def breed_ids(self, models: Models) -> list[str] | None:
        """The ids that breed and group leave; None for all.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        grouped = [breed.id for breed in breeds.all_breeds() if breed.group == self.group]
        if self.breed is None:
            every = [one for breed in grouped for one in models.names.ids(breed)]
            return None if self.group is None else every
        one = models.names.find(self.breed)
        return models.names.ids(one) if self.group is None or one in grouped else []


def look_words_up(connection: Connection) -> None:
    """Has PostgreSQL look words up in their index until the transaction ends.

    It believes that to read all photos takes no longer where many hold a word. But then it
    takes every photo's words apart.
    """
    others = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
    settings = {**dict.fromkeys(others, "off"), "work_mem": _MEMORY}
    connection.execute(select(*(sql.set_config(*one, True) for one in settings.items())))


def inside(folder: str, column: ColumnElement[str] = photo.c.path) -> ColumnElement[bool]:
    """The photos in a folder or in the folders inside it.

    Args:
        folder: Which one.
        column: Of paths: that of `photo`, or what another table keeps of it.
    """
    start = folder_prefix(folder)
    # As a range, because that is what an index finds.
    return and_(column >= start, column < prefix_end(start))


def folder_prefix(folder: str) -> str:
    """What the path of each photo in a folder begins with."""
    path = absolute_path(folder)
    mark = path_separator(path)
    return path if path.endswith(mark) else path + mark


def prefix_end(start: str) -> str:
    """What is behind every path that begins so: the next character ends it."""
    return start[:-1] + chr(ord(start[-1]) + 1)


def path_separator(path: str) -> str:
    """What parts the folders of a path: of a URL a slash, on every system."""
    return "/" if is_remote(path) else os.sep


def common_folder(first: str, last: str) -> str | None:
    """The folder in which two paths lie, and all between them; None where there is none."""
    if is_remote(first):
        pairs = zip(first.split("/")[:-1], last.split("/")[:-1], strict=False)
        same = "/".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        folder = same.rstrip("/")
        return folder if is_remote(folder) else None
    try:
        return os.path.commonpath([os.path.dirname(first), os.path.dirname(last)])  # noqa: PTH120
    except ValueError:  # on two drives, or one of them a URL
        return None


def present() -> ColumnElement[bool]:
    """The photos whose files were there at the last scan."""
    return photo.c.missing_since.is_(None)


def _holds(words: list[str], sqlite: bool) -> ColumnElement[bool]:
    """The photos under whose words each of these is the start of one."""
    if not words:
        return false()
    if sqlite:
        match = " ".join(f'"{word}"*' for word in words)
        found = select(text("rowid")).select_from(_FTS).where(text("photo_words MATCH :words"))
        return photo.c.id.in_(found.params(words=match).scalar_subquery())
    match = " & ".join(f"{word}:*" for word in words)
    return sql.to_tsvector(text("'simple'"), photo.c.words).op("@@")(
        sql.to_tsquery(text("'simple'"), match)
    )
