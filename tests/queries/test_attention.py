"""What needs somebody now: told only when it is so."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.factories import (
    AccountFactory,
    FailureHourFactory,
    JobRunFactory,
    LoginHourFactory,
    NodeFactory,
)
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import Class
from wxadmin.queries import attention
from wxadmin.queries.attention import IdleJob, Misconfigured

NOW = utcnow()
THIS_HOUR = hour_of(NOW)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def jobs(**changes: Any) -> None:
    """All have run a minute ago, unless `changes` say otherwise of one."""
    for name in ("refresh", "sweep", "verify", "purge", "scrub"):
        JobRunFactory(**{"name": name, "ended_at": NOW - timedelta(minutes=1)} | changes.get(name, {}))


def usual(**counts: int) -> None:
    """The hours before this one, on each of the seven days before."""
    for day in range(1, 8):
        for back in range(1, 4):
            LoginHourFactory(hour=THIS_HOUR - back * HOUR - day * DAY, **counts)


def test_a_wrong_appsecret_is_told_with_its_account(session: Session) -> None:
    account = AccountFactory(title="青禾茶铺")
    FailureHourFactory(account_id=account.id, code="40125", hour=THIS_HOUR, events=4)
    FailureHourFactory(account_id=account.id, code="40125", hour=THIS_HOUR - HOUR, events=3)
    session.flush()

    found = attention.misconfigured(session, NOW, None)

    assert found == [Misconfigured("青禾茶铺", "40125", "exchange", 7)]


@pytest.mark.parametrize(
    ("code", "hour"), [("40029", THIS_HOUR), ("40163", THIS_HOUR), ("40125", THIS_HOUR - 2 * HOUR)]
)
def test_what_visitors_do_and_what_is_past_is_no_misconfiguration(session: Session, code: str, hour: Any) -> None:
    FailureHourFactory(code=code, hour=hour, events=100)
    session.flush()

    found = attention.misconfigured(session, NOW, None)

    assert found == []


def test_a_developer_is_told_of_their_own_sites_only(session: Session) -> None:
    FailureHourFactory(code="40125", hour=THIS_HOUR, site_id=71)
    session.flush()

    found = [attention.misconfigured(session, NOW, frozenset(sites)) for sites in ({71}, {72}, set())]

    assert [len(one) for one in found] == [1, 0, 0]


def test_twice_as_many_as_usual_who_never_come_back_are_a_surge(session: Session) -> None:
    usual(started=100, abandoned=10)
    LoginHourFactory(hour=THIS_HOUR - HOUR, started=100, abandoned=61)
    session.flush()

    recent = attention.recent(session, NOW, None)

    assert (recent.abandoned.now, recent.abandoned.usual, recent.abandoned.is_one) == (61, 30, True)
    assert not recent.failed.is_one


@pytest.mark.parametrize("abandoned", [0, 19, 60])
def test_about_as_many_as_usual_are_none(session: Session, abandoned: int) -> None:
    usual(started=100, abandoned=10 if abandoned == 60 else 0)
    LoginHourFactory(hour=THIS_HOUR - HOUR, started=100, abandoned=abandoned)
    session.flush()

    recent = attention.recent(session, NOW, None)

    assert not recent.abandoned.is_one


def test_those_who_recovered_did_not_fail(session: Session) -> None:
    LoginHourFactory(hour=THIS_HOUR - HOUR, failed=50, recovered=40)
    session.flush()

    recent = attention.recent(session, NOW, None)

    assert recent.failed.now == 10


def test_many_repeated_callbacks_are_a_surge(session: Session) -> None:
    FailureHourFactory(hour=THIS_HOUR - HOUR, event_class=Class.HARMLESS.value, code="gw_state_used", events=30)
    FailureHourFactory(hour=THIS_HOUR, event_class=Class.HARMLESS.value, code="gw_state_used", events=900)
    session.flush()

    recent = attention.recent(session, NOW, None)

    assert (recent.repeated.now, recent.repeated.is_one) == (30, True)


@pytest.mark.parametrize(("usually", "begun", "is_silent"), [(50, 0, True), (50, 1, False), (5, 0, False)])
def test_silence_where_many_usually_begin(session: Session, usually: int, begun: int, is_silent: bool) -> None:
    usual(started=usually)
    LoginHourFactory(hour=THIS_HOUR - 2 * HOUR, started=begun)
    session.flush()

    recent = attention.recent(session, NOW, None)

    assert recent.is_silent is is_silent


def test_jobs_that_run_are_not_mentioned(session: Session) -> None:
    NodeFactory(started_at=NOW - DAY)
    jobs()
    session.flush()

    idle = attention.idle_jobs(session, NOW)

    assert idle == []


def test_a_job_that_failed_is_told_with_its_error(session: Session) -> None:
    at = NOW - timedelta(minutes=2)
    jobs(sweep={"ended_at": at, "error": "ValueError"})
    session.flush()

    idle = attention.idle_jobs(session, NOW)

    assert idle == [IdleJob("sweep", at, "ValueError")]


def test_a_job_that_stopped_is_told_with_when_it_last_ran(session: Session) -> None:
    NodeFactory(started_at=NOW - DAY)
    at = NOW - timedelta(hours=1)
    jobs(refresh={"ended_at": at})
    session.flush()

    idle = attention.idle_jobs(session, NOW)

    assert idle == [IdleJob("refresh", at, None)]


def test_a_job_that_never_ran_is_told_once_a_process_has_been_there_for_long(session: Session) -> None:
    NodeFactory(started_at=NOW - timedelta(hours=1))
    session.flush()

    idle = attention.idle_jobs(session, NOW)

    assert idle == [IdleJob("refresh", None, None), IdleJob("sweep", None, None)]


def test_a_process_that_has_just_begun_gives_its_jobs_time(session: Session) -> None:
    NodeFactory(started_at=NOW - timedelta(minutes=1))
    jobs(refresh={"ended_at": NOW - DAY}, verify={"ended_at": NOW - DAY})
    session.flush()

    idle = attention.idle_jobs(session, NOW)

    assert idle == []
