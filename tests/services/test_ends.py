"""Ends that are no login: the first one counts, later ones are events."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import AttemptFactory
from tests.services.conftest import Apply, counts_of, events_of, told
from wxadmin.models import FailureHour, Outcome, Stage
from wxadmin.services.ends import End


def test_a_refused_code_ends_the_attempt_as_failed(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(returned=True)
    step = steps.failure(steps.seen(attempt), "40029")

    apply(step)

    assert (attempt.outcome, attempt.ended_by, attempt.ended_at) == ("failed", "40029", step.calls[0].at)
    [event] = events_of(session, attempt.id)
    assert (event.stage, event.event_class, event.code, event.outcome) == ("exchange", "failure", "40029", "failed")
    assert (event.errmsg, event.rid, event.http_status) == ("invalid code", "6a1b2c3d-1-2", 200)
    assert counts_of(session, attempt) == {"failed": 1}


def test_every_failed_call_is_an_event_and_the_last_one_ends_the_attempt(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(returned=True)
    at = attempt.started_at + timedelta(seconds=4)
    calls = (steps.call(at, "gw_timeout"), steps.call(at + timedelta(seconds=5), "40163"))

    apply(End(steps.seen(attempt), Outcome.FAILED, calls))

    assert attempt.ended_by == "40163"
    assert told(session, attempt.id) == [
        ("exchange", "failure", "gw_timeout", None),
        ("exchange", "failure", "40163", "failed"),
    ]
    assert counts_of(session, attempt) == {"failed": 1}


def test_a_snapshot_is_an_end_without_failure(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(returned=True)

    apply(steps.failure(steps.seen(attempt), "", Outcome.SNAPSHOT))

    assert (attempt.outcome, attempt.ended_by, attempt.user_id) == ("snapshot", None, None)
    assert counts_of(session, attempt) == {"snapshot": 1}
    failures = session.scalars(select(FailureHour).where(FailureHour.site_id == attempt.site_id))
    assert failures.all() == []


@pytest.mark.parametrize("state", ["failed", "succeeded", "denied", "abandoned"])
def test_an_attempt_that_has_ended_keeps_its_end(session: Session, apply: Apply, state: str) -> None:
    attempt = AttemptFactory(**{state: True})
    before = (attempt.outcome, attempt.ended_by, attempt.ended_at)

    apply(steps.failure(steps.seen(attempt), "40163"))

    assert (attempt.outcome, attempt.ended_by, attempt.ended_at) == before
    assert told(session, attempt.id) == [("exchange", "failure", "40163", None)]
    assert counts_of(session, attempt) == {}


def test_of_two_ends_in_one_batch_the_first_counts(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(returned=True)
    both = steps.failure(steps.seen(attempt), "40029"), steps.failure(steps.seen(attempt), "40163")

    apply(*both)

    assert attempt.ended_by == "40029"
    assert counts_of(session, attempt) == {"failed": 1}


def test_an_errmsg_of_absurd_length_is_cut_to_its_column(session: Session, apply: Apply) -> None:
    attempt = AttemptFactory(returned=True)

    apply(steps.failure(steps.seen(attempt), errmsg="微" * 5_000, stage=Stage.EXCHANGE))

    [event] = events_of(session, attempt.id)
    assert event.errmsg == "微" * 512
