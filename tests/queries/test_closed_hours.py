"""Sums of hours that are over are remembered, and those of hours that may still change are not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import FailureHourFactory, LoginHourFactory, StepHourFactory
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.models import FailureHour, LoginHour, Stage, StepHour
from wxadmin.queries import failures, hours, steps
from wxadmin.queries.closed_hours import OVER_FOR, Bounds, by_bucket
from wxadmin.queries.failures import Span
from wxadmin.queries.hours import EVERYBODY, Part

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bounds() -> Bounds:
    """Four days, the last of which is not over."""
    end = hour_of(utcnow()) + HOUR
    return tuple(end - back * DAY for back in reversed(range(5)))


class Reader:
    """Counts how often each bucket was asked for; a bucket's value is how often that was so far."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def __call__(self, bounds: Bounds) -> Sequence[int]:
        self.asked += bounds[:-1]
        return [self.asked.count(start) for start in bounds[:-1]]


def test_only_buckets_that_are_not_over_are_asked_for_again(database: Database, bounds: Bounds) -> None:
    read = Reader()

    first, second = (database.read_now(by_bucket, bounds, read, key="some") for _ in range(2))

    assert list(first) == [1, 1, 1, 1]
    assert list(second) == [1, 1, 1, 2]
    assert read.asked == [*bounds[:-1], bounds[3]]


def test_a_bucket_is_over_some_hours_after_its_end(database: Database) -> None:
    end = utcnow() - OVER_FOR
    read = Reader()

    for bounds in ((end - HOUR, end - timedelta(seconds=1)), (end - HOUR, end + HOUR)):
        for _ in range(2):
            database.read_now(by_bucket, bounds, read, key="some")

    assert len(read.asked) == 3


def test_what_is_of_something_else_is_asked_for_itself(database: Database, bounds: Bounds) -> None:
    reads = [Reader(), Reader()]

    for key, read in enumerate(reads):
        database.read_now(by_bucket, bounds, read, key=key)

    assert reads[0].asked == reads[1].asked == list(bounds[:-1])


def test_a_longer_span_asks_for_what_is_missing_at_both_ends(database: Database, bounds: Bounds) -> None:
    longer = (bounds[0] - DAY, *bounds)
    read = Reader()
    database.read_now(by_bucket, bounds[1:3], read, key="some")

    values = database.read_now(by_bucket, longer, read, key="some")

    assert len(values) == 5
    assert set(read.asked) == set(longer[:-1])


def test_a_session_that_may_see_what_nobody_else_does_remembers_nothing(session: Session, bounds: Bounds) -> None:
    read = Reader()

    first, second = (by_bucket(session, bounds, read, key="some") for _ in range(2))

    assert (list(first), list(second)) == ([1, 1, 1, 1], [2, 2, 2, 2])


@pytest.fixture
def counted(database: Database, bounds: Bounds) -> None:
    """In each day three logins, two failures and five steps."""
    database.write_now(_count, bounds)


def _count(session: Session, bounds: Bounds) -> None:
    for start in bounds[:-1]:
        factories.stored(session, lambda at=start: LoginHourFactory(hour=at, succeeded=3))
        factories.stored(session, lambda at=start: FailureHourFactory(hour=at, events=2))
        factories.stored(session, lambda at=start: StepHourFactory(hour=at, stage=Stage.START, events=5))


def _sums(session: Session, bounds: Bounds, part: Part = EVERYBODY) -> tuple[int, tuple[int, ...], int]:
    [failed] = failures.by_kind(session, Span(bounds), part=part).values() or [()]
    return (
        hours.logins(session, bounds, part).succeeded,
        failed,
        steps.steps(session, bounds, part)[Stage.START].events,
    )


def test_sums_are_the_same_whether_remembered_or_read(database: Database, bounds: Bounds, counted: None) -> None:
    found = [database.read_now(_sums, bounds) for _ in range(3)]

    assert found == [(12, (2, 2, 2, 2), 20)] * 3


def test_the_newest_hours_are_read_on_every_load(database: Database, bounds: Bounds, counted: None) -> None:
    database.read_now(_sums, bounds)
    database.write_now(_add_one, bounds[3])

    assert database.read_now(_sums, bounds) == (13, (2, 2, 2, 3), 21)


def _add_one(session: Session, hour: datetime) -> None:
    for table, column in ((LoginHour, "succeeded"), (FailureHour, "events"), (StepHour, "events")):
        session.execute(update(table).where(table.hour == hour).values({column: getattr(table, column) + 1}))


def test_sites_have_sums_of_their_own(database: Database, bounds: Bounds, counted: None) -> None:
    everybody = database.read_now(_sums, bounds)

    nobody = database.read_now(_sums, bounds, Part(site_ids=frozenset({10**9})))

    assert (everybody[0], nobody) == (12, (0, (), 0))
