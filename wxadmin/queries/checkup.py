"""What the doctor reads in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from wxadmin.models import Account, Attempt, AuditEntry, Event, KeyInUse, Role, Staff

_UNSAFE = text(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') "
    "AND setting = 'off' ORDER BY name"
)


def unsafe_settings(session: Session) -> Mapping[str, str]:
    """PostgreSQL's settings that cost durability, with their values."""
    if session.get_bind().dialect.name == "sqlite":
        return {}
    return {row.name: row.setting for row in session.execute(_UNSAFE)}


def needed_key_ids(session: Session) -> Sequence[str]:
    """The keys that something may be sealed under."""
    return session.scalars(select(KeyInUse.key_id).order_by(KeyInUse.key_id)).all()


def admins(session: Session) -> int:
    """How many may administer."""
    query = select(func.count()).select_from(Staff).where(Staff.role == Role.ADMIN, Staff.disabled_at.is_(None))
    return session.scalars(query).one()


def oldest(session: Session) -> tuple[datetime | None, datetime | None]:
    """When the oldest step that is still there happened, and the oldest entry of the audit log was made."""
    step = session.scalar(select(Event.at).order_by(Event.id).limit(1))
    return step, session.scalar(select(AuditEntry.at).order_by(AuditEntry.id).limit(1))


def newest_addresses(session: Session, *, limit: int) -> Sequence[str]:
    """Where the newest visitors came from, as far as it was seen."""
    newest = select(Attempt.ip).order_by(Attempt.id.desc()).limit(limit)
    return [ip for ip in session.scalars(newest) if ip]


def verify_bodies(session: Session) -> Mapping[str, str]:
    """What the ownership file of each account holds, by the account's name."""
    query = select(Account.name, Account.verify_body).where(Account.verify_body.is_not(None))
    return {name: body for name, body in session.execute(query) if body is not None}
