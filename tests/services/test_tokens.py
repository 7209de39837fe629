"""Tokens: leased by one process at a time, the soonest to expire first, and never written over a login."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.databases import on_postgresql
from tests.factories import AccountFactory, AttemptFactory, SiteFactory, TokenFactory, UserFactory, stored
from tests.services.conftest import Apply
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Account, Event, Stage, Token, TokenState, User
from wxadmin.services import tokens
from wxadmin.services.tokens import LeasedToken, Refreshed

LEASE = timedelta(minutes=1)


def due(**changes: object) -> Token:
    token: Token = TokenFactory(due=True, **changes)
    return token


def of_account(account: Account) -> Token:
    return due(user=UserFactory(site=SiteFactory(account=account)))


def lease(session: Session, limit: int = 100, owner: int = 1) -> list[LeasedToken]:
    session.flush()
    leased = tokens.lease_due(session, owner=owner, now=utcnow(), lease=LEASE, limit=limit)
    session.expire_all()
    return leased


def test_a_due_token_is_leased_with_what_its_refresh_needs(session: Session) -> None:
    token = due(version=4, failures=2)

    [leased] = lease(session, owner=9)

    openid = session.get_one(User, token.user_id).openid
    assert leased == LeasedToken(token.user_id, token.account_id, openid, b"sealed refresh", token.scope, 2, 5)
    assert (token.lease_owner, token.version) == (9, 5)


def test_the_soonest_to_expire_come_first(session: Session) -> None:
    now = utcnow()
    minutes = [50, 10, 40, 20, 30]
    by_minute = {number: due(expires_at=now + timedelta(minutes=number)).user_id for number in minutes}

    first = lease(session, limit=2)
    second = lease(session, limit=2)

    assert {token.user_id for token in first} == {by_minute[10], by_minute[20]}
    assert {token.user_id for token in second} == {by_minute[30], by_minute[40]}


def test_a_leased_token_is_left_alone_until_its_lease_has_ended(session: Session) -> None:
    held = due(leased=True)
    ended = due(leased=True, lease_until=utcnow() - timedelta(seconds=1))

    leased = lease(session)

    assert [token.user_id for token in leased] == [ended.user_id]
    assert held.lease_owner == 7


def test_tokens_that_are_not_due_or_need_consent_are_left_out(session: Session) -> None:
    TokenFactory()
    due(needs_consent=True)

    leased = lease(session)

    assert leased == []


@pytest.mark.parametrize("account", [{"refresh_policy": "none"}, {"disabled": True}, {"sample": True}])
def test_accounts_that_are_not_refreshed_are_left_out(session: Session, account: dict[str, object]) -> None:
    of_account(AccountFactory(**account))
    other = of_account(AccountFactory())

    leased = lease(session)

    assert [token.user_id for token in leased] == [other.user_id]


def test_where_only_profiles_are_refreshed_silent_logins_are_left_out(session: Session) -> None:
    user = UserFactory(site=SiteFactory(account=AccountFactory(refresh_policy="userinfo")))
    due(user=user, scope="snsapi_base")
    asked = due(user=UserFactory(site=SiteFactory(account=session.get_one(Account, user.account_id))))

    leased = lease(session)

    assert [token.user_id for token in leased] == [asked.user_id]


@on_postgresql
def test_two_processes_at_once_lease_different_tokens(database_url: str) -> None:
    database = Database(database_url)
    database.write_now(stored, lambda: [due() for _ in range(20)])

    with Session(database.writer) as one, Session(database.writer) as other:
        first = tokens.lease_due(one, owner=1, now=utcnow(), lease=LEASE, limit=12)
        second = tokens.lease_due(other, owner=2, now=utcnow(), lease=LEASE, limit=12)
        one.commit()
        other.commit()
    database.close()

    assert (len(first), len(second)) == (12, 8)
    assert not {token.user_id for token in first} & {token.user_id for token in second}


def test_two_processes_in_turn_lease_different_tokens(database: Database) -> None:
    database.write_now(stored, lambda: [due() for _ in range(20)])
    lease_due: Callable[..., list[LeasedToken]] = tokens.lease_due

    first = database.write_now(lease_due, owner=1, now=utcnow(), lease=LEASE, limit=12)
    second = database.write_now(lease_due, owner=2, now=utcnow(), lease=LEASE, limit=12)

    assert (len(first), len(second)) == (12, 8)
    assert not {token.user_id for token in first} & {token.user_id for token in second}


def test_a_renewed_token_is_stored_and_its_lease_given_back(session: Session, apply: Apply) -> None:
    token = due(failures=2, last_code="-1")
    [leased] = lease(session)
    at = utcnow()
    renewed = steps.tokens(at, access_sealed=b"renewed", scope=("snsapi_base",))

    results = apply(Refreshed(leased, steps.call(at, stage=Stage.REFRESH), renewed, TokenState.ACTIVE, at))

    assert results == [True]
    assert (token.access_sealed, token.expires_at, token.next_refresh_at) == (
        b"renewed",
        renewed.expires_at,
        renewed.next_refresh_at,
    )
    assert (token.refreshed_at, token.failures, token.last_code) == (at, 0, None)
    assert (token.lease_owner, token.lease_until, token.version) == (None, None, leased.version + 1)
    # A refresh answer never shrinks what was granted.
    assert token.scope == "snsapi_base,snsapi_userinfo"


def test_the_end_of_the_thirty_days_is_not_moved_by_a_refresh(session: Session, apply: Apply) -> None:
    token = due()
    until = token.refresh_expires_at
    [leased] = lease(session)

    apply(Refreshed(leased, steps.call(utcnow()), steps.tokens(utcnow()), TokenState.ACTIVE, utcnow()))

    assert token.refresh_expires_at == until


@pytest.mark.parametrize(("state", "code"), [(TokenState.ACTIVE, "-1"), (TokenState.NEEDS_CONSENT, "42002")])
def test_a_refused_refresh_is_noted_and_tried_again_later(
    session: Session, apply: Apply, state: TokenState, code: str
) -> None:
    token = due(failures=1)
    [leased] = lease(session)
    later = utcnow() + timedelta(minutes=5)

    results = apply(Refreshed(leased, steps.call(utcnow(), code, stage=Stage.REFRESH), None, state, later))

    assert results == [True]
    assert (token.state, token.last_code, token.failures, token.next_refresh_at) == (state, code, 2, later)
    assert (token.lease_owner, token.access_sealed) == (None, b"sealed access")
    [event] = session.scalars(select(Event).where(Event.user_id == token.user_id))
    assert (event.stage, event.event_class, event.code, event.attempt_id) == ("refresh", "failure", code, None)
    assert (event.account_id, event.scope) == (token.account_id, "snsapi_userinfo")


def test_a_login_during_the_refresh_wins(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    user = UserFactory(site=site)
    token = due(user=user)
    [leased] = lease(session)
    fresh = steps.tokens(utcnow(), access_sealed=b"of the login")
    apply(steps.login(steps.seen(AttemptFactory(site=site, returned=True)), user.openid, tokens=fresh))

    results = apply(
        Refreshed(
            leased, steps.call(utcnow()), steps.tokens(utcnow(), access_sealed=b"late"), TokenState.ACTIVE, utcnow()
        )
    )

    assert results == [False]
    assert token.access_sealed == b"of the login"


def test_a_lease_that_another_process_took_over_stores_nothing(session: Session, apply: Apply) -> None:
    token = due()
    [late] = lease(session, owner=1)
    token.lease_until = utcnow() - timedelta(seconds=1)
    [current] = lease(session, owner=2)
    failed = steps.call(utcnow(), "-1", stage=Stage.REFRESH)

    results = [apply(Refreshed(held, failed, None, TokenState.NEEDS_CONSENT, utcnow())) for held in (late, current)]

    assert results == [[False], [True]]
    assert token.failures == 1


def test_the_refresh_of_a_person_who_is_gone_stores_nothing(session: Session, apply: Apply) -> None:
    token = due()
    [leased] = lease(session)
    session.delete(token)

    results = apply(Refreshed(leased, steps.call(utcnow()), steps.tokens(utcnow()), TokenState.ACTIVE, utcnow()))

    assert results == [False]


def test_a_batch_stores_renewed_and_refused_ones_each_as_they_are(session: Session, apply: Apply) -> None:
    by_user = {token.user_id: token for token in [due(), due(), due()]}
    at = utcnow()
    leased = lease(session)
    outcomes = [
        Refreshed(leased[0], steps.call(at), steps.tokens(at), TokenState.ACTIVE, at),
        Refreshed(leased[1], steps.call(at, "42002"), None, TokenState.NEEDS_CONSENT, at),
        Refreshed(leased[2], steps.call(at, "gw_timeout"), None, TokenState.ACTIVE, at),
    ]

    results = apply(*outcomes)

    assert results == [True, True, True]
    assert [by_user[each.user_id].last_code for each in leased] == [None, "42002", "gw_timeout"]


@pytest.mark.parametrize(("lifetime_s", "ahead_s", "latest_s"), [(7_200, 900, 6_300), (60, 900, 36), (10, 0, 10)])
def test_a_new_token_is_refreshed_at_a_random_moment_of_its_life_but_never_too_late(
    lifetime_s: int, ahead_s: int, latest_s: int
) -> None:
    issued, lifetime, ahead = utcnow(), timedelta(seconds=lifetime_s), timedelta(seconds=ahead_s)

    moments = {tokens.first_refresh_at(issued, lifetime, ahead) for _ in range(200)}

    assert len(moments) > 150
    assert min(moments) > issued
    assert max(moments) <= issued + timedelta(seconds=latest_s)


@pytest.mark.parametrize(("lifetime_s", "ahead_s", "latest_s"), [(7_200, 900, 6_300), (60, 900, 36), (10, 0, 10)])
def test_tokens_that_were_refreshed_together_drift_apart_but_are_never_too_late(
    lifetime_s: int, ahead_s: int, latest_s: int
) -> None:
    refreshed, lifetime, ahead = utcnow(), timedelta(seconds=lifetime_s), timedelta(seconds=ahead_s)

    moments = {tokens.next_refresh_at(refreshed, lifetime, ahead) for _ in range(200)}

    assert len(moments) > 150
    assert min(moments) >= refreshed + timedelta(seconds=latest_s) * 0.9
    assert max(moments) <= refreshed + timedelta(seconds=latest_s)
