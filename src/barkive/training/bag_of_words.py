"""A bag of visual words: how photos were told apart before networks learned to.

The codebook holds typical local descriptors (SIFT), the visual words. A photo is described by
how often each word occurs in it, and a linear classifier tells photos apart by that (Csurka et
al., 2004, "Visual Categorization with Bags of Keypoints"). Judged on the same photos as
the networks, it shows what learned features are worth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from barkive.errors import DataError, UsageError
from barkive.images import map_ahead
from barkive.images.keypoints import CHANNELS, require_opencv
from barkive.progress import OnProgress, Progress, no_progress
from barkive.training.codebook import (
    ENCODERS,
    Encoding,
    Floats,
    Sampling,
    describe,
    fit_codebook,
)
from barkive.training.curves import CurvePoint
from barkive.training.datasets import split
from barkive.training.head import Linear, energy, fit_prediction_layers

Photos = Callable[[NDArray[np.intp]], Iterable[NDArray[np.uint8]]]
"""Positions in the data set → the pixels of these photos, in order: RGB of 0..255."""

# From under-fitting to over-fitting for every encoding tried.
PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
# Where so many penalties in a row are no better, the weaker ones are left out: they are
# the slowest to fit.
_PATIENCE = 2
_INNER_SHARE = 0.2
# At most 16,384 channels: 2.2 GB for 10,000 photos while the classifier is fitted.
_LARGEST_CODEBOOK: Mapping[Encoding, int] = {"vlad": 128, "histogram": 4096}
# The codebook is made from a sample: 100,000 descriptors of 1,000 photos, 51 MB.
_SAMPLED_PHOTOS = 1000
_SAMPLED_DESCRIPTORS = 100
_AHEAD = 16


@dataclass(frozen=True, slots=True)
class BagOfWordsSettings:
    """How photos are encoded. The defaults measured best.

    Attributes:
        sampling: Descriptors on a `dense` grid, or `sparse` ones at key points.
        encoding: A `histogram` of the words, or `vlad`.
        words: The size of the codebook: 2 to 128 for `vlad`, 2 to 4096 for a `histogram`.

    Raises:
        UsageError: A setting is out of its range.
    """

    sampling: Sampling = "dense"
    encoding: Encoding = "vlad"
    words: int = 64

    def __post_init__(self) -> None:
        for value, choices in ((self.sampling, Sampling), (self.encoding, Encoding)):
            if value not in get_args(choices):
                allowed = ", ".join(get_args(choices))
                raise UsageError("words_choice_unknown", value=value, choices=allowed)
        most = _LARGEST_CODEBOOK[self.encoding]
        if not 2 <= self.words <= most:
            raise UsageError(
                "words_vocabulary_range", count=self.words, encoding=self.encoding, limit=most
            )


@dataclass(frozen=True, slots=True)
class BagOfWords:
    """A codebook, and the classifier on top.

    Attributes:
        settings: How it encodes photos.
        centres: The words, shape (words, 128).
        layer: From an encoded photo to the classes' logits.
    """

    settings: BagOfWordsSettings
    centres: Floats
    layer: Linear

    @property
    def parameters(self) -> int:
        """How many numbers the classifier holds; the codebook is not counted."""
        return self.layer.weight.size + self.layer.bias.size

    def logits(self, photos: Iterable[NDArray[np.uint8]]) -> Floats:
        """Pixels of n photos → shape (n, classes)."""
        rows = [self.layer(row) for row in _encoded(photos, self.settings, self.centres)]
        return np.stack(rows) if rows else np.empty((0, len(self.layer.bias)), np.float32)


@dataclass(frozen=True, slots=True)
class BagOfWordsResult:
    """A trained model, what it says of the photos it is judged on, and what it took.

    Attributes:
        model: Fitted on all training photos.
        logits: Of the judged photos, shape (judged, classes).
        chosen: The point of the curve whose penalty the model has.
        curve: A point for each L2 penalty that was tried, from strong to weak: fitted on
            four fifths of the training photos and validated on the rest of them, never on
            the judged photos.
        seconds: How long each stage took, decoding included: `descriptors` of the sample
            that the codebook is made from, `vocabulary` for the codebook itself, `encoding` of all
            training photos (descriptors and words), `classifier`, and `judging`, all that the
            judged photos took.
    """

    model: BagOfWords
    logits: Floats
    chosen: CurvePoint
    curve: tuple[CurvePoint, ...]
    seconds: Mapping[str, float]


def train_bag_of_words(
    photos: Photos,
    truth: NDArray[np.intp],
    train: NDArray[np.intp],
    judged: NDArray[np.intp],
    classes: int,
    settings: BagOfWordsSettings = BagOfWordsSettings(),
    seed: int = 0,
    progress: Progress = no_progress,
) -> BagOfWordsResult:
    """Trains a bag of visual words; the same photos and seed give the same model.

    In memory are the encoded training photos, up to 3.4 times over while the classifier is
    fitted: with the default settings 33 kB a photo, so 1.1 GB for 10,000 photos.

    Args:
        photos: Gives the pixels; all of one size, or what a grid sees differs between them.
        truth: Each photo's class, 0..classes - 1, shape (n,).
        train: Positions of the photos to learn from.
        judged: Positions of the photos to judge on; they choose nothing.
        classes: The number of classes.
        settings: How photos are encoded.
        seed: Of the codebook and of the choice of the penalty.
        progress: Shows how far each stage is.

    Raises:
        MissingExtraError: OpenCV is not installed.
        DataError: The training photos hold fewer descriptors than there are words, or no
            class has two of them.
    """
    require_opencv()
    rng = np.random.default_rng(seed)
    watch = _Stopwatch()

    sampled = np.sort(rng.permutation(train)[:_SAMPLED_PHOTOS])
    sample = []
    with progress("Descriptors") as advance, watch("descriptors"):
        described = map_ahead(
            partial(describe, sampling=settings.sampling), photos(sampled), ahead=_AHEAD
        )
        for done, one in enumerate(described, 1):
            sample.append(one[rng.permutation(len(one))[:_SAMPLED_DESCRIPTORS]])
            advance(done, len(sampled))
    with progress("Codebook", unit="codebooks"), watch("vocabulary"):
        none = np.empty((0, CHANNELS), np.float32)
        centres = fit_codebook(np.concatenate([none, *sample]), settings.words, seed)
    sample.clear()

    channels = len(ENCODERS[settings.encoding](centres[:0], centres))
    rows = np.empty((len(train), channels), np.float32)
    with progress("Visual words") as advance, watch("encoding"):
        for i, row in enumerate(_encoded(photos(train), settings, centres)):
            rows[i] = row
            advance(i + 1, len(train))
    with watch("classifier"):
        layer, chosen, curve = _fit_classifier(rows, truth[train], classes, seed, progress)
    del rows

    model = BagOfWords(settings, centres, layer)
    with progress("Judging") as advance, watch("judging"):
        logits = model.logits(_counted(photos(judged), len(judged), advance))
    return BagOfWordsResult(model, logits, chosen, curve, watch.seconds)


def _encoded(
    photos: Iterable[NDArray[np.uint8]], settings: BagOfWordsSettings, centres: Floats
) -> Iterator[Floats]:
    """Photos as vectors, computed ahead in threads."""

    def encoded(pixels: NDArray[np.uint8]) -> Floats:
        return ENCODERS[settings.encoding](describe(pixels, settings.sampling), centres)

    return map_ahead(encoded, photos, ahead=_AHEAD)


def _fit_classifier(
    rows: Floats, truth: NDArray[np.intp], classes: int, seed: int, progress: Progress
) -> tuple[Linear, CurvePoint, tuple[CurvePoint, ...]]:
    """Chooses the penalty on a part of the rows; then fits a layer on all of them with it."""
    # Classes without a photo would leave `split` no room.
    occurring = np.unique(truth, return_inverse=True)[1]
    kept_out = split(occurring, np.arange(len(truth)), _INNER_SHARE, seed)
    if not kept_out.any():
        raise DataError("words_too_few_photos")
    steps = len(PENALTIES) + 1
    curve: list[CurvePoint] = []
    with progress("Fitting the classifier", unit="fits") as advance:
        for point in _curve(rows, truth, classes, kept_out):
            curve.append(point)
            chosen = max(curve, key=lambda one: (one.validation_accuracy, -one.validation_loss))
            advance(len(curve), steps)
            if len(curve) - curve.index(chosen) > _PATIENCE:
                break
        (layer,) = fit_prediction_layers(rows, truth, classes, [chosen.penalty])
        advance(steps, steps)
    return layer, chosen, tuple(curve)


def _curve(
    rows: Floats, truth: NDArray[np.intp], classes: int, kept_out: NDArray[np.bool_]
) -> Iterator[CurvePoint]:
    """Fits a layer for each penalty, from strong to weak, on the rows that are not kept out."""
    sides = (~kept_out, kept_out)
    layers = fit_prediction_layers(rows[~kept_out], truth[~kept_out], classes, PENALTIES)
    for penalty, layer in zip(PENALTIES, layers, strict=True):
        logits = layer(rows)
        right = logits.argmax(axis=1) == truth
        losses = energy(logits) - logits[np.arange(len(truth)), truth]
        scores = [(float(right[side].mean()), float(losses[side].mean())) for side in sides]
        yield CurvePoint(penalty, *scores[0], *scores[1])


def _counted(
    photos: Iterable[NDArray[np.uint8]], total: int, advance: OnProgress
) -> Iterator[NDArray[np.uint8]]:
    """Passes photos on, and counts them."""
    for done, pixels in enumerate(photos, 1):
        advance(done, total)
        yield pixels


class _Stopwatch:
    """Adds up the seconds of several stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
