"""The audit log: every change under the name of who made it, found by person, action and day."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import wxadmin
from tests import html_tree
from tests.factories import AuditEntryFactory
from tests.handlers.admin import exported
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.running import RETURN_URL
from wxadmin.handlers.admin.audit_words import ACTION_WORDS

Store = Callable[[Callable[[], Any]], Any]
SUBJECT = re.compile(r"<td>(subject-\d+)</td>")


async def subjects(visitor: StaffVisitor, query: str = "") -> list[str]:
    page = await visitor.get(f"/admin/audit{query}")
    assert page.status_code == 200, page.text
    return SUBJECT.findall(page.text)


def beside(text: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', text)
    return found[1].replace("&amp;", "&") if found else None


async def test_a_change_is_written_down_under_the_name_of_who_made_it(staff: SignIn) -> None:
    ada = staff("admin")

    await ada.post("/admin/sites/shop/key", {"grace": "1"})
    page = await ada.get(f"/admin/audit?actor={ada.name}&action=site_key_rotated")

    assert page.text.count("<td>shop</td>") == 1
    assert re.search(r"The old key goes on for</span> 1 h 0 min ", page.text)


@pytest.mark.parametrize(("lang", "said"), [("en", "Explanation page</span> Yes "), ("zh_CN", "授权说明页</span> 是 ")])
async def test_what_was_switched_is_told_in_words(staff: SignIn, lang: str, said: str) -> None:
    ada = staff("admin")

    await ada.post("/admin/sites/shop/change", {"return_urls": RETURN_URL, "handoff": "ticket", "explain": "1"})
    page = await ada.get("/admin/audit?action=site_changed", lang=lang)

    assert said in page.text
    assert "Profile required" not in page.text


async def test_an_export_tells_by_which_filters_in_words(staff: SignIn) -> None:
    ada = staff("admin")

    await exported.made(ada, "/admin/exports/new?scope=silent&site=shop", exported.ASKED)
    page = await ada.get("/admin/audit?action=export_asked", lang="zh_CN")

    assert "筛选</span> 来过的站点：shop、已授权范围：仅静默" in page.text
    assert re.search(r"用途</span> 发券", page.text)


async def test_pages_lead_from_the_newest_entry_to_the_oldest_and_back(staff: SignIn, store: Store) -> None:
    ada = staff("admin")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    # Three entries a moment: neither time nor id alone tells where a page ends.
    store(
        lambda: [
            AuditEntryFactory(at=at + timedelta(seconds=n // 3), actor="grace", subject=f"subject-{n}")
            for n in range(120)
        ]
    )
    expected = [f"subject-{n}" for n in reversed(range(120))]

    forward, pages, query = [], ["?actor=grace"], "?actor=grace"
    while query:
        page = await ada.get(f"/admin/audit{query}")
        forward += SUBJECT.findall(page.text)
        query = beside(page.text, "next") or ""
        pages += [query] if query else []
    back: list[str] = SUBJECT.findall(page.text)
    while newer := beside(page.text, "prev"):
        page = await ada.get(f"/admin/audit{newer}")
        back = SUBJECT.findall(page.text) + back

    assert forward == expected
    assert back == expected
    assert len(pages) == 3


async def test_a_day_is_one_of_the_gateways_own_zone(staff: SignIn, store: Store) -> None:
    ada = staff("admin")
    midnight = datetime(2026, 11, 1, 16, tzinfo=UTC)
    store(
        lambda: [
            AuditEntryFactory(at=midnight + timedelta(seconds=offset), subject=f"subject-{number}")
            for number, offset in enumerate((-1, 0, 86_399, 86_400))
        ]
    )

    of_the_day = await subjects(ada, "?day=2026-11-02")

    assert of_the_day == ["subject-2", "subject-1"]


async def test_an_empty_answer_says_what_to_do(staff: SignIn) -> None:
    ada = staff("admin")

    page = await ada.get("/admin/audit?actor=nobody&action=site_added")

    assert 'class="empty"' in page.text
    assert 'value="nobody"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        "day=yesterday",
        "day=9999-12-31",
        "day=2026-02-30",
        "before=x",
        "after=1",
        f"before={'9' * 30}-1",
        "kind=odd",
        "actor=%ff",
        "actor=a&actor=b",
    ],
)
async def test_a_question_that_cannot_be_read_is_refused(staff: SignIn, query: str) -> None:
    ada = staff("admin")

    page = await ada.get(f"/admin/audit?{query}")

    assert page.status_code == 400


def test_every_action_that_is_written_down_has_words() -> None:
    sources = [path.read_text("utf-8") for path in Path(wxadmin.__file__).parent.rglob("*.py")]

    written = {
        action
        for source in sources
        for action in re.findall(r'audit\.record(?:\(\s*\w+)?,\s*[\w.]+,\s*"(\w+)"', source)
    }

    assert len(written) > 10
    assert written == set(ACTION_WORDS)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("saw", {"revealed", "looked_up"}),
        ("took", {"users_exported"}),
        ("signed", {"signed_in"}),
        ("changed", {"site_changed", "staff_key_made"}),
    ],
)
async def test_entries_are_told_apart_by_what_somebody_did(
    staff: SignIn, store: Store, kind: str, actions: set[str]
) -> None:
    ada = staff("admin")
    for action in ("revealed", "looked_up", "users_exported", "signed_in", "site_changed", "staff_key_made"):
        store(lambda action=action: AuditEntryFactory(actor="grace", action=action, subject=f"by {action}"))

    page = await ada.get(f"/admin/audit?actor=grace&kind={kind}")

    assert set(re.findall(r"<td>by (\w+)</td>", page.text)) == actions


async def test_who_saw_whom_leads_to_them_with_the_reason_in_words(staff: SignIn, store: Store) -> None:
    ada = staff("admin")
    details = '{"reason": "own_data", "note": "letter of 3 May"}'
    store(lambda: AuditEntryFactory(actor="grace", action="revealed", subject="user 77", details=details))
    store(lambda: AuditEntryFactory(actor="grace", action="revealed", subject="attempt K7M2-Q9XD", details=details))

    page = await ada.get("/admin/audit?kind=saw")

    assert '<a href="/admin/users/77">Authorized user 77</a>' in page.text
    assert '<a href="/admin/attempts/K7M2-Q9XD">Attempt K7M2-Q9XD</a>' in page.text
    assert "The person asks what is known of them" in page.text
    assert "letter of 3 May" in page.text


async def test_it_is_told_in_the_readers_words_and_by_their_clock(staff: SignIn, store: Store) -> None:
    entries = [
        {
            "actor": "command line",
            "action": "site_key_rotated",
            "subject": "users",
            "details": '{"grace": "1 day, 0:00:00"}',
        },
        {"action": "looked_up", "subject": "users", "details": '{"by": ["nickname", "openid", "ref"], "rows": 2}'},
        {"action": "notice_set", "subject": "notice", "details": '{"since": "2026-11-26T20:57+00:00"}'},
        {
            "action": "users_exported",
            "subject": "users",
            "details": '{"filters": {"channel": "autumn-tea", "old": "1"}}',
        },
    ]
    for entry in entries:
        store(lambda entry=entry: AuditEntryFactory(**entry))
    ada = staff("admin")

    english = html_tree.read((await ada.get("/admin/audit")).text).one("table").text
    chinese = html_tree.read((await ada.get("/admin/audit", lang="zh_CN")).text).one("table").text

    for said in ("1 d 0 h", "Nickname, OpenID, Member reference", "2026-11-27 04:57", "Channel / campaign: autumn-tea"):
        assert said in english
    for said in ("命令行", "授权用户", "昵称、OpenID、业务用户号", "2026-11-27 04:57", "1 天 0 小时"):
        assert said in chinese
    # A site of that name is no list.
    assert " users " in chinese
