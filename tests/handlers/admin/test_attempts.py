"""/admin/attempts: the list, its search, and one attempt as each role may see it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import AttemptFactory, EventFactory, UserFactory
from tests.handlers.admin.conftest import SignIn
from tests.running import SiteKeys
from tests.visiting import Visitor, redeem
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Attempt, Event, Site, Stage, User
from wxadmin.queries import attempts
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence]


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    return database.read_now(_site, "shop")


@pytest.fixture
def clinic(database: Database, gateway: str) -> Site:
    return database.read_now(_site, "clinic")


def _site(session: Session, name: str) -> Site:
    return session.scalars(select(Site).where(Site.name == name)).one()


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


@pytest.mark.parametrize("disguise", [str.lower, lambda code: f" {code[:3]} {code[3:]} ", lambda code: code])
async def test_a_support_code_leads_to_its_attempt_however_it_is_typed(
    staff: SignIn, store: Store, shop: Site, disguise: Callable[[str], str]
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    visitor = staff("support")

    found = await visitor.http.get(
        f"{visitor.gateway}/admin/attempts",
        params={"q": disguise(code_of(attempt))},
        headers={"Cookie": f"wxadmin_session={visitor.token}"},
    )

    assert found.status_code == 302
    assert found.headers["Location"] == f"/admin/attempts/{code_of(attempt)}"


async def test_an_errcode_or_an_openid_leads_to_the_list_of_those_with_it(
    staff: SignIn, store: Store, shop: Site
) -> None:
    user = store(lambda: UserFactory(site=shop))
    own = store(lambda: AttemptFactory(site=shop, ended=True, outcome="succeeded", user_id=user.id))
    other = store(lambda: AttemptFactory(site=shop, failed=True))
    visitor = staff("support")

    by_code = await visitor.get("/admin/attempts?q=40029")
    by_openid = await visitor.get(f"/admin/attempts?q={user.openid}")
    listed = await visitor.get(by_openid.headers["Location"])

    assert by_code.headers["Location"] == "/admin/attempts?code=40029"
    assert by_openid.headers["Location"] == f"/admin/attempts?openid={user.openid}"
    assert code_of(own) in listed.text
    assert code_of(other) not in listed.text


@pytest.mark.parametrize(
    ("typed", "said"), [("K7M2-Q9XX", "a sign of it is wrong"), ("小雨", "cannot be looked up here")]
)
async def test_a_search_that_leads_nowhere_says_why(staff: SignIn, typed: str, said: str) -> None:
    page = await staff("support").get(f"/admin/attempts?q={typed}")

    assert page.status_code == 200
    assert said in page.text


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

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    steps = ["Started", "Back from WeChat", "Code exchanged", "Profile fetched", "Handed to the site", "Redeemed by"]
    places = [page.text.index(f"<b>{step}") for step in steps]
    assert places == sorted(places)
    assert "the site has asked who it is" in page.text
    assert "Never came" not in page.text
    assert {user.openid, "door", "member-7", "127.0.0.1"} <= set(page.text.replace("<", ">").split(">"))


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


async def test_one_that_is_not_back_yet_says_how_long_it_has_been_waiting(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    await visitor.start()
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}")

    assert "The visitor is at WeChat, for " in page.text
    assert "so far" in page.text
    assert page.text.index("<b>Back from WeChat") < page.text.index("Not yet")


async def test_a_repeated_callback_stands_beside_the_way_as_harmless(
    staff: SignIn, visitor: Visitor, stored: Stored
) -> None:
    back = await visitor.agree(await visitor.start())
    await visitor.get(back)
    visitor.cookies.clear()
    await visitor.get(back)
    [attempt] = stored(Attempt)

    page = await staff("support").get(f"/admin/attempts/{code_of(attempt)}", lang="zh_CN")

    assert "重复回调（无影响）" in page.text
    assert page.text.count('<li class="harmless">') == 1
    assert "站点未换取身份" in page.text


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

    assert code_of(own) in listed.text
    assert code_of(other) not in listed.text
    assert not [secret for secret in (user.openid, "小雨", "member-7", own.ip) if secret in shown.text]
    assert refused.status_code == 403
    assert "not yours to see" in refused.text
    assert by_openid.status_code == 400


async def test_marketers_see_no_attempts(staff: SignIn, store: Store, shop: Site) -> None:
    attempt = store(lambda: AttemptFactory(site=shop))
    visitor = staff("marketer")

    answers = [await visitor.get(path) for path in ("/admin/attempts", f"/admin/attempts/{code_of(attempt)}")]

    assert [answer.status_code for answer in answers] == [403, 403]
