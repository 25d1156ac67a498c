"""Scores a model on labelled photos, by way of a `predict` function.

Torch networks and bundles are so judged by the same code. Photos are decoded by threads
while the network runs, and only a few are held at a time; what is kept of each photo
are a few numbers. Knows nothing of folders, and writes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barkive import metrics
from barkive.bundle import BundleInfo
from barkive.errors import DataError, PhotoError
from barkive.images import load_batches
from barkive.messages import Message
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName, Scores, Status

_log = logging.getLogger(__name__)

Predict = Callable[[NDArray[np.uint8]], Scores]
"""Pixels of shape (n, size, size, 3), RGB, to what a model says of them."""

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered, for the n photos that could be read.

    Attributes:
        paths: All photos that were asked about.
        read: Positions in `paths` of those that could be read, ascending, shape (n,), n >= 1.
        top: Their five most probable labels, best first, shape (n, min(5, labels)).
        probability: Probability of the first of these, 0..1, shape (n,).
        dog: Log-odds that the photo shows a dog, shape (n,).
        statuses: The verdicts' statuses under the model's own thresholds, n of them.
        failures: For each photo that could not be read its position, and the reason.
        seconds: How long all of it took, decoding included.
    """

    paths: tuple[str, ...]
    read: NDArray[np.intp]
    top: NDArray[np.intp]
    probability: NDArray[np.float32]
    dog: NDArray[np.float32]
    statuses: tuple[Status, ...]
    failures: Mapping[int, Message]
    seconds: float

    def given(self, status: Status) -> NDArray[np.bool_]:
        """Which of the photos read got this status, shape (n,)."""
        given: NDArray[np.bool_] = np.array([found is status for found in self.statuses])
        return given


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's answers on photos of dogs, and on photos of other things.

    Attributes:
        labels: The model's labels.
        dogs: The answers on the photos of dogs.
        truth: For each photo in `dogs.paths` the index of its label, shape (len(paths),).
        not_dogs: The answers on photos of other things; None where there were none.
    """

    labels: tuple[BreedName, ...]
    dogs: Answers
    truth: NDArray[np.intp]
    not_dogs: Answers | None

    @property
    def truth_read(self) -> NDArray[np.intp]:
        """The true labels of the n photos of dogs that could be read, shape (n,)."""
        return self.truth[self.dogs.read]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the most probable label is the true one, shape (n,)."""
        correct: NDArray[np.bool_] = self.dogs.top[:, 0] == self.truth_read
        return correct

    @property
    def confusion(self) -> NDArray[np.intp]:
        """The confusion matrix, shape (labels, labels): rows are the truth.

        It counts the most probable label, whatever the verdict's status.
        """
        return metrics.confusion_matrix(self.truth_read, self.dogs.top[:, 0], len(self.labels))

    @property
    def failures(self) -> dict[str, Message]:
        """Every photo that could not be read, and the reason."""
        return {
            answers.paths[i]: reason
            for answers in (self.dogs, self.not_dogs)
            if answers is not None
            for i, reason in answers.failures.items()
        }


def evaluate(
    predict: Predict,
    info: BundleInfo,
    paths: Sequence[str],
    truth: NDArray[np.intp],
    *,
    not_dogs: Sequence[str] = (),
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Scores a model. A photo that can't be read is noted and left out of the figures.

    Args:
        predict: The model.
        info: Its labels, preprocessing and thresholds.
        paths: Photos of dogs, at least one.
        truth: For each of them the index of its label in `info.labels`, shape (len(paths),).
        not_dogs: Photos of anything else.
        on_progress: Called after each batch.

    Raises:
        DataError: None of `paths`, or none of `not_dogs`, can be read.
    """
    total = len(paths) + len(not_dogs)
    dogs = _answer(predict, info, paths, lambda done: on_progress(done, total))
    others = None
    if not_dogs:
        others = _answer(
            predict, info, not_dogs, lambda done: on_progress(len(paths) + done, total)
        )
    return Evaluation(info.labels, dogs, truth, others)


def _answer(
    predict: Predict, info: BundleInfo, paths: Sequence[str], on_progress: Callable[[int], None]
) -> Answers:
    start = time.perf_counter()
    read: list[int] = []
    failures: dict[int, Message] = {}
    tops: list[NDArray[np.intp]] = []
    probabilities: list[NDArray[np.float32]] = []
    dogs: list[NDArray[np.float32]] = []
    statuses: list[Status] = []

    done = 0
    for batch in load_batches(paths, info.preprocessing.load, _BATCH, full=True):
        pixels = []
        for i, (_, photo) in enumerate(batch, done):
            if isinstance(photo, PhotoError):
                failures[i] = photo.message
            else:
                read.append(i)
                pixels.append(photo)
        if pixels:
            scores = predict(np.stack(pixels))
            tops.append(metrics.top_k(scores.probabilities, 5))
            probabilities.append(scores.probabilities.max(axis=1))
            dogs.append(scores.dog)
            statuses += info.statuses(scores)
        done += len(batch)
        on_progress(done)
    if not read:
        raise DataError(
            "data_all_photos_unreadable", count=len(paths), file=paths[0], reason=failures[0]
        )
    seconds = time.perf_counter() - start
    _log.info("Scored %d photos in %.1f s, %d could not be read", done, seconds, len(failures))
    return Answers(
        paths=tuple(paths),
        read=np.array(read),
        top=np.concatenate(tops),
        probability=np.concatenate(probabilities),
        dog=np.concatenate(dogs),
        statuses=tuple(statuses),
        failures=failures,
        seconds=seconds,
    )
