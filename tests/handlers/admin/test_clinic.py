"""/admin/failures/…: what to tell the visitor, symptoms and WeChat's own pages, and codes that nobody knows."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from tests import html_tree
from tests.databases import on_sqlite
from tests.factories import AttemptFactory, EventFactory, FailureHourFactory, StepHourFactory
from tests.handlers.admin.conftest import SignIn
from tests.html_tree import Node
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.ids import first_id_at
from wxadmin.models import Class, Site, Stage
from wxadmin.wechat import errcodes

Store = Callable[[Callable[[], Any]], Any]
NEVER_COUNTED = [entry for entry in errcodes.all_entries() if entry.stage in {"authorize", "symptom"}]


def failed(site: Site, code: str, *, ago: timedelta = timedelta(), times: int = 1, **changes: Any) -> None:
    """A step that failed so many times at one moment, with its count."""
    at = utcnow() - ago
    named = {"stage": Stage.EXCHANGE.value, "event_class": Class.FAILURE.value, "code": code}
    browser = {"browser_family": "wechat-ios", "wechat_version": "8.0.50"}
    for number in range(times):
        attempt = AttemptFactory(site=site, failed=True, ended_by=code, **browser)
        EventFactory(attempt=attempt, id=first_id_at(at) + number, at=at, **named | changes)
    FailureHourFactory(hour=hour_of(at), account_id=site.account_id, site_id=site.id, events=times, **named)


def replies(page: Node) -> dict[str, list[str]]:
    """By language, those that can be copied."""
    buttons = {button.attributes["data-copy"] for button in page.all("button") if "data-copy" in button.attributes}
    found: dict[str, list[str]] = {"zh-CN": [], "en": []}
    for reply in page.all("q"):
        assert reply.attributes["id"] in buttons
        found[reply.attributes["lang"]].append(reply.text)
    return found


@pytest.mark.parametrize(("lang", "first"), [("en", "en"), ("zh_CN", "zh-CN")])
async def test_the_reply_stands_in_both_languages_the_viewers_first(staff: SignIn, lang: str, first: str) -> None:
    entry = errcodes.find("40163", Stage.EXCHANGE)

    page = html_tree.read((await staff("support").get("/admin/failures/40163", lang=lang)).text)

    assert replies(page) == {"zh-CN": [entry.reply_zh], "en": [entry.reply_en]}
    assert next(page.all("q")).attributes["lang"] == first


async def test_a_code_of_two_steps_has_a_reply_for_each(staff: SignIn) -> None:
    page = html_tree.read((await staff("support").get("/admin/failures/40029")).text)

    steps = [errcodes.find("40029", stage) for stage in (Stage.EXCHANGE, Stage.REFRESH)]
    assert replies(page)["zh-CN"] == [entry.reply_zh for entry in steps]
    assert len({reply.attributes["id"] for reply in page.all("q")}) == 4


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
@pytest.mark.parametrize("entry", NEVER_COUNTED, ids=lambda entry: entry.code)
async def test_what_never_reaches_a_gateway_says_so_and_leads_on(
    staff: SignIn, entry: errcodes.Entry, lang: str
) -> None:
    answer = await staff("support").get(f"/admin/failures/{entry.code}", lang=lang)

    page = html_tree.read(answer.text)
    links = {link.attributes["href"] for link in page.one("main").all("a")}
    texts = (entry.title(lang), entry.meaning(lang), entry.remedy(lang), entry.reply_zh, entry.reply_en, entry.errmsg)
    assert answer.status_code == 200
    assert [text for text in texts if text not in unescape(answer.text)] == []
    assert "/admin/attempts?outcome=abandoned" in links
    assert {f"/admin/failures/{code}" for code in entry.related} <= links
    assert page.by_id("behind") is None


async def test_symptoms_and_wechats_pages_can_be_looked_up(staff: SignIn) -> None:
    page = html_tree.read((await staff("support").get("/admin/failures", lang="zh_CN")).text)

    folded = next(node for node in page.all("details") if node.one("summary").text == "按现象或微信原文查")
    links = {link.attributes["href"].rpartition("/")[2]: link.text for link in folded.all("a")}
    assert set(links) == {entry.code for entry in NEVER_COUNTED}
    assert links["symptom_white_page"] == "白屏、没有反应"
    assert links["10003"] == "10003 redirect_uri域名与后台配置不一致"
    assert links["page_scope"] == "Scope 参数错误或没有 Scope 权限"


@pytest.mark.parametrize("code", ["symptom_unheard_of", "page_", "symptom_white_page%20", "SYMPTOM_white_page", "gw_"])
async def test_a_symptom_that_is_not_in_the_catalogue_has_no_page(staff: SignIn, code: str) -> None:
    answer = await staff("support").get(f"/admin/failures/{code}")

    assert answer.status_code == 404


async def test_attempts_cannot_be_looked_for_by_a_symptom(staff: SignIn) -> None:
    page = await staff("support").get("/admin/attempts")
    refused = await staff("support").get("/admin/attempts?code=symptom_white_page")

    assert "symptom_" not in page.text
    assert refused.status_code == 400


async def test_an_unknown_code_is_shown_as_unknown_with_wechats_words(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop, "98765", errmsg="api <forbidden> for reasons", rid="6a-b-c"))

    listed = html_tree.read((await staff("support").get("/admin/failures", lang="zh_CN")).text)
    shown = html_tree.read((await staff("support").get("/admin/failures/98765", lang="zh_CN")).text)

    [row] = [row for row in listed.all("tr") if "98765" in row.text and "换取凭证" in row.text]
    meaning = next(
        section for section in shown.all("section") if section.attributes.get("aria-labelledby") == "meaning"
    )
    facts = {fact.one("dt").text: fact.one("dd").text for fact in meaning.all("div")}
    assert "未收录的错误码" in row.text
    assert "api <forbidden> for reasons" in row.text
    assert facts["微信原文"] == "api <forbidden> for reasons"
    assert facts["责任方"] == "尚不明确"
    assert shown.one("h1").text == "98765 未收录的错误码 未收录"
    assert replies(shown)["zh-CN"]


async def test_a_known_code_keeps_the_words_of_the_catalogue(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop, "40163", errmsg="code been used, hints: 1"))

    page = html_tree.read((await staff("support").get("/admin/failures/40163")).text)

    meaning = next(section for section in page.all("section") if section.attributes.get("aria-labelledby") == "meaning")
    assert [code.text for code in meaning.all("code")] == ["code been used"]


async def test_a_row_says_when_how_many_got_on_and_where(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: failed(shop, "40029", ago=timedelta(minutes=30)))

    page = html_tree.read((await staff("operator").get("/admin/failures?range=30")).text)

    table = html_tree.table(
        next(node for node in page.all("section") if any(h.text == "Failed steps" for h in node.all("h2")))
    )
    row = dict(zip([cell.text for cell in table.head], table.texts[0], strict=True))
    assert row["Recovered"] == "0.0%"
    assert row["Called"] == "Code not validThe visitor's doing"
    assert row["Trend"] == "Trend"
    assert re.fullmatch(r"(\d\d-\d\d \d\d:\d\d){2}", row["Seen"])
    assert row["Most hit"] == f"{shop.title} 100%WeChat on iOS 100%8.0.50 100%"


async def test_a_surge_is_told_with_what_is_usual(staff: SignIn, store: Store, shop: Site) -> None:
    hour, place = hour_of(utcnow()), {"account_id": shop.account_id, "site_id": shop.id, "code": "40029"}
    store(lambda: StepHourFactory(hour=hour - timedelta(days=8)))
    store(lambda: FailureHourFactory(hour=hour - timedelta(hours=1), events=120, **place))
    for days in range(1, 8):
        store(lambda days=days: FailureHourFactory(hour=hour - timedelta(hours=1, days=days), events=14, **place))

    listed = (await staff("operator").get("/admin/failures?range=30", lang="zh_CN")).text
    shown = (await staff("operator").get("/admin/failures/40029?range=30")).text

    assert "8.6×" in listed
    assert "近 3 小时 120 次，平时 14 次" in listed
    assert "120 in three hours, usually 14" in shown


async def test_what_is_hit_most_stands_in_cards_on_the_page_of_the_code(
    staff: SignIn, store: Store, shop: Site
) -> None:
    store(lambda: failed(shop, "40029", times=3))

    page = html_tree.read((await staff("support").get("/admin/failures/40029?range=30", lang="zh_CN")).text)

    [hits] = [
        section for section in page.all("section") if any("受影响最多" in head.text for head in section.all("h2"))
    ]
    lists = {
        part.one("h3").text: [item.text for item in part.all("li")] for part in hits.one("div", named="hits").all("div")
    }
    assert "只看最近 3 次。" in hits.text
    assert lists == {
        "站点": [f"{shop.title} 3 100.0%"],
        "浏览器": ["iOS 微信 3 100.0%"],
        "微信版本": ["8.0.50 3 100.0%"],
    }


async def test_a_developer_sees_no_other_site_among_those_most_hit(
    staff: SignIn, store: Store, shop: Site, database: Database
) -> None:
    clinic = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "clinic")).one())
    store(lambda: failed(clinic, "40029"))
    store(lambda: failed(shop, "40029"))

    pages = [(await staff("developer", ["shop"]).get(f"/admin/{at}")).text for at in ("failures", "failures/40029")]

    assert [clinic.title in page for page in pages] == [False, False]


@on_sqlite
@pytest.mark.parametrize(("role", "is_passed_on"), [("admin", False), ("operator", True), ("support", True)])
async def test_a_remedy_of_administrators_is_passed_on_by_all_others(
    staff: SignIn, role: str, is_passed_on: bool
) -> None:
    page = (await staff(role).get("/admin/failures/40125", lang="zh_CN")).text

    assert ("请转管理员：" in page) is is_passed_on
    assert page.count('href="/admin/accounts"') == (0 if is_passed_on else 2)
