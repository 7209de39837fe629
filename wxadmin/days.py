"""Days as people of a zone count them: when each begins, and on which one a moment falls."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day on which the moment falls there."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """Midnight there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_days(number: int, now: datetime, zone: tzinfo) -> list[date]:
    """So many days up to today, the oldest first."""
    today = day_of(now, zone)
    return [today - back * DAY for back in reversed(range(number))]
