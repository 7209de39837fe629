"""The demo in a real browser: shop, WeChat's consent, and back, with everything that can happen on the way."""

import re

import httpx
import pytest
from playwright.sync_api import expect

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

    faults.get_by_role("button", name="添加").click()
    expect(faults.get_by_role("row")).to_have_count(2)
    visitor.look("simulator")
    faults.get_by_role("button", name="全部取消").click()

    expect(faults.get_by_role("row")).to_have_count(0)


def received(visitor: Visitor) -> dict[str, str]:
    """What the shop says that its server received, by name."""
    rows = visitor.page.locator(".received dl > div")
    rows.first.wait_for()
    return {row.locator("dt code").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def last_openid(demo: Demo, endpoint: str) -> str:
    """Whom the simulator's own log names in its last call of the endpoint."""
    calls = httpx.get(f"{demo.simulator}/_sim/calls", params={"endpoint": endpoint}, trust_env=False).json()["calls"]
    return str(calls[-1]["openid"])
