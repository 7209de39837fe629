"""How long steps take, and how often one thing happens rather than another."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from math import exp
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

T = TypeVar("T")
_BITS = 10


class Durations:
    """Milliseconds that spread about a median as answers of servers and people do; drawing one is a look-up."""

    def __init__(self, median_ms: float, spread: float) -> None:
        quantiles = ((number + 0.5) / (1 << _BITS) for number in range(1 << _BITS))
        self._ms = [round(median_ms * exp(spread * NormalDist().inv_cdf(quantile))) for quantile in quantiles]

    def draw(self, rng: Random) -> int:
        return self._ms[rng.getrandbits(_BITS)]


class Shares(Generic[T]):
    """Things with the share in which each of them comes."""

    def __init__(self, *shares: tuple[T, float]) -> None:
        self._things = [thing for thing, _ in shares]
        self._bounds = list(accumulate(share for _, share in shares))

    def draw(self, rng: Random) -> T:
        return self._things[bisect(self._bounds, rng.random() * self._bounds[-1])]


def pick(things: Sequence[T], number: int) -> T:
    """The thing that a number stands for; the same each time."""
    return things[number % len(things)]


def any_of(things: Sequence[T], rng: Random) -> T:
    """One of them, each as likely as the others; several times as fast as Random.choice."""
    return things[int(rng.random() * len(things))]
