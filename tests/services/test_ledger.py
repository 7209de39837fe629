"""Counts by hour equal the events, by an oracle that is not ours: plain SQL through the databases' own drivers."""

import random
import sqlite3
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests import steps
from tests.factories import SiteFactory, stored
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Outcome, Site, Stage
from wxadmin.models.counts import DURATION_BUCKETS_MS
from wxadmin.services import house
from wxadmin.services.claims import Claimed
from wxadmin.services.logins import Login
from wxadmin.services.tickets import Redeem

PLACE = "hour, account_id, site_id, scope"
EVENT_PLACE = "HOUR_OF_AT, coalesce(account_id, 0), coalesce(site_id, 0), scope"


def _sum(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _buckets() -> list[str]:
    lower = (-1, *DURATION_BUCKETS_MS)
    between = [_sum(f"duration_ms > {low} AND duration_ms <= {up}") for low, up in zip(lower, DURATION_BUCKETS_MS)]  # noqa: B905
    return [*between, _sum(f"duration_ms > {DURATION_BUCKETS_MS[-1]}")]


_OUTCOMES = ["succeeded", "failed", "denied", "snapshot", "abandoned", "duplicate"]
LOGINS = {
    "started": _sum("stage = 'start' AND event_class <> 'refused'"),
    "refused": _sum("event_class = 'refused'"),
    **{outcome: _sum(f"outcome = '{outcome}' AND event_class <> 'refused'") for outcome in _OUTCOMES},
    "recovered": _sum("recovered"),
    "new_users": _sum("new_user"),
    "people": _sum("first_of_day"),
}
# Of each table of counts: what it says, and what the events say.
COMPARED = {
    "login_hour": (
        f"SELECT {PLACE}, {', '.join(LOGINS)} FROM login_hour",
        f"SELECT {EVENT_PLACE}, {', '.join(LOGINS.values())} FROM event GROUP BY 1, 2, 3, 4 "
        f"HAVING {' + '.join(LOGINS.values())} > 0",
    ),
    "failure_hour": (
        f"SELECT {PLACE}, stage, code, event_class, browser_family, events FROM failure_hour",
        f"SELECT {EVENT_PLACE}, stage, code, event_class, browser_family, count(*) FROM event "
        "WHERE event_class <> 'ok' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
    ),
    "step_hour": (
        f"SELECT {PLACE}, stage, event_class, events, "
        f"{', '.join(f'ms_{up}' for up in DURATION_BUCKETS_MS)}, ms_more FROM step_hour",
        f"SELECT {EVENT_PLACE}, stage, event_class, count(*), {', '.join(_buckets())} FROM event "
        "GROUP BY 1, 2, 3, 4, 5, 6",
    ),
}


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows, by the driver alone."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            rows = connection.execute(query.replace("HOUR_OF_AT", "substr(at, 1, 13) || ':00:00.000000'")).fetchall()
        connection.close()
        return sorted(rows)
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return sorted(connection.execute(query.replace("HOUR_OF_AT", "date_trunc('hour', at)").encode()).fetchall())


class Story:
    """Visitors of two sites do what visitors do, in an order that the seed decides."""

    def __init__(self, database: Database, seed: int) -> None:
        self._chance = random.Random(seed)
        ids = Ids(database.write_now(house.register_node))
        self._writer = Writer(database.writer, ids=ids, node=1)
        self._sites: list[Site] = database.write_now(stored, lambda: [SiteFactory(), SiteFactory()])

    def tell(self, visits: int) -> None:
        started = [self._start() for _ in range(visits)]
        self._write(started)
        returns = [self._return(start) for start in started if start.state_hash and self._chance.random() < 0.9]
        repeated = self._chance.choices(returns, k=visits // 4)
        claimed = [result for result in self._write(returns + repeated) if isinstance(result, Claimed)]
        finished = [self._finish(result) for result in claimed]
        self._write(finished)
        # Some of those that failed come back with a second code, and some logins are told twice.
        again = [self._login(result) for result in claimed if self._chance.random() < 0.3]
        self._write(again)
        self._write([self._redeem(step) for step in finished + again if isinstance(step, Login)] * 2)

    def _write(self, all_steps: list[Any]) -> list[Any]:
        self._chance.shuffle(all_steps)
        results: list[Any] = []
        while all_steps:
            size = self._chance.randint(1, 40)
            batch, all_steps = all_steps[:size], all_steps[size:]
            results += self._writer.write(batch)
        assert not [result for result in results if isinstance(result, Exception)]
        return results

    def _start(self) -> Any:
        at = utcnow() - timedelta(minutes=self._chance.uniform(0, 180))
        changes: dict[str, Any] = {
            "at": at,
            "scope": self._chance.choice(["snsapi_base", "snsapi_userinfo"]),
            "browser_family": self._chance.choice(["wechat-ios", "wechat-android", "other"]),
        }
        if self._chance.random() < 0.1:
            changes |= {"refused": self._chance.choice(["gw_not_wechat", "gw_loop"]), "state_hash": None}
        if self._chance.random() < 0.05:
            changes |= {"refused": "gw_account_off", "state_hash": None, "account_id": None, "site_id": None}
        return steps.start(self._chance.choice(self._sites), **changes)

    def _return(self, start: Any) -> Any:
        changes: dict[str, Any] = {"at": start.at + timedelta(minutes=self._chance.uniform(0, 11))}
        fate = self._chance.random()
        if fate < 0.1:
            changes["cookie_hash"] = None
        elif fate < 0.2:
            changes["code_hash"] = None
        return steps.claim(start, **changes)

    def _finish(self, claimed: Claimed) -> Any:
        fate, attempt = self._chance.random(), claimed.attempt
        if fate < 0.2:
            return steps.failure(attempt, self._chance.choice(["40029", "40163", "gw_timeout"]))
        if fate < 0.3:
            return steps.failure(attempt, "", Outcome.SNAPSHOT)
        return self._login(claimed)

    def _login(self, claimed: Claimed) -> Login:
        at = claimed.attempt.started_at + timedelta(seconds=self._chance.uniform(0, 20))
        durations = [*DURATION_BUCKETS_MS, *(up + 1 for up in DURATION_BUCKETS_MS), 0, 60_000]
        calls = (
            steps.call(at, duration_ms=self._chance.choice(durations)),
            steps.call(at, self._chance.choice(["", "", "48001"]), stage=Stage.USERINFO),
        )
        make = self._chance.choice([steps.login, steps.login_with_profile])
        return make(claimed.attempt, f"oPerson{self._chance.randint(1, 30)}", at=at, calls=calls)

    def _redeem(self, login: Login) -> Redeem:
        site_id = login.attempt.site_id if self._chance.random() < 0.9 else 404
        return Redeem(login.ticket_hash, site_id, utcnow(), None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_equal_the_events_to_the_row(database_url: str, database: Database, seed: int) -> None:
    story = Story(database, seed)

    story.tell(visits=150)

    for table, (counted, expected) in COMPARED.items():
        rows = ask(database_url, counted)
        assert rows == ask(database_url, expected), table
        assert len(rows) > 5


def test_every_end_of_an_attempt_is_told_by_exactly_one_event(database_url: str, database: Database) -> None:
    story = Story(database, seed=4)

    story.tell(visits=150)

    ends = ask(database_url, "SELECT outcome, count(*) FROM attempt WHERE outcome IS NOT NULL GROUP BY 1")
    last_told = "SELECT attempt_id, max(id) AS id FROM event WHERE outcome IS NOT NULL GROUP BY 1"
    events = f"SELECT outcome, count(*) FROM event JOIN ({last_told}) AS last USING (id) GROUP BY 1"
    # An attempt that recovered has two: the failure, and the success after it.
    all_told = "SELECT count(*) FROM event WHERE outcome IS NOT NULL"
    all_ends = "SELECT count(*) + count(recovered_at) FROM attempt WHERE outcome IS NOT NULL"
    assert ends == ask(database_url, events)
    assert ask(database_url, all_told) == ask(database_url, all_ends)
    assert {outcome for outcome, _ in ends} == {"succeeded", "failed", "denied", "snapshot"}


def test_the_numbers_of_people_equal_what_their_logins_say(database_url: str, database: Database) -> None:
    story = Story(database, seed=5)

    story.tell(visits=150)

    handoffs = "SELECT user_id, count(*) FROM event WHERE stage = 'handoff' GROUP BY 1"
    [[people, numbered, greatest]] = ask(
        database_url, 'SELECT count(*), count(DISTINCT change_no), max(change_no) FROM "user"'
    )
    assert ask(database_url, 'SELECT id, logins FROM "user"') == ask(database_url, handoffs)
    assert ask(database_url, "SELECT user_id, sum(logins) FROM user_channel GROUP BY 1") == ask(database_url, handoffs)
    assert people == numbered > 10
    assert [(greatest,)] == ask(database_url, "SELECT value FROM counter WHERE name = 'user_changes'")
    assert [(people,)] == ask(database_url, "SELECT sum(new_users) FROM login_hour")
