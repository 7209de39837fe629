"""Where somebody is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Staff, StaffSession

_MARK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in browser; `mark` names it in addresses, and opens nothing."""

    mark: str
    is_this: bool
    created_at: datetime
    seen_at: datetime
    ip: str | None
    user_agent: str


def mark(token_hash: bytes) -> str:
    """What a session is called in an address."""
    return token_hash[:_MARK_BYTES].hex()


def of_person(
    session: Session, name: str, *, now: datetime, idle_since: datetime, this: bytes | None = None
) -> Sequence[Device]:
    """The browsers in which the person is signed in, the last used first; `this` is the one that asks."""
    query = (
        select(StaffSession)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(Staff.name == name, StaffSession.expires_at > now, StaffSession.seen_at > idle_since)
        .order_by(StaffSession.seen_at.desc(), StaffSession.token_hash)
    )
    return [
        Device(
            mark(one.token_hash),
            one.token_hash == this,
            one.created_at,
            one.seen_at,
            one.ip,
            one.user_agent or "",
        )
        for one in session.scalars(query)
    ]
