"""Writes into the catalogue what was read and judged of photos.

A file that is known is brought up to date; one whose content is known from a file that is
gone has been moved; everything else is new. What people said of a content holds for every
file with it, and is never overwritten here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects import sqlite

from barkive.catalogue import bulk, nearest, schema
from barkive.catalogue.database import Database
from barkive.catalogue.holding import last_words, what_holds
from barkive.catalogue.models import Model, Models, pack_probabilities, pack_vector
from barkive.catalogue.reading import Reading, hash_of
from barkive.classifier import Judged
from barkive.images import is_same_picture

NEW, CHANGED, MOVED, AGAIN = "new", "changed", "moved", "again"


def now() -> datetime:
    """The moment, UTC, as the catalogue keeps it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def find_lost(
    database: Database, batch: Sequence[Judged[Reading]], is_gone: Callable[[str], bool]
) -> dict[int, str]:
    """Finds the photos that a batch has under new paths, and whose files are gone.

    Outside the transaction that records, for which others wait: to ask a store takes long.

    Args:
        database: The catalogue's.
        batch: To be recorded.
        is_gone: Whether there is no file of a path; asked no more often than it must be.

    Returns:
        Their paths by their numbers.
    """
    c = schema.photo.c
    paths = [one.item.path for one in batch]
    with database.read() as connection:
        known = set(connection.execute(select(c.path).where(c.path.in_(paths))).scalars())
        read = (one.item for one in batch if one.item.path not in known)
        new = Counter(one.sha256 for one in read if one.sha256 is not None)
        same = select(c.id, c.path, c.sha256).where(c.sha256.in_(list(new)), c.path.not_in(known))
        rows = connection.execute(same.order_by(c.id)).all() if new else []
    lost: dict[int, str] = {}
    for row in rows:
        if new[bytes(row.sha256)] and is_gone(row.path):
            new[bytes(row.sha256)] -= 1
            lost[row.id] = row.path
    return lost


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
        How many are `new`, `changed`, `moved` or judged `again`, and how many of each status.
    """
    moment = now()
    answers = _add_answers(connection, model, batch, moment)
    paths = [one.item.path for one in batch]
    found = connection.execute(select(schema.photo).where(schema.photo.c.path.in_(paths)))
    known = {row.path: row for row in found}
    _carry_over(connection, batch, known)
    contents = [one.item.sha256 for one in batch if one.item.sha256 is not None]
    words = last_words(connection, contents)
    moved = _by_content(connection, lost or {})
    counts: Counter[str] = Counter()
    new: list[dict[str, Any]] = []
    known_before: list[dict[str, Any]] = []
    for one in batch:
        reading = one.item
        answer = None
        if one.scores is not None:
            packed = pack_probabilities(one.scores.probabilities[0])
            answer = model, one.status.value, packed, float(one.scores.dog[0])
        word = words.get(reading.sha256) if reading.sha256 is not None else None
        columns = {
            **_facts(reading),
            **what_holds(models, reading.path, answer, word),
            "error": one.error,
            "model_id": model.id,
            "answer_id": answers.get(reading.sha256) if reading.sha256 is not None else None,
            "identified_at": moment,
            "missing_since": None,
        }
        change, number = _place(columns["sha256"], known.get(reading.path), moved)
        if number is None:
            new.append({**columns, "added_at": moment})
        else:
            known_before.append({**columns, "id": number})
        counts[change] += 1
        counts[columns["status"]] += 1
    _write(connection, new, known_before)
    return counts


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
        bulk.insert(connection, schema.photo, new)
        bulk.update(connection, schema.photo, known)
        return
    if new:
        connection.execute(insert(schema.photo), list(new))
    if known:
        row = update(schema.photo).where(schema.photo.c.id == bindparam("number"))
        connection.execute(row, [{**one, "number": one["id"]} for one in known])


def _place(
    content: bytes | None, row: Row[Any] | None, lost: dict[bytes, list[int]]
) -> tuple[str, int | None]:
    """What has become of a photo, and the number of its row; None for a new one."""
    if row is not None:
        same = (row.sha256 and bytes(row.sha256)) == content
        return AGAIN if same else CHANGED, row.id
    if content is not None and lost.get(content):
        return MOVED, lost[content].pop(0)
    return NEW, None


def _facts(reading: Reading) -> dict[str, Any]:
    header = reading.header
    return {
        "path": reading.path,
        "bytes": reading.size,
        "mtime_ns": reading.mtime_ns,
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
    found = bulk.insert_missing(
        connection, schema.answer, list(rows.values()), ("sha256", "model_id")
    )
    numbers = {bytes(content): number for (content, _), number in found.items()}
    vectors = {
        number: rows[content]["vector"] for content, number in numbers.items() if number > before
    }
    nearest.follow(connection, model.id, before, vectors)
    return numbers


def _by_content(connection: Connection, lost: Mapping[int, str]) -> dict[bytes, list[int]]:
    """The numbers of lost photos by their content; not of those that were moved meanwhile."""
    numbers: defaultdict[bytes, list[int]] = defaultdict(list)
    if lost:
        c = schema.photo.c
        still = c.id.in_(list(lost)), c.path.in_(list(lost.values()))
        rows = connection.execute(select(c.id, c.sha256).where(*still).order_by(c.id))
        for row in rows:
            numbers[bytes(row.sha256)].append(row.id)
    return numbers


def _carry_over(
    connection: Connection, batch: Sequence[Judged[Reading]], known: dict[str, Row[Any]]
) -> None:
    """Keeps what people said where a file was rewritten but shows the same picture.

    Photo managers write tags into files, and turn them: that makes another content.
    """
    table = schema.correction
    for one in batch:
        reading, row = one.item, known.get(one.item.path)
        if row is None or None in (row.sha256, row.phash, reading.sha256, reading.phash):
            continue
        assert reading.sha256 is not None
        assert reading.phash is not None
        old = bytes(row.sha256)
        if old == reading.sha256 or not is_same_picture(
            hash_of(bytes(row.phash)), hash_of(reading.phash)
        ):
            continue
        spoken = select(table.c.id).where(table.c.sha256 == reading.sha256).limit(1)
        if connection.execute(spoken).first() is not None:
            continue
        said = connection.execute(
            select(table).where(table.c.sha256 == old).order_by(table.c.id)
        ).mappings()
        copies = [{**row, "sha256": reading.sha256} for row in said]
        for copy in copies:
            del copy["id"]
        if copies:
            connection.execute(insert(table), copies)


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


def mark_present(connection: Connection, ids: Sequence[int]) -> None:
    """Marks photos whose files are back, unchanged."""
    for part in chunks(ids):
        connection.execute(
            update(schema.photo).where(schema.photo.c.id.in_(part)).values(missing_since=None)
        )


def chunks(items: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    """Parts of a sequence that a statement can take as parameters."""
    return (items[i : i + size] for i in range(0, len(items), size))
