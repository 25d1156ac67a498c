"""What the choices around the head are worth, measured on splits that share no near-duplicate.

    python benchmarks/heads.py STANFORD-DOGS NOT-DOGS PHOTOS WEIGHTS [--splits 4]

STANFORD-DOGS and PHOTOS are folders of breeds, the second from elsewhere and at their own
shapes; NOT-DOGS holds other things; WEIGHTS are those of `mobilenetv2_100.tf_in1k`. Prints

    mirror     validation accuracy for each penalty, with and without the mirror image
    nested     penalty and temperature chosen on one part, the layer fitted again on all but
               a third part, and accuracy and calibration error measured on that
    rejection  AUROC of dogs against other things, on validation and on PHOTOS: the energy,
               the largest logit, and a logistic regression on the features, cross-validated
    square     accuracy on PHOTOS when they are cropped, squashed or padded

Everything is in float. About six minutes on two cores; features are cached.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from barkive import evaluation, metrics
from barkive.images import Preprocessing, Square, group_near_duplicates
from barkive.training import head, onnx_export
from barkive.training.backbones import load_backbone
from barkive.training.datasets import label_folders, split
from barkive.training.features import extract_features

Floats = NDArray[np.float32]
PENALTIES = (0.3, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005)
CLASSIFIER_PENALTIES = (1.0, 0.1, 0.01)
FOLDS = 5


def extractor(weights: Path, *, mirror: bool) -> Callable[..., Floats]:
    """A function from paths to features, with the square as an option."""
    backbone = load_backbone("mobilenetv2_100", weights)
    graph = onnx_export.to_graph(onnx_export.feature_network(backbone, mirror=mirror), 224)
    session = onnx_export.session(graph)

    def extract(paths: tuple[str, ...], square: Square = "crop") -> Floats:
        found = extract_features(
            paths,
            lambda pixels: session.run(["features"], {"pixels": pixels})[0],
            key=f"{backbone.digest} mirror={mirror}",
            preprocessing=Preprocessing(224, square),
        )
        hashes[paths] = found.hashes
        return found.rows

    return extract


hashes: dict[tuple[str, ...], NDArray[np.uint64]] = {}


def right(layer: head.Linear, rows: Floats, truth: NDArray[np.intp]) -> float:
    """The share of rows whose largest logit is the true one, in per cent."""
    return 100 * float((layer(rows).argmax(axis=1) == truth).mean())


def mirror_table(
    kinds: dict[str, Floats], truth: NDArray[np.intp], splits: list[NDArray[np.bool_]]
) -> None:
    """Prints the mean accuracy over the splits, for each kind of features and penalty."""
    print("mirror (mean of the splits, %):  penalty " + " ".join(f"{p:6g}" for p in PENALTIES))
    for kind, rows in kinds.items():
        scores = [
            [
                right(layer, rows[held], truth[held])
                for layer in head.fit_prediction_layers(
                    rows[~held], truth[~held], truth.max() + 1, PENALTIES
                )
            ]
            for held in splits
        ]
        print(f"  {kind:38} " + " ".join(f"{s:6.2f}" for s in np.mean(scores, axis=0)))


def nested(
    rows: Floats, truth: NDArray[np.intp], groups: NDArray[np.intp], test: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Accuracy (%), calibration error (%) and the penalty chosen, on a part that chose nothing."""
    rest = np.flatnonzero(~test)
    held = split(truth[rest], np.unique(groups[rest], return_inverse=True)[1], 0.176, 0)
    fitted, judged = rest[~held], rest[held]
    classes = truth.max() + 1
    layers = list(head.fit_prediction_layers(rows[fitted], truth[fitted], classes, PENALTIES))
    best = max(range(len(layers)), key=lambda i: right(layers[i], rows[judged], truth[judged]))
    temperature = head.fit_temperature(layers[best](rows[judged]), truth[judged])
    (final,) = head.fit_prediction_layers(rows[rest], truth[rest], classes, [PENALTIES[best]])
    logits = torch.from_numpy(final(rows[test]) / np.float32(temperature))
    confidence = logits.softmax(dim=1).amax(dim=1).numpy()
    correct = logits.argmax(dim=1).numpy() == truth[test]
    error = 100 * metrics.expected_calibration_error(confidence, correct)
    return 100 * float(correct.mean()), error, PENALTIES[best]


def rejection(
    layer: head.Linear, fitted: Floats, dogs: Floats, photos: Floats, other: Floats
) -> None:
    """Prints how well each score tells dogs, of two origins, from other things."""
    print("rejection, AUROC:                        validation  photos from elsewhere")

    def show(name: str, scores: tuple[Floats, Floats, Floats]) -> None:
        values = [metrics.auroc(positive, scores[2]) for positive in scores[:2]]
        print(f"  {name:38} {values[0]:.4f}      {values[1]:.4f}")

    three = (dogs, photos, other)
    energy = [head.energy(layer(rows)) for rows in three]
    largest = [layer(rows).max(axis=1) for rows in three]
    show("energy of the logits", (energy[0], energy[1], energy[2]))
    show("largest logit", (largest[0], largest[1], largest[2]))
    fold = np.random.default_rng(0).permutation(len(other)) % FOLDS
    for penalty in CLASSIFIER_PENALTIES:
        scores = [np.zeros(len(dogs), np.float32), np.zeros(len(photos), np.float32)]
        unseen = np.zeros(len(other), np.float32)
        for i in range(FOLDS):
            rows = np.concatenate([fitted, other[fold != i]])
            kind = np.repeat([1, 0], [len(fitted), int((fold != i).sum())])
            (binary,) = head.fit_prediction_layers(rows, kind, 2, [penalty])
            for total, some in zip(scores, (dogs, photos), strict=True):
                total += np.diff(binary(some))[:, 0] / FOLDS
            unseen[fold == i] = np.diff(binary(other[fold == i]))[:, 0]
        show(f"classifier on features, penalty {penalty:g}", (scores[0], scores[1], unseen))


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("stanford", "other", "photos", "weights"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--splits", type=int, default=4)
    options = parser.parse_args()

    samples = evaluation.read_samples(options.stanford)
    labels, label_of = label_folders(samples.folders)
    truth = label_of[samples.truth]
    photos = evaluation.known_to(labels, evaluation.read_samples(options.photos))
    other = evaluation.read_not_dogs(options.other)
    mirrored, plain = (extractor(options.weights, mirror=mirror) for mirror in (True, False))
    rows = mirrored(samples.paths)
    groups = group_near_duplicates(hashes[samples.paths])
    splits = [split(truth, groups, 0.15, seed) for seed in range(options.splits)]

    kinds = {"photo alone": plain(samples.paths), "photo and mirror image": rows}
    mirror_table(kinds, truth, splits)
    print("nested (accuracy %, calibration error %, penalty):")
    results = [nested(rows, truth, groups, test) for test in splits]
    for accuracy, error, penalty in results:
        print(f"  {accuracy:.2f}  {error:.2f}  {penalty:g}")
    print("  mean {:.2f}  {:.2f}".format(*np.mean(results, axis=0)[:2]))

    held = splits[0]
    layer = list(head.fit_prediction_layers(rows[~held], truth[~held], len(labels), PENALTIES))[2]
    rejection(layer, rows[~held], rows[held], mirrored(photos.paths), mirrored(other))
    print("square, accuracy on the photos from elsewhere (%):")
    for square in get_args(Square):
        print(f"  {square:7} {right(layer, mirrored(photos.paths, square), photos.truth):.1f}")


if __name__ == "__main__":
    main()
