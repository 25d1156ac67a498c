"""Scans folders, lists and stores: list → skip → identify → record.

The plan is here; only an engine computes. A scan that is interrupted leaves whole batches
behind, and the next one does what is left.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from barkive.catalogue import schema, store
from barkive.catalogue.database import Database
from barkive.catalogue.engine import Engine, LocalEngine
from barkive.catalogue.export.outcome import OnProgress
from barkive.catalogue.listing import Listing, State, look
from barkive.catalogue.models import Model, Models
from barkive.catalogue.reading import Reading, is_gone
from barkive.catalogue.runs import Record, RunState
from barkive.catalogue.sources import Listed
from barkive.classifier import Classifier, Judged
from barkive.images.passing import NOTHING_MORE, Passing
from barkive.verdicts import Status

_COMPARED_AT_ONCE = 1000
# As whoever reads a photo says it, of this machine's and of a store's.
_NOT_THERE = "The file does not exist."
# A batch is written when it has this many photos, or is this old: what is lost with the
# power is less than that.
_BATCH, _BATCH_SECONDS = 256, 1.0


@dataclass(slots=True)
class Summary:
    """What a scan found.

    Attributes:
        listed: Photos listed in the folders.
        unchanged: Of these, known and not read again.
        new: Catalogued for the first time.
        changed: Known, with another content than before.
        moved: Known by their content, under another path.
        again: Known and unchanged, but judged again: by another model, or because it could
            not be told that it was unchanged.
        back: Of those unchanged, such as were missing before.
        missing: Catalogued, and found to be gone.
        statuses: How many of the photos listed have which status, as what holds.
        failed: Photos that this scan could not read, with the reason: the first thousand.
        failures: How many these are in all.
        passed_over: How many photos, RAW files and videos were passed over, by the place that
            they lie in, such as `@eaDir`, or by a `Reason`; told at the end.
        finished: False while it runs, and where it was interrupted.
    """

    listed: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    again: int = 0
    back: int = 0
    missing: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    failures: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    finished: bool = False

    def counts(self) -> dict[str, int]:
        """The numbers by name, those of the statuses included."""
        names = ("listed", *_KINDS)
        own = {name: getattr(self, name) for name in names}
        return own | {status.value: number for status, number in self.statuses.items()}

    def fail(self, path: str, reason: str) -> None:
        """Notes a photo that could not be read."""
        self.failures += 1
        if len(self.failed) < _FAILURES_LISTED:
            self.failed.append((path, reason))


_KINDS = ("unchanged", "new", "changed", "moved", "again", "back", "missing")
_FAILURES_LISTED = 1000


def scan(
    database: Database,
    models: Models,
    given: Sequence[str],
    classifier: Classifier,
    *,
    engine: Engine | None = None,
    retry_failed: bool = False,
    passing: Passing = NOTHING_MORE,
    summary: Summary | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Summary:
    """Brings the catalogue up to date with folders, photos, patterns, lists and stores.

    Args:
        database: The catalogue's.
        models: The catalogue's.
        given: What to scan: see `sources`.
        classifier: Whose answers are wanted.
        engine: Who judges; None for the classifier on this machine.
        retry_failed: Whether photos that could not be read are read again, unchanged ones
            as well.
        passing: What is passed over in the sources.
        summary: Filled as the scan goes, so that an interrupted one can be told of.
        on_progress: Called with (photos done, photos in all), those that need no work
            included; None in all while they are being listed.

    Raises:
        CatalogueError: The catalogue can't be written.
        MissingExtraError: A source needs an extra that is not installed.
        StoreError: An object store can't be asked.
        UsageError: A source does not exist, or nothing is left of it by patterns.
    """
    summary = Summary() if summary is None else summary
    engine = engine or LocalEngine(classifier)
    listing = Listing(given, passing)
    with database.write() as connection:
        model = models.add(connection, classifier.bundle)
        run = Record.begin(database, connection, given, engine, model)
    plan = _Plan(database, models, model, listing, retry_failed, summary, run, on_progress)
    try:
        plan.carry_out(engine)
        summary.passed_over = listing.passed_over()
    except Exception as error:
        run.end(RunState.FAILED, summary.counts(), error)
        raise
    except BaseException:
        run.end(RunState.INTERRUPTED, summary.counts())
        raise
    finally:
        listing.close()
    summary.finished = True
    run.end(RunState.FINISHED, summary.counts())
    return summary


@dataclass(slots=True)
class _Plan:
    """List → skip → identify → record, the same for every engine.

    The thread that asks for the next reading counts what needs no work, the recording one
    the rest.
    """

    database: Database
    models: Models
    model: Model
    listing: Listing
    retry_failed: bool
    summary: Summary
    run: Record
    on_progress: OnProgress
    left_out: int = 0

    def carry_out(self, engine: Engine) -> None:
        """Does everything; what is judged is recorded also where this is interrupted."""
        batch: list[Judged[Reading]] = []
        written = time.monotonic()
        try:
            for judged in engine(self._todo()):
                batch.append(judged)
                if len(batch) >= _BATCH or time.monotonic() - written >= _BATCH_SECONDS:
                    self._record(batch)
                    written = time.monotonic()
        finally:
            self._record(batch)
        self._mark_missing()

    def _todo(self) -> Iterator[Reading]:
        """The photos that must be read, those that are known being passed over."""
        table = schema.photo
        columns = [table.c[name] for name in _COMPARED]
        for listed in self.listing.batches():
            with self.database.read() as connection:
                paths = [one.path for one in listed]
                found = connection.execute(select(*columns).where(table.c.path.in_(paths)))
                known = {row.path: row for row in found}
            unchanged: list[Row[Any]] = []
            gone: list[str] = []
            unknown: list[Reading] = []
            for one, state in zip(listed, look(listed), strict=True):
                row = known.get(one.path)
                if state is None:
                    self._absent(one, row is not None, gone)
                elif state.fault is not None:
                    self._fail(one.path, state.fault)
                elif row is not None and self._skips(row, state):
                    unchanged.append(row)
                else:
                    unknown.append(Reading(one.path, state.size, state.mtime_ns))
            self.listing.set_aside(gone)
            self._mark_back(unchanged)
            self._tell(unchanged)
            yield from unknown

    def _skips(self, row: Row[Any], state: State) -> bool:
        if state.mtime_ns is None:
            return False
        same = (row.bytes, row.mtime_ns, row.model_id) == (*state[:2], self.model.id)
        return same and not (self.retry_failed and row.status == Status.FAILED)

    def _absent(self, one: Listed, is_known: bool, gone: list[str]) -> None:
        """A file that is not there: it has gone since it was listed, or a list names it."""
        if is_known:
            gone.append(one.path)
        elif one.named:
            self._fail(one.path, _NOT_THERE)
            return
        self.left_out += 1

    def _fail(self, path: str, reason: str) -> None:
        """Tells of what is not read: in the catalogue it stays as it is, if it is there."""
        self.left_out += 1
        self.summary.fail(path, reason)

    def _mark_back(self, unchanged: Sequence[Row[Any]]) -> None:
        back = [row.id for row in unchanged if row.missing_since is not None]
        if back:
            with self.database.write() as connection:
                store.mark_present(connection, back)
        self.summary.back += len(back)

    def _tell(self, unchanged: Sequence[Row[Any]] = ()) -> None:
        summary = self.summary
        summary.unchanged += len(unchanged)
        summary.statuses.update(Status(row.status) for row in unchanged)
        summary.listed = summary.statuses.total()
        total = self.listing.total
        if total is not None:
            total = max(total - self.left_out, summary.listed)
        self.run.stay(summary.counts())
        self.on_progress(summary.listed, total)

    def _record(self, batch: list[Judged[Reading]]) -> None:
        """Writes what is judged, and empties the batch."""
        # A file that has gone since it was listed is missing, and no bad photo.
        failed = (one.item.path for one in batch if one.error == _NOT_THERE)
        gone = [path for path in failed if is_gone(path)]
        there = [one for one in batch if one.item.path not in gone]
        lost = store.find_lost(self.database, there, self.listing.is_gone)
        self.left_out += len(gone)
        self.listing.set_aside(gone)
        # Before it is told of, because whoever is told may end the scan.
        batch.clear()
        if not there:
            return
        with self.database.write() as connection:
            counts = store.record(connection, self.models, self.model, there, lost)
            self._count(there, counts)
            self.run.keep(connection, self.summary.counts())
        self._tell()

    def _count(self, batch: Sequence[Judged[Reading]], counts: Counter[str]) -> None:
        summary = self.summary
        summary.new += counts[store.NEW]
        summary.changed += counts[store.CHANGED]
        summary.moved += counts[store.MOVED]
        summary.again += counts[store.AGAIN]
        summary.statuses.update({status: counts[status] for status in Status if counts[status]})
        for one in batch:
            if one.error is not None:
                summary.fail(one.item.path, one.error)

    def _mark_missing(self) -> None:
        """Marks the photos of the sources whose files are gone; last, because some have moved."""
        table, vouches = schema.photo, self.listing.vouches
        columns = select(table.c.id, table.c.path).where(table.c.missing_since.is_(None))
        for source in self.listing.sources:
            meant, last = source.catalogued(), ""
            while meant is not None:
                page = columns.where(meant, table.c.path > last).order_by(table.c.path)
                with self.database.read() as connection:
                    rows = connection.execute(page.limit(_COMPARED_AT_ONCE)).all()
                if not rows:
                    break
                last = rows[-1].path
                self._mark_gone([r for r in rows if source.means(r.path) and not vouches(r.path)])
        for paths in self.listing.aside():
            with self.database.read() as connection:
                rows = connection.execute(columns.where(table.c.path.in_(paths))).all()
            self._mark_gone(rows)

    def _mark_gone(self, rows: Sequence[Row[Any, Any]]) -> None:
        """Marks those photos whose files are gone."""
        # By their names, because no listing tells of all: it hides some, and others came later.
        states = look([Listed(row.path, named=True) for row in rows])
        gone = {
            row.id: row.path
            for row, one in zip(rows, states, strict=True)
            if one is None or self.listing.is_thrown_away(row.path)
        }
        if gone:
            with self.database.write() as connection:
                self.summary.missing += store.mark_missing(connection, gone)
        self.run.stay(self.summary.counts())


_COMPARED = ("id", "path", "bytes", "mtime_ns", "model_id", "status", "missing_since")
