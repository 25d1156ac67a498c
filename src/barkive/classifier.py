"""Runs a bundle: photos in, verdicts out.

Decoding and inference overlap: threads decode ahead of the network by a bounded
number of photos, so that memory stays flat however many photos come.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive import devices
from barkive.bundle import OUTPUTS, Bundle
from barkive.errors import PhotoError, UsageError
from barkive.images import Photo, load_batches
from barkive.machine import cores
from barkive.messages import Message
from barkive.verdicts import Candidate, Scores, Status, Verdict

_log = logging.getLogger(__name__)

Item = TypeVar("Item")

BATCH: Final = {"cpu": 4, "cuda": 64}
"""Photos that the network takes at once on each device, where nothing else is said.

On the processor more are not faster, because they no longer fit its caches. A card has
thousands of arithmetic units, which few photos leave idle.
"""

_SHORT_LIST: Final = (Status.DOG, Status.UNCERTAIN)
_ONE_PHOTO = (str, os.PathLike, bytes, Image.Image)


@dataclass(frozen=True, slots=True)
class Judged(Generic[Item]):
    """What a model says of one item, with all scores.

    Attributes:
        item: What was loaded.
        status: The verdict's status.
        reason: Why it could not be loaded; None unless `failed`.
        scores: Of this one photo, each array with one row; None where it is `failed`.
    """

    item: Item
    status: Status
    reason: Message | None
    scores: Scores | None

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
    ) -> None:
        """Opens the bundle.

        Args:
            model: A bundle's path; None for the model inside the package.
            threads: Threads for inference, and as many for decoding; 0 for one per core.
            device: Where the network runs: `cpu`, or `cuda` for an NVIDIA card.
            prior: A table of how often each breed is met, or `none`; None for the bundle's own.

        Raises:
            BundleError: The bundle is missing, corrupt or of another version.
            DeviceError: The device is not there, or does not start.
            UsageError: There is no such device, or the table can't be used.
        """
        self._threads = threads or cores()
        bundle = Bundle.open(model, threads=self._threads, device=device)
        self.bundle: Bundle = bundle if prior is None else bundle.with_prior(prior)

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
        load = self.bundle.info.preprocessing.load
        for judged in self.judge(photos, load, batch_size=batch_size):
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
        row: NDArray[np.float32] = judged.scores.probabilities[0]
        best = np.argsort(-row, kind="stable")[:top] if judged.status in _SHORT_LIST else ()
        labels = self.bundle.info.labels
        breeds = tuple(Candidate(labels[i], float(row[i])) for i in best)
        return Verdict(file, judged.status, breeds, None, model)

    def judge(
        self,
        items: Iterable[Item],
        load: Callable[[Item], NDArray[np.uint8]],
        *,
        batch_size: int | None = None,
    ) -> Generator[Judged[Item], None, None]:
        """Judges whatever can be loaded as a photo, with all scores, in the order given.

        The same engine as `predict`, for callers that read photos in their own way.

        Args:
            items: Consumed in a background thread, and only a few ahead.
            load: Gives an item's pixels as the bundle's preprocessing makes them, shape
                (size, size, 3); called in threads. What it raises as `PhotoError` becomes
                a `failed` item; anything else is raised here.
            batch_size: Items that the network takes at once, at most; None for the number in
                `BATCH`.
        """
        size = batch_size or BATCH[self.bundle.device]
        for batch in load_batches(items, load, size, threads=self._threads):
            readable = [pixels for _, pixels in batch if not isinstance(pixels, PhotoError)]
            scores = self.score(np.stack(readable)) if readable else None
            unread = len(batch) - len(readable)
            _log.debug("Judged %d photos, %d could not be read", len(readable), unread)
            statuses = iter(self.bundle.info.statuses(scores) if scores else [])
            row = 0
            for item, pixels in batch:
                if isinstance(pixels, PhotoError):
                    yield Judged(item, Status.FAILED, pixels.message, None)
                    continue
                assert scores is not None
                one = slice(row, row + 1)
                own = Scores(scores.probabilities[one], scores.dog[one], scores.features[one])
                yield Judged(item, next(statuses), None, own)
                row += 1
