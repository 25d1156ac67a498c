"""A map that works ahead of its consumer, in threads, by a bounded number of items."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, ahead: int
) -> Iterator[Result]:
    """Applies a function to items in threads, and yields the results in order.

    Unlike `Executor.map` it never holds more than `ahead` results, however many items
    there are, and cancels what is left when the consumer stops early.

    Args:
        function: Called in as many threads as `ahead`, or a few more than there are cores.
        items: What it is applied to.
        ahead: How many results may wait for the consumer, at least 1.
    """
    pending: deque[Future[Result]] = deque()
    # The executor's own choice ends at 32, however many cores there are.
    pool = ThreadPoolExecutor(min(ahead, (os.cpu_count() or 1) + 4))
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
