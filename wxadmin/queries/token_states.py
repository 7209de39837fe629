"""What state a user's token is in, as staff are told it: computed from the row, never stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from wxadmin.models import Account, AccountRefresh, Token, TokenState
from wxadmin.models.account import SAMPLE_APPID_PREFIX
from wxadmin.refreshing.policies import Policy


class TokenHealth(StrEnum):
    """PAUSED ought to be renewed, and its account's refreshing is held; LATE has expired before it was renewed; RESTING
    has expired where nobody renews (`RESTS`). NEEDS_CONSENT and NEXT_VISIT are dead: explicit consent must be asked for
    again, a silent one comes back by itself at the next visit. NONE was never stored, or is stored no longer."""

    FRESH = "fresh"
    DUE = "due"
    REFRESHING = "refreshing"
    BACKING_OFF = "backing_off"
    PAUSED = "paused"
    LATE = "late"
    RESTING = "resting"
    NEEDS_CONSENT = "needs_consent"
    NEXT_VISIT = "next_visit"
    NONE = "none"


IS_REFRESHED = and_(
    Account.disabled_at.is_(None),
    Account.refresh_policy != Policy.NONE,
    ~Account.appid.startswith(SAMPLE_APPID_PREFIX),
)
"""Whether an account's tokens are renewed at all: it is on, no sample, and has not chosen otherwise."""

_RESTING_ACCOUNTS = select(Account.id).where(~IS_REFRESHED)
_WITH_PROFILE = Token.scope.contains("snsapi_userinfo")

RESTS: ColumnElement[bool] = or_(
    Token.account_id.in_(_RESTING_ACCOUNTS),
    # It was put to rest when it came due (services/leases.py).
    Token.next_refresh_at >= Token.refresh_expires_at,
)
"""Whether nobody renews the token: its account is off or made up, or its policy leaves it out."""

_HELD = Token.account_id.in_(select(AccountRefresh.account_id).where(AccountRefresh.hold.is_not(None)))


def health(now: datetime) -> ColumnElement[str]:
    """The state as a column, for a query in which Token is joined, if need be by an outer join."""
    dead = Token.state == TokenState.NEEDS_CONSENT
    return case(
        (Token.user_id.is_(None), TokenHealth.NONE.value),
        (and_(dead, _WITH_PROFILE), TokenHealth.NEEDS_CONSENT.value),
        (dead, TokenHealth.NEXT_VISIT.value),
        (Token.lease_until > now, TokenHealth.REFRESHING.value),
        (and_(Token.expires_at <= now, RESTS), TokenHealth.RESTING.value),
        (and_(_HELD, ~RESTS, _wants_a_refresh(now)), TokenHealth.PAUSED.value),
        (Token.expires_at <= now, TokenHealth.LATE.value),
        (Token.failures > 0, TokenHealth.BACKING_OFF.value),
        (and_(Token.next_refresh_at <= now, ~RESTS), TokenHealth.DUE.value),
        else_=TokenHealth.FRESH.value,
    )


def is_valid(now: datetime) -> ColumnElement[bool]:
    """Whether the token can be used, or is just being refreshed."""
    return and_(Token.state == TokenState.ACTIVE, or_(Token.expires_at > now, _is_leased(now)))


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Whether its refresh is due and has not been made."""
    is_due = and_(Token.state == TokenState.ACTIVE, Token.next_refresh_at <= now)
    return and_(is_due, or_(~RESTS, _is_leased(now)))


def _is_leased(now: datetime) -> ColumnElement[bool]:
    return func.coalesce(Token.lease_until > now, false())


def _wants_a_refresh(now: datetime) -> ColumnElement[bool]:
    return or_(Token.expires_at <= now, Token.next_refresh_at <= now, Token.failures > 0)
