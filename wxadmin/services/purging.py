"""What has been kept long enough is deleted by primary key, few rows at a time; the counts by hour outlive it.

Ids carry the time at which they were drawn, so the oldest rows are the first ones of the primary key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, AuditEntry, Event, StaffSession
from wxadmin.settings import SHORTEST_KEPT_DAYS

Purgeable = type[Event] | type[Attempt] | type[AuditEntry]

# The last steps of an attempt are written some minutes after it began: it goes when they have gone.
_ATTEMPT_OUTLIVES = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days steps and attempts, and entries of the audit log, are kept."""

    events_days: int
    audit_days: int

    def before(self, kind: Purgeable, now: datetime) -> int:
        """The first id that is kept: of no kind younger than the law wants it kept."""
        days = self.audit_days if kind is AuditEntry else self.events_days
        kept = timedelta(days=max(days, SHORTEST_KEPT_DAYS))
        return first_id_at(now - kept - (_ATTEMPT_OUTLIVES if kind is Attempt else timedelta()))


@dataclass(frozen=True, slots=True)
class Batch:
    """How many rows were deleted, and the id that the next batch begins after; None where there is none."""

    rows: int
    last: int | None


KINDS: tuple[Purgeable, ...] = (Event, Attempt, AuditEntry)


def delete_batch(session: Session, kind: Purgeable, *, after: int, before: int, limit: int) -> Batch:
    """Deletes up to `limit` of the oldest rows between these ids. Begun after the last batch, it does not walk again
    over what that one has left of itself in the index."""
    oldest = select(kind.id).where(kind.id > after, kind.id < before).order_by(kind.id).limit(limit)
    ids = session.scalars(oldest).all()
    if not ids:
        return Batch(0, None)
    session.execute(delete(kind).where(kind.id > after, kind.id <= ids[-1]))
    return Batch(len(ids), ids[-1] if len(ids) == limit else None)


def delete_sessions(session: Session, *, now: datetime) -> int:
    """Deletes sign-ins that have ended by themselves; returns how many."""
    over = delete(StaffSession).where(StaffSession.expires_at < now)
    return session.execute(over).rowcount  # type: ignore[attr-defined,no-any-return]
