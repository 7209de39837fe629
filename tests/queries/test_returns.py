"""Whether visitors still come back from WeChat: told when they do not, and at no other time."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, AttemptFactory, EventFactory, LoginHourFactory, SiteFactory
from wxadmin.clock import hour_of
from wxadmin.ids import first_id_at
from wxadmin.models import Class, Site, Stage
from wxadmin.queries import returns
from wxadmin.queries.return_runs import Start, enough, newest_run

NOW = datetime.fromisoformat("2026-11-25T12:30:17+00:00")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_numbers = itertools.count()


@pytest.fixture
def site(session: Session) -> Site:
    made: Site = SiteFactory(account=AccountFactory(title="青禾茶铺"))
    return made


def starts(site: Site, ages: Sequence[float], **how: Any) -> list[Any]:
    """Attempts that began so many minutes before now."""
    made = []
    for age in ages:
        at = NOW - age * MINUTE
        made.append(AttemptFactory(id=first_id_at(at) + next(_numbers), site=site, started_at=at, **how))
        place = {"account_id": site.account_id, "site_id": site.id, "scope": made[-1].scope}
        ends = {"succeeded": 1} if how.get("succeeded") else {}
        # Each stands for itself: the moment in place of its hour keeps their keys apart.
        LoginHourFactory(hour=at, started=1, **place, **ends)
    return made


def a_usual_week(site: Site, **counts: int) -> None:
    for day in range(1, 8):
        place = {"account_id": site.account_id, "site_id": site.id, "scope": "snsapi_base"}
        LoginHourFactory(hour=hour_of(NOW - day * DAY), **place, **counts)


def every(minutes: float, *, since: float, until: float = 0) -> list[float]:
    """Ages, oldest first."""
    return [since - number * minutes for number in range(int((since - until) / minutes) + 1)]


def test_ten_of_whom_nobody_is_back_are_told_with_since_when(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    starts(site, every(1, since=40, until=14), succeeded=True)
    first, *_ = starts(site, every(1, since=12, until=3))

    [found] = returns.collapses(session, NOW, None)

    assert (found.account, found.scope) == ("青禾茶铺", None)
    assert (found.since, found.started, found.returned) == (first.started_at, 10, 0)
    assert found.usual == pytest.approx(0.95, abs=0.01)


def test_a_fresh_gateway_learns_what_is_usual_from_its_first_logins(session: Session, site: Site) -> None:
    starts(site, every(0.5, since=20, until=14), succeeded=True)
    starts(site, every(1, since=12, until=3))

    [found] = returns.collapses(session, NOW, None)

    assert found.usual == pytest.approx(14 / 15)


def test_a_fresh_account_is_expected_to_do_as_the_others_do(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    fresh = SiteFactory(account=AccountFactory(title="新店"))
    starts(fresh, every(1, since=10, until=3))

    [found] = returns.collapses(session, NOW, None)
    to_its_developer = returns.collapses(session, NOW, frozenset({fresh.id}))

    assert (found.account, found.usual) == ("新店", pytest.approx(0.95))
    assert [one.usual for one in to_its_developer] == [None]


def test_where_nobody_has_ever_come_back_eight_are_enough(session: Session, site: Site) -> None:
    starts(site, every(1, since=9, until=3))
    seven = returns.collapses(session, NOW, None)

    starts(site, [2])
    [eight] = returns.collapses(session, NOW, None)

    assert seven == []
    assert (eight.started, eight.usual) == (8, None)


@pytest.mark.parametrize(
    ("back", "missing"),
    [
        pytest.param(every(1, since=90, until=2), [], id="everybody comes back"),
        pytest.param(every(1, since=90, until=2), [0.2, 0.4, 0.6, 0.8, 1, 1.1, 1.2, 1.3, 1.4], id="just begun"),
        pytest.param(every(1, since=90, until=10), every(1, since=8, until=2), id="seven in a row"),
        pytest.param(every(2, since=90, until=2), every(8, since=89, until=3), id="one in five walks away"),
        pytest.param([], [], id="no starts"),
    ],
)
def test_a_normal_day_and_a_quiet_night_are_not_told(
    session: Session, site: Site, back: list[float], missing: list[float]
) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    starts(site, back, succeeded=True)
    starts(site, missing)

    found = returns.collapses(session, NOW, None)

    assert found == []


def test_those_of_yesterday_are_no_news_in_a_quiet_night(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    starts(site, every(1, since=300, until=280))

    found = returns.collapses(session, NOW, None)

    assert found == []


def test_where_half_never_come_back_more_have_to_be_missing(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=60, abandoned=40)
    starts(site, every(1, since=14, until=3))

    some = returns.collapses(session, NOW, None)
    starts(site, every(1, since=20.5, until=15.5))
    more = returns.collapses(session, NOW, None)

    assert (some, len(more)) == ([], 1)


def test_one_who_slips_through_does_not_hide_the_others(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    starts(site, every(1, since=40, until=21), succeeded=True)
    starts(site, [7.5], succeeded=True)
    starts(site, every(1, since=20, until=3))

    [found] = returns.collapses(session, NOW, None)

    assert (found.since, found.started, found.returned) == (NOW - 20 * MINUTE, 19, 1)


def test_a_scope_alone_is_told_where_the_other_still_works(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    for scope in ("snsapi_base", "snsapi_userinfo"):
        starts(site, every(1, since=60, until=31), scope=scope, succeeded=True)
    starts(site, every(2, since=30, until=3), succeeded=True)
    starts(site, every(2, since=29, until=3), scope="snsapi_userinfo")

    [found] = returns.collapses(session, NOW, None)

    assert (found.scope, found.since) == ("snsapi_userinfo", NOW - 29 * MINUTE)


def test_one_site_that_still_works_speaks_for_its_account(session: Session, site: Site) -> None:
    other = SiteFactory(account=None, account_id=site.account_id)
    starts(site, every(1, since=20, until=3))
    starts(other, every(1, since=60, until=2), succeeded=True)

    found = returns.collapses(session, NOW, None)

    assert found == []


def test_accounts_with_few_logins_are_told_together(session: Session) -> None:
    for number in range(5):
        site = SiteFactory(account=AccountFactory(title=f"公众号 {number}"))
        a_usual_week(site, started=100, succeeded=95, abandoned=5)
        starts(site, [9 - number / 10, 4 - number / 10])

    [found] = returns.collapses(session, NOW, None)

    assert (found.account, found.started) == (None, 10)


def test_a_browser_that_is_back_without_its_cookie_is_back(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    for attempt in starts(site, every(1, since=12, until=3)):
        EventFactory(attempt=attempt, stage=Stage.RETURN, event_class=Class.HARMLESS, code="gw_state_cookie_lost")

    found = returns.collapses(session, NOW, None)

    assert found == []


def test_a_developer_is_told_of_their_own_sites_only(session: Session, site: Site) -> None:
    a_usual_week(site, started=100, succeeded=95, abandoned=5)
    starts(site, every(1, since=12, until=3))

    found = [returns.collapses(session, NOW, frozenset(sites)) for sites in ({site.id}, {site.id + 1}, set())]

    assert [len(one) for one in found] == [1, 0, 0]


@pytest.mark.parametrize("hours", [3, 50])
def test_a_long_collapse_is_told_with_its_beginning(session: Session, site: Site, hours: int) -> None:
    a_usual_week(site, started=1000, succeeded=950, abandoned=50)
    began = 60 * hours
    starts(site, every(5, since=began + 400, until=began + 5), succeeded=True)
    pace = began / 400
    starts(site, every(pace, since=began, until=2))

    [found] = returns.collapses(session, NOW, None)

    assert abs(found.since - (NOW - began * MINUTE)) <= max(MINUTE, pace * MINUTE)
    assert found.started == 100


def test_a_run_is_the_stretch_of_which_the_most_are_missing() -> None:
    back = "missing " * 10 + "back " + "missing " * 9 + "back back back missing back"
    rows = [Start(0, 1, "", NOW - number * MINUTE, word == "back") for number, word in enumerate(back.split())]

    run = newest_run(rows)

    assert run == (NOW - 19 * MINUTE, 20, 1)
    assert newest_run(rows[10:]) is None


def test_how_many_it_takes_grows_with_how_many_usually_stay_away() -> None:
    needed = [enough(usual) for usual in (1, 0.9, 0.7, 0.5, 0.4)]

    assert needed == [8, 8, 13, 21, float("inf")]
