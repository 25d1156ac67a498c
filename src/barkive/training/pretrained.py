"""The classifier that a backbone was pre-trained with: one row for each class of ImageNet-1k.

Its rows were fitted on some 1,300 photos a class. They are handed over only where they are
known to give what the network itself gives; otherwise a message says why there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from timm.data.imagenet_info import ImageNetInfo
from torch import Tensor, nn

from barkive import breeds
from barkive.messages import Message
from barkive.training.head import Linear, RowsDetector

CLASSES = 1000
_OTHER_DATASETS = {
    11821: "ImageNet-12k",
    21841: "ImageNet-22k",
    21843: "ImageNet-21k",
}
_TOLERANCE = 1e-3  # of the largest answer


@dataclass(frozen=True, slots=True, eq=False)
class PretrainedClassifier:
    """A linear classifier on a backbone's pooled features: `features @ weight + bias`.

    Attributes:
        ids: The WordNet ids of ImageNet-1k's 1,000 classes, in the order of the columns.
        weight: (channels, 1000), float32.
        bias: (1000,), float32.
    """

    ids: tuple[str, ...]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def rows(self, ids: Sequence[str]) -> list[int | None]:
        """Where some labels stand among its classes; None for one that has no class.

        Args:
            ids: The labels' ids: WordNet ids, or names of folders that begin with one.
        """
        place = {id_: row for row, id_ in enumerate(self.ids)}
        return [place.get(id_.partition("-")[0]) for id_ in ids]

    def anchor(self, rows: Sequence[int | None]) -> Linear:
        """Some of its rows, as a layer from features to an output for each.

        Args:
            rows: At least one is not None; None gets the mean of the others.
        """
        known = [row for row in rows if row is not None]
        weight, bias = self.weight[:, known].mean(axis=1), self.bias[known].mean()
        return Linear(
            np.stack([weight if row is None else self.weight[:, row] for row in rows], axis=1),
            np.array([bias if row is None else self.bias[row] for row in rows], np.float32),
        )

    def dog_detector(self) -> RowsDetector:
        """Its rows parted into dogs and all else, rounded to the half precision they ship in."""
        dogs = np.array([id_ in breeds.dog_ids() for id_ in self.ids])
        weight, bias = (
            values.astype(np.float16).astype(np.float32) for values in (self.weight, self.bias)
        )
        return RowsDetector(
            Linear(weight[:, dogs], bias[dogs]), Linear(weight[:, ~dogs], bias[~dogs])
        )


def read_classifier(
    network: nn.Module,
    state: Mapping[str, Tensor],
    build: Callable[[], nn.Module],
    pixels: Tensor,
) -> PretrainedClassifier | Message:
    """Takes the classifier out of a network's weights, and compares it with the network.

    Args:
        network: From pixels to pooled features, with its weights.
        state: All weights, under timm's parameter names.
        build: Makes the same network with a classifier of 1,000 classes, without weights.
        pixels: Any input that the network takes, (n, 3, height, width), float32.

    Returns:
        The classifier, or the message that says why there is none.
    """
    config: Mapping[str, object] = network.pretrained_cfg  # type: ignore[assignment]
    name = config.get("classifier")
    if not isinstance(name, str):
        return Message("classifier_not_linear")
    weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    if weight is None:
        return Message("classifier_absent", {"name": name})
    if weight.ndim and len(weight) != CLASSES:
        return _other_classes(len(weight))
    if bias is None:
        return Message("classifier_without_bias", {"name": name})
    whole = build().eval()
    layer = whole.get_submodule(name)
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        return Message("classifier_not_linear")
    if weight.shape != layer.weight.shape or bias.shape != layer.bias.shape:
        return Message(
            "classifier_shapes_differ",
            {
                "weight_shape": str([*weight.shape]),
                "bias_shape": str([*bias.shape]),
                "own_weight_shape": str([*layer.weight.shape]),
                "own_bias_shape": str([*layer.bias.shape]),
            },
        )
    own = whole.state_dict()
    fitting = {
        key: value for key, value in state.items() if key in own and own[key].shape == value.shape
    }
    lacking = [key for key in own if key not in fitting and "num_batches_tracked" not in key]
    if lacking:
        return Message("classifier_incomplete", {"name": lacking[0]})
    whole.load_state_dict(fitting, strict=False)
    with torch.inference_mode():
        features, logits = network(pixels), whole(pixels)
        # What is not a number is within no tolerance.
        if features.shape[1] != layer.in_features or not (
            (layer(features) - logits).abs().max() <= _TOLERANCE * logits.abs().max()
        ):
            return Message("classifier_answers_differ")
        return PretrainedClassifier(
            ids=tuple(ImageNetInfo().label_names()),  # type: ignore[no-untyped-call]
            weight=np.ascontiguousarray(layer.weight.detach().numpy().T, dtype=np.float32),
            bias=layer.bias.detach().numpy().astype(np.float32),
        )


def _other_classes(count: int) -> Message:
    if count == CLASSES + 1:
        return Message("classifier_background_class", {"count": count})
    if dataset := _OTHER_DATASETS.get(count):
        return Message("classifier_other_dataset", {"count": count, "dataset": dataset})
    return Message("classifier_other_classes", {"count": count})
