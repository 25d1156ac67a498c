"""What a backbone's own rows are worth, and which backbone, size and prior do best.

    python benchmarks/backbones.py STANFORD-DOGS ELSEWHERE WEIGHTS [WEIGHTS ...] [--size N ...]

STANFORD-DOGS and ELSEWHERE are folders of breeds, the second by other people, at their own
shapes and with breeds that the first lacks; WEIGHTS are files named after their network, such
as `tf_efficientnet_lite1.in1k.safetensors`, with its classifier. Prints for each network, at
its own size and at each --size, in float:

    own rows   the classifier's rows as they are, nothing trained
    anew       a prediction layer fitted from nothing
    centred    one centred on the rows; and on features averaged with the mirror image's
    prior      the centred layer with frequencies of breeds to several powers
    mean       of the probabilities of all networks, each with its mirror image

each on validation photos (15 %, near-duplicates on one side, seed 0) and on those photos from
elsewhere whose breed is among the 120. About three minutes for each network and size on two
cores; features are cached.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation, frequencies
from barkive.bundle import BundleInfo
from barkive.images import Preprocessing, group_near_duplicates
from barkive.training import head, onnx_export
from barkive.training.backbones import load_backbone, own_size
from barkive.training.certainty import PRIORS, probabilities
from barkive.training.datasets import label_folders, split
from barkive.training.features import Features, extract_features
from barkive.training.tuning import PENALTIES

Floats = NDArray[np.float32]


class Measured:
    """The photos, and how right logits are on them."""

    def __init__(self, stanford: Path, elsewhere: Path) -> None:
        samples = evaluation.read_samples(stanford)
        self.labels, label_of = label_folders(samples.folders)
        self.paths, self.truth = samples.paths, label_of[samples.truth]
        self.known = evaluation.known_to(self.labels, evaluation.read_samples(elsewhere))
        self.validation: NDArray[np.bool_] = np.zeros(0, bool)

    def split(self, hashes: NDArray[np.uint64]) -> None:
        """Takes out the validation photos, if that is not done yet."""
        if not len(self.validation):
            groups = group_near_duplicates(hashes)
            self.validation = split(self.truth, groups, 0.15, 0)

    def show(self, what: str, here: Floats, there: Floats) -> None:
        """Prints the accuracies of scores on validation photos and on those from elsewhere."""
        right = (here.argmax(axis=1) == self.truth[self.validation]).mean()
        elsewhere = there.argmax(axis=1) == self.known.truth
        print(f"  {what:32} {right:11.2%} {elsewhere.mean():11.2%}", flush=True)

    def fit(self, rows: Floats, anchor: head.Linear | None) -> tuple[float, head.Linear]:
        """The best of the penalties on validation, and its layer."""
        held = self.validation
        best: tuple[float, float, head.Linear] | None = None
        layers = head.fit_prediction_layers(
            rows[~held], self.truth[~held], len(self.labels), PENALTIES, anchor=anchor
        )
        for penalty, layer in zip(PENALTIES, layers, strict=True):
            right = float((layer(rows[held]).argmax(axis=1) == self.truth[held]).mean())
            if best is None or right > best[0]:
                best = (right, penalty, layer)
        assert best is not None
        return best[1:]


def measure(measured: Measured, weights: Path, size: int) -> tuple[Floats, Floats]:
    """Prints a network's rows of the table; gives its probabilities with the mirror image."""
    network = weights.name.partition(".")[0]
    backbone = load_backbone(network, weights, image_size=size)
    preprocessing = Preprocessing(size)
    found: dict[bool, tuple[Features, Features]] = {}
    for mirror in (False, True):
        graph = onnx_export.to_graph(onnx_export.feature_network(backbone, mirror=mirror), size)
        extract, key = onnx_export.GraphFeatures(graph), f"{backbone.digest} mirror={mirror}"
        found[mirror] = (
            extract_features(measured.paths, extract, key=key, preprocessing=preprocessing),
            extract_features(measured.known.paths, extract, key=key, preprocessing=preprocessing),
        )
    measured.split(found[False][0].hashes)
    held = measured.validation
    print(f"{backbone.name} at {size}                    validation   elsewhere")
    assert backbone.classifier is not None, backbone.unclassified
    anchor = backbone.classifier.anchor(
        backbone.classifier.rows([label.id for label in measured.labels])
    )
    (here, there), (here2, there2) = found[False], found[True]
    measured.show("own rows", anchor(here.rows[held]), anchor(there.rows))
    for what, start in (("anew", None), ("centred", anchor)):
        penalty, layer = measured.fit(here.rows, start)
        measured.show(f"{what}, penalty {penalty:g}", layer(here.rows[held]), layer(there.rows))
    info = BundleInfo.draft(
        backbone.name, measured.labels, preprocessing, frequencies.shipped().of(measured.labels)
    )
    for prior in PRIORS:
        shift = np.float32(prior) * info.log_frequencies
        logits = (layer(here.rows[held]) + shift, layer(there.rows) + shift)
        measured.show(f"centred, prior {prior:g}", *logits)
    penalty, layer = measured.fit(here2.rows, anchor)
    both = layer(here2.rows[held]), layer(there2.rows)
    measured.show(f"centred, mirror, penalty {penalty:g}", *both)
    return probabilities(info, both[0]), probabilities(info, both[1])


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("stanford", type=Path)
    parser.add_argument("elsewhere", type=Path)
    parser.add_argument("weights", nargs="+", type=Path)
    parser.add_argument("--size", nargs="*", type=int, default=[])
    options = parser.parse_args()
    measured = Measured(options.stanford, options.elsewhere)
    told = []
    for weights in options.weights:
        own = own_size(weights.name.partition(".")[0], weights)
        told.append(measure(measured, weights, own))
        for size in options.size:
            measure(measured, weights, size)
    if len(told) > 1:
        print("all networks")
        measured.show(
            "mean", np.mean([one[0] for one in told], axis=0), np.mean([one[1] for one in told], 0)
        )


if __name__ == "__main__":
    main()
