"""How many calls an account may make, so that all processes together never make more than its quota in any minute.

The budget is a moment: until then the calls that were taken last, one every few milliseconds. Whoever takes some moves
it on; it may run ahead of the clock by a few seconds, but no further. Counts by the clock's minute would allow twice
the quota around the turn of a minute, and whose clock WeChat goes by is not known.
"""

from datetime import datetime, timedelta

WECHATS_QUOTA = 50_000
_MINUTE = timedelta(minutes=1)
# How far calls may be taken ahead of their even pace.
_BURST = timedelta(seconds=5)
# How much later than it was taken a call may be made: the pace is set so that this harms nothing.
_LATENESS = timedelta(seconds=5)


def allowance(quota: int, budget_until: datetime | None, now: datetime) -> int:
    """How many calls may be taken now; `quota` is in calls a minute."""
    pace = _pace(quota)
    return max(0, (now + max(_BURST, pace) - _begin(budget_until, now)) // pace)


def taken(quota: int, budget_until: datetime | None, now: datetime, calls: int) -> datetime:
    """The budget after so many calls were taken."""
    return _begin(budget_until, now) + calls * _pace(quota)


def wait_for(quota: int, budget_until: datetime | None, now: datetime, calls: int) -> timedelta:
    """How long until so many calls may be taken, or as many as ever may be at once."""
    burst = max(_BURST, _pace(quota))
    return max(timedelta(), _begin(budget_until, now) + min(calls * _pace(quota), burst) - burst - now)


def _pace(quota: int) -> timedelta:
    return (_MINUTE + _BURST + _LATENESS) / quota


def _begin(budget_until: datetime | None, now: datetime) -> datetime:
    return max(budget_until or now, now)
