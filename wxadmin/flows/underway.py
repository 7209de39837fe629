"""The exchanges of this process that have not ended: whoever comes back a second time waits for the first."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_LOST_REMEMBERED = 1_000


class Underway:
    """By attempt. A process has one."""

    def __init__(self) -> None:
        self._ended: dict[int, asyncio.Event] = {}
        self._lost: deque[int] = deque(maxlen=_LOST_REMEMBERED)

    @contextmanager
    def exchange(self, attempt_id: int) -> Iterator[None]:
        """While it lasts, `ended` waits. One that ends in an exception could not be stored: it is lost."""
        event = self._ended[attempt_id] = asyncio.Event()
        try:
            yield
        except BaseException:
            self._lost.append(attempt_id)
            raise
        finally:
            event.set()
            if self._ended.get(attempt_id) is event:
                del self._ended[attempt_id]

    def __contains__(self, attempt_id: int) -> bool:
        return attempt_id in self._ended

    def is_lost(self, attempt_id: int) -> bool:
        """Whether this process had the attempt's exchange and could not store what came of it."""
        return attempt_id in self._lost

    async def ended(self, attempt_id: int, timeout_s: float) -> None:
        """Returns when the attempt's exchange is over, or the time is."""
        event = self._ended.get(attempt_id)
        if event is not None:
            try:
                await asyncio.wait_for(event.wait(), timeout_s)
            except TimeoutError:
                return
