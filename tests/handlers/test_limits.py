"""Whoever fails again and again has to wait; whoever would succeed never waits for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import NoReturn

import httpx
import pytest

from tests.running import METRICS_TOKEN, SiteKeys, keys, serving
from tests.visiting import Visitor, redeem
from wxadmin.database import Database
from wxadmin.handlers import gateway as visitors
from wxadmin.models import Attempt, Event
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]

A_MINUTE = 60
ORIGIN = "https://old.example.com"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is counted is no matter of the database."""
    return sqlite_url


@pytest.fixture
def page_key(database: Database, site_keys: SiteKeys) -> str:
    """The key of a site whose pages may bring codes."""
    form = SiteForm(return_urls=[f"{ORIGIN}/"], origins=[ORIGIN], page_code=True)
    return database.write_now(sites.add, keys(), account="tea", name="old", form=form, actor="test").api_key


async def all_of(asked: Callable[[], Awaitable[httpx.Response]], times: int = A_MINUTE) -> set[int]:
    """The statuses of so many answers."""
    return {(await asked()).status_code for _ in range(times)}


async def come_back(visitor: Visitor, state: str = "NeverGivenOut", **headers: str) -> httpx.Response:
    return await visitor.get(f"/auth/callback?state={state}&code=0123456789abcdef", **headers)


async def bring(visitor: Visitor, code: str, user_agent: str = "MicroMessenger/8.0.50 MMWEBID/1") -> httpx.Response:
    headers = {"Origin": ORIGIN, "User-Agent": user_agent}
    return await visitor.http.post(f"{visitor.gateway}/auth/exchange", json={"code": code}, headers=headers)


async def code_of(visitor: Visitor) -> str:
    """As WeChat gives one to a page."""
    return httpx.URL(await visitor.agree(await visitor.start())).params["code"]


async def test_an_address_with_many_unknown_states_has_to_wait_and_nothing_is_looked_up(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_up(*_: object) -> NoReturn:
        raise AssertionError

    failures = await all_of(lambda: come_back(visitor))
    monkeypatch.setattr(visitors, "come_back", looked_up)

    refused = await come_back(visitor, lang="zh_CN")

    assert failures == {400}
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "操作太频繁" in refused.text
    assert refused.text.count("<h1") == 1


async def test_a_visitor_with_the_cookie_of_the_login_comes_back_through_a_full_limit(visitor: Visitor) -> None:
    callback = await visitor.agree(await visitor.start())
    robot = Visitor(visitor.gateway, visitor.http)
    await all_of(lambda: come_back(robot))

    back, begun = await visitor.get(callback), await robot.start()

    assert (await come_back(robot)).status_code == 429
    assert "ticket=" in back.headers["Location"]
    assert begun.status_code == 302


async def test_repeated_callbacks_without_a_cookie_are_no_unknown_states(visitor: Visitor) -> None:
    callback = await visitor.agree(await visitor.start())
    robot = Visitor(visitor.gateway, visitor.http)

    assert await all_of(lambda: robot.get(callback), A_MINUTE + 1) == {403}


async def test_an_address_with_many_bad_keys_has_to_wait_and_the_site_behind_it_has_not(
    visitor: Visitor, site_keys: SiteKeys, stored: Stored
) -> None:
    ticket = await visitor.log_in()
    failures = await all_of(lambda: redeem(visitor.http, visitor.gateway, "wxs_WRONG", "MADEUP"))

    refused = await redeem(visitor.http, visitor.gateway, "wxs_WRONG", ticket)
    by_key = await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)

    assert failures == {401}
    assert (refused.status_code, refused.json()["reason"]) == (429, "gw_rate_limited")
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.json()["detail"].endswith(f"wait {refused.headers['Retry-After']} seconds")
    assert "gw_site_key" not in {event.code for event in stored(Event)}
    assert by_key.status_code == 200


async def test_bad_keys_are_counted_wherever_a_key_is_asked_for(visitor: Visitor, page_key: str) -> None:
    wrong = {"Authorization": "Bearer wxs_WRONG"}
    failures = await all_of(lambda: visitor.get("/getUserInfo?code=abc", **wrong))

    here = await visitor.get("/getUserInfo?code=abc", **wrong)
    there = await redeem(visitor.http, visitor.gateway, "wxs_WRONG", "MADEUP")

    assert failures == {403}
    assert (here.status_code, there.status_code) == (429, 429)


async def test_a_browser_that_brings_many_bad_codes_has_to_wait_and_others_behind_its_address_have_not(
    visitor: Visitor, page_key: str, stored: Stored, world: World
) -> None:
    good = await code_of(visitor)
    failures = await all_of(lambda: bring(visitor, "MADEUP"), 2) | await all_of(lambda: bring(visitor, good[::-1]), 58)
    attempts, exchanged = len(stored(Attempt)), world.calls.stats()

    refused = await bring(visitor, good)
    untouched = (len(stored(Attempt)), world.calls.stats())
    other = await bring(visitor, good, "MicroMessenger/8.0.50 MMWEBID/2")

    assert failures == {400, 409}
    assert (refused.status_code, refused.json()["reason"]) == (429, "gw_rate_limited")
    assert refused.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert untouched == (attempts, exchanged)
    assert (other.status_code, "ticket" in other.json()) == (200, True)


async def test_a_code_that_is_good_now_and_then_keeps_a_browser_from_waiting(visitor: Visitor, page_key: str) -> None:
    await all_of(lambda: bring(visitor, "MADEUP"), A_MINUTE - 1)
    await bring(visitor, await code_of(visitor))

    assert await all_of(lambda: bring(visitor, "MADEUP"), A_MINUTE) == {409}


async def test_what_wechat_has_against_itself_counts_against_no_browser(
    visitor: Visitor, page_key: str, world: World
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40125))
    codes = iter(range(A_MINUTE + 1))

    assert await all_of(lambda: bring(visitor, f"code{next(codes)}"), A_MINUTE + 1) == {502}


async def test_a_sites_server_that_brings_its_visitors_codes_never_waits(visitor: Visitor, page_key: str) -> None:
    def brought() -> Awaitable[httpx.Response]:
        return visitor.get("/getUserInfo?code=MADEUP", Authorization=f"Bearer {page_key}")

    assert await all_of(brought, A_MINUTE + 5) == {400, 409}


@pytest.fixture
async def behind_a_proxy(settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient) -> AsyncIterator[Visitor]:
    trusting = settings.model_copy(update={"trusted_proxies": [ip_network("127.0.0.0/8")]})
    async with serving(trusting) as gateway:
        yield Visitor(gateway, http)


async def test_one_customer_of_ipv6_is_one_however_many_addresses_it_uses(behind_a_proxy: Visitor) -> None:
    async def from_address(address: str) -> int:
        return (await come_back(behind_a_proxy, **{"X-Forwarded-For": address})).status_code

    used = {await from_address(f"2001:db8:1:2::{number:x}") for number in range(A_MINUTE)}

    assert used == {400}
    assert await from_address("2001:db8:1:2:9::1") == 429
    assert await from_address("2001:db8:1:3::1") == 400
    assert await from_address("203.0.113.7") == 400


async def test_starts_are_never_limited_by_address(gateway: str, http: httpx.AsyncClient) -> None:
    begun = await asyncio.gather(*(Visitor(gateway, http).start() for _ in range(A_MINUTE + 40)))

    assert {response.status_code for response in begun} == {302}


async def test_the_operator_learns_how_many_had_to_wait_for_what(visitor: Visitor) -> None:
    async def counted() -> float:
        text = (await visitor.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")).text
        lines = [line for line in text.splitlines() if line.startswith('wxadmin_rate_limited_total{kind="unknown_st')]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    before = await counted()
    await all_of(lambda: come_back(visitor), A_MINUTE + 2)

    assert await counted() == before + 2


async def test_whoever_has_to_wait_is_told_nothing_of_what_they_sent(visitor: Visitor) -> None:
    await all_of(lambda: come_back(visitor))

    page = await come_back(visitor)

    assert page.status_code == 429
    assert not [sent for sent in ("NeverGivenOut", "0123456789abcdef") if sent in page.text]
