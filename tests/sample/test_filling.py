"""How a sample comes into a database: whole or not at all, beside what is there, the same for the same seed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.databases import Bed
from tests.sample.trial import KEYS, filled, rows
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import BadValue, KeyMissing
from wxadmin.ids import Ids
from wxadmin.models import Site
from wxadmin.sample import fill
from wxadmin.security.keys import KeyRing
from wxadmin.services import leases, sweeping
from wxadmin.services.batch import Batch
from wxadmin.services.tickets import Redeem

_TABLES = ("user", "user_channel", "token", "attempt", "event", "login_hour", "failure_hour", "step_hour", "account")
_SMALL: dict[str, Any] = {"users": 150, "events": 900}


def _numbers(url: str) -> dict[str, int]:
    return {table: rows(url, f'SELECT count(*) FROM "{table}"')[0][0] for table in _TABLES}


@pytest.mark.parametrize("events", [0, 1, 25, 500, 2003])
def test_the_number_of_events_is_met_however_small(sqlite_url: str, events: int) -> None:
    filled(sqlite_url, users=100, events=events)

    numbers = _numbers(sqlite_url)

    assert (numbers["user"], numbers["event"]) == (100, events)


def test_few_people_can_have_many_logins(sqlite_url: str) -> None:
    filled(sqlite_url, users=100, events=30_000)

    numbers = _numbers(sqlite_url)

    assert (numbers["user"], numbers["event"]) == (100, 30_000)


def test_a_second_call_adds_other_people_to_the_same_accounts(database_url: str) -> None:
    filled(database_url, **_SMALL)
    before = _numbers(database_url)

    filled(database_url, **_SMALL)

    after = _numbers(database_url)
    assert (after["user"], after["event"], after["account"]) == (2 * before["user"], 2 * before["event"], 3)
    assert rows(database_url, 'SELECT count(DISTINCT openid), count(DISTINCT change_no) FROM "user"') == [(300, 300)]


def test_the_same_seed_tells_the_same_story(bed: Bed) -> None:
    urls = [bed.copy() for _ in range(3)]
    for url, seed in zip(urls, (7, 7, 8), strict=True):
        filled(url, seed=seed, **_SMALL)

    stories = [
        [rows(url, f'SELECT {columns} FROM "{table}" ORDER BY id') for table, columns in _TOLD.items()] for url in urls
    ]

    assert stories[0] == stories[1]
    assert stories[0] != stories[2]
    for url in urls:
        bed.drop(url)


_TOLD = {
    "user": "id, openid, unionid, nickname, first_seen_at, last_login_at, logins, last_channel, change_no",
    "attempt": "id, scope, return_url, nonce, channel, ip, started_at, ended_at, outcome, ended_by, user_id",
    "event": "id, at, attempt_id, user_id, stage, event_class, code, rid, duration_ms, outcome",
}


@pytest.mark.parametrize("moment", ["visits", "refreshes", "users", "channels"])
def test_a_sample_that_is_stopped_leaves_nothing(database_url: str, moment: str) -> None:
    def stop(what: str, share: float) -> None:
        if what == moment and share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(database_url, KEYS, users=200, events=3000, progress=stop)

    assert set(_numbers(database_url).values()) == {0}
    # Numbers of nodes are not given back: ids must never meet.
    assert set(rows(database_url, "SELECT value FROM counter WHERE name <> 'nodes'")) == {(0,)}


def test_progress_rises_to_the_whole_in_each_part(sqlite_url: str) -> None:
    seen: dict[str, list[float]] = {}

    filled(sqlite_url, progress=lambda what, share: seen.setdefault(what, []).append(share), **_SMALL)

    assert {"visits", "refreshes", "users", "channels", "commit"} <= seen.keys()
    for shares in seen.values():
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1)


def test_the_schema_stays_as_it_was_migrated(sqlite_url: str) -> None:
    before = rows(sqlite_url, "SELECT type, name, sql FROM sqlite_master ORDER BY name")

    filled(sqlite_url, **_SMALL)

    assert rows(sqlite_url, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == before
    assert rows(sqlite_url, "PRAGMA foreign_key_check") == []
    assert rows(sqlite_url, "PRAGMA integrity_check") == [("ok",)]


def test_indices_of_postgresql_stay_as_they_were_migrated(postgresql_url: str) -> None:
    query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    before = rows(postgresql_url, query)

    filled(postgresql_url, **_SMALL)

    assert rows(postgresql_url, query) == before


@pytest.mark.parametrize("sizes", [{"users": 99, "events": 10}, {"users": 100, "events": -1}])
def test_sizes_that_make_no_sample_are_refused(sqlite_url: str, sizes: dict[str, int]) -> None:
    with pytest.raises(BadValue, match="at least 100 users"):
        filled(sqlite_url, **sizes)

    assert set(_numbers(sqlite_url).values()) == {0}


def test_a_database_sealed_under_another_key_is_refused(sqlite_url: str) -> None:
    filled(sqlite_url, **_SMALL)
    before = _numbers(sqlite_url)

    with pytest.raises(KeyMissing):
        fill(sqlite_url, KeyRing(["another key, long enough for a ring"]), **_SMALL)

    assert _numbers(sqlite_url) == before


def test_no_token_of_a_sample_is_ever_leased(database: Database, database_url: str) -> None:
    filled(database_url, **_SMALL)
    accounts = [account_id for (account_id,) in rows(database_url, "SELECT id FROM account")]

    lease = {"ids": Ids(node=1), "node": 1, "lease": timedelta(minutes=1), "limit": 10}
    leased = [database.write_now(leases.lease_due, account_id, **lease).tokens for account_id in accounts]

    assert rows(database_url, "SELECT count(*) FROM token WHERE state = 'active'")[0][0] > 0
    assert leased == [[] for _ in accounts]


def test_the_running_program_goes_on_where_the_sample_ends(database: Database, database_url: str) -> None:
    fill(database_url, KEYS, users=200, events=20_000)
    waiting = rows(database_url, "SELECT count(*) FROM attempt WHERE outcome IS NULL")[0][0]

    ended = database.write_now(
        sweeping.end_waiting, ids=Ids(node=1), node=1, now=utcnow() + timedelta(minutes=11), limit=10_000
    )

    newest = rows(database_url, "SELECT max(id), max(attempt_id) FROM event")[0]
    assert ended == waiting
    assert Ids(node=0).draw() > max(newest)


def test_a_silent_login_has_the_shape_that_the_services_give_it(database: Database, database_url: str) -> None:
    filled(database_url, users=200, events=3000)
    example = _shape(database_url, _told_alike(database_url))

    attempt_id = database.write_now(_real_silent_login)

    assert _shape(database_url, attempt_id) == example


def _told_alike(url: str) -> int:
    """An attempt of the sample that went as the real one will: with a channel, without a number of the site's."""
    query = (
        "SELECT min(attempt.id) FROM attempt JOIN (SELECT attempt_id FROM event GROUP BY attempt_id"
        " HAVING count(*) = 5 AND sum(CASE WHEN event_class <> 'ok' OR first_of_day THEN 1 ELSE 0 END) = 0) AS plain"
        " ON plain.attempt_id = attempt.id WHERE scope = 'snsapi_base' AND outcome = 'succeeded'"
        " AND channel IS NOT NULL AND ref IS NULL AND lang IS NULL"
    )
    attempt_id: int = rows(url, query)[0][0]
    return attempt_id


def _real_silent_login(session: Session) -> int:
    """The second one of the same person."""
    site = session.scalars(select(Site).where(Site.name == "sample-shop")).one()
    ids = Ids(node=9)
    for _ in range(2):
        start = steps.start(site)
        login = steps.login(steps.seen(start), "oQh3cT-somebody-else-0000001")
        redeem = Redeem(login.ticket_hash, site.id, login.at + timedelta(seconds=1), None)
        for step in (start, steps.claim(start), login, redeem):
            batch = Batch(session.connection(), ids=ids, now=utcnow(), node=1)
            type(step).apply(batch, [step])
            batch.close()
    return start.attempt_id


def _shape(url: str, attempt_id: int) -> list[Any]:
    """Which columns of the attempt and its events are filled, and with what where it is one of a few words."""
    words = {
        "scope",
        "outcome",
        "scope_granted",
        "stage",
        "event_class",
        "code",
        "recovered",
        "new_user",
        "first_of_day",
    }
    found = [
        *rows(url, f"SELECT * FROM attempt WHERE id = {attempt_id}"),
        *rows(url, f"SELECT * FROM event WHERE attempt_id = {attempt_id} ORDER BY id"),
    ]
    return [
        {name: value if name in words else value is not None for name, value in row._mapping.items()} for row in found
    ]
