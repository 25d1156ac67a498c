"""Scans folders, lists and stores: list → skip → identify → record.

The plan is here; only an engine computes. A scan that is interrupted leaves whole batches
behind, and the next one does what is left.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, and_, func, select

from barkive.bundle import Bundle
from barkive.catalogue.db import schema
from barkive.catalogue.learning.in_use import is_in_use
from barkive.catalogue.learning.judging_again import judge_again, relatives
from barkive.catalogue.photos import forgotten
from barkive.catalogue.photos.reading import Reading, is_gone
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.query.filters import at
from barkive.catalogue.query.store import Store
from barkive.catalogue.scan import placing, recording
from barkive.catalogue.scan.departures import Departures
from barkive.catalogue.scan.engine import Engine, LocalEngine
from barkive.catalogue.scan.history import BY_PROGRAM, Record, RunState, ScanRequest
from barkive.catalogue.scan.listing import Listing, State, look
from barkive.catalogue.scan.sources import Listed
from barkive.catalogue.scan.taken_out import TakenOut
from barkive.catalogue.similarity.similar import Similar
from barkive.classifier import Classifier, Judged
from barkive.errors import PhotoError, SwitchedMeanwhileError
from barkive.images import read_file
from barkive.images.remote import is_remote
from barkive.messages import Message
from barkive.progress import OnProgress
from barkive.verdicts import Status

_COMPARED_AT_ONCE = 1000
# Of a file that a list names.
_NOT_THERE = Message("photo_not_found")
# A batch is written when it has this many photos, or is this old: what is lost with the
# power is less than that.
_BATCH, _BATCH_SECONDS = 256, 1.0
# So often the index of vectors follows.
_INDEXED_AT_ONCE = 4096


@dataclass(slots=True)
class Summary:
    """What a scan found.

    Attributes:
        listed: Photos listed in the folders.
        unchanged: Of these, known and not read again.
        new: Catalogued for the first time.
        changed: Known, and rewritten: the same picture with other tags, turned or converted.
        moved: Known by their picture, under another path.
        replaced: New under the name of another picture, which is missing now.
        again: Known and unchanged, but judged again: by another model, or because it could
            not be told that it was unchanged.
        back: Of those unchanged, such as were missing before.
        missing: Catalogued, and found to be gone.
        statuses: How many of the photos listed have which status, as what holds. A photo that
            failed before, and is unchanged, is among the failed ones.
        failed: Photos that this scan could not read, with the reason: the first thousand. What
            was known of them stays, so such a one may have another status.
        failures: How many these are in all.
        taken_out: Files that hold what somebody took out of the catalogue, and that were passed
            over.
        passed_over: How many photos, RAW files and videos were passed over, by the place that
            they lie in, such as `@eaDir`, or by a `Reason`; told at the end.
        of_animals: Of those new, how many seem to show an animal that is known, and are suggested
            for it; told at the end.
        finished: False while it runs, and where it was interrupted.
        run: The number of its record; None before it begins.
    """

    listed: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    replaced: int = 0
    again: int = 0
    back: int = 0
    missing: int = 0
    taken_out: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    failed: list[tuple[str, Message]] = field(default_factory=list)
    failures: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    of_animals: int = 0
    finished: bool = False
    run: int | None = None

    def counts(self) -> dict[str, int]:
        """The numbers by name, those of the statuses included."""
        names = ("listed", *_KINDS)
        own = {name: getattr(self, name) for name in names}
        return own | {status.value: number for status, number in self.statuses.items()}

    def fail(self, path: str, reason: Message) -> None:
        """Notes a photo that could not be read."""
        self.failures += 1
        if len(self.failed) < _FAILURES_LISTED:
            self.failed.append((path, reason))


_KINDS = (
    *("unchanged", "new", "changed", "moved", "replaced", "again", "back", "missing"),
    "taken_out",
)
_FAILURES_LISTED = 1000


def scan(  # noqa: PLR0913 - each is given by its name
    store: Store,
    listing: Listing,
    classifier: Classifier,
    *,
    engine: Engine | None = None,
    retry_failed: bool = False,
    gone: bool = False,
    summary: Summary | None = None,
    on_progress: OnProgress = lambda done, total: None,
    asked: ScanRequest = BY_PROGRAM,
) -> Summary:
    """Brings the catalogue up to date with folders, photos, patterns, lists and stores.

    Photos that have not followed to the model in use yet do so where it is the classifier's, so
    that their files need not be read again: see `judging_again`.

    Args:
        store: The catalogue.
        listing: What to scan; it is closed at the end.
        classifier: Whose predictions are wanted.
        engine: Who judges; None for the classifier on this machine.
        retry_failed: Whether photos that could not be read are read again, unchanged ones
            as well.
        gone: Whether photos are marked missing also where all that a source held, or most of
            it, is gone at once.
        summary: Filled as the scan goes, so that an interrupted one can be told of.
        on_progress: Called with (photos done, photos in all), those that need no work
            included; None in all while they are being listed.
        asked: Who asks for it.

    Raises:
        CatalogueError: The catalogue can't be written.
        MissingExtraError: A source needs an extra that is not installed.
        SourceAwayError: All that a source held, or most of it, is gone at once: a drive or share
            may not be connected. Nothing is marked missing.
        StoreError: An object store can't be asked.
        UsageError: A source does not exist, or nothing is left of it by patterns.
    """
    summary = Summary() if summary is None else summary
    engine = engine or LocalEngine(classifier)
    in_use = classifier.bundle if is_in_use(store, classifier.bundle) else None
    with store.write() as connection:
        before = connection.execute(select(func.max(schema.photo.c.id))).scalar() or 0
        model = store.models.add(connection, classifier.bundle)
        names = [source.name for source in listing.sources]
        run = Record.begin(store.database, connection, names, engine, model, asked)
    summary.run = run.number
    brings_back = any(source.passing.brings_back for source in listing.sources)
    taken_out = None if brings_back else TakenOut(store, listing)
    plan = _Plan(store, model, listing, retry_failed, summary, run, on_progress, in_use, taken_out)
    try:
        plan.carry_out(engine)
        summary.passed_over = listing.passed_over()
        departures = Departures(store, listing, before)
        unread = summary.unchanged if summary.unchanged == summary.listed else None
        joined = departures.find(lambda: run.stay(summary.counts()), unread)
        summary.moved += joined
        # Some of them could not be read at first.
        summary.changed -= max(joined - summary.new, 0)
        summary.new = max(summary.new - joined, 0)
        if not gone:
            departures.refuse_many()
        summary.missing += departures.mark()
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

    store: Store
    model: Model
    listing: Listing
    retry_failed: bool
    summary: Summary
    run: Record
    on_progress: OnProgress
    # Whose answers other photos follow to; None where it was not the model in use.
    in_use: Bundle | None
    # Knows what is passed over because it was taken out; None where it is brought back.
    taken_out: TakenOut | None
    left_out: int = 0
    unindexed: int = 0
    has_followed: bool = False
    accepted: frozenset[int] = frozenset()

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

    def _todo(self) -> Iterator[Reading]:
        """The photos that must be read, those that are known being passed over."""
        for listed in self.listing.batches():
            known = self._known(listed)
            models = {row.model_id for row in known.values()}
            if self.in_use is not None and models - {None, self.model.id, *self.accepted}:
                self._follow(self.in_use)
                known = self._known(listed)
            unchanged: list[Row[Any]] = []
            touched: dict[int, tuple[str, int | None]] = {}
            gone: list[str] = []
            unknown: list[Reading] = []
            for one, state in zip(listed, look(listed), strict=True):
                row = known.get(one.path)
                if state is None:
                    self._absent(one, row is not None, gone)
                elif state.fault is not None:
                    self._fail(one.path, state.fault)
                elif row is not None and self._skips(row, one.path, state, touched):
                    unchanged.append(row)
                else:
                    unknown.append(Reading(one.path, state.size, state.mtime_ns))
            self.listing.set_aside(gone)
            if touched:
                with self.store.write() as connection:
                    recording.mark_unchanged(connection, touched)
            self.summary.back += sum(row.missing_since is not None for row in unchanged)
            self._tell(unchanged)
            for reading in unknown:
                digest = self.taken_out.digest_of(reading.path) if self.taken_out else None
                if digest is None or not self._pass_over({reading.path: digest}):
                    yield reading

    def _follow(self, bundle: Bundle) -> None:
        """Has photos follow to the model in use, once.

        Where that is another one by now, photos that followed to it are left as they are.
        """
        with suppress(SwitchedMeanwhileError):
            if not self.has_followed:
                self.has_followed = True
                judge_again(self.store, bundle, self.model, on_progress=lambda *_: self._tell())
        if not is_in_use(self.store, bundle):
            with self.store.read() as connection:
                family = relatives(connection, self.store, self.model)
            self.accepted = frozenset(
                one.id for one in family if one.detector == self.model.detector
            )

    def _known(self, listed: Sequence[Listed]) -> dict[str, Row[Any]]:
        """What the catalogue has of files that are compared, by their paths."""
        table, content = schema.photo, schema.content
        unsketched = and_(content.c.sketch.is_(None), table.c.phash.is_not(None))
        columns = [*(table.c[name] for name in _COMPARED), unsketched.label("is_unsketched")]
        found = select(*columns).where(at([one.path for one in listed]))
        found = found.outerjoin(content, content.c.sha256 == table.c.sha256)
        # Of several that were under one name, the one that is there, or the last.
        last = table.c.missing_since.is_(None), table.c.missing_since, table.c.id
        with self.store.read() as connection:
            return {row.path: row for row in connection.execute(found.order_by(*last))}

    def _skips(
        self, row: Row[Any], path: str, state: State, touched: dict[int, tuple[str, int | None]]
    ) -> bool:
        """Whether a photo need not be decoded again.

        Where the system says that something has changed, its name or its rights perhaps, the
        file is read: two that exchange their names may have one size and one time.
        """
        if state.mtime_ns is None:
            return False
        if (row.bytes, row.mtime_ns) != state[:2]:
            return False
        if row.model_id != self.model.id and row.model_id not in self.accepted:
            return False
        if self.retry_failed and row.error is not None:
            return False
        if row.is_unsketched:
            # Read by version 0.1, which did not note by what a picture is known.
            return False
        is_there = row.missing_since is None
        if is_there and state.ctime_ns == row.ctime_ns:
            return True
        if not is_remote(path) and not (is_there and row.ctime_ns is None):
            try:
                content = read_file(path)
            except PhotoError:
                return False
            if row.sha256 is None or sha256(content).digest() != bytes(row.sha256):
                return False
        touched[row.id] = path, state.ctime_ns
        return True

    def _absent(self, one: Listed, is_known: bool, gone: list[str]) -> None:
        """A file that is not there: it has gone since it was listed, or a list names it."""
        if is_known:
            gone.append(one.path)
        elif one.named:
            self._fail(one.path, _NOT_THERE)
            return
        self.left_out += 1

    def _fail(self, path: str, reason: Message) -> None:
        """Tells of what is not read: in the catalogue it stays as it is, if it is there."""
        self.left_out += 1
        self.summary.fail(path, reason)

    def _tell(self, unchanged: Sequence[Row[Any]] = ()) -> None:
        summary = self.summary
        summary.unchanged += len(unchanged)
        counted = Counter(row.status for row in unchanged)
        summary.statuses.update({Status(status): n for status, n in counted.items()})
        summary.listed = summary.statuses.total()
        total = self.listing.total
        if total is not None:
            total = max(total - self.left_out, summary.listed)
        self.run.stay(summary.counts())
        self.on_progress(summary.listed, total)

    def _record(self, batch: list[Judged[Reading]]) -> None:
        """Writes what is judged, and empties the batch."""
        # A file that has gone since it was listed is missing, and no bad photo.
        unread = (one.item.path for one in batch if one.reason and one.item.sha256 is None)
        gone = {path for path in unread if is_gone(path)}
        # Some could not be looked at before, or were taken out since.
        read = {one.item.path: one.item.sha256 for one in batch}
        passed = self._pass_over({path: one for path, one in read.items() if one is not None})
        there = [one for one in batch if one.item.path not in gone | passed]
        lost = placing.find_lost(self.store.database, there, self.listing.is_gone)
        self.left_out += len(gone)
        self.listing.set_aside(list(gone))
        # Before it is told of, because whoever is told may end the scan.
        batch.clear()
        if not there:
            return
        with self.store.write() as connection:
            if self.taken_out is None:
                digests = (one.item.sha256 for one in there)
                forgotten.bring_back(connection, [one for one in digests if one is not None])
            counts = recording.record(connection, self.store.models, self.model, there, lost)
            self._count(there, counts)
            self.run.keep(connection, self.summary.counts())
        self._tell()
        self.unindexed += len(there)
        if self.unindexed >= _INDEXED_AT_ONCE:
            self.unindexed = 0
            Similar(self.store).keep_up(self.model.id)

    def _pass_over(self, digests: Mapping[str, bytes]) -> frozenset[str]:
        """Passes over those of some files that hold what was taken out, and gives their paths.

        Args:
            digests: The SHA-256 of each, by its path.
        """
        if self.taken_out is None:
            return frozenset()
        found = self.taken_out.among(digests)
        if found.replaced:
            with self.store.write() as connection:
                self.summary.missing += recording.mark_missing(connection, found.replaced)
        self.left_out += len(found.paths)
        self.summary.taken_out += len(found.paths)
        return found.paths

    def _count(self, batch: Sequence[Judged[Reading]], counts: Counter[str]) -> None:
        summary = self.summary
        summary.new += counts[placing.NEW]
        summary.changed += counts[placing.CHANGED]
        summary.moved += counts[placing.MOVED]
        summary.replaced += counts[placing.REPLACED]
        summary.again += counts[placing.AGAIN]
        summary.statuses.update({status: counts[status] for status in Status if counts[status]})
        for one in batch:
            if one.reason is not None:
                summary.fail(one.item.path, one.reason)


_COMPARED = (
    *("id", "path", "bytes", "mtime_ns", "ctime_ns", "sha256", "model_id", "status"),
    *("error", "missing_since"),
)
