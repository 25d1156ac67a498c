"""A map that works ahead of its consumer, in threads, by a bounded number of items."""

from __future__ import annotations

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
    """
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:  # also when the caller stops early: an error, Ctrl-C
        pool.shutdown(cancel_futures=True)
