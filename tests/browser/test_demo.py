"""The demo in a real browser: shop, WeChat's consent, and back, with everything that can happen on the way."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urljoin

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo, Visitor

pytestmark = pytest.mark.browser

SIGN_IN = "微信登录"
SIGN_IN_SILENTLY = "静默登录"
ALLOW = "允许"


def test_a_visitor_who_agrees_comes_back_and_the_shops_server_knows_their_name(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)
    visitor.look("shop")

    page.get_by_role("link", name=SIGN_IN).click()
    visitor.look("consent")
    nickname = page.locator(".me strong").inner_text()
    page.get_by_role("link", name=ALLOW).click()

    expect(page).to_have_url(f"{demo.shop}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"欢迎，{nickname}")
    assert received(visitor)["profile.nickname"] == nickname
    assert received(visitor)["openid"] == last_openid(demo, "userinfo")
    visitor.look("welcome")


def test_the_welcome_is_still_there_after_a_reload(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN).click()
    page.get_by_role("link", name=ALLOW).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("欢迎")

    page.reload()

    expect(page.get_by_role("heading", level=1)).to_contain_text("欢迎")
    expect(page).to_have_url(f"{demo.shop}/")


def test_a_page_signs_its_visitor_in_by_the_gateways_script(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)

    page.get_by_role("link", name="由页面脚本登录").click()
    page.get_by_role("link", name=ALLOW).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("欢迎")
    expect(page).to_have_url(f"{demo.shop}/")
    assert received(visitor)["openid"] == last_openid(demo, "userinfo")
    visitor.look("welcome-h5")


def test_the_page_with_the_script_takes_no_ticket_that_it_did_not_begin(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page

    page.goto(f"{demo.shop}/h5?ticket=SomebodyElses")

    expect(page.get_by_role("link", name=ALLOW)).to_be_visible()


@pytest.mark.parametrize("has_been_there", [False, True], ids=["stranger", "has an own nonce"])
def test_a_ticket_that_somebody_else_brought_along_is_refused_by_its_nonce(
    demo: Demo, visitor: Visitor, chromium: Browser, has_been_there: bool
) -> None:
    with stranger(chromium) as attacker:
        address = address_with_ticket(demo, attacker)
        if has_been_there:
            visitor.page.goto(demo.shop)

        visitor.page.goto(address)
        attacker.goto(address)

        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("这次登录不是在这个浏览器里开始的")
        visitor.look("injected")
        # The ticket was good: in the browser that began, it signs in.
        expect(attacker.get_by_role("heading", level=1)).to_contain_text("欢迎")
    visitor.page.goto(demo.shop)
    expect(visitor.page.get_by_role("link", name=SIGN_IN)).to_be_visible()


@contextmanager
def stranger(chromium: Browser) -> Iterator[Page]:
    """Somebody at another browser."""
    context = chromium.new_context(locale="zh-CN")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def address_with_ticket(demo: Demo, page: Page) -> str:
    """Signs in as far as the address that leads back to the shop, which nobody has opened yet."""
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN).click()
    address = urljoin(page.url, page.get_by_role("link", name=ALLOW).get_attribute("href"))
    while not address.startswith(f"{demo.shop}/back?ticket="):
        answer = page.context.request.get(address, max_redirects=0)
        address = urljoin(address, answer.headers["location"])
    return address


def test_a_silent_login_asks_nothing_and_tells_the_openid_alone(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)

    page.get_by_role("link", name=SIGN_IN_SILENTLY).click()

    # With no page in between, browsers carry the fragment of WeChat's link over every redirect.
    expect(page).to_have_url(re.compile(rf"^{demo.shop}/(#wechat_redirect)?$"))
    assert received(visitor)["scope"] == "snsapi_base"
    assert received(visitor)["openid"] == last_openid(demo, "exchange")
    assert received(visitor)["profile.nickname"] == "—"
    visitor.look("silent")


def test_a_silent_visitor_can_add_their_name_later(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN_SILENTLY).click()
    openid = received(visitor)["openid"]

    page.get_by_role("link", name="带上我的昵称和头像").click()
    nickname = page.locator(".me strong").inner_text()
    page.get_by_role("link", name=ALLOW).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"欢迎，{nickname}")
    assert received(visitor)["openid"] == openid


def test_a_visitor_can_be_someone_else(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN).click()

    page.get_by_text("换一个人").click()
    visitor.look("people")
    other = page.locator(".people a:not([aria-current])").nth(3)
    nickname = other.locator("bdi").inner_text()
    other.click()
    expect(page.locator(".me strong")).to_have_text(nickname)
    page.get_by_role("link", name=ALLOW).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"欢迎，{nickname}")


def test_whoever_denies_stays_on_a_small_page_and_is_not_signed_in(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN).click()

    page.get_by_role("link", name="拒绝").click()

    assert page.url.startswith(f"{demo.simulator}/")
    visitor.look("denied")
    page.goto(demo.shop)
    expect(page.get_by_role("link", name=SIGN_IN)).to_be_visible()


def test_a_refusal_by_wechat_ends_on_a_page_with_a_support_code_from_which_the_login_goes_on(
    demo: Demo, visitor: Visitor
) -> None:
    page = visitor.page
    fault = {"endpoint": "exchange", "kind": "errcode", "errcode": 40029}
    httpx.post(f"{demo.simulator}/_sim/faults", json=fault, trust_env=False).raise_for_status()
    page.goto(demo.shop)
    page.get_by_role("link", name=SIGN_IN).click()
    nickname = page.locator(".me strong").inner_text()

    page.get_by_role("link", name=ALLOW).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("这个链接已失效")
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", page.locator("#support-code").inner_text())
    visitor.look("refused")
    page.get_by_role("link", name="继续").click()
    page.get_by_role("link", name=ALLOW).click()
    expect(page).to_have_url(f"{demo.shop}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"欢迎，{nickname}")


def test_a_link_to_somewhere_else_leads_nowhere(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page

    page.goto(f"{demo.gateway}/auth?url=https://evil.example.com/")

    assert page.url.startswith(f"{demo.gateway}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.look("elsewhere")


def test_the_simulators_own_page_orders_a_fault(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{demo.simulator}/_sim/")
    faults = page.get_by_role("region", name="故障")

    faults.get_by_text("其他故障").click()
    faults.get_by_role("button", name="添加").click()
    expect(faults.get_by_role("row")).to_have_count(2)
    faults.get_by_role("button", name="40125").click()
    expect(faults.get_by_role("row")).to_have_count(3)
    visitor.look("simulator")
    faults.get_by_role("button", name="全部取消").click()

    expect(faults.get_by_role("row")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_way_is_open_to_everybody(
    demo: Demo, visitor: Visitor, scheme: Literal["light", "dark"]
) -> None:
    page = visitor.page
    page.emulate_media(color_scheme=scheme)
    page.goto(demo.shop)
    no_barriers(visitor)
    page.get_by_role("link", name=SIGN_IN).click()
    page.get_by_text("换一个人").click()
    no_barriers(visitor)
    question = page.url
    for choice in ("看快照页", "拒绝", ALLOW):
        page.goto(question)
        page.get_by_role("link", name=choice).click()
        page.wait_for_url(lambda url: url != question)
        no_barriers(visitor)
    page.goto(f"{demo.simulator}/_sim/")
    page.get_by_role("button", name="48001").click()
    page.get_by_text("其他故障").click()
    no_barriers(visitor)
    page.get_by_role("button", name="全部取消").click()


def no_barriers(visitor: Visitor) -> None:
    found = Axe().run(visitor.page)
    assert found.violations_count == 0, found.generate_report()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), visitor.page.url


def received(visitor: Visitor) -> dict[str, str]:
    """What the shop says that its server received, by name."""
    rows = visitor.page.locator(".received dl > div")
    rows.first.wait_for()
    return {row.locator("dt code").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def last_openid(demo: Demo, endpoint: str) -> str:
    """Whom the simulator's own log names in its last call of the endpoint."""
    calls = httpx.get(f"{demo.simulator}/_sim/calls", params={"endpoint": endpoint}, trust_env=False).json()["calls"]
    return str(calls[-1]["openid"])
