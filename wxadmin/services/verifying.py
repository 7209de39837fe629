"""Putting right the counts of an hour that differ from its events."""

from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from wxadmin.queries import counts


def repair_hour(session: Session, hour: datetime) -> int:
    """Makes the counts of a UTC hour equal to its events; returns how many rows were wrong, missing or too many.

    For an hour that has been over for some minutes: nothing may be added to it any more.
    """
    wrong = counts.differing(session, hour)
    right = counts.of_events(session, hour) if wrong else {}
    for table in wrong:
        session.execute(delete(table).where(table.hour == hour))  # type: ignore[attr-defined]
        if right[table]:
            session.execute(insert(table), list(right[table]))
    return sum(wrong.values())
