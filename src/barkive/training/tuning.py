"""What a run chooses on its validation photos: penalty, int8, temperature, thresholds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch.nn import functional

from barkive import metrics
from barkive.images import Preprocessing
from barkive.training import export, head
from barkive.training.datasets import Data
from barkive.training.features import Features, extract_features
from barkive.training.progress import Progress, Say
from barkive.training.report import CurvePoint

# From under-fitting to over-fitting on every data set tried.
PENALTIES = (1.0, 0.3, 0.1, 0.05, 0.03, 0.01, 0.001)
ANSWER_PRECISION = 0.95
DOG_RECALL = 0.99
INT8_COST = 0.003
FLOAT_TAILS = (0.0, 0.25)
_CALIBRATION_PHOTOS = 64


@dataclass(frozen=True, slots=True)
class Extractor:
    """A graph from pixels to features, and the key that its features are cached under."""

    graph: onnx.ModelProto
    key: str
    preprocessing: Preprocessing
    progress: Progress

    def __call__(self, paths: Sequence[str], stage: str) -> Features:
        """The features of photos, with the progress shown under the stage's name."""
        with self.progress(stage) as advance:
            return extract_features(
                paths,
                export.GraphFeatures(self.graph),
                key=self.key,
                preprocessing=self.preprocessing,
                on_progress=advance,
            )


@dataclass(frozen=True, slots=True)
class Choice:
    """The prediction layer chosen on validation, its point of the curve, and the curve."""

    layer: head.Linear
    point: CurvePoint
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into verdicts; the fields are those of a bundle's description."""

    temperature: float
    detector: head.DogDetector
    dog_threshold: float
    answer_threshold: float


def choose_layer(
    rows: NDArray[np.float32],
    truth: NDArray[np.intp],
    validation: NDArray[np.bool_],
    classes: int,
    progress: Progress,
    say: Say,
) -> Choice:
    """Fits a prediction layer for each penalty, and takes the best on validation.

    The best is the one with the most right answers; of equals the one with the lowest
    cross-entropy, because few photos make many equals.

    Args:
        rows: Features, shape (n, channels).
        truth: The class of each, shape (n,).
        validation: Whether each is for validation, shape (n,).
        classes: The number of classes.
        progress: Opens a progress display.
        say: Told which penalty was chosen.
    """
    fitted = ~validation
    layers, curve = [], []
    with progress("Fitting the head", unit="penalties") as advance:
        for penalty, layer in zip(
            PENALTIES,
            head.fit_prediction_layers(rows[fitted], truth[fitted], classes, PENALTIES),
            strict=True,
        ):
            logits = layer(rows)
            right = logits.argmax(axis=1) == truth
            losses = functional.cross_entropy(
                torch.from_numpy(logits), torch.from_numpy(truth), reduction="none"
            ).numpy()
            sides = [(float(right[x].mean()), float(losses[x].mean())) for x in (fitted, ~fitted)]
            layers.append(layer)
            curve.append(CurvePoint(penalty, *sides[0], *sides[1]))
            advance(len(curve), len(PENALTIES))
    point = max(curve, key=lambda one: (one.validation_accuracy, -one.validation_loss))
    say(f"L2 penalty {point.penalty:g}: {point.validation_accuracy:.2%} right on validation.")
    return Choice(layers[curve.index(point)], point, tuple(curve))


def quantised(data: Data, choice: Choice, extract: Extractor, seed: int, say: Say) -> Extractor:
    """The int8 form of a graph where that costs little on validation, else the graph itself.

    Where that costs too much, the last convolutions go back to float as well: they take
    little of the time, and cause much of the error.
    """
    fitted = np.flatnonzero(~data.validation)
    sample = np.random.default_rng(seed).permutation(fitted)[:_CALIBRATION_PHOTOS]
    pixels = np.stack([extract.preprocessing.load(data.paths[i]) for i in sample])
    for tail in FLOAT_TAILS:
        with extract.progress("Quantising", unit="networks"):
            graph = export.quantise(extract.graph, pixels, float_tail=tail)
        if graph is None:
            say("int8 is not used: it is for networks of many convolutions.")
            return extract
        key = hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()
        int8 = replace(extract, graph=graph, key=key)
        rows = int8(data.judged_paths, "Validation in int8").rows
        right = choice.layer(rows).argmax(axis=1) == data.truth[data.validation]
        cost = choice.point.validation_accuracy - float(right.mean())
        used = cost <= INT8_COST
        where = f" with the last {tail:.0%} of the convolutions in float" if tail else ""
        say(f"int8{where} costs {100 * cost:.2f} points: {'used' if used else 'not used'}.")
        if used:
            return int8
    return extract


def calibrate(data: Data, layer: head.Linear, extract: Extractor, say: Say) -> Calibration:
    """Calibrates on the validation photos, and on the photos of other things.

    Args:
        data: The photos.
        layer: One that was not fitted on the validation photos.
        extract: The graph that the bundle will hold.
        say: Told how many photos get an answer.
    """
    logits = layer(extract(data.judged_paths, "Calibration").rows)
    others = None
    if data.other_paths:
        others = layer(extract(data.other_paths, "Calibration on other things").rows)
    return calibration(logits, data.truth[data.validation], others, say)


def calibration(
    logits: NDArray[np.float32],
    truth: NDArray[np.intp],
    others: NDArray[np.float32] | None,
    say: Say,
) -> Calibration:
    """Fits the temperature and the dog detector, and chooses the two thresholds.

    Args:
        logits: Of photos that the layer was not fitted on, shape (n, classes).
        truth: Their classes, shape (n,).
        others: Logits of photos of other things, (m, classes); None where there are none.
        say: Told how many photos get an answer.
    """
    temperature = head.fit_temperature(logits, truth)
    detector = head.fit_dog_detector(logits, others)
    dog = detector(logits)
    dog_threshold = metrics.recall_threshold(dog, DOG_RECALL)
    confidence = torch.from_numpy(logits / np.float32(temperature)).softmax(dim=1).amax(dim=1)
    right: NDArray[np.bool_] = logits.argmax(axis=1) == truth
    # What is taken for no dog gets no answer, so it does not count.
    seen = dog >= dog_threshold
    answer_threshold = metrics.precision_threshold(
        confidence.numpy()[seen], right[seen], ANSWER_PRECISION
    )
    given = seen & (confidence.numpy() >= answer_threshold)
    say(
        f"{given.mean():.1%} of the validation photos get an answer"
        + (
            f", and {right[given].mean():.1%} of these are right."
            if given.any()
            else ": none is sure enough."
        )
    )
    return Calibration(temperature, detector, dog_threshold, answer_threshold)
