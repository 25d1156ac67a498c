"""Runs a bundle: photos in, verdicts out.

Decoding and inference overlap: threads decode ahead of the network by a bounded
number of photos, so that memory stays flat however many photos come.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive import devices
from barkive.boxes import Box
from barkive.bundle import OUTPUTS, Bundle
from barkive.detection.combining import dogs_among
from barkive.detection.detector import Detector
from barkive.detection.views import Viewer, Views
from barkive.errors import PhotoError, UsageError
from barkive.images import Photo, load_batches
from barkive.machine import cores
from barkive.messages import Message
from barkive.verdicts import Candidate, Dog, Scores, Status, Verdict

_log = logging.getLogger(__name__)

Pixels = NDArray[np.uint8]
Item = TypeVar("Item")

BATCH: Final = {"cpu": 4, "cuda": 64}
"""Photos that the network takes at once on each device, where nothing else is said.

On the processor more are not faster, because they no longer fit its caches. A card has
thousands of arithmetic units, which few photos leave idle.
"""

_SHORT_LIST: Final = (Status.DOG, Status.UNCERTAIN)
_ONE_PHOTO = (str, os.PathLike, bytes, Image.Image)


@dataclass(frozen=True, slots=True)
class JudgedDog:
    """What a model says of one dog of a photo.

    Attributes:
        box: Where it is.
        score: How sure the detector is that an animal is there, 0..1.
        status: `dog` or `uncertain`.
        scores: Each array with one row.
    """

    box: Box
    score: float
    status: Status
    scores: Scores


@dataclass(frozen=True, slots=True)
class Judged(Generic[Item]):
    """What a model says of one item, with all scores.

    Attributes:
        item: What was loaded.
        status: The verdict's status.
        reason: Why it could not be loaded; None unless `failed`.
        scores: Of the main dog, or of the photo as a whole where none has a box; each array with
            one row; None where it is `failed`.
        dogs: The dogs, largest first; None where they were not looked for.
    """

    item: Item
    status: Status
    reason: Message | None
    scores: Scores | None
    dogs: tuple[JudgedDog, ...] | None = None

    @property
    def error(self) -> str | None:
        """The reason in English; None where there is none."""
        return self.reason.text() if self.reason is not None else None


class Classifier:
    """Names the breeds on photos with one bundle.

    Examples:
        >>> from barkive.classifier import Classifier
        >>> for verdict in Classifier().predict(["rex.jpg", "photos/mila.heic"]):
        ...     print(verdict.file, verdict.status, verdict.breeds[:1])
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        threads: int = 0,
        device: str = "cpu",
        prior: str | Path | None = None,
        dogs: bool | Detector = True,
    ) -> None:
        """Opens the bundle.

        Args:
            model: A bundle's path; None for the model inside the package.
            threads: Threads for inference, and as many for decoding; 0 for one per core.
            device: Where the network runs: `cpu`, or `cuda` for an NVIDIA card.
            prior: A table of how often each breed is met, or `none`; None for the bundle's own.
            dogs: Whether each dog of a photo is looked for and judged, or the detector that
                looks for them; else photos are judged as wholes, which is faster.

        Raises:
            BundleError: The bundle is missing, corrupt or of another version.
            DeviceError: The device is not there, or does not start.
            UsageError: There is no such device, or the table can't be used.
        """
        self._threads = threads or cores()
        # On the processor both networks start at once, which takes as long as the larger alone.
        with ThreadPoolExecutor(1) as beside:
            started = beside.submit(Detector, device=device) if dogs is True else None
            if started is not None and device != "cpu":
                wait([started])  # what a card needs is loaded by one thread
            bundle = Bundle.open(model, threads=self._threads, device=device)
        bundle = bundle if prior is None else bundle.with_prior(prior)
        given = None if isinstance(dogs, bool) else dogs
        detector = started.result() if started is not None else given
        self.bundle: Bundle = bundle.with_detector(detector) if detector else bundle
        self._at_work = _AtWork()
        self.viewer = Viewer(bundle.info.preprocessing, self.bundle.detector)
        # For photos that mostly come alone, as over HTTP.
        self.viewer_of_one = self.viewer
        if detector and device == "cpu" and self._threads > 1:
            self.viewer_of_one = _EagerViewer(self.bundle, self._at_work)

    def without_dogs(self) -> Classifier:
        """The same network, which judges photos as wholes and looks for no dogs."""
        other = copy(self)
        other.bundle = replace(self.bundle, detector=None)
        other.viewer = other.viewer_of_one = Viewer(self.bundle.info.preprocessing, None)
        return other

    def score(self, pixels: NDArray[np.uint8]) -> Scores:
        """Runs the network on prepared pixels.

        Args:
            pixels: RGB, shape (n, size, size, 3) as the bundle's preprocessing makes it.

        Returns:
            Calibrated probabilities (n, labels), dog log-odds (n,), features (n, channels).

        Raises:
            DeviceError: The card has failed, or its memory is full.
        """
        try:
            with self._at_work.one_more():
                outputs = self.bundle.session.run(OUTPUTS, {"pixels": pixels})
        except Exception as error:  # ONNX Runtime's own exceptions share no public base class
            if self.bundle.device == "cpu":
                raise
            raise devices.failure(self.bundle.device, error) from None
        return self.bundle.info.scores(*outputs)

    def predict(
        self, photos: Photo | Iterable[Photo], *, top: int = 5, batch_size: int | None = None
    ) -> Generator[Verdict, None, None]:
        """Identifies photos, one or many, and yields their verdicts in the order given.

        A photo that can't be read becomes a `failed` verdict. What has arrived is answered
        without waiting for more, so a slow source of photos is answered as it goes. An
        error that the source of photos raises is raised here, after the verdicts of the
        photos before it. Closing the iterator ends its threads.

        Args:
            photos: Paths, bytes of image files, PIL images or RGB uint8 arrays of shape
                (height, width, 3), or one of them; an array of shape (n, height, width, 3)
                is n photos. An iterable is consumed in a background thread, and only a few
                photos ahead.
            top: How many breeds a verdict lists, at least 1; at most all are listed.
            batch_size: Photos that the network takes at once, at most; None for the number in
                `BATCH`.

        Raises:
            UsageError: `top` or `batch_size` is below 1.
        """
        for name, value in (("top", top), ("batch_size", batch_size)):
            if value is not None and value < 1:
                raise UsageError("argument_below_one", argument=name, value=value)
        if isinstance(photos, _ONE_PHOTO) or (isinstance(photos, np.ndarray) and photos.ndim < 4):
            photos = [photos]
        return self._verdicts(photos, top, batch_size)

    def _verdicts(
        self, photos: Iterable[Photo], top: int, batch_size: int | None
    ) -> Generator[Verdict, None, None]:
        for judged in self.judge(photos, self.viewer.load, batch_size=batch_size):
            photo = judged.item
            file = os.fspath(photo) if isinstance(photo, (str, os.PathLike)) else None
            yield self.verdict(judged, file, top=top)

    def verdict(self, judged: Judged[Any], file: str | None, *, top: int = 5) -> Verdict:
        """What was judged as a verdict.

        Args:
            judged: Of `judge`.
            file: What the photo is called.
            top: How many breeds it lists at most.
        """
        model = self.bundle.model
        if judged.scores is None:
            return Verdict(file, Status.FAILED, (), judged.reason, model)
        dogs = None
        if judged.dogs is not None:
            dogs = tuple(
                Dog(one.box, one.score, one.status, self._breeds(one.scores, top))
                for one in judged.dogs
            )
        listed = top if judged.status in _SHORT_LIST else 0
        breeds = self._breeds(judged.scores, listed)
        return Verdict(file, judged.status, breeds, None, model, dogs)

    def _breeds(self, scores: Scores, top: int) -> tuple[Candidate, ...]:
        """The most probable breeds, best first."""
        row: NDArray[np.float32] = scores.probabilities[0]
        best = np.argsort(-row, kind="stable")[:top]
        labels = self.bundle.info.labels
        return tuple(Candidate(labels[i], float(row[i])) for i in best)

    def judge(
        self,
        items: Iterable[Item],
        load: Callable[[Item], Views],
        *,
        batch_size: int | None = None,
    ) -> Generator[Judged[Item], None, None]:
        """Judges whatever can be loaded as a photo, with all scores, in the order given.

        The same engine as `predict`, for callers that read photos in their own way.

        Args:
            items: Consumed in a background thread, and only a few ahead.
            load: Makes an item's views, as `viewer` does; called in threads. What it raises as
                `PhotoError` becomes a `failed` item; anything else is raised here.
            batch_size: Items that the network takes at once, at most; None for the number in
                `BATCH`.
        """
        size = batch_size or BATCH[self.bundle.device]
        for batch in load_batches(items, load, size, threads=self._threads):
            readable = [views for _, views in batch if not isinstance(views, PhotoError)]
            unread = len(batch) - len(readable)
            _log.debug("Judging %d photos, %d could not be read", len(readable), unread)
            judged = self._judge_views(readable, size)
            for item, views in batch:
                if isinstance(views, PhotoError):
                    yield Judged(item, Status.FAILED, views.message, None)
                else:
                    yield Judged(item, *next(judged))

    def judge_boxes(self, photo: Photo, boxes: Sequence[Box]) -> list[JudgedDog]:
        """Judges the dogs in boxes that somebody else drew, in their order.

        Args:
            photo: See `predict`.
            boxes: In the upright photo.

        Returns:
            The score of each is 1. Where the network sees no dog the status is `not_dog`.

        Raises:
            PhotoError: The photo can't be read.
        """
        if not boxes:
            return []
        crops = self.viewer.crops(photo, list(boxes))
        judged: list[JudgedDog] = []
        while batch := list(islice(crops, BATCH[self.bundle.device])):
            scores = self.score(np.stack(batch))
            statuses = self.bundle.info.statuses(scores)
            for row, status in enumerate(statuses):
                judged.append(JudgedDog(boxes[len(judged)], 1.0, status, scores.row(row)))
        return judged

    def _judge_views(
        self, photos: Sequence[Views], size: int
    ) -> Iterator[tuple[Status, None, Scores, tuple[JudgedDog, ...] | None]]:
        """Judges the views of some photos, and gives the fields of `Judged` for each photo.

        The network takes `size` views at once, whichever photos they are of.
        """
        early = [self._early(views) for views in photos]
        asked = [
            views.pixels[:0] if known and len(views.pixels) == 1 else views.first
            for views, known in zip(photos, early, strict=True)
        ]
        firsts = self._rows(asked, size, early)
        dogs = [self._dogs(views, rows) for views, rows in zip(photos, firsts, strict=True)]
        # Where no box holds a dog, the photo as a whole may still do.
        without = [
            views.pixels[:1] if len(views.pixels) > 1 and not (found or known) else views.pixels[:0]
            for views, found, known in zip(photos, dogs, early, strict=True)
        ]
        wholes = self._rows(without, size, early)
        for found, first, whole in zip(dogs, firsts, wholes, strict=True):
            if found:
                yield found[0].status, None, found[0].scores, found
            else:
                status, scores = (whole or first)[0]
                yield status, None, scores, found

    def _early(self, views: Views) -> list[_Row]:
        """What this network said of the whole photo while animals were looked for, if it did."""
        if isinstance(views, _ViewsAndScores) and views.bundle is self.bundle:
            return [(self.bundle.info.statuses(views.scores)[0], views.scores)]
        return []

    def _rows(
        self, photos: Sequence[Pixels], size: int, early: Sequence[list[_Row]]
    ) -> list[list[_Row]]:
        """What is said of each view of each photo, the network taking `size` views at once.

        Where a photo has none, it is what was said early.
        """
        pixels = np.concatenate(photos) if photos else np.empty(0, np.uint8)
        judged: list[_Row] = []
        for start in range(0, len(pixels), size):
            scores = self.score(pixels[start : start + size])
            statuses = self.bundle.info.statuses(scores)
            judged += [(status, scores.row(i)) for i, status in enumerate(statuses)]
        rows = iter(judged)
        return [
            list(islice(rows, len(views))) or known
            for views, known in zip(photos, early, strict=True)
        ]

    def _dogs(
        self, views: Views, rows: Sequence[tuple[Status, Scores]]
    ) -> tuple[JudgedDog, ...] | None:
        """The dogs among the proposals, the largest first, from what is said of each."""
        if views.proposals is None:
            return None
        threshold = self.bundle.info.dog_threshold
        odds = [float(scores.dog[0]) - threshold for _, scores in rows]
        return tuple(
            JudgedDog(views.proposals[i].box, views.proposals[i].score, *rows[i])
            for i in dogs_among(views.proposals, odds)
        )


_Row = tuple[Status, Scores]


class _AtWork:
    """Counts the photos that are being looked at or judged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[bool]:
        """Counts one while the block runs, and gives whether it is the only one so far."""
        with self._lock:
            self._count += 1
            is_alone = self._count == 1
        try:
            yield is_alone
        finally:
            with self._lock:
                self._count -= 1


@dataclass(frozen=True, slots=True)
class _ViewsAndScores(Views):
    """Views of a photo that is judged as a whole already.

    Attributes:
        bundle: That has judged it.
        scores: Of the whole photo, each array with one row.
    """

    bundle: Bundle
    scores: Scores


class _EagerViewer(Viewer):
    """Has a photo that comes alone judged as a whole while animals are looked for in it.

    Most photos are judged by that view in the end, and where they are not, another core would
    have been idle. Where several photos come at once, each takes a core of its own instead.
    """

    def __init__(self, bundle: Bundle, at_work: _AtWork) -> None:
        super().__init__(bundle.info.preprocessing, bundle.detector)
        self._bundle, self._at_work = bundle, at_work
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="barkive-whole")

    def views(self, photo: Photo, decoded: Pixels) -> Views:
        with self._at_work.one_more() as is_alone:
            if not is_alone:
                return super().views(photo, decoded)
            judging = self._beside.submit(self._judge_whole, decoded)
            proposals, crops = self._search(photo, decoded)
            whole, scores = judging.result()
        return _ViewsAndScores(np.stack([whole, *crops]), proposals, self._bundle, scores)

    def _judge_whole(self, decoded: Pixels) -> tuple[Pixels, Scores]:
        whole = self.preprocessing.apply(decoded)
        outputs = self._bundle.session.run(OUTPUTS, {"pixels": whole[np.newaxis]})
        return whole, self._bundle.info.scores(*outputs)
