"""What can be changed while the simulator runs, and the check of what someone asks for."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

ANSWERS = ("ask", "allow", "deny", "follower", "snapshot")


class BadInput(Exception):
    """A control request that cannot be carried out; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Lifetimes in seconds, latency in milliseconds, quota in calls a minute per account and endpoint."""

    answer: str = "ask"
    token_lifetime: int = 7200
    refresh_lifetime: int = 30 * 24 * 3600
    latency_ms: int = 0
    quota: int = 50_000
    people: int = 1_000
    deny_returns_state: bool = False
    unionid: bool = True
    lan_hosts: bool = False

    def changed(self, asked: Mapping[str, object]) -> "Settings":
        """A copy with the asked values. Raises BadInput for an unknown name or a bad value."""
        if unknown := sorted(asked.keys() - _CHECKS.keys()):
            raise BadInput(f"unknown setting {unknown[0]}; there are: {', '.join(_CHECKS)}")
        values: dict[str, Any] = {name: _CHECKS[name](name, value) for name, value in asked.items()}
        return replace(self, **values)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def one_of(*allowed: str) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if value not in allowed:
            raise BadInput(f"{name}: one of {', '.join(allowed)}")
        return str(value)

    return check


def whole(least: int, most: int) -> Callable[[str, object], int]:
    """A whole number; forms send digits as text."""

    def check(name: str, value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise BadInput(f"{name}: a whole number from {least} to {most}")
        return value

    return check


def number(least: float, most: float) -> Callable[[str, object], float]:
    def check(name: str, value: object) -> float:
        try:
            found = float(value) if isinstance(value, int | float | str) else least - 1
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            raise BadInput(f"{name}: a number from {least} to {most}")
        return found

    return check


def yes_or_no(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise BadInput(f"{name}: true or false")


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "answer": one_of(*ANSWERS),
    "token_lifetime": whole(1, 1_000_000),
    "refresh_lifetime": whole(0, 1_000_000_000),
    "latency_ms": whole(0, 600_000),
    "quota": whole(0, 1_000_000_000),
    "people": whole(1, 10**12),
    "deny_returns_state": yes_or_no,
    "unionid": yes_or_no,
    "lan_hosts": yes_or_no,
}
