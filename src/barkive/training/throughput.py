"""The throughput of a training: where its time goes, and its bottleneck in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from barkive.machine import cores
from barkive.progress import Log
from barkive.training.process_group.group import current_group

# Shares of the time from which on something other than the network is the bottleneck.
_MUCH = 0.1
_SOON = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one process in training, validation not counted.

    Attributes:
        waiting: For batches.
        working: Of the network and of the optimiser.
        exchanging: With other processes, waiting for them included.
    """

    waiting: float = 0.0
    working: float = 0.0
    exchanging: float = 0.0

    @property
    def all(self) -> float:
        """All of them; never 0, so that shares can be made."""
        return max(self.waiting + self.working + self.exchanging, 1e-9)

    def plus(self, other: Times) -> Times:
        """The sum of both."""
        return Times(
            self.waiting + other.waiting,
            self.working + other.working,
            self.exchanging + other.exchanging,
        )


def slowest(times: Sequence[Times]) -> Times:
    """What counts of several processes, each of which waits for the others in every step.

    The one that waits longest for its batches holds up the others, and so does the one that
    works longest; who then waits least for others is the one that they all wait for.
    """
    return Times(
        max(one.waiting for one in times),
        max(one.working for one in times),
        min(one.exchanging for one in times),
    )


def describe_bottleneck(
    loader: float, network: float, waited: float | None, exchanged: float = 0.0
) -> str:
    """One sentence on the bottleneck: what to make faster first.

    Args:
        loader: Photos a second that the loader gives by itself, above 0.
        network: Photos a second that were trained on.
        waited: The share of the time in which the network waited for photos, 0..1; None
            where that is not known, because the network is a frozen one outside of PyTorch.
        exchanged: The share in which processes waited for each other, 0..1.
    """
    if exchanged >= _MUCH and exchanged > (waited or 0.0):
        return (
            f"The exchange between the processes limits: it took {exchanged:.1%} of the time; "
            "larger batches or fewer processes would help."
        )
    if waited is None:
        if network >= (1 - _MUCH) * loader:
            return "The loader limits: the network takes all that it gives."
        return f"The network limits: it takes {network / loader:.0%} of what the loader can give."
    if waited < _MUCH:
        return f"The network limits: it waited for photos {waited:.1%} of the time."
    return (
        f"The loader limits: the network waited for photos {waited:.1%} of the time; more "
        "cores or less augmentation would help."
    )


@contextmanager
def log_feature_rate(photos: int, log: Log) -> Iterator[None]:
    """Logs how fast features were computed, and the bottleneck; nothing if it took few seconds.

    Args:
        photos: How many there are.
        log: Called with that in the end.
    """
    start, used = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - start
    if seconds < _SOON:
        return
    busy = (time.process_time() - used) / (seconds * (current_group().threads or cores()))
    log(
        f"The features of {photos} photos took {seconds:.0f} seconds, "
        f"{photos / seconds:.0f} photos a second. {_feature_bottleneck(min(busy, 1.0))}"
    )


def _feature_bottleneck(busy: float) -> str:
    """One sentence on the bottleneck of features, which are computed on the processor.

    Args:
        busy: The share of this process's cores that it used, 0..1.
    """
    if busy >= 1 - 2 * _MUCH:
        return f"The processor limits: {busy:.0%} of it were in use; more cores would help."
    return (
        f"Reading the photos limits, or other programs do: {busy:.0%} of the processor were in use."
    )
