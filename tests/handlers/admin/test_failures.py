"""/admin/failures: what failed, how often, and what to do about it."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.factories import AttemptFactory, EventFactory, FailureHourFactory
from tests.handlers.admin.conftest import SignIn
from tests.visiting import Visitor
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.days import DAY, day_of, start_of
from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, Class, Site, Stage
from wxadmin.queries import failures
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def failed(site: Site, code: str = "40029", times: int = 1, **changes: Any) -> list[Attempt]:
    """Steps that failed so many times, with their count."""
    given = {"stage": Stage.EXCHANGE.value, "event_class": Class.FAILURE.value, "code": code} | changes
    attempts = [AttemptFactory(site=site, failed=True, ended_by=code) for _ in range(times)]
    for attempt in attempts:
        EventFactory(attempt=attempt, **given)
    FailureHourFactory(account_id=site.account_id, site_id=site.id, events=times, **given)
    return attempts


async def test_without_failures_the_page_says_so(staff: SignIn) -> None:
    page = await staff("operator").get("/admin/failures")

    assert page.status_code == 200
    assert "No failure in this range." in page.text
    assert "<svg" not in page.text.partition("<main")[2]


@pytest.mark.parametrize("span", ["today", "7", "30"])
async def test_a_faulty_login_is_there_under_its_errcode_and_leads_to_its_attempt(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World, span: str
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    await visitor.get(await visitor.agree(await visitor.start()))
    [attempt] = stored(Attempt)
    support = staff("support")

    listed = await support.get(f"/admin/failures?range={span}")
    shown = await support.get(f"/admin/failures/40029?range={span}")

    assert "1 failure in the range." in listed.text
    assert "/admin/failures/40029" in listed.text
    assert f"/admin/attempts/{support_codes.show(attempt.support_code)}" in shown.text
    assert "Ask the visitor to open the page anew." in shown.text


async def test_yesterday_is_a_day_of_its_own_hour_by_hour(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop, "40163"))
    noon = start_of(day_of(utcnow(), SHANGHAI) - DAY, SHANGHAI) + timedelta(hours=12)
    place = {"account_id": shop.account_id, "site_id": shop.id}
    store(lambda: FailureHourFactory(hour=noon, events=3, **place))
    operator = staff("operator")

    pages = {span: (await operator.get(f"/admin/failures?range={span}")).text for span in ("yesterday", "today")}

    assert "3 failures in the range." in pages["yesterday"]
    assert "40163" not in pages["yesterday"].partition('id="failure"')[2].partition("</section>")[0]
    assert "1 failure in the range." in pages["today"]
    chart = pages["yesterday"].partition('id="chart"')[2].partition("</details>")[0]
    assert chart.count('<th scope="row">') == 24
    assert '">12:00</a></th><td class="num">3</td>' in chart


async def test_an_hours_bar_leads_to_the_failed_attempts_of_that_hour(staff: SignIn, store: Store, shop: Site) -> None:
    hour = start_of(day_of(utcnow(), SHANGHAI) - DAY, SHANGHAI) + timedelta(hours=12)
    store(lambda: FailureHourFactory(hour=hour, events=2, account_id=shop.account_id, site_id=shop.id))
    earlier, first, last, later = (
        store(lambda at=at: AttemptFactory(site=shop, failed=True, started_at=at, id=first_id_at(at)))
        for at in (
            hour - timedelta(seconds=1),
            hour + timedelta(seconds=1),
            hour + timedelta(minutes=59, seconds=59),
            hour + timedelta(minutes=60, seconds=1),
        )
    )
    operator = staff("operator")

    page = (await operator.get("/admin/failures?range=yesterday&site=shop")).text
    [address] = re.findall(r'<th scope="row"><a href="([^"]*)">12:00</a></th><td class="num">2</td>', page)
    attempts = (await operator.get(unescape(address))).text

    shown = [support_codes.show(one.support_code) in attempts for one in (earlier, first, last, later)]
    assert shown == [False, True, True, False]


async def test_any_days_may_be_given_in_place_of_a_range(staff: SignIn, store: Store, shop: Site) -> None:
    place = {"account_id": shop.account_id, "site_id": shop.id}
    noon = start_of(date(2026, 11, 11), SHANGHAI) + timedelta(hours=12)
    for back, events in ((0, 5), (1, 7), (2, 11)):
        store(lambda at=noon - back * DAY, events=events: FailureHourFactory(hour=at, events=events, **place))
    operator = staff("operator")

    async def shown(asked: str) -> str:
        found: str = (await operator.get(f"/admin/failures?{asked}")).text
        return found

    both, one, code = (
        await shown("from=2026-11-10&to=2026-11-11&range=7"),
        await shown("to=2026-11-11"),
        (await operator.get("/admin/failures/40029?from=2026-11-10&to=2026-11-11")).text,
    )

    assert "12 failures in the range." in both
    assert "40029?from=2026-11-10&amp;to=2026-11-11" in both.partition('id="failure"')[2]
    assert 'aria-current="true"' not in both.partition('class="ranges"')[2].partition("</nav>")[0]
    assert "5 failures in the range." in one
    assert '">12:00</a></th><td class="num">5</td>' in one
    assert '<td class="num">12</td>' in code
    assert 'value="2026-11-10"' in code


async def test_what_is_no_failed_login_stands_apart(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop))
    store(lambda: failed(shop, "gw_state_used", stage=Stage.RETURN.value, event_class=Class.HARMLESS.value))
    store(lambda: failed(shop, "gw_ticket_spent", stage=Stage.REDEEM.value, event_class=Class.BLOCKED.value))

    page = (await staff("operator").get("/admin/failures", lang="zh_CN")).text

    assert "所选范围内共 1 次失败。" in page
    assert page.index('id="failure"') < page.index('id="blocked"') < page.index('id="harmless"')
    assert 'id="refused"' not in page
    assert "重复回调（无影响）" in page


async def test_the_chart_has_its_numbers_as_a_table_with_links(staff: SignIn, store: Store, shop: Site) -> None:
    for number in range(9):
        store(lambda number=number: failed(shop, str(40001 + number)))

    page = (await staff("operator").get("/admin/failures")).text

    table = page.partition('id="chart"')[2].partition("</details>")[0]
    assert table.count("<tr>") == 8
    assert "Others</th>" in table
    assert "/admin/attempts?outcome=failed&amp;from=" in table
    assert page.count('<svg class="bars') == 2


async def test_one_site_can_be_looked_at_alone(staff: SignIn, store: Store, shop: Site, clinic: Site) -> None:
    store(lambda: failed(shop))
    store(lambda: failed(clinic, "40163"))

    page = (await staff("operator").get("/admin/failures?site=clinic")).text

    assert '<option value="clinic" selected>' in page
    assert ">40163</a>" in page
    assert ">40029</a>" not in page


async def test_a_code_means_something_else_at_another_step(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop))
    store(lambda: failed(shop, stage=Stage.REFRESH.value))

    page = (await staff("support").get("/admin/failures/40029")).text

    assert "Code not valid" in page
    assert "this speaks of the refresh_token, not of a code" in page


async def test_the_events_of_a_code_are_paged(
    staff: SignIn, store: Store, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "SIZE", 2)
    made = store(lambda: failed(shop, times=3))
    codes = [support_codes.show(attempt.support_code) for attempt in made]
    visitor = staff("support")

    first = (await visitor.get("/admin/failures/40029?range=30")).text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = (await visitor.get(older)).text

    assert "range=30" in older
    assert [code in first for code in codes] == [False, True, True]
    assert [code in second for code in codes] == [True, False, False]


async def test_a_code_that_nobody_knows_is_shown_as_unknown(staff: SignIn) -> None:
    page = await staff("support").get("/admin/failures/98765", lang="zh_CN")

    assert page.status_code == 200
    assert "未收录的错误码" in page.text
    assert "所选范围内没有发生。" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/failures?range=year", 400),
        ("/admin/failures?from=2026-11-12&to=2026-11-11", 400),
        ("/admin/failures?from=2026-01-01&to=2026-11-11", 400),
        ("/admin/failures/40029?to=yesterday", 400),
        ("/admin/failures?site=nowhere", 400),
        ("/admin/failures/40029?before=x", 400),
        ("/admin/failures/%3Cscript%3E", 404),
        ("/admin/failures/gw_DROP", 404),
    ],
)
async def test_what_cannot_be_read_is_refused(staff: SignIn, path: str, status: int) -> None:
    page = await staff("admin").get(path)

    assert page.status_code == status
    assert "<h1>" in page.text


async def test_a_developer_sees_the_failures_of_the_named_sites_alone(
    staff: SignIn, store: Store, shop: Site, clinic: Site
) -> None:
    [own] = store(lambda: failed(shop))
    [other] = store(lambda: failed(clinic))
    store(lambda: failed(clinic, "40163"))
    developer = staff("developer", ["shop"])

    listed = (await developer.get("/admin/failures")).text
    shown = (await developer.get("/admin/failures/40029")).text
    refused = await developer.get("/admin/failures?site=clinic")

    assert "1 failure in the range." in listed
    assert "40163" not in listed
    assert support_codes.show(own.support_code) in shown
    assert support_codes.show(other.support_code) not in shown
    assert refused.status_code == 400


async def test_marketers_see_no_failures(staff: SignIn) -> None:
    visitor = staff("marketer")

    answers = [await visitor.get(path) for path in ("/admin/failures", "/admin/failures/40029")]

    assert [answer.status_code for answer in answers] == [403, 403]
