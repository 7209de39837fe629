"""Tickets: redeemed once, in time, by the site that they are for."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.factories import AttemptFactory, SiteFactory, TicketFactory, UserFactory
from tests.services.conftest import Apply, told
from wxadmin.models import Attempt, Ticket
from wxadmin.security.hashes import sha256
from wxadmin.services.tickets import Redeem, RedeemedLogin, TicketRefused

KEY, OTHER_KEY = sha256("idempotency 1"), sha256("idempotency 2")


def redeem(
    ticket: Ticket, seconds: float = 1, *, key: bytes | None = None, site_id: int | None = None, ref: str | None = None
) -> Redeem:
    at = ticket.issued_at + timedelta(seconds=seconds)
    return Redeem(ticket.ticket_hash, site_id or ticket.site_id, at, key, ref)


def test_the_site_is_told_who_logged_in(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    user = UserFactory(site=site)
    granted = {"scope": "snsapi_userinfo", "scope_granted": "snsapi_base,snsapi_userinfo", "ref": "table-7"}
    attempt = AttemptFactory(site=site, succeeded=True, user=user, user_id=user.id, **granted)
    ticket = TicketFactory(attempt=attempt)

    [login] = apply(redeem(ticket))

    assert (login.attempt_id, login.openid, login.unionid) == (attempt.id, user.openid, user.unionid)
    assert (login.nickname, login.headimgurl) == (user.nickname, user.headimgurl)
    assert (login.scope, login.nonce, login.ref) == ("snsapi_base,snsapi_userinfo", "nonce-7", "table-7")
    assert (login.browser_bound, login.authenticated_at) == (True, attempt.ended_at)
    assert login.account.startswith("account-")
    session.refresh(ticket)
    assert ticket.redeemed_at == attempt.redeemed_at == ticket.issued_at + timedelta(seconds=1)
    assert told(session, attempt.id) == [("redeem", "ok", "", None)]


def test_a_silent_login_tells_no_profile_that_was_known_before(apply: Apply) -> None:
    ticket = TicketFactory(attempt__scope="snsapi_base")

    [login] = apply(redeem(ticket))

    assert (login.nickname, login.headimgurl) == (None, None)
    assert login.openid


def test_a_ticket_that_nobody_issued_is_unknown(apply: Apply) -> None:
    ticket = TicketFactory()
    made_up = Redeem(sha256("made up"), ticket.site_id, ticket.issued_at, None)

    results = apply(made_up)

    assert results == [TicketRefused("gw_ticket_unknown")]


@pytest.mark.parametrize(("key", "again"), [(None, None), (KEY, OTHER_KEY), (KEY, None), (None, KEY)])
def test_a_second_redemption_is_refused(session: Session, apply: Apply, key: bytes | None, again: bytes | None) -> None:
    ticket = TicketFactory()
    apply(redeem(ticket, 1, key=key))

    results = apply(redeem(ticket, 2, key=again))

    assert results == [TicketRefused("gw_ticket_spent")]
    assert told(session, ticket.attempt_id) == [
        ("redeem", "ok", "", None),
        ("redeem", "blocked", "gw_ticket_spent", None),
    ]


@pytest.mark.parametrize(("seconds_later", "is_answered"), [(0, True), (60, True), (60.000001, False)])
def test_the_same_key_gets_the_same_answer_for_a_minute(apply: Apply, seconds_later: float, is_answered: bool) -> None:
    ticket = TicketFactory()
    [first] = apply(redeem(ticket, 1, key=KEY))

    [second] = apply(redeem(ticket, 1 + seconds_later, key=KEY))

    assert isinstance(first, RedeemedLogin)
    assert second == (first if is_answered else TicketRefused("gw_ticket_spent"))


def test_a_repeat_does_not_start_the_minute_again(session: Session, apply: Apply) -> None:
    ticket = TicketFactory()
    for seconds in (1, 40):
        apply(redeem(ticket, seconds, key=KEY))

    results = apply(redeem(ticket, 80, key=KEY))

    assert results == [TicketRefused("gw_ticket_spent")]
    session.refresh(ticket)
    assert ticket.redeemed_at == ticket.issued_at + timedelta(seconds=1)


def test_a_repeat_is_answered_even_when_the_ticket_has_expired_since(apply: Apply) -> None:
    ticket = TicketFactory()
    [first] = apply(redeem(ticket, 299, key=KEY))

    [second] = apply(redeem(ticket, 320, key=KEY))

    assert second == first


def test_of_two_redemptions_in_one_batch_the_first_counts(session: Session, apply: Apply) -> None:
    ticket = TicketFactory()

    first, second = apply(redeem(ticket, 1), redeem(ticket, 1))

    assert isinstance(first, RedeemedLogin)
    assert second == TicketRefused("gw_ticket_spent")
    assert session.get_one(Attempt, ticket.attempt_id).redeemed_at == ticket.issued_at + timedelta(seconds=1)


def test_two_with_one_key_in_one_batch_get_the_same_answer(apply: Apply) -> None:
    ticket = TicketFactory()

    first, second = apply(redeem(ticket, 1, key=KEY), redeem(ticket, 1, key=KEY))

    assert isinstance(first, RedeemedLogin)
    assert first == second


@pytest.mark.parametrize("repeated", [None, "table-9"])
def test_a_repeat_is_told_the_ref_of_the_first(apply: Apply, repeated: str | None) -> None:
    ticket = TicketFactory()

    [first, in_batch] = apply(redeem(ticket, 1, key=KEY, ref="table-8"), redeem(ticket, 1, key=KEY, ref=repeated))
    [later] = apply(redeem(ticket, 2, key=KEY, ref=repeated))

    assert first.ref == "table-8"
    assert in_batch == later == first


def test_another_site_is_refused_and_spends_nothing(session: Session, apply: Apply) -> None:
    ticket, other = TicketFactory(), SiteFactory()

    [refused] = apply(redeem(ticket, 1, site_id=other.id, key=KEY))
    [answered] = apply(redeem(ticket, 2))

    assert refused == TicketRefused("gw_ticket_other_site")
    assert isinstance(answered, RedeemedLogin)
    assert told(session, ticket.attempt_id)[0] == ("redeem", "blocked", "gw_ticket_other_site", None)


def test_another_site_learns_nothing_by_the_key_of_the_right_one(apply: Apply) -> None:
    ticket, other = TicketFactory(), SiteFactory()
    apply(redeem(ticket, 1, key=KEY))

    results = apply(redeem(ticket, 2, key=KEY, site_id=other.id))

    assert results == [TicketRefused("gw_ticket_other_site")]


@pytest.mark.parametrize(("seconds", "is_answered"), [(300, True), (300.000001, False)])
def test_a_ticket_lasts_five_minutes(apply: Apply, seconds: float, is_answered: bool) -> None:
    ticket = TicketFactory()

    [result] = apply(redeem(ticket, seconds))

    assert isinstance(result, RedeemedLogin) is is_answered
    assert is_answered or result == TicketRefused("gw_ticket_expired")


def test_a_spent_ticket_says_so_even_when_it_has_expired(apply: Apply) -> None:
    ticket = TicketFactory(spent=True)

    results = apply(redeem(ticket, 900))

    assert results == [TicketRefused("gw_ticket_spent")]
