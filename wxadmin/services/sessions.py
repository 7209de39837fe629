"""Sign-ins of staff: a session begins, is looked up at each request, and ends at once when told."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wxadmin.models import StaffSession
from wxadmin.queries import staff_sessions
from wxadmin.queries.staff import Identity
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import audit

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=12)
# Writing down every page view would cost a write a page.
_SEEN_EVERY = timedelta(minutes=5)


def begin(session: Session, staff_id: int, *, name: str, now: datetime, ip: str | None, user_agent: str) -> str:
    """Begins a session and returns its token, the only time it is seen."""
    token = random_text(32)
    session.add(
        StaffSession(
            token_hash=sha256(token),
            staff_id=staff_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME,
            ip=ip,
            user_agent=user_agent[:256],
        )
    )
    audit.record(session, name, "signed_in", name)
    return token


def seen(session: Session, token_hash: bytes, now: datetime) -> None:
    """Writes down that the session is in use."""
    session.execute(update(StaffSession).where(StaffSession.token_hash == token_hash).values(seen_at=now))


def needs_seen(seen_at: datetime, now: datetime) -> bool:
    """Whether so much time has gone by that `seen` is worth a write."""
    return now - seen_at > _SEEN_EVERY


def end(session: Session, token_hash: bytes, *, name: str) -> None:
    """Signs out."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == token_hash))
    audit.record(session, name, "signed_out", name)


def end_one(session: Session, owner: Identity, mark: str) -> None:
    """Ends the session of that mark, if the person has such a one: it may have ended by itself."""
    hashes = session.scalars(select(StaffSession.token_hash).where(StaffSession.staff_id == owner.id)).all()
    ended = [token_hash for token_hash in hashes if staff_sessions.mark(token_hash) == mark]
    if ended:
        session.execute(delete(StaffSession).where(StaffSession.token_hash.in_(ended)))
        audit.record(session, owner.name, "session_ended", owner.name)


def end_others(session: Session, owner: Identity, token_hash: bytes) -> None:
    """Ends all sessions of the person but this one."""
    others = delete(StaffSession).where(StaffSession.staff_id == owner.id, StaffSession.token_hash != token_hash)
    ended = session.scalars(others.returning(StaffSession.token_hash)).all()
    if ended:
        audit.record(session, owner.name, "other_sessions_ended", owner.name, rows=len(ended))
