"""A login that succeeded: user, channel, tokens, ticket, events and counts."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import AttemptFactory, SiteFactory, TokenFactory, UserFactory
from tests.services.conftest import Apply, counts_of, told
from wxadmin.models import Attempt, Counter, Site, Stage, Ticket, Token, User, UserChannel
from wxadmin.services.users import Profile


def returned(site: Site, **changes: object) -> Attempt:
    attempt: Attempt = AttemptFactory(site=site, returned=True, **changes)
    return attempt


def changes_so_far(session: Session) -> int:
    return session.scalars(select(Counter.value).where(Counter.name == "user_changes")).one()


def test_a_new_person_is_stored_with_all_that_belongs_to_them(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory(), scope="snsapi_userinfo", ref="table-7")
    step = steps.login_with_profile(steps.seen(attempt), "oNew")

    [user_id] = apply(step)

    user = session.get_one(User, user_id)
    assert (user.account_id, user.openid, user.unionid) == (attempt.account_id, "oNew", step.unionid)
    assert (user.nickname, user.headimgurl, user.language) == ("小雨 🌧", steps.PROFILE.headimgurl, "zh_CN")
    assert (user.granted_base, user.granted_userinfo, user.logins) == (True, True, 1)
    assert user.first_seen_at == user.last_login_at == user.profile_at == step.at
    assert (user.last_site_id, user.last_channel, user.last_ref) == (attempt.site_id, "poster", "table-7")
    channel = session.get_one(UserChannel, (user_id, attempt.site_id, "poster"))
    assert (channel.first_at, channel.last_at, channel.logins, channel.last_ref) == (step.at, step.at, 1, "table-7")
    token = session.get_one(Token, user_id)
    assert (token.state, token.version, token.scope) == ("active", 1, "snsapi_base,snsapi_userinfo")
    ticket = session.get_one(Ticket, step.ticket_hash)
    assert (ticket.attempt_id, ticket.site_id, ticket.user_id) == (attempt.id, attempt.site_id, user_id)
    assert ticket.expires_at - ticket.issued_at == timedelta(minutes=5)


def test_a_login_that_is_not_handed_over_has_no_ticket_and_is_one_all_the_same(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory())

    apply(steps.login(steps.seen(attempt), "oNew", ticket_hash=None))

    assert session.scalars(select(Ticket).where(Ticket.attempt_id == attempt.id)).all() == []
    assert (attempt.outcome, counts_of(session, attempt)["succeeded"]) == ("succeeded", 1)


def test_the_attempt_and_its_events_say_that_it_succeeded(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory(), scope="snsapi_userinfo")
    step = steps.login_with_profile(steps.seen(attempt), "oNew")

    [user_id] = apply(step)

    assert (attempt.outcome, attempt.ended_by, attempt.ended_at) == ("succeeded", None, step.at)
    assert (attempt.user_id, attempt.exchanged_at, attempt.recovered_at) == (user_id, step.calls[0].at, None)
    assert attempt.scope_granted == "snsapi_base,snsapi_userinfo"
    stages = [("exchange", "ok", "", None), ("userinfo", "ok", "", None), ("handoff", "ok", "", "succeeded")]
    assert told(session, attempt.id) == stages
    assert counts_of(session, attempt) == {"succeeded": 1, "new_users": 1, "people": 1}


def test_a_known_person_is_changed_and_not_counted_as_new(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    attempt = returned(site)
    # Earlier on the same day, at whatever hour this runs.
    user = UserFactory(site=site, openid="oKnown", logins=3, nickname="旧名", last_login_at=attempt.started_at)
    step = steps.login_with_profile(steps.seen(attempt), "oKnown")

    [user_id] = apply(step)

    assert user_id == user.id
    assert (user.nickname, user.logins, user.last_login_at) == ("小雨 🌧", 4, step.at)
    assert user.first_seen_at < step.at
    assert counts_of(session, attempt) == {"succeeded": 1}


def test_a_silent_login_keeps_the_profile_that_is_known(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    user = UserFactory(site=site, openid="oKnown", unionid="oUnion", last_ref="table-1")
    profile_at = user.profile_at
    attempt = returned(site, channel=None)

    apply(steps.login(steps.seen(attempt), "oKnown"))

    session.refresh(user)
    assert (user.nickname, user.unionid, user.profile_at) == ("小雨 🌧", "oUnion", profile_at)
    assert (user.granted_userinfo, user.last_ref, user.last_channel) == (True, "table-1", None)
    assert session.get_one(UserChannel, (user.id, site.id, "")).logins == 1


def test_the_first_explicit_consent_is_dated_and_later_ones_are_not(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    silent, explicit, again = (steps.login(steps.seen(returned(site)), "oLate") for _ in range(3))
    profile = Profile("小雨", None, None)
    explicit = steps.login_with_profile(explicit.attempt, "oLate", profile=profile)
    again = steps.login_with_profile(again.attempt, "oLate", profile=profile)

    [user_id] = apply(silent)
    before = session.get_one(User, user_id).explicit_at
    apply(explicit)
    apply(again)

    user = session.get_one(User, user_id)
    session.refresh(user)
    assert (before, user.explicit_at) == (None, explicit.at)
    assert user.first_seen_at == silent.at < explicit.at < again.at


def test_a_consent_of_unknown_date_stays_undated(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    user = UserFactory(site=site, openid="oOld", explicit_at=None)

    apply(steps.login_with_profile(steps.seen(returned(site)), "oOld", profile=Profile("小雨", None, None)))

    session.refresh(user)
    assert (user.granted_userinfo, user.explicit_at) == (True, None)


def test_openids_that_differ_in_case_are_two_people(apply: Apply) -> None:
    site = SiteFactory()

    first, second = apply(*(steps.login(steps.seen(returned(site)), openid) for openid in ("oAbC", "oabc")))

    assert first != second


def test_one_openid_at_two_accounts_is_two_people(apply: Apply) -> None:
    attempts = [returned(SiteFactory()), returned(SiteFactory())]

    first, second = apply(*(steps.login(steps.seen(attempt), "oSame") for attempt in attempts))

    assert first != second


def test_repeats_of_one_person_in_a_batch_are_folded(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    attempts = [returned(site, channel=channel, ref=ref) for channel, ref in [("a", "1"), ("b", None), ("a", None)]]
    logins = [steps.login(steps.seen(attempt), "oSame") for attempt in attempts]
    logins[1] = steps.login_with_profile(steps.seen(attempts[1]), "oSame", profile=Profile("中间", None, None))

    user_ids = apply(*logins)

    [user_id] = set(user_ids)
    user = session.get_one(User, user_id)
    assert (user.nickname, user.logins, user.granted_userinfo, user.last_ref) == ("中间", 3, True, "1")
    assert (user.first_seen_at, user.last_login_at) == (logins[0].at, logins[2].at)
    assert user.explicit_at == logins[1].at
    assert session.get_one(UserChannel, (user_id, site.id, "a")).logins == 2
    assert session.get_one(UserChannel, (user_id, site.id, "b")).logins == 1
    assert len(session.scalars(select(Ticket).where(Ticket.user_id == user_id)).all()) == 3
    assert counts_of(session, attempts[0]) == {"succeeded": 3, "new_users": 1, "people": 1}


def test_a_login_after_a_failure_is_recovered(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory())
    apply(steps.failure(steps.seen(attempt), "40029"))
    step = steps.login(steps.seen(attempt), "oBack")

    apply(step)

    assert (attempt.outcome, attempt.ended_by, attempt.recovered_at) == ("succeeded", None, step.at)
    assert counts_of(session, attempt) == {"failed": 1, "succeeded": 1, "recovered": 1, "new_users": 1, "people": 1}


def test_a_second_login_of_one_attempt_ends_it_no_second_time(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory())
    first, second = (steps.login(steps.seen(attempt), "oTwice") for _ in range(2))
    apply(first)

    apply(second)

    assert attempt.ended_at == first.at
    assert counts_of(session, attempt) == {"succeeded": 1, "new_users": 1, "people": 1}
    assert told(session, attempt.id)[-1] == ("handoff", "ok", "", None)


@pytest.mark.parametrize("state", ["denied", "snapshot", "abandoned"])
def test_an_end_that_is_final_stays_though_the_person_is_stored(session: Session, apply: Apply, state: str) -> None:
    attempt = AttemptFactory(**{state: True})
    before = (attempt.outcome, attempt.ended_at, attempt.user_id)

    [user_id] = apply(steps.login(steps.seen(attempt), "oLate"))

    assert (attempt.outcome, attempt.ended_at, attempt.user_id) == before
    assert told(session, attempt.id)[-1] == ("handoff", "ok", "", None)
    assert session.get_one(User, user_id).openid == "oLate"
    assert counts_of(session, attempt) == {"new_users": 1, "people": 1}


def test_each_login_raises_the_version_of_the_tokens(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    user = UserFactory(site=site, openid="oKnown")
    token = TokenFactory(user=user, leased=True, version=7, last_code="-1", failures=3, state="needs_consent")
    at = user.last_login_at

    apply(steps.login(steps.seen(returned(site)), "oKnown", tokens=steps.tokens(at, access_sealed=b"new")))

    session.refresh(token)
    assert (token.version, token.access_sealed, token.state) == (8, b"new", "active")
    assert (token.lease_owner, token.lease_until, token.last_code, token.failures) == (None, None, None, 0)


def test_a_failed_userinfo_call_leaves_the_login_a_success(session: Session, apply: Apply) -> None:
    attempt = returned(SiteFactory(), scope="snsapi_userinfo")
    at = attempt.started_at + timedelta(seconds=4)
    calls = (steps.call(at), steps.call(at, "48001", stage=Stage.USERINFO))

    apply(steps.login(steps.seen(attempt), "oNoProfile", calls=calls))

    assert attempt.outcome == "succeeded"
    assert ("userinfo", "failure", "48001", None) in told(session, attempt.id)
    assert counts_of(session, attempt) == {"succeeded": 1, "new_users": 1, "people": 1}


def test_each_changed_person_gets_a_change_number_of_their_own(session: Session, apply: Apply) -> None:
    site, before = SiteFactory(), changes_so_far(session)
    logins = [steps.login(steps.seen(returned(site)), f"oPerson{number}") for number in range(5)]

    user_ids = apply(*logins, steps.login(steps.seen(returned(site)), "oPerson0"))

    numbers = [session.get_one(User, user_id).change_no for user_id in user_ids[:5]]
    assert sorted(numbers) == list(range(before + 1, before + 6))
    assert changes_so_far(session) == before + 5
