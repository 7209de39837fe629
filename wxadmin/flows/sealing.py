"""WeChat's tokens on their way into the database and out of it: sealed, each bound to its account and openid."""

from datetime import datetime

from wxadmin.models.sealed import tokens_bound_to
from wxadmin.queries.access_tokens import SealedAccess
from wxadmin.security.keys import KeyRing
from wxadmin.services.leases import LeasedToken
from wxadmin.services.tokens import SealedTokens
from wxadmin.wechat.replies import Grant


def sealed_tokens(keys: KeyRing, account_id: int, grant: Grant, *, expires_at: datetime, due: datetime) -> SealedTokens:
    """The grant's tokens, sealed; `due` is when they are refreshed next."""
    access_row, refresh_row = tokens_bound_to(account_id, grant.openid)
    return SealedTokens(
        access_sealed=keys.seal(grant.access_token, access_row),
        refresh_sealed=keys.seal(grant.refresh_token, refresh_row),
        scope=grant.scope,
        expires_at=expires_at,
        next_refresh_at=due,
    )


def opened_refresh_token(keys: KeyRing, token: LeasedToken) -> str:
    """The refresh_token of a leased token."""
    _, refresh_row = tokens_bound_to(token.account_id, token.openid)
    return keys.open(token.refresh_sealed, refresh_row)


def opened_access_token(keys: KeyRing, token: SealedAccess) -> str:
    """The access_token of a user."""
    access_row, _ = tokens_bound_to(token.account_id, token.openid)
    return keys.open(token.access_sealed, access_row)
