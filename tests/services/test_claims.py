"""The visitor's return: whose attempt it is, and who may exchange its code."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import AttemptFactory, CodeClaimFactory
from tests.services.conftest import Apply, counts_of, told
from wxadmin.models import Attempt, CodeClaim
from wxadmin.security.hashes import sha256
from wxadmin.services.claims import STATE_LIFETIME, Claimed, Denied, NotClaimed

CODE = sha256("code")


def test_the_visitors_own_browser_gets_its_code(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    step = steps.claim(attempt, code_hash=CODE)

    [result] = apply(step)

    assert isinstance(result, Claimed)
    assert result.attempt.id == attempt.id
    assert (attempt.returned_at, attempt.code_hash, attempt.outcome) == (step.at, CODE, None)
    claim = session.get_one(CodeClaim, (attempt.account_id, CODE))
    assert (claim.claim_id, claim.attempt_id, claim.node) == (step.claim_id, attempt.id, 1)
    assert claim.lease_until == step.at + step.lease
    assert told(session, attempt.id) == [("return", "ok", "", None)]


def test_an_unknown_state_leads_nowhere_and_writes_nothing(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    step = steps.claim(attempt, state_hash=sha256("made up"), code_hash=CODE)

    results = apply(step)

    assert results == [NotClaimed("gw_state_unknown")]
    assert session.get(CodeClaim, (attempt.account_id, CODE)) is None
    assert told(session, attempt.id) == []


@pytest.mark.parametrize(
    ("cookie_hash", "reason"), [(None, "gw_state_cookie_lost"), (sha256("another"), "gw_other_browser")]
)
def test_a_return_without_the_right_cookie_changes_nothing(
    session: Session, apply: Apply, cookie_hash: bytes | None, reason: str
) -> None:
    attempt = AttemptFactory(waiting=True)
    step = steps.claim(attempt, cookie_hash=cookie_hash, code_hash=CODE)

    [result] = apply(step)

    assert result.reason == reason
    assert (attempt.returned_at, attempt.code_hash, attempt.outcome) == (None, None, None)
    assert session.get(CodeClaim, (attempt.account_id, CODE)) is None
    assert told(session, attempt.id) == [("return", "harmless", reason, None)]
    assert counts_of(session, attempt) == {}


def test_the_visitors_own_return_still_counts_after_a_robots(apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    robot = steps.claim(attempt, cookie_hash=None, code_hash=CODE)
    visitor = steps.claim(attempt, code_hash=CODE)

    [first] = apply(robot)
    [second] = apply(visitor)

    assert isinstance(first, NotClaimed)
    assert isinstance(second, Claimed)


def test_a_robot_in_the_same_batch_takes_nothing_from_the_visitor(apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)

    robot, visitor = apply(steps.claim(attempt, cookie_hash=None, code_hash=CODE), steps.claim(attempt, code_hash=CODE))

    assert isinstance(robot, NotClaimed)
    assert isinstance(visitor, Claimed)


@pytest.mark.parametrize(("late", "reason"), [(timedelta(0), None), (timedelta(microseconds=1), "gw_state_expired")])
def test_a_state_lasts_ten_minutes(apply: Apply, late: timedelta, reason: str | None) -> None:
    attempt = AttemptFactory(waiting=True)

    [result] = apply(steps.claim(attempt, at=attempt.started_at + STATE_LIFETIME + late))

    assert getattr(result, "reason", None) == reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("succeeded", "gw_state_used"),
        ("denied", "gw_state_used"),
        ("snapshot", "gw_state_used"),
        ("abandoned", "gw_state_expired"),
    ],
)
def test_an_attempt_that_has_ended_takes_no_more_codes(session: Session, apply: Apply, state: str, reason: str) -> None:
    attempt = AttemptFactory(**{state: True})
    before = (attempt.outcome, attempt.ended_at, attempt.returned_at)

    [result] = apply(steps.claim(attempt))

    assert result.reason == reason
    assert (attempt.outcome, attempt.ended_at, attempt.returned_at) == before
    assert told(session, attempt.id) == [("return", "harmless", reason, None)]


def test_a_repeated_callback_is_harmless(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    apply(steps.claim(attempt, code_hash=CODE))

    [repeated] = apply(steps.claim(attempt, code_hash=CODE))

    assert repeated.reason == "gw_state_used"
    assert told(session, attempt.id) == [("return", "ok", "", None), ("return", "harmless", "gw_state_used", None)]


def test_of_two_returns_in_one_batch_the_first_gets_the_code(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)

    first, second = apply(steps.claim(attempt, code_hash=CODE), steps.claim(attempt, code_hash=CODE))

    assert isinstance(first, Claimed)
    assert second.reason == "gw_state_used"
    assert len(session.scalars(select(CodeClaim).where(CodeClaim.attempt_id == attempt.id)).all()) == 1


def test_one_code_at_two_attempts_is_exchanged_once(apply: Apply) -> None:
    one = AttemptFactory(waiting=True)
    other = AttemptFactory(waiting=True, account_id=one.account_id, site_id=one.site_id)

    results = apply(steps.claim(one, code_hash=CODE), steps.claim(other, code_hash=CODE))

    assert sorted(type(result).__name__ for result in results) == ["Claimed", "NotClaimed"]


def test_one_code_at_two_accounts_is_two_codes(apply: Apply) -> None:
    attempts = [AttemptFactory(waiting=True), AttemptFactory(waiting=True)]

    results = apply(*(steps.claim(attempt, code_hash=CODE) for attempt in attempts))

    assert all(isinstance(result, Claimed) for result in results)


def test_a_claim_of_another_process_stands(apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    CodeClaimFactory(attempt=AttemptFactory(returned=True), account_id=attempt.account_id, code_hash=CODE)

    [result] = apply(steps.claim(attempt, code_hash=CODE))

    assert isinstance(result, NotClaimed)
    assert attempt.code_hash is None


def test_a_failed_attempt_may_try_a_second_code_but_not_the_first_again(apply: Apply) -> None:
    attempt = AttemptFactory(failed=True)

    [same] = apply(steps.claim(attempt, code_hash=attempt.code_hash))
    [other] = apply(steps.claim(attempt, code_hash=CODE))

    assert same.reason == "gw_state_used"
    assert isinstance(other, Claimed)
    assert other.attempt.outcome == "failed"


def test_an_interrupted_attempt_says_so_that_the_visitor_can_begin_again(apply: Apply) -> None:
    attempt = AttemptFactory(failed=True, ended_by="gw_interrupted")

    [result] = apply(steps.claim(attempt))

    assert result.reason == "gw_interrupted"


def test_a_return_without_code_ends_the_attempt_as_denied(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    step = steps.claim(attempt, code_hash=None)

    [result] = apply(step)

    assert isinstance(result, Denied)
    assert (attempt.outcome, attempt.ended_at, attempt.returned_at) == ("denied", step.at, step.at)
    assert told(session, attempt.id) == [("return", "ok", "", "denied")]
    assert counts_of(session, attempt) == {"denied": 1}


def test_a_denial_by_another_browser_changes_nothing(apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)

    [result] = apply(steps.claim(attempt, code_hash=None, cookie_hash=None))

    assert isinstance(result, NotClaimed)
    assert attempt.outcome is None


def test_a_denial_after_a_failure_gives_the_attempt_no_second_end(session: Session, apply: Apply) -> None:
    attempt: Attempt = AttemptFactory(failed=True)
    before = (attempt.outcome, attempt.ended_at, attempt.ended_by, attempt.code_hash)

    [result] = apply(steps.claim(attempt, code_hash=None))

    assert isinstance(result, Denied)
    assert (attempt.outcome, attempt.ended_at, attempt.ended_by, attempt.code_hash) == before
    assert told(session, attempt.id) == [("return", "ok", "", None)]
    assert counts_of(session, attempt) == {}


def test_a_denial_while_the_code_is_being_exchanged_comes_too_late(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(waiting=True)
    apply(steps.claim(attempt, code_hash=CODE))

    [result] = apply(steps.claim(attempt, code_hash=None))

    assert isinstance(result, NotClaimed)
    assert (result.reason, attempt.outcome, attempt.code_hash) == ("gw_state_used", None, CODE)
    assert told(session, attempt.id)[-1] == ("return", "harmless", "gw_state_used", None)


def test_many_returns_of_one_batch_each_get_their_own_answer(apply: Apply) -> None:
    attempts = [AttemptFactory(waiting=True) for _ in range(30)]

    results = apply(*(steps.claim(attempt) for attempt in reversed(attempts)))

    assert [result.attempt.id for result in results] == [attempt.id for attempt in reversed(attempts)]
