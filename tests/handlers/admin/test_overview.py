"""The first page: its numbers are those of the events, and each role sees what is theirs."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import (
    AttemptFactory,
    FailureHourFactory,
    JobRunFactory,
    LoginHourFactory,
    NodeFactory,
    TokenFactory,
    UserFactory,
)
from wxadmin import days
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import Site
from wxadmin.settings import Settings

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]


def numbers(page: str) -> dict[str, str]:
    """The cards by what they are called."""
    cards = re.findall(r'<li class="number">(.*?)</li>', page, flags=re.DOTALL)
    labels = (
        re.sub("<[^>]+>", "", re.findall(r'class="label">(.*?)</span>', card, flags=re.DOTALL)[0]) for card in cards
    )
    return dict(zip(labels, re.findall(r"<b>(.*?)</b>", "".join(cards)), strict=True))


async def test_today_is_counted_with_people_logins_rate_and_new_users(store: Store, staff: Staff, shop: Site) -> None:
    counts = {"people": 7, "succeeded": 9, "failed": 3, "recovered": 2, "abandoned": 2, "snapshot": 50, "new_users": 4}
    store(lambda: LoginHourFactory(account_id=shop.account_id, site_id=shop.id, **counts))

    page = await staff("operator").get("/admin/")

    shown = numbers(page.text)
    assert page.status_code == 200
    assert shown["People authorized"] == "7"
    assert shown["Successful authorizations"] == "9"
    assert shown["Success rate"] == "75.0%"
    assert shown["New users"] == "4"


async def test_yesterday_ends_where_today_begins_in_the_zone(
    store: Store, staff: Staff, shop: Site, settings: Settings
) -> None:
    midnight = days.start_of(days.day_of(utcnow(), settings.zone), settings.zone)
    for hour, people in ((midnight, 3), (midnight - timedelta(hours=1), 20), (midnight - timedelta(hours=25), 300)):
        store(lambda hour=hour, people=people: LoginHourFactory(site_id=shop.id, hour=hour, people=people))

    page = await staff("support").get("/admin/")

    assert numbers(page.text)["People authorized"] == "3"
    assert "yesterday 20<" in page.text


async def test_failures_stand_by_errcode_with_their_names_and_shares(store: Store, staff: Staff, shop: Site) -> None:
    for code, events in (("40029", 6), ("40163", 2)):
        store(lambda code=code, events=events: FailureHourFactory(site_id=shop.id, code=code, events=events))

    page = await staff("admin").get("/admin/", lang="zh_CN")

    assert "近 30 天共 8 次失败" in page.text
    for shown in ("/admin/failures/40029", "75.0%", "code 已被使用", "25.0%", "<svg", "以表格查看"):
        assert shown in page.text


async def test_waiting_attempts_and_tokens_are_counted(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: AttemptFactory.create_batch(3, site=shop, account_id=shop.account_id))
    user = store(lambda: UserFactory(site=shop, account_id=shop.account_id))
    store(lambda: TokenFactory(user=user))

    page = await staff("admin").get("/admin/")

    shown = numbers(page.text)
    assert (shown["Waiting"], shown["Active tokens"], shown["Need consent again"]) == ("3", "1", "0")


async def test_the_newest_users_come_first_and_are_ten(store: Store, staff: Staff, shop: Site) -> None:
    for number in range(12):
        store(lambda number=number: UserFactory(site=shop, account_id=shop.account_id, nickname=f"<{number}>"))

    page = await staff("marketer").get("/admin/")

    assert re.findall(r"&lt;(\d+)&gt;", page.text) == [str(number) for number in range(11, 1, -1)]


async def test_a_wrong_appsecret_needs_attention_with_a_link(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: FailureHourFactory(account_id=shop.account_id, site_id=shop.id, code="40125", events=5))

    page = await staff("admin").get("/admin/", lang="zh_CN")

    assert "云雾茶铺：40125 AppSecret 错误" in page.text
    assert 'href="/admin/failures/40125">' in page.text
    assert "目前没有需要处理的事项" not in page.text


async def test_a_job_that_failed_needs_attention(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: NodeFactory())
    store(lambda: JobRunFactory(name="verify", error="ValueError"))

    page = await staff("admin").get("/admin/")

    assert "“Checking of counts” failed" in page.text


async def test_where_nothing_is_wrong_a_calm_sentence_says_so(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: UserFactory(site=shop, account_id=shop.account_id))

    page = await staff("admin").get("/admin/", lang="zh_CN")

    assert "目前没有需要处理的事项" in page.text
    assert "三步完成第一次授权" not in page.text


@pytest.mark.parametrize(
    ("role", "leads_to"), [("admin", ["accounts", "sites", "sites/"]), ("operator", ["sites/"]), ("marketer", [])]
)
async def test_before_the_first_login_everybody_is_told_the_steps_to_it(
    staff: Staff, shop: Site, role: str, leads_to: list[str]
) -> None:
    page = await staff(role).get("/admin/", lang="zh_CN")

    (steps,) = re.findall(r'<ol class="steps">.*?</ol>', page.text, re.DOTALL)
    links = re.findall(r'href="/admin/([a-z]+/?)[^"]*"', steps)
    assert steps.count('class="done"') == 2
    assert links == leads_to
    assert ("由管理员添加" in page.text) == (role != "admin")
    assert "目前没有需要处理的事项" not in page.text


async def test_a_developer_sees_numbers_of_their_sites_and_nobody_by_name(
    store: Store, staff: Staff, shop: Site
) -> None:
    store(lambda: LoginHourFactory(account_id=shop.account_id, site_id=shop.id, succeeded=9))
    store(lambda: FailureHourFactory(account_id=shop.account_id, site_id=shop.id, code="40029", events=6))
    store(lambda: AttemptFactory(site=shop, account_id=shop.account_id))
    store(lambda: UserFactory(site=shop, account_id=shop.account_id, nickname="阿梅"))

    own = await staff("developer", ["shop"]).get("/admin/")
    other = await staff("developer", ["clinic"]).get("/admin/")
    none = await staff("developer").get("/admin/")

    assert [numbers(page.text)["Successful authorizations"] for page in (own, other, none)] == ["9", "0", "0"]
    assert [numbers(page.text)["Waiting"] for page in (own, other, none)] == ["1", "0", "0"]
    assert ["40029" in page.text for page in (own, other, none)] == [True, False, False]
    assert "阿梅" not in own.text
    assert "Active tokens" not in own.text


async def test_a_marketer_gets_no_link_that_would_be_refused(store: Store, staff: Staff, shop: Site) -> None:
    store(lambda: FailureHourFactory(account_id=shop.account_id, site_id=shop.id, code="40125", events=6))

    page = await staff("marketer").get("/admin/")

    assert "云雾茶铺: 40125 AppSecret wrong" in page.text
    assert "Nothing needs attention" not in page.text
    for address in ("/admin/failures", "/admin/attempts", "/admin/tokens"):
        assert f'href="{address}' not in page.text


async def test_differences_are_against_the_same_full_hours_of_yesterday(
    store: Store, staff: Staff, shop: Site, settings: Settings
) -> None:
    now = utcnow()
    midnight = days.start_of(days.day_of(now, settings.zone), settings.zone)
    until = hour_of(now)
    if until == midnight:
        pytest.skip("no hour of this day is over yet")
    for hour, succeeded in ((midnight, 30), (midnight - days.DAY, 20), (until - days.DAY, 500)):
        store(lambda hour=hour, succeeded=succeeded: LoginHourFactory(site_id=shop.id, hour=hour, succeeded=succeeded))

    page = await staff("admin").get("/admin/")

    assert '<span class="delta good">+50.0%</span>' in page.text
