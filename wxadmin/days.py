"""Days as people of a zone count them: when each begins, and on which one a moment falls."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache

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


@dataclass(frozen=True, slots=True)
class Days:
    """From the first to the last of them, both included, as they are counted in a zone."""

    first: date
    last: date
    zone: tzinfo

    @property
    def number(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return start_of(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment that is too late."""
        return start_of(self.last + DAY, self.zone)

    @property
    def midnights(self) -> tuple[datetime, ...]:
        """When each of them begins, and when the last ends."""
        return tuple(start_of(self.first + number * DAY, self.zone) for number in range(self.number + 1))

    def earlier(self, by: int) -> "Days":
        """As many days, so many days before."""
        return Days(self.first - by * DAY, self.last - by * DAY, self.zone)


@cache
def offsets(zone: tzinfo, since: datetime, until_year: int) -> list[tuple[datetime, int]]:
    """How far its clocks are east of Greenwich, in seconds: from which moment on, each time they change, oldest first.
    The first holds before `since` too, the last after the year has begun."""
    until = datetime(until_year, 1, 1, tzinfo=UTC)
    found = [(since, _offset(zone, since))]
    at = since
    while at < until:
        later = at + DAY
        if _offset(zone, later) != found[-1][1]:
            changed = _change(zone, at, later)
            found.append((changed, _offset(zone, changed)))
        at = later
    return found


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The second, between the two, from which the new offset holds."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: tzinfo, at: datetime) -> int:
    there = at.astimezone(zone).utcoffset()
    return int(there.total_seconds()) if there else 0
