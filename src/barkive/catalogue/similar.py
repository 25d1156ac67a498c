"""Finds the photos that resemble another, by the cosine of their feature vectors. Exact."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from barkive.catalogue import schema
from barkive.catalogue.corrections import find
from barkive.catalogue.database import Database
from barkive.catalogue.entries import chosen, to_entries
from barkive.catalogue.filters import Filter
from barkive.catalogue.models import Models, pack_vector, unpack_vectors
from barkive.catalogue.records import Found
from barkive.catalogue.store import chunks
from barkive.catalogue.vectors import (
    Segment,
    kept_and_stale,
    ranked,
    read_segments,
    unit,
    write_segment,
)
from barkive.classifier import Classifier
from barkive.errors import PhotoError, UsageError

# So many answers are looked at one by one; only beyond that is an index worth its space.
_UNINDEXED = 5000
# The newest stay outside the index: where several programs write, numbers need not appear
# in order.
_NEWEST = 1000
_READ_AT_ONCE = 8192
_EVERYTHING = Filter()


class Similar:
    """The photos of a catalogue, by likeness."""

    def __init__(self, database: Database, models: Models) -> None:
        self._database = database
        self._models = models

    def find(
        self,
        vector: NDArray[np.int8],
        model_id: int,
        wanted: Filter = _EVERYTHING,
        limit: int = 20,
        *,
        but: int | None = None,
    ) -> list[Found]:
        """The photos most like a vector, the likest first.

        Args:
            vector: Packed, shape (channels,).
            model_id: The model that it comes from: only its answers can be compared.
            wanted: Which photos.
            limit: How many at most.
            but: The number of a photo that is left out.
        """
        query = unit(vector[np.newaxis])[0]
        segments = self.index(model_id)
        where = wanted.where(self._models, sqlite=self._database.is_sqlite)
        best: list[tuple[float, int]] = []
        with self._database.read() as connection:
            answers = self._allowed(connection, wanted)

            def look_at(numbers: Sequence[int]) -> None:
                for part in chunks(numbers):
                    rows = connection.execute(
                        select(schema.photo.c.id, schema.answer.c.vector)
                        .join_from(schema.photo, schema.answer)
                        .where(schema.answer.c.id.in_(part))
                    ).all()
                    cosines = unit(unpack_vectors([row.vector for row in rows])) @ query
                    least = best[0][0] if len(best) == limit else -np.inf
                    close = np.flatnonzero(cosines >= least).tolist()
                    near = {rows[i].id: float(cosines[i]) for i in close}
                    near.pop(but or 0, None)
                    # Few are near enough to matter whether they are meant.
                    meant = select(schema.photo.c.id).where(schema.photo.c.id.in_(near), where)
                    for number in connection.execute(meant).scalars():
                        # Of equals the one that was catalogued first.
                        heapq.heappush(best, (near[number], -number))
                    while len(best) > limit:
                        heapq.heappop(best)

            look_at(self._tail(connection, model_id, segments[-1].last if segments else 0))
            for bound, numbers in ranked(segments, query, answers):
                if len(best) == limit and bound < best[0][0]:
                    break
                look_at(numbers.tolist())
            rows = connection.execute(
                chosen().where(schema.photo.c.id.in_([-number for _, number in best]))
            ).all()
            entries = {entry.id: entry for entry in to_entries(connection, self._models, rows)}
        return [Found(entries[-number], cosine) for cosine, number in sorted(best, reverse=True)]

    def like(
        self, photo: str | int, wanted: Filter, limit: int, classifier: Classifier | None
    ) -> list[Found]:
        """The photos most like one, by its path or number: see `Catalogue.like`."""
        c = schema.photo.c
        with self._database.read() as connection:
            if isinstance(photo, int):
                find(connection, photo)
                is_meant = c.id == photo
            else:
                is_meant = c.path == schema.absolute(photo)
            row = connection.execute(
                select(c.id, schema.answer.c.vector, schema.answer.c.model_id)
                .join_from(schema.photo, schema.answer)
                .where(is_meant)
            ).first()
        if row is not None:
            vector = unpack_vectors([row.vector])[0]
            return self.find(vector, row.model_id, wanted, limit, but=row.id)
        if isinstance(photo, int):
            raise PhotoError("The photo could never be read, so it can't be compared.")
        classifier = classifier or Classifier()
        model_id = self._models.number(classifier.bundle.digest)
        if model_id is None:
            raise UsageError(
                f"The catalogue holds no answers of the model {classifier.bundle.model}, so "
                f"{photo} can't be compared; give the model that it was scanned with."
            )
        (judged,) = classifier.judge([photo], classifier.bundle.info.preprocessing.load)
        if judged.scores is None:
            raise PhotoError(f"{photo} can't be compared. {judged.error}")
        packed = np.frombuffer(pack_vector(judged.scores.features[0]), np.int8)
        return self.find(packed, model_id, wanted, limit)

    def index(self, model_id: int) -> list[Segment]:
        """Brings the index of a model's answers up to date, and opens it.

        Where it can't be written there is none, and a search takes longer.
        """
        folder = self._folder() / str(model_id)
        segments = read_segments(folder)
        with self._database.read() as connection:
            new = self._tail(connection, model_id, segments[-1].last if segments else 0)
            if len(new) <= _UNINDEXED:
                return segments
            last = new[-_NEWEST - 1]
            kept, stale = kept_and_stale(segments, len(new))
            after = kept[-1].last if kept else 0
            count = len(new) - _NEWEST + sum(len(segment.rows) for segment in stale)
            batches = self._batches(connection, model_id, after, last)
            with suppress(OSError):
                write_segment(folder, after, last, count, batches)
                for segment in stale:
                    shutil.rmtree(segment.folder, ignore_errors=True)
        return read_segments(folder)

    def _allowed(self, connection: Connection, wanted: Filter) -> NDArray[np.int64] | None:
        """The numbers of the answers of the photos that are meant; None for all."""
        if wanted == _EVERYTHING:
            return None
        answer = schema.photo.c.answer_id
        numbers: list[int] = []
        for case in wanted.cases(self._models, sqlite=self._database.is_sqlite):
            numbers += connection.execute(select(answer).where(case, answer.is_not(None))).scalars()
        # Where many are meant, some are soon found among the likest.
        return np.array(numbers, np.int64)

    def _folder(self) -> Path:
        """Where the index lies: beside the file, or in the user's cache."""
        if self._database.file is not None:
            file = self._database.file
            return file.with_name(f"{file.name}-vectors") / self._database.uuid
        from platformdirs import user_cache_path

        return user_cache_path("barkive", appauthor=False) / "vectors" / self._database.uuid

    def _tail(self, connection: Connection, model_id: int, after: int) -> list[int]:
        """The numbers of the answers that are not indexed, ascending."""
        table = schema.answer
        return list(
            connection.execute(
                select(table.c.id)
                .where(table.c.model_id == model_id, table.c.id > after)
                .order_by(table.c.id)
            ).scalars()
        )

    def _batches(
        self, connection: Connection, model_id: int, after: int, last: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8]]]:
        table = schema.answer
        while True:
            rows = connection.execute(
                select(table.c.id, table.c.vector)
                .where(table.c.model_id == model_id, table.c.id > after, table.c.id <= last)
                .order_by(table.c.id)
                .limit(_READ_AT_ONCE)
            ).all()
            if not rows:
                return
            after = rows[-1].id
            yield (
                np.array([row.id for row in rows], np.int64),
                unpack_vectors([row.vector for row in rows]),
            )
