"""Counts that look at every row: asked for anew where that is quick, else remembered for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# Quicker than this, nobody waits for a count.
_QUICK_S = 0.03
# A count that takes a tenth of a second is worth ten seconds of patience; none is worth ten minutes.
_WORTH = 100
_OLDEST_S = 600.0


class Remembered(Generic[T]):
    """The last answer of one question. What it says carries its own moment: pages show as of when they count."""

    def __init__(self) -> None:
        self._answer: T | None = None
        self._took = 0.0
        self._answered = float("-inf")
        self._asking: asyncio.Task[T] | None = None

    async def answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The remembered answer where it is worth that; one that has become old is asked for again meanwhile."""
        age = time.monotonic() - self._answered
        if self._answer is None or self._took < _QUICK_S or age > _OLDEST_S:
            return await asyncio.shield(self._asked(ask))
        if age > self._took * _WORTH:
            self._asked(ask)
        return self._answer

    def _asked(self, ask: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(ask))
            # Whoever waits hears of a failure; where nobody does, the next one asks again.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._asking

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        began = time.monotonic()
        self._answer = await ask()
        self._answered = time.monotonic()
        self._took = self._answered - began
        return self._answer
