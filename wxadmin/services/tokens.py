"""WeChat's tokens, as logins store them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wxadmin.database.sets import SetInsert
from wxadmin.models import Token, TokenState
from wxadmin.refreshing.schedule import REFRESH_TOKEN_LIFETIME
from wxadmin.security.keys import key_id
from wxadmin.services import house
from wxadmin.services.batch import Batch


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """What WeChat gave, sealed; moments in UTC."""

    access_sealed: bytes
    refresh_sealed: bytes
    scope: tuple[str, ...]
    expires_at: datetime
    next_refresh_at: datetime

    @property
    def key_ids(self) -> set[str]:
        """The keys that they are sealed under."""
        return {key_id(self.access_sealed), key_id(self.refresh_sealed)}


def issue(batch: Batch, issued: Mapping[int, tuple[int, SealedTokens]]) -> None:
    """Stores tokens of authorizations of just now: by user id, the account's id and the tokens."""
    house.keep_keys(batch.connection, {key for _, tokens in issued.values() for key in tokens.key_ids})
    _ISSUED.execute(
        batch.connection,
        [
            {
                "user_id": user_id,
                "account_id": account_id,
                "access_sealed": tokens.access_sealed,
                "refresh_sealed": tokens.refresh_sealed,
                "scope": ",".join(tokens.scope),
                "expires_at": tokens.expires_at,
                "refresh_expires_at": batch.now + REFRESH_TOKEN_LIFETIME,
                "next_refresh_at": tokens.next_refresh_at,
                "refreshed_at": None,
                "state": TokenState.ACTIVE.value,
                "last_code": None,
                "failures": 0,
                "unknown_since": None,
                "lease_owner": None,
                "lease_until": None,
                "version": 1,
            }
            for user_id, (account_id, tokens) in sorted(issued.items())
        ],
    )


_ISSUED = SetInsert(
    Token,
    key=["user_id"],
    # A login wins over a refresh in flight: the version that the refresh read is no longer the stored one.
    changes=lambda stored, proposed: {
        **{column.name: column for column in proposed if column.name not in {"user_id", "version"}},
        "version": stored.version + proposed.version,
    },
)
