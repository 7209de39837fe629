"""WeChat's tokens: stored at login, leased and renewed before they expire."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from wxadmin.database.sets import SetInsert, SetUpdate
from wxadmin.models import Token, TokenState, User
from wxadmin.queries.token_states import RESTS
from wxadmin.services.batch import Batch
from wxadmin.services.facts import CallFact
from wxadmin.services.ledger import Subject

REFRESH_TOKEN_LIFETIME = timedelta(days=30)
# A token that lives for minutes must not spend most of its life waiting for its refresh.
_GREATEST_AHEAD = 0.4


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """What WeChat gave, sealed; moments in UTC."""

    access_sealed: bytes
    refresh_sealed: bytes
    scope: tuple[str, ...]
    expires_at: datetime
    next_refresh_at: datetime


def first_refresh_at(issued_at: datetime, expires_in: timedelta, ahead: timedelta) -> datetime:
    """When a token that was just issued is first refreshed: spread over its life, so that tokens issued in one busy
    hour do not come due in one busy minute."""
    last_moment = expires_in - _effective_ahead(expires_in, ahead)
    return issued_at + last_moment * random.uniform(0.1, 1.0)  # noqa: S311, no secret depends on it


def next_refresh_at(refreshed_at: datetime, expires_in: timedelta, ahead: timedelta) -> datetime:
    """When a token that was just refreshed is refreshed again: a little before it must be, by chance. Tokens that once
    fell into the same pass would else stay together for ever, and more would join them."""
    last_moment = expires_in - _effective_ahead(expires_in, ahead)
    return refreshed_at + last_moment * random.uniform(0.9, 1.0)  # noqa: S311, no secret depends on it


def _effective_ahead(expires_in: timedelta, ahead: timedelta) -> timedelta:
    return min(ahead, expires_in * _GREATEST_AHEAD)


def issue(batch: Batch, issued: Mapping[int, tuple[int, SealedTokens]]) -> None:
    """Stores tokens of authorizations of just now: by user id, the account's id and the tokens."""
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


@dataclass(frozen=True, slots=True)
class LeasedToken:
    """A due token that this process may refresh until its lease ends."""

    user_id: int
    account_id: int
    openid: str
    refresh_sealed: bytes
    scope: str
    failures: int
    version: int

    @property
    def subject(self) -> Subject:
        return Subject(self.account_id, None, None, self.scope.rpartition(",")[2], "")


def lease_due(session: Session, *, owner: int, now: datetime, lease: timedelta, limit: int) -> list[LeasedToken]:
    """Takes up to `limit` due tokens that nobody holds, the soonest to expire first."""
    due = (
        select(Token.user_id)
        .where(
            Token.state == TokenState.ACTIVE,
            Token.next_refresh_at <= now,
            or_(Token.lease_until.is_(None), Token.lease_until < now),
            ~RESTS,
        )
        .order_by(Token.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may run a plain subquery again for each row, and then locks more than the limit.
        .cte("due")
    )
    taken = (
        update(Token)
        .where(Token.user_id.in_(select(due.c.user_id)))
        .values(lease_owner=owner, lease_until=now + lease, version=Token.version + 1)
        .returning(Token.user_id, Token.account_id, Token.refresh_sealed, Token.scope, Token.failures, Token.version)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(taken).all()
    people = session.execute(select(User.id, User.openid).where(User.id.in_([row.user_id for row in rows])))
    openids = {person.id: person.openid for person in people}
    return [
        LeasedToken(
            row.user_id,
            row.account_id,
            openids[row.user_id],
            row.refresh_sealed,
            row.scope,
            row.failures,
            row.version,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh was tried. `renewed` where WeChat gave tokens; else the state and when to try again.

    Returns whether the result was stored: not where a login or another process came in between.
    """

    refusable: ClassVar[bool] = False

    token: LeasedToken
    call: CallFact
    renewed: SealedTokens | None
    state: TokenState
    try_again_at: datetime

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[bool]:
        ids = sorted({step.token.user_id for step in steps})
        query = select(Token.user_id, Token.version).where(Token.user_id.in_(ids)).order_by(Token.user_id)
        versions = {row.user_id: row.version for row in batch.connection.execute(query.with_for_update())}
        stored = [versions.get(step.token.user_id) == step.token.version for step in steps]
        current = [step for step, is_current in zip(steps, stored, strict=True) if is_current]
        _RENEWED.execute(batch.connection, [_renewed_row(step, step.renewed) for step in current if step.renewed])
        _FAILED.execute(batch.connection, [_failed_row(step) for step in current if not step.renewed])
        for step in steps:
            step.call.record(batch.ledger, step.token.subject, user_id=step.token.user_id)
        return stored


def _renewed_row(step: Refreshed, renewed: SealedTokens) -> dict[str, object]:
    return {
        "user_id": step.token.user_id,
        "access_sealed": renewed.access_sealed,
        "refresh_sealed": renewed.refresh_sealed,
        "expires_at": renewed.expires_at,
        "next_refresh_at": renewed.next_refresh_at,
        "refreshed_at": step.call.at,
        "last_code": None,
        "failures": 0,
        "lease_owner": None,
        "lease_until": None,
        "version": step.token.version + 1,
    }


def _failed_row(step: Refreshed) -> dict[str, object]:
    return {
        "user_id": step.token.user_id,
        "state": step.state.value,
        "next_refresh_at": step.try_again_at,
        "last_code": step.call.code,
        "failures": step.token.failures + 1,
        "lease_owner": None,
        "lease_until": None,
        "version": step.token.version + 1,
    }


_LEASE_GIVEN_BACK = ("lease_owner", "lease_until", "version")
_RENEWED = SetUpdate(
    Token,
    [
        *("access_sealed", "refresh_sealed", "expires_at", "next_refresh_at", "refreshed_at", "last_code", "failures"),
        *_LEASE_GIVEN_BACK,
    ],
    key=["user_id"],
)
_FAILED = SetUpdate(Token, ["state", "next_refresh_at", "last_code", "failures", *_LEASE_GIVEN_BACK], key=["user_id"])
