"""What was changed about accounts and sites, for the charts beside which it may explain something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from wxadmin.models import Account, AuditEntry, Site
from wxadmin.queries.hours import Part

MOST = 20
OF_ACCOUNTS = (
    *("account_added", "account_changed", "account_disabled", "account_enabled", "account_secret_replaced"),
    *("refresh_paused", "refresh_resumed"),
)
OF_SITES = (
    *("site_added", "site_changed", "site_disabled", "site_enabled"),
    *("site_key_rotated", "site_handoff_key_made", "site_handoff_key_rotated"),
)
OF_ALL = ("keys_rotated", "key_forgotten")


@dataclass(frozen=True, slots=True)
class Change:
    """`title` is that of the account or site; None where it is neither."""

    at: datetime
    action: str
    title: str | None


def newest(
    session: Session, start: datetime, end: datetime, part: Part, *, is_confined: bool = False
) -> Sequence[Change]:
    """Up to MOST of them, the newest first. Who is confined to some sites is told of changes to those alone."""
    query = (
        select(AuditEntry.at, AuditEntry.action, AuditEntry.subject)
        .where(AuditEntry.at >= start, AuditEntry.at < end, or_(*_concerning(part, is_confined=is_confined)))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(MOST)
    )
    entries = session.execute(query).all()
    accounts, sites = (
        dict(session.execute(select(table.name, table.title)).all()) if entries else {} for table in (Account, Site)
    )
    return [
        Change(at, action, (sites if action in OF_SITES else accounts).get(subject)) for at, action, subject in entries
    ]


def _concerning(part: Part, *, is_confined: bool) -> list[ColumnElement[bool]]:
    """What concerns these sites, and the account that they are of."""
    sites, accounts = select(Site.name), select(Account.name)
    if part.site_ids is not None:
        sites = sites.where(Site.id.in_(part.site_ids))
        accounts = accounts.where(Account.id.in_(select(Site.account_id).where(Site.id.in_(part.site_ids))))
    if part.account_id is not None:
        sites, accounts = sites.where(Site.account_id == part.account_id), accounts.where(Account.id == part.account_id)
    found = [and_(AuditEntry.action.in_(OF_SITES), AuditEntry.subject.in_(sites))]
    if is_confined:
        return found
    return [
        *found,
        and_(AuditEntry.action.in_(OF_ACCOUNTS), AuditEntry.subject.in_(accounts)),
        AuditEntry.action.in_(OF_ALL),
    ]
