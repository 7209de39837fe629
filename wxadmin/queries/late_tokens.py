"""Tokens that expired before they were renewed, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.models import Account, AccountRefresh, Hold, Token
from wxadmin.queries.token_states import TokenHealth, health


@dataclass(frozen=True, slots=True)
class LateTokens:
    """Of one account, for one reason: `code` is what their last refresh ended with, None where none failed; `hold` is
    why the account's tokens are not refreshed for now. `since` is when the first of them expired."""

    account: str
    title: str
    hold: Hold | None
    code: str | None
    tokens: int
    since: datetime


def by_reason(session: Session, *, now: datetime) -> Sequence[LateTokens]:
    """The most first. Looks at every token, which takes some tenths of a second for a million."""
    late = (
        select(
            Token.account_id, Token.last_code, func.count().label("tokens"), func.min(Token.expires_at).label("since")
        )
        .where(Token.expires_at <= now, health(now).in_([TokenHealth.LATE.value, TokenHealth.PAUSED.value]))
        .group_by(Token.account_id, Token.last_code)
        .subquery()
    )
    query = (
        select(Account.name, Account.title, AccountRefresh.hold, late.c.last_code, late.c.tokens, late.c.since)
        .join(late, late.c.account_id == Account.id)
        .outerjoin(AccountRefresh, AccountRefresh.account_id == Account.id)
        .order_by(late.c.tokens.desc(), Account.name)
    )
    return [
        LateTokens(name, title, Hold(hold) if hold else None, code, tokens, since)
        for name, title, hold, code, tokens, since in session.execute(query)
    ]
