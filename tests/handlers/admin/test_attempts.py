"""/admin/attempts: the list, its search, and one attempt as each role may see it."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.factories import AttemptFactory, EventFactory, UserFactory
from tests.handlers.admin.conftest import SignIn
from tests.running import SiteKeys, switch
from tests.visiting import Visitor, redeem
from wxadmin import support_codes
from wxadmin.clock import milliseconds_between, utcnow
from wxadmin.database import Database
from wxadmin.models import Attempt, Event, Site, Stage, User
from wxadmin.queries import attempts
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence]


def code_of(attempt: Attempt) -> str:
    return support_codes.show(attempt.support_code)


async def test_a_fresh_gateway_says_how_attempts_come_about(staff: SignIn) -> None:
    page = await staff("support").get("/admin/attempts")

    assert page.status_code == 200
    assert "No login has been started yet." in page.text


async def test_the_list_tells_of_each_attempt_what_came_of_it(staff: SignIn, store: Store, shop: Site) -> None:
    failed = store(lambda: AttemptFactory(site=shop, failed=True))
    waiting = store(lambda: AttemptFactory(site=shop, started_at=utcnow() - timedelta(minutes=3, seconds=2)))

    page = await staff("operator").get("/admin/attempts")

    assert page.text.index(code_of(waiting)) < page.text.index(code_of(failed))
    assert "waiting for 3 min" in page.text
    assert ">40029</a>" in page.text
    assert "Code not valid" in page.text
    assert "2 attempts" in page.text


async def test_filters_stand_in_the_form_and_in_the_links_to_further_pages(
    staff: SignIn, store: Store, shop: Site, clinic: Site
) -> None:
    made = store(lambda: [AttemptFactory(site=shop, failed=True) for _ in range(attempts.SIZE + 1)])
    other = store(lambda: AttemptFactory(site=clinic, failed=True))
    visitor = staff("admin")

    first = await visitor.get("/admin/attempts?site=shop&outcome=failed")
    older = f"/admin/attempts?outcome=failed&amp;site=shop&amp;before={made[1].id}"
    second = await visitor.get(older.replace("&amp;", "&"))

    assert older in first.text
    assert '<option value="shop" selected>' in first.text
    assert code_of(other) not in first.text
    assert code_of(made[0]) not in first.text
    assert code_of(made[0]) in second.text


async def test_a_text_to_look_for_is_passed_on_to_the_search(staff: SignIn) -> None:
    page = await staff("support").get("/admin/attempts?q=%E5%B0%8F%E9%9B%A8+1")

    assert page.headers["Location"] == "/admin/search?q=%E5%B0%8F%E9%9B%A8+1"


async def test_attempts_are_found_by_openid_member_reference_and_address(
    staff: SignIn, store: Store, shop: Site
) -> None:
    user = store(lambda: UserFactory(site=shop))
    own = store(
        lambda: AttemptFactory(
            site=shop, ended=True, outcome="succeeded", user_id=user.id, ref="会员 7", ip="203.0.113.7"
        )
    )
    other = store(lambda: AttemptFactory(site=shop, failed=True, ref="会员 70", ip="203.0.113.70"))
    support = staff("support")

    pages = [
        await support.get(f"/admin/attempts?{query}")
        for query in (f"openid={user.openid}", f"ref={quote_plus('会员 7')}", "ip=203.0.113.7")
    ]

    assert all(code_of(own) in page.text and code_of(other) not in page.text for page in pages)


async def test_a_login_is_found_by_about_when_it_was_and_on_which_phone(
    staff: SignIn, store: Store, shop: Site
) -> None:
    # Just before ten in the evening, in Shanghai.
    then = utcnow().replace(hour=13, minute=58, second=30) - timedelta(days=2)
    near, early, late, other_phone = (
        store(
            lambda at=at, version=version: AttemptFactory(
                site=shop, started_at=at, wechat_version=version, id=attempts.first_id_at(at) + int(version[-1])
            )
        )
        for at, version in (
            (then, "8.0.49"),
            (then - timedelta(minutes=12), "8.0.49"),
            (then + timedelta(minutes=12), "8.0.49"),
            (then, "8.1.0"),
        )
    )
    support = staff("support")
    asked = f"around={then:%Y-%m-%d}T21%3A58&version=8.0"

    page = await support.get(f"/admin/attempts?{asked}")
    before, after = (unescape(found) for found in re.findall(r'href="([^"]*around=[^"]*)">(?:Before|After)', page.text))
    earlier, later = await support.get(before), await support.get(after)
    wider = await support.get(f"/admin/attempts?{asked}&within=30")

    assert code_of(near) in page.text
    assert [code_of(one) in page.text for one in (early, late, other_phone)] == [False] * 3
    assert (code_of(early) in earlier.text, code_of(late) in later.text) == (True, True)
    assert [code_of(one) in wider.text for one in (near, early, late, other_phone)] == [True, True, True, False]


async def test_how_near_to_no_moment_is_no_filter(staff: SignIn, store: Store, shop: Site) -> None:
    made = store(lambda: AttemptFactory(site=shop))

    page = (await staff("support").get("/admin/attempts?within=30&around=")).text

    assert code_of(made) in page
    assert "1 set" not in page


@pytest.mark.parametrize(
    "query",
    [
        *(
            "outcome=lost",
            "site=nowhere",
            "account=nobody",
            "scope=snsapi",
            "browser=netscape",
            "code=%00",
            "code=drop",
        ),
        *("from=yesterday", "from=0001-01-01", "to=9999-12-31", "openid=%27", "before=-1", "after=x"),
        *("ref=%01", f"ref={'r' * 65}", "ip=here", "version=new", "around=noon", "around=2026-11-20T21%3A58Z"),
        "around=2026-11-20T21%3A58&within=11",
        *("before=99999999999999999999", "site=shop&site=clinic", "q=%ff"),
    ],
)
async def test_a_filter_that_cannot_be_read_is_refused(staff: SignIn, query: str) -> None:
    page = await staff("support").get(f"/admin/attempts?{query}")

    assert page.status_code == 400


async def test_days_are_those_of_the_zone(staff: SignIn, store: Store, shop: Site) -> None:
    # Half past eight in the evening, UTC, is the next day in Shanghai.
    evening = utcnow().replace(hour=20, minute=30) - timedelta(days=3)
    attempt = store(
        lambda: AttemptFactory(site=shop, failed=True, started_at=evening, id=attempts.first_id_at(evening))
    )
    before, after = evening.date(), evening.date() + timedelta(days=1)
    visitor = staff("support")

    on_day = await visitor.get(f"/admin/attempts?from={after}&to={after}")
    day_before = await visitor.get(f"/admin/attempts?from={before}&to={before}")

    assert code_of(attempt) in on_day.text
    assert code_of(attempt) not in day_before.text


async def test_a_login_that_went_well_is_shown_step_by_step(
    staff: SignIn, visitor: Visitor, stored: Stored, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in(scope="snsapi_userinfo", channel="door", ref="member-7")
    await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)
    [attempt], [user] = stored(Attempt), stored(User)

    page = await staff("operator").get(f"/admin/attempts/{code_of(attempt)}")

    steps = ["Started", "Back from WeChat", "Code exchanged", "Profile fetched", "Handed to the site", "Redeemed by"]
    places = [page.text.index(f"<b>{step}") for step in steps]
    assert places == sorted(places)
    assert "the site has asked who it is" in page.text
    assert "Never came" not in page.text
    assert {user.openid, "door", "member-7", "127.0.0.1"} <= set(page.text.replace("<", ">").split(">"))


@pytest.mark.parametrize(
    ("state", "said", "filtered"), [("page", "succeeded", "succeeded"), ("page_failed", "Code not valid", "failed")]
)
async def test_a_code_that_a_page_brought_is_no_refused_start(
    staff: SignIn, store: Store, shop: Site, state: str, said: str, filtered: str
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, **{state: True}))
    support = staff("support")

    page = await support.get(f"/admin/attempts/{code_of(attempt)}")
    found = await support.get(f"/admin/attempts?outcome={filtered}")
    refused = await support.get("/admin/attempts?outcome=refused")

    assert said.lower() in page.text.lower()
    assert "Refused before WeChat was asked" not in page.text
    assert code_of(attempt) in found.text
    assert code_of(attempt) not in refused.text


async def test_a_login_that_wechat_refused_says_why_and_what_never_came(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    await visitor.get(await visitor.agree(await visitor.start()))
    [attempt] = stored(Attempt)
    [rid] = [event.rid for event in stored(Event) if event.rid]

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "Failed at the step “Code exchanged”: Code not valid (40029)." in page.text
    assert f"rid <code>{rid}</code>" in page.text
    assert page.text.index("<b>Handed to the site") < page.text.index("Never came")


async def test_a_visitor_who_was_kept_back_for_want_of_a_profile_was_not_handed_to_the_site(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World, database: Database
) -> None:
    switch(database, profile_required=True)
    world.faults.order(Fault("userinfo", "errcode", errcode=40003, times=1))
    await visitor.get(await visitor.agree(await visitor.start(scope="snsapi_userinfo")))
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "this site takes nobody without nickname and picture: the visitor got a page. The profile" in page.text
    assert page.text.count("<b>Handed to the site") == page.text.count("Never came") == 1
    assert page.text.index("<b>Handed to the site") < page.text.index("Never came")


async def test_a_site_that_reads_the_address_is_not_waited_for(
    staff: SignIn, visitor: Visitor, stored: Stored, database: Database
) -> None:
    switch(database, handoff="openid")
    await visitor.log_in()
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "which reads who it is from the address" in page.text
    assert "Never came" not in page.text


async def test_one_that_is_not_back_yet_says_how_long_it_has_been_waiting(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    await visitor.start()
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "The visitor is at WeChat, for " in page.text
    assert "so far" in page.text
    assert page.text.index("<b>Back from WeChat") < page.text.index("Not yet")


async def test_callbacks_stand_side_by_side_with_their_gaps(staff: SignIn, visitor: Visitor, stored: Stored) -> None:
    back = await visitor.agree(await visitor.start())
    robot = Visitor(visitor.gateway, visitor.http)
    for browser in (robot, visitor, visitor):
        await browser.get(back)
    [attempt] = stored(Attempt)
    came = sorted(event.at for event in stored(Event) if event.stage == Stage.RETURN)
    gaps = [milliseconds_between(came[0], at) for at in came]

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}", lang="zh_CN")
    in_english = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    rows = page.text.split("重复回调（无影响）")[1].split("</table>")[0].split("<tr>")[2:]
    assert ["无影响" in row for row in rows] == [True, False, True]
    assert [f"比第一次晚 {gap} 毫秒" in row for gap, row in zip(gaps, rows, strict=True)] == [False, True, True]
    assert [re.findall("登录标记丢失|由此继续授权|同一浏览器再次返回", row) for row in rows] == [
        ["登录标记丢失"],
        ["由此继续授权"],
        ["同一浏览器再次返回"],
    ]
    assert f"{gaps[1]} ms after the first" in in_english.text
    assert "站点未换取身份" in page.text


async def test_the_one_callback_of_every_login_stands_beside_nothing(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    await visitor.log_in()
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "after the first" not in page.text
    assert "Duplicates (harmless)" not in page.text


async def test_a_callback_without_its_cookie_is_shown_even_alone(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    back = await visitor.agree(await visitor.start())
    await Visitor(visitor.gateway, visitor.http).get(back)
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert ">gw_state_cookie_lost</a>" in page.text


async def test_an_exchange_that_was_tried_again_says_so(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=-1, times=1))
    await visitor.log_in()
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert page.text.index("<b>Code exchanged</b>") < page.text.index("<b>Code exchanged, tried again</b>")


async def test_a_second_code_is_no_retry_of_the_first(
    staff: SignIn, visitor: Visitor, stored: Stored, world: World
) -> None:
    begun = await visitor.start()
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    for _ in range(2):
        await visitor.get(await visitor.agree(begun))
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert page.text.count("<b>Code exchanged</b>") == 2
    assert "tried again" not in page.text


async def test_a_site_with_a_wrong_key_is_the_verdict_until_it_has_the_right_one(
    staff: SignIn, visitor: Visitor, stored: Stored, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in()
    await redeem(visitor.http, visitor.gateway, "wxs_WRONG", ticket)
    [attempt] = stored(Attempt)
    support = staff("support")

    refused = await support.get(f"/admin/attempts/{code_of(attempt)}")
    await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)
    redeemed = await support.get(f"/admin/attempts/{code_of(attempt)}")

    assert "the site was refused when it asked who it is: Site key not accepted (gw_site_key)." in refused.text
    assert "sets the current site key" in refused.text.split("</section>")[0]
    assert "the site has asked who it is" in redeemed.text
    assert "Refused redemptions" in redeemed.text
    assert "sets the current site key" not in redeemed.text.split("</section>")[0]


def causes_on(page: str) -> list[str]:
    """What is said of each likely cause, with the errcodes that it links to."""
    (listed,) = re.findall('<ol aria-labelledby="causes">(.*?)</ol>', unescape(page), re.DOTALL)
    causes = listed.split("<li>")[1:]
    return [" ".join([re.split("[,.]", one)[0], *re.findall('/admin/failures/([^"]+)"', one)]) for one in causes]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"scope": "snsapi_userinfo"}, ["Declined"]),
        ({"scope": "snsapi_base"}, ["Closed the page"]),
        ({"browser_family": "wecom"}, ["Opened in WeCom gw_not_wechat", "Closed the page"]),
        ({"browser_family": "other"}, ["Opened outside of WeChat gw_not_wechat", "Closed the page"]),
    ],
)
async def test_an_attempt_that_nobody_came_back_to_has_its_likely_causes_in_order(
    staff: SignIn, store: Store, shop: Site, changes: dict[str, str], first: list[str]
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, abandoned=True, **changes))
    support = staff("support")

    page = await support.get(f"/admin/attempts/{code_of(attempt)}")
    explained = await support.get("/admin/failures/10005")

    assert causes_on(page.text) == [
        *first,
        "Saw an error page of WeChat's own 10003 10005",
        "Lost the network on the way",
    ]
    assert "Scope not allowed" in page.text
    assert explained.status_code == 200


@pytest.mark.parametrize("state", ["waiting", "failed", "denied", "refused"])
async def test_nothing_is_guessed_about_an_attempt_that_ended_otherwise(
    staff: SignIn, store: Store, shop: Site, state: str
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, **{state: True}))

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert 'id="causes"' not in page.text


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("wecom", "opened in WeCom, which gets no login from WeChat (gw_not_wechat)."),
        ("other", "Refused before WeChat was asked: Not WeChat&#x27;s browser (gw_not_wechat)."),
    ],
)
async def test_wecom_is_told_apart_from_ordinary_browsers(
    staff: SignIn, store: Store, shop: Site, family: str, said: str
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, refused=True, ended_by="gw_not_wechat", browser_family=family))

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert said in page.text


async def test_a_refused_redemption_stands_on_the_page(
    staff: SignIn, visitor: Visitor, stored: Stored, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in()
    await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)
    await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "Refused redemptions" in page.text
    assert ">gw_ticket_spent</a>" in page.text


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("abandoned", "did not come back within ten minutes"),
        ("denied", "they declined"),
        ("snapshot", "a virtual person"),
        ("refused", "Refused before WeChat was asked: Return URL not registered (gw_return_url_refused)."),
        ("returned", "the login is being finished"),
    ],
)
async def test_each_end_has_its_verdict(staff: SignIn, store: Store, shop: Site, state: str, verdict: str) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, **{state: True}))
    store(lambda: EventFactory(attempt=attempt, stage=Stage.START.value))

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert verdict in page.text


async def test_a_code_that_is_typed_sloppily_in_the_address_is_put_right(
    staff: SignIn, store: Store, shop: Site
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop))

    page = await staff("support").get(f"/admin/attempts/{attempt.support_code.lower()}")

    assert page.headers["Location"] == f"/admin/attempts/{code_of(attempt)}"


async def test_not_found_says_whether_it_was_mistyped_or_is_unknown(staff: SignIn) -> None:
    visitor, unknown = staff("support"), support_codes.show(support_codes.make())

    mistyped = await visitor.get("/admin/attempts/K7M2-Q9XX")
    missing = await visitor.get(f"/admin/attempts/{unknown}")

    assert (mistyped.status_code, missing.status_code) == (404, 404)
    assert "This number is mistyped" in mistyped.text
    assert "There is no attempt of this number" in missing.text
    assert "attempts are kept for 200 days" in missing.text


async def test_a_developer_sees_the_attempts_of_the_named_sites_and_nothing_personal(
    staff: SignIn, store: Store, shop: Site, clinic: Site
) -> None:
    user = store(lambda: UserFactory(site=shop, nickname="小雨"))
    own = store(lambda: AttemptFactory(site=shop, ended=True, outcome="succeeded", user_id=user.id, ref="member-7"))
    other = store(lambda: AttemptFactory(site=clinic, failed=True))
    developer = staff("developer", ["shop"])

    listed = await developer.get("/admin/attempts")
    shown = await developer.get(f"/admin/attempts/{code_of(own)}")
    refused = await developer.get(f"/admin/attempts/{code_of(other)}")
    by_openid = await developer.get(f"/admin/attempts?openid={user.openid}")
    by_ref = await developer.get("/admin/attempts?ref=member-7")
    by_ip = await developer.get(f"/admin/attempts?ip={own.ip}")

    assert code_of(own) in listed.text
    assert code_of(other) not in listed.text
    assert not [secret for secret in (user.openid, "小雨", "member-7", own.ip) if secret in shown.text]
    assert refused.status_code == 403
    assert "not yours to see" in refused.text
    assert [page.status_code for page in (by_openid, by_ref, by_ip)] == [400, 400, 400]
    assert 'name="ref"' not in listed.text


async def test_marketers_see_no_attempts(staff: SignIn, store: Store, shop: Site) -> None:
    attempt = store(lambda: AttemptFactory(site=shop))
    visitor = staff("marketer")

    answers = [await visitor.get(path) for path in ("/admin/attempts", f"/admin/attempts/{code_of(attempt)}")]

    assert [answer.status_code for answer in answers] == [403, 403]
