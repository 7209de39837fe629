"""Tokens by account and state, consents by the day on which they end, refreshes by result."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, FailureHourFactory, SiteFactory, StepHourFactory, TokenFactory, UserFactory
from wxadmin.clock import hour_of, utcnow
from wxadmin.days import DAY, day_of
from wxadmin.models import Account, Class, Stage
from wxadmin.queries import standing
from wxadmin.queries.standing import RefreshResult, Standing
from wxadmin.queries.token_states import TokenHealth

BEIJING = ZoneInfo("Asia/Shanghai")
NOW = utcnow()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def account(session: Session) -> Account:
    made: Account = AccountFactory(title="青禾茶铺")
    return made


def token(account: Account, *traits: str, **columns: Any) -> None:
    user = UserFactory(site=SiteFactory(account=account))
    TokenFactory(user=user, **dict.fromkeys(traits, True), **columns)


def stand(session: Session) -> Standing:
    session.flush()
    return standing.standing(session, now=NOW, zone=BEIJING)


def test_nobody_has_no_standing(session: Session, account: Account) -> None:
    found = stand(session)

    assert (found.accounts, found.lag, found.dying) == ([], timedelta(), 0)


def test_every_state_is_counted_by_account(session: Session, account: Account) -> None:
    token(account)
    token(account)
    token(account, next_refresh_at=NOW - MINUTE)
    token(account, expires_at=NOW - MINUTE, next_refresh_at=NOW - 16 * MINUTE)
    token(account, "needs_consent")
    token(account, "needs_consent", scope="snsapi_base")
    token(AccountFactory(sample=True), expires_at=NOW - MINUTE, next_refresh_at=NOW - 99 * MINUTE)

    found = stand(session)

    assert dict(found.accounts[0].states) == {
        TokenHealth.FRESH: 2,
        TokenHealth.DUE: 1,
        TokenHealth.LATE: 1,
        TokenHealth.NEEDS_CONSENT: 1,
        TokenHealth.NEXT_VISIT: 1,
    }
    assert dict(found.accounts[1].states) == {TokenHealth.RESTING: 1}
    assert found.lag == 16 * MINUTE


def test_only_explicit_consents_that_are_valid_end_on_a_day(session: Session, account: Account) -> None:
    for days in (1, 1, 20):
        token(account, refresh_expires_at=NOW + days * DAY)
    token(account, scope="snsapi_base", refresh_expires_at=NOW + DAY)
    token(account, "needs_consent", refresh_expires_at=NOW + DAY)

    found = stand(session)

    assert dict(found.ending) == {day_of(NOW + DAY, BEIJING): 2, day_of(NOW + 20 * DAY, BEIJING): 1}
    assert found.dying == 2


def test_a_consent_that_has_ended_is_not_about_to(session: Session, account: Account) -> None:
    token(account, refresh_expires_at=NOW - DAY)

    found = stand(session)

    assert found.dying == 0


def test_refreshes_are_counted_by_result(session: Session) -> None:
    hour = hour_of(NOW)
    refresh = {"hour": hour, "stage": Stage.REFRESH.value}
    StepHourFactory(**refresh, event_class=Class.OK.value, events=40)
    StepHourFactory(hour=hour, event_class=Class.OK.value, events=7)
    FailureHourFactory(**refresh, code="42002", events=3)
    FailureHourFactory(**refresh, code="-1", events=5)
    FailureHourFactory(hour=hour, code="40029", events=9)
    session.flush()

    results = standing.refreshes(session, [hour])

    assert results == [RefreshResult("", 40), RefreshResult("-1", 5), RefreshResult("42002", 3)]
