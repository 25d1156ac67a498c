"""Runs the recipe that compares the sizes of photos, and the ways to make them square.

A prediction layer is solved on the frozen features of the photos prepared in each way, with
one and the same penalty. All photos kept from training are judged on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np

from barkive.evaluation import Known
from barkive.images import Preprocessing, Square, describe, read_file
from barkive.metrics import wilson_interval
from barkive.training.backbones import Backbone
from barkive.training.head import Linear
from barkive.training.study.dataset_split import DatasetSplit
from barkive.training.study.frozen import FrozenBase, freeze
from barkive.training.study.job import Job
from barkive.training.study.network_training import build
from barkive.training.study.result import Result, Table
from barkive.training.study.study_charts import sizes_chart

SIZES = (96, 128, 160, 192, 224)
_TIMED_PHOTOS = 128
_SQUARES: tuple[Square, ...] = get_args(Square)


def run(job: Job, backbone: Backbone | None) -> Result:
    """Compares sizes and squares.

    Args:
        job: The recipe, on what, and where to.
        backbone: Of the recipe.

    Raises:
        DataError, WeightsError, UsageError: As `network.run`.
    """
    assert backbone is not None
    split = job.read_split()
    network = build(job.recipe, backbone, len(split.labels))
    job.begin()
    squares = _SQUARES
    if all_square(split.paths):
        job.log("All photos are square, so cropped, squashed and padded ones are the same.")
        squares = squares[:1]
    elsewhere = job.elsewhere(split.labels)
    rows = []
    for size in SIZES:
        preprocessing = Preprocessing(size, enhance=job.recipe.enhance)
        base = freeze(network, backbone.digest, preprocessing, job.progress)
        rate = _rate(base, split)
        for square in squares:
            layer, figures = _judge(job, base.shaped(square), split)
            others = _judge_elsewhere(layer, base, elsewhere) if elsewhere else ()
            megabytes = size * size * 3 * len(split.paths) / 2**20
            rows.append((size, square, *figures, *others, megabytes, rate))
            job.log(f"{size} pixels, {square}: {figures[0]:.1%} right.")
    table = Table(
        header=(
            *("size", "square", "accuracy", "low", "high"),
            *(f"elsewhere_{square}" for square in _SQUARES if elsewhere),
            *("megabytes", "photos_per_second"),
        ),
        rows=tuple(rows),
        conclusion=_conclude(rows),
    )
    return job.compared(split, table, sizes_chart(table))


def all_square(paths: Iterable[str]) -> bool:
    """Whether every photo, each of which can be read, is as wide as it is high."""
    headers = (describe(read_file(path)) for path in paths)
    return all(header.width == header.height for header in headers)


def _judge(
    job: Job, base: FrozenBase, split: DatasetSplit
) -> tuple[Linear, tuple[float, float, float]]:
    """A layer on photos prepared in one way, its accuracy, and the interval of that."""
    preprocessing = base.extract.preprocessing
    features = base.rows(split.paths, f"{preprocessing.size} pixels, {preprocessing.square}")
    layer = job.solve(split, features[split.train])
    held = split.held
    right = int((layer(features[held]).argmax(axis=1) == split.truth[held]).sum())
    return layer, (right / len(held), *wilson_interval(right, len(held)))


def _judge_elsewhere(layer: Linear, base: FrozenBase, known: Known) -> list[float]:
    """The layer's accuracy on photos from elsewhere, made square in each way."""
    shares = []
    for square in _SQUARES:
        found = base.shaped(square).extract(known.paths, f"Elsewhere, {square}")
        answers = layer(found.rows).argmax(axis=1) if len(found.kept) else np.empty(0)
        shares.append(float((answers == known.truth[found.kept]).sum() / max(len(answers), 1)))
    return shares


def _rate(base: FrozenBase, split: DatasetSplit) -> float:
    """Photos a second through the network; measured, because features may be cached."""
    some = split.paths[:_TIMED_PHOTOS]
    pixels = np.stack([base.extract.preprocessing.load(path) for path in some])
    start = time.perf_counter()
    base.vectors(pixels)
    return len(pixels) / (time.perf_counter() - start)


def _conclude(rows: list[tuple[Any, ...]]) -> str:
    smallest = rows[0]
    largest = [row for row in rows if row[1] == smallest[1]][-1]
    return (
        f"From {smallest[0]} to {largest[0]} pixels the accuracy goes from {smallest[2]:.1%} to "
        f"{largest[2]:.1%}, while memory grows {largest[-2] / smallest[-2]:.1f} times and the "
        f"network takes {smallest[-1] / largest[-1]:.1f} times as long for a photo."
    )
