"""Runs the recipe that asks whether corrected photos make a better model.

A prediction layer is solved on the frozen features of corrected photos, with one and the
same penalty: what differs between two rows of the table is the correction alone. All
photos kept from training are judged on, because none of them chose anything.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barkive.images.degrade import DEGRADATIONS
from barkive.images.enhance import ADJUSTMENTS, enhance, require_adjustments
from barkive.progress import OnProgress
from barkive.training.backbones import Backbone
from barkive.training.features import extract_features
from barkive.training.onnx_export import GraphFeatures
from barkive.training.study.frozen import FrozenBase, freeze
from barkive.training.study.job import Job
from barkive.training.study.network_training import build
from barkive.training.study.result import Result, Table
from barkive.training.study.study_charts import corrections_chart

PLAIN = "none"
CLEAN = "clean"
# Of a difference between two rows, in its standard errors.
_SURE = 2.0


def run(job: Job, backbone: Backbone | None) -> Result:
    """Trains on photos with each correction, and judges on clean and on spoilt ones.

    Args:
        job: The recipe, on what, and where to.
        backbone: Of the recipe.

    Raises:
        MissingExtraError: OpenCV is not installed.
        DataError, WeightsError, UsageError: As `network.run`.
    """
    assert backbone is not None
    require_adjustments(tuple(ADJUSTMENTS))
    split = job.read_split()
    network = build(job.recipe, backbone, len(split.labels))
    job.begin()
    base = freeze(network, backbone.digest, job.recipe.preprocessing, job.progress)
    held = split.held
    corrections, spoilt = (PLAIN, *ADJUSTMENTS), (CLEAN, *DEGRADATIONS)
    right: dict[tuple[str, str], NDArray[np.bool_]] = {}
    each = len(split.train) + len(spoilt) * len(held)
    with job.progress("Correcting") as advance:
        for i, correction in enumerate(corrections):
            done = i * each

            def rows(
                indices: NDArray[np.intp], degradation: str, done: int, correction: str = correction
            ) -> NDArray[np.float32]:
                return _corrected_rows(
                    base,
                    split.paths_of(indices),
                    degradation,
                    correction,
                    lambda n, _: advance(done + n, len(corrections) * each),
                )

            layer = job.solve(split, rows(split.train, CLEAN, done))
            done += len(split.train)
            for j, degradation in enumerate(spoilt):
                logits = layer(rows(held, degradation, done + j * len(held)))
                right[correction, degradation] = logits.argmax(axis=1) == split.truth[held]
    table = Table(
        header=("correction", *spoilt),
        rows=tuple(
            (one, *(float(right[one, kind].mean()) for kind in spoilt)) for one in corrections
        ),
        conclusion=_conclude(right, corrections, spoilt),
    )
    return job.compared(split, table, corrections_chart(table, len(held)))


@dataclass(frozen=True, slots=True)
class _Corrected:
    """The vectors of photos that were first spoilt and then corrected."""

    vectors: GraphFeatures
    degradation: str
    correction: str

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.vectors(np.stack([self._prepare(pixels) for pixels in batch]))

    def _prepare(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.degradation != CLEAN:
            # Each photo has its own noise, and always the same.
            rng = np.random.default_rng(zlib.crc32(pixels.tobytes()))
            pixels = DEGRADATIONS[self.degradation](pixels, rng)
        return pixels if self.correction == PLAIN else enhance(pixels, [self.correction])


def _corrected_rows(
    base: FrozenBase, paths: Sequence[str], degradation: str, correction: str, advance: OnProgress
) -> NDArray[np.float32]:
    return extract_features(
        paths,
        _Corrected(base.vectors, degradation, correction),
        key=f"{base.extract.key} spoilt={degradation} corrected={correction}",
        preprocessing=base.extract.preprocessing,
        on_progress=advance,
    ).rows


def _conclude(
    right: dict[tuple[str, str], NDArray[np.bool_]],
    corrections: Sequence[str],
    spoilt: Sequence[str],
) -> str:
    """Which corrections differ from none, photo by photo, by more than two standard errors."""
    said = []
    for kind in spoilt:
        better: list[str] = []
        worse: list[str] = []
        for correction in corrections[1:]:
            change = right[correction, kind].astype(float) - right[PLAIN, kind]
            error = change.std() / np.sqrt(len(change))
            if abs(change.mean()) > _SURE * error:
                side = better if change.mean() > 0 else worse
                side.append(f"{correction} ({100 * change.mean():+.1f})")
        found = [
            f"{what}: {', '.join(names)}"
            for what, names in (("better", better), ("worse", worse))
            if names
        ]
        said.append(f"on {kind} photos {'; '.join(found) or 'no correction makes a difference'}")
    return (
        "Against no correction, in points, where the difference is more than two standard "
        f"errors: {'. '.join(one.capitalize() for one in said)}."
    )
