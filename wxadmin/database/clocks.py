"""What time it is where all processes look: the clocks of several hosts may differ by minutes."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.types import UTCDateTime


def shared_now(session: Session) -> datetime:
    """The moment by the database's clock, in UTC. Processes that share an SQLite file are on one host, and share its
    clock."""
    if session.get_bind().dialect.name == "sqlite":
        return utcnow()
    return session.scalars(select(func.clock_timestamp(type_=UTCDateTime))).one()


def snapshot_began(session: Session) -> datetime:
    """A moment, by the same clock, not after the one that a transaction which has read nothing yet will see: whatever
    was committed by then is in it."""
    if session.get_bind().dialect.name == "sqlite":
        return utcnow()
    return session.scalars(select(func.transaction_timestamp(type_=UTCDateTime))).one()
