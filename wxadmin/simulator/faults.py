"""Faults on order: the next calls of an endpoint fail in a chosen way, before or after they take effect."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from .settings import BadInput, number, one_of, whole, yes_or_no

ENDPOINTS = ("authorize", "exchange", "refresh", "userinfo", "auth")
KINDS = ("errcode", "slow", "status", "html", "cut", "drop")


@dataclass(slots=True)
class Fault:
    """`times` is how many calls are still to be hit (None: until cleared), `rate` the share of calls that is."""

    endpoint: str
    kind: str
    errcode: int = -1
    seconds: float = 0.0
    status: int = 502
    times: int | None = None
    rate: float = 1.0
    after: bool = False
    id: int = 0

    def as_dict(self) -> dict[str, object]:
        shown: dict[str, object] = {"id": self.id, "endpoint": self.endpoint, "kind": self.kind}
        return shown | self.detail | {"times": self.times, "rate": self.rate, "after": self.after}

    @property
    def detail(self) -> dict[str, object]:
        """The one field that its kind needs, if any."""
        return {name: getattr(self, name) for kind, name in _DETAIL.items() if kind == self.kind}


class Faults:
    """The faults that are still to come."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._open: dict[str, list[Fault]] = {endpoint: [] for endpoint in ENDPOINTS}
        self._ids = count(1)

    def order(self, fault: Fault) -> None:
        fault.id = next(self._ids)
        self._open[fault.endpoint].append(fault)

    def take(self, endpoint: str) -> Fault | None:
        """The fault that hits this call, oldest order first."""
        for fault in self._open[endpoint]:
            if fault.rate < 1.0 and self._chance.random() >= fault.rate:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._open[endpoint].remove(fault)
            return fault
        return None

    def open(self) -> list[Fault]:
        return [fault for faults in self._open.values() for fault in faults]

    def clear(self) -> None:
        for faults in self._open.values():
            faults.clear()


def read(asked: Mapping[str, object]) -> Fault:
    """The fault that a control request describes. Raises BadInput."""
    if unknown := sorted(asked.keys() - _CHECKS.keys()):
        raise BadInput(f"unknown field {unknown[0]}; there are: {', '.join(_CHECKS)}")
    kind = _CHECKS["kind"]("kind", asked.get("kind"))
    needed = ["endpoint", "kind", *([_DETAIL[str(kind)]] if kind in _DETAIL else [])]
    values = {name: _CHECKS[name](name, asked.get(name)) for name in [*needed, *asked]}
    if "rate" not in values:
        # Without either, one call is meant; with a rate alone, every call until it is cleared.
        values.setdefault("times", 1)
    fault = Fault(endpoint="", kind="")
    for name, value in values.items():
        setattr(fault, name, value)
    return fault


_DETAIL = {"errcode": "errcode", "slow": "seconds", "status": "status"}


def _errcode(name: str, value: object) -> int:
    return -1 if value in (-1, "-1") else whole(1, 10**9)(name, value)


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "endpoint": one_of(*ENDPOINTS),
    "kind": one_of(*KINDS),
    "errcode": _errcode,
    "seconds": number(0.0, 600.0),
    "status": whole(400, 599),
    "times": whole(1, 10**9),
    "rate": number(0.0, 1.0),
    "after": yes_or_no,
}
