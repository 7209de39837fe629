"""A browser that comes back again: who still waits, and who gets one more ticket."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import AttemptFactory, CodeClaimFactory, SiteFactory
from tests.services.conftest import Apply
from wxadmin.clock import utcnow
from wxadmin.models import Attempt, Site, Ticket
from wxadmin.security.hashes import sha256
from wxadmin.services import repeats
from wxadmin.services.claims import Claimed
from wxadmin.services.repeats import REPEAT_WITHIN, Repeat
from wxadmin.services.users import Person

TICKET = sha256("ticket")


def tickets_of(session: Session, attempt: Attempt) -> list[Ticket]:
    return list(session.scalars(select(Ticket).where(Ticket.attempt_id == attempt.id, Ticket.ticket_hash == TICKET)))


def test_a_login_gives_one_more_ticket_for_the_same_person(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(succeeded=True)

    [repeated] = apply(Repeat(attempt.id, TICKET, attempt.ended_at))
    [ticket] = tickets_of(session, attempt)

    assert repeated.has_ticket
    assert (ticket.site_id, ticket.user_id, ticket.browser_bound) == (attempt.site_id, attempt.user_id, True)


@pytest.mark.parametrize(("late", "is_good"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_a_login_may_be_repeated_for_ten_minutes(
    session: Session, apply: Apply, late: timedelta, *, is_good: bool
) -> None:
    attempt = AttemptFactory(succeeded=True)

    [repeated] = apply(Repeat(attempt.id, TICKET, attempt.ended_at + REPEAT_WITHIN + late))

    assert repeated.has_ticket is is_good
    assert len(tickets_of(session, attempt)) == is_good


@pytest.mark.parametrize("state", ["waiting", "returned", "failed", "denied", "snapshot", "abandoned"])
def test_what_is_no_login_gives_no_ticket(session: Session, apply: Apply, state: str) -> None:
    attempt = AttemptFactory(**{state: True})

    [repeated] = apply(Repeat(attempt.id, TICKET, utcnow()))

    assert not repeated.has_ticket
    assert repeated.attempt.outcome == attempt.outcome
    assert tickets_of(session, attempt) == []


def logged_in(apply: Apply, site: Site, *, with_profile: bool) -> Attempt:
    """An attempt that ended with a login of the one person who comes here."""
    attempt: Attempt = AttemptFactory(site=site, returned=True, scope="snsapi_userinfo")
    step = steps.login_with_profile(steps.seen(attempt), "oPerson")
    apply(step if with_profile else replace(step, profile=None))
    return attempt


def test_whose_login_it_was_is_told_where_it_is_asked(session: Session, apply: Apply) -> None:
    attempt = logged_in(apply, SiteFactory(), with_profile=True)

    [silent] = apply(Repeat(attempt.id, TICKET, attempt.ended_at))
    [asked] = apply(Repeat(attempt.id, sha256("another"), attempt.ended_at, asks_person=True))

    assert (silent.has_ticket, silent.person) == (True, None)
    assert (asked.has_ticket, asked.person) == (True, Person("oPerson", steps.PROFILE))


def test_a_profile_of_an_earlier_login_is_not_what_this_one_brought(session: Session, apply: Apply) -> None:
    site = SiteFactory()
    earlier = logged_in(apply, site, with_profile=True)
    attempt = logged_in(apply, site, with_profile=False)

    before, now = apply(
        Repeat(earlier.id, TICKET, attempt.ended_at, asks_person=True),
        Repeat(attempt.id, sha256("another"), attempt.ended_at, asks_person=True),
    )

    assert (before.person, now.person) == (Person("oPerson", steps.PROFILE), Person("oPerson", None))


@pytest.mark.parametrize("with_profile", [True, False])
def test_where_a_profile_is_needed_a_login_without_one_gives_no_ticket(
    session: Session, apply: Apply, *, with_profile: bool
) -> None:
    attempt = logged_in(apply, SiteFactory(), with_profile=with_profile)

    [repeated] = apply(Repeat(attempt.id, TICKET, attempt.ended_at, asks_person=True, needs_profile=True))

    assert repeated.has_ticket is with_profile
    assert repeated.person is not None
    assert len(tickets_of(session, attempt)) == with_profile


def test_nobody_is_told_of_a_login_that_is_too_long_ago(session: Session, apply: Apply) -> None:
    attempt = logged_in(apply, SiteFactory(), with_profile=True)
    late = attempt.ended_at + REPEAT_WITHIN + timedelta(seconds=1)

    [repeated] = apply(Repeat(attempt.id, TICKET, late, asks_person=True))

    assert (repeated.has_ticket, repeated.person) == (False, None)


def test_an_exchange_is_underway_until_it_has_an_end_or_its_lease_is_over(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    before = repeats.is_underway(session, attempt.id, attempt.started_at)
    step = steps.claim(attempt)
    [claimed] = apply(step)
    meanwhile = repeats.is_underway(session, attempt.id, step.at)
    after_the_lease = repeats.is_underway(session, attempt.id, step.at + step.lease)
    assert isinstance(claimed, Claimed)

    apply(steps.login(claimed.attempt, "oAsReallyLongAsWeChatMakesIt"))

    assert (before, meanwhile, after_the_lease) == (False, True, False)
    assert not repeats.is_underway(session, attempt.id, step.at)


def test_nobody_waits_for_an_exchange_that_failed(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    [claimed] = apply(steps.claim(attempt))

    apply(steps.failure(claimed.attempt))

    assert not repeats.is_underway(session, attempt.id, utcnow())


def test_a_second_code_of_a_failed_attempt_is_waited_for(session: Session) -> None:
    attempt = AttemptFactory(failed=True)
    now = utcnow()

    CodeClaimFactory(attempt=attempt, account_id=attempt.account_id, lease_until=now + timedelta(seconds=5))

    assert repeats.is_underway(session, attempt.id, now)
