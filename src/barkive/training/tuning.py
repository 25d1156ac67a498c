"""What a run chooses on photos that it was not fitted on: penalty, int8, thresholds, prior."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch.nn import functional

from barkive import metrics
from barkive.bundle import BundleInfo
from barkive.errors import WeightsError
from barkive.images import Preprocessing
from barkive.messages import Message
from barkive.progress import Log, Progress
from barkive.training import head, onnx_export
from barkive.training.backbones import Backbone
from barkive.training.certainty import Elsewhere, learn_elsewhere
from barkive.training.curves import CurvePoint
from barkive.training.datasets import Data
from barkive.training.features import Features, extract_features
from barkive.training.recipe import Head

# From under-fitting, or with an anchor hardly leaving it, to over-fitting on every data set tried.
PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.05, 0.03, 0.01, 0.001)
ANSWER_PRECISION = 0.95
DOG_RECALL = 0.99
INT8_COST = 0.003
FLOAT_TAILS = (0.0, 0.25)
ROWS_THRESHOLD = -1.5
"""Log-odds of the backbone's own rows below which a photo shows no dog, where no photos of
other things tell better: of EfficientNet-Lite2, 0.1 % of dogs and 0.5 % of other things err."""

# Rows that don't stand in ImageNet's order are right by chance; those that do, nearly always.
_ROWS_FIT = 5.0  # times chance
_ROWS_SURE = 0.9
_MOST = 0.5
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
                onnx_export.GraphFeatures(self.graph),
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


class Outputs(NamedTuple):
    """What a graph and its prediction layer make of n photos.

    Attributes:
        features: Shape (n, channels).
        logits: Shape (n, labels).
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32]


def choose_layer(
    rows: NDArray[np.float32],
    truth: NDArray[np.intp],
    validation: NDArray[np.bool_],
    classes: int,
    progress: Progress,
    log: Log,
    *,
    anchor: head.Linear | None = None,
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
        log: Reports which penalty was chosen.
        anchor: What the layer is centred on; None for 0.
    """
    fitted = ~validation
    layers, curve = [], []
    with progress("Fitting the head", unit="penalties") as advance:
        for penalty, layer in zip(
            PENALTIES,
            head.fit_prediction_layers(
                rows[fitted], truth[fitted], classes, PENALTIES, anchor=anchor
            ),
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
    log(f"L2 penalty {point.penalty:g}: {point.validation_accuracy:.2%} right on validation.")
    return Choice(layers[curve.index(point)], point, tuple(curve))


class OwnRows(NamedTuple):
    """What a head takes over from the backbone's own classifier; None where nothing.

    Attributes:
        anchor: What the prediction layer is centred on.
        detector: Tells dogs from other things.
    """

    anchor: head.Linear | None = None
    detector: head.RowsDetector | None = None


def own_rows(backbone: Backbone, data: Data, wanted: Head, log: Log) -> OwnRows:
    """What a head takes over from the backbone's own classifier.

    Whether its rows stand in the order of ImageNet's classes no file says, so it is tried: on
    photos of the breeds that have a row they must be right far more often than by chance, and
    take most photos for dogs.

    Args:
        backbone: With its classifier, if it has one.
        data: The photos of dogs, with their features.
        wanted: `auto`, `centred` or `anew`.
        log: Reports which head it is.

    Raises:
        WeightsError: `centred` is wanted, and there are no rows, or none that fit.
    """
    found, why_not = _fitting_rows(backbone, data, wanted, log)
    if found.anchor is None:
        if wanted == "centred":
            raise WeightsError("weights_rows_misfit", reason=why_not)
        log(f"The prediction layer is fitted anew. {why_not}")
    return found


def _fitting_rows(
    backbone: Backbone, data: Data, wanted: Head, log: Log
) -> tuple[OwnRows, Message | None]:
    """The backbone's own rows, and why they don't fit; None where they do."""
    classifier = backbone.classifier
    if classifier is None:
        return OwnRows(), backbone.unclassified
    tried = classifier.dog_detector()
    detector = tried if (tried(data.rows, data.rows) > 0).mean() >= _MOST else None
    rows = classifier.rows([label.id for label in data.labels])
    shared = [i for i, row in enumerate(rows) if row is not None]
    seen = np.isin(data.truth, shared)
    if len(np.unique(data.truth[seen])) < 2:
        return OwnRows(None, detector), Message("rows_too_few_breeds", {"count": len(shared)})
    anchor = classifier.anchor(rows)
    answers = np.array(shared)[anchor(data.rows[seen])[:, shared].argmax(axis=1)]
    right = float((answers == data.truth[seen]).mean())
    if right < min(_ROWS_FIT / len(shared), _ROWS_SURE):
        return OwnRows(), Message("rows_hardly_right", {"share": right})
    if wanted == "anew":
        return OwnRows(None, detector), Message("rows_not_wanted")
    log(
        f"The prediction layer is centred on the backbone's own rows of {len(shared)} breeds, "
        f"which alone are right on {right:.1%} of their photos."
    )
    return OwnRows(anchor, detector), None


def quantised(
    data: Data,
    choice: Choice,
    extract: Extractor,
    seed: int,
    log: Log,
    *,
    anchor: head.Linear | None = None,
    float_first: int = 3,
) -> tuple[Data, Choice, Extractor]:
    """The int8 form of a graph where that costs little on validation, else the graph itself.

    The layer is fitted again on the features of the int8 graph: it answers those. Where that
    costs too much, the last convolutions go back to float as well: they take little of the
    time, and cause much of the error.

    Args:
        data: The photos, with the features of the float graph.
        choice: The layer that was chosen on these.
        extract: The float graph.
        seed: Of the draw of the photos that show the ranges of the activations.
        log: Reports what int8 costs.
        anchor: What the layer is centred on; None for 0.
        float_first: How many convolutions stay in float, counted from the first.

    Returns:
        The photos with their features by the graph that is used, the layer, and the graph.
    """
    fitted = np.flatnonzero(~data.validation)
    sample = np.random.default_rng(seed).permutation(fitted)[:_CALIBRATION_PHOTOS]
    pixels = np.stack([extract.preprocessing.load(data.paths[i]) for i in sample])
    for tail in FLOAT_TAILS:
        with extract.progress("Quantising", unit="networks"):
            graph = onnx_export.quantise(
                extract.graph, pixels, float_first=float_first, float_tail=tail
            )
        if graph is None:
            log("int8 is not used: it is for networks of many convolutions.")
            break
        key = hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()
        int8 = replace(extract, graph=graph, key=key)
        rows = int8(data.paths, "Features in int8").rows
        found = choose_layer(
            rows,
            data.truth,
            data.validation,
            len(data.labels),
            extract.progress,
            log,
            anchor=anchor,
        )
        cost = choice.point.validation_accuracy - found.point.validation_accuracy
        used = cost <= INT8_COST
        where = f" with the last {tail:.0%} of the convolutions in float" if tail else ""
        log(f"int8{where} costs {100 * cost:.2f} points: {'used' if used else 'not used'}.")
        if used:
            return replace(data, rows=rows), found, int8
    return data, choice, extract


def calibrate(
    draft: BundleInfo,
    shown: Outputs,
    truth: NDArray[np.intp],
    log: Log,
    *,
    others: Outputs | None = None,
    detector: head.RowsDetector | None = None,
    elsewhere: tuple[Elsewhere, Outputs] | None = None,
) -> tuple[BundleInfo, head.Detector]:
    """Calibrates on photos that the layer was not fitted on.

    Args:
        draft: What the bundle says of itself, with a prior if it is to have one anyway.
        shown: Of photos of dogs, as the training photos are.
        truth: Their classes, shape (n,).
        log: Reports how many photos get an answer.
        others: Of photos of other things; None where there are none.
        detector: By the backbone's own rows; None where it has none that fit.
        elsewhere: Photos of breeds that the model knows and of others; None where there are none.

    Returns:
        The description with temperature, thresholds, prior and certainty, and the dog detector.
    """
    found: head.Detector
    if detector is None:
        found = head.fit_dog_detector(shown.logits, others.logits if others else None)
        dog_threshold = metrics.recall_threshold(found(*shown), DOG_RECALL)
    else:
        found = detector
        dogs = [found(*one) for one in (shown, *(elsewhere or ())[1:])]
        dog_threshold = (
            metrics.balanced_threshold(np.concatenate(dogs), found(*others))
            if others
            else ROWS_THRESHOLD
        )
    shift = draft.prior * draft.log_frequencies
    temperature = head.fit_temperature(shown.logits, truth, shift=shift)
    draft = replace(draft, temperature=temperature, dog_threshold=dog_threshold)
    if elsewhere is not None:
        return learn_elsewhere(draft, shown.logits, truth, *elsewhere, log), found
    scores = draft.scores(shown.logits, found(*shown), shown.features)
    right: NDArray[np.bool_] = scores.probabilities.argmax(axis=1) == truth
    # What is taken for no dog gets no answer, so it does not count.
    seen = scores.dog >= dog_threshold
    certainties = draft.certainties(scores.probabilities)
    threshold = metrics.precision_threshold(certainties[seen], right[seen], ANSWER_PRECISION)
    given = seen & (certainties >= threshold)
    log(
        f"{given.mean():.1%} of the validation photos get an answer"
        + (
            f", and {right[given].mean():.1%} of these are right."
            if given.any()
            else ": none is sure enough."
        )
    )
    return replace(draft, answer_threshold=threshold), found
