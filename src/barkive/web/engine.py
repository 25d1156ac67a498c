"""Names the breeds on the photos of all requests together.

Requests that arrive at the same time are judged in the same batches, by the one engine of
`Classifier.judge`. What waits is bounded: beyond that a request is refused at once, and the
next one that finds room is taken.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from barkive.classifier import Classifier, Judged
from barkive.errors import BusyError, PhotoError

_log = logging.getLogger(__name__)
# Of one request, so many wait at once, so that it neither fills the queue nor runs it dry.
_WINDOW = 8
_RETRY_SECONDS = 0.02


@dataclass(slots=True, eq=False)
class _Job:
    content: bytes
    future: Future[Judged[_Job]] = field(default_factory=Future)


class Engine:
    """Judges photos for many callers with one classifier."""

    def __init__(self, classifier: Classifier, *, room: int = 256) -> None:
        """Starts the thread that judges.

        Args:
            classifier: Which one.
            room: How many photos may wait.
        """
        self.classifier = classifier
        self._jobs: queue.Queue[_Job | None] = queue.Queue(room)
        self._pending: set[_Job] = set()
        self._turn = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="barkive-engine", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many photos wait, about."""
        return self._jobs.qsize()

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive() and not self._closed

    def submit(self, content: bytes) -> Future[Judged[_Job]]:
        """Hands in a photo.

        Args:
            content: Of its file.

        Returns:
            What will be said of it; may be cancelled.

        Raises:
            BusyError: There is no room.
        """
        job = _Job(content)
        if self._closed:
            raise BusyError("The server is stopping; try again when it is back.")
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise BusyError(
                f"{self._jobs.maxsize} photos are waiting already, which is the limit; "
                "try again in a moment."
            ) from None
        return job.future

    async def judge(self, photos: AsyncIterator[bytes]) -> list[Judged[_Job]]:
        """Judges the photos of one request, in order.

        Only the first must find room at once; the others wait for it. Of a long request few
        are in memory at a time.

        Raises:
            BusyError: There is no room.
        """
        done: list[Judged[_Job]] = []
        under_way: deque[asyncio.Future[Judged[_Job]]] = deque()
        try:
            async for photo in photos:
                if len(under_way) == _WINDOW:
                    done.append(await under_way.popleft())
                patient = bool(done or under_way)
                under_way.append(asyncio.wrap_future(await self._enter(photo, patient)))
            while under_way:
                done.append(await under_way.popleft())
        finally:
            for future in under_way:
                future.cancel()
        return done

    async def _enter(self, photo: bytes, patient: bool) -> Future[Judged[_Job]]:
        while True:
            try:
                return self.submit(photo)
            except BusyError:
                if not patient or self._closed:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Ends the thread; what still waits is answered with an error."""
        self._closed = True
        while self._thread.is_alive():
            try:
                self._jobs.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join(timeout=5)

    def _items(self, turn: int) -> Iterator[_Job]:
        while (job := self._jobs.get()) is not None:
            if turn != self._turn:  # the run that this belonged to has failed
                self._jobs.put(job)
                return
            # False where the caller has gone: then nothing is decoded for nobody.
            if job.future.set_running_or_notify_cancel():
                self._pending.add(job)
                yield job

    def _load(self, job: _Job) -> NDArray[np.uint8]:
        content, job.content = job.content, b""
        return self.classifier.bundle.info.preprocessing.load(content)

    def _run(self) -> None:
        while not self._closed:
            try:
                for judged in self.classifier.judge(self._items(self._turn), self._load):
                    self._pending.discard(judged.item)
                    judged.item.future.set_result(judged)
            except Exception:  # a fault in one photo's way must not silence the server
                _log.exception("Judging has failed, and is begun anew.")
            self._turn += 1
            for job in list(self._pending):
                job.future.set_exception(PhotoError("It could not be judged; try again."))
            self._pending.clear()
        while not self._jobs.empty():
            left = self._jobs.get_nowait()
            if left is not None and left.future.set_running_or_notify_cancel():
                left.future.set_exception(BusyError("The server is stopping; try again later."))
