"""Putting right the counts of an hour that differ from its events."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.queries import counts
from wxadmin.settings import SHORTEST_KEPT_DAYS


def repair_hour(session: Session, hour: datetime) -> int:
    """Makes the counts of a UTC hour equal to its events; returns how many rows were wrong, missing or too many.

    For an hour that has been over for some minutes: nothing may be added to it any more. One whose events may have been
    purged is left as it is, since its counts are all that is known of it.
    """
    if hour < utcnow() - timedelta(days=SHORTEST_KEPT_DAYS - 1):
        return 0
    wrong = counts.differing(session, hour)
    right = counts.of_events(session, hour) if wrong else {}
    for table in wrong:
        session.execute(delete(table).where(table.hour == hour))  # type: ignore[attr-defined]
        if right[table]:
            session.execute(insert(table), list(right[table]))
    return sum(wrong.values())
