"""Rows of tokens: each sealed for its own row, in the state that its refreshes left it in."""

from random import Random
from typing import NamedTuple

from wxadmin.models import TokenState
from wxadmin.models.sealed import tokens_bound_to
from wxadmin.sample.bulk import Row
from wxadmin.sample.moments import HOUR, MINUTE, text, text_or_none
from wxadmin.sample.profiles import wechat_token
from wxadmin.sample.refreshing import REFRESH_TOKEN_LIFE, ROUND, Renewed
from wxadmin.security.keys import KeyRing

TOKEN_COLUMNS = (
    *("user_id", "account_id", "access_sealed", "refresh_sealed", "scope", "expires_at", "refresh_expires_at"),
    *("next_refresh_at", "refreshed_at", "state", "last_code", "failures", "version"),
)
_LIFE = 2 * HOUR
_AHEAD = 15 * MINUTE


class Holder(NamedTuple):
    """Whose token it is."""

    user_id: int
    account_id: int
    openid: str


def token_row(keys: KeyRing, rng: Random, holder: Holder, *, scope: str, issued: int, renewed: Renewed | None) -> Row:
    """In the order of TOKEN_COLUMNS; moments in microseconds."""
    rows = tokens_bound_to(holder.account_id, holder.openid)
    access, refresh = (keys.seal(wechat_token(rng), row) for row in rows)
    refreshed = renewed.refreshed if renewed else None
    expires = (refreshed or issued) + _LIFE
    next_refresh = refreshed + ROUND if refreshed else issued + int((_LIFE - _AHEAD) * rng.uniform(0.1, 1.0))
    ended = renewed.ended if renewed else None
    return (
        *(holder.user_id, holder.account_id, access, refresh, scope),
        *(text(expires), text(issued + REFRESH_TOKEN_LIFE), text(ended or next_refresh), text_or_none(refreshed)),
        *((TokenState.NEEDS_CONSENT.value, "42002", 1) if ended else (TokenState.ACTIVE.value, None, 0)),
        # A lease and a result each raise it.
        1 + 2 * (renewed.times if renewed else 0),
    )
