"""Exports as jobs in the background: a file, or an archive of many. Knows no HTTP."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from typing_extensions import TypedDict

from barkive.catalogue import (
    MARGIN,
    BreedList,
    Catalogue,
    Export,
    ExportBy,
    ExportFormat,
    Failure,
    Filter,
    FolderExporter,
    Outcome,
    options_of,
)
from barkive.errors import BarkiveError, UnknownExportError, UsageError, system_reason
from barkive.machine import take_lock
from barkive.messages import Language, Message, Messages, reason_json
from barkive.progress import OnProgress
from barkive.web.paths import printable
from barkive.web.roles import Role
from barkive.web.services.archive import pack
from barkive.web.services.exports import suffix_of
from barkive.web.services.jobs import Job, Jobs
from barkive.web.services.scan_jobs import FailureJSON, State
from barkive.web.signed_in import require, who

KEPT_HOURS: Final = 24
"""So long a file is kept, unless newer ones take its place."""

# Each may take gigabytes of the disk.
_KEPT = 5
_LOOK_SECONDS = 0.2
_FAILURES_LISTED = 20
_LOCK = "lock"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a form: see `Export`.

    Attributes:
        by: What a row, a folder or a picture is of.
        crops: Whether a training set is made of the dogs.
        margin: What crops show beside the box, as a share of its longer side, 0..1.
        upright: Whether photos that are turned are written anew.
        confidence: Whether boxes have how sure they are.
        new: For a program that keeps what it is sent: whether the file holds only what is new,
            and is remembered as sent; else it holds everything, and nothing is remembered.
        breed_list: That program's own names of breeds.
    """

    by: ExportBy = "photo"
    crops: bool = False
    margin: float = MARGIN
    upright: bool = False
    confidence: bool = False
    new: bool = False
    breed_list: BreedList | None = None


_NOTHING_ASKED = Options()


class ExportJSON(TypedDict):
    """How far an export is, as a JSON object."""

    id: str
    form: str
    state: str
    packing: bool
    done: int
    total: int
    written: int
    left_out: int
    failed: int
    failures: list[FailureJSON]
    by_hand: list[str]
    error: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class ExportJob(Job):
    """How far an export is, at one moment.

    Attributes:
        form: What is exported.
        by: What a row, a folder or a picture is of.
        who: Who asked for it; None where the server knows nobody by name.
        base: The folder in which all its photos lie; None where there is none.
        is_new: Whether it holds only what is new, and counts as sent.
        is_packing: Whether all is written, and goes into the archive.
        outcome: What was written; None until that is known. Of what failed it has the first alone.
        failed: How much failed.
        unmatched: The breeds that the program's own list lacks.
        file: What came of it; None until it is whole.
    """

    form: str = ""
    by: ExportBy = "photo"
    who: str | None = None
    base: str | None = None
    is_new: bool = False
    is_packing: bool = False
    outcome: Outcome | None = None
    failed: int = 0
    unmatched: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def state(self) -> State:
        """What has become of it."""
        if self.is_at_work:
            return State.RUNNING
        if self.file is not None:
            return State.FINISHED
        return State.CANCELLED if self.is_cancelled else State.FAILED

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The first of what failed."""
        return self.outcome.failures if self.outcome is not None else ()

    @property
    def by_hand(self) -> tuple[Message, ...]:
        """What people must change themselves in the program that it is for, or know."""
        return self.outcome.by_hand if self.outcome is not None else ()

    def to_json(self, lang: Language = "en") -> ExportJSON:
        """The job as a JSON object, errors in a language."""
        words, outcome = Messages(lang), self.outcome
        return {
            "id": self.id,
            "form": self.form,
            "state": self.state.value,
            "packing": self.is_packing,
            "done": self.done,
            "total": self.total,
            "written": outcome.written if outcome is not None else 0,
            "left_out": outcome.skipped if outcome is not None else 0,
            "failed": self.failed,
            "failures": [
                {
                    "file": printable(one.file),
                    "error": words.on_page(one.reason),
                    "error_code": one.reason.code,
                }
                for one in self.failures
            ],
            "by_hand": [words.on_page(one) for one in self.by_hand],
            **reason_json(self.error.message if self.error else None, lang),
        }


class ExportJobs(Jobs[ExportJob]):
    """Those since the start; one is at work at a time, because each takes all cores.

    The last files are kept for a day, in a folder of this server's alone. Safe to use from several
    threads.
    """

    def __init__(self, catalogue: Catalogue, place: Path) -> None:
        """Sets what is exported, and removes what servers left that did not end in order.

        Args:
            catalogue: That is exported.
            place: A folder in which each server makes its own.
        """
        super().__init__("barkive-export", "export_fault", kept=_KEPT)
        self._catalogue, self._place = catalogue, place
        self._turn = threading.Lock()
        self._timers: dict[str, threading.Timer] = {}
        _remove_abandoned(place)

    def begin(
        self, form: str, lang: Language, query: Filter, options: Options = _NOTHING_ASKED
    ) -> ExportJob:
        """Begins to export the photos that fit a filter, or their animals.

        Args:
            form: In which form, one of `exporters`.
            lang: Of names and headings.
            query: Which photos are meant.
            options: What else is asked of the form.

        Raises:
            KeyError: There is no such form.
            RoleRefusedError: The user may not say what is sent.
            UnknownBreedError: The filter names no breed.
            UsageError: The form makes no use of what is asked, or there is no place for its file.
        """
        if options.new:  # what is remembered as sent is there for all
            require(Role.LABEL)
            if "again" not in options_of(form):
                raise UsageError(
                    "export_option_unused", format=form, option="new", formats=(ExportFormat.ASM3,)
                )
        self._catalogue.count(query)
        job = ExportJob(
            secrets.token_hex(8),
            form=form,
            by=options.by,
            who=who(),
            base=self._catalogue.top(query),
            is_new=options.new,
        )
        try:
            place = self._own.folder
        except OSError as error:
            raise _told(error) from None
        file = place / f"{job.id}{suffix_of(form)}"
        task = _Task(
            self._catalogue,
            file,
            Export(
                form,
                file,
                lang,
                options.breed_list,
                crops=options.crops,
                margin=options.margin,
                upright=options.upright,
                confidence=options.confidence,
                by=options.by,
                who=job.who,
            ),
            query,
            remember=options.new,
        )

        def work(on_progress: OnProgress) -> Mapping[str, Any]:
            while not self._turn.acquire(timeout=_LOOK_SECONDS):
                self._refuse_stopped(job.id)
            try:
                done = task.run(
                    on_progress, lambda: self._set(job.id, is_packing=True, done=0, total=0)
                )
            finally:
                self._turn.release()
            if done.get("file") is not None:
                self._remove_later(job.id)
            return done

        return self._begin(job, work)

    def known(self, job_id: str) -> ExportJob:
        """A job as it is now.

        Raises:
            UnknownExportError: It is not remembered.
        """
        job = self.get(job_id)
        if job is None:
            raise UnknownExportError("export_unknown", export=job_id)
        return job

    def own(self) -> list[ExportJob]:
        """The jobs of whoever asks, that are at work or have a file; the last one first."""
        with self._lock:
            jobs = [*self._jobs.values()]
        mine = [one for one in jobs if one.who == who()]
        return [one for one in reversed(mine) if one.is_at_work or one.file is not None]

    def cancel(self, job_id: str) -> ExportJob:
        """Stops an export, and removes its file; one that has ended stays as it is.

        Raises:
            UnknownExportError: It is not remembered.
        """
        job = self.known(job_id)
        with self._lock:
            if job_id in self._threads:
                self._cancelled.add(job_id)
        return self.wait(job, 5)

    def close(self) -> None:
        """Stops what runs, and removes all files."""
        super().close()
        with self._lock:
            timers = [*self._timers.values()]
        for timer in timers:
            timer.cancel()
        if "_own" in self.__dict__:
            self._own.remove()

    def _remove_later(self, job_id: str) -> None:
        timer = threading.Timer(KEPT_HOURS * 3600, self._remove, (job_id,))
        timer.daemon = True
        with self._lock:
            self._timers[job_id] = timer
        timer.start()

    def _remove(self, job_id: str) -> None:
        with self._lock:
            job = self._jobs.pop(job_id, None)
            if job is not None:
                self._forget(job)

    def _forget(self, job: ExportJob) -> None:
        timer = self._timers.pop(job.id, None)
        if timer is not None:
            timer.cancel()
        if job.file is not None:
            # On Windows one that is being sent can't be removed yet.
            with suppress(OSError):
                job.file.unlink(missing_ok=True)

    @cached_property
    def _own(self) -> _OwnFolder:
        return _OwnFolder.make(self._place)


@dataclass(frozen=True, slots=True)
class _OwnFolder:
    """A folder that no other server removes as long as this one runs.

    Attributes:
        folder: Where it lies.
        lock: Held until the process ends.
    """

    folder: Path
    lock: IO[bytes] | None

    @classmethod
    def make(cls, place: Path) -> _OwnFolder:
        """Makes one in a folder.

        Raises:
            OSError: It can't be made.
        """
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=place)).resolve()
        return cls(folder, take_lock(folder / _LOCK))

    def remove(self) -> None:
        """Removes it with all that is in it."""
        if self.lock is not None:
            self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_abandoned(place: Path) -> None:
    """Removes the folders of servers that have ended."""
    for lock in place.glob(f"*/{_LOCK}"):
        with suppress(OSError):
            held = take_lock(lock)
            if held is not None:
                _OwnFolder(lock.parent, held).remove()


@dataclass(frozen=True, slots=True)
class _Task:
    """What a job does.

    Attributes:
        catalogue: That is exported.
        file: What comes of it.
        wish: What is asked, in that file.
        query: Which photos are meant.
        remember: Whether it counts as sent.
    """

    catalogue: Catalogue
    file: Path
    wish: Export
    query: Filter
    remember: bool

    def run(self, on_progress: OnProgress, on_packing: Callable[[], None]) -> Mapping[str, Any]:
        """Writes it; nothing is left of what fails or is stopped.

        Args:
            on_progress: Called with how much is done of how much.
            on_packing: Called when all is written, and goes into the archive.

        Returns:
            What has changed of the job.

        Raises:
            BarkiveError: It can't be written.
        """
        try:
            if isinstance(self.wish.exporter, FolderExporter):
                with tempfile.TemporaryDirectory(
                    dir=self.file.parent, ignore_cleanup_errors=True
                ) as scratch:
                    return self._archive(Path(scratch), on_progress, on_packing)
            done = self._export(self.wish, on_progress)
        except OSError as error:
            raise _told(error) from None
        except BarkiveError as error:
            if _is_full(error):
                raise UsageError("export_disk_full") from None
            raise
        return self._said(done)

    def _archive(
        self, scratch: Path, on_progress: OnProgress, on_packing: Callable[[], None]
    ) -> Mapping[str, Any]:
        folder, part = scratch / "folder", scratch / self.file.name
        failures: list[Failure] = []

        def deliver(done: Outcome) -> None:
            if any(one.is_no_room for one in done.failures):
                raise UsageError("export_disk_full")
            if done.written and not done.is_empty:
                on_packing()
                failures.extend(pack(folder, part, on_progress))

        done = self._export(replace(self.wish, out=folder), on_progress, deliver=deliver)
        if part.exists():
            part.replace(self.file)
        here = f"{folder}{os.sep}"
        failed = [replace(one, file=one.file.removeprefix(here)) for one in done.failures]
        # A text of boxes goes with its picture, which is counted.
        lost = sum(not one.file.endswith(".txt") for one in failures)
        written = max(0, done.written - lost)
        return self._said(replace(done, written=written, failures=(*failed, *failures)))

    def _export(self, wish: Export, on_progress: OnProgress, **more: Any) -> Outcome:
        return self.catalogue.export(
            wish, self.query, remember=self.remember, on_progress=on_progress, **more
        )

    def _said(self, done: Outcome) -> Mapping[str, Any]:
        names = self.wish.breed_list
        changes: dict[str, Any] = {
            "outcome": replace(done, failures=done.failures[:_FAILURES_LISTED]),
            "failed": len(done.failures),
            "unmatched": tuple(sorted(names.unmatched)) if names is not None else (),
        }
        if self.file.exists():
            return changes | {"file": self.file}
        if isinstance(self.wish.exporter, FolderExporter):
            code = "export_archive_empty"
        else:
            code = "export_no_news" if done.unchanged else "export_empty"
        return changes | {"error": UsageError(code)}


def _is_full(error: BaseException | None) -> bool:
    """Whether the reason of an error is that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _told(error: OSError) -> UsageError:
    """What the system says where a file can't be written here."""
    if _is_full(error):
        return UsageError("export_disk_full")
    return UsageError("export_place_failed", reason=system_reason(error))
