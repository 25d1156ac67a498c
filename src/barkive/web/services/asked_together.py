"""Asks something once for all requests that want to know it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import to_thread

Answer = TypeVar("Answer")


class AskedTogether(Generic[Answer]):
    """A question that is asked in a thread; those who come meanwhile wait for the next answer.

    So everybody gets an answer that is no older than their request, and under load few ask.
    """

    _answer: Answer

    def __init__(self, ask: Callable[[], Answer]) -> None:
        """Takes the question.

        Args:
            ask: Called in a thread, once at a time. What it raises is raised to the one who asked.
        """
        self._ask = ask
        self._asking = asyncio.Lock()
        self._came = self._answered = 0

    async def __call__(self) -> Answer:
        """The answer as of now."""
        self._came += 1
        mine = self._came
        async with self._asking:
            if self._answered < mine:
                came = self._came
                self._answer = await to_thread.run_sync(self._ask)
                self._answered = came
            return self._answer
