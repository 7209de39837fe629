"""Which days a page is asked for: one of the usual ranges, or whatever days are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wxadmin.clock import hour_of
from wxadmin.days import DAY, Days, day_of, last_days
from wxadmin.errors import BadValue
from wxadmin.queries.ranges import read_day

FIELDS = ("range", "from", "to")
RANGES = ("today", "yesterday", "7", "30")
GIVEN = "days"
"""The range where the days are given themselves."""
MOST_DAYS = 92

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChosenDays:
    """`range` is one of RANGES or GIVEN."""

    range: str
    days: Days

    @property
    def is_by_day(self) -> bool:
        """Whether a bar of a chart is a day, not an hour."""
        return self.days.number > 1

    def bounds(self, now: datetime) -> tuple[datetime, ...]:
        """Of the bars of a chart; of a day that is not over, up to the end of the hour that runs."""
        if self.is_by_day:
            return self.days.midnights
        hours = max(1, (min(self.days.end, hour_of(now) + _HOUR) - self.days.start) // _HOUR)
        return tuple(self.days.start + hour * _HOUR for hour in range(hours + 1))


def read(asked: Mapping[str, str], now: datetime, zone: ZoneInfo, *, usual: str) -> ChosenDays:
    """The days that are given, if any are; else the range, or the `usual` one. Raises BadValue."""
    given = {name: read_day(name, asked[name]) for name in ("from", "to") if name in asked}
    if given:
        return ChosenDays(GIVEN, _given(given, now, zone))
    range_ = asked.get("range", usual)
    if range_ not in RANGES:
        raise BadValue(f"range is one of {', '.join(RANGES)}; other days are given by from and to")
    return of_range(range_, now, zone)


def of_range(range_: str, now: datetime, zone: ZoneInfo) -> ChosenDays:
    """The days that are one of RANGES now."""
    today = day_of(now, zone)
    if range_ == "yesterday":
        return ChosenDays(range_, Days(today - DAY, today - DAY, zone))
    return ChosenDays(range_, Days(last_days(1 if range_ == "today" else int(range_), now, zone)[0], today, zone))


def _given(given: Mapping[str, date], now: datetime, zone: ZoneInfo) -> Days:
    """From one to the other; up to today where only the first is given, and one alone where only the last is."""
    first = given.get("from") or given["to"]
    last = given.get("to") or max(first, day_of(now, zone))
    if first > last:
        raise BadValue("from is not later than to")
    if (last - first).days >= MOST_DAYS:
        raise BadValue(f"from and to are at most {MOST_DAYS} days")
    return Days(first, last, zone)
