"""Who staff are: by name for signing in, by session for each request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

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


@dataclass(frozen=True, slots=True)
class PersonRow:
    """`seen_at` is when a browser of theirs that is still signed in was last in use."""

    name: str
    role: Role
    sites: list[str]
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None


def all_rows(session: Session, name: str | None = None) -> list[PersonRow]:
    """Every person, those that are on first, then by name; with `name`, that one alone."""
    seen = select(func.max(StaffSession.seen_at)).where(StaffSession.staff_id == Staff.id).scalar_subquery()
    query = select(Staff, seen).order_by(Staff.disabled_at.is_not(None), Staff.name).options(selectinload(Staff.sites))
    if name is not None:
        query = query.where(Staff.name == name)
    return [
        PersonRow(
            name=person.name,
            role=Role(person.role),
            sites=[site.name for site in person.sites],
            created_at=person.created_at,
            seen_at=seen_at,
            disabled_at=person.disabled_at,
        )
        for person, seen_at in session.execute(query)
    ]


def named(session: Session, name: str) -> PersonRow | None:
    """The person of this name."""
    return next(iter(all_rows(session, name)), None)
