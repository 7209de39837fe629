"""Counts that look at every row: asked for anew where these are few, else ahead of the pages, and remembered."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# So few are counted before anybody waits. Told by their number, not by the time: on a busy machine any count takes
# long, and what has just happened must be seen.
_FEW = 20_000
# A count that takes a tenth of a second is worth ten seconds of patience; none is worth ten minutes.
_WORTH = 100
_OLDEST_S = 600.0


class Remembered(Generic[T]):
    """The last answer of one question. What it says carries its own moment: pages show as of when they count.

    `rows` says of an answer how many rows were looked at.
    """

    def __init__(self, rows: Callable[[T], int]) -> None:
        self._rows = rows
        self._answer: T | None = None
        self._took = 0.0
        self._answered = float("-inf")
        self._asking: asyncio.Task[T] | None = None

    @property
    def last(self) -> T | None:
        """The remembered answer, however old; None where nobody has asked yet."""
        return self._answer

    async def answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The remembered answer where it is worth that; one that has become old is asked for again meanwhile."""
        if self._answer is None or self._rows(self._answer) <= _FEW:
            return await asyncio.shield(self._asked(ask))
        if self._is_old:
            self._asked(ask)
        return self._answer

    async def ask_ahead(self, ask: Callable[[], Awaitable[T]]) -> None:
        """Asks where nobody has asked yet, and where the next page would be given an old answer."""
        if self._answer is None or (self._rows(self._answer) > _FEW and self._is_old):
            await asyncio.shield(self._asked(ask))

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._answered > min(self._took * _WORTH, _OLDEST_S)

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
