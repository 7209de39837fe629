"""What a process remembers of its database for some minutes: sums that nothing is added to any more."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

KEPT_S = 600.0
_MOST = 20_000


class Memory:
    """Shared by the threads that read. Nothing is remembered for longer than `seconds`, so that whatever changed the
    past all the same is seen soon; of more than `most` answers the oldest go."""

    def __init__(
        self, seconds: float = KEPT_S, *, most: int = _MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable) -> Any:
        """None where nothing is remembered."""
        with self._lock:
            until, answer = self._kept.get(key, (0.0, None))
            return answer if self._clock() < until else None

    def keep(self, key: Hashable, answer: Any) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock() + self._seconds, answer)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
