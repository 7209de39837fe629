"""The page of scopes, and what it shares with its neighbours: right counts, words when empty, only for its roles."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.factories import LoginHourFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.days import DAY
from wxadmin.models import Site
from wxadmin.queries import ranges

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]


@pytest.fixture
def sites(database: Database, gateway: str) -> dict[str, Site]:
    """The furnished ones by name."""
    found = database.read_now(lambda session: session.scalars(select(Site)).all())
    return {site.name: site for site in found}


def rows(page: str) -> list[list[str]]:
    """What the cells of all tables say, row by row."""
    found = re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in found]
    return [[re.sub("<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def user(site: Site, *traits: str) -> Any:
    return UserFactory(site=site, account_id=site.account_id, **dict.fromkeys(traits, True))


async def test_users_are_counted_by_account_and_site(store: Store, staff: Staff, sites: dict[str, Site]) -> None:
    store(lambda: [user(sites["shop"], "silent") for _ in range(3)])
    store(lambda: [user(sites["shop"]), user(sites["clinic"])])

    page = await staff("marketer").get("/admin/scopes")

    shop, clinic = sites["shop"].title, sites["clinic"].title
    assert ["云雾茶铺", shop, "3", "1", "25.0%"] in rows(page.text)
    assert ["云雾茶铺", clinic, "0", "1", "100.0%"] in rows(page.text)
    assert "40.0%" in page.text


async def test_what_was_asked_for_stands_beside_what_was_granted(
    store: Store, staff: Staff, sites: dict[str, Site]
) -> None:
    counts = {"started": 10, "succeeded": 6, "failed": 2, "recovered": 1, "abandoned": 1, "snapshot": 1}
    store(lambda: LoginHourFactory(site_id=sites["shop"].id, scope="snsapi_userinfo", **counts))
    store(lambda: LoginHourFactory(site_id=sites["shop"].id, hour=LoginHourFactory.build().hour - 31 * DAY, started=99))

    page = await staff("admin").get("/admin/scopes")

    shop = sites["shop"].title
    assert [shop, "Explicit snsapi_userinfo", "10", "6", "1", "1", "1", "1", "60.0%"] in rows(page.text)
    assert not [row for row in rows(page.text) if "99" in row]


async def test_upgrades_are_counted_by_the_week_of_the_first_explicit_consent(
    store: Store, staff: Staff, sites: dict[str, Site]
) -> None:
    shop, zone = sites["shop"], ZoneInfo("Asia/Shanghai")
    mondays = ranges.by_week(12, utcnow(), zone)
    long_ago = mondays[0] - 70 * DAY

    def crowd() -> None:
        for site, consented in [
            *((shop, mondays[11]), (sites["clinic"], mondays[11]), (shop, mondays[10] + timedelta(days=6, hours=23))),
            *((shop, mondays[0]), (shop, mondays[0] - timedelta(microseconds=1))),
        ]:
            UserFactory(site=site, account_id=site.account_id, first_seen_at=long_ago, explicit_at=consented)
        # Explicit from the first login on, silent still, and of an unknown date.
        UserFactory(site=shop, account_id=shop.account_id, first_seen_at=mondays[11], explicit_at=mondays[11])
        user(shop, "silent")
        UserFactory(site=shop, account_id=shop.account_id, first_seen_at=long_ago, explicit_at=None)

    store(crowd)
    page = await staff("operator").get("/admin/scopes")

    weeks = [row for row in rows(page.text) if len(row) == 2 and re.match(r"\d{4}-", row[0])]
    assert [week for week, _ in weeks] == [f"{monday.astimezone(zone):%Y-%m-%d}" for monday in mondays[:-1]]
    assert [users for _, users in weeks] == ["1", *["0"] * 9, "1", "2"]
    assert "In 12 weeks, 4 users who were known silently" in page.text
    assert "Of 1 explicit users it is not known since when" in page.text
    assert page.text.count('<svg class="bars') == 2


@pytest.mark.parametrize("path", ["/admin/scopes", "/admin/tokens"])
async def test_an_empty_installation_is_told_what_to_do(staff: Staff, sites: dict[str, Site], path: str) -> None:
    page = await staff("admin").get(path)

    assert page.status_code == 200
    assert 'class="empty"' in page.text


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/admin/", {"admin", "operator", "marketer", "support", "developer"}),
        ("/admin/definitions", {"admin", "operator", "marketer", "support", "developer"}),
        ("/admin/scopes", {"admin", "operator", "marketer", "support"}),
        ("/admin/tokens", {"admin", "operator", "support"}),
    ],
)
async def test_each_page_is_for_its_roles(staff: Staff, sites: dict[str, Site], path: str, allowed: set[str]) -> None:
    answers = {
        role: (await staff(role).get(path)).status_code
        for role in ("admin", "operator", "marketer", "support", "developer")
    }

    assert answers == {role: 200 if role in allowed else 403 for role in answers}
