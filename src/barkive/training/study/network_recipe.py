"""Runs a recipe of kind `network`: train, export, judge, explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from barkive import evaluation
from barkive.errors import ExportError
from barkive.evaluation import Evaluation
from barkive.training import head, onnx_export
from barkive.training.audit import audit, audited_labels
from barkive.training.backbones import Backbone
from barkive.training.checkpoints import WEIGHT_BYTES
from barkive.training.curves import curve_files, draw_curves, epoch_rows
from barkive.training.networks import Network, layer_table, parameters
from barkive.training.pipeline import predictor
from barkive.training.process_group.group import current_group
from barkive.training.study.dataset_split import DatasetSplit
from barkive.training.study.job import PENALTY, Job
from barkive.training.study.network_training import Task, Trained, build, freeze_base, train_network
from barkive.training.study.result import Result
from barkive.training.study.study_recipe import StudyRecipe
from barkive.training.tuning import Outputs, calibrate

_MODEL = "model.onnx"
_BYTES = 4  # of a weight, in the bundle
_SUSPICIONS_SHOWN = 15
# Logits beyond this come from weights that ran away: probabilities can't be made of them.
_LARGEST_LOGIT = 1e6


def run(job: Job, backbone: Backbone | None) -> Result:
    """Trains the recipe's network, and writes its folder, all but the result itself.

    Args:
        job: The recipe, on what, and where to.
        backbone: Of the recipe; None where it trains from scratch.

    Raises:
        DataError: The photos are too few.
        WeightsError: The recipe's neck does not fit the backbone.
        ExportError: The training diverged, or the bundle answers differently from the network.
        UsageError: A file can't be written, or the recipe names what the network lacks.
    """
    recipe = job.recipe
    # Built once before the photos are read, so that a wrong block's name is told at once.
    if backbone is not None:
        build(recipe, backbone, classes=2)
    split = job.read_split()
    network = build(recipe, backbone, len(split.labels))
    layers = layer_table(network, recipe.image_size)
    job.log(_printed(layers))
    base = freeze_base(recipe, network, backbone, job.progress)
    job.begin(_bytes_needed(recipe, network))
    task = Task(
        *(recipe, network, base, split, job.progress, job.log),
        backbone=backbone,
        checkpoint=job.checkpoint,
    )
    trained = train_network(task)
    if trained.precision is not None:
        job.log(f"Trained in {trained.precision}.")
    job.log(trained.diagnosis)
    if not np.abs(trained.logits).max() < _LARGEST_LOGIT:  # written so that NaN fails, too
        raise ExportError("training_diverged", recipe=job.name)
    here, elsewhere = _export(job, trained, split)
    files = {
        "layers.csv": evaluation.to_csv([("layer", "output", "parameters"), *layers]),
        **_curves(job, trained),
    }
    heat_maps = trained.network.heat_maps(job.recipe.preprocessing)
    with job.progress("Drawing", unit="pictures"):
        job.run.report(here, split, heat_maps=heat_maps, files=files)
    suspected = _suspected_labels(job, trained, split)
    if suspected:
        (job.folder / "suspected-labels.png").unlink(missing_ok=True)
        evaluation.write_files(job.folder, suspected)
    return _result(job, split, trained, here, elsewhere)


def _bytes_needed(recipe: StudyRecipe, network: Network) -> int:
    """The most that a run has on the disk at once: two checkpoints, or the bundle."""
    # The second is whole before the first is replaced; the last epoch has none.
    checkpoints = 0 if recipe.frozen else min(recipe.epochs - 1, 2)
    trained = parameters(network, trainable=True)
    return max(checkpoints * WEIGHT_BYTES * trained, _BYTES * parameters(network))


def _export(
    job: Job, trained: Trained, split: DatasetSplit
) -> tuple[Evaluation, Evaluation | None]:
    """Writes the bundle, and judges it."""
    run, network = job.run, trained.network.eval()
    prediction = head.Linear(
        network.prediction.weight.detach().numpy().T, network.prediction.bias.detach().numpy()
    )
    shown, truth = Outputs(trained.logits, trained.logits), split.truth[split.validation]
    info, detector = calibrate(run.draft(split.labels), shown, truth, job.log)
    with job.progress("Exporting", unit="networks"):
        graph = onnx_export.to_graph(network.featurizer, job.recipe.image_size)
        model = run.assemble(network.featurizer, graph, prediction, detector, split.paths)
        del graph
    provenance = {
        "recipe": job.name,
        "seed": job.recipe.seed,
        "digest": job.digest(),
        **({"precision": trained.precision} if trained.precision else {}),
    }
    info = replace(info, provenance=provenance)
    onnx_export.write_bundle(model, info, job.folder / _MODEL)
    return job.judge(predictor(model, info), info, split)


def _suspected_labels(job: Job, trained: Trained, split: DatasetSplit) -> dict[str, bytes]:
    """Which labels of all photos may be wrong; nothing where their features are not at hand.

    The report judges the test photos only, and its files are replaced by these.
    """
    if trained.rows is None:
        return {}
    penalty = trained.choice.point.penalty if trained.choice else PENALTY
    with job.progress("Judging the labels", unit="folds") as advance:
        logits = audit(
            trained.rows,
            split.truth,
            split.groups,
            len(split.labels),
            penalty=penalty,
            seed=job.recipe.seed,
            on_progress=advance,
        )
    found = audited_labels(logits, split.truth, split.labels, split.paths)
    files = {"suspected-labels.csv": evaluation.to_csv(evaluation.suspicion_rows(found))}
    if found:
        files["suspected-labels.png"] = evaluation.suspicions_sheet(found[:_SUSPICIONS_SHOWN])
    job.log(
        f"Of all {len(split.paths)} photos, {len(found)} look like another breed than "
        "that of their folder."
    )
    return files


def _curves(job: Job, trained: Trained) -> dict[str, bytes]:
    if trained.choice is not None:
        return curve_files(trained.choice.curve, trained.choice.point)
    if not trained.history:
        return {}
    return {
        "curves.csv": evaluation.to_csv(epoch_rows(trained.history)),
        "curves.png": draw_curves(trained.history, trained.diagnosis, job.name),
    }


def _result(
    job: Job,
    split: DatasetSplit,
    trained: Trained,
    here: Evaluation,
    elsewhere: Evaluation | None,
) -> Result:
    train_accuracy, validation_accuracy = trained.accuracies
    return replace(
        job.result(split, here, elsewhere),
        parameters=trained.parameters,
        train_accuracy=train_accuracy,
        validation_accuracy=validation_accuracy,
        epochs=len(trained.history) or None,
        seconds=trained.seconds,
        bundle=(job.folder / _MODEL).stat().st_size,
        diagnosis=trained.diagnosis,
        rate=trained.rate,
        loader_rate=trained.loader_rate,
        waited=trained.waited,
        exchanged=trained.exchanged,
        processes=current_group().world_size,
        precision=trained.precision,
    )


def _printed(layers: Sequence[tuple[str, str, int]]) -> str:
    """The layer table as text."""
    widths = [max(len(str(row[i])) for row in layers) for i in (0, 1)]
    lines = [
        f"  {name:<{widths[0]}}  {shape:>{widths[1]}}  {count:>14,}"
        for name, shape, count in layers
    ]
    return "\n".join([*lines, f"  {sum(row[2] for row in layers):,} parameters in all"])
