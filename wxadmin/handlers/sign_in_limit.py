"""How often signing in may fail: a few times a minute, for one address and for one name."""

import time
from collections import OrderedDict

_FAILURES_A_MINUTE = 5
_REMEMBERED = 10_000


class SignInLimit:
    """Counts failures in this process. A name is limited as well as an address, since addresses are cheap."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, *whom: str) -> int:
        """Seconds until any of them may try again; 0 where all may now."""
        now = time.monotonic()
        return max((self._wait(one, now) for one in whom), default=0)

    def failed(self, *whom: str) -> None:
        """Counts a failure for each."""
        now = time.monotonic()
        for one in whom:
            recent = [at for at in self._failures.pop(one, []) if now - at < 60]
            self._failures[one] = [*recent, now][-_FAILURES_A_MINUTE:]
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def _wait(self, one: str, now: float) -> int:
        recent = [at for at in self._failures.get(one, []) if now - at < 60]
        return 0 if len(recent) < _FAILURES_A_MINUTE else max(1, round(60 - (now - recent[0])))
