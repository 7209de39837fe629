"""Who staff are: by name for signing in, by session for each request, and whether a code is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, selectinload

from wxadmin.models import Role, Staff, StaffKey, StaffSession, StaffSite, StaffTotp


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of the staff. `site_ids` are those that a developer may see; None for everyone else: all of them."""

    id: int
    name: str
    role: Role
    site_ids: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`lacks_code` where a two-step code is demanded of the person, and they have not switched it on yet."""

    identity: Identity
    seen_at: datetime
    lacks_code: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against; `asks_code` where a two-step code comes after the password."""

    staff_id: int
    name: str
    password_hash: str
    asks_code: bool


def credentials(session: Session, name: str) -> Credentials | None:
    """What a password is checked against; None for a name that nobody has or that is switched off."""
    return _credentials(session, Staff.name == name)


def credentials_of(session: Session, staff_id: int) -> Credentials | None:
    """The same of a person whose password was right a moment ago."""
    return _credentials(session, Staff.id == staff_id)


def _credentials(session: Session, is_meant: ColumnElement[bool]) -> Credentials | None:
    row = session.execute(
        select(Staff.id, Staff.name, Staff.password_hash, StaffTotp.confirmed_at.is_not(None))
        .outerjoin(StaffTotp, StaffTotp.staff_id == Staff.id)
        .where(is_meant, Staff.disabled_at.is_(None))
    ).one_or_none()
    return Credentials(*row) if row else None


def asks_code(session: Session, name: str) -> bool:
    """Whether the person signs in with a two-step code."""
    return session.scalar(_TWO_STEP.where(Staff.name == name)) is not None


_TWO_STEP = (
    select(StaffTotp.staff_id).join(Staff, Staff.id == StaffTotp.staff_id).where(StaffTotp.confirmed_at.is_not(None))
)


def is_code_demanded(session: Session, name: str) -> bool:
    """Whether an administrator wants a two-step code of the person."""
    return session.scalar(select(Staff.two_step_demanded_at).where(Staff.name == name)) is not None


def signed_in(session: Session, token_hash: bytes, *, now: datetime, idle_since: datetime) -> SignedIn | None:
    """Who the session is, if it has neither ended nor lain idle since then, and the person is switched on."""
    row = session.execute(
        select(Staff, StaffSession.seen_at, StaffTotp.confirmed_at)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .outerjoin(StaffTotp, StaffTotp.staff_id == Staff.id)
        .where(
            StaffSession.token_hash == token_hash,
            StaffSession.expires_at > now,
            StaffSession.seen_at > idle_since,
            Staff.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    lacks_code = row.Staff.two_step_demanded_at is not None and row.confirmed_at is None
    return SignedIn(identity(session, row.Staff), row.seen_at, lacks_code)


def identity(session: Session, person: Staff) -> Identity:
    """Who somebody is, and which sites they may see."""
    sites = None
    if person.role == Role.DEVELOPER:
        sites = frozenset(session.scalars(select(StaffSite.site_id).where(StaffSite.staff_id == person.id)))
    return Identity(person.id, person.name, Role(person.role), sites)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """`seen_at` is when a browser of theirs that is still signed in was last in use; `asks_code` where a two-step code
    comes after their password, `is_code_demanded` where an administrator wants that; `keys` is how many keys they
    have."""

    name: str
    role: Role
    sites: list[str]
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    asks_code: bool
    is_code_demanded: bool
    keys: int


def all_rows(session: Session, name: str | None = None) -> list[PersonRow]:
    """Every person, those that are on first, then by name; with `name`, that one alone."""
    seen = select(func.max(StaffSession.seen_at)).where(StaffSession.staff_id == Staff.id).scalar_subquery()
    codes = exists().where(StaffTotp.staff_id == Staff.id, StaffTotp.confirmed_at.is_not(None))
    keys = select(func.count()).where(StaffKey.staff_id == Staff.id).scalar_subquery()
    query = (
        select(Staff, seen, codes, keys)
        .order_by(Staff.disabled_at.is_not(None), Staff.name)
        .options(selectinload(Staff.sites))
    )
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
            asks_code=asks_code,
            is_code_demanded=person.two_step_demanded_at is not None,
            keys=keys,
        )
        for person, seen_at, asks_code, keys in session.execute(query)
    ]


def developers(session: Session) -> Sequence[str]:
    """The names of the developers who are on."""
    query = select(Staff.name).where(Staff.role == Role.DEVELOPER, Staff.disabled_at.is_(None))
    return session.scalars(query.order_by(Staff.name)).all()


def named(session: Session, name: str) -> PersonRow | None:
    """The person of this name."""
    return next(iter(all_rows(session, name)), None)
