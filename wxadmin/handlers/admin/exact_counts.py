"""Exact counts of long lists, one at a time for each person: a page waits for a moment, then says how far it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime

from wxadmin.clock import utcnow
from wxadmin.queries.user_counts import Progress

_PATIENCE_S = 1.0
# So long the answer is given again: a page that is shown anew, or sorted otherwise, does not count anew.
_GOOD_FOR_S = 60.0


@dataclass(eq=False)
class Counting:
    """A question and its answer, which the task brings; `at` is the moment that it is true of."""

    question: Hashable
    progress: Progress
    task: asyncio.Task[int]
    at: datetime = field(default_factory=utcnow)
    ended: float | None = None

    @property
    def number(self) -> int | None:
        """None while it is counted, and where it was broken off. Raises what the count raised."""
        return self.task.result() if self.task.done() and not self.task.cancelled() else None

    @property
    def is_underway(self) -> bool:
        return not self.task.done()

    def answers(self, question: Hashable) -> bool:
        """Whether the same was asked, and the answer is on its way or still good."""
        if self.question != question or self.task.cancelled():
            return False
        return self.ended is None or (self._went_well and time.monotonic() - self.ended < _GOOD_FOR_S)

    @property
    def _went_well(self) -> bool:
        return self.task.exception() is None


class ExactCounts:
    """One a process."""

    def __init__(self) -> None:
        self._of: dict[str, Counting] = {}

    async def ask(self, name: str, question: Hashable, count: Callable[[Progress], Awaitable[int]]) -> Counting:
        """What this person asks. Another question ends the count of their last one; the same joins it."""
        counting = self._of.get(name)
        if counting is None or not counting.answers(question):
            if counting and counting.is_underway:
                counting.task.cancel()
                await asyncio.wait({counting.task})
            counting = self._of[name] = self._begun(question, count)
        await asyncio.wait({counting.task}, timeout=_PATIENCE_S)
        return counting

    @staticmethod
    def _begun(question: Hashable, count: Callable[[Progress], Awaitable[int]]) -> Counting:
        progress = Progress()

        async def run() -> int:
            return await count(progress)

        counting = Counting(question, progress, asyncio.create_task(run()))

        def ended(task: asyncio.Task[int]) -> None:
            counting.ended = time.monotonic()
            # Whoever asks again hears of a failure; nobody may.
            _ = task.cancelled() or task.exception()

        counting.task.add_done_callback(ended)
        return counting
