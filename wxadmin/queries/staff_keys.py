"""Keys of staff for their scripts: whose they are, and who asks by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Staff, StaffKey
from wxadmin.queries.staff import Identity, identity


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key without its value; `ending` are its last signs."""

    id: int
    name: str
    ending: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyInHand:
    """A key that somebody asks by, and who they are."""

    id: int
    identity: Identity
    used_at: datetime | None


def of_person(session: Session, name: str) -> Sequence[KeyRow]:
    """The keys of a person, newest first."""
    columns = (StaffKey.id, StaffKey.name, StaffKey.ending, StaffKey.created_at, StaffKey.used_at)
    query = select(*columns).join(Staff, Staff.id == StaffKey.staff_id).where(Staff.name == name)
    return [KeyRow(*row) for row in session.execute(query.order_by(StaffKey.created_at.desc(), StaffKey.id))]


def in_hand(session: Session, key_hash: bytes) -> KeyInHand | None:
    """Whose key it is; None for one that was never made or is revoked, and where its owner is switched off."""
    row = session.execute(
        select(StaffKey.id, StaffKey.used_at, Staff)
        .join(Staff, Staff.id == StaffKey.staff_id)
        .where(StaffKey.key_hash == key_hash, Staff.disabled_at.is_(None))
    ).one_or_none()
    return KeyInHand(row.id, identity(session, row.Staff), row.used_at) if row else None
