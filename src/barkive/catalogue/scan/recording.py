"""Writes into the catalogue what was read and judged of photos.

A file that is known is brought up to date; one whose picture is known from a file that is
gone has been moved; everything else is new. What people said of a picture holds for every
file with it, and is never overwritten here.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from barkive.catalogue.db import (
    bulk_insert,
    schema,
)
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.models import Model, Models, pack_probabilities, pack_vector
from barkive.catalogue.photos.identity import Contents, draw, keep
from barkive.catalogue.photos.reading import Reading, is_spelled, one_name, status_of
from barkive.catalogue.query.effective_label import last_words, what_holds
from barkive.catalogue.query.entries import chosen
from barkive.catalogue.similarity import pgvector_index
from barkive.classifier import Judged
from barkive.clock import now
from barkive.errors import PhotoError
from barkive.images import decode, read_file
from barkive.images.fingerprint import is_same_look, picture_digest, sketch
from barkive.images.remote import is_remote

NEW, CHANGED, MOVED, REPLACED, AGAIN = "new", "changed", "moved", "replaced", "again"
UNREADABLE = "unreadable"

# The shorter side in pixels of a photo that is decoded only for its sketch.
_SEEN_FROM_AFAR = 256


def find_lost(
    database: Database, batch: Sequence[Judged[Reading]], is_gone: Callable[[str], bool]
) -> dict[int, str]:
    """Finds the photos whose pictures a batch has under other names, and whose files are gone.

    A file is gone for its photo also where another picture is under its name by now. Outside
    the transaction that records, for which others wait: to ask a store takes long.

    Args:
        database: The catalogue's.
        batch: To be recorded.
        is_gone: Whether there is no file of a path; asked no more often than it must be.

    Returns:
        Their paths by their `id`.
    """
    c = schema.photo.c
    read = {one.item.path: one.item for one in batch if one.item.sha256 is not None}
    with database.read() as connection:
        in_place = c.missing_since.is_(None), c.path.in_(list(read))
        here = {row.path: row for row in connection.execute(select(schema.photo).where(*in_place))}
        contents = Contents.read(connection, read.values(), {row.picture for row in here.values()})
        for path, row in here.items():
            if contents.picture(read[path]) is None and contents.looks_like(read[path], row):
                contents.add(read[path], row.picture)
        pictures = {path: contents.picture(one) for path, one in read.items()}
        at_home = {path for path, row in here.items() if row.picture == pictures[path]}
        wanted = Counter(
            picture
            for path, picture in pictures.items()
            if picture is not None and path not in at_home
        )
        rows: list[Row[Any]] = []
        for part in chunks(list(wanted)):
            rows += connection.execute(
                select(c.id, c.path, c.picture, c.missing_since, c.sha256)
                .add_columns(c.bytes, c.mtime_ns, c.ctime_ns)
                .add_columns(schema.content.c.coded, schema.content.c.sketch)
                .outerjoin(schema.content, schema.content.c.sha256 == c.sha256)
                .where(c.picture.in_(part))
                .order_by(c.id)
            )
    spelled = {one_name(path): path for path in read}
    lost: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: _claim(row, pictures.get(row.path) == row.picture)):
        is_missing = row.missing_since is not None
        if (not is_missing and row.path in at_home) or not wanted[row.picture]:
            continue
        other = spelled.get(one_name(row.path), row.path)
        # What the batch has read under this name, it has just seen.
        is_known = is_missing or row.path in read
        if is_known or is_gone(row.path) or not is_spelled(row.path, other) or _is_replaced(row):
            wanted[row.picture] -= 1
            lost[row.id] = row.path
    return lost


def _claim(row: Row[Any], is_back: bool) -> tuple[int, float, int]:
    """Which rows of a picture are taken first where its files are under other names.

    That which has come back to its place, then those that were there until now, in the order in
    which they came, then the ones that went last.
    """
    if row.missing_since is None:
        return 1, 0.0, row.id
    return 0 if is_back else 2, -row.missing_since.timestamp(), row.id


def _is_replaced(row: Row[Any]) -> bool:
    """Whether there is another picture by now where a photo was."""
    if is_remote(row.path) or status_of(row.path) == (row.bytes, row.mtime_ns, row.ctime_ns):
        return False
    try:
        content = read_file(row.path)
        if hashlib.sha256(content).digest() == row.sha256:
            return False
        code = picture_digest(content)
        if code is not None and code == row.coded:
            return False
        pixels = decode(content, shorter_side=_SEEN_FROM_AFAR)
    except PhotoError:
        return False
    return row.sketch is None or not is_same_look(bytes(row.sketch), sketch(pixels))


def record(
    connection: Connection,
    models: Models,
    model: Model,
    batch: Sequence[Judged[Reading]],
    lost: Mapping[int, str] | None = None,
) -> Counter[str]:
    """Writes a batch of judged photos.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        model: That judged.
        batch: Each path at most once.
        lost: What `find_lost` found for it.

    Returns:
        How many are `new`, `changed`, `moved`, `replaced` or judged `again`, and how many of
        each status.
    """
    moment = now()
    answers = _add_answers(connection, model, batch, moment)
    placing = _Placing(connection, batch, lost or {})
    words = last_words(connection, {one.picture for one in placing.placed})
    counts: Counter[str] = Counter()
    new: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    for one in placing.placed:
        reading, row = one.judged.item, one.row
        counts[one.change] += 1
        if one.stays_as_seen:
            assert row is not None
            counts[row.status] += 1
            unreadable.append(_unreadable(row, one.judged, moment))
            continue
        answer = None
        if one.judged.scores is not None:
            packed = pack_probabilities(one.judged.scores.probabilities[0])
            answer = model, one.judged.status.value, packed, float(one.judged.scores.dog[0])
        columns = {
            **_facts(reading),
            **what_holds(models, reading.path, answer, words.get(one.picture)),
            "number": one.number,
            "picture": one.picture,
            "error": one.judged.error,
            "model_id": model.id,
            "answer_id": answers.get(reading.sha256) if reading.sha256 is not None else None,
            "identified_at": moment,
            "unreadable_since": None,
            "missing_since": None,
        }
        counts[columns["status"]] += 1
        if row is None:
            new.append({**columns, "added_at": moment})
        else:
            known.append({**columns, "id": row.id})
    read = [one for one in placing.placed if not one.stays_as_seen]
    keep(connection, [(one.judged.item, one.picture) for one in read])
    _free(connection, placing, moment)
    _write(connection, new, known)
    _write(connection, [], unreadable)
    moved = (one for one in placing.placed if one.stays_as_seen and one.change == MOVED)
    for picture in {one.picture for one in moved} | placing.joined:
        bring_up_to_date(connection, models, picture)
    return counts


class _Placed(NamedTuple):
    """A reading in its place.

    Attributes:
        judged: What was judged.
        change: What has become of the photo.
        row: That it has in the catalogue; None for a new one.
        number: The row's.
        picture: That its file holds, as far as that can be told.
    """

    judged: Judged[Reading]
    change: str
    row: Row[Any] | None
    number: int
    picture: int

    @property
    def stays_as_seen(self) -> bool:
        """Whether the file can't be read, and all that was known or said of it stays."""
        return self.judged.error is not None and self.row is not None and not _is_blank(self.row)


class _Placing:
    """Tells which rows the readings of a batch belong to: the rule of docs/identity.md.

    Attributes:
        placed: The readings.
        moving: The `id` of each row that leaves its place, for another one or for none.
        blank: The `id` of each row of which nothing was ever seen, and that goes.
        joined: Pictures to which others were joined.
    """

    def __init__(
        self, connection: Connection, batch: Sequence[Judged[Reading]], lost: Mapping[int, str]
    ) -> None:
        c = schema.photo.c
        self.moving: set[int] = set()
        self.blank: set[int] = set()
        self.joined: set[int] = set()
        self._look_up(connection, batch)
        if self._join_alike(connection, batch):
            self._look_up(connection, batch)
        paths = [one.item.path for one in batch]
        fresh = dict(zip(paths, draw(connection, len(batch)), strict=True))
        # Those last of which nothing was ever seen, because theirs may be coded anew.
        certain_first = sorted(batch, key=lambda one: self._is_first_seen(one.item.path))
        found = {one.item.path: self._at_home(one, fresh[one.item.path]) for one in certain_first}
        at_home = {path: placed for path, placed in found.items() if placed is not None}
        homeless = [
            (one, self._new_home(one.item, fresh[one.item.path]), fresh[one.item.path])
            for one in batch
            if one.item.path not in at_home
        ]
        pictures = {picture for _, picture, _ in homeless}
        kept = {one.row.id for one in at_home.values() if one.row is not None}
        self._free = self._lost(connection, kept, pictures, lost)
        taken = select(c.number).where(c.number.in_(pictures))
        self._taken = set(connection.execute(taken).scalars())
        placed = at_home | self._settled(homeless)
        self.placed = [placed[one.item.path] for one in batch]

    def _look_up(self, connection: Connection, batch: Sequence[Judged[Reading]]) -> None:
        c = schema.photo.c
        paths = [one.item.path for one in batch]
        here = select(schema.photo).where(c.path.in_(paths), c.missing_since.is_(None))
        self._here = {row.path: row for row in connection.execute(here)}
        here_before = {row.picture for row in self._here.values()}
        self._contents = Contents.read(connection, [one.item for one in batch], here_before)

    def _join_alike(self, connection: Connection, batch: Sequence[Judged[Reading]]) -> bool:
        """Joins pictures of which a file turns out to be one that was coded anew.

        Its content came up elsewhere before, as a picture that nobody has spoken of yet.

        Returns:
            Whether there were any.
        """
        alike: dict[int, int] = {}
        for one in batch:
            row, picture = self._here.get(one.item.path), self._contents.picture(one.item)
            if row is None or picture in (None, row.picture) or one.error is not None:
                continue
            if self._contents.looks_like(one.item, row):
                alike.setdefault(picture, row.picture)
        said = schema.correction.c.picture
        spoken = set(connection.execute(select(said).where(said.in_(list(alike)))).scalars())
        joined = {one: other for one, other in alike.items() if one not in spoken}
        for picture, other in joined.items():
            if other not in joined:
                _join(connection, picture, other)
        self.joined |= set(joined.values())
        return bool(joined)

    def _is_first_seen(self, path: str) -> bool:
        row = self._here.get(path)
        return row is not None and _is_blank(row)

    def _at_home(self, one: Judged[Reading], number: int) -> _Placed | None:
        """A reading that belongs to the row of its path; None where that must be looked for."""
        reading, row = one.item, self._here.get(one.item.path)
        picture = self._contents.picture(reading)
        if row is None:
            # Of a file that can't be opened nothing is known.
            return _Placed(one, NEW, None, number, number) if reading.sha256 is None else None
        same = row.sha256 is not None and bytes(row.sha256) == reading.sha256
        if picture is None and _is_blank(row):
            # A picture of its own: damaged files of one content need not become one.
            picture = row.picture if reading.sha256 is None else number
            if reading.sha256 is not None:
                self._contents.add(reading, picture)
            if one.error is not None:
                return _Placed(one, AGAIN, row, row.number, picture)
            return self._first_seen(one, row, picture)
        # Known to hold another picture only where that was ever seen.
        is_another = picture != row.picture and picture in self._contents.sketches
        if one.error is not None and not _is_blank(row) and not is_another:
            return _Placed(one, UNREADABLE, *_of(row))
        if picture is None and self._contents.looks_like(reading, row):
            picture = row.picture
            self._contents.add(reading, row.picture)
        if picture != row.picture:
            return None
        return _Placed(one, AGAIN if same else CHANGED, *_of(row))

    def _first_seen(self, one: Judged[Reading], row: Row[Any], picture: int) -> _Placed:
        """A reading of a file that could not be read before: it comes as a new one does."""
        self.blank.add(row.id)
        return _Placed(one, CHANGED, None, row.number, picture)

    def _new_home(self, reading: Reading, number: int) -> int:
        """The picture of a reading that was not under its name before."""
        picture = self._contents.picture(reading)
        if picture is None:
            picture = number
            self._contents.add(reading, picture)
        return picture

    def _settled(self, homeless: Sequence[tuple[Judged[Reading], int, int]]) -> dict[str, _Placed]:
        """Readings whose pictures were not under their names before, by their paths.

        Args:
            homeless: Each with its picture, and a number for a new row.
        """
        settled: dict[str, _Placed] = {}
        # First those that are back in their places, then those of the same name elsewhere.
        for fits in (_is_there, _is_named_alike, lambda row, path: True):
            for one, picture, _ in homeless:
                path, free = one.item.path, self._free.get(picture, [])
                row = next((row for row in free if fits(row, path)), None)
                if row is not None and path not in settled:
                    free.remove(row)
                    settled[path] = self._moved(one, row)
        for one, picture, number in homeless:
            if one.item.path not in settled:
                settled[one.item.path] = self._new(one, picture, number)
        return settled

    def _moved(self, one: Judged[Reading], row: Row[Any]) -> _Placed:
        """A reading that takes a row which has left its place."""
        path = one.item.path
        here = self._here.get(path)
        if here is not None and _is_blank(here) and here in self._free[here.picture]:
            self._free[here.picture].remove(here)
            self.blank.add(here.id)
        change = MOVED
        if row.path == path:
            same = row.sha256 is not None and bytes(row.sha256) == one.item.sha256
            change = AGAIN if same else CHANGED
        return _Placed(one, change, *_of(row))

    def _new(self, one: Judged[Reading], picture: int, number: int) -> _Placed:
        """A reading for which no row is free."""
        row = self._here.get(one.item.path)
        if row is not None and _is_blank(row) and row in self._free[row.picture]:
            self._free[row.picture].remove(row)
            return self._first_seen(one, row, picture)
        if picture not in self._taken:
            self._taken.add(picture)
            number = picture
        return _Placed(one, NEW if row is None else REPLACED, None, number, picture)

    def _lost(
        self, connection: Connection, kept: set[int], wanted: set[int], lost: Mapping[int, str]
    ) -> dict[int, list[Row[Any]]]:
        """The rows that are not where they were, by their pictures; not those that are kept."""
        c = schema.photo.c
        known = {row.id for row in self._here.values()}
        free: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in self._here.values():
            if row.id not in kept and row.id not in self.blank:
                self.moving.add(row.id)
                free[row.picture].append(row)
        # Not those that were moved meanwhile.
        still = c.id.in_(list(lost)), c.path.in_(list(lost.values())), c.picture.in_(wanted)
        if lost:
            for row in connection.execute(select(schema.photo).where(*still).order_by(c.id)):
                if row.id not in known:
                    free[row.picture].append(row)
                    self.moving.add(row.id)
        for rows in free.values():
            rows.sort(key=lambda row: _claim(row, is_back=False))
        return free


def _is_blank(row: Row[Any]) -> bool:
    """Whether nothing was ever seen of a photo, or said."""
    return not (row.phash or row.corrected)


def _of(row: Row[Any]) -> tuple[Row[Any], int, int]:
    return row, row.number, row.picture


def _is_there(row: Row[Any], path: str) -> bool:
    return bool(row.path == path)


def _is_named_alike(row: Row[Any], path: str) -> bool:
    return str(os.path.basename(row.path)) == os.path.basename(path)  # noqa: PTH119


def _unreadable(row: Row[Any], judged: Judged[Reading], moment: datetime) -> dict[str, Any]:
    """What changes of a photo whose file can't be read: all that was known of it stays."""
    reading = judged.item
    return {
        "id": row.id,
        "path": reading.path,
        "missing_since": None,
        "bytes": reading.size,
        "mtime_ns": reading.mtime_ns,
        "ctime_ns": reading.ctime_ns,
        "error": judged.error,
        "unreadable_since": row.unreadable_since or moment,
    }


def _free(connection: Connection, placing: _Placing, moment: datetime) -> None:
    """Frees the paths of rows that leave them; those that find no other are missing then."""
    c = schema.photo.c
    for part in chunks(sorted(placing.moving)):
        leaving = c.id.in_(part), c.missing_since.is_(None)
        connection.execute(update(schema.photo).where(*leaving).values(missing_since=moment))
    for part in chunks(sorted(placing.blank)):
        connection.execute(delete(schema.photo).where(c.id.in_(part)))


def _write(
    connection: Connection, new: Sequence[dict[str, Any]], known: Sequence[dict[str, Any]]
) -> None:
    """Adds rows to `photo`, and changes others.

    Many at once, because a statement of its own for each takes longer than the network.

    Args:
        connection: Of a writing transaction.
        new: Without numbers.
        known: With their numbers as `id`; the columns are those that are set.
    """
    if connection.dialect.name == "postgresql":
        bulk_insert.insert(connection, schema.photo, new)
        bulk_insert.update(connection, schema.photo, known)
        return
    if new:
        connection.execute(insert(schema.photo), list(new))
    if known:
        row = update(schema.photo).where(schema.photo.c.id == bindparam("own"))
        connection.execute(row, [{**one, "own": one["id"]} for one in known])


def _facts(reading: Reading) -> dict[str, Any]:
    header = reading.header
    return {
        "path": reading.path,
        "bytes": reading.size,
        "mtime_ns": reading.mtime_ns,
        "ctime_ns": reading.ctime_ns,
        "sha256": reading.sha256,
        "phash": reading.phash,
        "format": header.format if header else None,
        "width": header.width if header else None,
        "height": header.height if header else None,
        "orientation": header.orientation if header else None,
        "taken_at": header.taken_at if header else None,
        "camera": header.camera if header else None,
    }


def _add_answers(
    connection: Connection, model: Model, batch: Sequence[Judged[Reading]], moment: datetime
) -> dict[bytes, int]:
    """Adds the answers that are not known yet, and gives the number of each content's."""
    rows = {}
    for one in batch:
        content, scores = one.item.sha256, one.scores
        if content is not None and scores is not None:
            rows[content] = {
                "sha256": content,
                "model_id": model.id,
                "status": one.status.value,
                "probabilities": pack_probabilities(scores.probabilities[0]),
                "dog": float(scores.dog[0]),
                "vector": pack_vector(scores.features[0]),
                "identified_at": moment,
            }
    if not rows:
        return {}
    if connection.dialect.name == "postgresql":
        return _add_at_once(connection, model, rows)
    connection.execute(sqlite.insert(schema.answer).on_conflict_do_nothing(), list(rows.values()))
    table = schema.answer
    found = connection.execute(
        select(table.c.sha256, table.c.id).where(
            table.c.model_id == model.id, table.c.sha256.in_(list(rows))
        )
    )
    return {bytes(row.sha256): row.id for row in found}


def _add_at_once(
    connection: Connection, model: Model, rows: dict[bytes, dict[str, Any]]
) -> dict[bytes, int]:
    """What `_add_answers` does, in PostgreSQL."""
    before = connection.execute(select(func.max(schema.answer.c.id))).scalar() or 0
    found = bulk_insert.insert_missing(
        connection, schema.answer, list(rows.values()), ("sha256", "model_id")
    )
    numbers = {bytes(content): number for (content, _), number in found.items()}
    vectors = {
        number: rows[content]["vector"] for content, number in numbers.items() if number > before
    }
    pgvector_index.follow(connection, model.id, before, vectors)
    return numbers


def mark_missing(connection: Connection, photos: Mapping[int, str]) -> int:
    """Marks photos whose files are gone; they are not forgotten.

    Args:
        connection: Of a writing transaction.
        photos: Their paths by their numbers. One that was moved meanwhile is left as it is.

    Returns:
        How many were marked.
    """
    c, marked = schema.photo.c, 0
    for part in chunks(list(photos)):
        paths = [photos[number] for number in part]
        meant = c.id.in_(part), c.path.in_(paths), c.missing_since.is_(None)
        marked += connection.execute(
            update(schema.photo).where(*meant).values(missing_since=now())
        ).rowcount
    return marked


def mark_unchanged(
    connection: Connection, changed_at: Mapping[int, tuple[str, int | None]]
) -> None:
    """Marks photos whose files are there with the content that they had.

    Args:
        connection: Of a writing transaction.
        changed_at: The path of each by its `id`, and what the system says of when it was last
            changed, in nanoseconds. One that was moved meanwhile is left as it is.
    """
    c = schema.photo.c
    for number, (path, moment) in changed_at.items():
        other = select(c.id).where(c.path == path, c.missing_since.is_(None), c.id != number)
        if connection.execute(other.limit(1)).first() is None:
            row = update(schema.photo).where(c.id == number, c.path == path)
            connection.execute(row.values(missing_since=None, ctime_ns=moment))


def adopt(connection: Connection, models: Models, gone: tuple[int, str], new: int) -> bool:
    """Has a photo whose file is gone take the place of a new one that holds its picture.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        gone: The `id` and the path of the one.
        new: The `id` of the other; its row goes, and its number leads to the first.

    Returns:
        Whether that was done: not where either has changed meanwhile, or people have spoken of
        the new one as of another picture.
    """
    c, said = schema.photo.c, schema.correction.c
    number, path = gone
    rows = connection.execute(select(schema.photo).where(c.id.in_([number, new])))
    known = {row.id: row for row in rows}
    if len(known) < 2 or known[number].path != path:
        return False
    old, now_there = known[number], known[new]
    is_copy = old.picture == now_there.picture
    spoken = select(said.id).where(said.picture == now_there.picture).limit(1)
    if now_there.missing_since is not None:
        return False
    if not is_copy and connection.execute(spoken).first() is not None:
        return False
    kept = ("id", "number", "picture", "added_at")
    columns = {name: value for name, value in now_there._mapping.items() if name not in kept}
    connection.execute(delete(schema.photo).where(c.id == new))
    connection.execute(update(schema.photo).where(c.id == number).values(columns))
    if not is_copy:
        _join(connection, now_there.picture, old.picture)
    # Somebody may have its number before them.
    led_on = {"number": now_there.number, "picture": old.picture}
    connection.execute(insert(schema.alias).values(led_on))
    bring_up_to_date(connection, models, old.picture)
    return True


def _join(connection: Connection, picture: int, other: int) -> None:
    """Has all that holds a picture of which nobody has spoken hold another one."""
    for table in (schema.photo, schema.content, schema.alias):
        holding = table.c.picture == picture
        connection.execute(update(table).where(holding).values(picture=other))
    review = schema.review
    connection.execute(delete(review).where(review.c.picture == picture))


def bring_up_to_date(connection: Connection, models: Models, *pictures: int) -> None:
    """Brings the photos of pictures, a few hundred at most, to what holds of them now."""
    words = last_words(connection, pictures)
    known: list[dict[str, Any]] = []
    for row in connection.execute(chosen().where(schema.photo.c.picture.in_(pictures))).all():
        answer = None
        if row.answer_id is not None:
            model = models.get(connection, row.answer_model_id)
            answer = model, row.answer_status, row.probabilities, row.dog
        columns = what_holds(models, row.path, answer, words.get(row.picture))
        known.append({**columns, "id": row.id})
    _write(connection, [], known)


def chunks(items: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    """Parts of a sequence that a statement can take as parameters."""
    return (items[i : i + size] for i in range(0, len(items), size))
