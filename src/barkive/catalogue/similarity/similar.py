"""Finds the photos that resemble another, by the cosine of their embeddings.

Exact, by an index of files beside the catalogue; but in PostgreSQL with pgvector, where a
catalogue is large, exact among candidates that `pgvector_index` finds.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from barkive.catalogue.db import schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions.packing import pack_embedding, unpack_embeddings
from barkive.catalogue.query.entries import chosen, find, to_entries
from barkive.catalogue.query.filters import Filter, at
from barkive.catalogue.query.judgements import effective_of, said_of
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Found
from barkive.catalogue.similarity import pgvector_index
from barkive.catalogue.similarity.embeddings import batches, numbers_after
from barkive.catalogue.similarity.exact_index import (
    Segment,
    blank,
    joinable,
    kept_and_stale,
    known_basis,
    ranked,
    read_segments,
    unit,
    write_segment,
)
from barkive.catalogue.similarity.pgvector_building import bring_up_to_date, catch_up, drop
from barkive.catalogue.similarity.pgvector_index import Projection
from barkive.errors import PhotoError, UnknownDogError, UsageError

if TYPE_CHECKING:
    from barkive.classifier import Classifier, Judged

# So many predictions are looked at one by one; only beyond that is an index worth its space.
_UNINDEXED = 5000
# The newest stay outside the index: where several programs write, numbers need not appear
# in order.
_NEWEST = 1000
# So many of the likest by a projection are compared by their whole vectors.
_COMPARED = 200
# Where at most so many are meant, these are ranked; else the likest are looked through.
_FEW = 20_000
_EVERYTHING = Filter()


class Sought(NamedTuple):
    """What photos are compared with.

    Attributes:
        packed: The embedding, packed, shape (channels,).
        model_id: The model that it comes from.
        photo_id: The `photo.id` of the photo; None where it is not in the catalogue.
    """

    packed: NDArray[np.int8]
    model_id: int
    photo_id: int | None = None


class Similar:
    """The photos of a catalogue, by likeness."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(
        self,
        packed: NDArray[np.int8],
        model_id: int,
        query: Filter = _EVERYTHING,
        limit: int = 20,
        *,
        but: int | None = None,
    ) -> list[Found]:
        """The photos most like an embedding, the likest first.

        Args:
            packed: The embedding, packed, shape (channels,).
            model_id: The model that it comes from: only its predictions can be compared.
            query: Which photos.
            limit: How many at most.
            but: The number of a photo that is left out.
        """
        nearest = self.nearest(packed, model_id, query, limit, but=but)
        with self._store.read() as connection:
            rows = connection.execute(chosen().where(schema.photo.c.id.in_(list(nearest)))).all()
            found = to_entries(connection, self._store.models, rows)
            entries = {row.id: entry for row, entry in zip(rows, found, strict=True)}
        return [Found(entries[one], cosine) for one, cosine in nearest.items() if one in entries]

    def nearest(
        self,
        packed: NDArray[np.int8],
        model_id: int,
        query: Filter,
        limit: int,
        *,
        but: int | None = None,
    ) -> dict[int, float]:
        """The `photo.id` of the photos most like an embedding, the likest first, and the cosines.

        The arguments are those of `find`.
        """
        embedding = unit(packed[np.newaxis])[0]
        projection = self._projection(model_id)
        segments = [] if projection else self._index_files(model_id)
        with self._store.read() as connection:
            if projection is not None:
                search = self._by_projection(connection, embedding, projection, query, limit)
            else:
                search = self._by_files(connection, embedding, model_id, segments, query)
            best = self._best(connection, embedding, search, query, limit, but)
        return {-number: cosine for cosine, number in sorted(best, reverse=True)}

    def _best(
        self,
        connection: Connection,
        embedding: NDArray[np.float32],
        search: Iterable[tuple[float, Sequence[int]]],
        query: Filter,
        limit: int,
        but: int | None,
    ) -> list[tuple[float, int]]:
        """The photos most like a vector of length 1: cosines, and their numbers below 0.

        Args:
            connection: Of the catalogue.
            embedding: Shape (channels,).
            search: Upper bounds of cosines, falling, and the numbers of the predictions to compare.
            query: Which photos.
            limit: How many at most.
            but: The number of a photo that is left out.
        """
        where = query.where(self._store)
        best: dict[int, float] = {}
        least = -np.inf
        for bound, numbers in search:
            if bound < least:
                break
            for part in chunks(numbers):
                near = self._cosines(connection, part, embedding, where, least, limit + 1)
                near.pop(but or 0, None)
                best |= near
                # Of equals the one that was catalogued first.
                first = sorted(best, key=lambda number: (-best[number], number))[:limit]
                best = {number: best[number] for number in first}
                if len(best) == limit:
                    least = best[first[-1]]
        return [(cosine, -number) for number, cosine in best.items()]

    def _cosines(
        self,
        connection: Connection,
        numbers: Sequence[int],
        embedding: NDArray[np.float32],
        where: ColumnElement[bool],
        least: float,
        limit: int,
    ) -> dict[int, float]:
        """The cosines of photos that are meant and come up to the least, of some predictions.

        There may be more such photos; but then the first of these, `limit` of them, are closer.
        """
        photo, answer = schema.photo.c, schema.answer.c
        rows = connection.execute(
            select(answer.id, answer.vector).where(self._is_any(answer.id, numbers))
        ).all()
        if not rows:
            return {}
        cosines = unit(unpack_embeddings([row.vector for row in rows])) @ embedding
        close = np.flatnonzero(cosines >= least)
        order = close[np.argsort(-cosines[close], kind="stable")]
        near = {rows[i].id: float(cosines[i]) for i in order.tolist()}
        found: dict[int, float] = {}
        # To look whether their photos are meant takes long where they lie anywhere.
        for some in (list(near)[: 2 * limit], list(near)[2 * limit :]):
            best = sorted(found.values(), reverse=True)[:limit]
            if not some or (len(best) == limit and best[-1] > near[some[0]]):
                break
            meant = select(photo.id, photo.answer_id).where(
                self._is_any(photo.answer_id, some), where
            )
            found |= {row.id: near[row.answer_id] for row in connection.execute(meant)}
        return found

    def _is_any(self, column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
        """Whether a column has one of some numbers."""
        if self._store.is_sqlite:
            return column.in_(numbers)
        # One parameter, however many they are.
        return column == func.any(cast(list(numbers), ARRAY(BigInteger)))

    def _by_files(
        self,
        connection: Connection,
        embedding: NDArray[np.float32],
        model_id: int,
        segments: Sequence[Segment],
        query: Filter,
    ) -> Iterator[tuple[float, Sequence[int]]]:
        """All predictions of photos that are meant, as `_best` looks at them."""
        allowed = None
        if query != _EVERYTHING:
            cases = query.cases(self._store)
            allowed = np.array(self._allowed(connection, cases, None), np.int64)
        yield np.inf, numbers_after(connection, model_id, segments[-1].last if segments else 0)
        # Where many are meant, some are soon found among the likest.
        for bound, numbers in ranked(segments, embedding, allowed):
            yield bound, numbers.tolist()

    def _by_projection(
        self,
        connection: Connection,
        embedding: NDArray[np.float32],
        projection: Projection,
        query: Filter,
        limit: int,
    ) -> Iterator[tuple[float, Sequence[int]]]:
        """The predictions that are likely closest, as `_best` looks at them."""
        yield np.inf, numbers_after(connection, projection.model_id, projection.covers)
        everything = query == _EVERYTHING
        compared = max(_COMPARED, 4 * limit)
        breeds = None
        if not everything:
            allowed = self._allowed(connection, query.cases(self._store), _FEW)
            if len(allowed) <= _FEW:
                yield (
                    np.inf,
                    pgvector_index.closest(connection, projection, embedding, allowed, compared),
                )
                return
            breeds, others = self._of_breeds(connection, query)
            if others:
                yield (
                    np.inf,
                    pgvector_index.closest(connection, projection, embedding, others, compared),
                )
        bound = np.inf
        for times in (1, 100) if everything else (2, 10, 100):
            taken = times * compared
            found = pgvector_index.candidates(connection, projection, embedding, taken, breeds)
            fit = found if everything else self._fitting(connection, query, found)
            if len(fit) >= compared or len(found) < taken:
                yield bound, fit[:compared]
                # Goes on only where these were too few, because files are missing.
                bound = -1.0
                yield bound, fit[compared:]
            elif 100 * len(fit) < taken:
                break
        # Hardly any that are meant are among the likest: all of them are ranked.
        answer = schema.photo.c.answer_id
        cases = query.cases(self._store)
        meant = union_all(*(select(answer).where(case, answer.is_not(None)) for case in cases))
        yield bound, pgvector_index.closest(connection, projection, embedding, meant, compared)

    def _of_breeds(
        self, connection: Connection, query: Filter
    ) -> tuple[list[str] | None, list[int]]:
        """The breeds within which the likest are looked for, and the predictions beside these.

        Those are of crosses, whose second breed is meant, and of photos of which another dog is.
        The breeds are None where all have to be looked through.
        """
        meant = query.breed_ids(self._store.models)
        if not meant:
            return None, []
        _, *beside = query.cases(self._store)
        others = self._allowed(connection, beside, _FEW)
        return (meant[0], others) if len(others) <= _FEW else (None, [])

    def like(
        self,
        photo: str | int,
        query: Filter,
        limit: int,
        classifier: Callable[[], Classifier],
        dog: int | None = None,
    ) -> list[Found]:
        """The photos most like one, by its path or number: see `Catalogue.like`.

        The classifier is opened only for a photo that is not in the catalogue.
        """
        sought = self.sought(photo, classifier, dog)
        return self.find(sought.packed, sought.model_id, query, limit, but=sought.photo_id)

    def sought(
        self,
        photo: str | int | Judged[str],
        classifier: Callable[[], Classifier],
        dog: int | None = None,
    ) -> Sought:
        """The embedding of a photo, or of one of its dogs: see `Catalogue.like`.

        The classifier is opened only for a photo that is not in the catalogue. What it has said
        of one already, with the photo's name as the item, may stand for the photo.
        """
        from barkive.classifier import Judged

        if isinstance(photo, Judged):
            return self._of_judged(photo, classifier())
        if dog is not None:
            return self._of_dog(photo, dog)
        c = schema.photo.c
        with self._store.read() as connection:
            if isinstance(photo, int):
                find(connection, photo)
                is_meant = c.number == photo
            else:
                is_meant = at([schema.absolute_path(photo)])
            row = connection.execute(
                select(c.id, schema.answer.c.vector, schema.answer.c.model_id)
                .join_from(schema.photo, schema.answer)
                .where(is_meant)
                .order_by(c.missing_since.is_not(None), c.id.desc())
                .limit(1)
            ).first()
        if row is not None:
            return Sought(unpack_embeddings([row.vector])[0], row.model_id, row.id)
        if isinstance(photo, int):
            raise PhotoError("similar_photo_never_read")
        opened = classifier()
        self._number(opened, photo)
        (judged,) = opened.judge([photo], opened.viewer.load)
        return self._of_judged(judged, opened)

    def _of_judged(self, judged: Judged[str], classifier: Classifier) -> Sought:
        """The embedding of a photo that is not in the catalogue, and was judged."""
        model_id = self._number(classifier, judged.item)
        if judged.scores is None:
            raise PhotoError("similar_photo_unreadable", photo=judged.item, reason=judged.reason)
        packed = np.frombuffer(pack_embedding(judged.scores.features[0]), np.int8)
        return Sought(packed, model_id)

    def _number(self, classifier: Classifier, photo: str) -> int:
        """The number of a classifier's model."""
        model_id = self._store.models.number(classifier.bundle.identity)
        if model_id is None:
            raise UsageError("similar_model_unknown", model=classifier.bundle.model, photo=photo)
        return model_id

    def _of_dog(self, photo: str | int, dog: int) -> Sought:
        """The embedding of one dog of a photo."""
        detection, answer = schema.detection.c, schema.answer.c
        with self._store.read() as connection:
            row = find(connection, photo)
            said = said_of(connection, [row.picture])
            (found,) = effective_of(connection, self._store.models, [row], said)
            dogs = {one.id: one for one in found.dogs or ()}
            if dog not in dogs:
                raise UnknownDogError("label_dog_unknown", file=row.path, dog=dog, n=len(dogs))
            prediction = dogs[dog].prediction
            if prediction is None:
                raise PhotoError("similar_dog_never_seen")
            stored = select(answer.vector).where(answer.id == row.answer_id)
            if prediction.detection is not None:
                stored = select(detection.vector).where(detection.id == prediction.detection)
            vector = unpack_embeddings([connection.execute(stored).scalar_one()])[0]
        return Sought(vector, row.answer_model_id, row.id)

    def index(self, model_id: int) -> None:
        """Brings the index of a model's predictions up to date.

        Where it can't be written there is none, and a search takes longer.
        """
        if not self._store.is_sqlite:
            bring_up_to_date(self._store.database, model_id)
            if self._projection(model_id) is not None:
                return
        self._index_files(model_id)

    def keep_up(self, model_id: int) -> None:
        """Takes the predictions of a scan that goes on into the index, some thousands at once.

        PostgreSQL gets its own when all are there.
        """
        if self._store.is_sqlite:
            self._index_files(model_id)

    def forget(self, model_id: int) -> None:
        """Removes the index of a model most of whose predictions are gone."""
        shutil.rmtree(self._folder() / str(model_id), ignore_errors=True)
        if not self._store.is_sqlite:
            drop(self._store.database, model_id)

    def blank(self, model_id: int, numbers: Sequence[int]) -> None:
        """Takes predictions of a model that were deleted out of its index."""
        if not self._store.is_sqlite:
            with self._store.write() as connection:
                pgvector_index.remove(connection, model_id, numbers)
        folder = self._folder() / str(model_id)
        try:
            blank(read_segments(folder), numbers)
        except OSError:
            # It is made anew.
            shutil.rmtree(folder, ignore_errors=True)

    def _projection(self, model_id: int) -> Projection | None:
        """The pgvector index; None where there is none."""
        with self._store.read() as connection:
            projection = pgvector_index.ready(connection, model_id)
            if projection is None:
                return None
            newest = numbers_after(connection, model_id, projection.covers)
        if len(newest) > _UNINDEXED and catch_up(self._store.database, projection, newest[-1]):
            projection = projection._replace(covers=newest[-1])
        return projection

    def _index_files(self, model_id: int) -> list[Segment]:
        folder = self._folder() / str(model_id)
        segments = read_segments(folder)
        with self._store.read() as connection:
            new = numbers_after(connection, model_id, segments[-1].last if segments else 0)
            if len(new) <= _UNINDEXED:
                return segments
            last = new[-_NEWEST - 1]
            kept, stale = kept_and_stale(segments, len(new))
            after = kept[-1].last if kept else 0
            basis = known_basis(segments)
            joined = joinable(list(reversed(stale)), basis)
            start = joined[-1].last if joined else after
            # Of what was read before, some may be deleted since.
            count = sum(len(segment.rows) for segment in joined)
            count += len(numbers_after(connection, model_id, start, last))
            read = batches(connection, model_id, start, last)
            with suppress(OSError):
                write_segment(folder, after, last, count, read, basis=basis, joined=joined)
                for segment in stale:
                    shutil.rmtree(segment.folder, ignore_errors=True)
        return read_segments(folder)

    def _allowed(
        self, connection: Connection, cases: Sequence[ColumnElement[bool]], most: int | None
    ) -> list[int]:
        """The numbers of the predictions of the photos of some cases; of more than `most` some."""
        answer = schema.photo.c.answer_id
        numbers: list[int] = []
        for case in cases:
            found = select(answer).where(case, answer.is_not(None))
            if most is not None:
                found = found.limit(most + 1)
            numbers += connection.execute(found).scalars()
        return numbers

    def _fitting(self, connection: Connection, query: Filter, numbers: Sequence[int]) -> list[int]:
        """Those predictions of which a photo is meant, in the same order."""
        where = query.where(self._store)
        answer = schema.photo.c.answer_id
        found = select(answer).where(self._is_any(answer, numbers), where)
        meant = set(connection.execute(found).scalars())
        return [number for number in numbers if number in meant]

    def _folder(self) -> Path:
        """Where the index lies: beside the file, or in the user's cache."""
        if self._store.database.file is not None:
            file = self._store.database.file
            return file.with_name(f"{file.name}-vectors") / self._store.database.uuid
        from platformdirs import user_cache_path

        # A copy has the identity of its source, but goes its own way.
        place = hashlib.sha256(self._store.database.name.encode()).hexdigest()[:16]
        cache = user_cache_path("barkive", appauthor=False)
        return cache / "vectors" / f"{self._store.database.uuid}-{place}"
