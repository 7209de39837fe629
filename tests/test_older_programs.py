"""Pages and servers written for other programs, the ways in which they ask, and what they are promised: all of it but
WeChat's tokens, which nobody is given."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys, keys, serving, until
from tests.surfing import Surfer
from tests.visiting import redeem
from wxadmin.database import Database
from wxadmin.i18n import LANGUAGES
from wxadmin.models import User
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World, endpoints, secret_for
from wxadmin.simulator.people import Person

pytestmark = on_sqlite

Stored = Callable[[type], Sequence]

ORIGIN = "https://old.example.com"
PAGE = f"{ORIGIN}/order"
PERSON = Person(501)
OPENID = PERSON.openid(DEFAULT_APPID)


@pytest.fixture
def world() -> World:
    account = SimulatedAccount(DEFAULT_APPID, domains=("m.example.com", "old.example.com"))
    return World([account], seed=1, answer="allow")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What WeChat gives to the gateway alone: each token as it was answered, and the AppSecret."""
    given = [secret_for(DEFAULT_APPID)]
    really = endpoints.wechat_json

    def wechat_json(fields: dict[str, object]) -> object:
        given.extend(str(fields[name]) for name in ("access_token", "refresh_token") if name in fields)
        return really(fields)

    monkeypatch.setattr(endpoints, "wechat_json", wechat_json)
    return given


@pytest.fixture
async def browser() -> AsyncIterator[Surfer]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Surfer(http, PERSON.number)


@pytest.fixture
def page_site(database: Database, site_keys: SiteKeys) -> str:
    """The key of a site whose pages get codes themselves."""
    form = SiteForm(return_urls=[f"{ORIGIN}/"], origins=[ORIGIN], page_code=True)
    return database.write_now(sites.add, keys(), account="tea", name="old", form=form, actor="test").api_key


def authorize_link(wechat_url: str, scope: str) -> str:
    """As a page's own script makes it: every documented parameter, a state that never changes, and the fragment."""
    asked = {"appid": DEFAULT_APPID, "redirect_uri": PAGE, "response_type": "code", "scope": scope, "state": "123"}
    return f"{wechat_url}/connect/oauth2/authorize?{urlencode(asked)}#wechat_redirect"


def found_in(address: str, name: str) -> str | None:
    """The value of a parameter in the address of a page, as the page itself reads it."""
    return next(iter(parse_qs(urlsplit(address).query).get(name, [])), None)


async def post_code(browser: Surfer, gateway: str, address: str, code: str | None) -> httpx.Response:
    """A page at the origin lets its server know the code; from another origin than the server's, browsers ask first."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    before = await browser.ask("OPTIONS", f"{gateway}{address}", headers=asked)
    assert before.headers["Access-Control-Allow-Origin"] == ORIGIN
    return await browser.ask("POST", f"{gateway}{address}", json={"code": code}, headers={"Origin": ORIGIN})


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
async def test_a_page_that_asked_wechat_itself_learns_openid_and_scope_for_its_code(
    gateway: str, wechat_url: str, browser: Surfer, page_site: str, *, secrets: list[str], scope: str
) -> None:
    page = await browser.go(authorize_link(wechat_url, scope))

    answer = await post_code(browser, gateway, "/auth/exchange", found_in(page, "code"))

    assert (page.partition("?")[0], found_in(page, "state")) == (PAGE, "123")
    assert (answer.json()["openid"], answer.json()["scope"]) == (OPENID, scope)
    assert len(secrets) >= 3
    assert browser.seen(secrets) == []


async def test_a_code_that_wechat_does_not_know_is_told_in_wechats_words(
    gateway: str, browser: Surfer, page_site: str
) -> None:
    answer = await post_code(browser, gateway, "/auth/exchange", "081UcAFa1s1OAz0o7wGa1wb8vG1UcAFX")

    assert {"errcode": 40029, "errmsg": "invalid code"}.items() <= answer.json().items()


@dataclass
class PostingPage:
    """A page that has its code posted to a server as soon as it is open, and leaves for one where it has none."""

    browser: Surfer
    gateway: str
    link: str
    openid: str | None = None

    async def open(self, address: str) -> str:
        """The address that it is at when all is done."""
        code = found_in(address, "code")
        if code is None:
            return await self.open(await self.browser.go(self.link))
        told = (await post_code(self.browser, self.gateway, "/getCode", code)).json()
        self.openid = told.get("openid")
        return await self.open(PAGE) if told.get("restart") else address


async def test_a_page_that_posts_its_code_gets_the_openid(
    gateway: str, wechat_url: str, browser: Surfer, page_site: str, *, secrets: list[str]
) -> None:
    page = PostingPage(browser, gateway, authorize_link(wechat_url, "snsapi_base"))

    await page.open(PAGE)

    assert page.openid == OPENID
    assert len(secrets) >= 3
    assert browser.seen(secrets) == []


async def test_a_page_that_is_reloaded_with_a_spent_code_is_told_to_begin_again(
    gateway: str, wechat_url: str, browser: Surfer, page_site: str, *, world: World, secrets: list[str]
) -> None:
    page = PostingPage(browser, gateway, authorize_link(wechat_url, "snsapi_base"))
    first = await page.open(PAGE)
    page.openid = None

    second = await page.open(first)

    assert page.openid == OPENID
    assert found_in(second, "code") not in {None, found_in(first, "code")}
    assert world.calls.stats()["calls"]["exchange"] == {"0": 2}
    assert browser.seen(secrets) == []


@pytest.mark.parametrize(("scope", "lang"), [("snsapi_base", ""), *(("snsapi_userinfo", lang) for lang in LANGUAGES)])
async def test_a_server_gets_openid_and_profile_without_a_page_that_asks_wechat(
    gateway: str, site_keys: SiteKeys, browser: Surfer, stored: Stored, *, secrets: list[str], scope: str, lang: str
) -> None:
    asked = {"url": RETURN_URL, "scope": scope} | ({"lang": lang} if lang else {})
    page = await browser.go(f"{gateway}/auth?{urlencode(asked)}")

    person = await redeemed(browser, gateway, site_keys.shop, page)
    [user] = stored(User)

    assert page.partition("?")[0] == RETURN_URL
    assert (person["openid"], person["scope"]) == (OPENID, scope)
    assert (person["profile"] or {}).get("nickname") == (PERSON.nickname if lang else None)
    assert user.language == (lang or None)
    assert len(secrets) >= 3
    assert browser.seen(secrets) == []


async def redeemed(browser: Surfer, gateway: str, key: str, page: str) -> dict[str, Any]:
    """What the site's server is told for the ticket that its page was opened with."""
    answer = await redeem(browser.http, gateway, key, found_in(page, "ticket") or "")
    browser.answers.append(answer)
    return answer.json()  # type: ignore[no-any-return]


async def test_tokens_are_refreshed_by_themselves_before_their_two_hours_are_over(
    settings: Settings, site_keys: SiteKeys, browser: Surfer, world: World, *, secrets: list[str]
) -> None:
    world.settings = world.settings.changed({"token_lifetime": 2})
    async with serving(settings.model_copy(update={"refresh_interval": 0.2})) as gateway:
        page = await browser.go(f"{gateway}/auth?url={quote(RETURN_URL, safe='')}&scope=snsapi_userinfo")
        await asyncio.to_thread(until, lambda: world.calls.stats()["calls"].get("refresh", {}).get("0", 0) > 1)
        person = await redeemed(browser, gateway, site_keys.shop, page)

    assert person["openid"] == OPENID
    assert len(secrets) > 3
    assert browser.seen(secrets) == []


async def test_a_login_that_begins_at_get_code_ends_at_the_site_with_a_ticket(
    gateway: str, site_keys: SiteKeys, browser: Surfer, world: World, *, secrets: list[str]
) -> None:
    page = await browser.go(f"{gateway}/getCode?url={quote(RETURN_URL, safe='')}")

    person = await redeemed(browser, gateway, site_keys.shop, page)

    assert (person["openid"], person["scope"], person["profile"]) == (OPENID, "snsapi_base", None)
    assert {call.scope for call in world.calls.since(0, "authorize")} == {"snsapi_base"}
    assert browser.seen(secrets) == []


@pytest.mark.parametrize("path", ["/getopenid", "/getOpenId", "/getWxUserInfo"])
async def test_a_visitor_may_come_back_by_the_names_that_other_programs_gave_to_the_callback(
    gateway: str, site_keys: SiteKeys, browser: Surfer, *, secrets: list[str], path: str
) -> None:
    begun = await browser.ask("GET", f"{gateway}/auth?url={quote(RETURN_URL, safe='')}")
    agreed = await browser.ask("GET", begun.headers["Location"], headers={"X-Sim-Person": str(PERSON.number)})

    page = await browser.go(agreed.headers["Location"].replace("/auth/callback", path))

    assert (await redeemed(browser, gateway, site_keys.shop, page))["openid"] == OPENID
    assert browser.seen(secrets) == []


async def test_a_page_that_sends_its_visitors_to_get_code_for_ever_is_stopped(
    gateway: str, site_keys: SiteKeys, browser: Surfer
) -> None:
    places = [await browser.go(f"{gateway}/getCode?url={quote(RETURN_URL, safe='')}") for _ in range(4)]

    assert [place.startswith(f"{RETURN_URL}?ticket=") for place in places] == [True, True, True, False]
    assert browser.answers[-1].status_code == 429
    assert "<h1" in browser.answers[-1].text


@pytest.mark.parametrize(("scope", "nickname"), [("snsapi_userinfo", PERSON.nickname), ("snsapi_base", None)])
async def test_a_server_that_asks_for_user_info_gets_what_the_scope_allows(
    gateway: str, wechat_url: str, browser: Surfer, page_site: str, *, secrets: list[str], scope: str, nickname: str
) -> None:
    page = await browser.go(authorize_link(wechat_url, scope))
    key = {"Authorization": f"Bearer {page_site}"}

    told = (await browser.ask("GET", f"{gateway}/getUserInfo?code={found_in(page, 'code')}", headers=key)).json()

    assert (told["openid"], told["nickname"]) == (OPENID, nickname)
    assert (told["headimgurl"] is None, told["unionid"] is None) == (nickname is None, nickname is None)
    assert len(secrets) >= 3
    assert browser.seen(secrets) == []


async def test_a_token_would_be_seen(gateway: str, wechat_url: str, browser: Surfer, secrets: list[str]) -> None:
    page = await browser.go(authorize_link(wechat_url, "snsapi_base"))
    asked = {"appid": DEFAULT_APPID, "secret": secrets[0], "code": found_in(page, "code") or ""}

    await browser.ask("GET", f"{wechat_url}/sns/oauth2/access_token?{urlencode(asked)}&grant_type=authorization_code")

    assert len(secrets) == 3
    assert browser.seen(secrets) == secrets
