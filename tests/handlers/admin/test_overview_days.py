"""The first page for the days, account, site and scope that its address asks for."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tests import html_tree
from tests.factories import AuditEntryFactory, FailureHourFactory, LoginHourFactory, StepHourFactory, UserFactory
from tests.html_tree import Node
from wxadmin import days
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin import login_cards
from wxadmin.handlers.admin.numbers import Trend
from wxadmin.models import Site, Stage
from wxadmin.queries.compared import Pair
from wxadmin.queries.hours import Logins
from wxadmin.settings import Settings

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]
DAY = timedelta(days=1)


@pytest.fixture
def shop(database: Database, store: Store, gateway: str) -> Site:
    """A site that has been logged into."""
    found: Site = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    store(lambda: UserFactory(site=found, account_id=found.account_id))
    return found


@pytest.fixture
def today(settings: Settings) -> date:
    return days.day_of(utcnow(), settings.zone)


@pytest.fixture
def noon(today: date, settings: Settings) -> Callable[[int], datetime]:
    """The noon of so many days ago."""
    return lambda ago: days.start_of(today - ago * DAY, settings.zone) + timedelta(hours=12)


async def read(visitor: Any, query: str = "", lang: str = "en") -> Node:
    answer = await visitor.get(f"/admin/{query}", lang=lang)
    assert answer.status_code == 200, answer.text
    return html_tree.read(answer.text)


def card(page: Node, anchor: str) -> str:
    """All that is said of the number of this definition."""
    marks = (one for one in page.all("a", named="definition") if one.attributes["href"].endswith(f"#{anchor}"))
    found = next(marks).within("li")
    assert found is not None
    return found.text


def section(page: Node, heading: str) -> Node:
    found = page.by_id(heading)
    around = found and found.within("section")
    assert around is not None
    return around


def rows(page: Node, heading: str) -> list[list[str]]:
    return html_tree.table(section(page, heading)).texts


async def test_yesterday_is_compared_with_the_day_before_and_the_same_weekday(
    store: Store, staff: Staff, shop: Site, noon: Callable[[int], datetime]
) -> None:
    for ago, succeeded in ((0, 999), (1, 30), (2, 20), (8, 40)):
        store(lambda ago=ago, succeeded=succeeded: LoginHourFactory(hour=noon(ago), succeeded=succeeded))

    english = await read(staff("operator"), "?range=yesterday")
    chinese = await read(staff("operator"), "?range=yesterday", lang="zh_CN")

    told = "Successful authorizations 30 +50.0% the day before 20 same weekday last week 40 (-25.0%)"
    assert card(english, "succeeded") == told
    assert card(chinese, "succeeded") == "授权成功次数 30 +50.0% 前一日 20 上周同日 40（-25.0%）"


async def test_chosen_days_are_compared_with_as_many_days_before(
    store: Store, staff: Staff, shop: Site, today: date, noon: Callable[[int], datetime]
) -> None:
    for ago, succeeded in ((3, 1000), (4, 6), (6, 6), (7, 4), (9, 4), (10, 1000)):
        store(lambda ago=ago, succeeded=succeeded: LoginHourFactory(hour=noon(ago), succeeded=succeeded))

    page = await read(staff("operator"), f"?from={today - 6 * DAY}&to={today - 4 * DAY}")

    assert card(page, "succeeded") == "Successful authorizations 12 +50.0% the 3 days before 8"
    assert section(page, "trend").one("h2").text == "Failures by errcode, by day"


async def test_filters_stay_in_the_address_and_in_every_link(
    store: Store, staff: Staff, shop: Site, today: date
) -> None:
    store(lambda: FailureHourFactory(account_id=shop.account_id, site_id=shop.id, scope="snsapi_userinfo", events=3))
    store(
        lambda: StepHourFactory(
            account_id=shop.account_id, site_id=shop.id, scope="snsapi_userinfo", stage=Stage.START, events=5
        )
    )

    page = await read(staff("operator"), "?range=7&account=tea&site=shop&scope=snsapi_userinfo")

    ranges = {
        link.text: parse_qs(urlsplit(link.attributes["href"]).query)
        for link in page.one("nav", named="ranges").all("a")
    }
    chosen = [link.text for link in page.one("nav", named="ranges").all("a") if "aria-current" in link.attributes]
    started = parse_qs(urlsplit(section(page, "funnel").one("td").one("a").attributes["href"]).query)
    assert chosen == ["7 days"]
    assert ranges["Yesterday"] == {
        "range": ["yesterday"],
        "account": ["tea"],
        "site": ["shop"],
        "scope": ["snsapi_userinfo"],
    }
    assert started == {
        "from": [f"{today - 6 * DAY}"],
        "to": [f"{today}"],
        "account": ["tea"],
        "site": ["shop"],
        "scope": ["snsapi_userinfo"],
    }
    assert [row[:2] for row in rows(page, "ranking")] == [["40029 Code not valid", "3"]]


@pytest.mark.parametrize("asked", ["site=clinic", "scope=snsapi_userinfo", "range=yesterday"])
async def test_what_is_not_asked_for_does_not_count(store: Store, staff: Staff, shop: Site, asked: str) -> None:
    place = {"account_id": shop.account_id, "site_id": shop.id}
    store(lambda: LoginHourFactory(succeeded=5, people=5, **place))
    store(lambda: StepHourFactory(stage=Stage.START, events=5, **place))
    store(lambda: FailureHourFactory(events=5, **place))

    page, everything = await read(staff("admin"), f"?{asked}"), await read(staff("admin"))

    assert card(page, "people").startswith("People authorized 0")
    assert "No login was begun" in section(page, "funnel").text
    assert "No failures" in section(page, "ranking").text
    assert card(everything, "people").startswith("People authorized 5")


@pytest.mark.parametrize(
    "asked",
    [
        *("range=month", "from=2026-02-30", "to=yesterday", "scope=snsapi_login", "site=none", "account=none"),
        *("from=2026-11-20&to=2026-11-19", "from=2026-01-01&to=2026-06-01", "site=shop&site=clinic"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(staff: Staff, shop: Site, asked: str) -> None:
    answer = await staff("operator").get(f"/admin/?{asked}")

    assert answer.status_code == 400


async def test_a_developer_may_ask_for_their_own_sites_only(store: Store, staff: Staff, shop: Site) -> None:
    for site_id in (shop.id, shop.id + 1):
        store(lambda site_id=site_id: LoginHourFactory(account_id=shop.account_id, site_id=site_id, people=5))
    developer = staff("developer", ["shop"])

    page = await read(developer, "?account=tea&range=today")
    refused = await developer.get("/admin/?site=clinic")

    offered = [option.attributes["value"] for option in page.one("form", named="filters").all("option")]
    assert card(page, "people").startswith("People authorized 5 ")
    assert refused.status_code == 400
    assert "clinic" not in offered


async def test_the_funnel_says_what_is_lost_at_each_step_and_where_it_is_listed(
    store: Store, staff: Staff, shop: Site
) -> None:
    way = {Stage.START: 1000, Stage.RETURN: 800, Stage.EXCHANGE: 792, Stage.HANDOFF: 792, Stage.REDEEM: 800}
    for stage, events in way.items():
        store(lambda stage=stage, events=events: StepHourFactory(stage=stage.value, events=events, ms_100=events))

    operator, marketer = await read(staff("operator")), await read(staff("marketer"))

    assert rows(operator, "funnel") == [
        ["Started", "1,000", "100.0%", "—"],
        ["Back from WeChat", "800", "80.0%", "200 (20.0%)"],
        ["Code exchanged", "792", "79.2%", "8 (1.0%)"],
        ["Handed to the site", "792", "79.2%", "0 (0.0%)"],
        ["Redeemed by the site", "800", "80.0%", "0 (0.0%)"],
    ]
    lists = [link.attributes["href"] for link in section(operator, "funnel").all("a")]
    outcomes = [parse_qs(urlsplit(address).query).get("outcome") for address in lists if "attempts" in address]
    assert outcomes == [None, ["abandoned"], ["failed"], ["succeeded"]]
    assert [link for link in section(marketer, "funnel").all("td") if list(link.all("a"))] == []


async def test_median_and_95th_percentile_stand_by_step(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: StepHourFactory(stage=Stage.EXCHANGE.value, events=100, ms_100=50, ms_200=45, ms_400=5))
    store(lambda: StepHourFactory(stage=Stage.RETURN.value, events=4, ms_100=0, ms_3200=1, ms_more=3))

    times = {name: shown for name, *shown in rows(await read(staff("operator")), "timings")}

    assert times["Code exchanged"] == ["100 ms", "200 ms"]
    assert times["Back from WeChat"] == ["over 6.4 s", "over 6.4 s"]
    assert times["Redeemed by the site"] == ["—", "—"]


async def test_more_people_of_the_snapshot_page_are_bad_news(
    store: Store, staff: Staff, shop: Site, noon: Callable[[int], datetime]
) -> None:
    for ago, snapshot in ((1, 30), (2, 10)):
        store(lambda ago=ago, snapshot=snapshot: LoginHourFactory(hour=noon(ago), succeeded=70, snapshot=snapshot))

    page = await staff("operator").get("/admin/?range=yesterday")

    assert card(html_tree.read(page.text), "snapshot_share").startswith("Snapshot share 30.0% +17.5 pp")
    assert '<span class="delta bad">+17.5 pp</span>' in page.text


async def test_changes_stand_over_the_chart_and_in_words_beneath(
    store: Store, staff: Staff, shop: Site, noon: Callable[[int], datetime], settings: Settings
) -> None:
    store(lambda: FailureHourFactory(account_id=shop.account_id, site_id=shop.id, hour=noon(1), code="40125", events=9))
    at = noon(1) + timedelta(minutes=30)
    store(lambda: AuditEntryFactory(action="account_secret_replaced", subject="tea", actor="ada", at=at))
    store(lambda: AuditEntryFactory(action="site_disabled", subject="clinic", actor="ada", at=at - timedelta(hours=2)))

    query = "?range=yesterday"
    admin, marketer = await read(staff("admin"), query), await read(staff("marketer"), query)
    developer = await read(staff("developer", ["clinic"]), query)

    local = at.astimezone(settings.zone)
    told = [item.text for item in admin.one("ul", named="changes").all("li")]
    assert told[0] == f"{local:%m-%d %H:%M} AppSecret replaced · 云雾茶铺"
    assert len(told) == 2
    assert [mark.one("title").text for mark in admin.one("figure", named="chart").all("g", named="mark")][:2] == told
    link = admin.one("ul", named="changes").one("a")
    assert link.attributes["href"] == f"/admin/audit?day={local:%Y-%m-%d}"
    assert list(marketer.one("ul", named="changes").all("a")) == []
    assert "ada" not in section(admin, "trend").text
    assert [item.text.partition("Site")[2] for item in developer.one("ul", named="changes").all("li")] == [
        " switched off · clinic"
    ]


async def test_the_daily_report_is_yesterday_in_words(
    store: Store, staff: Staff, shop: Site, today: date, noon: Callable[[int], datetime]
) -> None:
    place = {"account_id": shop.account_id, "site_id": shop.id}
    for ago, succeeded in ((0, 999), (1, 30), (2, 20), (8, 40)):
        counts = {"people": succeeded, "succeeded": succeeded, "abandoned": 10, "new_users": 2}
        store(lambda ago=ago, counts=counts: LoginHourFactory(hour=noon(ago), **counts, **place))
    for stage, events in ((Stage.START, 40), (Stage.RETURN, 30), (Stage.EXCHANGE, 30)):
        store(lambda stage=stage, events=events: StepHourFactory(hour=noon(1), stage=stage, events=events, **place))
    store(lambda: FailureHourFactory(hour=noon(1), code="40029", events=6, **place))

    chinese = await read(staff("marketer"), "?range=30&site=shop", lang="zh_CN")
    english = await read(staff("operator"))

    report = chinese.by_id("report-text")
    assert report is not None
    lines = [line for child in report.children if isinstance(child, str) for line in child.splitlines()]
    assert lines[0].startswith(f"微信网页授权日报 {today - DAY}（周")
    assert lines[1:4] == [
        "站点：云雾茶铺",
        "授权人数：30；前一日 20（+50.0%）；上周同日 40（-25.0%）",
        "授权成功次数：30；前一日 20（+50.0%）；上周同日 40（-25.0%）",
    ]
    assert lines[4] == "授权成功率：75.0%；前一日 66.7%（+8.3 个百分点）；上周同日 80.0%（-5.0 个百分点）"
    assert "授权漏斗：发起 40 → 微信返回 30 → 换取凭证 30 → 交付站点 0 → 站点已换取 0" in lines
    assert "未从微信返回：10（25.0%）" in lines
    assert "失败：6 次，最多的是 40029 code 无效 6" in lines
    assert "Failures: 6; most often 40029 Code not valid 6" in section(english, "report").text


async def test_renewals_of_tokens_that_failed_stand_apart_from_failed_logins(
    store: Store, staff: Staff, shop: Site, noon: Callable[[int], datetime]
) -> None:
    place = {"account_id": shop.account_id, "site_id": shop.id}
    store(lambda: FailureHourFactory(hour=noon(1), code="40029", stage=Stage.EXCHANGE, events=2, **place))
    store(lambda: FailureHourFactory(hour=noon(1), code="-1", stage=Stage.REFRESH, events=7, **place))

    page = await read(staff("operator"), "?range=yesterday")
    chinese = await read(staff("operator"), "?range=yesterday", lang="zh_CN")

    assert "2 failures in the range." in section(page, "trend").text
    assert "Besides, 7 renewals of tokens failed, which no visitor notices." in section(page, "trend").text
    assert [row[0].split()[0] for row in rows(page, "ranking")] == ["40029"]
    assert "Renewals of tokens that failed: 7" in section(page, "report").text
    assert "凭证续期失败：7 次" in section(chinese, "report").text
    assert "All these days are whole" in page.text


def test_a_rate_of_today_is_compared_as_it_is_shown() -> None:
    until_the_hour = Logins(succeeded=9, abandoned=1)
    here = Pair(Logins(succeeded=10, abandoned=10), until_the_hour, is_over=False)
    before = Pair(Logins(succeeded=90, abandoned=30), Logins(succeeded=8, abandoned=2), is_over=False)

    rate = login_cards.difference("success_rate", here, before, "en")
    count = login_cards.difference("succeeded", here, before, "en")

    assert rate == ("-30.0 pp", Trend.BAD)
    assert count == ("+12.5%", Trend.GOOD)
