"""Whether a trouble is over: its code has not come for an hour, and people have logged in since."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import hour_of
from wxadmin.models import FailureHour, LoginHour
from wxadmin.queries.hours import Part

_QUIET_FOR = timedelta(hours=1)


def is_over(session: Session, code: str, part: Part, *, since: datetime, now: datetime) -> bool:
    """Whether the code, met at `since` in this part of the logins, is past. By full hours, so that it is called over
    after an hour at the earliest; that nobody comes any more is no sign that it is."""
    newest = (
        select(FailureHour.hour)
        .where(FailureHour.hour >= hour_of(since), FailureHour.code == code, *part.of(FailureHour))
        .order_by(FailureHour.hour.desc())
        .limit(1)
    )
    last = session.scalar(newest) or hour_of(since)
    if last >= hour_of(now) - _QUIET_FOR:
        return False
    logged_in = select(LoginHour.hour).where(LoginHour.hour > last, LoginHour.succeeded > 0, *part.of(LoginHour))
    return session.scalar(logged_in.limit(1)) is not None
