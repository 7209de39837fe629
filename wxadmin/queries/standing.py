"""How all tokens stand, by account, when consents end, and what became of the refreshes of a day."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.clock import hour_of
from wxadmin.days import day_of
from wxadmin.models import Account, Class, FailureHour, Stage, StepHour, Token
from wxadmin.queries.token_states import TokenHealth, health

DYING_WITHIN = timedelta(days=3)
_DEAD = {TokenHealth.NEEDS_CONSENT, TokenHealth.NEXT_VISIT}
_OVERDUE = {TokenHealth.DUE, TokenHealth.LATE, TokenHealth.REFRESHING}


@dataclass(slots=True)
class AccountStanding:
    """The tokens of one account, by state; `due_since` is when the longest overdue of them was due."""

    title: str
    states: Counter[TokenHealth] = field(default_factory=Counter)
    due_since: datetime | None = None


@dataclass(slots=True)
class Standing:
    """As of `at`. `ending` counts explicit consents by the day on which they end, `dying` those that end soon."""

    at: datetime
    accounts: list[AccountStanding]
    ending: Counter[date]
    dying: int

    def of(self, *states: TokenHealth) -> int:
        return sum(account.states[state] for account in self.accounts for state in states)

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
    accounts = {account.id: AccountStanding(account.title) for account in session.scalars(select(Account))}
    for row in session.execute(_by_account_and_end(session, now)):
        account, state = accounts[row.account_id], TokenHealth(row.state)
        account.states[state] += row.tokens
        if state in _OVERDUE:
            account.due_since = min(account.due_since or row.due_since, row.due_since)
        if row.is_explicit and state not in _DEAD:
            ends_at = _moment(row.ends_at)
            found.ending[day_of(ends_at, zone)] += row.tokens
            found.dying += row.tokens if hour_of(now) <= ends_at <= now + DYING_WITHIN else 0
    found.accounts = sorted((one for one in accounts.values() if one.states), key=lambda one: -one.states.total())
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
        Token.next_refresh_at,
        health(now).label("state"),
        Token.scope.contains("snsapi_userinfo").label("is_explicit"),
        _hour(session, Token.refresh_expires_at).label("ends_at"),
    ).subquery()
    key = (tokens.c.account_id, tokens.c.state, tokens.c.is_explicit, tokens.c.ends_at)
    return select(*key, func.count().label("tokens"), func.min(tokens.c.next_refresh_at).label("due_since")).group_by(
        *key
    )


def _hour(session: Session, moment: InstrumentedAttribute[datetime]) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(moment, 1, 13)
    return func.date_trunc("hour", moment, "UTC")


def _moment(hour: str | datetime) -> datetime:
    return datetime.fromisoformat(hour).replace(tzinfo=UTC) if isinstance(hour, str) else hour
