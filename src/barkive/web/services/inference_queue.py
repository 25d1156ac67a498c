"""Names the breeds on the photos of all requests together.

Requests that arrive at the same time are judged in the same batches, by one run of
`Classifier.judge`. What waits is bounded: beyond that a request is refused at once, before its
photos have arrived, and the next one that finds room is taken.

A large photo takes seconds to decode. It is set aside, decoded by a thread of its own, one after
the other, and joins the queue again as its views, so that nobody else's photo waits for it.

Every photo that is taken in is answered exactly once: with a verdict, or with the reason why
there is none.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from barkive.classifier import Classifier, Judged
from barkive.detection.views import Viewer, Views
from barkive.errors import BusyError, PhotoError
from barkive.images import LargePhotoError
from barkive.images.memory import give_back
from barkive.messages import Message
from barkive.verdicts import Status

_log = logging.getLogger(__name__)
# Of one request, so many wait at once, so that it neither fills the queue nor runs it dry.
_WINDOW = 8
_RETRY_SECONDS = 0.02
# A request whose photo takes longer to arrive loses its place: promises don't fill the queue.
_PLACE_SECONDS = 2.0
# After a fault, so that one that lasts does not keep a core busy.
_PAUSE_SECONDS = 0.05
_CLOSING_SECONDS = 5.0
# So many large photos may wait, which takes a minute or two.
_LARGE_ROOM = 32
# After the last of them, until those who brought them have let go of the files too.
_TIDY_SECONDS = 2.0
_FAULT = "photo_not_judged"
_STOPPING = "server_stopping"


@dataclass(slots=True, eq=False)
class Job:
    """A photo on its way: in `_waiting`, then in `_taken`, until it is answered.

    A large one stays in `_taken` while it is in `_large`, and in `_waiting` for a second time.
    """

    content: bytes
    # Whether each dog is looked for and judged; else the photo as a whole.
    dogs: bool
    # That judges it, as far as is known yet.
    classifier: Classifier
    future: Future[Judged[Job]] = field(default_factory=Future)
    is_large: bool = False
    views: Views | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Room for the first photo of a request, while that arrives.

    Attributes:
        until: When it is lost, of `time.monotonic`.
    """

    until: float


def _viewer(classifier: Classifier, job: Job) -> Viewer:
    return (classifier if job.dogs else classifier.without_dogs()).viewer_of_one


def _busy(waiting: int) -> BusyError:
    return BusyError("server_photos_waiting", count=waiting)


class InferenceQueue:
    """Judges photos for many callers with one classifier."""

    def __init__(
        self, classifier: Classifier, *, room: int = 256, room_bytes: int = 512 << 20
    ) -> None:
        """Starts the thread that judges, and the one that decodes large photos.

        Args:
            classifier: Which one.
            room: How many photos may wait.
            room_bytes: What their files may have together; a single one may be larger.
        """
        self.classifier = classifier
        self._room, self._room_bytes = room, room_bytes
        # Guards all that follows, and is notified when it changes.
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._taken: set[Job] = set()
        self._large: deque[Job] = deque()
        # The oldest first.
        self._places: dict[Place, None] = {}
        self._turn = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="barkive-inference", daemon=True)
        self._thread.start()
        threading.Thread(target=self._decode, name="barkive-large", daemon=True).start()

    def use(self, classifier: Classifier) -> None:
        """Has what waits judged by another classifier; what is being judged stays with the last."""
        with self._changed:
            if classifier is not self.classifier:
                self.classifier = classifier
                self._turn += 1
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many photos wait."""
        return len(self._waiting) + len(self._large)

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive() and not self._closed

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Keeps room for the first photo of a request, from before its body is read.

        Raises:
            BusyError: There is no room.
        """
        place = Place(time.monotonic() + _PLACE_SECONDS)
        with self._changed:
            self._require_room()
            self._places[place] = None
        try:
            yield place
        finally:
            with self._changed:
                self._places.pop(place, None)

    def _require_room(self) -> None:
        if self._closed:
            raise BusyError(_STOPPING)
        while self._places and next(iter(self._places)).until < time.monotonic():
            del self._places[next(iter(self._places))]
        if self.waiting + len(self._places) >= self._room or self._size() > self._room_bytes:
            raise _busy(self.waiting)

    def _size(self) -> int:
        return sum(len(job.content) for job in (*self._waiting, *self._large))

    def submit(
        self, content: bytes, *, dogs: bool = True, place: Place | None = None
    ) -> Future[Judged[Job]]:
        """Hands in a photo.

        Args:
            content: Of its file.
            dogs: Whether each dog is looked for and judged; else the photo as a whole.
            place: That was kept for it.

        Returns:
            What will be said of it; may be cancelled, and then makes room at once.

        Raises:
            BusyError: There is no room.
        """
        job = Job(content, dogs, self.classifier)
        with self._changed:
            if place is not None:
                self._places.pop(place, None)
            self._require_room()
            self._waiting.append(job)
            self._changed.notify_all()
        job.future.add_done_callback(lambda _: self._forget(job))
        return job.future

    async def judge(
        self, photos: AsyncIterator[bytes], *, dogs: bool = True, place: Place | None = None
    ) -> list[Judged[Job]]:
        """Judges the photos of one request, in order.

        Only the first must find room at once; the others wait for it. Of a long request few
        are in memory at a time.

        Args:
            photos: The contents of their files.
            dogs: See `submit`.
            place: That was kept for the first.

        Raises:
            BusyError: There is no room.
        """
        done: list[Judged[Job]] = []
        under_way: deque[asyncio.Future[Judged[Job]]] = deque()
        try:
            async for photo in photos:
                if len(under_way) == _WINDOW:
                    done.append(await under_way.popleft())
                if done or under_way:
                    entered = await self._enter(photo, dogs)
                else:
                    entered = self.submit(photo, dogs=dogs, place=place)
                under_way.append(asyncio.wrap_future(entered))
            while under_way:
                done.append(await under_way.popleft())
        finally:
            for future in under_way:
                future.cancel()
        return done

    async def _enter(self, photo: bytes, dogs: bool) -> Future[Judged[Job]]:
        """Hands in a photo as soon as there is room."""
        while True:
            try:
                return self.submit(photo, dogs=dogs)
            except BusyError:
                if self._closed:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Ends the thread; what still waits is answered with an error."""
        with self._changed:
            self._closed = True
            left = [job for job in self._waiting if not job.is_large]
            self._waiting.clear()
            self._large.clear()
            self._changed.notify_all()
        for job in left:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(BusyError(_STOPPING))
        self._thread.join(timeout=_CLOSING_SECONDS)
        with self._changed:  # empty, unless the thread hangs
            left = list(self._taken)
            self._taken.clear()
        for job in left:
            job.future.set_exception(BusyError(_STOPPING))

    def _forget(self, job: Job) -> None:
        """Takes a photo out of the queue whose caller has gone."""
        if job.future.cancelled():
            with self._changed, suppress(ValueError):
                self._waiting.remove(job)

    def _items(self, turn: int) -> Iterator[Job]:
        """The photos of one run, which ends when the queue is closed or the run has failed."""
        while (job := self._next(turn)) is not None:
            yield job

    def _next(self, turn: int) -> Job | None:
        def is_over() -> bool:
            return self._closed or self._turn != turn

        # In one piece, so that a run that fails meanwhile either knows of the photo or has
        # left it to the next run.
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or is_over())
                if is_over():
                    return None
                job = self._waiting.popleft()
                if job.is_large:
                    job.is_large = False
                    if job in self._taken:
                        return job
                    continue
                # False where the caller has gone: then nothing is decoded for nobody.
                if job.future.set_running_or_notify_cancel():
                    self._taken.add(job)
                    return job

    def _load(self, classifier: Classifier, job: Job) -> Views:
        if job.views is not None:
            return job.views
        content, job.content = job.content, b""
        try:
            return _viewer(classifier, job).load(content, large=False)
        except LargePhotoError:
            self._set_aside(job, content)
        except PhotoError:
            raise
        except Exception:  # what one photo sets off must not fall on those of others
            _log.exception("A photo could not be decoded.")
            raise PhotoError(_FAULT) from None
        # Not the error itself: it would hold the content until the next photo comes.
        content = b""
        raise LargePhotoError

    def _set_aside(self, job: Job, content: bytes) -> None:
        """Hands a large photo to the thread that decodes those; its caller waits on."""
        later = Job(content, job.dogs, job.classifier, job.future, is_large=True)
        with self._changed:
            if job not in self._taken:
                return
            self._taken.remove(job)
            if len(self._large) >= _LARGE_ROOM:
                job.future.set_exception(_busy(len(self._large)))
                return
            self._taken.add(later)
            self._large.append(later)
            self._changed.notify_all()

    def _decode(self) -> None:
        """Decodes what was set aside; when nothing is left, memory goes back to the system."""
        is_idle = True
        while not self._closed:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._large or self._closed, timeout=None if is_idle else _TIDY_SECONDS
                )
                job = self._large.popleft() if self._large else None
            if job is None:
                give_back()
                is_idle = True
                continue
            is_idle = False
            content, job.content = job.content, b""
            try:
                job.views = _viewer(job.classifier, job).load(content)
            except PhotoError as error:
                self._answer(Judged(job, Status.FAILED, error.message, None))
            except Exception:
                _log.exception("A photo could not be decoded.")
                self._answer(Judged(job, Status.FAILED, Message(_FAULT), None))
            else:
                with self._changed:
                    self._waiting.append(job)
                    self._changed.notify_all()
            del content, job

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                classifier, turn = self.classifier, self._turn
            try:
                for judged in classifier.judge(self._items(turn), partial(self._load, classifier)):
                    judged.item.classifier = classifier
                    self._answer(judged)
            except Exception:  # nor must a fault of the network silence the server
                _log.exception("Judging has failed, and is begun anew.")
                with self._changed:
                    self._turn += 1
                    left = [job for job in self._taken if not job.is_large]
                    self._changed.notify_all()
                for job in left:
                    self._answer(Judged(job, Status.FAILED, Message(_FAULT), None))
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, timeout=_PAUSE_SECONDS)

    def _answer(self, judged: Judged[Job]) -> None:
        with self._changed:
            if judged.item not in self._taken:  # set aside, or answered by `close`
                return
            self._taken.remove(judged.item)
        judged.item.future.set_result(judged)
