"""Sign-ins of staff: a session begins, is looked up at each request, and ends at once when told."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from wxadmin.models import StaffSession
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
