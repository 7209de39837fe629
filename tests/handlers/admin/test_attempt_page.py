"""What stands beside an attempt: words to send on, the person's and the browser's other logins, notes of staff."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import (
    AttemptFactory,
    AttemptNoteFactory,
    EventFactory,
    FailureHourFactory,
    LoginHourFactory,
    UserFactory,
)
from tests.handlers.admin.conftest import SignIn
from tests.html_tree import read
from tests.visiting import Visitor
from wxadmin import support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import Attempt, AttemptNote, Site
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault
from wxadmin.wechat import errcodes

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence]
OF_THE_TRADE = re.compile(r"errcode|openid|cookie|state|token|\bcode\b|[0-9]{5}", re.IGNORECASE)


def page_of(attempt: Attempt) -> str:
    return f"/admin/attempts/{support_codes.show(attempt.support_code)}"


@pytest.mark.parametrize(
    ("states", "begins"),
    [
        ({"failed": True}, errcodes.find("40029", "exchange").reply_zh),
        ({"abandoned": True}, errcodes.find("gw_no_callback", "return").reply_zh),
        ({"refused": True}, errcodes.find("gw_return_url_refused", "start").reply_zh),
        ({"waiting": True}, "您已跳转到微信"),
        ({"succeeded": True}, "您的登录在我们这边已经成功了"),
        ({"snapshot": True}, "微信给您显示的是页面的预览"),
        ({"denied": True}, "刚才在微信里没有同意登录"),
        ({"ended": True, "outcome": "duplicate"}, "这次登录已经用过了"),
    ],
)
async def test_there_are_words_for_the_visitor_whatever_came_of_it(
    staff: SignIn, store: Store, shop: Site, states: dict[str, Any], begins: str
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, **states))
    if attempt.ended_by == "40029":
        store(lambda: EventFactory(attempt=attempt, stage="exchange", event_class="failure", code="40029"))

    page = read((await staff("support").get(page_of(attempt), lang="zh_CN")).text)

    chinese, english = page.by_id("reply-0"), page.by_id("reply-1")
    assert chinese is not None
    assert english is not None
    assert chinese.text.startswith(begins)
    assert (chinese.attributes["lang"], english.attributes["lang"]) == ("zh-CN", "en")
    assert not [text for text in (chinese.text, english.text) if OF_THE_TRADE.search(text)]


async def test_what_engineers_get_tells_everything_but_who_the_visitor_is(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World, store: Store
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    await visitor.get(await visitor.agree(await visitor.start(ref="member-7")))
    [attempt] = stored(Attempt)

    page = read((await staff("support").get(page_of(attempt))).text)

    told = page.by_id("engineers")
    assert told is not None
    for fact in (
        support_codes.show(attempt.support_code),
        "40029",
        "“invalid code”",
        "rid ",
        "https://shop.example.com/back",
    ):
        assert fact in told.text
    *facts, address = told.text.strip().splitlines()
    assert address.endswith(page_of(attempt))
    assert not [secret for secret in ("member-7", attempt.ip, "?", "state") if secret in "\n".join(facts)]


async def test_a_login_that_was_called_back_again_says_that_nobody_saw_it(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    for _ in range(3):
        await visitor.get(callback)
    [attempt] = stored(Attempt)

    page = await staff("support").get(page_of(attempt))

    assert "answer came 3 times; the visitor saw no error of it." in page.text.replace("&#x27;", "'").replace(
        "&#39;", "'"
    )


async def test_the_persons_and_the_browsers_other_logins_stand_beside_it(
    staff: SignIn, store: Store, shop: Site
) -> None:
    user, now = store(lambda: UserFactory(site=shop)), utcnow()
    own = store(lambda: AttemptFactory(site=shop, succeeded=True, user_id=user.id, ip="198.51.100.1"))
    same_person = store(lambda: AttemptFactory(site=shop, failed=True, user_id=user.id, ip="198.51.100.2"))
    same_browser = store(lambda: AttemptFactory(site=shop, failed=True, ip="198.51.100.1"))
    strangers = [
        store(lambda one=one: AttemptFactory(site=shop, failed=True, **{"ip": "198.51.100.1", **one}))
        for one in (
            {"ip": "198.51.100.3"},
            {"wechat_version": "8.0.1"},
            {"browser_family": "wechat-ios"},
            {"started_at": now - timedelta(hours=3)},
        )
    ]

    page = (await staff("support").get(page_of(own))).text
    for_developer = (await staff("developer", ["shop"]).get(page_of(own))).text

    linked = set(re.findall(r'href="(/admin/attempts/[^"?]+)"', page))
    assert {page_of(same_person), page_of(same_browser)} <= linked
    assert not linked & {page_of(one) for one in strangers}
    assert "other logins" not in for_developer
    assert page_of(same_person) not in for_developer


async def test_staff_keep_notes_about_a_login(staff: SignIn, store: Store, shop: Site, stored: Stored) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    support, operator = staff("support"), staff("operator")

    kept = await support.post(f"{page_of(attempt)}/notes", {"text": " 已电话联系\r\n<b>明天</b>再试 "})
    page = (await operator.get(page_of(attempt))).text
    for_developer = (await staff("developer", ["shop"]).get(page_of(attempt))).text

    [note] = stored(AttemptNote)
    assert (kept.status_code, kept.headers["Location"]) == (303, f"{page_of(attempt)}#notes")
    assert (note.author, note.text) == (support.name, "已电话联系\n<b>明天</b>再试")
    assert "已电话联系\n&lt;b&gt;明天&lt;/b&gt;再试" in page
    assert support.name in page
    assert "已电话联系" not in for_developer


@pytest.mark.parametrize("text", ["", "  \n ", "长" * 1001])
async def test_a_note_that_cannot_be_kept_is_refused_and_not_lost(
    staff: SignIn, store: Store, shop: Site, stored: Stored, text: str
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))

    refused = await staff("support").post(f"{page_of(attempt)}/notes", {"text": text})

    assert refused.status_code == 400
    assert "A note has from 1 to 1000 characters." in refused.text
    assert text.strip("\0 \n")[:50] in refused.text
    assert stored(AttemptNote) == []


async def test_an_attempt_has_no_end_of_notes(staff: SignIn, store: Store, shop: Site, stored: Stored) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    store(lambda: [AttemptNoteFactory(attempt=attempt) for _ in range(50)])

    refused = await staff("support").post(f"{page_of(attempt)}/notes", {"text": "one more"})

    assert refused.status_code == 400
    assert len(stored(AttemptNote)) == 50


async def test_nobody_adds_a_note_where_they_may_not_see_any(
    staff: SignIn, store: Store, shop: Site, stored: Stored
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    nowhere = f"/admin/attempts/{support_codes.show(support_codes.make())}"

    codes = [
        (await staff(role, sites).post(f"{page}/notes", {"text": "x"})).status_code
        for role, sites, page in (
            ("developer", ["shop"], page_of(attempt)),
            ("marketer", [], page_of(attempt)),
            ("support", [], nowhere),
        )
    ]

    assert codes == [403, 403, 404]
    assert stored(AttemptNote) == []


def _failed_of_a_wrong_secret(site: Site) -> Attempt:
    at = utcnow() - timedelta(days=5)
    attempt: Attempt = AttemptFactory(site=site, failed=True, started_at=at, ended_by="40125")
    EventFactory(attempt=attempt, at=at, stage="exchange", event_class="failure", code="40125")
    FailureHourFactory(hour=hour_of(at), account_id=site.account_id, site_id=site.id, code="40125")
    return attempt


async def test_of_what_is_over_the_visitor_is_told_to_come_now(staff: SignIn, store: Store, shop: Site) -> None:
    attempt = store(lambda: _failed_of_a_wrong_secret(shop))
    store(lambda: LoginHourFactory(account_id=shop.account_id, site_id=shop.id, succeeded=3))

    page = read((await staff("support").get(page_of(attempt), lang="zh_CN")).text)

    reply = page.by_id("reply-0")
    assert reply is not None
    assert reply.text == "这个问题已经恢复，请现在在微信里重新打开链接。"
    assert "已恢复" in page.one("main").text
    assert "处理办法" not in page.one("main").text


@pytest.mark.parametrize("is_again", [True, False], ids=["it came again", "nobody has logged in"])
async def test_of_what_is_not_over_the_reply_is_the_catalogues(
    staff: SignIn, store: Store, shop: Site, is_again: bool
) -> None:
    attempt = store(lambda: _failed_of_a_wrong_secret(shop))
    here = {"account_id": shop.account_id, "site_id": shop.id}
    if is_again:
        store(lambda: [FailureHourFactory(code="40125", **here), LoginHourFactory(succeeded=3, **here)])

    page = read((await staff("support").get(page_of(attempt))).text)

    reply = page.by_id("reply-0")
    assert reply is not None
    assert reply.text == errcodes.find("40125", "exchange").reply_en


async def test_what_only_an_administrator_can_do_is_passed_on_to_one(staff: SignIn, store: Store, shop: Site) -> None:
    attempt = store(lambda: _failed_of_a_wrong_secret(shop))

    told = {
        role: (await staff(role, ["shop"] if role == "developer" else []).get(page_of(attempt))).text
        for role in ("admin", "operator", "support", "developer")
    }

    lead = '<a href="/admin/accounts/tea/secret">Replace the AppSecret</a>'
    assert [role for role, page in told.items() if "For the administrator: " not in page] == ["admin"]
    assert [role for role, page in told.items() if lead in page] == ["admin"]


async def test_the_host_of_a_refused_return_address_is_shown(staff: SignIn, visitor: Visitor, stored: Stored) -> None:
    await visitor.start(url="https://other.example.com/back?member=7")
    [attempt] = stored(Attempt)

    support = (await staff("support").get(page_of(attempt))).text
    admin = (await staff("admin").get(page_of(attempt))).text

    assert "https://other.example.com" in support
    assert "member" not in read(support).by_id("facts").within("section").text  # type: ignore[union-attr]
    assert "For the administrator: Register the return URL" in support
    assert '<a href="/admin/sites">Sites</a>' in admin
