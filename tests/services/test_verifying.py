"""Counts that went wrong are found by the events themselves, and put right."""

from datetime import datetime

import pytest
from sqlalchemy import delete, select, update

from tests import steps
from tests.factories import SiteFactory, stored
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Class, FailureHour, LoginHour, StepHour
from wxadmin.queries import counts
from wxadmin.services import house, verifying


@pytest.fixture
def hour(database: Database) -> datetime:
    """An hour in which some attempts began, one was refused and one failed."""
    site = database.write_now(stored, SiteFactory)
    node = database.write_now(house.register_node)
    writer = Writer(database.writer, ids=Ids(node), node=node)
    now = utcnow()
    starts = [steps.start(site, at=now) for _ in range(5)]
    writer.write([*starts, steps.start(site, at=now, refused="gw_loop", state_hash=None)])
    writer.write([steps.failure(steps.seen(starts[0]))])
    return hour_of(now)


def test_counts_that_equal_the_events_are_left_alone(database: Database, hour: datetime) -> None:
    differing = database.read_now(counts.differing, hour)

    assert differing == {}


def test_a_wrong_a_missing_and_a_surplus_row_are_found_and_put_right(database: Database, hour: datetime) -> None:
    before = database.read_now(counts.stored, hour)
    database.write_now(lambda session: session.execute(update(StepHour).values(events=StepHour.events + 1)))
    database.write_now(lambda session: session.execute(delete(LoginHour)))
    database.write_now(
        lambda session: session.execute(
            update(FailureHour).where(FailureHour.event_class == Class.REFUSED).values(code="gw_invented")
        )
    )

    differing = database.read_now(counts.differing, hour)
    repaired = database.write_now(verifying.repair_hour, hour)

    assert set(differing) == {StepHour, LoginHour, FailureHour}
    assert repaired == sum(differing.values())
    after = database.read_now(counts.stored, hour)
    key = lambda row: sorted((name, str(value)) for name, value in row.items())  # noqa: E731
    assert {table: sorted(rows, key=key) for table, rows in after.items()} == {
        table: sorted(rows, key=key) for table, rows in before.items()
    }


def test_another_hour_is_not_touched(database: Database, hour: datetime) -> None:
    earlier = hour.replace(year=hour.year - 1)
    database.write_now(lambda session: session.execute(update(StepHour).values(hour=earlier)))

    database.write_now(verifying.repair_hour, hour)

    hours = select(StepHour.hour).distinct().order_by(StepHour.hour)
    assert database.read_now(lambda session: session.scalars(hours).all()) == [earlier, hour]
