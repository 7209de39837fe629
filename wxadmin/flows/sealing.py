"""WeChat's tokens on their way into the database and out of it: sealed, each bound to its account and openid."""

from datetime import datetime

from wxadmin.security.keys import KeyRing
from wxadmin.services.tokens import LeasedToken, SealedTokens
from wxadmin.wechat.replies import Grant


def sealed_tokens(keys: KeyRing, account_id: int, grant: Grant, *, expires_at: datetime, due: datetime) -> SealedTokens:
    """The grant's tokens, sealed; `due` is when they are refreshed next."""
    row = _row(account_id, grant.openid)
    return SealedTokens(
        access_sealed=keys.seal(grant.access_token, f"{row}/access"),
        refresh_sealed=keys.seal(grant.refresh_token, f"{row}/refresh"),
        scope=grant.scope,
        expires_at=expires_at,
        next_refresh_at=due,
    )


def opened_refresh_token(keys: KeyRing, token: LeasedToken) -> str:
    """The refresh_token of a leased token."""
    return keys.open(token.refresh_sealed, f"{_row(token.account_id, token.openid)}/refresh")


def _row(account_id: int, openid: str) -> str:
    # The natural key rather than the row's id: a login seals before the database has said whether the user is new.
    return f"token/{account_id}/{openid}"
