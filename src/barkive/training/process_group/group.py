"""The processes that train as one, as seen by the code that they run: here one alone.

What is done together is written once: alone it is a plain call, and where a launcher has
started several processes, `distributed.together` puts their group in this one's place.
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
class Share:
    """Which rows of a batch are a process's own.

    Attributes:
        rank: Of the process, 0..size - 1.
        size: How many processes share the batch, at least 1.
    """

    rank: int = 0
    size: int = 1

    def rows(self, n: int) -> slice:
        """Its rows of a batch of n; shares differ by one row at most, and may be empty."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)


WHOLE = Share()


class ElsewhereError(ClusterError):
    """Another process has failed; all have left what they did, and can do something else."""


class Group:
    """The processes that work together: here one that is alone.

    Attributes:
        share: This process's, and how many there are.
        beside: How many of them are on this machine, this one included.
        threads: How many threads a session of ONNX Runtime gets; 0 for one a core.
    """

    share = WHOLE
    beside = 1
    threads = 0

    @property
    def size(self) -> int:
        """How many processes there are."""
        return self.share.size

    @contextmanager
    def led(self, function: Callable[..., object], *arguments: Any) -> Iterator[None]:
        """Has the other processes call a function while the context does the first's part.

        Args:
            function: Of a module.
            arguments: What can be pickled; tensors arrive in main memory.
        """
        yield

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """What all processes must do: where one has failed, all leave.

        The first process raises what went wrong, wherever that was.
        """
        yield

    def take_device(self) -> None:
        """Gives each process a GPU of its own, where there are GPUs.

        Raises:
            UsageError: There are too few, or not on every machine.
        """

    def exchange_on_gpus(self) -> None:
        """Lets gradients go from GPU to GPU, where that can be."""

    def gradients(self, parameters: Sequence[nn.Parameter]) -> Tensor | None:
        """Lays all gradients, zeros at first, into one piece of memory, which `add_up` takes.

        None where there is nothing to add up, and gradients stay where they are.
        """
        return None

    def add_up(self, gradients: Tensor | None) -> None:
        """Replaces gradients by their sums over all processes."""

    def gather(self, value: Result) -> list[Result]:
        """The values of all processes by rank; empty for all but the first."""
        return [value]

    def divided(
        self,
        work: Work[Item, Result],
        items: Sequence[Item],
        on_progress: OnProgress,
        *,
        block: int,
    ) -> list[Result]:
        """Applies a function to items, each process to its share of them.

        Args:
            work: From items, and what takes the number done and of all, to a result for
                each; can be pickled.
            items: What it is applied to.
            on_progress: Called with (items done, items in all).
            block: Items stay together in blocks of so many, counted from the first, as
                they would in one process.

        Returns:
            The results in the order of the items; on all but the first process nothing.
        """
        return work(items, on_progress)


ALONE = Group()
_joined: Group = ALONE


def group() -> Group:
    """The processes that this one works with."""
    return _joined


@contextmanager
def joined(several: Group) -> Iterator[None]:
    """Makes a group the one that this process works with, as long as the context lasts."""
    global _joined
    _joined = several
    try:
        yield
    finally:
        _joined = ALONE
