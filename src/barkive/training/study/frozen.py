"""Training on a frozen body: each photo goes through it once, by way of ONNX Runtime.

ONNX Runtime takes a quarter of the time that PyTorch takes on a processor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from barkive.images import Preprocessing, Square
from barkive.progress import Progress
from barkive.training import onnx_export
from barkive.training.loading import Loader
from barkive.training.networks import Network
from barkive.training.process_group.group import Shard
from barkive.training.tuning import Extractor


@dataclass(frozen=True, slots=True)
class FrozenBase:
    """A network's parts below its head, as a graph from pixels to vectors.

    Attributes:
        extract: Computes vectors of photos, or takes them from the cache.
        vectors: The vectors of pixels (n, size, size, 3), shape (n, values).
    """

    extract: Extractor
    vectors: onnx_export.GraphFeatures

    def rows(self, paths: Sequence[str], stage: str) -> NDArray[np.float32]:
        """The vectors of photos that can be read, shape (n, values), cached on disk."""
        return self.extract(paths, stage).rows

    def shaped(self, square: Square) -> FrozenBase:
        """The same, on photos that are made square in another way."""
        preprocessing = replace(self.extract.preprocessing, square=square)
        return replace(self, extract=replace(self.extract, preprocessing=preprocessing))


def freeze(
    network: Network, digest: str, preprocessing: Preprocessing, progress: Progress
) -> FrozenBase:
    """Exports what lies below a network's head.

    Args:
        network: Its base does not change any more.
        digest: Of its backbone and of the neck.
        preprocessing: How photos become pixels.
        progress: Opens a progress display.
    """
    with progress("Preparing the backbone", unit="networks"):
        graph = onnx_export.to_graph(network.base.eval(), preprocessing.size)
    extract = Extractor(graph, digest, preprocessing, progress)
    return FrozenBase(extract, onnx_export.GraphFeatures(graph))


@dataclass(frozen=True, slots=True)
class AugmentedRows:
    """The vectors of augmented photos, computed anew in each epoch, as batches.

    Attributes:
        loader: Gives the augmented photos.
        vectors: Pixels → vectors.
    """

    loader: Loader
    vectors: onnx_export.GraphFeatures

    def __len__(self) -> int:
        return len(self.loader)

    def sharded(self, shard: Shard) -> AugmentedRows:
        """The same batches, of which each gives the rows of one rank only."""
        return replace(self, loader=self.loader.sharded(shard))

    def epoch(self, number: int = 0) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
        """One pass; the same number gives the same batches, always."""
        for pixels, truth in self.loader.epoch(number):
            # Of the last batch a process may have no row at all.
            yield self.vectors(pixels) if len(pixels) else np.empty((0, 0), np.float32), truth
