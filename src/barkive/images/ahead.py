"""Threads that work ahead of their consumer by a bounded number of items.

`load_batches` is the one way from photos to a network: `Classifier`, the evaluation and the
training take their batches from it. `map_ahead` is for work of which each result stands alone.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from barkive.errors import PhotoError
from barkive.machine import cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    ahead: int,
    threads: int | None = None,
) -> Iterator[Result]:
    """Applies a function to items in threads, and yields the results in order.

    Unlike `Executor.map` it never holds more than `ahead` results, however many items
    there are, and cancels what is left when the consumer stops early.

    Args:
        function: Called in threads, as many as `ahead` at most.
        items: What it is applied to.
        ahead: How many results may wait for the consumer, at least 1.
        threads: How many at most; None for a few more than there are cores, because some wait for
            the disk.
    """
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(min(ahead, threads or _threads()))
    waits = True
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except GeneratorExit:
        # An iterator that somebody dropped may be collected in a thread that is just starting,
        # and holds what the threads waited for need to end.
        waits = False
        raise
    finally:  # also when the caller stops early: an error, Ctrl-C
        pool.shutdown(wait=waits, cancel_futures=True)


def load_batches(
    items: Iterable[Item],
    load: Callable[[Item], Result],
    size: int,
    *,
    threads: int | None = None,
    full: bool = False,
) -> Iterator[list[tuple[Item, Result | PhotoError]]]:
    """Loads items in threads, and yields them in batches, in order.

    Never more than twice a batch and twice the threads wait for the consumer. An error that
    the source of items raises is raised here, behind the batches of the items before it.
    Closing the iterator ends its threads, and waits for none.

    Args:
        items: Consumed in a background thread, so that a source may block.
        load: Called in threads. What it raises as `PhotoError` stands in the item's place;
            anything else is raised here.
        size: Items in a batch at most, at least 1.
        threads: How many load; None for a few more than there are cores, because some wait
            for the disk.
        full: Whether to wait until a batch is full, so that batches are the same in every run;
            else what has arrived is yielded without waiting for more.

    Yields:
        At least one item, with what was loaded.
    """
    threads = threads or min(2 * size, _threads())
    # Room for what the threads load while the consumer is busy with a batch.
    arrived: _Arrived[Item, Result] = queue.Queue(maxsize=2 * (size + threads))
    stopped = threading.Event()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="barkive-decode")

    def feed() -> None:
        end: BaseException | None = None
        try:
            for item in items:
                if stopped.is_set():
                    return
                arrived.put((item, pool.submit(load, item)))
        except BaseException as error:  # handed over, and raised in the consumer's thread
            end = error
        arrived.put(_End(end))

    # A daemon: a source that blocks, such as a terminal, must not keep the process alive.
    threading.Thread(target=feed, name="barkive-feed", daemon=True).start()
    try:
        end: _End | None = None
        while end is None:
            batch, end = _next_batch(arrived, size, full)
            if batch:
                yield batch
        if end.error is not None:
            raise end.error
    finally:
        stopped.set()
        while not arrived.empty():  # wakes the feeder, if it waits for room
            arrived.get_nowait()
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _End:
    """The source's end, and the error that was the reason for it, if one was."""

    error: BaseException | None


_Arrived = queue.Queue[tuple[Item, Future[Result]] | _End]


def _next_batch(
    arrived: _Arrived[Item, Result], size: int, full: bool
) -> tuple[list[tuple[Item, Result | PhotoError]], _End | None]:
    """The next items, and the end if it has come."""
    batch: list[tuple[Item, Result | PhotoError]] = []
    while len(batch) < size and (full or not batch or not arrived.empty()):
        next_one = arrived.get()
        if isinstance(next_one, _End):
            return batch, next_one
        item, future = next_one
        try:
            batch.append((item, future.result()))
        except PhotoError as error:
            batch.append((item, error))
    return batch, None


def _threads() -> int:
    # The executor's own choice ends at 32, however many cores there are.
    return cores() + 4
