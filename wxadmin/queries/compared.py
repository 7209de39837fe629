"""Logins of some days beside those of the days before, and of one day beside the same weekday of the week before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wxadmin.clock import hour_of
from wxadmin.days import Days, day_of
from wxadmin.queries import hours
from wxadmin.queries.hours import Logins, Part

WEEK = 7


@dataclass(frozen=True, slots=True)
class Pair:
    """Logins of all the days, and of what of them was over by the last full hour: that alone compares. `is_over` where
    those are the same."""

    whole: Logins
    so_far: Logins
    is_over: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """`week_before` only of a single day."""

    days: Days
    here: Pair
    before: Pair
    week_before: Pair | None


def compared(session: Session, days: Days, part: Part, now: datetime) -> Compared:
    """Counts by hour, so where the days are not over, the hour that runs compares with nothing."""
    missing = _missing(days, now)
    here, before = (_pair(session, span, part, missing) for span in (days, days.earlier(days.number)))
    week_before = _pair(session, days.earlier(WEEK), part, missing) if days.number == 1 else None
    return Compared(days, here, before, week_before)


def _missing(days: Days, now: datetime) -> timedelta:
    """How much of the days is not over yet, or of the hour that runs."""
    today = day_of(now, days.zone)
    if days.last < today:
        return timedelta()
    return days.end - max(hour_of(now), days.start)


def _pair(session: Session, days: Days, part: Part, missing: timedelta) -> Pair:
    whole = hours.logins(session, days.midnights, part)
    if not missing:
        return Pair(whole, whole, is_over=True)
    rest = hours.logins(session, (days.end - missing, days.end), part)
    return Pair(whole, whole - rest, is_over=False)
