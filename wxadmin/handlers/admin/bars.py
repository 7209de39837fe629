"""What the bars of a chart over time are called, and where they lead."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

_HALF_AN_HOUR = timedelta(minutes=30)


def bars(
    bounds: Sequence[datetime],
    zone: tzinfo,
    address: Callable[[Mapping[str, str]], str | None],
    *,
    is_by_day: bool,
) -> list[tuple[str, str | None]]:
    """The label of each bar and the list behind it: `address` leads to what the filters of the list of attempts, as
    they are given to it, leave of its day or hour."""
    starts = [bound.astimezone(zone) for bound in bounds[:-1]]
    if is_by_day:
        return [(f"{start:%m-%d}", address(dict.fromkeys(("from", "to"), f"{start:%Y-%m-%d}"))) for start in starts]
    return [(f"{start:%H:%M}", address(_hour(start))) for start in starts]


def _hour(start: datetime) -> Mapping[str, str]:
    return {"around": f"{start + _HALF_AN_HOUR:%Y-%m-%dT%H:%M}", "within": "30"}
