"""Runs of starts that hardly anybody came back from, and how long one must be before it is no chance."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil, log
from typing import NamedTuple

FEWEST = 8
"""So many who are not back may be chance, whatever is usual."""
LEAST_USUAL = 0.5
"""Where fewer come back on any day, a run of those who do not says nothing."""
# One who came back outweighs so many who did not: in a run, fewer than a fifth came back.
_WEIGHT = 4
# What a run may be by chance: one in so many.
_CHANCE = 1e-5
# Some take longer than a start is given before it is looked at.
_PROMPT = 0.85


class Start(NamedTuple):
    """A login that sent its visitor to WeChat."""

    id: int
    site_id: int
    scope: str
    at: datetime
    is_back: bool
    is_sent: bool = True


class Run(NamedTuple):
    """The newest starts, the first of them at `since`."""

    since: datetime
    started: int
    returned: int

    @property
    def score(self) -> int:
        """How many more did not come back than those who did outweigh."""
        return _score(self.started, self.returned)


def newest_run(starts: Sequence[Start]) -> Run | None:
    """The run that ends with the newest start, given first; None where it is too short to say anything."""
    best = returned = longest = returned_of_it = 0
    for started, one in enumerate(starts, start=1):
        returned += one.is_back
        if (score := _score(started, returned)) > best:
            best, longest, returned_of_it = score, started, returned
    return Run(starts[longest - 1].at, longest, returned_of_it) if best >= FEWEST else None


def _score(started: int, returned: int) -> int:
    return started - returned - _WEIGHT * returned


def enough(usual: float | None) -> float:
    """The score from which on a run is told, where `usual` is the share that comes back; endless where that is low.
    Where nobody has ever come back, the fewest will do: more likely than chance is that nobody can."""
    if usual is None:
        return FEWEST
    if usual < LEAST_USUAL:
        return float("inf")
    return max(FEWEST, ceil(log(_CHANCE) / log(1 - _PROMPT * usual)))
