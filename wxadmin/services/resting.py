"""Tokens that rest since their account's policy leaves them out, and how they are woken when it no longer does."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.models import Token, TokenState
from wxadmin.services import account_refreshes


def wake_later(session: Session, account_id: int) -> None:
    """Has every token of the account looked at anew, some at a time: there may be a million."""
    account_refreshes.locked(session, account_id).waking_after = 0


def wake(session: Session, account_id: int, *, limit: int) -> int:
    """Has those that rest among the next `limit` tokens of the account come due; returns how many it looked at, less
    than the limit when it is done. Where the policy still leaves them out, they go to rest again."""
    standing = account_refreshes.locked(session, account_id)
    if standing.waking_after is None:
        return 0
    now = shared_now(session)
    of_account = Token.account_id == account_id, Token.state == TokenState.ACTIVE
    query = select(Token.user_id).where(*of_account, Token.user_id > standing.waking_after)
    users = session.scalars(query.order_by(Token.user_id).limit(limit)).all()
    if users:
        among_them = Token.user_id.between(users[0], users[-1])
        rests = Token.next_refresh_at >= Token.refresh_expires_at, Token.refresh_expires_at > now
        woken = update(Token).where(*of_account, among_them, *rests).values(next_refresh_at=now)
        session.execute(woken.execution_options(synchronize_session=False))
    standing.waking_after = users[-1] if len(users) == limit else None
    return len(users)
