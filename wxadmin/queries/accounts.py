"""Accounts as the dashboard shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.models import Account, Site


@dataclass(frozen=True, slots=True)
class AccountRow:
    """`sites` counts those that are switched on. One whose key was forgotten has no AppSecret."""

    name: str
    title: str
    appid: str
    id: int
    refresh_policy: str
    refresh_active_days: int
    refresh_quota: int | None
    verify_name: str | None
    verified_until: date | None
    has_secret: bool
    created_at: datetime
    disabled_at: datetime | None
    sites: int


_COLUMNS: tuple[Any, ...] = (
    Account.name,
    Account.title,
    Account.appid,
    Account.id,
    Account.refresh_policy,
    Account.refresh_active_days,
    Account.refresh_quota,
    Account.verify_name,
    Account.verified_until,
    Account.secret_sealed.is_not(None),
    Account.created_at,
    Account.disabled_at,
    func.count(Site.id),
)


def all_rows(session: Session, name: str | None = None) -> Sequence[AccountRow]:
    """Every account, those that are on first, then by name; with `name`, that one alone."""
    query = (
        select(*_COLUMNS)
        .outerjoin(Site, (Site.account_id == Account.id) & Site.disabled_at.is_(None))
        .group_by(Account.id)
        .order_by(Account.disabled_at.is_not(None), Account.name)
    )
    if name is not None:
        query = query.where(Account.name == name)
    return [AccountRow(*row) for row in session.execute(query)]


def named(session: Session, name: str) -> AccountRow | None:
    """The account of this name."""
    return next(iter(all_rows(session, name)), None)


def secret_sealed(session: Session, name: str) -> bytes | None:
    """The account's AppSecret, sealed."""
    return session.scalar(select(Account.secret_sealed).where(Account.name == name))
