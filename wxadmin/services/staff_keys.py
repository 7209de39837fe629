"""Keys by which scripts of the staff ask: made by each for themselves, seen once, revoked at once."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Staff, StaffKey
from wxadmin.queries.staff import Identity
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import audit, names

MOST = 20
_ENDING = 4
# Writing down every request would cost a write a request.
_USED_EVERY = timedelta(minutes=5)


def make(session: Session, owner: Identity, name: str) -> str:
    """Gives the person a key, and returns it, the only time it is seen. Raises BadValue."""
    name = names.line(name.strip(), StaffKey.name)
    if not name:
        raise BadValue(msgid("give the key a name that says which script it is for"), field="name")
    # One after another: two at the same time could be one too many.
    session.execute(select(Staff.id).where(Staff.id == owner.id).with_for_update())
    if (session.scalar(select(func.count()).where(StaffKey.staff_id == owner.id)) or 0) >= MOST:
        raise BadValue(msgid("there are %(most)d keys already: revoke one before"), most=MOST)
    key = f"wxk_{random_text(40)}"
    session.add(
        StaffKey(
            id=draw_rare(),
            staff_id=owner.id,
            name=name,
            key_hash=sha256(key),
            ending=key[-_ENDING:],
            created_at=utcnow(),
        )
    )
    audit.record(session, owner.name, "staff_key_made", owner.name, key=name)
    return key


def revoke(session: Session, key_id: int, *, owner: str, actor: str) -> None:
    """Takes a key of the person away: the next request by it is refused. Raises BadValue."""
    of_owner = select(Staff.id).where(Staff.name == owner).scalar_subquery()
    gone = delete(StaffKey).where(StaffKey.id == key_id, StaffKey.staff_id == of_owner).returning(StaffKey.name)
    name = session.scalar(gone)
    if name is None:
        raise BadValue(msgid("there is no such key: it may have been revoked"))
    audit.record(session, actor, "staff_key_revoked", owner, key=name)


def used(session: Session, key_id: int, now: datetime) -> None:
    """Writes down that the key is in use."""
    session.execute(update(StaffKey).where(StaffKey.id == key_id).values(used_at=now))


def needs_used(used_at: datetime | None, now: datetime) -> bool:
    """Whether so much time has gone by that `used` is worth a write."""
    return used_at is None or now - used_at > _USED_EVERY
