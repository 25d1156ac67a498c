"""One training run, from a folder of breeds to a bundle and its run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch.nn import functional

from barkive import __version__, evaluation, metrics
from barkive.bundle import OUTPUTS, BundleInfo
from barkive.errors import DataError
from barkive.images import group_near_duplicates
from barkive.training import export, head
from barkive.training.backbones import load_backbone
from barkive.training.datasets import label_folders, split
from barkive.training.features import Features, extract_features
from barkive.training.recipe import Recipe
from barkive.training.report import CurvePoint, write_run
from barkive.verdicts import Label

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
Say = Callable[[str], None]

# From under-fitting to over-fitting on every data set tried, a factor of √10 apart or less.
PENALTIES = (0.3, 0.1, 0.05, 0.03, 0.02, 0.01, 0.003, 0.001)
ANSWER_PRECISION = 0.95
DOG_RECALL = 0.99
INT8_COST = 0.003
_CALIBRATION_PHOTOS = 256
_COMPARED_PHOTOS = 64


@contextmanager
def _no_progress(description: str) -> Iterator[Callable[[int, int], None]]:
    yield lambda done, total: None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a run.

    Attributes:
        figures: On the validation photos, by a head that never saw them.
        int8: Whether the bundle was quantised.
        failed: Each unreadable photo's path and the reason.
    """

    figures: evaluation.Figures
    int8: bool
    failed: tuple[tuple[str, str], ...]


def train(recipe: Recipe, *, progress: Progress = _no_progress, say: Say = print) -> TrainingResult:
    """Trains a head on a frozen backbone, and writes the bundle and the run folder.

    The penalty, the temperature and the thresholds are chosen on the validation photos;
    then the prediction layer is fitted once more, on all photos. The figures are those of
    the layer that never saw the validation photos.

    Args:
        recipe: The settings.
        progress: Opens a progress display for a stage; it is told (done, total).
        say: Receives one line for each stage that ends.

    Raises:
        DataError: The photos are too few to train on.
        WeightsError: The backbone's weights can't be had.
        ExportError: The bundle answers differently from the network.
        UsageError: A file can't be written.
    """
    samples = evaluation.read_samples(recipe.data)
    if len(label_folders(samples.folders)[0]) < 2:
        raise DataError(
            f"The folder {recipe.data} holds photos of one breed only ({samples.folders[0]}); "
            "training needs two or more."
        )
    not_dogs = evaluation.read_not_dogs(recipe.not_dogs) if recipe.not_dogs else ()
    evaluation.prepare_report(recipe.run_folder)
    if samples.empty:
        say(f"Left out, because they hold no photo: {', '.join(samples.empty)}.")

    backbone = load_backbone(recipe.backbone, recipe.backbone_weights)
    network = export.feature_network(backbone, mirror=recipe.mirror)
    graph = export.to_graph(network, recipe.image_size)
    extractor = _Extractor(recipe, progress, graph, f"{backbone.digest} mirror={recipe.mirror}")
    data = _gather(recipe, samples, not_dogs, extractor, say)
    choice = _choose_layer(data, say)
    extractor, int8 = _quantised(recipe, data, choice, extractor, say)
    calibration = _calibrate(data, choice.layer, extractor)

    (final,) = head.fit_prediction_layers(
        data.rows, data.truth, len(data.labels), [choice.point.penalty]
    )
    judged_model = export.add_head(extractor.graph, choice.layer, calibration.detector)
    model = export.add_head(extractor.graph, final, calibration.detector)
    info = BundleInfo(
        name=f"barkive-{backbone.name}",
        labels=data.labels,
        preprocessing=recipe.preprocessing,
        temperature=calibration.temperature,
        dog_threshold=calibration.dog_threshold,
        answer_threshold=calibration.answer_threshold,
        provenance={},
    )
    judgement = _judge(judged_model, info, data, progress)
    figures = evaluation.figures(judgement)
    info = replace(
        info,
        provenance=_provenance(recipe, data)
        | {
            "backbone": {"name": backbone.name, "weights": backbone.source},
            "penalty": choice.point.penalty,
            "int8": int8,
            "validation": figures.to_json(),
        },
    )
    compared = [recipe.preprocessing.load(path) for path in data.judged_paths[:_COMPARED_PHOTOS]]
    export.check_same_answers(network, final, model, np.stack(compared), int8=int8)
    evaluation.write_report(judgement, recipe.run_folder, model=info.name)
    write_run(recipe, choice.curve, choice.point, dict(info.provenance), data.failed)
    export.write_bundle(model, info, recipe.out)
    return TrainingResult(figures, int8, data.failed)


@dataclass(frozen=True, slots=True)
class _Extractor:
    """A graph from pixels to features, and the key that its features are cached under."""

    recipe: Recipe
    progress: Progress
    graph: onnx.ModelProto
    key: str

    def __call__(self, paths: Sequence[str], stage: str) -> Features:
        run = export.session(self.graph)
        with self.progress(stage) as advance:
            return extract_features(
                paths,
                lambda pixels: run.run(["features"], {"pixels": pixels})[0],
                key=self.key,
                preprocessing=self.recipe.preprocessing,
                on_progress=advance,
            )


@dataclass(frozen=True, slots=True)
class _Data:
    """The readable photos of n dogs and m other things, and the split.

    `rows` (n, channels), `truth` (n,) and `validation` (n,) are of the dogs,
    `other_rows` (m, channels) of the other things.
    """

    labels: tuple[Label, ...]
    paths: tuple[str, ...]
    rows: NDArray[np.float32]
    truth: NDArray[np.intp]
    validation: NDArray[np.bool_]
    other_paths: tuple[str, ...]
    other_rows: NDArray[np.float32]
    failed: tuple[tuple[str, str], ...]

    @property
    def judged_paths(self) -> list[str]:
        return [self.paths[i] for i in np.flatnonzero(self.validation)]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The layer chosen on validation, its point of the curve, and the curve."""

    layer: head.Linear
    point: CurvePoint
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class _Calibration:
    temperature: float
    detector: head.DogDetector
    dog_threshold: float
    answer_threshold: float


def _gather(
    recipe: Recipe,
    samples: evaluation.Samples,
    not_dogs: Sequence[str],
    extract: _Extractor,
    say: Say,
) -> _Data:
    dogs = extract(samples.paths, "Features")
    folders, folder_of = np.unique(samples.truth[dogs.kept], return_inverse=True)
    labels, label_of = label_folders([samples.folders[i] for i in folders])
    if len(labels) < 2:
        raise DataError(
            f"In {recipe.data} the photos of only {len(labels)} breeds can be read; training "
            f"needs two or more. The first that can't, {dogs.failed[0][0]}: {dogs.failed[0][1]}"
        )
    truth = label_of[folder_of]
    others = extract(not_dogs, "Features of other things")
    groups = group_near_duplicates(dogs.hashes)
    validation = split(truth, groups, recipe.validation, recipe.seed)
    if not validation.any():
        raise DataError(
            f"No breed in {recipe.data} has two different photos, so none can be kept for "
            "validation; add photos."
        )
    failed = dogs.failed + others.failed
    say(
        f"{len(truth)} photos of {len(labels)} breeds, {int(validation.sum())} of them for "
        f"validation; {len(truth) - int(groups.max()) - 1} near-duplicates kept on one side; "
        f"{len(failed)} unreadable."
    )
    return _Data(
        labels,
        tuple(samples.paths[i] for i in dogs.kept),
        dogs.rows,
        truth,
        validation,
        tuple(not_dogs[i] for i in others.kept),
        others.rows,
        failed,
    )


def _choose_layer(data: _Data, say: Say) -> _Choice:
    fitted = ~data.validation
    layers = head.fit_prediction_layers(
        data.rows[fitted], data.truth[fitted], len(data.labels), PENALTIES
    )
    curve = []
    for penalty, layer in zip(PENALTIES, layers, strict=True):
        logits = layer(data.rows)
        right = logits.argmax(axis=1) == data.truth
        losses = functional.cross_entropy(
            torch.from_numpy(logits), torch.from_numpy(data.truth), reduction="none"
        ).numpy()
        sides = [(float(right[x].mean()), float(losses[x].mean())) for x in (fitted, ~fitted)]
        curve.append(CurvePoint(penalty, *sides[0], *sides[1]))
    point = max(curve, key=lambda point: (point.validation_accuracy, point.penalty))
    say(f"L2 penalty {point.penalty:g}: {point.validation_accuracy:.2%} right on validation.")
    return _Choice(layers[curve.index(point)], point, tuple(curve))


def _quantised(
    recipe: Recipe, data: _Data, choice: _Choice, extract: _Extractor, say: Say
) -> tuple[_Extractor, bool]:
    """The int8 form of the graph, if it is wanted and costs little enough."""
    if not recipe.int8:
        return extract, False
    fitted = np.flatnonzero(~data.validation)
    sample = np.random.default_rng(recipe.seed).permutation(fitted)[:_CALIBRATION_PHOTOS]
    pixels = [recipe.preprocessing.load(data.paths[i]) for i in sample]
    graph = export.quantise(extract.graph, np.stack(pixels))
    key = hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()
    int8 = replace(extract, graph=graph, key=key)
    rows = int8(data.judged_paths, "Validation in int8").rows
    right = choice.layer(rows).argmax(axis=1) == data.truth[data.validation]
    cost = choice.point.validation_accuracy - float(right.mean())
    used = cost <= INT8_COST
    say(f"int8 costs {100 * cost:.2f} points of accuracy: {'used' if used else 'not used'}.")
    return (int8, True) if used else (extract, False)


def _calibrate(data: _Data, layer: head.Linear, extract: _Extractor) -> _Calibration:
    logits = layer(extract(data.judged_paths, "Calibration").rows)
    others = layer(extract(data.other_paths, "Calibration").rows) if data.other_paths else None
    truth = data.truth[data.validation]
    temperature = head.fit_temperature(logits, truth)
    detector = head.fit_dog_detector(logits, others)
    confidence = torch.from_numpy(logits / np.float32(temperature)).softmax(dim=1).amax(dim=1)
    return _Calibration(
        temperature=temperature,
        detector=detector,
        dog_threshold=metrics.recall_threshold(detector(logits), DOG_RECALL),
        answer_threshold=metrics.precision_threshold(
            confidence.numpy(), logits.argmax(axis=1) == truth, ANSWER_PRECISION
        ),
    )


def _judge(
    model: onnx.ModelProto, info: BundleInfo, data: _Data, progress: Progress
) -> evaluation.Evaluation:
    """Scores the exported graph, with the layer that did not see the validation photos."""
    run = export.session(model)
    with progress("Validation") as advance:
        return evaluation.evaluate(
            lambda pixels: info.scores(*run.run(OUTPUTS, {"pixels": pixels})),
            info,
            data.judged_paths,
            data.truth[data.validation],
            not_dogs=data.other_paths,
            on_progress=advance,
        )


def _provenance(recipe: Recipe, data: _Data) -> dict[str, Any]:
    content = hashlib.sha256()
    for path, label in zip(data.paths, data.truth, strict=True):
        content.update(f"{Path(path).name}\t{data.labels[label].id}\n".encode(errors="replace"))
    packages = ("onnxruntime", "timm", "torch")
    return {
        "data": {
            "folder": recipe.data.name,
            "photos": len(data.paths),
            "breeds": len(data.labels),
            "names_sha256": content.hexdigest(),
            "not_dogs": len(data.other_paths),
        },
        "split": {
            "seed": recipe.seed,
            "validation": recipe.validation,
            "validation_photos": int(data.validation.sum()),
            "near_duplicates": "never across the split",
            "final_fit": "all photos, with the penalty chosen on validation",
        },
        "mirror": recipe.mirror,
        "licence": recipe.licence,
        "versions": {"barkive": __version__} | {name: version(name) for name in packages},
    }
