"""How refreshing stands at each account: what holds it, since when, and when it is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.models import Account, AccountRefresh, Hold, Token, TokenState
from wxadmin.queries.token_states import IS_REFRESHED


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """`code` is WeChat's errcode or a reason of the gateway's, `actor` whoever of the staff paused it."""

    account_id: int
    name: str
    title: str
    hold: Hold
    code: str | None
    actor: str | None
    since: datetime
    probe_at: datetime | None


def held(session: Session) -> Sequence[HeldAccount]:
    """The accounts that are on and whose tokens are not refreshed for now, by name."""
    query = (
        select(
            Account.id,
            Account.name,
            Account.title,
            AccountRefresh.hold,
            AccountRefresh.hold_code,
            AccountRefresh.hold_by,
            AccountRefresh.held_at,
            AccountRefresh.probe_at,
        )
        .join(AccountRefresh, AccountRefresh.account_id == Account.id)
        .where(AccountRefresh.hold.is_not(None), Account.disabled_at.is_(None))
        .order_by(Account.name)
    )
    return [
        HeldAccount(account_id, name, title, Hold(hold), *rest)  # type: ignore[arg-type]
        for account_id, name, title, hold, *rest in session.execute(query)
    ]


def due(session: Session) -> Sequence[int]:
    """The accounts whose tokens may be refreshed now and of which some are due, by the clock that all processes
    share."""
    now = shared_now(session)
    is_due = exists().where(
        Token.state == TokenState.ACTIVE,
        Token.account_id == Account.id,
        Token.next_refresh_at <= now,
        or_(Token.lease_until.is_(None), Token.lease_until <= now),
    )
    query = (
        select(Account.id)
        .outerjoin(AccountRefresh, AccountRefresh.account_id == Account.id)
        .where(IS_REFRESHED, or_(AccountRefresh.hold.is_(None), AccountRefresh.probe_at <= now), is_due)
        .order_by(Account.id)
    )
    return session.scalars(query).all()


def waking(session: Session) -> Sequence[int]:
    """The accounts whose resting tokens are being looked at anew, after a change of policy."""
    query = select(AccountRefresh.account_id).where(AccountRefresh.waking_after.is_not(None))
    return session.scalars(query.order_by(AccountRefresh.account_id)).all()
