"""The process group as the rest of the training sees it, and the group of a single process.

What ranks do together is written once. In a single process it is a plain call; where a launcher
has started several, `launch.init_process_group` puts a `collectives.DistributedGroup` in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor, nn

from barkive.errors import ClusterError
from barkive.progress import OnProgress

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item], OnProgress], list[Result]]


@dataclass(frozen=True, slots=True)
class Shard:
    """Which rows of every batch belong to a rank.

    Attributes:
        rank: Of the process, 0..world_size - 1.
        world_size: How many processes share the batch, at least 1.
    """

    rank: int = 0
    world_size: int = 1

    def rows(self, n: int) -> slice:
        """The rank's rows of a batch of n; shards differ by one row at most, and may be empty."""
        return slice(n * self.rank // self.world_size, n * (self.rank + 1) // self.world_size)


WHOLE = Shard()


class RemoteRankError(ClusterError):
    """Another rank has failed; all have left what they did, and can do something else."""


class ProcessGroup:
    """The processes that train together; this class is the group of a single process.

    Attributes:
        shard: This process's rank, and how many there are.
        local_world_size: How many of the processes are on this machine, this one included.
        threads: How many threads a session of ONNX Runtime gets; 0 for one a core.
    """

    shard = WHOLE
    local_world_size = 1
    threads = 0

    @property
    def rank(self) -> int:
        """This process's rank; rank 0 leads."""
        return self.shard.rank

    @property
    def world_size(self) -> int:
        """How many processes there are."""
        return self.shard.world_size

    @contextmanager
    def on_all_ranks(self, function: Callable[..., object], *arguments: Any) -> Iterator[None]:
        """Has the other ranks call a function while the context does rank 0's part of it.

        Args:
            function: Of a module.
            arguments: What can be pickled. Tensors must be in main memory.
        """
        yield

    @contextmanager
    def barrier(self) -> Iterator[None]:
        """Waits at the end of the context for all ranks; where one has failed, all leave.

        Rank 0 raises what went wrong, on whichever rank that was.
        """
        yield

    def set_device(self) -> None:
        """Gives each rank a GPU of its own, where there are GPUs.

        Raises:
            UsageError: There are too few, or not on every machine.
        """

    def use_nccl(self) -> None:
        """Lets `all_reduce` go from GPU to GPU, where that can be."""

    def flat_gradients(self, parameters: Sequence[nn.Parameter]) -> Tensor | None:
        """Lays all gradients, zeros at first, into one tensor, which `all_reduce` takes.

        None where there is nothing to reduce, and gradients stay where they are.
        """
        return None

    def all_reduce(self, gradients: Tensor | None) -> None:
        """Replaces gradients by their sums over all ranks."""

    def gather(self, value: Result) -> list[Result]:
        """The values of all ranks, in order, on rank 0; an empty list on the others."""
        return [value]

    def map_blocks(
        self,
        work: Work[Item, Result],
        items: Sequence[Item],
        on_progress: OnProgress,
        *,
        block: int,
    ) -> list[Result]:
        """Applies a function to items, each rank to a part of them.

        Args:
            work: From items, and what takes the number done and of all, to a result for
                each; can be pickled.
            items: What it is applied to.
            on_progress: Called with (items done, items in all).
            block: Items stay together in blocks of so many, counted from the first, as
                they would in one process.

        Returns:
            On rank 0 the results in the order of the items; on the others nothing.
        """
        return work(items, on_progress)


SINGLE_PROCESS = ProcessGroup()
_current: ProcessGroup = SINGLE_PROCESS


def current_group() -> ProcessGroup:
    """The group that this process belongs to."""
    return _current


@contextmanager
def use_group(group: ProcessGroup) -> Iterator[None]:
    """Makes a group the current one for as long as the context lasts."""
    global _current
    _current = group
    try:
        yield
    finally:
        _current = SINGLE_PROCESS
