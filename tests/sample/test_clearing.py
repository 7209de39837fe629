"""A sample goes as a whole, and nothing else goes with it."""

from collections.abc import Callable
from typing import Any

from tests.factories import AttemptFactory, TokenFactory, UserFactory
from tests.sample.trial import UNTIL, filled, rows
from wxadmin.database import Database
from wxadmin.sample import clear, told_until
from wxadmin.sample.moments import DAY, from_datetime

_TABLES = ("user", "user_channel", "token", "attempt", "event", "login_hour", "failure_hour", "step_hour")
_SMALL: dict[str, Any] = {"users": 150, "events": 900}
Store = Callable[[Callable[[], Any]], Any]


def _numbers(url: str) -> dict[str, int]:
    return {table: rows(url, f'SELECT count(*) FROM "{table}"')[0][0] for table in _TABLES}


def _somebody_elses() -> None:
    user = UserFactory()
    TokenFactory(user=user)
    AttemptFactory()


def test_what_a_sample_left_goes_and_what_others_did_stays(database: Database, database_url: str, store: Store) -> None:
    store(_somebody_elses)
    before = _numbers(database_url)
    filled(database_url, **_SMALL)
    assert all(number > before[table] for table, number in _numbers(database_url).items())

    database.write_now(clear)

    assert _numbers(database_url) == before
    assert before["user"] == before["token"] == before["attempt"] == 1


def test_the_next_sample_meets_its_accounts_and_sites_again(database: Database, database_url: str) -> None:
    filled(database_url, **_SMALL)
    places = rows(database_url, "SELECT id, name FROM account UNION ALL SELECT id, name FROM site ORDER BY 1")
    database.write_now(clear)

    filled(database_url, **_SMALL)

    found = rows(database_url, "SELECT id, name FROM account UNION ALL SELECT id, name FROM site ORDER BY 1")
    assert found == places
    assert _numbers(database_url)["user"] == 150


def test_it_is_known_until_when_a_sample_tells(database: Database, database_url: str, store: Store) -> None:
    store(_somebody_elses)
    assert database.read_now(told_until) is None

    filled(database_url, until=UNTIL, **_SMALL)

    until = database.read_now(told_until)
    assert until is not None
    assert 0 < from_datetime(UNTIL) - from_datetime(until) < DAY
