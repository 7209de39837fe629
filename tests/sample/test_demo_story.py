"""The story of a demo: whoever opens the dashboard sees something happen, in the middle of the night too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.databases import Bed
from tests.sample.trial import Trial, filled
from wxadmin.database import Database
from wxadmin.days import DAY, Days, day_of, last_days, start_of
from wxadmin.queries import compared, counts, failures, overview
from wxadmin.queries.compared import Compared
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failures import Span
from wxadmin.queries.hours import EVERYBODY
from wxadmin.queries.overview import State

_BEIJING = ZoneInfo("Asia/Shanghai")
_MIDNIGHT = datetime(2026, 11, 20, tzinfo=timezone(timedelta(hours=8)))


@dataclass(frozen=True)
class Evening:
    """A demo that began at `now`."""

    trial: Trial
    database: Database
    now: datetime

    @property
    def state(self) -> State:
        return self.database.read_now(overview.state, now=self.now, site_ids=None)

    @property
    def compared(self) -> Compared:
        today = day_of(self.now, _BEIJING)
        return self.database.read_now(compared.compared, Days(today, today, _BEIJING), EVERYBODY, self.now)

    @property
    def failures_by_day(self) -> Mapping[Kind, tuple[int, ...]]:
        month = [start_of(day, _BEIJING) for day in last_days(30, self.now, _BEIJING)]
        return self.database.read_now(failures.by_kind, Span((*month, month[-1] + DAY)))


@pytest.fixture(scope="module", params=[timedelta(minutes=5), timedelta(hours=4, minutes=30)], ids=["00:05", "04:30"])
def demo(bed: Bed, request: pytest.FixtureRequest) -> Iterator[Evening]:
    url, now = bed.copy(), _MIDNIGHT + request.param
    trial = filled(url, users=1200, events=36_000, until=now, for_demo=True)
    database = Database(url)
    yield Evening(trial, database, now)
    database.close()
    bed.drop(url)


def test_today_has_logins_people_and_new_users(demo: Evening) -> None:
    today = demo.compared.here.whole

    assert min(today.succeeded, today.people) >= 10
    assert today.new_users >= 1


def test_yesterday_compares_with_today(demo: Evening) -> None:
    yesterday = demo.compared.before.whole

    assert 100 < yesterday.succeeded < 500
    assert 0.9 < (yesterday.success_rate or 0) < 0.99


def test_something_needs_attention_now(demo: Evening) -> None:
    (found,) = demo.state.misconfigured

    assert (found.account, found.code, found.stage) == ("安和口腔", "40243", "exchange")
    assert found.times >= 3


def test_returns_have_not_collapsed(demo: Evening) -> None:
    assert demo.state.collapses == []


def test_nobody_of_the_account_whose_secret_is_frozen_gets_in(demo: Evening) -> None:
    since = demo.trial.value("SELECT min(started_at) FROM attempt WHERE ended_by = '40243'")

    ends = demo.trial.rows(
        "SELECT DISTINCT outcome FROM attempt JOIN account ON account.id = account_id"
        f" WHERE account.name = 'sample-clinic' AND started_at >= '{since}'"
    )

    assert "failed" in {row.outcome for row in ends}
    assert "succeeded" not in {row.outcome for row in ends}


def test_one_evening_of_the_last_week_is_a_cliff(demo: Evening) -> None:
    days = demo.failures_by_day
    by_day = next(times for kind, times in days.items() if kind.code == "40125")

    assert max(by_day) == by_day[-6] == sum(by_day) > 20


def test_the_campaign_brings_more_than_any_other_channel(demo: Evening) -> None:
    since = (demo.now - timedelta(days=1)).astimezone(UTC)

    channels = demo.trial.rows(
        f"SELECT channel, count(*) AS visits FROM attempt WHERE started_at >= '{since:%Y-%m-%d %H:%M:%S}'"
        " AND channel IS NOT NULL GROUP BY channel ORDER BY visits DESC"
    )

    assert channels[0].channel == "autumn-tea"
    assert channels[0].visits > 2 * channels[1].visits


def test_there_is_one_of_everything_that_a_page_tells_apart(demo: Evening) -> None:
    ends = {row[0] for row in demo.trial.rows("SELECT DISTINCT outcome FROM attempt")}
    classes = {row[0] for row in demo.trial.rows("SELECT DISTINCT event_class FROM event")}
    dying = demo.trial.value(
        "SELECT count(*) FROM token WHERE scope = 'snsapi_userinfo' AND state = 'active'"
        f" AND refresh_expires_at < '{(demo.now + timedelta(days=3)).astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    )

    assert {"succeeded", "failed", "denied", "snapshot", "abandoned"} <= ends
    assert {"ok", "failure", "harmless", "blocked", "refused", "abandoned"} == classes
    assert dying > 0


def test_counts_equal_events_in_the_hours_around_now(demo: Evening) -> None:
    this_hour = demo.now.replace(minute=0)

    differing = [
        demo.database.read_now(counts.differing, this_hour - back * counts.HOUR) for back in (0, 1, 2, 28, 124)
    ]

    assert not any(differing)
