"""Scans as jobs: one at a time, in the background, with their progress to look at."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from typing_extensions import TypedDict

from barkive.catalogue import (
    Catalogue,
    ScanRequest,
    Source,
    Summary,
    is_gone,
    open_source,
    utc,
)
from barkive.classifier import Classifier
from barkive.clock import now
from barkive.errors import (
    BarkiveError,
    BusyError,
    SourceAwayError,
    UnknownScanError,
    UsageError,
    system_reason,
)
from barkive.images.passing import NOTHING_MORE, Passing
from barkive.images.spelling import as_spelt
from barkive.messages import Language, Message, Messages, reason_json
from barkive.verdicts import Status
from barkive.web.paths import printable
from barkive.web.settings import FolderNotAllowedError, Settings

ABSOLUTE = r"^(/|[A-Za-z]:|\\\\)[^\x00]*$"
"""An absolute path: on POSIX, on a Windows disk, or on a Windows share."""

_log = logging.getLogger(__name__)
_WAITING_AT_MOST = 20
_FAILURES_LISTED = 100
_TELL_SECONDS = 0.1
# The rate is that of the last seconds, so that the time left follows what happens.
_RATE_SECONDS = 5.0


class State(StrEnum):
    """What has become of a scan."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class FailureJSON(TypedDict):
    """A photo that could not be read."""

    file: str
    error: str
    error_code: str


class ScanJSON(TypedDict):
    """A scan's JSON form."""

    id: str
    folders: list[str]
    state: str
    done: int
    total: int
    rate: float | None
    seconds_left: int | None
    started_at: str | None
    finished_at: str | None
    new: int
    changed: int
    moved: int
    replaced: int
    missing: int
    unchanged: int
    taken_out: int
    passed_over: dict[str, int]
    statuses: dict[str, int]
    failed: list[FailureJSON]
    error: str | None
    error_code: str | None
    is_away: bool
    origin: str
    started_by: str | None
    run: int | None


@dataclass(frozen=True, slots=True)
class ScanJob:
    """How far a scan is, at one moment.

    Attributes:
        id: Its name.
        folders: The names of what is scanned.
        retry_failed: Whether photos are read again that could not be read.
        passing: What is passed over in the folders.
        gone: Whether photos are marked missing also where most of a folder's are gone at once.
        state: What has become of it.
        version: Grows with every change.
        done: Photos done, those that needed no work included.
        total: Photos in all, as far as they are counted.
        rate: Photos a second of late; None as long as it is not known.
        started_at: When it began, UTC.
        finished_at: When it ended, UTC.
        summary: What it has found so far.
        reason: Why it failed.
        is_away: Whether that is because most of a folder's photos were gone at once: it can be
            confirmed with `gone`.
        sources: What is scanned, as it was opened when it was checked.
        asked: Who asked for it, and where.
    """

    id: str
    folders: tuple[str, ...]
    retry_failed: bool = False
    passing: Passing = NOTHING_MORE
    gone: bool = False
    state: State = State.WAITING
    version: int = 0
    done: int = 0
    total: int = 0
    rate: float | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    summary: Summary = field(default_factory=Summary)
    reason: Message | None = None
    is_away: bool = False
    sources: tuple[str | Source, ...] = ()
    asked: ScanRequest = field(default_factory=ScanRequest)

    @property
    def is_at_work(self) -> bool:
        """Whether it waits or runs."""
        return self.finished_at is None

    @property
    def error(self) -> str | None:
        """The reason in English; None where there is none."""
        return self.reason.text() if self.reason is not None else None

    @property
    def seconds_left(self) -> int | None:
        """About how long it will still take; None where that is not known."""
        if self.state is not State.RUNNING or not self.rate:
            return None
        return round((self.total - self.done) / self.rate)

    def to_json(self, lang: Language = "en") -> ScanJSON:
        """The scan as a JSON object; times in ISO 8601, errors in a language."""
        found = self.summary
        return {
            "id": self.id,
            "folders": [printable(folder) for folder in self.folders],
            "state": self.state.value,
            "done": self.done,
            "total": self.total,
            "rate": round(self.rate, 1) if self.rate is not None else None,
            "seconds_left": self.seconds_left,
            "started_at": utc(self.started_at) if self.started_at else None,
            "finished_at": utc(self.finished_at) if self.finished_at else None,
            "new": found.new,
            "changed": found.changed,
            "moved": found.moved,
            "replaced": found.replaced,
            "missing": found.missing,
            "unchanged": found.unchanged,
            "taken_out": found.taken_out,
            "passed_over": dict(found.passed_over),
            "statuses": {status.value: found.statuses.get(status, 0) for status in Status},
            "failed": [
                {
                    "file": printable(file),
                    "error": Messages(lang).on_page(why),
                    "error_code": why.code,
                }
                for file, why in found.failed[:_FAILURES_LISTED]
            ],
            **reason_json(self.reason, lang),
            "is_away": self.is_away,
            "origin": self.asked.origin.value,
            "started_by": self.asked.by,
            "run": found.run,
        }


class _CancelledError(BaseException):
    """Raised inside a scan that is to stop: like Ctrl-C no failure, and nobody's to catch."""


class ScanJobs:
    """The scans since the start, and those that wait. Safe to use from several threads."""

    def __init__(
        self, catalogue: Catalogue, classifier: Callable[[], Classifier], *, kept: int = 50
    ) -> None:
        """Starts the thread that scans.

        Args:
            catalogue: Which one is brought up to date.
            classifier: Gives the one that names the breeds.
            kept: How many scans are remembered.
        """
        self._catalogue, self._classifier, self._kept = catalogue, classifier, kept
        self._changed = threading.Condition()
        self._scans: OrderedDict[str, ScanJob] = OrderedDict()
        self._cancelled: set[str] = set()
        self._at_work: tuple[str, Summary] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="barkive-scans", daemon=True)
        self._thread.start()

    def start(
        self,
        folders: Sequence[str | Source],
        *,
        retry_failed: bool = False,
        passing: Passing = NOTHING_MORE,
        gone: bool = False,
        asked: ScanRequest | None = None,
    ) -> ScanJob:
        """Asks for a scan; one of the same folders that waits already is given back.

        Args:
            folders: Absolute paths, or what was opened of them.
            retry_failed: Whether to read photos again that could not be read.
            passing: What is passed over in the folders.
            gone: Whether photos are marked missing also where most of a folder's are gone.
            asked: Who asks for it; None for a program.

        Raises:
            BusyError: Too many wait.
        """
        sources = {one if isinstance(one, str) else one.name: one for one in folders}
        wish = tuple(sources), retry_failed, passing, gone
        with self._changed:
            waiting = [one for one in self._scans.values() if one.state is State.WAITING]
            for one in waiting:
                if (one.folders, one.retry_failed, one.passing, one.gone) == wish:
                    return one
            if len(waiting) >= _WAITING_AT_MOST or self._closed:
                raise BusyError("scan_too_many_waiting", count=len(waiting))
            scan = ScanJob(
                secrets.token_hex(8),
                *wish,
                sources=tuple(sources.values()),
                asked=asked or ScanRequest(),
            )
            self._scans[scan.id] = scan
            over = [one.id for one in self._scans.values() if one.finished_at is not None]
            for old in over[: max(0, len(self._scans) - self._kept)]:
                del self._scans[old]
            self._changed.notify_all()
            return scan

    def get(self, scan_id: str) -> ScanJob:
        """A scan as it is now.

        Raises:
            UnknownScanError: There is no such scan.
        """
        with self._changed:
            if scan_id not in self._scans:
                raise UnknownScanError("scan_unknown", scan=scan_id)
            return self._scans[scan_id]

    def all(self) -> list[ScanJob]:
        """The scans that are remembered, the newest first."""
        with self._changed:
            return list(reversed(self._scans.values()))

    def record_of(self, scan: ScanJob) -> int | None:
        """The number of a scan in the catalogue; None before it has begun there."""
        at_work = self._at_work
        if at_work is not None and at_work[0] == scan.id:
            return at_work[1].run
        return scan.summary.run

    def cancel(self, scan_id: str) -> None:
        """Stops a scan after the photo that it is at; what it has found is kept.

        Raises:
            UnknownScanError: There is no such scan.
        """
        with self._changed:
            scan = self.get(scan_id)
            if scan.finished_at is None:
                self._cancelled.add(scan_id)
                if scan.state is State.WAITING:
                    self._set(scan_id, state=State.CANCELLED, finished_at=now())

    def close(self) -> None:
        """Stops what runs, and waits for it."""
        with self._changed:
            self._closed = True
            for scan_id in list(self._scans):
                self.cancel(scan_id)
            self._changed.notify_all()
        self._thread.join(timeout=30)

    def _set(self, scan_id: str, **changes: object) -> None:
        with self._changed:
            scan = self._scans[scan_id]
            self._scans[scan_id] = replace(scan, version=scan.version + 1, **changes)  # type: ignore[arg-type]
            self._changed.notify_all()

    def _next(self) -> ScanJob | None:
        """The scan whose turn it is, which runs from now on; None when all is over."""
        with self._changed:
            while not self._closed:
                for scan in self._scans.values():
                    if scan.state is State.WAITING:
                        self._set(scan.id, state=State.RUNNING, started_at=now())
                        return scan
                self._changed.wait()
        return None

    def _run(self) -> None:
        while (scan := self._next()) is not None:
            outcome: dict[str, object] = {"state": State.FINISHED}
            summary = Summary()
            self._at_work = scan.id, summary
            try:
                self._scan(scan, summary)
            except _CancelledError:
                outcome = {"state": State.CANCELLED}
            except BarkiveError as error:
                is_away = isinstance(error, SourceAwayError)
                outcome = {"state": State.FAILED, "reason": error.message, "is_away": is_away}
            except Exception:
                _log.exception("The scan of %s has failed", scan.folders)
                outcome = {"state": State.FAILED, "reason": Message("scan_fault")}
            if summary.finished:  # a file may have gone since it was counted
                outcome["total"] = summary.listed
            found = _copied(summary)
            self._set(scan.id, done=found.listed, summary=found, finished_at=now(), **outcome)

    def _scan(self, scan: ScanJob, summary: Summary) -> None:
        told = 0.0
        marks: list[tuple[float, int]] = []

        def on_progress(done: int, total: int | None) -> None:
            nonlocal told
            # Two threads tell: the one that lists, and the one that writes.
            with self._changed:
                # The one that lists may go on for a while when the other has failed.
                if scan.id in self._cancelled or self._scans[scan.id].finished_at is not None:
                    raise _CancelledError
                now = time.monotonic()
                if now - told < _TELL_SECONDS and done != total:
                    return
                told = now
                marks.append((now, done - summary.unchanged))
                while len(marks) > 2 and now - marks[0][0] > _RATE_SECONDS:
                    marks.pop(0)
                seconds, number = now - marks[0][0], marks[-1][1] - marks[0][1]
                rate = number / seconds if seconds and number else None
                self._set(
                    scan.id, done=done, total=total or done, rate=rate, summary=_copied(summary)
                )

        self._catalogue.scan(
            scan.sources,
            classifier=self._classifier(),
            retry_failed=scan.retry_failed,
            passing=scan.passing,
            gone=scan.gone,
            summary=summary,
            on_progress=on_progress,
            asked=scan.asked,
        )


def _copied(summary: Summary) -> Summary:
    """As it is now, because the scan goes on filling it."""
    return replace(
        summary, statuses=summary.statuses.copy(), failed=summary.failed[:_FAILURES_LISTED]
    )


def open_folders(
    settings: Settings, folders: Sequence[str], passing: Passing = NOTHING_MORE
) -> list[Source]:
    """Opens what is to be scanned, so that what was checked is scanned.

    Args:
        settings: What may be scanned.
        folders: Absolute paths.
        passing: What is passed over in them.

    Raises:
        UsageError: A folder is not absolute, is not there, or is a list that names photos
            elsewhere.
        FolderNotAllowedError: It is not under one that may be scanned.
    """
    sources: list[Source] = []
    for folder in folders:
        if not re.match(ABSOLUTE, folder):
            raise UsageError("scan_folder_not_absolute", folder=folder)
        folder = as_spelt(folder)
        if not settings.may_scan(folder):
            raise FolderNotAllowedError("scan_folder_not_allowed", folder=folder)
        if is_gone(folder):
            raise UsageError("folder_not_found", folder=folder)
        try:
            source = open_source(folder, passing)
        except OSError as error:
            reason = system_reason(error)
            raise UsageError("folder_not_opened", folder=folder, reason=reason) from None
        if not source.is_watchable:
            raise UsageError("scan_folder_is_list", path=folder)
        sources.append(source)
    return sources
