"""Samples in batches: what the training loop takes, and features as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from barkive.training.process_group.group import ProcessGroup, Shard

_AT_ONCE = 64


class Batches(Protocol):
    """What the loop trains on; `loading.Loader` is one."""

    def __len__(self) -> int:
        """How many samples an epoch has."""
        ...

    def epoch(self, number: int = 0) -> Iterator[tuple[NDArray[Any], NDArray[np.intp]]]:
        """The inputs and classes of one pass."""
        ...


@runtime_checkable
class Shardable(Batches, Protocol):
    """Batches that are worth sharing among several processes."""

    def sharded(self, shard: Shard) -> Batches:
        """The same batches: of the inputs the rows of one rank only, and all classes."""
        ...


def local_batches(batches: Batches, group: ProcessGroup) -> Batches:
    """What this rank loads of batches: its shard, where they can be sharded."""
    if group.world_size > 1 and isinstance(batches, Shardable):
        return batches.sharded(group.shard)
    return batches


@dataclass(frozen=True, slots=True)
class Rows:
    """Features as batches: shape (n, channels), with the classes, shape (n,).

    Attributes:
        rows: The features.
        truth: Their classes.
        batch: Samples a batch.
        seed: Of the order; None keeps it.
    """

    rows: NDArray[np.float32]
    truth: NDArray[np.intp]
    batch: int = _AT_ONCE
    seed: int | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def epoch(self, number: int = 0) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
        """One pass; the same number gives the same batches, always."""
        order: NDArray[np.intp] = np.arange(len(self))
        if self.seed is not None:
            order = np.random.default_rng((self.seed, number)).permutation(order)
        for i in range(0, len(order), self.batch):
            chosen = order[i : i + self.batch]
            yield self.rows[chosen], self.truth[chosen]
