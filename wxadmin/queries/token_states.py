"""What state a user's token is in, as staff are told it: computed from the row, never stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, or_, select

from wxadmin.models import Account, Token, TokenState
from wxadmin.models.account import SAMPLE_APPID_PREFIX


class TokenHealth(StrEnum):
    """LATE has expired before it was renewed; RESTING has expired where nobody renews (`RESTS`). NEEDS_CONSENT and
    NEXT_VISIT are dead: explicit consent must be asked for again, a silent one comes back by itself at the next visit.
    NONE was never stored, or is stored no longer."""

    FRESH = "fresh"
    DUE = "due"
    REFRESHING = "refreshing"
    BACKING_OFF = "backing_off"
    LATE = "late"
    RESTING = "resting"
    NEEDS_CONSENT = "needs_consent"
    NEXT_VISIT = "next_visit"
    NONE = "none"


_RESTING_ACCOUNTS = select(Account.id).where(
    or_(
        Account.disabled_at.is_not(None),
        Account.refresh_policy == "none",
        Account.appid.startswith(SAMPLE_APPID_PREFIX),
    )
)
_WITH_PROFILE = Token.scope.contains("snsapi_userinfo")
_USERINFO_ACCOUNTS = select(Account.id).where(Account.refresh_policy == "userinfo")

RESTS: ColumnElement[bool] = or_(
    Token.account_id.in_(_RESTING_ACCOUNTS), and_(Token.account_id.in_(_USERINFO_ACCOUNTS), ~_WITH_PROFILE)
)
"""Whether nobody renews the token: its account is off or made up, or has chosen not to."""


def health(now: datetime) -> ColumnElement[str]:
    """The state as a column, for a query in which Token is joined, if need be by an outer join."""
    dead = Token.state == TokenState.NEEDS_CONSENT
    return case(
        (Token.user_id.is_(None), TokenHealth.NONE.value),
        (and_(dead, _WITH_PROFILE), TokenHealth.NEEDS_CONSENT.value),
        (dead, TokenHealth.NEXT_VISIT.value),
        (Token.lease_until > now, TokenHealth.REFRESHING.value),
        (and_(Token.expires_at <= now, RESTS), TokenHealth.RESTING.value),
        (Token.expires_at <= now, TokenHealth.LATE.value),
        (Token.failures > 0, TokenHealth.BACKING_OFF.value),
        (and_(Token.next_refresh_at <= now, ~RESTS), TokenHealth.DUE.value),
        else_=TokenHealth.FRESH.value,
    )
