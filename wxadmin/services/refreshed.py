"""What became of refreshes, stored where nothing came in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from sqlalchemy import select

from wxadmin.database.sets import SetUpdate
from wxadmin.models import Token
from wxadmin.refreshing.moods import Fate
from wxadmin.services import house
from wxadmin.services.batch import Batch
from wxadmin.services.facts import CallFact
from wxadmin.services.leases import LeasedToken
from wxadmin.services.tokens import SealedTokens


@dataclass(frozen=True, slots=True)
class Renewed:
    """What WeChat gave; `ends_at` is when the consent behind it does."""

    tokens: SealedTokens
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh was tried: it renewed the token, or left it to its fate.

    Returns whether the result was stored: not where a login or another process came in between.
    """

    refusable: ClassVar[bool] = False

    token: LeasedToken
    call: CallFact
    result: Renewed | Fate

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[bool]:
        ids = sorted({step.token.user_id for step in steps})
        query = select(Token.user_id, Token.version).where(Token.user_id.in_(ids)).order_by(Token.user_id)
        versions = {row.user_id: row.version for row in batch.connection.execute(query.with_for_update())}
        stored = [versions.get(step.token.user_id) == step.token.version for step in steps]
        renewed, left, key_ids = [], [], set()
        for step, is_current in zip(steps, stored, strict=True):
            if is_current and isinstance(step.result, Renewed):
                renewed.append(_end_of_lease(step) | _renewed_columns(step.call, step.result))
                key_ids |= step.result.tokens.key_ids
            elif is_current and isinstance(step.result, Fate):
                left.append(_end_of_lease(step) | _left_columns(step, step.result))
            step.call.record(batch.ledger, step.token.subject, user_id=step.token.user_id)
        house.keep_keys(batch.connection, key_ids)
        _RENEWED.execute(batch.connection, renewed)
        _LEFT.execute(batch.connection, left)
        return stored


def _end_of_lease(step: Refreshed) -> dict[str, object]:
    version = step.token.version + 1
    return {"user_id": step.token.user_id, "lease_owner": None, "lease_until": None, "version": version}


def _renewed_columns(call: CallFact, result: Renewed) -> dict[str, object]:
    return {
        "access_sealed": result.tokens.access_sealed,
        "refresh_sealed": result.tokens.refresh_sealed,
        "expires_at": result.tokens.expires_at,
        "refresh_expires_at": result.ends_at,
        "next_refresh_at": result.tokens.next_refresh_at,
        "refreshed_at": call.at,
        "last_code": None,
        "failures": 0,
        "unknown_since": None,
    }


def _left_columns(step: Refreshed, fate: Fate) -> dict[str, object]:
    return {
        "state": fate.state.value,
        "next_refresh_at": fate.try_again_at,
        "last_code": step.call.code,
        "failures": step.token.failures + 1,
        "unknown_since": fate.unknown_since,
    }


_LEASE = ("lease_owner", "lease_until", "version")
_RENEWED = SetUpdate(
    Token,
    [
        *("access_sealed", "refresh_sealed", "expires_at", "refresh_expires_at", "next_refresh_at", "refreshed_at"),
        *("last_code", "failures", "unknown_since", *_LEASE),
    ],
    key=["user_id"],
)
_LEFT = SetUpdate(
    Token, ["state", "next_refresh_at", "last_code", "failures", "unknown_since", *_LEASE], key=["user_id"]
)
