"""Results of refreshes: stored as sets, never over a login, never over another process's."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import AccountFactory, AttemptFactory, SiteFactory, TokenFactory, UserFactory
from tests.services.conftest import Apply
from wxadmin.clock import utcnow
from wxadmin.ids import Ids
from wxadmin.models import Event, Site, Stage, Token, TokenState
from wxadmin.refreshing.moods import Fate
from wxadmin.services import leases
from wxadmin.services.leases import LeasedToken
from wxadmin.services.refreshed import Refreshed, Renewed

IDS = Ids(node=3_998)


@pytest.fixture
def site(session: Session) -> Site:
    made: Site = SiteFactory(account=AccountFactory())
    return made


def due(site: Site, **changes: object) -> Token:
    token: Token = TokenFactory(**{"due": True, "user": UserFactory(site=site)} | changes)
    return token


def lease(session: Session, site: Site, node: int = 1) -> list[LeasedToken]:
    session.flush()
    taken = leases.lease_due(session, site.account_id, ids=IDS, node=node, lease=timedelta(minutes=1), limit=100)
    session.flush()
    session.expire_all()
    return list(taken.tokens)


def renewed(leased: LeasedToken, **changes: object) -> Refreshed:
    at = utcnow()
    return Refreshed(leased, steps.call(at, stage=Stage.REFRESH), Renewed(steps.tokens(at, **changes), leased.ends_at))


def left(leased: LeasedToken, code: str, state: TokenState = TokenState.ACTIVE, *, minutes: int = 5) -> Refreshed:
    at = utcnow()
    fate = Fate(state, at + timedelta(minutes=minutes), None)
    return Refreshed(leased, steps.call(at, code, stage=Stage.REFRESH), fate)


def test_a_renewed_token_is_stored_and_its_lease_ends(session: Session, site: Site, apply: Apply) -> None:
    token = due(site, failures=2, last_code="40001", unknown_since=utcnow())
    [leased] = lease(session, site)
    step = renewed(leased, access_sealed=b"renewed", scope=("snsapi_base",))

    results = apply(step)

    assert isinstance(step.result, Renewed)
    assert results == [True]
    assert (token.access_sealed, token.expires_at, token.next_refresh_at) == (
        b"renewed",
        step.result.tokens.expires_at,
        step.result.tokens.next_refresh_at,
    )
    assert (token.refreshed_at, token.failures, token.last_code, token.unknown_since) == (step.call.at, 0, None, None)
    assert (token.lease_owner, token.lease_until, token.version) == (None, None, leased.version + 1)
    # A refresh answer never shrinks what was granted.
    assert token.scope == "snsapi_base,snsapi_userinfo"


def test_the_end_of_the_consent_is_stored_as_it_was_found(session: Session, site: Site, apply: Apply) -> None:
    token = due(site)
    [leased] = lease(session, site)
    at, later = utcnow(), utcnow() + timedelta(days=30)

    apply(Refreshed(leased, steps.call(at, stage=Stage.REFRESH), Renewed(steps.tokens(at), later)))

    assert token.refresh_expires_at == later


@pytest.mark.parametrize(("state", "code"), [(TokenState.ACTIVE, "-1"), (TokenState.NEEDS_CONSENT, "42002")])
def test_a_refused_refresh_is_noted_with_its_fate(
    session: Session, site: Site, apply: Apply, state: TokenState, *, code: str
) -> None:
    token = due(site, failures=1)
    [leased] = lease(session, site)
    at = utcnow()
    later = at + timedelta(minutes=5)

    results = apply(Refreshed(leased, steps.call(at, code, stage=Stage.REFRESH), Fate(state, later, at)))

    [event] = session.scalars(select(Event).where(Event.user_id == token.user_id))
    assert results == [True]
    assert (token.state, token.last_code, token.failures, token.next_refresh_at) == (state, code, 2, later)
    assert (token.lease_owner, token.access_sealed, token.unknown_since) == (None, b"sealed access", at)
    assert (event.stage, event.event_class, event.code, event.attempt_id) == ("refresh", "failure", code, None)
    assert (event.account_id, event.scope) == (token.account_id, "snsapi_userinfo")


def test_a_login_during_the_refresh_wins(session: Session, site: Site, apply: Apply) -> None:
    user = UserFactory(site=site)
    token = due(site, user=user)
    [leased] = lease(session, site)
    fresh = steps.tokens(utcnow(), access_sealed=b"of the login")
    apply(steps.login(steps.seen(AttemptFactory(site=site, returned=True)), user.openid, tokens=fresh))

    results = apply(renewed(leased, access_sealed=b"late"))

    assert results == [False]
    assert token.access_sealed == b"of the login"


def test_a_lease_that_another_process_took_over_stores_nothing(session: Session, site: Site, apply: Apply) -> None:
    token = due(site)
    [late] = lease(session, site, node=1)
    token.lease_until = utcnow() - timedelta(seconds=1)
    [current] = lease(session, site, node=2)

    results = [apply(left(held, "-1", TokenState.NEEDS_CONSENT)) for held in (late, current)]

    assert results == [[False], [True]]
    assert token.failures == 1


def test_the_refresh_of_a_person_who_is_gone_stores_nothing(session: Session, site: Site, apply: Apply) -> None:
    token = due(site)
    [leased] = lease(session, site)
    session.delete(token)

    results = apply(renewed(leased))

    assert results == [False]


def test_a_batch_stores_renewed_and_refused_ones_each_as_they_are(session: Session, site: Site, apply: Apply) -> None:
    by_user = {token.user_id: token for token in [due(site), due(site), due(site)]}
    leased = lease(session, site)

    results = apply(
        renewed(leased[0]), left(leased[1], "42002", TokenState.NEEDS_CONSENT), left(leased[2], "gw_timeout")
    )

    assert results == [True, True, True]
    assert [by_user[each.user_id].last_code for each in leased] == [None, "42002", "gw_timeout"]
    assert [by_user[each.user_id].state for each in leased] == ["active", "needs_consent", "active"]
