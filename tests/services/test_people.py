"""How many people logged in on a day: each counts once a day, in the hour of their first login of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import steps
from tests.databases import on_postgresql
from tests.factories import AttemptFactory, SiteFactory, UserFactory, stored
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import LoginHour, Site, User
from wxadmin.services import house
from wxadmin.services.batch import Batch
from wxadmin.services.logins import Login

BEIJING = ZoneInfo("Asia/Shanghai")
# Midnight in Beijing.
MIDNIGHT = datetime(2026, 11, 19, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Day:
    """Logins at moments, as one batch each time."""

    def __init__(self, session: Session, ids: Ids) -> None:
        self._session = session
        self._ids = ids
        self.site: Site = SiteFactory()

    def log_in(self, *logins: tuple[str, datetime]) -> None:
        made = [self._login(openid, at) for openid, at in logins]
        self._session.flush()
        batch = Batch(self._session.connection(), ids=self._ids, now=MIDNIGHT, node=1, zone=BEIJING)
        Login.apply(batch, made)
        batch.close()
        self._session.expire_all()

    def people(self) -> dict[datetime, int]:
        """By hour, zeros left out."""
        query = select(LoginHour.hour, LoginHour.people).where(LoginHour.site_id == self.site.id, LoginHour.people > 0)
        return dict(self._session.execute(query).all())

    def _login(self, openid: str, at: datetime) -> Login:
        attempt = AttemptFactory(site=self.site, returned=True, started_at=at - MINUTE)
        return steps.login(steps.seen(attempt), openid, at=at)


@pytest.fixture
def day(session: Session, ids: Ids) -> Day:
    return Day(session, ids)


def test_a_person_counts_once_a_day_in_the_hour_of_the_first_login(day: Day) -> None:
    day.log_in(("oA", MIDNIGHT + MINUTE))

    day.log_in(("oA", MIDNIGHT + 2 * MINUTE))
    day.log_in(("oA", MIDNIGHT + 200 * MINUTE))

    assert day.people() == {MIDNIGHT: 1}


def test_a_new_day_begins_at_midnight_of_the_zone(day: Day) -> None:
    day.log_in(("oA", MIDNIGHT - MINUTE))

    day.log_in(("oA", MIDNIGHT + MINUTE))

    assert day.people() == {MIDNIGHT - timedelta(hours=1): 1, MIDNIGHT: 1}


def test_repeats_within_a_batch_count_once(day: Day) -> None:
    day.log_in(("oA", MIDNIGHT + MINUTE), ("oB", MIDNIGHT + MINUTE), ("oA", MIDNIGHT + 2 * MINUTE))

    assert day.people() == {MIDNIGHT: 2}


def test_a_batch_over_midnight_counts_the_person_on_both_days(day: Day) -> None:
    day.log_in(("oA", MIDNIGHT - MINUTE), ("oA", MIDNIGHT + MINUTE), ("oA", MIDNIGHT + 2 * MINUTE))

    assert day.people() == {MIDNIGHT - timedelta(hours=1): 1, MIDNIGHT: 1}


def test_somebody_known_for_long_counts_on_the_day_they_return(day: Day) -> None:
    UserFactory(account_id=day.site.account_id, openid="oA", last_login_at=MIDNIGHT - timedelta(days=9))

    day.log_in(("oA", MIDNIGHT + MINUTE))

    assert day.people() == {MIDNIGHT: 1}


def test_a_login_that_is_stored_late_takes_the_last_one_not_back(day: Day, session: Session) -> None:
    day.log_in(("oA", MIDNIGHT + MINUTE))

    day.log_in(("oA", MIDNIGHT - MINUTE))
    day.log_in(("oA", MIDNIGHT + 2 * MINUTE))

    assert day.people() == {MIDNIGHT: 1}
    assert session.scalars(select(User.last_login_at)).all() == [MIDNIGHT + 2 * MINUTE]


def test_the_people_of_a_day_are_those_whom_its_events_name(database: Database, database_url: str) -> None:
    site: Site = database.write_now(stored, SiteFactory)
    node = database.write_now(house.register_node)
    writer = Writer(database.writer, ids=Ids(node), node=node, zone=BEIJING)
    for day in range(3):
        starts = [steps.start(site, at=MIDNIGHT + timedelta(days=day, minutes=number)) for number in range(60)]
        writer.write(starts)
        logins: list[Any] = [steps.login(steps.seen(made), f"o{number * 7 % 23}") for number, made in enumerate(starts)]
        writer.write(logins[:25])
        writer.write(logins[25:])

    people = database.read_now(lambda session: session.scalar(text("SELECT sum(people) FROM login_hour")))

    assert people == 3 * 23


@on_postgresql
def test_two_processes_that_meet_the_same_people_count_each_once(database: Database) -> None:
    site: Site = database.write_now(stored, SiteFactory)
    nodes = [database.write_now(house.register_node) for _ in range(2)]
    writers = [Writer(database.writer, ids=Ids(node), node=node, zone=BEIJING) for node in nodes]

    def log_in(writer: Writer, day: int) -> list[Any]:
        starts = [steps.start(site, at=MIDNIGHT + timedelta(days=day, minutes=minute)) for minute in range(30)]
        writer.write(list(starts))
        return writer.write([steps.login(steps.seen(start), f"o{number}") for number, start in enumerate(starts)])

    with ThreadPoolExecutor(2) as both:
        for day in range(8):
            results = [both.submit(log_in, writer, day) for writer in writers]
            assert not [one for result in results for one in result.result() if isinstance(one, Exception)]

    people = database.read_now(lambda session: session.scalar(text("SELECT sum(people) FROM login_hour")))
    assert people == 8 * 30
