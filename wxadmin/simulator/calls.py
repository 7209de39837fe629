"""The log of calls that tests read as their oracle: no token, no code, only hashes of them."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

KEPT = 200_000


@dataclass(slots=True)
class Call:
    """One call, filled in while it is answered. An errcode of None: a fault came before anything was decided."""

    endpoint: str
    seq: int = 0
    at: float = 0.0
    appid: str = ""
    errcode: int | None = None
    openid: str = ""
    scope: str = ""
    code: bytes = b""
    refresh_token: bytes = b""
    fault: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "seq": self.seq,
            "at": self.at,
            "endpoint": self.endpoint,
            "appid": self.appid or None,
            "errcode": self.errcode,
            "openid": self.openid or None,
            "scope": self.scope or None,
            "code": self.code.hex() or None,
            "refresh_token": self.refresh_token.hex() or None,
            "fault": self.fault or None,
        }


def digest(value: str) -> bytes:
    """SHA-256 of a code or refresh_token, by which a test finds its own."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()


class CallLog:
    """The newest calls, and totals since the last clearing."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._totals: Counter[tuple[str, int | None]] = Counter()
        self._seq = 0
        self.exchanged = 0

    def add(self, call: Call, at: float) -> None:
        self._seq += 1
        call.seq, call.at = self._seq, at
        self._calls.append(call)
        self._totals[call.endpoint, call.errcode] += 1

    def since(self, seq: int, endpoint: str = "") -> Iterator[Call]:
        """Calls after `seq`, oldest first."""
        first = self._seq - len(self._calls)
        for call in islice(self._calls, max(seq - first, 0), None):
            if not endpoint or call.endpoint == endpoint:
                yield call

    def newest(self, count: int) -> list[Call]:
        return list(islice(reversed(self._calls), count))

    def clear(self) -> None:
        """Forget calls and totals; numbering goes on, so that a reader's `since` stays right."""
        self._calls.clear()
        self._totals.clear()
        self.exchanged = 0

    def stats(self) -> dict[str, object]:
        """Calls by endpoint and errcode (`none`: a fault came first), and codes exchanged successfully."""
        totals: dict[str, dict[str, int]] = {}
        for (endpoint, errcode), count in sorted(self._totals.items(), key=str):
            totals.setdefault(endpoint, {})["none" if errcode is None else str(errcode)] = count
        return {"calls": totals, "exchanged": self.exchanged}
