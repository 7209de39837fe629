"""The incident notice: set, read by all pages of all processes, copied by support, and ended."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests import html_tree, running
from tests.databases import on_sqlite
from tests.factories import NoticeFactory
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.handlers.notices import Notices
from wxadmin.models import AuditEntry, Notice
from wxadmin.queries import notices as queries
from wxadmin.services import notices
from wxadmin.services.notices import NoticeForm
from wxadmin.settings import Settings

Stored = Callable[[type], Sequence[Any]]
Store = Callable[[Callable[[], Any]], Any]

SAID = {"text_zh": "微信授权缓慢", "text_en": "WeChat is slow", "reply": "您好，\n请十分钟后再试。"}


def banner(page: httpx.Response) -> html_tree.Node | None:
    return next(html_tree.read(page.text).all("aside", named="incident"), None)


async def shown(ask: Callable[[], Any], words: str) -> httpx.Response:
    """The page as soon as it says so, as it does within seconds."""
    async with asyncio.timeout(60):
        while words not in (page := await ask()).text:
            await asyncio.sleep(0.05)
    answer: httpx.Response = page
    return answer


async def test_what_an_operator_sets_stands_above_every_page_with_the_reply(staff: SignIn) -> None:
    operator, support = staff("operator"), staff("support")

    saved = await operator.post("/admin/notice", SAID)
    pages = [await support.get(path) for path in ("/admin/", "/admin/attempts", "/admin/tokens")]

    assert saved.status_code == 303
    for page in pages:
        found = banner(page)
        assert found is not None
        assert "WeChat is slow" in found.one("p").text
        assert found.by_id("incident-reply").text == "您好， 请十分钟后再试。"  # type: ignore[union-attr]
        assert found.one("button").attributes["data-copy"] == "incident-reply"


@on_sqlite
async def test_each_reads_it_in_their_language_and_without_english_in_chinese(staff: SignIn) -> None:
    operator = staff("operator")
    await operator.post("/admin/notice", SAID)
    chinese = banner(await operator.get("/admin/", lang="zh_CN"))
    await operator.post("/admin/notice", SAID | {"text_en": ""})
    english = banner(await operator.get("/admin/"))

    assert chinese is not None
    assert "微信授权缓慢" in chinese.text
    assert english is not None
    assert "微信授权缓慢" in english.text
    assert english.one("b").attributes["lang"] == "zh-CN"


@pytest.mark.parametrize(
    ("lang", "words"), [("zh_TW", "微信授权缓慢"), ("zh_CN", "微信授权缓慢"), ("en", "WeChat is slow")]
)
async def test_visitors_read_it_where_that_is_ticked(
    staff: SignIn, http: httpx.AsyncClient, lang: str, words: str
) -> None:
    operator = staff("operator")
    ask = lambda: http.get(f"{operator.gateway}/auth/callback?lang={lang}")  # noqa: E731
    await operator.post("/admin/notice", SAID)
    untold = await ask()

    await operator.post("/admin/notice", SAID | {"on_visitors": "1"})
    told = await shown(ask, words)

    assert "incident" not in untold.text
    assert html_tree.read(told.text).one("p", named="incident").text == words
    assert "请十分钟后再试" not in told.text
    assert len(told.content) - len(untold.content) < 500


async def test_ended_it_is_gone_from_all_pages(staff: SignIn, stored: Stored, http: httpx.AsyncClient) -> None:
    operator = staff("operator")
    await operator.post("/admin/notice", SAID | {"on_visitors": "1"})

    asked = await operator.get("/admin/notice/end")
    ended = await operator.post("/admin/notice/end")
    again = await operator.post("/admin/notice/end")

    assert "WeChat is slow" in asked.text
    assert (ended.status_code, again.status_code) == (303, 303)
    assert banner(await operator.get("/admin/")) is None
    assert "WeChat is slow" not in (await http.get(f"{operator.gateway}/auth/callback?lang=en")).text
    [kept] = stored(Notice)
    assert kept.ended_at is not None
    told = [(entry.actor, entry.action) for entry in stored(AuditEntry) if entry.action.startswith("notice")]
    assert told == [(operator.name, "notice_set"), (operator.name, "notice_ended")]


async def test_a_change_keeps_since_when_and_is_audited_with_what_it_says(staff: SignIn, stored: Stored) -> None:
    operator = staff("operator")
    await operator.post("/admin/notice", SAID | {"since": "2026-01-05T08:30"})

    await operator.post("/admin/notice", SAID | {"text_zh": "已恢复一半"})
    page = await staff("admin").get("/admin/audit?action=notice_changed")

    [notice] = stored(Notice)
    assert (notice.text_zh, notice.set_by) == ("已恢复一半", operator.name)
    assert notice.since.isoformat() == "2026-01-05T00:30:00+00:00"
    assert "已恢复一半" in page.text
    assert "Incident notice changed" in page.text


async def test_what_is_entered_is_text_and_stays_text(staff: SignIn, http: httpx.AsyncClient) -> None:
    operator = staff("operator")
    script = "<script>alert(1)</script> {{ 7 * 7 }}"

    await operator.post("/admin/notice", {"text_zh": script, "reply": script, "on_visitors": "1"})
    pages = [await operator.get("/admin/"), await operator.get("/admin/notice")]
    visitors = await shown(lambda: http.get(f"{operator.gateway}/auth/callback"), "alert(1)")

    for page in (*pages, visitors):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in page.text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"text_zh": " "}, "say in Chinese what is out of order"),
        ({"text_zh": "长" * 301}, "this is plain text of at most 300 characters"),
        ({"reply": "长" * 1_001}, "this is plain text of at most 1000 characters"),
        ({"text_en": "a\u202eb"}, "this is plain text of at most 300 characters"),
        ({"since": "yesterday"}, "enter a day and a time"),
        ({"since": "0001-01-01T00:00"}, "enter a day and a time"),
        ({"since": "2090-01-01T00:00"}, "say until when, if it begins in the future"),
        ({"until": "2020-01-01T00:00"}, "the end must be in the future, and after the beginning"),
        ({"since": "2090-01-01T00:00", "until": "2089-01-01T00:00"}, "the end must be in the future, and after"),
        ({"until": "soon"}, "enter a day and a time"),
    ],
)
@on_sqlite
async def test_what_cannot_be_shown_is_refused_beside_its_field(
    staff: SignIn, stored: Stored, fields: dict[str, str], fault: str
) -> None:
    page = await staff("admin").post("/admin/notice", SAID | fields)

    assert page.status_code == 400
    assert fault in html_tree.read(page.text).one("p", named="error").text
    assert stored(Notice) == []


@pytest.mark.parametrize("role", ["marketer", "support", "developer"])
@on_sqlite
async def test_others_read_it_and_cannot_set_it(staff: SignIn, stored: Stored, role: str) -> None:
    await staff("operator").post("/admin/notice", SAID)
    visitor = staff(role)

    answers = [await visitor.post(path, SAID) for path in ("/admin/notice", "/admin/notice/end")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert banner(await visitor.get("/admin/")) is not None
    assert [notice.ended_at for notice in stored(Notice)] == [None]


@pytest.fixture
async def another_gateway(settings: Settings, gateway: str) -> AsyncIterator[str]:
    """A second one over the same database."""
    async with running.serving(settings) as address:
        yield address


async def test_every_process_shows_it_within_seconds(
    staff: SignIn, another_gateway: str, http: httpx.AsyncClient
) -> None:
    operator = staff("operator")
    elsewhere = StaffVisitor(another_gateway, http, operator.name, operator.token)
    await operator.post("/admin/notice", SAID | {"on_visitors": "1"})

    page = await shown(lambda: elsewhere.get("/admin/"), "WeChat is slow")
    visitors = await shown(lambda: http.get(f"{another_gateway}/auth/callback?lang=en"), "WeChat is slow")

    assert banner(page) is not None
    assert visitors.status_code >= 400


async def test_strangers_at_the_sign_in_see_none(staff: SignIn, http: httpx.AsyncClient) -> None:
    operator = staff("operator")
    await operator.post("/admin/notice", SAID | {"on_visitors": "1"})

    page = await http.get(f"{operator.gateway}/admin/sign-in", headers={"Cookie": "wxadmin_lang=en"})

    assert banner(page) is None


def test_two_that_were_set_at_once_end_together(database: Database, store: Store, stored: Stored) -> None:
    store(lambda: NoticeFactory(ended=True))
    store(lambda: NoticeFactory.create_batch(2))
    newest = max(stored(Notice), key=lambda notice: notice.id)

    before = database.read_now(queries.current, utcnow())
    database.write_now(notices.put, NoticeForm(text_zh="改过"), actor="ada")
    changed = database.read_now(queries.current, utcnow())
    database.write_now(notices.end, actor="ada")

    assert before is not None
    assert before.since == newest.since
    assert changed is not None
    assert changed.text_zh == "改过"
    assert database.read_now(queries.current, utcnow()) is None


async def test_while_the_database_is_away_pages_say_what_was_known(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: NoticeFactory(since=utcnow() - timedelta(hours=1)))
    known = Notices(database)
    asked = asyncio.Event()
    await known.look()

    async def away(self: object, *_: object) -> None:
        asked.set()
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(Database, "read", away)
    looking = asyncio.create_task(known.keep_known())
    await asyncio.wait_for(asked.wait(), 10)
    looking.cancel()

    assert known.shown is not None
    assert known.for_visitors is None
    assert replace(known.shown, on_visitors=True).text("en").startswith("Logins through WeChat")


@on_sqlite
async def test_it_tells_from_when_until_when_also_ahead_of_time(staff: SignIn) -> None:
    operator = staff("operator")

    await operator.post("/admin/notice", SAID | {"since": "2090-01-01T22:00", "until": "2090-01-01T23:00"})

    found = banner(await operator.get("/admin/"))
    assert found is not None
    assert "from 2090-01-01 22:00 until 2090-01-01 23:00" in found.text


async def test_its_time_over_it_is_gone_by_itself(store: Store, database: Database) -> None:
    now = utcnow()
    store(lambda: NoticeFactory(until=now + timedelta(minutes=1)))

    before = database.read_now(queries.current, now)
    after = database.read_now(queries.current, now + timedelta(minutes=1))

    assert before is not None
    assert after is None


@on_sqlite
async def test_a_preview_shows_it_and_saves_nothing(staff: SignIn, stored: Stored) -> None:
    operator = staff("operator")

    page = await operator.post("/admin/notice", SAID | {"preview": "1", "on_visitors": "1"})
    empty = await operator.post("/admin/notice", {"text_zh": "", "preview": "1"})

    shown_there = html_tree.read(page.text).by_id("preview").within("section")  # type: ignore[union-attr]
    assert shown_there is not None
    assert "微信授权缓慢" in shown_there.text
    assert "WeChat is slow" in shown_there.text
    assert "say in Chinese what is out of order" in empty.text
    assert (stored(Notice), banner(page)) == ([], None)
