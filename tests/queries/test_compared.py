"""Some days beside those before: whole, and as far as both are over."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from tests.factories import LoginHourFactory
from wxadmin.days import Days
from wxadmin.queries import compared
from wxadmin.queries.hours import EVERYBODY, Part

ZONE = ZoneInfo("Asia/Shanghai")
# It is 10:30 in Shanghai.
NOW = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def logins(session: Session) -> None:
    """Each number is told from every sum of the others."""
    for day, hour, succeeded in [
        *((25, 0, 1), (25, 9, 2), (25, 10, 4)),
        *((24, 9, 8), (24, 10, 16), (24, 23, 32)),
        *((18, 9, 64), (18, 11, 128), (17, 23, 256)),
    ]:
        LoginHourFactory(hour=at(day, hour), succeeded=succeeded)
    session.flush()


def test_today_until_the_last_full_hour_compares_with_yesterday_until_then(session: Session, logins: None) -> None:
    found = compared.compared(session, Days(TODAY, TODAY, ZONE), EVERYBODY, NOW)

    assert (found.here.whole.succeeded, found.here.so_far.succeeded) == (7, 3)
    assert (found.before.whole.succeeded, found.before.so_far.succeeded) == (56, 8)
    assert found.week_before is not None
    assert (found.week_before.whole.succeeded, found.week_before.so_far.succeeded) == (192, 64)


def test_a_day_that_is_over_compares_whole(session: Session, logins: None) -> None:
    yesterday = TODAY - timedelta(days=1)

    found = compared.compared(session, Days(yesterday, yesterday, ZONE), EVERYBODY, NOW)

    assert found.here.whole == found.here.so_far
    assert found.here.whole.succeeded == 56
    assert found.week_before is not None
    assert found.week_before.so_far.succeeded == 256


def test_a_week_compares_with_the_week_before(session: Session, logins: None) -> None:
    found = compared.compared(session, Days(date(2026, 11, 19), TODAY, ZONE), EVERYBODY, NOW)

    assert (found.here.so_far.succeeded, found.before.so_far.succeeded) == (59, 64 + 256)
    assert (found.here.whole.succeeded, found.before.whole.succeeded) == (63, 192 + 256)
    assert found.week_before is None


def test_only_the_part_that_is_asked_for_counts(session: Session) -> None:
    parts = [(1, 11, "snsapi_base"), (1, 12, "snsapi_base"), (2, 13, "snsapi_base"), (1, 11, "snsapi_userinfo")]
    for number, (account_id, site_id, scope) in enumerate(parts):
        place = {"account_id": account_id, "site_id": site_id, "scope": scope}
        LoginHourFactory(hour=at(25, 9), succeeded=10**number, **place)
    session.flush()

    asked = [Part(frozenset({11})), Part(account_id=1), Part(scope="snsapi_userinfo"), Part(frozenset({11}), 2)]
    found = [compared.compared(session, Days(TODAY, TODAY, ZONE), part, NOW) for part in asked]

    assert [one.here.whole.succeeded for one in found] == [1001, 1011, 1000, 0]


def test_days_are_those_of_a_zone_whose_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    days = Days(date(2026, 10, 24), date(2026, 10, 26), berlin)

    assert days.number == 3
    assert [later - earlier for earlier, later in zip(days.midnights, days.midnights[1:], strict=False)] == [
        timedelta(hours=hours) for hours in (24, 25, 24)
    ]
