"""Scans folders: list → skip → identify → record.

The plan is here; only `identify` computes. A scan that is interrupted leaves whole batches
behind, and the next one does what is left.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Row, or_, select

from barkive.catalogue import schema, store
from barkive.catalogue.database import Database
from barkive.catalogue.export.manifest import MANIFEST
from barkive.catalogue.export.outcome import OnProgress
from barkive.catalogue.filters import inside
from barkive.catalogue.models import Models
from barkive.catalogue.reading import Reading, is_gone
from barkive.classifier import Classifier, Judged
from barkive.errors import UsageError
from barkive.images import find_photos
from barkive.verdicts import Status

_LISTED_AT_ONCE = 1000
# A batch is written when it has this many photos, or is this old: what is lost with the
# power is less than that.
_BATCH, _BATCH_SECONDS = 256, 1.0


class Identify(Protocol):
    """Judges readings, in any order; each engine has its own."""

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        """Reads, decodes and judges."""
        ...


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
    finished: bool = False


_FAILURES_LISTED = 1000


def scan(
    database: Database,
    models: Models,
    sources: Sequence[str],
    classifier: Classifier,
    *,
    identify: Identify | None = None,
    retry_failed: bool = False,
    summary: Summary | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Summary:
    """Brings the catalogue up to date with folders and files.

    Args:
        database: The catalogue's.
        models: The catalogue's.
        sources: Folders and files.
        classifier: Whose answers are wanted.
        identify: The engine; None for the classifier on this machine.
        retry_failed: Whether photos that could not be read are read again, unchanged ones
            as well.
        summary: Filled as the scan goes, so that an interrupted one can be told of.
        on_progress: Called with (photos done, photos in all), those that need no work
            included.

    Raises:
        UsageError: A source does not exist.
        CatalogueError: The catalogue can't be written.
    """
    summary = Summary() if summary is None else summary
    places = [schema.absolute(source) for source in sources]
    check_sources(sources)
    with database.write() as connection:
        model = models.add(connection, classifier.bundle)

    def skips(row: Row[Any], status: os.stat_result) -> bool:
        state = status.st_size, status.st_mtime_ns, model.id
        same = (row.bytes, row.mtime_ns, row.model_id) == state
        return same and not (retry_failed and row.status == Status.FAILED)

    # Counted first, so that the time left can be told; listing costs little.
    total = sum(1 for _ in _listed(places))
    progress = _Progress(summary, total, on_progress)
    engine = identify or _local(classifier)
    batch: list[Judged[Reading]] = []
    written = time.monotonic()

    def flush() -> None:
        nonlocal written
        # A file that has gone since it was listed is missing, and no bad photo.
        there = [one for one in batch if one.error is None or not is_gone(one.item.path)]
        if there:
            with database.write() as connection:
                counts = store.record(connection, models, model, there)
        # Before it is told of, because whoever is told may end the scan.
        batch.clear()
        written = time.monotonic()
        if there:
            progress.recorded(there, counts)

    todo = _unknown(database, places, skips, progress)
    try:
        for judged in engine(todo):
            batch.append(judged)
            if len(batch) >= _BATCH or time.monotonic() - written >= _BATCH_SECONDS:
                flush()
    finally:  # also after Ctrl-C: what is judged is kept
        flush()
    summary.missing = _mark_missing(database, places)
    summary.finished = True
    return summary


@dataclass(slots=True)
class _Progress:
    """Counts what is done. The listing thread counts one field, the recording one the rest."""

    summary: Summary
    total: int
    on_progress: OnProgress

    def skipped(self, rows: Sequence[Row[Any]]) -> None:
        self.summary.unchanged += len(rows)
        self.summary.statuses.update(Status(row.status) for row in rows)
        self._tell()

    def shut(self, folder: str) -> None:
        """A folder that can't be listed takes the place of its photos in a listing."""
        self.summary.failed.append((folder, "No permission to open the folder."))
        self.total -= 1

    def recorded(self, batch: Sequence[Judged[Reading]], counts: Counter[str]) -> None:
        summary = self.summary
        summary.new += counts[store.NEW]
        summary.changed += counts[store.CHANGED]
        summary.moved += counts[store.MOVED]
        summary.again += counts[store.AGAIN]
        summary.statuses.update({status: counts[status] for status in Status if counts[status]})
        for one in batch:
            if one.error is not None and len(summary.failed) < _FAILURES_LISTED:
                summary.failed.append((one.item.path, one.error))
        self._tell()

    def _tell(self) -> None:
        self.summary.listed = self.summary.statuses.total()
        self.on_progress(self.summary.listed, max(self.total, self.summary.listed))


def _local(classifier: Classifier) -> Identify:
    """The engine of this machine."""
    preprocessing = classifier.bundle.info.preprocessing

    def identify(readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        return classifier.judge(readings, lambda reading: reading.load(preprocessing))

    return identify


def check_sources(sources: Sequence[str]) -> None:
    """Refuses a source that is not there, before any work: it may be an unplugged disk.

    Raises:
        UsageError: It is not there.
    """
    for source in sources:
        if is_gone(schema.absolute(source)):
            raise UsageError(
                f"There is no folder or file {source}; check the name. If photos of it are in the "
                "catalogue, they stay as they are."
            )


def _under(place: str) -> Any:
    """The photos that a folder or a file stands for."""
    return or_(schema.photo.c.path == place, inside(place))


def _listed(places: Sequence[str]) -> Iterator[str]:
    """Every photo once, whichever of the places name it."""
    outer = [
        place
        for place in dict.fromkeys(places)
        if not any(_is_inside(place, other) for other in places)
    ]
    # A tree that an export made of links or copies is not photographed anew.
    return find_photos(outer, passing_over=MANIFEST)


def _is_inside(place: str, folder: str) -> bool:
    return place != folder and place.startswith(folder.rstrip(os.sep) + os.sep)


def _unknown(
    database: Database,
    places: Sequence[str],
    skips: Callable[[Row[Any], os.stat_result], bool],
    progress: _Progress,
) -> Iterator[Reading]:
    """The photos that must be read, those that are known being passed over."""
    table = schema.photo
    columns = [table.c[name] for name in _COMPARED]
    listing = _listed(places)
    while paths := list(islice(listing, _LISTED_AT_ONCE)):
        with database.read() as connection:
            found = connection.execute(select(*columns).where(table.c.path.in_(paths)))
            known = {row.path: row for row in found}
        unchanged: list[Row[Any]] = []
        unknown: list[str] = []
        for path in paths:
            status = _status(path)
            row = known.get(path)
            if status is not None and stat.S_ISDIR(status.st_mode):
                progress.shut(path)
            elif row is not None and status is not None and skips(row, status):
                unchanged.append(row)
            else:
                unknown.append(path)
        back = [row.id for row in unchanged if row.missing_since is not None]
        if back:
            with database.write() as connection:
                store.mark_present(connection, back)
            progress.summary.back += len(back)
        progress.skipped(unchanged)
        yield from map(Reading, unknown)


_COMPARED = ("id", "path", "bytes", "mtime_ns", "model_id", "status", "missing_since")


def _status(path: str) -> os.stat_result | None:
    """What the system says of a file; None where it can't be looked at."""
    try:
        return os.stat(path)  # noqa: PTH116 - Path() would refuse odd names
    except (OSError, ValueError):
        return None


def _mark_missing(database: Database, places: Iterable[str]) -> int:
    """Marks the photos of these places whose files are gone, and gives their number."""
    table, missing = schema.photo, 0
    for place in places:
        last = ""
        while True:
            with database.read() as connection:
                rows = connection.execute(
                    select(table.c.id, table.c.path, table.c.missing_since)
                    .where(_under(place), table.c.path > last)
                    .order_by(table.c.path)
                    .limit(_LISTED_AT_ONCE)
                ).all()
            if not rows:
                break
            last = rows[-1].path
            fresh = [row.id for row in rows if row.missing_since is None and is_gone(row.path)]
            missing += len(fresh)
            if fresh:
                with database.write() as connection:
                    store.mark_missing(connection, fresh)
    return missing
