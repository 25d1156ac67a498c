"""What every training does with a model once it is fitted: check the export, judge, report.

`barkive train` and the recipes of the study differ in how they fit a model, in which photos they
judge it on, and in what else they write. All of the rest is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import nn

from barkive import evaluation
from barkive.bundle import OUTPUTS, BundleInfo
from barkive.evaluation import Evaluation, HeatMaps, Predict
from barkive.images import Preprocessing
from barkive.messages import Message
from barkive.progress import Log, Progress
from barkive.training import onnx_export
from barkive.training.audit import near_duplicates
from barkive.training.datasets import LabelledPhotos
from barkive.training.head import Detector, Linear
from barkive.verdicts import BreedName

_COMPARED_PHOTOS = 16


@dataclass(frozen=True, slots=True)
class Run:
    """One training.

    Attributes:
        model: What its model is called.
        folder: Where its report goes.
        preprocessing: How photos become pixels.
        progress: Opens a progress display.
        log: Called with a sentence for each stage that ends.
    """

    model: str
    folder: Path
    preprocessing: Preprocessing
    progress: Progress
    log: Log

    def draft(
        self, labels: tuple[BreedName, ...], frequencies: tuple[float, ...] = ()
    ) -> BundleInfo:
        """What the bundle says of itself before it is calibrated."""
        return BundleInfo.draft(self.model, labels, self.preprocessing, frequencies)

    def assemble(
        self,
        network: nn.Module,
        graph: onnx.ModelProto,
        prediction: Linear,
        detector: Detector,
        paths: Sequence[str],
        *,
        int8: bool = False,
    ) -> onnx.ModelProto:
        """Puts the head on an exported network, and compares it with the trained one.

        Args:
            network: From pixels to features.
            graph: The same as ONNX.
            prediction: From features to logits.
            detector: From features and logits to the log-odds of a dog.
            paths: Photos to compare on; a few of them are taken.
            int8: Whether the graph was quantised.

        Raises:
            ExportError: The two answer differently.
        """
        model = onnx_export.add_head(graph, prediction, detector)
        some = paths[:: -(-len(paths) // _COMPARED_PHOTOS)]
        pixels = np.stack([self.preprocessing.load(path) for path in some])
        onnx_export.check_same_answers(network, prediction, detector, model, pixels, int8=int8)
        return model

    def judge(
        self,
        predict: Predict,
        info: BundleInfo,
        paths: Sequence[str],
        truth: NDArray[np.intp],
        *,
        stage: str,
        not_dogs: Sequence[str] = (),
    ) -> Evaluation:
        """Scores photos.

        Args:
            predict: The model.
            info: Its labels, preprocessing and thresholds.
            paths: The photos, n of them.
            truth: The index of each one's label, shape (n,).
            stage: What the progress display calls it.
            not_dogs: Photos of other things, which must be told apart.

        Raises:
            DataError: None of the photos can be read.
        """
        with self.progress(stage) as advance:
            return evaluation.evaluate(
                predict, info, paths, truth, not_dogs=not_dogs, on_progress=advance
            )

    def report(
        self,
        judged: Evaluation,
        photos: LabelledPhotos,
        *,
        heat_maps: HeatMaps | None = None,
        files: Mapping[str, bytes],
    ) -> None:
        """Writes the report on a judged model, `near-duplicates.csv`, and the training's own files.

        Args:
            judged: Of `judge`.
            photos: What the model was trained and judged on.
            heat_maps: Of the model, if it has any.
            files: The content of each further file.

        Raises:
            UsageError: A file can't be written.
        """
        evaluation.write_report(judged, self.folder, model=self.model, heat_maps=heat_maps)
        duplicates = near_duplicates(photos.paths, photos.truth, photos.groups, photos.labels)
        evaluation.write_files(
            self.folder, {"near-duplicates.csv": evaluation.to_csv(duplicates), **files}
        )


def predictor(model: onnx.ModelProto, info: BundleInfo) -> Predict:
    """From pixels to scores, by a model as it is exported."""
    session = onnx_export.session(model)
    return lambda pixels: info.scores(*session.run(OUTPUTS, {"pixels": pixels}))


def failed_csv(failed: Iterable[tuple[str, Message]]) -> bytes:
    """The content of `failed.csv`: each photo that could not be read, and the reason."""
    return evaluation.to_csv([("file", "error"), *failed])
