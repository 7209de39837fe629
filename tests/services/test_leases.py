"""Leases: taken by one process at a time, the soonest to expire first, within the account's budget, given back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.databases import on_postgresql
from tests.factories import (
    AccountFactory,
    AccountRefreshFactory,
    SiteFactory,
    TokenFactory,
    UserFactory,
)
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.models import Account, AccountRefresh, Event, Token, User
from wxadmin.services import leases
from wxadmin.services.leases import Lease, LeasedToken, NoLease

LEASE = timedelta(minutes=1)
DAY = timedelta(days=1)
IDS = Ids(node=3_999)


@pytest.fixture
def account(session: Session) -> Account:
    made: Account = AccountFactory()
    return made


def due(account: Account, **changes: Any) -> Token:
    token: Token = TokenFactory(**{"due": True, "user": UserFactory(site=SiteFactory(account=account))} | changes)
    return token


def lease(session: Session, account: Account, limit: int = 100, node: int = 1) -> Lease:
    session.flush()
    taken = leases.lease_due(session, account.id, ids=IDS, node=node, lease=LEASE, limit=limit)
    session.flush()
    session.expire_all()
    return taken


def users(taken: Lease) -> list[int]:
    return [token.user_id for token in taken.tokens]


def standing(session: Session, account: Account) -> AccountRefresh:
    return session.get_one(AccountRefresh, account.id)


def test_a_due_token_is_leased_with_what_its_refresh_needs(session: Session, account: Account) -> None:
    token = due(account, version=4, failures=2)

    taken = lease(session, account, node=9)

    openid = session.get_one(User, token.user_id).openid
    assert taken.tokens == [
        LeasedToken(
            user_id=token.user_id,
            account_id=account.id,
            openid=openid,
            refresh_sealed=b"sealed refresh",
            scope=token.scope,
            failures=2,
            unknown_since=None,
            due_at=token.next_refresh_at,
            ends_at=token.refresh_expires_at,
            version=5,
        )
    ]
    assert (token.lease_owner, token.lease_until, token.version) == (9, taken.until, 5)


def test_the_soonest_to_expire_come_first(session: Session, account: Account) -> None:
    now = utcnow()
    minutes = [50, 10, 40, 20, 30]
    by_minute = {number: due(account, expires_at=now + timedelta(minutes=number)).user_id for number in minutes}

    taken = [users(lease(session, account, limit=2)) for _ in range(3)]

    assert taken == [[by_minute[10], by_minute[20]], [by_minute[30], by_minute[40]], [by_minute[50]]]


def test_a_leased_token_is_left_alone_until_its_lease_has_ended(session: Session, account: Account) -> None:
    held = due(account, leased=True)
    ended = due(account, leased=True, lease_until=utcnow() - timedelta(seconds=1))

    taken = lease(session, account)

    assert users(taken) == [ended.user_id]
    assert held.lease_owner == 7


def test_tokens_that_are_not_due_need_consent_or_are_of_others_are_left_out(session: Session, account: Account) -> None:
    due(account, due=False)
    due(account, needs_consent=True)
    due(AccountFactory())

    taken = lease(session, account)

    assert (taken.tokens, taken.more_in) == ([], None)


@pytest.mark.parametrize("changes", [{"refresh_policy": "none"}, {"disabled": True}, {"sample": True}])
def test_accounts_that_are_not_refreshed_are_left_out(session: Session, changes: dict[str, object]) -> None:
    account = AccountFactory(**changes)
    token = due(account)

    taken = lease(session, account)

    assert taken.tokens == []
    assert token.next_refresh_at < utcnow()


def test_an_account_that_is_gone_leases_nothing(session: Session, account: Account) -> None:
    taken = leases.lease_due(session, account.id + 1, ids=IDS, node=1, lease=LEASE, limit=10)

    assert taken.tokens == []


def test_what_the_policy_leaves_out_rests_until_its_consent_ends(session: Session) -> None:
    account = AccountFactory(refresh_policy="userinfo")
    silent, explicit = due(account, scope="snsapi_base"), due(account)

    taken = lease(session, account)

    assert users(taken) == [explicit.user_id]
    assert taken.put_aside == 1
    assert (silent.next_refresh_at, silent.lease_owner, silent.state) == (silent.refresh_expires_at, None, "active")
    assert lease(session, account).put_aside == 0


def test_where_only_the_active_are_refreshed_those_who_have_not_come_for_days_rest(session: Session) -> None:
    account = AccountFactory(refresh_policy="active", refresh_active_days=7)
    lately = due(account, refresh_expires_at=utcnow() + 24 * DAY)
    long_ago = due(account, refresh_expires_at=utcnow() + 22 * DAY)

    taken = lease(session, account)

    assert users(taken) == [lately.user_id]
    assert long_ago.next_refresh_at == long_ago.refresh_expires_at


def test_a_token_whose_thirty_days_are_over_is_not_called_and_needs_consent(session: Session, account: Account) -> None:
    token = due(account, refresh_expires_at=utcnow() - timedelta(seconds=1))

    taken = lease(session, account)

    [event] = session.scalars(select(Event).where(Event.user_id == token.user_id))
    assert (taken.tokens, taken.put_aside) == ([], 1)
    assert (token.state, token.last_code, token.lease_owner) == ("needs_consent", "42002", None)
    assert (event.stage, event.event_class, event.code) == ("refresh", "failure", "42002")
    assert standing(session, account).window_calls == 0


def test_a_full_lease_says_that_there_may_be_more_and_a_short_one_that_there_is_not(
    session: Session, account: Account
) -> None:
    for _ in range(3):
        due(account)

    first, second = lease(session, account, limit=2), lease(session, account, limit=2)

    assert (first.more_in, second.more_in) == (timedelta(), None)


def test_what_was_put_aside_is_no_end_of_what_is_due(session: Session) -> None:
    account = AccountFactory(refresh_policy="userinfo")
    now = utcnow()
    for _ in range(2):
        due(account, scope="snsapi_base", expires_at=now)
    explicit = due(account)

    first, second = lease(session, account, limit=2), lease(session, account, limit=2)

    assert (first.tokens, first.put_aside, first.more_in) == ([], 2, timedelta())
    assert users(second) == [explicit.user_id]


def test_no_more_is_leased_than_the_quota_allows_over_all_processes(session: Session) -> None:
    account = AccountFactory(refresh_quota=140)
    for _ in range(30):
        due(account)

    first, second = lease(session, account, node=1), lease(session, account, node=2)

    # Five seconds' worth of what makes 140 a minute, with some spare.
    assert len(first.tokens) == 10
    assert len(second.tokens) <= 1
    assert timedelta() < second.more_in <= timedelta(seconds=1)  # type: ignore[operator]


@pytest.mark.parametrize("hold", [{"paused": True}, {"misconfigured": True, "probe_at": utcnow() + timedelta(hours=1)}])
def test_an_account_that_is_held_leases_nothing(session: Session, account: Account, hold: dict[str, object]) -> None:
    AccountRefreshFactory(account=account, **hold)
    due(account)

    taken = lease(session, account)

    assert (taken.tokens, taken.more_in) == ([], None)


def test_of_an_account_that_is_held_one_probe_at_a_time_is_leased(session: Session, account: Account) -> None:
    AccountRefreshFactory(account=account, misconfigured=True)
    for _ in range(3):
        due(account)

    first, second = lease(session, account), lease(session, account)

    assert [token.is_probe for token in first.tokens] == [True]
    assert second.tokens == []
    assert standing(session, account).probe_at > utcnow() + timedelta(minutes=2)  # type: ignore[operator]


def test_a_probe_is_no_token_that_nobody_would_call(session: Session, account: Account) -> None:
    AccountRefreshFactory(account=account, misconfigured=True)
    due(account, refresh_expires_at=utcnow() - DAY, expires_at=utcnow() - DAY)
    alive = due(account)

    first, second = lease(session, account), lease(session, account)

    assert (first.tokens, first.put_aside, first.more_in) == ([], 1, timedelta())
    assert users(second) == [alive.user_id]


def test_a_lease_that_was_given_back_is_free_for_the_next(session: Session, account: Account) -> None:
    token = due(account)
    taken = lease(session, account, node=1)

    leases.give_back(session, taken.tokens)
    again = lease(session, account, node=2)

    assert users(again) == [token.user_id]
    assert token.lease_owner == 2


def test_a_lease_that_is_given_back_too_late_is_not_taken_from_its_new_owner(
    session: Session, account: Account
) -> None:
    token = due(account)
    late = lease(session, account, node=1)
    token.lease_until = utcnow() - timedelta(seconds=1)
    lease(session, account, node=2)

    leases.give_back(session, late.tokens)

    session.expire_all()
    assert token.lease_owner == 2


def test_one_token_is_leased_though_it_is_not_due_and_its_account_held(session: Session, account: Account) -> None:
    AccountRefreshFactory(account=account, paused=True)
    token = due(account, due=False)
    session.flush()

    taken = leases.lease_one(session, token.user_id, node=4, lease=LEASE)

    assert isinstance(taken, Lease)
    assert users(taken) == [token.user_id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"needs_consent": True}, NoLease.NEEDS_CONSENT), ({"leased": True}, NoLease.REFRESHING)],
)
def test_one_token_that_cannot_be_leased_says_why(
    session: Session, account: Account, changes: dict[str, object], reason: NoLease
) -> None:
    token = due(account, **changes)
    session.flush()

    taken = leases.lease_one(session, token.user_id, node=4, lease=LEASE)

    assert taken is reason


def test_a_user_without_a_token_and_one_of_an_account_that_is_off_are_not_leased(session: Session) -> None:
    token = due(AccountFactory(disabled=True))
    session.flush()

    taken = [leases.lease_one(session, user_id, node=4, lease=LEASE) for user_id in (17, token.user_id)]

    assert taken == [NoLease.MISSING, NoLease.ACCOUNT_OFF]


def test_processes_at_once_lease_different_tokens(database: Database, store: Callable[..., Any]) -> None:
    account = store(AccountFactory)
    store(lambda: [due(account) for _ in range(40)])
    lease_due: Callable[..., Lease] = leases.lease_due

    def take(node: int) -> list[int]:
        return users(database.write_now(lease_due, account.id, ids=IDS, node=node, lease=LEASE, limit=12))

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(take, range(1, 5)))

    assert [len(each) for each in taken].count(12) == 3
    assert len({user for each in taken for user in each}) == 40


@on_postgresql
def test_a_login_between_the_look_and_the_lease_keeps_its_token(database: Database, store: Callable[..., Any]) -> None:
    account = store(AccountFactory)
    token = store(lambda: due(account))
    lease_due: Callable[..., Lease] = leases.lease_due

    with Session(database.writer) as login, ThreadPoolExecutor(1) as thread:
        stored_token = login.get_one(Token, token.user_id)
        stored_token.version, stored_token.next_refresh_at = 2, utcnow() + timedelta(hours=1)
        login.flush()
        # Waits for the login, which has written the row and not committed it yet.
        leasing = thread.submit(database.write_now, lease_due, account.id, ids=IDS, node=1, lease=LEASE, limit=10)
        while not _is_waiting(login):
            pass
        login.commit()

        taken = leasing.result()

    assert taken.tokens == []


def _is_waiting(session: Session) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with session.get_bind().connect() as connection:  # type: ignore[union-attr]
        return bool(connection.exec_driver_sql(query).scalar_one())
