"""The demo's shop, spoken to over HTTP, with a small stand-in for the gateway that keeps the contract's shapes."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from wxadmin.demo.shop import make_shop

SITE_KEY = "wxsk_of_the_shop"
LIN = {
    "login_id": "01928a3c-7f1e-7c3a-9d2b-5b1f0a9c4e21",
    "openid": "oLin5Kp0zXc1vB7nM2qW8eR4tY6u",
    "unionid": None,
    "scope": "snsapi_userinfo",
    "profile": {"nickname": "小林<b>🍵", "headimgurl": "https://thirdwx.qlogo.cn/mmopen/x/132"},
    "ref": None,
    "browser_bound": True,
    "authenticated_at": "2026-11-20T08:34:12Z",
    "account": "tea",
}


@dataclass
class GatewayStandIn:
    """Tickets and the people they stand for; every redemption that was asked for is kept."""

    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server, self.url = serve(Application([("/api/v1/tickets/redeem", Redeem)], gateway=self))


class Redeem(RequestHandler):
    def post(self) -> None:
        gateway: GatewayStandIn = self.settings["gateway"]
        gateway.asked.append({"headers": self.request.headers, "body": json.loads(self.request.body)})
        person = gateway.tickets.get(json.loads(self.request.body)["ticket"])
        if person is None:
            self.set_status(409)
            self.set_header("Content-Type", "application/problem+json")
            self.finish(json.dumps({"title": "The ticket was used before", "detail": "Start the login again."}))
        else:
            self.finish(person)


def serve(application: Application) -> tuple[HTTPServer, str]:
    socket, port = bind_unused_port()
    server = HTTPServer(application)
    server.add_socket(socket)
    return server, f"http://127.0.0.1:{port}"


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    stand_in = GatewayStandIn()
    yield stand_in
    stand_in.server.stop()
    await stand_in.server.close_all_connections()


class Browser:
    """A visitor's browser: keeps cookies, follows nothing by itself."""

    def __init__(self, shop_url: str) -> None:
        self.shop_url = shop_url
        self.cookies: dict[str, str] = {}

    async def open(self, path: str, body: str | None = None) -> HTTPResponse:
        response = await AsyncHTTPClient().fetch(
            self.shop_url + path,
            method="GET" if body is None else "POST",
            body=body,
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())},
            follow_redirects=False,
            raise_error=False,
        )
        for line in response.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
        return response

    async def login_links(self) -> list[dict[str, str]]:
        page = (await self.open("/")).body.decode()
        links = [unescape(part.split('"')[0]) for part in page.split('href="') if "/auth?" in part.split('"')[0]]
        return [{name: values[0] for name, values in parse_qs(urlsplit(link).query).items()} for link in links]


@pytest.fixture
async def browser(gateway: GatewayStandIn) -> AsyncIterator[Browser]:
    server, own_url = serve(make_shop(gateway.url, SITE_KEY, "http://shop.example"))
    yield Browser(own_url)
    server.stop()
    await server.close_all_connections()


async def sign_in(browser: Browser, gateway: GatewayStandIn, person: dict[str, Any] = LIN) -> HTTPResponse:
    links = await browser.login_links()
    gateway.tickets["t1"] = person | {"nonce": links[0]["nonce"]}
    return await browser.open("/back?ticket=t1")


@pytest.mark.parametrize("why", ["declined", "snapshot"])
async def test_a_guest_finds_the_shop_open_and_the_gateway_is_asked_nothing(
    browser: Browser, gateway: GatewayStandIn, why: str
) -> None:
    response = await browser.open(f"/back?guest={why}")

    assert (response.code, response.headers["Location"]) == (302, "/")
    assert len(await browser.login_links()) == 2
    assert gateway.asked == []


async def test_a_stranger_is_offered_both_ways_to_sign_in(browser: Browser) -> None:
    links = await browser.login_links()

    nonce = browser.cookies["shop_nonce"]

    assert [link["scope"] for link in links] == ["snsapi_userinfo", "snsapi_base"]
    assert all(link["url"] == "http://shop.example/back" for link in links)
    assert all(link["nonce"] == nonce and link["channel"] == "demo" for link in links)


async def test_the_nonce_is_out_of_reach_of_scripts_and_survives_the_way_back(browser: Browser) -> None:
    response = await browser.open("/")

    cookie = next(line for line in response.headers.get_list("Set-Cookie") if line.startswith("shop_nonce="))

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_two_tabs_of_one_browser_share_their_nonce(browser: Browser) -> None:
    first = await browser.login_links()

    second = await browser.login_links()

    assert first == second


async def test_a_ticket_signs_the_visitor_in_at_a_clean_address(browser: Browser, gateway: GatewayStandIn) -> None:
    back = await sign_in(browser, gateway)

    home = (await browser.open("/")).body.decode()

    assert (back.code, back.headers["Location"]) == (302, "/")
    assert "欢迎，<bdi>小林&lt;b&gt;🍵</bdi>" in home
    assert LIN["openid"] in home
    assert '<img class="face" src="https://thirdwx.qlogo.cn/mmopen/x/132"' in home
    assert "t1" not in home.replace("<title>", "")


async def test_the_server_redeems_with_its_key_and_a_repeatable_request(
    browser: Browser, gateway: GatewayStandIn
) -> None:
    await sign_in(browser, gateway)

    asked = gateway.asked[0]

    assert asked["body"] == {"ticket": "t1"}
    assert asked["headers"]["Authorization"] == f"Bearer {SITE_KEY}"
    assert len(asked["headers"]["Idempotency-Key"]) == 64


async def test_a_silent_member_is_welcomed_without_a_name_and_may_add_it(
    browser: Browser, gateway: GatewayStandIn
) -> None:
    await sign_in(browser, gateway, LIN | {"profile": None, "scope": "snsapi_base"})

    home = (await browser.open("/")).body.decode()

    assert "欢迎，<bdi>茶友</bdi>" in home
    assert "scope=snsapi_userinfo" in home


async def test_a_picture_from_elsewhere_is_not_loaded(browser: Browser, gateway: GatewayStandIn) -> None:
    elsewhere = {"nickname": "小林", "headimgurl": "https://thirdwx.qlogo.cn.evil.example/x"}
    await sign_in(browser, gateway, LIN | {"profile": elsewhere})

    home = (await browser.open("/")).body.decode()

    assert '<span class="face" aria-hidden="true">小</span>' in home


@pytest.mark.parametrize("nonce", ["someone-elses", "", None, "非"])
async def test_a_login_that_began_in_another_browser_is_refused(
    browser: Browser, gateway: GatewayStandIn, nonce: str | None
) -> None:
    await browser.login_links()
    gateway.tickets["t1"] = LIN | {"nonce": nonce}

    back = await browser.open("/back?ticket=t1")

    assert back.code == 403
    assert "这次登录不是在这个浏览器里开始的" in back.body.decode()
    assert "shop_session" not in browser.cookies


async def test_a_browser_without_a_nonce_is_refused(browser: Browser, gateway: GatewayStandIn) -> None:
    gateway.tickets["t1"] = LIN | {"nonce": ""}

    back = await browser.open("/back?ticket=t1")

    assert back.code == 403


async def test_a_spent_ticket_is_explained_in_the_gateways_words(browser: Browser) -> None:
    back = await browser.open("/back?ticket=spent")

    assert back.code == 409
    assert "这次登录没有完成" in back.body.decode()
    assert "Start the login again." in back.body.decode()


async def test_a_gateway_that_is_down_is_explained(browser: Browser, gateway: GatewayStandIn) -> None:
    gateway.server.stop()

    back = await browser.open("/back?ticket=t1")

    assert back.code == 502
    assert "授权网关没有应答" in back.body.decode()


async def test_signing_out_forgets_the_session_on_the_server_too(browser: Browser, gateway: GatewayStandIn) -> None:
    await sign_in(browser, gateway)
    session = browser.cookies["shop_session"]
    page = (await browser.open("/")).body.decode()
    xsrf = page.split('name="_xsrf" value="')[1].split('"')[0]

    signed_out = await browser.open("/sign-out", body=f"_xsrf={xsrf}")

    browser.cookies["shop_session"] = session
    assert signed_out.code == 303
    assert "欢迎" not in (await browser.open("/")).body.decode()


async def test_a_sign_out_from_another_page_is_refused(browser: Browser, gateway: GatewayStandIn) -> None:
    await sign_in(browser, gateway)

    forged = await browser.open("/sign-out", body="_xsrf=made-up")

    assert forged.code == 403
    assert "欢迎" in (await browser.open("/")).body.decode()


@pytest.mark.parametrize("path", ["/", "/back?ticket=spent", "/nowhere"])
async def test_every_page_allows_no_script_and_tells_no_one_its_address(browser: Browser, path: str) -> None:
    page = await browser.open(path)

    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self' ")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.body.decode()


async def test_no_log_line_holds_a_ticket(
    browser: Browser, gateway: GatewayStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await sign_in(browser, gateway)
    await browser.open("/back?ticket=spent")

    assert "GET /back 302" in caplog.text
    assert "ticket=" not in caplog.text
    assert SITE_KEY not in caplog.text
