"""The event loop's side of the journal: steps wait here until the writer is free."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from wxadmin.errors import Overloaded
from wxadmin.journal.writer import Writer
from wxadmin.services.steps import Step

T = TypeVar("T")

_LARGEST_BATCH = 256
# Seconds that a visitor may be kept waiting for the writer before being told to come back.
_LONGEST_WAIT_S = 3.0
_WAITING_AT_LEAST = 64
_SMOOTHING = 0.2


class Journal:
    """One a process. `write` returns when the step has been committed."""

    def __init__(self, writer: Writer, thread: Executor) -> None:
        self._writer = writer
        self._thread = thread
        self._waiting: deque[tuple[Step[Any], asyncio.Future[Any]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._batch_began: float | None = None
        # Steps a second, as of late.
        self._pace = 1_000.0

    async def write(self, step: Step[T]) -> T:
        """The step's result, after its commit. Raises what the step failed with, DatabaseUnavailable, or Overloaded
        where the step may be refused and could not be served in time."""
        if step.refusable:
            self._refuse_if_too_long()
        return await self._queued(step)

    async def write_all(self, steps: Sequence[Step[T]]) -> list[T | BaseException]:
        """The same for several at once, none of which may be refused: each one's result, or what it failed with."""
        return await asyncio.gather(*map(self._queued, steps), return_exceptions=True)

    def _queued(self, step: Step[T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        if self._running is None:
            self._running = asyncio.create_task(self._drain(), name="journal")
        return future

    @property
    def depth(self) -> int:
        """Steps that wait for the writer."""
        return len(self._waiting)

    def expected_wait(self) -> float:
        """Seconds until a step that came now would be committed, by the writer's pace of late."""
        return len(self._waiting) / self._pace + self._age_of_batch()

    def _age_of_batch(self) -> float:
        return time.monotonic() - self._batch_began if self._batch_began is not None else 0.0

    def _refuse_if_too_long(self) -> None:
        wait = self.expected_wait()
        # The pace is a guess, which a few steps are not turned away for; a writer that stands still is none.
        is_long = len(self._waiting) >= _WAITING_AT_LEAST and wait > _LONGEST_WAIT_S
        if is_long or self._age_of_batch() > _LONGEST_WAIT_S:
            raise Overloaded(retry_after=max(1, round(wait)))

    async def _drain(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_BATCH))]
                results = await self._written([step for step, _ in taken])
                for (_, future), result in zip(taken, results, strict=True):
                    _deliver(future, result)
        finally:
            self._running = self._batch_began = None

    async def _written(self, steps: list[Step[Any]]) -> list[Any]:
        """A result or an exception for each step."""
        self._batch_began = time.monotonic()
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.write, steps)
        except Exception as error:
            # The thread has been shut down, or the writer is broken: those who wait must hear of it.
            return [error] * len(steps)
        self._note_pace(len(steps), time.monotonic() - self._batch_began)
        return results

    def _note_pace(self, steps: int, seconds: float) -> None:
        # A small batch says nothing of how fast a large one would have been.
        pace = max(steps / max(seconds, 1e-6), self._pace if steps < _WAITING_AT_LEAST else 0.0)
        self._pace += _SMOOTHING * (pace - self._pace)


def _deliver(future: asyncio.Future[Any], result: Any) -> None:
    if future.cancelled():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
