"""Trains the network of one recipe."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from barkive.errors import UsageError
from barkive.progress import Log, Progress
from barkive.training import loop, networks
from barkive.training.backbones import Backbone
from barkive.training.batches import Batches, Rows
from barkive.training.curves import Epoch, best_epoch, diagnose, diagnose_penalty
from barkive.training.datasets import Data
from barkive.training.freezing import train_from
from barkive.training.head import Linear
from barkive.training.loading import Loader, Photos
from barkive.training.networks import Network
from barkive.training.precision import Precision
from barkive.training.process_group.group import current_group
from barkive.training.study.dataset_split import DatasetSplit
from barkive.training.study.frozen import AugmentedRows, FrozenBase, freeze
from barkive.training.study.study_recipe import StudyRecipe
from barkive.training.throughput import describe_bottleneck, log_feature_rate
from barkive.training.tuning import Choice, choose_layer, own_rows

_SCORED_AT_ONCE = 64
_HEAD_EPOCHS, _HEAD_LEARNING_RATE = 10, 0.001


@dataclass(frozen=True, slots=True)
class Task:
    """A network to train, and on what.

    Attributes:
        recipe: The settings.
        network: Of `build`.
        base: Of `freeze_base`.
        split: The photos.
        progress: Opens a progress display.
        log: Called with a sentence for each stage that ends.
        backbone: What the network was built of, with its classifier, if the recipe's head is
            to take that.
        checkpoint: Where an interrupted training is kept; None for nowhere.
        on_epoch: Called after each epoch; what it raises ends the training.
    """

    recipe: StudyRecipe
    network: Network
    base: FrozenBase | None
    split: DatasetSplit
    progress: Progress
    log: Log
    backbone: Backbone | None = None
    checkpoint: Path | None = None
    on_epoch: loop.OnEpoch = lambda epoch: None


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network, and how it became so.

    Attributes:
        network: With the weights of its best epoch.
        parameters: How many of its weights were trained.
        history: The epochs; empty where the head was solved to its optimum, or is the
            backbone's own.
        choice: The penalties tried, where it was solved.
        accuracies: In training and on validation, 0..1, of the best epoch or penalty.
        diagnosis: Whether it over-fits or under-fits, in words.
        logits: Of the validation photos, shape (n, classes).
        rows: Vectors of all photos below the head, shape (photos, values); None where the
            body was trained.
        seconds: Of training, features included; 0 where nothing was trained.
        rate: Photos trained on a second while the network was working; None if solved.
        loader_rate: Photos a second that the loaders of all processes give; None where no
            photo was loaded.
        waited: The share of the time in which the network waited for photos, 0..1; None
            where what it waits for is the frozen body.
        exchanged: The share in which several processes waited for each other, 0..1.
        precision: In which numbers it was trained; None where the head was solved.
    """

    network: Network
    parameters: int
    history: tuple[Epoch, ...]
    choice: Choice | None
    accuracies: tuple[float, float]
    diagnosis: str
    logits: NDArray[np.float32]
    rows: NDArray[np.float32] | None
    seconds: float
    rate: float | None = None
    loader_rate: float | None = None
    waited: float | None = None
    exchanged: float = 0.0
    precision: Precision | None = None


def build(recipe: StudyRecipe, backbone: Backbone | None, classes: int) -> Network:
    """The network of a recipe, its weights drawn with the recipe's seed.

    Raises:
        UsageError: The backbone has no block as the recipe names it.
        WeightsError: The recipe's neck does not fit the backbone.
    """
    torch.manual_seed(recipe.seed)
    if backbone is None:
        make = networks.simple_cnn if recipe.network == "simple-cnn" else networks.deep_cnn
        return make(classes, image_size=recipe.image_size, grey=recipe.colour == "grey")
    network = networks.transfer(
        backbone,
        classes,
        neck=recipe.neck,
        dense=recipe.dense,
        dropout=recipe.dropout,
        image_size=recipe.image_size,
    )
    train_from(network, recipe.train_from)
    return network


def freeze_base(
    recipe: StudyRecipe, network: Network, backbone: Backbone | None, progress: Progress
) -> FrozenBase | None:
    """What lies below the head, with its pre-trained weights; None for a network from scratch."""
    if backbone is None:
        return None
    key = f"{backbone.digest} {recipe.neck}"
    return freeze(network, key, recipe.preprocessing, progress)


def train_network(task: Task) -> Trained:
    """Trains a network as its recipe says.

    Raises:
        WeightsError: The classifier's rows don't fit the breeds.
        UsageError: The batch or the GPUs are too few for several processes.
        DataError, DeviceError, ClusterError: As `loop.fit`.
    """
    recipe, network, split = task.recipe, task.network, task.split
    if task.base is not None and recipe.frozen:
        return _train_head(task, task.base)
    _prepare_processes(recipe)
    started = time.perf_counter()
    if task.base is not None:
        _start_head(task, task.base)
    preparing = time.perf_counter() - started
    photos = _photos(task)
    train = _loader(task, photos)
    judged = Loader(photos, split.truth, split.validation, _SCORED_AT_ONCE)
    rate = train.rate()
    with task.progress("Training", unit="photos") as advance:
        fitted = loop.fit(
            network,
            train,
            judged,
            _schedule(recipe),
            checkpoint=task.checkpoint,
            on_progress=advance,
            on_epoch=task.on_epoch,
        )
    _log_rates(task, rate, fitted.rate, fitted.waited, fitted.exchanged)
    network.cpu()
    return Trained(
        network=network,
        parameters=networks.parameters(network, trainable=True),
        history=fitted.history,
        choice=None,
        accuracies=_accuracies(fitted.history),
        diagnosis=_diagnosis(fitted.history, split),
        logits=loop.predict(network, judged, fitted.precision)[0],
        rows=None,
        seconds=preparing + fitted.seconds,
        rate=fitted.rate,
        loader_rate=rate,
        waited=fitted.waited,
        exchanged=fitted.exchanged,
        precision=fitted.precision,
    )


def _prepare_processes(recipe: StudyRecipe) -> None:
    """Sees before any work that several processes can share the batches.

    Raises:
        UsageError: They can't.
    """
    group = current_group()
    # A rank without a row in a whole batch would draw other dropout in the next.
    if recipe.batch < group.world_size:
        raise UsageError("processes_batch_too_small", count=group.world_size, batch=recipe.batch)
    group.set_device()


def _start_head(task: Task, base: FrozenBase) -> None:
    """Trains the head on frozen features, before anything below it is changed.

    A head of random weights would spoil the features under it first. Kumar et al. (2022),
    "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution".
    """
    recipe, split = task.recipe, task.split
    train, validation = (
        Rows(base.rows(split.paths_of(side), "Features"), split.truth[side], 32, seed)
        for side, seed in ((split.train, recipe.seed), (split.validation, None))
    )
    schedule = loop.Schedule(
        _HEAD_EPOCHS, _HEAD_LEARNING_RATE, seed=recipe.seed, precision=recipe.precision
    )
    fitted = loop.fit(task.network.head, train, validation, schedule)
    best = best_epoch(fitted.history)
    task.log(
        f"The head alone, before fine-tuning: {best.validation_accuracy:.1%} right on validation."
    )


def _train_head(task: Task, base: FrozenBase) -> Trained:
    recipe, network, split = task.recipe, task.network, task.split
    start = time.perf_counter()
    if recipe.augmentation:
        _prepare_processes(recipe)
        task.log("Photos are augmented, so features of training photos are computed in each epoch.")
    else:
        task.log("The body is frozen: each photo's features are computed once, and cached.")
    with log_feature_rate(len(split.paths), task.log):
        rows = base.rows(split.paths, "Features")
    if recipe.solver == "lbfgs":
        return _solve(task, rows, start)
    train: Batches
    loader_rate = None
    if recipe.augmentation:
        loader = _loader(task, _photos(task))
        loader_rate = loader.rate()
        train = AugmentedRows(loader, base.vectors)
    else:
        x, y = rows[split.train], split.truth[split.train]
        train = Rows(x, y, recipe.batch, recipe.seed)
    validation = Rows(rows[split.validation], split.truth[split.validation])
    with task.progress("Training the head") as advance:
        fitted = loop.fit(
            network.head,
            train,
            validation,
            _schedule(recipe),
            on_progress=advance,
            on_epoch=task.on_epoch,
        )
    rate = len(train) * len(fitted.history) / fitted.seconds
    if loader_rate is not None:
        _log_rates(task, loader_rate, rate, None, fitted.exchanged)
    network.cpu()
    return Trained(
        network=network,
        parameters=networks.parameters(network.head),
        history=fitted.history,
        choice=None,
        accuracies=_accuracies(fitted.history),
        diagnosis=_diagnosis(fitted.history, split),
        logits=loop.predict(network.head, validation, fitted.precision)[0],
        rows=rows,
        seconds=time.perf_counter() - start,
        rate=rate,
        loader_rate=loader_rate,
        exchanged=fitted.exchanged,
        precision=fitted.precision,
    )


def _solve(task: Task, rows: NDArray[np.float32], start: float) -> Trained:
    """Fits the prediction layer to its optimum, with the penalty that validation chooses.

    Or takes the backbone's own rows as they are.
    """
    network, split = task.network, task.split
    seen = split.without_test(rows)
    anchor = None
    if task.recipe.head != "anew":
        assert task.backbone is not None
        anchor = own_rows(task.backbone, seen, "centred", task.log).anchor
    if task.recipe.head == "own":
        assert anchor is not None
        return _take_own_rows(task, anchor, rows, seen)
    choice = choose_layer(
        seen.rows,
        seen.truth,
        seen.validation,
        len(seen.labels),
        task.progress,
        task.log,
        anchor=anchor,
    )
    network.set_prediction(choice.layer)
    return Trained(
        network=network,
        parameters=networks.parameters(network.head),
        history=(),
        choice=choice,
        accuracies=(choice.point.train_accuracy, choice.point.validation_accuracy),
        diagnosis=diagnose_penalty(choice.curve, choice.point),
        logits=choice.layer(rows[split.validation]),
        rows=rows,
        seconds=time.perf_counter() - start,
    )


def _take_own_rows(task: Task, layer: Linear, rows: NDArray[np.float32], seen: Data) -> Trained:
    """The backbone's own rows as the prediction layer: nothing is trained."""
    task.network.set_prediction(layer)
    right = layer(seen.rows).argmax(axis=1) == seen.truth
    accuracies = float(right[~seen.validation].mean()), float(right[seen.validation].mean())
    return Trained(
        network=task.network,
        parameters=0,
        history=(),
        choice=None,
        accuracies=accuracies,
        diagnosis=(
            f"Nothing was trained: the backbone's own rows are right on {accuracies[0]:.1%} of the "
            f"training photos and {accuracies[1]:.1%} of the validation photos."
        ),
        logits=layer(rows[task.split.validation]),
        rows=rows,
        seconds=0.0,
    )


def _photos(task: Task) -> Photos:
    photos = Photos(task.split.paths, task.recipe.preprocessing, colour=task.recipe.colour)
    if current_group().world_size == 1:
        # Several processes decode in the first epochs what they need: all at the same time.
        with task.progress("Decoding") as advance:
            photos.fill(advance)
    task.log(photos.describe())
    return photos


def _loader(task: Task, photos: Photos) -> Loader:
    recipe, split = task.recipe, task.split
    return Loader(photos, split.truth, split.train, recipe.batch, recipe.augmentation, recipe.seed)


def _schedule(recipe: StudyRecipe) -> loop.Schedule:
    return loop.Schedule(
        recipe.epochs, recipe.learning_rate, recipe.penalty, recipe.seed, recipe.precision
    )


def _log_rates(
    task: Task, loader: float, network: float, waited: float | None, exchanged: float
) -> None:
    task.log(
        f"The loader gives {loader:.0f} photos a second, and the network takes {network:.0f}. "
        f"{describe_bottleneck(loader, network, waited, exchanged)}"
    )


def _diagnosis(history: tuple[Epoch, ...], split: DatasetSplit) -> str:
    return diagnose(history, 1 / len(split.labels), validation_photos=len(split.validation))


def _accuracies(history: tuple[Epoch, ...]) -> tuple[float, float]:
    best = best_epoch(history)
    return best.train_accuracy, best.validation_accuracy
