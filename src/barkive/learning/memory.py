"""What a bundle remembers of the breeds that it was trained on: features of a few of their photos.

They stand in the bundle's file, outside its graph, so that whoever teaches it more can see that
it forgets nothing, without the photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from barkive.onnx_graph import Graph

Reals = NDArray[np.float32]

PHOTOS_OF_A_BREED: Final = 12
"""How many a bundle remembers of each breed. With all 12,000 training photos at hand, learning
forgets no less (docs/log.md)."""

_LARGEST_CODE: Final = 127
_CODES, _SCALES, _LABELS = "memory.codes", "memory.scales", "memory.labels"


@dataclass(frozen=True, slots=True)
class Memory:
    """Features of photos whose breeds are known, n in all.

    Attributes:
        features: Shape (n, channels).
        labels: The index of each one's label, shape (n,).
    """

    features: Reals
    labels: NDArray[np.intp]

    @classmethod
    def choose(cls, features: Reals, labels: NDArray[np.intp], sure: Reals) -> Memory:
        """Picks `PHOTOS_OF_A_BREED` of each breed's photos, or all where there are fewer.

        They are spread evenly from those of which a model is least sure to those of which it is
        most: with as many drawn at random, what is forgotten depends on the draw.

        Args:
            features: Shape (n, channels).
            labels: Shape (n,).
            sure: How probable the model finds each one's own label, shape (n,).
        """
        kept = []
        for label in np.unique(labels):
            of_label = np.flatnonzero(labels == label)
            ranked = of_label[np.argsort(sure[of_label], kind="stable")]
            count = min(len(ranked), PHOTOS_OF_A_BREED)
            kept.append(np.sort(ranked[np.linspace(0, len(ranked) - 1, count).round().astype(int)]))
        chosen = np.concatenate(kept) if kept else np.empty(0, np.intp)
        return cls(features[chosen], labels[chosen])

    @classmethod
    def read(cls, graph: Graph) -> Memory | None:
        """What a bundle remembers; None where that is nothing."""
        notes = graph.notes()
        if not {_CODES, _SCALES, _LABELS} <= notes.keys():
            return None
        features = notes[_CODES].astype(np.float32) * notes[_SCALES][:, None]
        return cls(features, notes[_LABELS].astype(np.intp))

    def to_notes(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that a file carries: one signed byte a feature, and a scale for each photo."""
        largest = np.abs(self.features).max(axis=1, initial=0)
        scales = (np.where(largest > 0, largest, 1) / _LARGEST_CODE).astype(np.float32)
        codes = np.rint(self.features / scales[:, None]).astype(np.int8)
        return {_CODES: codes, _SCALES: scales, _LABELS: self.labels.astype(np.int32)}

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: Memory) -> Memory:
        return Memory(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
        )
