"""Which due tokens a process may refresh, and until when: leased, put aside where no call would help, given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy.orm import Session, aliased

from wxadmin.clock import utcnow
from wxadmin.database.clocks import shared_now
from wxadmin.database.sets import SetUpdate
from wxadmin.ids import Ids
from wxadmin.models import Account, Class, Stage, Token, TokenState, User
from wxadmin.queries.token_states import IS_REFRESHED
from wxadmin.refreshing.policies import Policy, wants
from wxadmin.refreshing.schedule import REFRESH_TOKEN_LIFETIME
from wxadmin.services import account_refreshes
from wxadmin.services.batch import Batch
from wxadmin.services.ledger import Subject

_CONSENT_ENDED = "42002"
"""What WeChat would answer when the thirty days are over."""


@dataclass(frozen=True, slots=True)
class LeasedToken:
    """A token that this process may refresh until its lease ends. `ends_at` is when its consent does; `is_probe` says
    that the other tokens of the account wait for what becomes of this one."""

    user_id: int
    account_id: int
    openid: str
    refresh_sealed: bytes
    scope: str
    failures: int
    unknown_since: datetime | None
    due_at: datetime
    ends_at: datetime
    version: int
    is_probe: bool = False

    @property
    def subject(self) -> Subject:
        return subject_of(self.account_id, self.scope)


@dataclass(frozen=True, slots=True)
class Lease:
    """What was taken at `at` and is held until `until`, both by the clock that all processes share. `more_in` is how
    long until there may be more to take; None where nothing more is due."""

    tokens: Sequence[LeasedToken]
    at: datetime
    until: datetime
    put_aside: int = 0
    more_in: timedelta | None = None


class NoLease(StrEnum):
    """Why a token cannot be leased just now."""

    MISSING = "missing"
    ACCOUNT_OFF = "account_off"
    NEEDS_CONSENT = "needs_consent"
    REFRESHING = "refreshing"


def lease_due(session: Session, account_id: int, *, ids: Ids, node: int, lease: timedelta, limit: int) -> Lease:
    """Takes up to `limit` due tokens of the account that nobody holds, the soonest to expire first, and their calls out
    of its budget; of an account that is held a probe alone, when it is time for one."""
    # Locked before the clock is read: whoever waits here must not lease by a moment that has passed.
    standing = account_refreshes.locked(session, account_id)
    now = shared_now(session)
    account = session.scalar(select(Account).where(Account.id == account_id, IS_REFRESHED))
    if account is None:
        return Lease([], now, now)
    number = account_refreshes.permitted(standing, account.refresh_quota, now, limit)
    due = Token.account_id == account_id, Token.state == TokenState.ACTIVE, Token.next_refresh_at <= now
    rows = _taken(session, *due, node=node, now=now, until=now + lease, limit=number) if number else []
    wanted, aside = _parted(account, rows, now)
    _put_aside(Batch(session.connection(), ids=ids, now=utcnow(), node=node), aside, now)
    tokens = _leased(session, wanted, is_probe=standing.hold is not None)
    account_refreshes.note_calls(standing, account.refresh_quota, now, len(tokens))
    # What came short of the number was all there is, and of an account that is held there is one probe at a time.
    may_be_more = bool(aside) and not tokens if standing.hold else len(rows) == number
    more_in = account_refreshes.wait_for(standing, account.refresh_quota, now, limit) if may_be_more else None
    return Lease(tokens, now, now + lease, len(aside), more_in)


def lease_one(session: Session, user_id: int, *, node: int, lease: timedelta) -> Lease | NoLease:
    """Takes one user's token, due or not and whatever holds its account: somebody asks for it."""
    account = session.scalar(
        select(Account).join(Token, Token.account_id == Account.id).where(Token.user_id == user_id)
    )
    if account is None:
        return NoLease.MISSING
    if account.disabled_at is not None or account.is_sample:
        return NoLease.ACCOUNT_OFF
    standing, now = account_refreshes.locked(session, account.id), shared_now(session)
    alive = Token.user_id == user_id, Token.state == TokenState.ACTIVE
    rows = _taken(session, *alive, node=node, now=now, until=now + lease, limit=1)
    if not rows:
        state = session.scalar(select(Token.state).where(Token.user_id == user_id))
        return NoLease.NEEDS_CONSENT if state == TokenState.NEEDS_CONSENT else NoLease.REFRESHING
    account_refreshes.note_calls(standing, account.refresh_quota, now, 1)
    return Lease(_leased(session, rows, is_probe=standing.hold is not None), now, now + lease)


def give_back(session: Session, tokens: Sequence[LeasedToken]) -> None:
    """Ends leases whose tokens were not called: whoever looks next may take them."""
    rows = [{"user_id": token.user_id, "version": token.version} | _NO_LEASE for token in tokens]
    _GIVEN_BACK.execute(session.connection(), sorted(rows, key=itemgetter("user_id")))


_NO_LEASE = {"lease_owner": None, "lease_until": None}
_GIVEN_BACK = SetUpdate(Token, list(_NO_LEASE), key=["user_id", "version"])


def _taken(
    session: Session, *which: ColumnElement[bool], node: int, now: datetime, until: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Leases up to `limit` of these that nobody holds; the soonest to expire, those first."""
    is_free = or_(Token.lease_until.is_(None), Token.lease_until <= now)
    # The index alone says which: whole rows are read of those that are taken.
    first = select(Token.user_id).where(*which, is_free).order_by(Token.expires_at).limit(limit).subquery()
    current = aliased(Token)
    chosen = select(current.user_id, current.version).join(first, first.c.user_id == current.user_id).cte("chosen")
    taken = (
        update(Token)
        # A login may come in between, and its token is not due.
        .where(Token.user_id == chosen.c.user_id, Token.version == chosen.c.version)
        .values(lease_owner=node, lease_until=until, version=Token.version + 1)
        .returning(*_ROW)
        .execution_options(synchronize_session=False)
    )
    return sorted(session.execute(taken), key=attrgetter("expires_at"))


_ROW = (
    *(Token.user_id, Token.account_id, Token.refresh_sealed, Token.scope, Token.expires_at, Token.refresh_expires_at),
    *(Token.next_refresh_at, Token.failures, Token.unknown_since, Token.version),
)


def _leased(session: Session, rows: Sequence[Row[Any]], *, is_probe: bool) -> list[LeasedToken]:
    people = session.execute(select(User.id, User.openid).where(User.id.in_([row.user_id for row in rows])))
    openids = {person.id: person.openid for person in people}
    return [
        LeasedToken(
            user_id=row.user_id,
            account_id=row.account_id,
            openid=openids[row.user_id],
            refresh_sealed=row.refresh_sealed,
            scope=row.scope,
            failures=row.failures,
            unknown_since=row.unknown_since,
            due_at=row.next_refresh_at,
            ends_at=row.refresh_expires_at,
            version=row.version,
            is_probe=is_probe,
        )
        for row in rows
    ]


def _parted(account: Account, rows: Sequence[Row[Any]], now: datetime) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """Those that are worth a call, and those that are not."""
    parts: tuple[list[Row[Any]], list[Row[Any]]] = [], []
    for row in rows:
        is_wanted = wants(
            Policy(account.refresh_policy),
            account.refresh_active_days,
            is_explicit="snsapi_userinfo" in row.scope,
            authorized_at=row.refresh_expires_at - REFRESH_TOKEN_LIFETIME,
            now=now,
        )
        parts[not (is_wanted and row.refresh_expires_at > now)].append(row)
    return parts


def _put_aside(batch: Batch, rows: Sequence[Row[Any]], now: datetime) -> None:
    """Those whose thirty days are over are dead, without a call that could say nothing else; the others rest until
    then."""
    ended = [row for row in rows if row.refresh_expires_at <= now]
    resting = [row for row in rows if row.refresh_expires_at > now]
    _ENDED.execute(batch.connection, [_ended_row(row) for row in sorted(ended, key=attrgetter("user_id"))])
    _RESTING.execute(batch.connection, [_resting_row(row) for row in sorted(resting, key=attrgetter("user_id"))])
    for row in ended:
        subject = subject_of(row.account_id, row.scope)
        batch.ledger.record(
            subject, Stage.REFRESH, Class.FAILURE, at=batch.now, code=_CONSENT_ENDED, user_id=row.user_id
        )
    batch.close()


def _ended_row(row: Row[Any]) -> dict[str, object]:
    state = TokenState.NEEDS_CONSENT.value
    return {"user_id": row.user_id, "state": state, "last_code": _CONSENT_ENDED, **_NO_LEASE}


def _resting_row(row: Row[Any]) -> dict[str, object]:
    until = max(row.refresh_expires_at, row.expires_at)
    return {"user_id": row.user_id, "next_refresh_at": until, **_NO_LEASE}


_ENDED = SetUpdate(Token, ["state", "last_code", *_NO_LEASE], key=["user_id"])
_RESTING = SetUpdate(Token, ["next_refresh_at", *_NO_LEASE], key=["user_id"])


def subject_of(account_id: int, scope: str) -> Subject:
    """What events of a token's refreshes are about."""
    return Subject(account_id, None, None, scope.rpartition(",")[2], "")
