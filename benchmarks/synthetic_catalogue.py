"""Made-up photos in the form that PostgreSQL takes most quickly; of `benchmarks/postgres.py`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from barkive.bundle import Bundle
from barkive.catalogue import Catalogue
from barkive.catalogue.db.bulk import cursor
from barkive.catalogue.query.text_search import searchable
from barkive.classifier import Classifier
from barkive.images import find_photos
from barkive.verdicts import Status
from catalogue import BREEDS, features

LABELS, CHANNELS = len(BREEDS), 1280
KENNELS, YEARS, FIRST_YEAR = 977, 12, 2015
_STATUSES = (Status.DOG, Status.UNCERTAIN, Status.NOT_DOG, Status.FAILED)
_SHARES = (0.72, 0.2, 0.07, 0.01)
_NAMED = 2
_FAILED = 3
_NOISE, _CODE = 0.15, 127
_HEADER, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH = np.datetime64("2000-01-01")


class Features:
    """Features as a network gives them: a mixture around those of photos of each breed.

    Each is a photo's own and a part, 0.3 to 0.7, of the difference between two others of the
    same breed, so that what varies within a breed varies in the same directions as there, and
    noise in all directions.
    """

    def __init__(self, folder: Path | None, count: int) -> None:
        """Reads the photos of a folder, or makes features up.

        Args:
            folder: Of photos; None for the made-up features of `benchmarks/catalogue.py`.
            count: How many photos at most, spread over the folder.
        """
        if folder is None:
            breeds = np.arange(count) % LABELS
            known = features(np.random.default_rng(2), breeds)
            self.spectrum = f"{count} made-up vectors, a quarter of the length of each noise"
        else:
            paths = list(find_photos([str(folder)]))
            paths = paths[:: -(-len(paths) // count)]
            classifier = Classifier()
            judged = classifier.judge(paths, classifier.viewer.load)
            scores = [one.scores for one in judged if one.scores is not None]
            known = np.concatenate([one.features for one in scores])
            breeds = np.array([int(one.probabilities[0].argmax()) for one in scores])
            self.spectrum = f"the features of {len(scores)} photos of {folder.name}"
        order = np.argsort(breeds, kind="stable")
        # With one byte a channel, as the catalogue keeps them.
        known *= _CODE / known.max(axis=1, keepdims=True)
        self._known = np.rint(known[order]).astype(np.int8)
        self._breeds, self._first, self._count = np.unique(
            breeds[order], return_index=True, return_counts=True
        )
        noise = np.random.default_rng(3).normal(size=(1024, CHANNELS))
        self._noise = np.rint(_NOISE * self._known.std() * noise).astype(np.int8)

    def make(
        self, rng: np.random.Generator, count: int
    ) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
        """Breeds, shape (n,), and packed vectors, shape (n, channels)."""
        kind = rng.integers(0, len(self._breeds), count)
        one, two, three = (
            self._first[kind] + rng.integers(0, 1 << 30, count) % self._count[kind]
            for _ in range(3)
        )
        parts = rng.integers(77, 180, (count, 1)).astype(np.int16)
        noise = rng.integers(0, len(self._noise), count)
        made = np.empty((count, CHANNELS), np.int8)
        # In whole numbers and few at a time, which takes a fifth of the time.
        for start in range(0, count, 256):
            here = slice(start, start + 256)
            sums = self._known[two[here]].astype(np.int16)
            sums -= self._known[three[here]]
            sums *= parts[here]
            sums >>= 8
            sums += self._known[one[here]]
            sums += self._noise[noise[here]]
            made[here] = np.clip(sums, 0, _CODE, out=sums)
        return self._breeds[kind], made


def numbered(rows: int) -> Iterator[tuple[int, int]]:
    """Parts of the rows: the first number of each, and how many."""
    at_once = 20_000
    for first in range(1, rows + 1, at_once):
        yield first, min(at_once, rows + 1 - first)


class Part:
    """Some photos, their numbers one after the other, as a scan would have found them."""

    def __init__(self, source: Features, first: int, count: int, rows: int, model: int) -> None:
        """Makes them.

        Args:
            source: Of the vectors.
            first: The first number.
            count: How many.
            rows: How many there are in all, over which years and kennels are spread.
            model: The number of the model.
        """
        rng = np.random.default_rng(first)
        self._numbers = np.arange(first, first + count)
        self._model = model
        self._breeds, self._vectors = source.make(rng, count)
        self._statuses = rng.choice(len(_STATUSES), count, p=_SHARES)
        sure = 1 - 0.8 * rng.uniform(0, 1, count) ** 3
        unsure = rng.uniform(0.15, 0.6, count)
        self._top = np.where(self._statuses == 0, sure, unsure).astype(np.float32)
        self._contents = rng.integers(0, 256, (count, 32), np.uint8)
        self._corrected = rng.uniform(size=count) < 0.02
        self._margins = self._top * rng.uniform(size=count)
        place = (self._numbers - 1) * YEARS / rows
        self._years = FIRST_YEAR + place.astype(int)
        self._kennels = (place % 1 * KENNELS).astype(int)
        self._days = rng.uniform(0, 365, count)

    def answers(self) -> Iterator[bytes]:
        """Rows of `answer`: number, content, model, status, probabilities, dog, vector, moment."""
        for kind, status in enumerate(_STATUSES[:_FAILED]):
            here = np.flatnonzero(self._statuses == kind)
            name = status.value.encode()
            fields: list[tuple[str, Any, int]] = [
                ("id", ">i8", 8),
                ("sha256", "V32", 32),
                ("model", ">i4", 4),
                ("status", f"S{len(name)}", len(name)),
                ("probabilities", "<f4", 4 * LABELS),
                ("dog", ">f8", 8),
                ("vector", "i1", CHANNELS),
                ("moment", ">i8", 8),
            ]
            layout: list[Any] = [("columns", ">i2")]
            shapes = {"probabilities": (LABELS,), "vector": (CHANNELS,)}
            for field, kind_of, _ in fields:
                layout += [(f"{field} length", ">i4"), (field, kind_of, shapes.get(field, ()))]
            rows = np.zeros(len(here), layout)
            rows["columns"] = len(fields)
            for field, _, length in fields:
                rows[f"{field} length"] = length
            rows["id"], rows["model"], rows["status"] = self._numbers[here], self._model, name
            rows["sha256"] = self._contents[here].view("V32")[:, 0]
            top = self._top[here]
            rows["probabilities"] = ((1 - top) / (LABELS - 1))[:, np.newaxis]
            rows["probabilities"][np.arange(len(here)), self._breeds[here]] = top
            rows["dog"], rows["vector"] = 3.0, self._vectors[here]
            rows["moment"] = (np.datetime64("2026-01-01") - _EPOCH) // np.timedelta64(1, "us")
            yield _HEADER + rows.tobytes() + END

    def photos(self) -> Iterator[str]:
        """Lines for `photo`, whose columns are `PHOTO_COLUMNS`."""
        start = [datetime(FIRST_YEAR + year, 1, 1) for year in range(YEARS)]
        words = _words()
        for i, number in enumerate(self._numbers.tolist()):
            kind, year, kennel = self._statuses[i], int(self._years[i]), int(self._kennels[i])
            named, breed = kind < _NAMED, self._breeds[i]
            path = f"/photos/{year}/kennel{kennel:03}/IMG_{number:08}.jpg"
            taken = start[year - FIRST_YEAR] + timedelta(days=float(self._days[i]))
            content = self._contents[i].tobytes().hex()
            top = float(self._top[i])
            yield "\t".join(
                (
                    *3 * (str(number),),
                    path,
                    *("123456", str(number), rf"\\x{content}", rf"\\x{content}"),
                    *("JPEG", "4000", "3000", "1"),
                    f"{taken:%Y-%m-%d %H:%M:%S}" if number % 100 else r"\N",
                    *("Maker Model", str(self._model)),
                    str(number) if kind < _FAILED else r"\N",
                    _STATUSES[kind].value,
                    BREEDS[breed].id if named else r"\N",
                    repr(top) if named else r"\N",
                    repr(float(self._margins[i])) if named else r"\N",
                    "t" if self._corrected[i] and kind < _FAILED else "f",
                    f"photos {year} kennel {kennel:03} img {number:08} jpg"
                    f"{words[breed] if named else ''}",
                    *("2026-01-01", "2026-01-01\n"),
                )
            )


PHOTO_COLUMNS = (
    "id, number, picture, path, bytes, mtime_ns, sha256, phash, format, width, height, "
    "orientation, taken_at, camera, model_id, answer_id, status, breed, probability, margin, "
    "corrected, words, added_at, identified_at"
)


_ANSWER_COLUMNS = "id, sha256, model_id, status, probabilities, dog, vector, identified_at"


def _words() -> list[str]:
    return [f" {searchable('', [breed], None)}" for breed in BREEDS]


def fill(catalogue: Catalogue, rows: int, source: Features) -> None:
    """Adds made-up photos; the indexes are made when all are there."""
    with catalogue._database.write() as connection:
        model = catalogue.models.add(connection, Bundle.open()).id
        again = _strip(connection)
        # In the transaction of the TRUNCATE nothing of this has to be logged.
        connection.execute(text("TRUNCATE photo, other_dog, answer, detection"))
        connection.execute(text("ALTER TABLE photo DISABLE TRIGGER USER"))
        with cursor(connection) as opened:
            for first, count in numbered(rows):
                part = Part(source, first, count, rows, model)
                for block in part.answers():
                    with opened.copy(
                        f"COPY answer ({_ANSWER_COLUMNS}) FROM STDIN (FORMAT binary)"
                    ) as copy:
                        copy.write(block)
                with opened.copy(f"COPY photo ({PHOTO_COLUMNS}) FROM STDIN") as copy:
                    copy.write("".join(part.photos()))
                print(f"\r{first + count - 1:,} of {rows:,} rows", end="", file=sys.stderr)
        for table in ("answer", "photo"):
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            connection.execute(text(f"SELECT setval({sequence}, {rows})"))
    print(file=sys.stderr)
    again += ["ALTER TABLE photo ENABLE TRIGGER USER", "SELECT photo_tally_fill()"]
    again.append("SELECT photo_finer_tally_fill()")
    for statement in again:
        start = time.perf_counter()
        with catalogue._database.write() as connection:
            connection.execute(text(statement))
        print(f"{time.perf_counter() - start:6.0f} s  {statement[:80]}", file=sys.stderr)
    with catalogue._database._engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def _strip(connection: Any) -> list[str]:
    """Drops what slows loading down, and gives the statements that bring it back."""
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype IN ('u', 'f') "
            "AND conrelid IN ('photo'::regclass, 'answer'::regclass) "
            "ORDER BY contype DESC"
        )
    ).all()
    again: list[str] = []
    for table, name, definition in reversed(constraints):
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        again.insert(0, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    indexes = connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('photo', 'answer') "
            "AND indexname NOT LIKE '%_pkey'"
        )
    ).all()
    for name, definition in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
        again.insert(0, definition.replace(":", "\\:"))
    return again
