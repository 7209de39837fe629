"""What WeChat's simulator was asked to renew, token by token, held against what the gateway has stored of each."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import httpx

from tests.soak.oracle import Oracle
from wxadmin.wechat.errcodes import Verdict, refresh_verdict

_TOKENS = 'SELECT openid, state, last_code, refreshed_at, failures FROM token JOIN "user" ON "user".id = user_id'
EXPIRED = {
    "sqlite": "SELECT count(*) FROM token WHERE state = 'active' AND expires_at < strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "SELECT count(*) FROM token WHERE state = 'active' AND expires_at < now()",
}
UNSETTLED = "SELECT count(*) FROM token WHERE state = 'active' AND (refreshed_at IS NULL OR failures > 0)"


@dataclass(frozen=True, slots=True)
class Call:
    """One refresh at WeChat. `code` is the errcode that it was answered with; empty where it was renewed, `lost` where
    the answer could not be read."""

    at: float
    code: str

    @property
    def is_dead(self) -> bool:
        return refresh_verdict(self.code) is Verdict.PERMANENT


class Renewals:
    """Asked when the storm is over and no call is in flight."""

    def __init__(self, simulator: httpx.Client) -> None:
        log = simulator.get("/calls", params={"endpoint": "refresh"}, timeout=120).json()["calls"]
        self.calls: dict[str, list[Call]] = defaultdict(list)
        for call in log:
            self.calls[call["openid"] or "nobody"].append(Call(call["at"], _code(call)))

    @property
    def total(self) -> int:
        return sum(map(len, self.calls.values()))

    @property
    def most(self) -> int:
        """Calls for the token that was called for most often."""
        return max(map(len, self.calls.values()), default=0)

    @cached_property
    def codes(self) -> Counter[str]:
        return Counter(call.code for calls in self.calls.values() for call in calls)

    def repeated_within(self, seconds: float) -> list[float]:
        """The gaps that are shorter, between two calls for the same token."""
        return [gap for gap in self._gaps() if gap < seconds]

    def repeated(self) -> int:
        """Calls for a token that had been called for before."""
        return sum(1 for _ in self._gaps())

    def between(self, since: float, until: float) -> int:
        """Calls from one moment to another."""
        return sum(since <= call.at < until for calls in self.calls.values() for call in calls)

    def contradictions(self, oracle: Oracle) -> list[tuple[Any, ...]]:
        """Tokens of which WeChat's last word is not what is stored."""
        return [row for row in oracle.all(_TOKENS) if not self._agrees(*row)]

    def _agrees(self, openid: str, state: str, last_code: str | None, refreshed_at: Any, failures: int) -> bool:
        last = self.calls[openid][-1] if self.calls[openid] else None
        if state == "active":
            return last is not None and last.code == "" and refreshed_at is not None and failures == 0
        return last is not None and last.is_dead and last.code == last_code

    def _gaps(self) -> Iterator[float]:
        for calls in self.calls.values():
            yield from (later.at - earlier.at for earlier, later in pairwise(calls))


def _code(call: dict[str, Any]) -> str:
    if call["fault"] not in {None, "errcode"}:
        return "lost"
    return str(call["errcode"] or "")
