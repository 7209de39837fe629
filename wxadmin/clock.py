"""The time, always aware and in UTC."""

from datetime import UTC, datetime
from functools import lru_cache


def utcnow() -> datetime:
    """The moment, in UTC, to the microsecond."""
    return datetime.now(UTC)


@lru_cache(maxsize=1024)
def hour_of(at: datetime) -> datetime:
    """The UTC hour in which `at` falls."""
    return at.replace(minute=0, second=0, microsecond=0)


def milliseconds_between(start: datetime, end: datetime) -> int:
    """Whole milliseconds from start to end; zero where the clock was set back in between."""
    return max(0, round((end - start).total_seconds() * 1000))
