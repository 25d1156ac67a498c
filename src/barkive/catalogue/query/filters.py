"""Which photos are meant: the filters that search, export and the rest share."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import takewhile

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    any_,
    exists,
    false,
    literal,
    or_,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy import func as sql

from barkive.catalogue.db.schema import (
    WORD_LETTERS,
    absolute_path,
    animal_photo,
    other_dog,
    photo,
    word_tally,
    zone,
)
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.text_search import split
from barkive.errors import UsageError
from barkive.images.remote import is_remote
from barkive.verdicts import Status

_FTS = table("photo_words")
_NUMBER_OF_DOGS = re.compile("(?P<least>[0-9]{1,4})((?P<more>[+])|-(?P<most>[0-9]{1,4}))?")
_MOST_DOGS = 9999
_REVIEWED = (Status.UNCERTAIN, Status.NOT_DOG, Status.DOG)
# So few words take the place of their beginning.
_MOST_WORDS = 8
# Enough to note every page of ten million photos.
_MEMORY = "64MB"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which photos are meant; a photo must fit every filter that is set.

    Attributes:
        text: Words, each the start of a word of the path, a breed's name in either language
            or the note; case and accents don't matter.
        breed: A name or id: photos that show a dog of that breed or a cross with it, or one
            that is uncertain and whose best guess it is.
        breeds: Further breeds: a photo must show a dog of each.
        group: An FCI group, 1..10, of that dog.
        status: One of these statuses.
        after: Taken on this day or later; photos without a date are left out.
        before: Taken before this day.
        added_after: Catalogued on this day, UTC, or later.
        added_before: Catalogued before this day.
        folder: In this folder or a folder inside it.
        min_probability: The breed has at least this probability, 0..1: of the dog that is asked
            for, or of the main dog.
        dogs: How many dogs it shows: at least, and at most, None for any number; see
            `number_of_dogs`. Photos in which they were never looked for are left out.
        corrected: Whether people spoke of it; None for both.
        missing: Whether files that are gone are meant, and not those that are there; None
            for both.
        animal: The number of an animal that it shows.
        grouped: Whether it shows an animal that is known; None for both.
        numbers: One of these; None for any.

    Raises:
        UsageError: A value is out of its range, or empty.
    """

    text: str | None = None
    breed: str | None = None
    breeds: tuple[str, ...] = ()
    group: int | None = None
    status: Sequence[Status] = ()
    after: date | None = None
    before: date | None = None
    added_after: date | None = None
    added_before: date | None = None
    folder: str | None = None
    min_probability: float | None = None
    dogs: tuple[int, int | None] | None = None
    corrected: bool | None = None
    missing: bool | None = False
    animal: int | None = None
    grouped: bool | None = None
    numbers: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        # An empty folder would be the one that the program happens to run in.
        if self.folder is not None and not self.folder.strip():
            raise UsageError("filter_folder_empty")
        if self.group is not None and not 1 <= self.group <= 10:
            raise UsageError("filter_group_range", group=self.group)
        for code, after, before in (
            ("filter_dates_reversed", self.after, self.before),
            ("filter_added_reversed", self.added_after, self.added_before),
        ):
            if after is not None and before is not None and after >= before:
                raise UsageError(code, after=after, before=before)
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise UsageError("filter_probability_range", probability=self.min_probability)
        if self.dogs is not None:
            least, most = self.dogs
            if not 0 <= least <= _MOST_DOGS or (
                most is not None and not least <= most <= _MOST_DOGS
            ):
                raise UsageError("filter_dogs_invalid", text=f"{least}-{most}")

    def to_review(self) -> Filter:
        """The photos of these that a review goes through.

        Those that nobody has spoken of, and where neither a status nor single photos are asked
        for, that the model is not sure of.

        Raises:
            UsageError: Photos that can't be read are asked for.
        """
        if Status.FAILED in self.status:
            raise UsageError("review_status_failed")
        named = _REVIEWED if self.numbers is not None else (Status.UNCERTAIN,)
        return replace(self, status=self.status or named, corrected=False)

    def where(self, store: Store) -> ColumnElement[bool]:
        """The filters as one condition on `photo`: see `cases`."""
        return or_(*self.cases(store))

    def cases(self, store: Store) -> list[ColumnElement[bool]]:
        """The filters as conditions on `photo`, of which each photo fits one at most.

        A breed stands in one of two columns, or is that of another dog than the main one. No
        index holds all, so that one condition would have every row looked at.

        Args:
            store: The catalogue.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        c, conditions = photo.c, self._of_all_dogs(store)
        probable: ColumnElement[bool] = true()
        if self.min_probability is not None:
            probable = c.probability >= self.min_probability
        meant = self.breed_ids(store.models)
        if not meant:
            return [and_(true(), *conditions, probable)]
        first, *further = meant
        beside = [or_(self._is_main(ids), self._is_beside(ids)) for ids in further]
        rest = and_(true(), *conditions, *beside)
        return [
            and_(c.breed.in_(first), rest, probable),
            and_(c.breed2.in_(first), c.breed.not_in(first), rest, probable),
            and_(self._is_beside(first), ~self._is_main(first), rest),
        ]

    def _of_all_dogs(self, store: Store) -> list[ColumnElement[bool]]:
        """The conditions that are the same whichever dog is asked for."""
        c = photo.c
        conditions: list[ColumnElement[bool]] = []
        if self.missing is not None:
            conditions.append(c.missing_since.is_not(None) if self.missing else present())
        if self.text is not None and self.text.strip():
            conditions.append(_holds(split(self.text), store, self.missing is False))
        if self.status:
            conditions.append(c.status.in_([Status(one).value for one in self.status]))
        conditions += between(c.taken_at, self.after, self.before)
        conditions += between(c.added_at, self.added_after, self.added_before)
        if self.folder is not None:
            conditions.append(inside(self.folder))
        if self.dogs is not None:
            least, most = self.dogs
            conditions.append(c.dogs == least if most == least else c.dogs >= least)
            if most not in (None, least):
                conditions.append(c.dogs <= most)
        if self.corrected is not None:
            # Word for word what the indexes have.
            conditions.append(c.corrected if self.corrected else c.corrected.is_(False))
        return conditions + self._of_animals(store)

    def _of_animals(self, store: Store) -> list[ColumnElement[bool]]:
        """The conditions on the animals that a photo shows, and on its number."""
        c, shown = photo.c, animal_photo.c
        conditions: list[ColumnElement[bool]] = []
        if self.animal is not None:
            of_animal = select(shown.picture).where(shown.animal == self.animal)
            conditions.append(c.picture.in_(of_animal))
        if self.grouped is not None:
            # Of those that belong to animals there are mostly few: found from there.
            known = c.picture.in_(select(shown.picture))
            unknown = ~exists().where(shown.picture == c.picture)
            conditions.append(known if self.grouped else unknown)
        if self.numbers is not None:
            conditions.append(_one_of(self.numbers, store))
        return conditions

    def _is_main(self, ids: Sequence[str]) -> ColumnElement[bool]:
        """The photos whose main dog is of one of these breeds; true or false of each."""
        c = photo.c
        is_so = or_(sql.coalesce(c.breed, "").in_(ids), sql.coalesce(c.breed2, "").in_(ids))
        if self.min_probability is None:
            return is_so
        return and_(is_so, sql.coalesce(c.probability, 0.0) >= self.min_probability)

    def _is_beside(self, ids: Sequence[str]) -> ColumnElement[bool]:
        """The photos with another dog than the main one that is of one of these breeds."""
        c = other_dog.c
        probable: ColumnElement[bool] = true()
        if self.min_probability is not None:
            probable = c.probability >= self.min_probability
        # An index for each.
        found = union_all(
            *(select(c.photo_id).where(one.in_(ids), probable) for one in (c.breed, c.breed2))
        )
        return photo.c.id.in_(select(found.subquery().c.photo_id))

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

    def breed_ids(self, models: Models) -> list[list[str]]:
        """The ids that each breed and the group leave; nothing where all are meant.

        Raises:
            UnknownBreedError: There is no such breed.
        """
        known = models.names.breeds.values()
        grouped = [breed.id for breed in known if breed.group == self.group]
        wanted = [
            models.names.find(name) for name in (self.breed, *self.breeds) if name is not None
        ]
        if not wanted and self.group is not None:
            return [[one for breed in grouped for one in models.names.ids(breed)]]
        return [
            models.names.ids(one) if self.group is None or one in grouped else []
            for one in dict.fromkeys(wanted)
        ]


def between(
    moment: ColumnElement[datetime], first: date | None, end: date | None
) -> Iterator[ColumnElement[bool]]:
    """The conditions on a moment: on the one day or later, and before the other."""
    if first is not None:
        yield moment >= datetime.combine(first, time())
    if end is not None:
        yield moment < datetime.combine(end, time())


def number_of_dogs(text: str) -> tuple[int, int | None]:
    """How many dogs are meant by `2`, by `2+` or by `1-3`: at least, and at most.

    Raises:
        UsageError: It is written otherwise.
    """
    found = _NUMBER_OF_DOGS.fullmatch(text.strip())
    if found is None:
        raise UsageError("filter_dogs_invalid", text=text)
    least = int(found["least"])
    if found["more"]:
        return least, None
    most = int(found["most"] or least)
    if most < least:
        raise UsageError("filter_dogs_invalid", text=text)
    return least, most


def look_words_up(connection: Connection) -> None:
    """Has PostgreSQL look words up in their index until the transaction ends.

    It believes that to read all photos takes no longer where many hold a word. But then it
    takes every photo's words apart.
    """
    _look_words_up(connection, True)


def read_words(connection: Connection) -> None:
    """Has PostgreSQL read photos one after the other until the transaction ends or looks words up.

    It believes that of a few thousand it had better look their words up, but their index gives
    those of all photos.
    """
    _look_words_up(connection, False)


def _look_words_up(connection: Connection, by_index: bool) -> None:
    others = dict.fromkeys(("enable_seqscan", "enable_indexscan", "enable_indexonlyscan"), by_index)
    off = {**others, "enable_bitmapscan": not by_index}
    settings = {name: "off" if is_off else "on" for name, is_off in off.items()}
    settings["work_mem"] = _MEMORY
    connection.execute(select(*(sql.set_config(*one, True) for one in settings.items())))


def at(paths: Sequence[str]) -> ColumnElement[bool]:
    """The photos that are, or were, at some paths.

    Args:
        paths: As the catalogue keeps them, see `absolute_path`.
    """
    named, is_missing = photo.c.path.in_(paths), photo.c.missing_since.is_not(None)
    # Each index of paths holds one of the two; asked for both at once, neither would be used.
    return or_(and_(named, ~is_missing), and_(named, is_missing))


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


def _one_of(numbers: tuple[int, ...], store: Store) -> ColumnElement[bool]:
    """The photos with these numbers: one parameter, however many there are."""
    c = photo.c
    if store.is_sqlite:
        listed = sql.json_each(json.dumps(numbers)).table_valued("value")
        return c.number.in_(select(listed.c.value))
    return c.number == any_(literal(list(numbers), ARRAY(BigInteger)))


def is_of_letters(word: str) -> bool:
    """Whether `schema.word_tally` has all words that begin with one."""
    return word.isascii() and word.isalpha() and len(word) <= WORD_LETTERS


def _holds(words: list[str], store: Store, present: bool) -> ColumnElement[bool]:
    """The photos under whose words each of these is the start of one.

    Args:
        words: Without case and accents.
        store: The catalogue.
        present: Whether only photos whose files are there are meant.
    """
    if not words:
        return false()
    if store.is_sqlite:
        match = " ".join(f'"{word}"*' for word in words)
        found = select(text("rowid")).select_from(_FTS).where(text("photo_words MATCH :words"))
        return photo.c.id.in_(found.params(words=match).scalar_subquery())
    terms = [f"{word}:*" for word in words]
    if present and len(words) > 1:
        terms = [_whole(word, store) for word in words]
    return sql.to_tsvector(text("'simple'"), photo.c.words).op("@@")(
        sql.to_tsquery(text("'simple'"), " & ".join(terms))
    )


def _whole(word: str, store: Store) -> str:
    """What asks PostgreSQL for the words that begin with one.

    Where they are few these themselves: of beginnings the index gathers all photos, of words only
    those that have the others as well.
    """
    if is_of_letters(word):
        c = word_tally.c
        begins = c.word >= word, c.word < prefix_end(word), c.photos > 0
        with store.read() as connection:
            found = select(c.word).distinct().where(*begins).limit(_MOST_WORDS + 1)
            known = connection.execute(found).scalars().all()
        if len(known) <= _MOST_WORDS and all(
            len(one) < WORD_LETTERS and one.isascii() for one in known
        ):
            return f"({' | '.join(known or [f'{word}:*'])})"
    return f"{word}:*"
