"""Who staff are: by name for signing in, by session for each request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Role, Staff, StaffSession, StaffSite


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of the staff. `site_ids` are those that a developer may see; None for everyone else: all of them."""

    id: int
    name: str
    role: Role
    site_ids: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    identity: Identity
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    staff_id: int
    password_hash: str


def credentials(session: Session, name: str) -> Credentials | None:
    """What a password is checked against; None for a name that nobody has or that is switched off."""
    person = session.scalar(select(Staff).where(Staff.name == name, Staff.disabled_at.is_(None)))
    return Credentials(person.id, person.password_hash) if person else None


def signed_in(session: Session, token_hash: bytes, *, now: datetime, idle_since: datetime) -> SignedIn | None:
    """Who the session is, if it has neither ended nor lain idle since then, and the person is switched on."""
    row = session.execute(
        select(Staff.id, Staff.name, Staff.role, StaffSession.seen_at)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_hash == token_hash,
            StaffSession.expires_at > now,
            StaffSession.seen_at > idle_since,
            Staff.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    sites = None
    if row.role == Role.DEVELOPER:
        sites = frozenset(session.scalars(select(StaffSite.site_id).where(StaffSite.staff_id == row.id)))
    return SignedIn(Identity(row.id, row.name, Role(row.role), sites), row.seen_at)
