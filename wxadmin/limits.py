"""How often somebody may fail: so many times a minute, as far as this process has seen."""

import time
from collections import OrderedDict, deque
from ipaddress import IPv6Network, ip_address

_MINUTE_S = 60
_REMEMBERED = 10_000
# One customer is given a whole one, with more addresses than anybody could count.
_CUSTOMERS_IPV6 = 64


class FailureLimit:
    """Counts failures of one kind. Who fails is the caller's to say: an address, a name, or several of such, each of
    which is counted by itself."""

    def __init__(self, kind: str, *, a_minute: int) -> None:
        self.kind = kind
        self.a_minute = a_minute
        # When the last ones were, the longest quiet first. Names may be as long as a request: their hash is kept.
        self._failures: OrderedDict[int, deque[float]] = OrderedDict()

    def wait(self, *whom: str) -> int:
        """Seconds until all of them may fail once more; 0 where they may now."""
        now = time.monotonic()
        return max((self._wait(hash(one), now) for one in whom), default=0)

    def failed(self, *whom: str) -> None:
        """Counts a failure for each."""
        for one in map(hash, whom):
            failures = self._failures.pop(one, None) or deque(maxlen=self.a_minute)
            failures.append(time.monotonic())
            self._failures[one] = failures
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, whom: str) -> None:
        """Forgets the failures: whoever succeeds now and then is no program that guesses."""
        self._failures.pop(hash(whom), None)

    def _wait(self, one: int, now: float) -> int:
        failures = self._failures.get(one)
        if failures is None or len(failures) < self.a_minute or now - failures[0] >= _MINUTE_S:
            return 0
        return max(1, round(_MINUTE_S - (now - failures[0])))


def customer(ip: str | None) -> str:
    """The part of an address that stands for one customer of a network: all of it, or the first half where it is of
    IPv6."""
    address = ip_address(ip) if ip else None
    if address is None or address.version == 4:
        return str(address)
    return str(IPv6Network((int(address), _CUSTOMERS_IPV6), strict=False))
