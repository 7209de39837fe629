"""The pages of users: who may see them, what they show, and that nothing typed breaks them."""

import html
import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests import html_tree
from tests.databases import on_sqlite
from tests.factories import (
    AccountFactory,
    AttemptFactory,
    EventFactory,
    SiteFactory,
    TokenFactory,
    UserChannelFactory,
    UserFactory,
)
from wxadmin import support_codes
from wxadmin.database import Database
from wxadmin.handlers.admin.users import picture
from wxadmin.models import Site, Stage, User
from wxadmin.queries import users

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    """The shop of the furnished gateway."""
    return database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())


@pytest.fixture
def make(store: Store, shop: Site) -> Callable[..., User]:
    """`make(nickname="小雨")` is a stored user of the shop."""

    def make(**columns: Any) -> User:
        made: User = store(lambda: UserFactory(site=shop, account_id=shop.account_id, **columns))
        return made

    return make


def linked(page: httpx.Response, rel: str) -> str:
    """Where the page's link of that kind leads."""
    return html.unescape(page.text.partition(f'rel="{rel}" href="')[2].partition('"')[0])


async def test_the_list_shows_who_authorized_with_scopes_token_and_where_they_came_through(
    make: Callable[..., User], store: Store, staff: Staff
) -> None:
    user = make(nickname="<b>老张</b>", last_channel="poster", last_login_at=NOON)
    store(lambda: TokenFactory(user=user))

    page = await staff("marketer").get("/admin/users", lang="zh_CN")

    assert page.status_code == 200
    for shown in (
        *("&lt;b&gt;老张&lt;/b&gt;", user.openid, ">静默<", ">手动<", ">有效<"),
        *("云雾茶铺", "poster", "2026-11-20 12:00", "共 1 位用户"),
    ):
        assert shown in page.text


async def test_somebody_known_silently_has_words_in_place_of_a_nickname(
    make: Callable[..., User], staff: Staff
) -> None:
    make(silent=True)

    page = await staff("support").get("/admin/users", lang="zh_CN")

    assert "—（静默授权无昵称）" in page.text
    assert 'class="badge ok">手动' not in page.text


async def test_filters_stay_in_the_form_and_in_the_links_to_pages_and_file(
    store: Store, shop: Site, staff: Staff
) -> None:
    columns = {"site": shop, "account_id": shop.account_id, "nickname": "小雨&"}
    people = store(
        lambda: [UserFactory(**columns, last_login_at=NOON - timedelta(minutes=minute)) for minute in range(51)]
    )
    store(lambda: [UserChannelFactory(user=person) for person in people])
    ada = staff("admin")

    first = await ada.get("/admin/users?q=%E9%9B%A8%26&scope=explicit&site=shop")
    older = linked(first, "next")
    second = await ada.get(older)

    assert 'value="雨&amp;"' in first.text
    assert '<option value="explicit" selected>' in first.text
    assert "/admin/exports/new?q=%E9%9B%A8%26&amp;site=shop&amp;scope=explicit" in first.text
    assert older.startswith("/admin/users?q=%E9%9B%A8%26&site=shop&scope=explicit&older=")
    assert [page.text.count("小雨&amp;</bdi>") for page in (first, second)] == [50, 1]
    assert 'rel="prev"' in second.text
    assert 'rel="next"' not in second.text


@on_sqlite
async def test_an_empty_list_says_why_and_what_to_do(
    make: Callable[..., User], staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = staff("admin")
    nobody = await ada.get("/admin/users")
    make(nickname="小雨")
    make(nickname="小雨")

    fits = await ada.get("/admin/users?q=nobody")
    monkeypatch.setattr(users, "LOOKED_THROUGH", 1)
    cut = await ada.get("/admin/users?q=nobody")

    assert "Nobody has authorized yet" in nobody.text
    assert "Nobody fits these filters" in fits.text
    assert "Nobody among these logins" in cut.text
    assert "Look on among earlier ones" in cut.text


@pytest.mark.parametrize(
    "query",
    [
        *(
            "older=x",
            "newer=1-99999999999999999999",
            "scope=all",
            "token=x",
            "first_from=yesterday",
            "last_to=9999-12-31",
        ),
        *("sort=nickname", "came_from=x", "logins_min=0", "unionid=yes"),
        *("q=%00", "q=%ff", "q=a&q=b", "account=nobody", "site=nobody", f"channel={'x' * 200}"),
    ],
)
async def test_what_cannot_be_read_is_a_page_that_says_so(staff: Staff, query: str) -> None:
    ada = staff("admin")

    answers = [await ada.get(f"/admin/{page}?{query}") for page in ("users", "exports/new")]

    expected = [400, 200 if query.startswith(("older", "newer", "sort")) else 400]
    assert [answer.status_code for answer in answers] == expected
    assert "This cannot be read" in answers[0].text


@pytest.mark.parametrize("q", ["'", "\\", "%25", "_", "%F0%9F%8C%A7", "%2A", "%5B", "o%7F%7F%7F%7F%7F%7F%7F"])
async def test_whatever_is_searched_for_is_only_text(make: Callable[..., User], staff: Staff, q: str) -> None:
    make(nickname="小红")

    page = await staff("admin").get(f"/admin/users?q={q}")

    assert page.status_code == 200
    assert "Nobody fits these filters" in page.text


async def test_a_user_is_shown_with_consents_token_channels_and_what_happened(
    make: Callable[..., User], store: Store, shop: Site, staff: Staff
) -> None:
    user = make(nickname="小雨", headimgurl="http://thirdwx.qlogo.cn/mmopen/0", last_ref="M-7", explicit_at=NOON)
    twin = make(unionid=user.unionid)
    attempt = store(
        lambda: AttemptFactory(
            site=shop, user_id=user.id, scope_granted="snsapi_base,snsapi_userinfo", ended_at=NOON, outcome="succeeded"
        )
    )
    store(lambda: EventFactory(attempt=attempt, user_id=user.id, stage=Stage.EXCHANGE.value, duration_ms=42))
    store(
        lambda: EventFactory(attempt=attempt, user_id=user.id, stage=Stage.USERINFO.value, failure=True, code="48001")
    )
    store(lambda: TokenFactory(user=user, needs_consent=True))
    store(lambda: UserChannelFactory(user=user, channel="autumn"))

    page = await staff("operator").get(f"/admin/users/{user.id}", lang="zh_CN")

    assert page.status_code == 200
    code = support_codes.show(attempt.support_code)
    for shown in (
        *(user.openid, user.unionid, "M-7", 'src="https://thirdwx.qlogo.cn/mmopen/0"', "自 2026-11-20 12:00"),
        *("需用户重新授权", "42002", "autumn", "48001", "42 毫秒", f'/admin/attempts/{code}">{code}'),
        *(f"/admin/users/{twin.id}", twin.openid),
    ):
        assert shown in page.text
    assert "sealed" not in page.text


async def test_what_happened_has_pages_both_ways_newest_first(
    make: Callable[..., User], store: Store, staff: Staff
) -> None:
    user = make()
    made = store(lambda: [EventFactory(user_id=user.id, duration_ms=100 + number) for number in range(101)])
    marketer = staff("marketer")

    pages = [await marketer.get(f"/admin/users/{user.id}")]
    for _ in range(2):
        pages.append(await marketer.get(linked(pages[-1], "next")))
    back = await marketer.get(linked(pages[-1], "prev"))

    shown = [[event.id for event in reversed(made) if f">{event.duration_ms} ms<" in page.text] for page in pages]
    assert [len(ids) for ids in shown] == [50, 50, 1]
    assert list(itertools.chain(*shown)) == [event.id for event in reversed(made)]
    assert 'rel="next"' not in pages[2].text
    assert 'rel="prev"' not in pages[0].text
    assert f">{made[-51].duration_ms} ms<" in back.text
    # A marketer may not see attempts.
    assert "/admin/attempts/" not in pages[0].text


async def test_each_scope_says_since_when_and_by_which_site(
    make: Callable[..., User], store: Store, shop: Site, staff: Staff
) -> None:
    first = NOON - timedelta(days=30)
    user = make(first_seen_at=first, explicit_at=NOON)
    silent = make(silent=True)
    club = store(lambda: SiteFactory(account=store(AccountFactory), title="会员中心"))
    store(lambda: UserChannelFactory(user=user, channel="menu", first_at=first))
    store(lambda: UserChannelFactory(user=user, site_id=club.id, channel="", first_at=NOON))
    ada = staff("admin")

    page = html_tree.read((await ada.get(f"/admin/users/{user.id}")).text).text
    of_silent = html_tree.read((await ada.get(f"/admin/users/{silent.id}")).text).text

    assert f"since 2026-10-21 12:00 by {shop.title}" in " ".join(page.split())
    assert "since 2026-11-20 12:00 by 会员中心" in " ".join(page.split())
    assert "not granted" in of_silent
    assert "WeChat tells the OpenID alone" in of_silent


@pytest.mark.parametrize(("is_kept", "told"), [(True, "2026-11-20 12:00 or earlier"), (False, "granted, before")])
async def test_a_consent_of_unknown_date_is_told_as_far_as_attempts_are_kept(
    make: Callable[..., User], store: Store, shop: Site, staff: Staff, is_kept: bool, told: str
) -> None:
    user = make(explicit_at=None)
    if is_kept:
        scope = "snsapi_base,snsapi_userinfo"
        for later in range(2):
            at = NOON + timedelta(days=later)
            store(
                lambda at=at: AttemptFactory(
                    site=shop, user_id=user.id, scope_granted=scope, ended_at=at, outcome="succeeded"
                )
            )

    page = await staff("support").get(f"/admin/users/{user.id}")

    assert told in page.text


async def test_other_openids_of_the_person_are_masked_alike(make: Callable[..., User], staff: Staff) -> None:
    user = make(unionid="oUnionOfTwo0000000000000000", openid="oFirst00000000000000000000")
    twin = make(unionid=user.unionid, openid="oTwin000000000000000000wxyz", last_login_at=NOON, nickname="老张")

    page = await staff("support").get(f"/admin/users/{user.id}")

    row = next(row for row in html_tree.table(html_tree.read(page.text)).texts if "wxyz" in row[0])
    assert row[0] == "oTwi…wxyz"
    assert (row[1], row[-1]) == ("老…", "2026-11-20 12:00")
    assert twin.openid not in page.text


@pytest.mark.parametrize("path", ["/admin/users/1", f"/admin/users/{10**19 - 1}", "/admin/users/x", "/admin/users/-1"])
@on_sqlite
async def test_a_user_that_is_not_there_is_not_found(staff: Staff, path: str) -> None:
    page = await staff("admin").get(path)

    assert page.status_code == 404


@pytest.mark.parametrize("query", ["older=x", f"older={2**63}", "newer=-1"])
async def test_a_place_among_events_that_cannot_be_is_refused(
    make: Callable[..., User], staff: Staff, query: str
) -> None:
    user = make()

    page = await staff("admin").get(f"/admin/users/{user.id}?{query}")

    assert page.status_code == 400


@pytest.mark.parametrize(
    "headimgurl",
    [
        None,
        "",
        "https://evil.example.com/x.png",
        "javascript:alert(1)",
        "https://wx.qlogo.cn@evil.example.com/0",
        "//[",
    ],
)
async def test_no_picture_of_another_place_is_shown(
    make: Callable[..., User], staff: Staff, headimgurl: str | None
) -> None:
    user = make(headimgurl=headimgurl)

    page = await staff("admin").get(f"/admin/users/{user.id}")

    assert page.status_code == 200
    assert "<img" not in page.text


@on_sqlite
async def test_wechats_picture_is_asked_for_by_https_and_without_saying_by_whom(
    make: Callable[..., User], staff: Staff
) -> None:
    user = make(headimgurl="http://thirdwx.qlogo.cn/mmopen/vi_32/abc/132", nickname="<阿梅>")

    page = await staff("admin").get(f"/admin/users/{user.id}")

    (shown,) = re.findall("<img[^>]*>", page.text)
    assert 'src="https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132"' in shown
    assert 'referrerpolicy="no-referrer"' in shown
    assert 'data-initial="&lt;"' in page.text


@pytest.mark.parametrize(
    ("simulator", "shown"), [("http://127.0.0.1:9001", True), ("", False), ("http://127.0.0.1:900", False)]
)
def test_a_simulators_picture_is_shown_beside_that_simulator_alone(simulator: str, shown: bool) -> None:
    address = "http://127.0.0.1:9001/_sim/pictures/3.svg"

    assert picture(address, simulator) == (address if shown else None)


@pytest.mark.parametrize(
    ("role", "pages", "file"),
    [
        *(("admin", 200, 200), ("operator", 200, 200), ("marketer", 200, 200), ("support", 200, 403)),
        ("developer", 403, 403),
    ],
)
@on_sqlite
async def test_who_may_see_users_and_who_may_take_them_away(
    make: Callable[..., User], staff: Staff, role: str, pages: int, file: int
) -> None:
    user = make()
    person = staff(role, ["shop"] if role == "developer" else [])

    answers = [
        (await person.get(path)).status_code
        for path in ("/admin/users", f"/admin/users/{user.id}", "/admin/exports/new")
    ]

    assert answers == [pages, pages, file]
    overview = await person.get("/admin/users")
    assert ("exports/new" in overview.text) == (file == 200)


@on_sqlite
async def test_every_account_and_site_can_be_chosen(store: Store, staff: Staff, gateway: str) -> None:
    page = await staff("admin").get("/admin/users?site=clinic")

    assert '<option value="clinic" selected>' in page.text
