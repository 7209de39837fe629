"""Pages that got a code themselves: from their own origins only, each code once, and never a token."""

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import running
from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys
from tests.visiting import Visitor, redeem
from wxadmin.database import Database
from wxadmin.models import Attempt, Event, Token, User
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm
from wxadmin.simulator import DEFAULT_APPID, World
from wxadmin.simulator.faults import Fault
from wxadmin.simulator.people import Person

Stored = Callable[[type], Sequence]

ORIGIN = "https://old.example.com"
OPENID = Person(1).openid(DEFAULT_APPID)


@pytest.fixture
def page_key(database: Database, site_keys: SiteKeys) -> str:
    """The key of a site whose pages may bring codes."""
    form = SiteForm(return_urls=[f"{ORIGIN}/"], origins=[ORIGIN], page_code=True)
    made = database.write_now(sites.add, running.keys(), account="tea", name="old", form=form, actor="test")
    return made.api_key


@pytest.fixture
async def code(page_key: str, visitor: Visitor, stored: Stored) -> str:
    """As WeChat gives one to a page."""
    return await code_of(visitor, scope="snsapi_userinfo")


async def code_of(visitor: Visitor, scope: str = "snsapi_base") -> str:
    begun = await visitor.start(scope=scope)
    return parse_qs(urlsplit(await visitor.agree(begun)).query)["code"][0]


async def bring(visitor: Visitor, code: str, path: str = "/auth/exchange", **headers: str) -> httpx.Response:
    return await visitor.http.post(visitor.gateway + path, json={"code": code}, headers={"Origin": ORIGIN} | headers)


def page_attempts(stored: Stored) -> list[Attempt]:
    return [attempt for attempt in sorted(stored(Attempt), key=lambda row: row.id) if attempt.state_hash is None]


@pytest.mark.parametrize("path", ["/auth/exchange", "/getCode"])
async def test_a_page_learns_whose_code_it_is_and_gets_a_ticket(
    visitor: Visitor, code: str, stored: Stored, page_key: str, path: str
) -> None:
    answer = await bring(visitor, code, path)
    [attempt], [user] = page_attempts(stored), stored(User)
    redeemed = (await redeem(visitor.http, visitor.gateway, page_key, answer.json()["ticket"])).json()

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.json() == {"openid": OPENID, "scope": "snsapi_userinfo", "ticket": answer.json()["ticket"]}
    assert (attempt.outcome, attempt.user_id, user.openid) == ("succeeded", user.id, OPENID)
    assert (redeemed["openid"], redeemed["browser_bound"], redeemed["nonce"]) == (OPENID, False, None)
    assert len(stored(Token)) == 1


@on_sqlite
async def test_a_form_will_do_as_well(visitor: Visitor, code: str) -> None:
    answer = await visitor.http.post(
        f"{visitor.gateway}/getCode", data={"code": code, "account": "tea"}, headers={"Origin": ORIGIN}
    )

    assert (answer.status_code, answer.json()["openid"]) == (200, OPENID)


@on_sqlite
async def test_the_profile_is_told_where_it_was_asked_for(visitor: Visitor, code: str, page_key: str) -> None:
    by_origin = await visitor.get(f"/getUserInfo?code={code}", Origin=ORIGIN)
    silent = await visitor.get(f"/getUserInfo?code={await code_of(visitor)}", Authorization=f"Bearer {page_key}")

    assert by_origin.json() | {"ticket": ""} == {
        "openid": OPENID,
        "scope": "snsapi_userinfo",
        "ticket": "",
        "unionid": Person(1).unionid,
        "nickname": "小明",
        "headimgurl": by_origin.json()["headimgurl"],
    }
    assert (silent.status_code, silent.json()["nickname"], silent.json()["scope"]) == (200, None, "snsapi_base")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Origin": RETURN_URL}, {"Origin": ""}]
)
@on_sqlite
async def test_another_origin_is_refused_and_the_code_is_not_spent(
    visitor: Visitor, code: str, world: World, headers: dict[str, str]
) -> None:
    refused = [await bring(visitor, code, path, **headers) for path in ("/auth/exchange", "/getCode")]
    refused.append(await visitor.get(f"/getUserInfo?code={code}", **headers))

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert all("Access-Control-Allow-Origin" not in answer.headers for answer in refused)
    assert all("--page-code" in answer.json()["detail"] for answer in refused)
    assert world.calls.exchanged == 0


@on_sqlite
async def test_a_site_that_was_not_made_so_takes_no_codes(
    visitor: Visitor, code: str, site_keys: SiteKeys, world: World
) -> None:
    by_origin = await bring(visitor, code, Origin="https://shop.example.com")
    by_key = await visitor.get(f"/getUserInfo?code={code}", Authorization=f"Bearer {site_keys.shop}")

    assert [by_origin.status_code, by_key.status_code] == [403, 403]
    assert world.calls.exchanged == 0


async def test_a_code_that_was_brought_before_is_told_so_and_is_no_failure(
    visitor: Visitor, code: str, stored: Stored, world: World
) -> None:
    answers = await asyncio.gather(*(bring(visitor, code) for _ in range(5)))
    later = await bring(visitor, code)

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert later.status_code == 409
    assert (later.json()["errcode"], later.json()["restart"]) == (40163, True)
    assert later.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert sorted(attempt.outcome for attempt in page_attempts(stored)) == ["duplicate"] * 5 + ["succeeded"]
    assert world.calls.stats()["calls"]["exchange"] == {"0": 1}
    assert [event for event in stored(Event) if event.event_class == "failure"] == []


@pytest.mark.parametrize(
    ("errcode", "status", "restart"), [(40029, 400, True), (40163, 409, True), (40125, 502, False), (45011, 502, False)]
)
@on_sqlite
async def test_wechats_refusals_are_told_in_its_own_words(
    visitor: Visitor, code: str, stored: Stored, world: World, errcode: int, status: int, *, restart: bool
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=errcode))

    answer = await bring(visitor, code)
    problem = answer.json()

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (problem["errcode"], problem["restart"]) == (errcode, restart)
    assert problem["errmsg"]
    assert code not in answer.text
    assert [(attempt.outcome, attempt.ended_by) for attempt in page_attempts(stored)] == [("failed", str(errcode))]


@on_sqlite
async def test_a_lost_answer_of_wechat_has_the_gateways_own_reason(visitor: Visitor, code: str, world: World) -> None:
    world.faults.order(Fault("exchange", "drop"))

    answer = await bring(visitor, code)

    assert answer.status_code == 502
    assert answer.json()["reason"] == "gw_connect"
    assert "errcode" not in answer.json()


@on_sqlite
async def test_nobody_is_known_by_the_snapshot_page(visitor: Visitor, page_key: str, stored: Stored) -> None:
    begun = await visitor.start(scope="snsapi_userinfo")
    code = parse_qs(urlsplit(await visitor.agree(begun, answer="snapshot")).query)["code"][0]

    answer = await bring(visitor, code)

    assert (answer.status_code, answer.json()["reason"]) == (409, "snapshot")
    assert [attempt.outcome for attempt in page_attempts(stored)] == ["snapshot"]
    assert stored(User) == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"code": ""}', "application/json"),
        (b'{"code": "a b"}', "application/json"),
        (b'{"code": "a", "secret": "b"}', "application/json"),
        (b'{"code": 7}', "application/json"),
        (b"code=%ff", "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"other=1", "application/x-www-form-urlencoded"),
        (b"code=" + b"c" * 257, "application/x-www-form-urlencoded"),
    ],
)
@on_sqlite
async def test_what_is_no_code_is_told_what_to_change(
    visitor: Visitor, page_key: str, stored: Stored, body: bytes, content_type: str
) -> None:
    answer = await visitor.http.post(
        f"{visitor.gateway}/auth/exchange", content=body, headers={"Origin": ORIGIN, "Content-Type": content_type}
    )

    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert stored(Attempt) == []


@on_sqlite
async def test_a_browser_is_told_before_a_request_what_the_page_may_do(visitor: Visitor, page_key: str) -> None:
    own, other = [
        await visitor.http.options(f"{visitor.gateway}/auth/exchange", headers={"Origin": origin})
        for origin in (ORIGIN, "https://evil.example.com")
    ]

    assert (own.status_code, own.headers["Access-Control-Allow-Origin"]) == (204, ORIGIN)
    assert own.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize("path", ["/getopenid", "/getOpenId", "/getWxUserInfo"])
@on_sqlite
async def test_the_callback_has_the_names_of_earlier_programs(visitor: Visitor, stored: Stored, path: str) -> None:
    callback = urlsplit(await visitor.agree(await visitor.start()))

    response = await visitor.get(f"{path}?{callback.query}")

    assert response.status_code == 302
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


@on_sqlite
async def test_get_code_begins_a_silent_login(visitor: Visitor) -> None:
    begun = await visitor.get(f"/getCode?url={RETURN_URL}&channel=door")
    at_auth = await visitor.get(begun.headers["Location"])

    assert begun.status_code == 302
    assert "scope=snsapi_base" in at_auth.headers["Location"]


@on_sqlite
async def test_get_code_needs_no_address_where_there_is_one_site(visitor: Visitor, database: Database) -> None:
    database.write_now(sites.disable, "clinic", actor="test")

    begun = await visitor.get("/getCode")

    assert parse_qs(urlsplit(begun.headers["Location"]).query)["url"] == [RETURN_URL]


@on_sqlite
async def test_get_code_says_what_is_missing_where_there_are_two(visitor: Visitor) -> None:
    begun = await visitor.get("/getCode")

    assert begun.status_code == 400
    assert "url" in begun.json()["detail"]
