"""How all tokens stand, by account, when consents end, and what became of the refreshes of a day."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.clock import hour_of
from wxadmin.days import day_of
from wxadmin.models import Account, Class, FailureHour, Stage, StepHour, Token
from wxadmin.queries import late_tokens
from wxadmin.queries.late_tokens import LateTokens
from wxadmin.queries.token_states import TokenHealth, health, is_overdue, is_valid

DYING_WITHIN = timedelta(days=3)
_DEAD = {TokenHealth.NEEDS_CONSENT, TokenHealth.NEXT_VISIT}


@dataclass(slots=True)
class AccountStanding:
    """The tokens of one account, by state; `due_since` is when the longest overdue of them was due. `living` counts
    those whose consent has not ended by the hour in which it will, `explicit` those of them that are explicit."""

    account_id: int
    title: str
    states: Counter[TokenHealth] = field(default_factory=Counter)
    due_since: datetime | None = None
    living: Counter[datetime] = field(default_factory=Counter)
    explicit: int = 0


@dataclass(slots=True)
class Standing:
    """As of `at`. `valid` counts tokens that can be used or are just being refreshed, `ending` explicit consents by the
    day on which they end, `dying` those that end soon; `late` is why tokens have expired before they were renewed."""

    at: datetime
    accounts: list[AccountStanding]
    ending: Counter[date]
    dying: int
    valid: int = 0
    late: Sequence[LateTokens] = ()

    @property
    def tokens(self) -> int:
        return sum(account.states.total() for account in self.accounts)

    def of(self, *states: TokenHealth) -> int:
        return sum(account.states[state] for account in self.accounts for state in states)

    def of_account(self, account_id: int) -> AccountStanding | None:
        """None where the account has no token."""
        return next((account for account in self.accounts if account.account_id == account_id), None)

    @property
    def lag(self) -> timedelta:
        """How long the longest overdue token has been waiting for its refresh."""
        return max((self.at - account.due_since for account in self.accounts if account.due_since), default=timedelta())


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """`code` is empty for refreshes that went well."""

    code: str
    refreshes: int


def standing(session: Session, *, now: datetime, zone: tzinfo) -> Standing:
    """Looks at every token, which takes some tenths of a second for a million."""
    found = Standing(now, [], Counter(), 0)
    accounts = {account.id: AccountStanding(account.id, account.title) for account in session.scalars(select(Account))}
    for row in session.execute(_by_account_and_end(session, now)):
        account, state = accounts[row.account_id], TokenHealth(row.state)
        account.states[state] += row.tokens
        found.valid += row.tokens if row.is_valid else 0
        if row.due_since:
            account.due_since = min(account.due_since or row.due_since, row.due_since)
        if state in _DEAD:
            continue
        ends_at = _moment(row.ends_at)
        if ends_at >= hour_of(now):
            account.living[ends_at] += row.tokens
            account.explicit += row.tokens if row.is_explicit else 0
        if row.is_explicit:
            found.ending[day_of(ends_at, zone)] += row.tokens
            found.dying += row.tokens if hour_of(now) <= ends_at <= now + DYING_WITHIN else 0
    found.accounts = sorted((one for one in accounts.values() if one.states), key=lambda one: -one.states.total())
    if found.of(TokenHealth.LATE):
        found.late = late_tokens.by_reason(session, now=now)
    return found


def refreshes(session: Session, hours: Collection[datetime]) -> list[RefreshResult]:
    """What became of the refreshes in these hours: those that went well first, then by how many failed alike."""
    went_well = select(func.coalesce(func.sum(StepHour.events), 0)).where(
        StepHour.hour.in_(hours), StepHour.stage == Stage.REFRESH, StepHour.event_class == Class.OK
    )
    failed = (
        select(FailureHour.code, func.sum(FailureHour.events).label("events"))
        .where(FailureHour.hour.in_(hours), FailureHour.stage == Stage.REFRESH)
        .group_by(FailureHour.code)
        .order_by(func.sum(FailureHour.events).desc(), FailureHour.code)
    )
    results = [RefreshResult(code, events) for code, events in session.execute(failed)]
    return [RefreshResult("", session.scalars(went_well).one()), *results]


def _by_account_and_end(session: Session, now: datetime) -> Any:
    # Named in a subquery: PostgreSQL does not see that two expressions with parameters are the same.
    tokens = select(
        Token.account_id,
        case((is_overdue(now), Token.next_refresh_at)).label("due_since"),
        health(now).label("state"),
        Token.scope.contains("snsapi_userinfo").label("is_explicit"),
        is_valid(now).label("is_valid"),
        _hour(session, Token.refresh_expires_at).label("ends_at"),
    ).subquery()
    key = (tokens.c.account_id, tokens.c.state, tokens.c.is_explicit, tokens.c.is_valid, tokens.c.ends_at)
    return select(*key, func.count().label("tokens"), func.min(tokens.c.due_since).label("due_since")).group_by(*key)


def _hour(session: Session, moment: InstrumentedAttribute[datetime]) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(moment, 1, 13)
    return func.date_trunc("hour", moment, "UTC")


def _moment(hour: str | datetime) -> datetime:
    return datetime.fromisoformat(hour).replace(tzinfo=UTC) if isinstance(hour, str) else hour
