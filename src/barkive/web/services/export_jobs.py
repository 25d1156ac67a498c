"""Exports of one file as jobs in the background, such as a sheet of many photos. Knows no HTTP."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from barkive.catalogue import Catalogue, Export, ExportBy, Filter, file_exporters
from barkive.errors import UnknownExportError, UsageError
from barkive.messages import Language, reason_json
from barkive.progress import OnProgress
from barkive.web.services.jobs import Job, Jobs
from barkive.web.services.scan_jobs import State
from barkive.web.signed_in import who

# Each may take gigabytes of the disk.
_KEPT = 5
_LOOK_SECONDS = 0.2


class ExportJSON(TypedDict):
    """How far an export is, as a JSON object."""

    id: str
    form: str
    state: str
    done: int
    total: int
    error: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class ExportJob(Job):
    """How far an export is, at one moment.

    Attributes:
        form: What is exported, one of `file_exporters`.
        file: What came of it; None until it is whole.
    """

    form: str = ""
    file: Path | None = None

    @property
    def state(self) -> State:
        """What has become of it."""
        if self.is_at_work:
            return State.RUNNING
        if self.file is not None:
            return State.FINISHED
        return State.CANCELLED if self.is_cancelled else State.FAILED

    def to_json(self, lang: Language = "en") -> ExportJSON:
        """The job as a JSON object, errors in a language."""
        return {
            "id": self.id,
            "form": self.form,
            "state": self.state.value,
            "done": self.done,
            "total": self.total,
            **reason_json(self.error.message if self.error else None, lang),
        }


class ExportJobs(Jobs[ExportJob]):
    """Those since the start; one is at work at a time, because each takes all cores.

    The last files are kept until the server ends. Safe to use from several threads.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        """Sets what is exported."""
        super().__init__("barkive-export", "export_fault", kept=_KEPT)
        self._catalogue = catalogue
        self._turn = threading.Lock()

    def begin(self, form: str, lang: Language, query: Filter, by: ExportBy = "photo") -> ExportJob:
        """Begins to export the photos that fit a filter, or their animals.

        Args:
            form: In which form, one of `file_exporters`.
            lang: Of names and headings.
            query: Which photos are meant.
            by: What a row or a picture is of.

        Raises:
            KeyError: It is no form of one file.
            UnknownBreedError: The filter names no breed.
            UsageError: The form can't be written by animal.
        """
        self._catalogue.count(query)
        job = ExportJob(secrets.token_hex(8), form=form)
        file = self._folder / f"{job.id}{file_exporters()[form].suffix}"
        wish = Export(form, file, lang, by=by, who=who())

        def work(on_progress: OnProgress) -> Mapping[str, Any]:
            while not self._turn.acquire(timeout=_LOOK_SECONDS):
                self._refuse_stopped(job.id)
            try:
                done = self._catalogue.export(wish, query, remember=False, on_progress=on_progress)
            finally:
                self._turn.release()
            if done.is_empty:
                raise UsageError("export_empty")
            return {"file": file}

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
        if "_folder" in self.__dict__:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _forget(self, job: ExportJob) -> None:
        if job.file is not None:
            # On Windows one that is being sent can't be removed yet.
            with suppress(OSError):
                job.file.unlink(missing_ok=True)

    @cached_property
    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="barkive-exports-"))
