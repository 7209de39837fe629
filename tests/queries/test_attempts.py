"""The list of attempts holds exactly what fits its filters, on whichever page, and looks no further than it may."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.factories import AttemptFactory, SiteFactory
from wxadmin.clock import utcnow
from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, Site
from wxadmin.queries import attempts
from wxadmin.queries.attempts import AttemptFilters, Count, outcome_shown

STATES = (
    "waiting",
    "returned",
    "succeeded",
    "failed",
    "denied",
    "snapshot",
    "abandoned",
    "refused",
    "page",
    "page_failed",
)
SHOWN = {"returned": "waiting", "page": "succeeded", "page_failed": "failed"}


@pytest.fixture
def sites(session: Session) -> list[Site]:
    return [SiteFactory(), SiteFactory(), SiteFactory()]


def make(site: Site, state: str, started_at: datetime | None = None, **changes: Any) -> Attempt:
    """An attempt whose id is of the time at which it started, as ids are."""
    if started_at is not None:
        changes |= {"started_at": started_at, "id": first_id_at(started_at) + random.randrange(1 << 20)}
    return AttemptFactory(site=site, **{state: True}, **changes)


def walk(session: Session, filters: AttemptFilters) -> list[int]:
    """The ids of all pages, from the newest to the oldest."""
    page = attempts.page(session, filters)
    ids = [row.id for row in page.rows]
    while page.older is not None:
        page = attempts.page(session, filters, before=page.older)
        ids += [row.id for row in page.rows]
    return ids


def test_pages_hold_every_attempt_once_newest_first(session: Session, sites: list[Site]) -> None:
    made = [make(sites[0], "succeeded").id for _ in range(2 * attempts.SIZE + 1)]

    ids = walk(session, AttemptFilters(site_id=sites[0].id))

    assert ids == sorted(made, reverse=True)


def test_the_way_back_leads_over_the_same_pages(session: Session, sites: list[Site]) -> None:
    filters = AttemptFilters(site_id=sites[0].id)
    for _ in range(2 * attempts.SIZE + 10):
        make(sites[0], "waiting")

    first = attempts.page(session, filters)
    second = attempts.page(session, filters, before=first.older)
    third = attempts.page(session, filters, before=second.older)

    assert (first.newer, third.older, len(third.rows)) == (None, None, 10)
    assert attempts.page(session, filters, after=third.newer).rows == second.rows
    assert attempts.page(session, filters, after=second.newer) == first


def test_a_page_beyond_the_oldest_is_empty_and_leads_back(session: Session, sites: list[Site]) -> None:
    filters = AttemptFilters(site_id=sites[0].id)
    oldest = make(sites[0], "failed")

    page = attempts.page(session, filters, before=oldest.id)

    assert (page.rows, page.older) == ([], None)
    assert page.newer is not None
    assert [row.id for row in attempts.page(session, filters, after=page.newer).rows] == [oldest.id]


@pytest.mark.parametrize("state", STATES)
def test_each_outcome_can_be_asked_for(session: Session, sites: list[Site], state: str) -> None:
    made = {one: make(sites[0], one).id for one in STATES}
    shown = SHOWN.get(state, state)

    ids = walk(session, AttemptFilters(outcome=shown, site_id=sites[0].id))

    assert set(ids) == {made[one] for one in STATES if SHOWN.get(one, one) == shown}


def _fits(attempt: Attempt, filters: AttemptFilters) -> bool:
    """The same question in plain Python."""
    equal = ("site_id", "account_id", "scope", "browser_family", "ref")
    shown = outcome_shown(attempt.outcome, is_refused_start=attempt.state_hash is None is attempt.code_hash)
    return (
        all(getattr(filters, name) in {None, getattr(attempt, name)} for name in equal)
        and filters.outcome in {None, shown}
        and filters.code in {None, attempt.ended_by}
        and (filters.since is None or attempt.started_at >= filters.since)
        and (filters.until is None or attempt.started_at < filters.until)
        and (filters.among is None or attempt.site_id in filters.among)
    )


@pytest.mark.parametrize("seed", range(8))
def test_filters_combine(session: Session, sites: list[Site], seed: int) -> None:
    chance = random.Random(seed)
    now = utcnow()
    browsers, scopes = ("wechat-ios", "wechat-android"), ("snsapi_base", "snsapi_userinfo")
    refs = (None, "member-7", "Member-7")
    made = [
        make(
            chance.choice(sites),
            chance.choice(STATES),
            now - timedelta(minutes=number * 7),
            browser_family=chance.choice(browsers),
            scope=chance.choice(scopes),
            ref=chance.choice(refs),
        )
        for number in range(160)
    ]
    among = frozenset(site.id for site in chance.sample(sites, 2))
    options: dict[str, Callable[[], Any]] = {
        "outcome": lambda: SHOWN.get(state := chance.choice(STATES), state),
        "site_id": lambda: chance.choice(sites).id,
        "account_id": lambda: chance.choice(sites).account_id,
        "scope": lambda: chance.choice(scopes),
        "browser_family": lambda: chance.choice(browsers),
        "ref": lambda: chance.choice(refs),
        "code": lambda: chance.choice(["40029", "gw_no_callback", "gw_return_url_refused"]),
        "since": lambda: now - timedelta(hours=chance.uniform(5, 20)),
        "until": lambda: now - timedelta(hours=chance.uniform(0, 5)),
    }

    for _ in range(12):
        chosen = {name: options[name]() for name in chance.sample(list(options), chance.randint(0, 3))}
        filters = AttemptFilters(among=among, **chosen)

        expected = sorted((one.id for one in made if _fits(one, filters)), reverse=True)

        assert walk(session, filters) == expected, chosen
        assert attempts.count(session, filters) == Count(len(expected), is_all=True)


def test_an_openid_leads_to_the_attempts_of_its_user(session: Session, sites: list[Site]) -> None:
    own = make(sites[0], "succeeded")
    make(sites[0], "succeeded")
    user = session.get_one(attempts.User, own.user_id)

    found = walk(session, AttemptFilters(openid=user.openid))

    assert found == [own.id]
    assert walk(session, AttemptFilters(openid=user.openid.swapcase())) == []


def test_a_page_looks_through_so_many_and_no_more(
    session: Session, sites: list[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "SEARCHED", 5)
    wanted = make(sites[0], "waiting", browser_family="wecom")
    others = [make(sites[0], "waiting") for _ in range(7)]
    filters = AttemptFilters(site_id=sites[0].id, browser_family="wecom")

    page = attempts.page(session, filters)

    assert (page.rows, page.older, page.searched_to) == ([], others[2].id, others[2].started_at)
    assert walk(session, filters) == [wanted.id]
    assert attempts.count(session, filters) == Count(0, is_all=False)


def test_a_count_ends_at_the_cap(session: Session, sites: list[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "SEARCHED", 3)
    for _ in range(4):
        make(sites[0], "waiting")

    counted = attempts.count(session, AttemptFilters(site_id=sites[0].id))

    assert counted == Count(3, is_all=False)


def test_whoever_has_no_site_sees_no_attempt(session: Session, sites: list[Site]) -> None:
    make(sites[0], "waiting")

    page = attempts.page(session, AttemptFilters(among=frozenset()))

    assert page.rows == []
