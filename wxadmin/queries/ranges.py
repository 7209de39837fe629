"""Ranges of days: read from a query string, and cut into the buckets of a chart."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from wxadmin.days import DAY, day_of, last_days, start_of
from wxadmin.errors import BadValue

_WEEK = 7 * DAY
# Ids hold moments up to 2095.
_YEARS = range(2000, 2091)


def read_day(name: str, text: str) -> date:
    """A day as date fields send it. Raises BadValue."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{name} is a day such as 2026-11-20") from None
    if day.year not in _YEARS:
        raise BadValue(f"{name} lies between the years {_YEARS[0]} and {_YEARS[-1]}")
    return day


def read_moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    """A minute of the zone as date-and-time fields send it, in UTC. Raises BadValue."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{name} is a moment such as 2026-11-20T21:58") from None
    if moment.tzinfo is not None or moment.year not in _YEARS:
        raise BadValue(f"{name} is a moment such as 2026-11-20T21:58, without a zone")
    return moment.replace(tzinfo=zone).astimezone(UTC)


def by_day(number: int, now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The bounds of so many days, up to the end of today."""
    days = last_days(number, now, zone)
    return tuple(start_of(day, zone) for day in [*days, days[-1] + DAY])


def by_week(number: int, now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The bounds of so many weeks from Monday to Sunday, up to the end of this one."""
    today = day_of(now, zone)
    monday = today - today.weekday() * DAY
    return tuple(start_of(monday + week * _WEEK, zone) for week in range(1 - number, 2))
