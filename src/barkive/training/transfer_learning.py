"""What `barkive train` does: a head on a frozen backbone, from a folder of breeds to a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive import breeds, evaluation, provenance
from barkive.bundle import BundleInfo
from barkive.errors import DataError, WeightsError
from barkive.evaluation import Samples
from barkive.frequencies import NO_PRIOR, read_frequencies
from barkive.frequencies import shipped as shipped_frequencies
from barkive.images.passing import told
from barkive.learning.memory import Memory
from barkive.messages import Message
from barkive.progress import Log, Progress, no_progress
from barkive.training import head, onnx_export
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.certainty import Elsewhere, probabilities, read_elsewhere
from barkive.training.crops import crop_largest
from barkive.training.curves import curve_files
from barkive.training.datasets import Data, gather, label_folders
from barkive.training.networks import transfer
from barkive.training.pipeline import Run, failed_csv, predictor
from barkive.training.recipe import Recipe
from barkive.training.tuning import (
    Choice,
    Extractor,
    Outputs,
    calibrate,
    choose_layer,
    own_rows,
    quantised,
)
from barkive.verdicts import BreedName


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
    failed: tuple[tuple[str, Message], ...]


def train(recipe: Recipe, *, progress: Progress = no_progress, log: Log = print) -> TrainingResult:
    """Trains a head on a frozen backbone, and writes the bundle and the run folder.

    The penalty, the temperature and the thresholds are chosen on the validation photos;
    then the prediction layer is fitted once more, on all photos. The figures are those of
    the layer that never saw the validation photos.

    Args:
        recipe: The settings.
        progress: Opens a progress display for a stage.
        log: Called with a sentence for each stage that ends.

    Raises:
        DataError: The photos are too few to train on.
        WeightsError: The backbone's weights can't be had.
        ExportError: The bundle answers differently from the network.
        UsageError: A file can't be written.
    """
    samples, not_dogs = _read(recipe, log)
    whole = samples.paths
    if recipe.crops:
        samples = replace(samples, paths=crop_largest(whole, "Crops", progress))
        not_dogs = crop_largest(not_dogs, "Crops of other things", progress)
    with progress("Preparing the backbone", unit="networks"):
        backbone = load_backbone(recipe.network, recipe.backbone_weights, image_size=recipe.size)
        evaluation.prepare_report(recipe.run_folder)
        network = onnx_export.feature_network(backbone, mirror=recipe.mirror)
        graph = onnx_export.to_graph(network, recipe.size)
    run = Run(f"barkive-{backbone.name}", recipe.run_folder, recipe.preprocessing, progress, log)
    key = f"{backbone.digest} mirror={recipe.mirror}"
    extractor = Extractor(graph, key, recipe.preprocessing, progress)
    data = gather(recipe, samples, not_dogs, extractor, log)
    data = replace(data, labels=_with_others(data.labels, recipe.also, backbone))
    elsewhere = None
    if recipe.elsewhere:
        elsewhere = read_elsewhere(recipe.elsewhere, data.labels, log, recipe.passing)
        if recipe.crops:
            paths = crop_largest(elsewhere.paths, "Crops elsewhere", progress)
            elsewhere = replace(elsewhere, paths=paths)
    # A breed without photos has nothing but its row.
    own = own_rows(backbone, data, "centred" if recipe.also else recipe.head, log)
    classes = len(data.labels)
    choice = choose_layer(
        data.rows, data.truth, data.validation, classes, progress, log, anchor=own.anchor
    )
    compared = None
    if recipe.crops:
        whole_of = dict(zip(samples.paths, whole, strict=True))
        whole_data = replace(data, paths=tuple(whole_of[path] for path in data.paths))
        compared = _compared(whole_data, data.paths, choice, extractor, own.anchor, log)
    if recipe.int8:
        data, choice, extractor = quantised(
            data,
            choice,
            extractor,
            recipe.seed,
            log,
            anchor=own.anchor,
            float_first=recipe.float_first,
        )
    int8 = extractor.graph is not graph
    info, detector = _calibrated(run, recipe, data, choice, extractor, own.detector, elsewhere)

    with progress("Fitting the head on all photos", unit="penalties"):
        (final,) = head.fit_prediction_layers(
            data.rows, data.truth, classes, [choice.point.penalty], anchor=own.anchor
        )
    # Judged is the layer that did not see the validation photos.
    judged = run.judge(
        predictor(onnx_export.add_head(extractor.graph, choice.layer, detector), info),
        info,
        data.judged_paths,
        data.truth[data.validation],
        stage="Validation",
        not_dogs=data.other_paths,
    )
    figures = evaluation.figures(judged)
    fitted = {
        "backbone": {"name": backbone.name, "weights": backbone.source},
        "head": "anew" if own.anchor is None else "centred",
        "penalty": choice.point.penalty,
        "int8": int8,
        "frequencies": _source(recipe) if info.frequencies else None,
        "crops": compared,
        # All but the speed, so that the same run gives the same file.
        "validation": {k: v for k, v in figures.to_json().items() if k != "images_per_second"},
    }
    info = replace(info, provenance={**_provenance(recipe, data), **info.provenance, **fitted})
    with progress("Comparing the bundle with the network", unit="networks"):
        model = run.assemble(network, extractor.graph, final, detector, data.paths, int8=int8)
    explained = transfer(backbone, classes, image_size=recipe.size)
    explained.set_prediction(choice.layer)
    run.report(
        judged,
        data,
        heat_maps=explained.heat_maps(recipe.preprocessing),
        files=run_files(recipe, choice, info.provenance, data.failed),
    )
    sure = probabilities(info, final(data.rows))[np.arange(len(data.truth)), data.truth]
    memory = Memory.choose(data.rows, data.truth, sure)
    onnx_export.write_bundle(model, info, recipe.out, memory)
    return TrainingResult(figures, int8, data.failed)


def _compared(
    whole: Data,
    cropped: Sequence[str],
    choice: Choice,
    extractor: Extractor,
    anchor: head.Linear | None,
    log: Log,
) -> dict[str, float]:
    """Whether crops help: what whole photos give with the same split.

    Args:
        whole: The whole photos.
        cropped: Those that were trained on, in the same order.
        choice: The prediction layer of these.
        extractor: Of both.
        anchor: What both layers are centred on.
        log: Reports both.
    """
    found = extractor(whole.paths, "Features of whole photos")
    kept = found.kept
    without = choose_layer(
        found.rows,
        whole.truth[kept],
        whole.validation[kept],
        len(whole.labels),
        extractor.progress,
        lambda line: None,
        anchor=anchor,
    )
    count = sum(one != other for one, other in zip(whole.paths, cropped, strict=True))
    on_crops, on_whole = choice.point.validation_accuracy, without.point.validation_accuracy
    log(
        f"{count} of {len(cropped)} photos were cropped. On crops {on_crops:.2%} are right on "
        f"validation, on whole photos {on_whole:.2%}."
    )
    return {"cropped": count, "validation": on_crops, "validation_of_whole_photos": on_whole}


def run_files(
    recipe: Recipe,
    choice: Choice,
    provenance: Mapping[str, Any],
    failed: Iterable[tuple[str, Message]],
) -> dict[str, bytes]:
    """What the run folder holds beside the report: settings, provenance, curve, failed photos."""
    return {
        "settings.json": _json(recipe.to_json()),
        "provenance.json": _json(provenance),
        "failed.csv": failed_csv(failed),
        **curve_files(choice.curve, choice.point),
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def _read(recipe: Recipe, log: Log) -> tuple[Samples, tuple[str, ...]]:
    """The photos of dogs and of other things, as far as they can be checked unopened."""
    samples = evaluation.read_samples(recipe.data, recipe.passing)
    if samples.passed_over:
        log(told(samples.passed_over))
    labels, _ = label_folders(samples.folders)
    if len(labels) < 2:
        raise DataError("training_one_breed", folder=recipe.data, breed=samples.folders[0])
    # Told before the photos are read, though which breeds can be read is not known yet.
    _frequencies(recipe, (*labels, *_labels(recipe.also)))
    not_dogs = evaluation.read_not_dogs(recipe.not_dogs, recipe.passing) if recipe.not_dogs else ()
    if samples.empty:
        log(f"Left out, because they hold no photo: {', '.join(samples.empty)}.")
    return samples, tuple(not_dogs)


def _calibrated(
    run: Run,
    recipe: Recipe,
    data: Data,
    choice: Choice,
    extractor: Extractor,
    detector: head.RowsDetector | None,
    elsewhere: Elsewhere | None,
) -> tuple[BundleInfo, head.Detector]:
    """Calibrates on validation, on other things, and on photos from elsewhere.

    The provenance already says what the photos from elsewhere were.
    """

    def outputs(rows: NDArray[np.float32]) -> Outputs:
        return Outputs(rows, choice.layer(rows))

    others = extractor(data.other_paths, "Calibration on other things").rows
    there = None
    if elsewhere is not None:
        features = extractor(elsewhere.paths, "Calibration elsewhere")
        there = (elsewhere.only(features.kept), outputs(features.rows))
    draft = run.draft(data.labels, _frequencies(recipe, data.labels))
    if draft.frequencies and elsewhere is None:
        draft = replace(draft, prior=1.0)
    info, found = calibrate(
        draft,
        outputs(data.rows[data.validation]),
        data.truth[data.validation],
        run.log,
        others=outputs(others) if len(others) else None,
        detector=detector,
        elsewhere=there,
    )
    return replace(
        info, provenance={"elsewhere": _elsewhere_counts(there[0]) if there else None}
    ), found


def _with_others(
    labels: tuple[BreedName, ...], also: Sequence[str], backbone: Backbone
) -> tuple[BreedName, ...]:
    """The labels of the photos, and those that are known by the backbone's own rows alone.

    Raises:
        WeightsError: The backbone has no row for one of these.
    """
    added = _labels(also)
    known = {label.id for label in labels}
    for label in added:
        classifier = backbone.classifier
        if classifier is None:
            reason = backbone.unclassified
            raise WeightsError("backbone_no_classifier_row", breed=label.en, reason=reason)
        if classifier.rows([label.id]) == [None]:
            raise WeightsError("backbone_no_row", breed=label.en)
    return (*labels, *(label for label in added if label.id not in known))


def _labels(names: Sequence[str]) -> list[BreedName]:
    return [BreedName(breed.id, breed.en, breed.fr) for breed in map(breeds.find, names)]


def _elsewhere_counts(elsewhere: Elsewhere) -> dict[str, int]:
    known = int((elsewhere.truth >= 0).sum())
    return {"known": known, "others": len(elsewhere.paths) - known}


def _source(recipe: Recipe) -> str:
    """Where the frequencies of breeds come from."""
    return recipe.prior or shipped_frequencies().source


def _frequencies(recipe: Recipe, labels: tuple[BreedName, ...]) -> tuple[float, ...]:
    """How often each label is met; empty where nothing could make use of it."""
    if recipe.prior not in ("", NO_PRIOR):
        return read_frequencies(recipe.prior, labels).of(labels)
    return shipped_frequencies().of(labels) if recipe.elsewhere and not recipe.prior else ()


def _provenance(recipe: Recipe, data: Data) -> dict[str, Any]:
    content = hashlib.sha256()
    for path, label in zip(data.paths, data.truth, strict=True):
        content.update(f"{Path(path).name}\t{data.labels[label].id}\n".encode(errors="replace"))
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
        "without_photos": [label.id for label in _labels(recipe.also)],
        "versions": provenance.versions("onnxruntime", "timm", "torch"),
    }
