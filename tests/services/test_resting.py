"""Tokens that rest are woken when the policy changes, some at a time."""

from datetime import timedelta

from sqlalchemy.orm import Session

from tests.factories import AccountFactory, SiteFactory, TokenFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.models import Account, AccountRefresh, Site, Token
from wxadmin.services import resting

DAY = timedelta(days=1)


def resting_token(site: Site, **changes: object) -> Token:
    ends_at = utcnow() + 20 * DAY
    given = {"user": UserFactory(site=site), "refresh_expires_at": ends_at, "next_refresh_at": ends_at}
    token: Token = TokenFactory(**given | changes)
    return token


def wake_all(session: Session, account: Account, limit: int) -> list[int]:
    """How many tokens each turn looked at."""
    session.flush()
    looked_at = []
    while session.get_one(AccountRefresh, account.id).waking_after is not None:
        looked_at.append(resting.wake(session, account.id, limit=limit))
    session.flush()
    session.expire_all()
    return looked_at


def test_all_that_rest_come_due_and_the_others_stay_as_they_are(session: Session) -> None:
    account = AccountFactory()
    site = SiteFactory(account=account)
    asleep = [resting_token(site) for _ in range(4)]
    awake = TokenFactory(user=UserFactory(site=site))
    due_before = awake.next_refresh_at
    resting.wake_later(session, account.id)

    looked_at = wake_all(session, account, limit=2)

    now = utcnow()
    assert looked_at == [2, 2, 1]
    assert all(token.next_refresh_at <= now for token in asleep)
    assert awake.next_refresh_at == due_before


def test_dead_tokens_those_whose_consent_has_ended_and_those_of_others_are_let_be(session: Session) -> None:
    account = AccountFactory()
    site = SiteFactory(account=account)
    tokens = [
        resting_token(site, needs_consent=True),
        resting_token(site, refresh_expires_at=utcnow() - DAY),
        resting_token(SiteFactory()),
    ]
    before = [token.next_refresh_at for token in tokens]
    resting.wake_later(session, account.id)

    wake_all(session, account, limit=100)

    assert [token.next_refresh_at for token in tokens] == before


def test_an_account_whose_policy_did_not_change_wakes_nobody(session: Session) -> None:
    account = AccountFactory()
    token = resting_token(SiteFactory(account=account))
    session.flush()

    looked_at = resting.wake(session, account.id, limit=100)

    assert looked_at == 0
    assert token.next_refresh_at == token.refresh_expires_at
