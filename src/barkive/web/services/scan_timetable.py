"""Scans that nobody asks for: daily ones, and those of folders in which something changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from pathlib import Path

from barkive.catalogue import ScanOrigin, ScanPlan, ScanPlans, ScanRequest, folder_changes
from barkive.errors import BarkiveError, BusyError, UsageError
from barkive.messages import Message
from barkive.web.services.scan_jobs import ScanJobs, open_folders
from barkive.web.settings import Settings

_log = logging.getLogger(__name__)
# Clocks are set, machines sleep, and plans may be another server's.
_LOOK_SECONDS = 30.0


class ScanTimetable:
    """Carries out the plans of a catalogue as long as the server runs.

    A daily scan whose time was missed begins when the server is there again, once.
    """

    def __init__(self, plans: ScanPlans, settings: Settings, jobs: ScanJobs) -> None:
        """Starts the thread that looks what is due.

        Args:
            plans: The catalogue's.
            settings: What may be scanned.
            jobs: Carry out the scans.
        """
        self._plans, self._settings, self._jobs = plans, settings, jobs
        self._faults: dict[str, Message] = {}
        self._watched: tuple[str, ...] = ()
        self._watcher: tuple[threading.Thread, threading.Event] | None = None
        self._wake, self._is_closed = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="barkive-timetable", daemon=True)
        self._thread.start()

    @property
    def faults(self) -> Mapping[str, Message]:
        """Why the last scan of a folder could not begin, by its path; only of those that failed."""
        return dict(self._faults)

    def set(self, folder: str, *, is_watched: bool, daily_at: time | None) -> None:
        """Sets when a folder is scanned by itself.

        Args:
            folder: An absolute path.
            is_watched: Whether whenever something changes there.
            daily_at: At which time each day, by this machine's clock; None for none.

        Raises:
            UsageError: It is no folder that may be scanned.
            CatalogueError: The catalogue can't be written.
        """
        if is_watched or daily_at is not None:
            open_folders(self._settings, [folder])
        self._plans.set(folder, is_watched=is_watched, daily_at=daily_at)
        self._faults.pop(folder, None)
        self._wake.set()

    def close(self) -> None:
        """Ends, and waits for it; scans that have begun are the jobs' own."""
        self._is_closed = True
        self._wake.set()
        self._thread.join(timeout=30)
        self._watch(())

    def _run(self) -> None:
        while not self._is_closed:
            try:
                self._look()
            except BarkiveError as error:  # another program writes, or nobody may
                _log.warning("What is to be scanned could not be seen: %s", error)
            except Exception:
                _log.exception("What is to be scanned could not be seen")
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()

    def _look(self) -> None:
        plans = self._plans.all()
        for plan in plans:
            if plan.is_due() and self._plans.take(plan):
                self._scan(plan)
        self._watch(tuple(plan.path for plan in plans if plan.is_watched))

    def _scan(self, plan: ScanPlan) -> None:
        passing = self._settings.passing()
        try:
            sources = open_folders(self._settings, [plan.path], passing)
            self._jobs.start(sources, passing=passing, asked=ScanRequest(ScanOrigin.DAILY))
        except BarkiveError as error:
            _log.warning("The daily scan of %s could not begin: %s", plan.path, error)
            self._faults[plan.path] = error.message
        else:
            self._faults.pop(plan.path, None)

    def _watch(self, places: Sequence[str]) -> None:
        """Watches these folders from now on, as far as they may be scanned."""
        allowed = tuple(one for one in places if self._settings.may_scan(one))
        is_at_work = self._watcher is not None and self._watcher[0].is_alive()
        if allowed == self._watched and (is_at_work or not allowed):
            return
        if self._watcher is not None:
            thread, over = self._watcher
            over.set()
            thread.join(timeout=30)
        self._watched, self._watcher = allowed, None
        if allowed:
            over = threading.Event()
            thread = threading.Thread(
                target=self._follow, args=(allowed, over), name="barkive-watch", daemon=True
            )
            self._watcher = thread, over
            thread.start()

    def _follow(self, places: tuple[str, ...], over: threading.Event) -> None:
        passing = replace(self._settings.passing(), tops=places)
        try:
            for around in folder_changes(list(map(Path, places)), over.is_set):
                for one in places:
                    self._faults.pop(one, None)
                folders = sorted(map(str, around))
                try:
                    asked = ScanRequest(ScanOrigin.WATCH)
                    self._jobs.start(folders, passing=passing, asked=asked)
                except BusyError:  # so many wait that the whole may as well be looked at later
                    _log.warning("Too many scans wait; %s were passed over", folders)
        except UsageError as error:
            _log.warning("%s", error)
            for one in places:
                self._faults[one] = error.message
