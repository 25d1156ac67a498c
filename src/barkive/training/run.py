"""One training run, from a folder of breeds to a bundle and its run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from barkive import breeds, evaluation, provenance
from barkive.bundle import OUTPUTS, BundleInfo
from barkive.errors import DataError, WeightsError
from barkive.frequencies import NO_PRIOR, read_frequencies
from barkive.frequencies import shipped as shipped_frequencies
from barkive.images.passing import told
from barkive.training import export, head
from barkive.training.audit import near_duplicates
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.certainty import Elsewhere, read_elsewhere
from barkive.training.datasets import Data, gather, label_folders
from barkive.training.networks import transfer
from barkive.training.progress import Progress, Say, no_progress
from barkive.training.recipe import Recipe
from barkive.training.run_folder import write_run
from barkive.training.tuning import (
    Extractor,
    Outputs,
    calibrate,
    choose_layer,
    own_rows,
    quantised,
)
from barkive.verdicts import Label

_COMPARED_PHOTOS = 16


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


def train(recipe: Recipe, *, progress: Progress = no_progress, say: Say = print) -> TrainingResult:
    """Trains a head on a frozen backbone, and writes the bundle and the run folder.

    The penalty, the temperature and the thresholds are chosen on the validation photos;
    then the prediction layer is fitted once more, on all photos. The figures are those of
    the layer that never saw the validation photos.

    Args:
        recipe: The settings.
        progress: Opens a progress display for a stage.
        say: Receives one sentence for each stage that ends.

    Raises:
        DataError: The photos are too few to train on.
        WeightsError: The backbone's weights can't be had.
        ExportError: The bundle answers differently from the network.
        UsageError: A file can't be written.
    """
    samples = evaluation.read_samples(recipe.data, recipe.passing)
    if samples.passed_over:
        say(told(samples.passed_over))
    labels, _ = label_folders(samples.folders)
    if len(labels) < 2:
        raise DataError(
            f"The folder {recipe.data} holds photos of one breed only ({samples.folders[0]}); "
            "training needs two or more."
        )
    # Told before the photos are read, though which breeds can be read is not known yet.
    _frequencies(recipe, (*labels, *_labels(recipe.also)))
    not_dogs = evaluation.read_not_dogs(recipe.not_dogs, recipe.passing) if recipe.not_dogs else ()
    if samples.empty:
        say(f"Left out, because they hold no photo: {', '.join(samples.empty)}.")

    with progress("Preparing the backbone", unit="networks"):
        backbone = load_backbone(recipe.network, recipe.backbone_weights, image_size=recipe.size)
        evaluation.prepare_report(recipe.run_folder)
        network = export.feature_network(backbone, mirror=recipe.mirror)
        graph = export.to_graph(network, recipe.size)
    key = f"{backbone.digest} mirror={recipe.mirror}"
    extractor = Extractor(graph, key, recipe.preprocessing, progress)
    data = gather(recipe, samples, not_dogs, extractor, say)
    data = replace(data, labels=_with_others(data.labels, recipe.also, backbone))
    frequencies = _frequencies(recipe, data.labels)
    elsewhere = None
    if recipe.elsewhere:
        elsewhere = read_elsewhere(recipe.elsewhere, data.labels, say, recipe.passing)
    # A breed without photos has nothing but its row.
    own = own_rows(backbone, data, "centred" if recipe.also else recipe.head, say)
    classes = len(data.labels)
    choice = choose_layer(
        data.rows, data.truth, data.validation, classes, progress, say, anchor=own.anchor
    )
    if recipe.int8:
        data, choice, extractor = quantised(
            data,
            choice,
            extractor,
            recipe.seed,
            progress,
            say,
            anchor=own.anchor,
            float_first=recipe.float_first,
        )
    int8 = extractor.graph is not graph

    def outputs(rows: NDArray[np.float32]) -> Outputs:
        return Outputs(rows, choice.layer(rows))

    others = extractor(data.other_paths, "Calibration on other things").rows
    there = None
    if elsewhere is not None:
        features = extractor(elsewhere.paths, "Calibration elsewhere")
        there = (elsewhere.only(features.kept), outputs(features.rows))
    draft = BundleInfo.draft(
        f"barkive-{backbone.name}", data.labels, recipe.preprocessing, frequencies
    )
    if frequencies and elsewhere is None:
        draft = replace(draft, prior=1.0)
    info, detector = calibrate(
        draft,
        outputs(data.rows[data.validation]),
        data.truth[data.validation],
        say,
        others=outputs(others) if len(others) else None,
        detector=own.detector,
        elsewhere=there,
    )

    with progress("Fitting the head on all photos", unit="penalties"):
        (final,) = head.fit_prediction_layers(
            data.rows, data.truth, classes, [choice.point.penalty], anchor=own.anchor
        )
    judged_model = export.add_head(extractor.graph, choice.layer, detector)
    model = export.add_head(extractor.graph, final, detector)
    judgement = _judge(judged_model, info, data, progress)
    figures = evaluation.figures(judgement)
    # All but the speed, so that the same run gives the same file.
    reproducible = {k: v for k, v in figures.to_json().items() if k != "images_per_second"}
    info = replace(
        info,
        provenance=_provenance(recipe, data)
        | {
            "backbone": {"name": backbone.name, "weights": backbone.source},
            "head": "anew" if own.anchor is None else "centred",
            "without_photos": [label.id for label in _labels(recipe.also)],
            "elsewhere": _shown(there[0]) if there else None,
            "frequencies": (recipe.prior or shipped_frequencies().source) if frequencies else None,
            "penalty": choice.point.penalty,
            "int8": int8,
            "validation": reproducible,
        },
    )
    with progress("Comparing the bundle with the network", unit="networks"):
        some = data.paths[:: -(-len(data.paths) // _COMPARED_PHOTOS)]
        pixels = np.stack([recipe.preprocessing.load(path) for path in some])
        export.check_same_answers(network, final, detector, model, pixels, int8=int8)
    explained = transfer(backbone, classes, image_size=recipe.size)
    explained.set_prediction(choice.layer)
    evaluation.write_report(
        judgement,
        recipe.run_folder,
        model=info.name,
        heat_maps=explained.heat_maps(recipe.preprocessing),
    )
    duplicates = near_duplicates(data.paths, data.truth, data.groups, data.labels)
    write_run(recipe, choice.curve, choice.point, dict(info.provenance), data.failed, duplicates)
    export.write_bundle(model, info, recipe.out)
    return TrainingResult(figures, int8, data.failed)


def _with_others(
    labels: tuple[Label, ...], also: Sequence[str], backbone: Backbone
) -> tuple[Label, ...]:
    """The labels of the photos, and those that are known by the backbone's own rows alone.

    Raises:
        WeightsError: The backbone has no row for one of these.
    """
    added = _labels(also)
    known = {label.id for label in labels}
    for label in added:
        classifier = backbone.classifier
        if classifier is None or classifier.rows([label.id]) == [None]:
            raise WeightsError(
                f"The backbone has no row for {label.en}, so it needs photos. "
                f"{backbone.unclassified}".strip()
            )
    return (*labels, *(label for label in added if label.id not in known))


def _labels(names: Sequence[str]) -> list[Label]:
    return [Label(breed.id, breed.en, breed.fr) for breed in map(breeds.find, names)]


def _shown(elsewhere: Elsewhere) -> dict[str, int]:
    known = int((elsewhere.truth >= 0).sum())
    return {"known": known, "others": len(elsewhere.paths) - known}


def _frequencies(recipe: Recipe, labels: tuple[Label, ...]) -> tuple[float, ...]:
    """How often each label is met; empty where nothing could make use of it."""
    if recipe.prior not in ("", NO_PRIOR):
        return read_frequencies(recipe.prior, labels).of(labels)
    return shipped_frequencies().of(labels) if recipe.elsewhere and not recipe.prior else ()


def _judge(
    model: onnx.ModelProto, info: BundleInfo, data: Data, progress: Progress
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
        "versions": provenance.versions("onnxruntime", "timm", "torch"),
    }
