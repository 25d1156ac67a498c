"""How long the prediction layer of MobileNetV2 takes to its best accuracy, two ways in one run.

    python benchmarks/training.py STANFORD-DOGS WEIGHTS [--breeds 20] [--patience 3]

STANFORD-DOGS is a folder of breeds; WEIGHTS are those of `mobilenetv2_100.tf_in1k`. Prints

    ours      each photo once through ONNX Runtime, then the layer solved for each penalty:
              seconds, and the best validation accuracy
    by epoch  what a tutorial does: decode every photo and pass it through the frozen backbone
              in PyTorch in every epoch, Adam on the layer, until PATIENCE epochs are no
              better: seconds until the best epoch, and its accuracy
    ratio     of the two times
    loader    photos a second that our loader gives, augmented, against what a network takes
              in training (the frozen one through ONNX Runtime, the whole one in PyTorch)

Both start from the same decoded-from-disk photos and the same split, with nothing cached.
Four to six minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from barkive.images import Preprocessing, map_ahead
from barkive.progress import no_progress
from barkive.training import loop, onnx_export
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.features import extract_features
from barkive.training.freezing import train_from
from barkive.training.loading import Loader, Photos
from barkive.training.networks import transfer
from barkive.training.study.dataset_split import DatasetSplit, read_split
from barkive.training.study.study_recipe import StudyRecipe
from barkive.training.tuning import choose_layer

PREPROCESSING = Preprocessing(224)
BATCH = 32
STEPS = 4


def ours(weights: Path, split: DatasetSplit) -> tuple[float, float]:
    """Seconds, and the best validation accuracy."""
    start = time.perf_counter()
    backbone = load_backbone("mobilenetv2_100", weights)
    session = onnx_export.session(onnx_export.to_graph(backbone, PREPROCESSING.size))
    seen = np.concatenate([split.train, split.validation])
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BARKIVE_CACHE"] = cache
        rows = extract_features(
            split.paths_of(seen),
            lambda pixels: session.run(["features"], {"pixels": pixels})[0],
            key="benchmark",
            preprocessing=PREPROCESSING,
        ).rows
    judged = np.arange(len(seen)) >= len(split.train)
    truth = split.truth[seen]
    choice = choose_layer(rows, truth, judged, len(split.labels), no_progress, print)
    return time.perf_counter() - start, choice.point.validation_accuracy


def by_epoch(weights: Path, split: DatasetSplit, patience: int) -> tuple[float, float, int]:
    """Seconds until the best epoch, its validation accuracy, and its number."""
    start = time.perf_counter()
    torch.manual_seed(0)
    backbone = load_backbone("mobilenetv2_100", weights).to(memory_format=torch.channels_last)
    layer = nn.Linear(1280, len(split.labels))
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.001)
    best, best_seconds, best_epoch, epoch = 0.0, 0.0, 0, 0
    while epoch - best_epoch < patience:
        epoch += 1
        order = np.random.default_rng(epoch).permutation(split.train)
        for features, truth in passed(backbone, split, order):
            loss = nn.functional.cross_entropy(layer(features), truth)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        right = sum(
            int((layer(features).argmax(dim=1) == truth).sum())
            for features, truth in passed(backbone, split, split.validation)
        )
        accuracy = right / len(split.validation)
        seconds = time.perf_counter() - start
        print(f"  epoch {epoch}: {accuracy:.1%} right on validation after {seconds:.0f} s")
        if accuracy > best:
            best, best_seconds, best_epoch = accuracy, seconds, epoch
    return best_seconds, best, best_epoch


def passed(
    backbone: Backbone, split: DatasetSplit, order: NDArray[np.intp]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of features, each photo decoded by threads and passed through the backbone."""
    loaded = map_ahead(PREPROCESSING.load, split.paths_of(order), ahead=2 * BATCH)
    for i in range(0, len(order), BATCH):
        chosen = order[i : i + BATCH]
        pixels = np.stack([next(loaded) for _ in chosen])
        with torch.no_grad():
            features = backbone(torch.from_numpy(pixels))
        yield features, torch.from_numpy(split.truth[chosen])


def rates(weights: Path, split: DatasetSplit) -> tuple[float, float, float]:
    """Photos a second of the loader, of the frozen network, and of training it whole."""
    backbone = load_backbone("mobilenetv2_100", weights)
    photos = Photos(split.paths_of(split.train[: BATCH * STEPS]), PREPROCESSING)
    photos.fill(lambda done, total: None)
    truth = split.truth[split.train[: BATCH * STEPS]]
    loader = Loader(photos, truth, np.arange(len(photos)), BATCH, augmentation=1.0, seed=0)
    session = onnx_export.session(onnx_export.to_graph(backbone, PREPROCESSING.size))
    pixels = photos.take(np.arange(len(photos)))
    start = time.perf_counter()
    for i in range(0, len(pixels), BATCH):
        session.run(["features"], {"pixels": pixels[i : i + BATCH]})
    frozen = len(pixels) / (time.perf_counter() - start)
    network = transfer(backbone, len(split.labels))
    train_from(network, "all")
    fitted = loop.fit(network, loader, loader, loop.Schedule(epochs=1, learning_rate=1e-5))
    return loader.rate(), frozen, fitted.rate


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--breeds", type=int, default=20)
    parser.add_argument("--patience", type=int, default=3)
    options = parser.parse_args()
    recipe = StudyRecipe(about="benchmark", breeds=options.breeds)
    split = read_split(options.data, recipe, no_progress, print)
    seconds, accuracy = ours(options.weights, split)
    print(f"ours:     {seconds:6.1f} s to {accuracy:.1%}")
    theirs, other, epoch = by_epoch(options.weights, split, options.patience)
    print(f"by epoch: {theirs:6.1f} s to {other:.1%}, in epoch {epoch}")
    print(f"ratio:    {theirs / seconds:6.1f}")
    loader, frozen, whole = rates(options.weights, split)
    print(
        f"loader:   {loader:.0f} photos a second; the frozen network takes {frozen:.0f} "
        f"({loader / frozen:.1f} times), training it whole {whole:.0f} ({loader / whole:.0f} times)"
    )


if __name__ == "__main__":
    main()
