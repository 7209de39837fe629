"""Visitors in WeChat's own browser who go back, reload, open tabs, clear cookies or tap twice: whatever they do, they
are logged in, or see one page that says what happened and has one way on."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.town import SHOP, Town, standing
from wxadmin.simulator import DEFAULT_APPID
from wxadmin.simulator.people import Person

pytestmark = pytest.mark.browser

PERSON = Person(501)
USER_AGENTS = {
    "android": "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240301 MMWEBID/7231 "
    "MicroMessenger/8.0.48.2580(0x28003036) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 MicroMessenger/8.0.49(0x1800312f) NetType/4G Language/zh_CN",
}
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Mobile/15E148 Safari/604.1"
)
Phone = Callable[..., Page]


@pytest.fixture(scope="module")
def town(require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with standing(tmp_path_factory.mktemp("town"), require("chromium")) as town:
        yield town


@pytest.fixture(params=USER_AGENTS)
def phone(request: pytest.FixtureRequest, town: Town) -> Iterator[Phone]:
    """`phone()` is a new page on a phone of its own; nothing that it shows may make the browser complain."""
    opened: list[Visitor] = []

    def phone(**options: Any) -> Page:
        wechat = {"user_agent": USER_AGENTS[request.param], "viewport": {"width": 375, "height": 667}}
        context = town.chromium.new_context(locale="zh-CN", **(wechat | options))
        context.set_default_timeout(30_000)
        opened.append(Visitor(context.new_page(), request.param))
        keep_person(opened[-1].page)
        return opened[-1].page

    town.clear()
    yield phone
    for visitor in opened:
        visitor.page.context.close()
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []


def keep_person(page: Page) -> None:
    """WeChat knows who holds the phone, whatever cookies there are."""
    person = {"name": "wxsim_person", "value": str(PERSON.number), "domain": "127.0.0.1", "path": "/connect"}
    page.context.add_cookies([person])  # type: ignore[list-item]


def log_in(page: Page) -> list[str]:
    """Takes the one way on that each page offers until the site knows the visitor; what the pages were."""
    seen: list[str] = []
    while not is_known(page):
        assert len(seen) < 6, seen
        seen.append(kind_of(page))
        with page.expect_navigation():
            way_on(page).click()
    expect(page.locator("#openid")).to_have_text(PERSON.openid(DEFAULT_APPID))
    return seen


def is_known(page: Page) -> bool:
    if page.url.startswith(f"{SHOP}/app"):
        # Its script is still at it.
        expect(page.locator("#openid")).not_to_be_empty()
    return page.locator("#openid", has_text="o").count() > 0


def kind_of(page: Page) -> str:
    if page.url.startswith(SHOP):
        return "stranger"
    return "consent" if "/connect/oauth2/" in page.url else "explained"


def way_on(page: Page) -> Locator:
    if kind_of(page) == "consent":
        return page.get_by_role("link", name="允许")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    way = page.locator("main a, p > a[href]")
    expect(way).to_have_count(1)
    return way


def leave_for_wechat(page: Page) -> None:
    page.goto(f"{SHOP}/")
    with page.expect_navigation():
        way_on(page).click()
    assert kind_of(page) == "consent"


def callback_of(page: Page) -> str:
    """Where WeChat would send the visitor who agrees, without their going there."""
    href = way_on(page).get_attribute("href") or ""
    agreed = page.context.request.get(str(httpx.URL(page.url).join(href)), max_redirects=0)
    return agreed.headers["location"]


def test_a_visitor_logs_in(phone: Phone, town: Town) -> None:
    page = phone()
    page.goto(f"{SHOP}/")

    seen = log_in(page)

    assert seen == ["stranger", "consent"]
    assert page.url == f"{SHOP}/"
    assert town.exchanges() == {"0": 1}


def test_whoever_goes_back_after_the_login_and_agrees_again_is_still_logged_in(phone: Phone, town: Town) -> None:
    page = phone()
    page.goto(f"{SHOP}/")
    log_in(page)

    page.go_back()
    assert kind_of(page) == "consent"
    seen = log_in(page)

    assert seen == ["consent"]
    assert town.exchanges() == {"0": 1}


def test_a_refused_callback_that_is_reloaded_says_the_same_and_one_tap_logs_in(phone: Phone, town: Town) -> None:
    town.order(kind="errcode", errcode=40029)
    page = phone()
    leave_for_wechat(page)
    with page.expect_navigation():
        way_on(page).click()
    title = page.get_by_role("heading", level=1).inner_text()

    page.reload()

    assert page.get_by_role("heading", level=1).inner_text() == title
    assert log_in(page) == ["explained", "consent"]
    assert town.exchanges() == {"40029": 1, "0": 1}


def test_a_callback_that_is_opened_again_while_the_first_is_at_work_is_a_login(phone: Phone, town: Town) -> None:
    page = phone()
    leave_for_wechat(page)
    callback = callback_of(page)
    town.order(kind="slow", seconds=1)

    # The page is still there, and leaves once more, while the first answer is waited for.
    page.evaluate("to => { location.href = to; setTimeout(() => { location.href = to; }, 200); }", callback)
    page.wait_for_url(f"{SHOP}/**")

    assert log_in(page) == []
    assert town.exchanges() == {"0": 1}


def test_a_callback_that_is_opened_again_later_is_a_login(phone: Phone, town: Town) -> None:
    page = phone()
    leave_for_wechat(page)
    callback = callback_of(page)
    page.goto(callback)
    page.context.clear_cookies(name="session")

    page.goto(callback)

    assert log_in(page) == []
    assert town.exchanges() == {"0": 1}


def test_two_tabs_do_not_disturb_each_other(phone: Phone, town: Town) -> None:
    first = phone()
    second = first.context.new_page()
    app = f"{SHOP}/app#/orders"
    leave_for_wechat(first)
    second.goto(app)
    second.wait_for_url("**/connect/**")

    seen = [log_in(first), log_in(second)]

    assert seen == [["consent"], ["consent"]]
    assert (first.url, second.url) == (f"{SHOP}/", app)


@pytest.mark.parametrize("whose", ["127.0.0.1", None], ids=["the gateway's", "all"])
def test_whoever_clears_their_cookies_midway_is_told_so_and_logs_in(phone: Phone, whose: str | None) -> None:
    page = phone()
    leave_for_wechat(page)
    page.context.clear_cookies(domain=whose)
    keep_person(page)
    with page.expect_navigation():
        way_on(page).click()

    seen = log_in(page)

    # The nonce is told to the browser that began alone; without it the site asks once more.
    assert seen == ["explained", "consent", "stranger", "consent"]


def test_a_double_tap_on_every_link_is_one_login(phone: Phone, town: Town) -> None:
    page = phone()
    page.goto(f"{SHOP}/")

    way_on(page).dblclick()
    page.wait_for_url("**/connect/**")
    way_on(page).dblclick()
    page.wait_for_url(f"{SHOP}/")

    assert log_in(page) == []
    assert town.exchanges() == {"0": 1}


def test_a_visitor_without_javascript_logs_in_after_a_failure_too(phone: Phone, town: Town) -> None:
    town.order(kind="errcode", errcode=40163)
    page = phone(java_script_enabled=False)
    page.goto(f"{SHOP}/")

    seen = log_in(page)

    assert seen == ["stranger", "consent", "explained", "consent"]


@pytest.mark.parametrize("address", ["/app#/orders/7?tab=2", "/app?table=7&q=%E8%8C%B6+x&&c#/orders/7"])
def test_a_page_of_routes_comes_back_to_its_route(phone: Phone, address: str) -> None:
    page = phone()
    page.goto(SHOP + address)
    page.wait_for_url("**/connect/**")

    seen = log_in(page)

    assert seen == ["consent"]
    assert page.evaluate("location.href") == SHOP + address
    expect(page.get_by_role("heading", level=1)).to_have_text(f"路由 #{address.partition('#')[2]}")


def test_an_old_page_of_another_origin_that_posts_its_code_gets_the_openid(phone: Phone, town: Town) -> None:
    page = phone()

    page.goto(f"{SHOP}/posting")

    expect(page.locator("#openid")).to_have_text(PERSON.openid(DEFAULT_APPID))
    assert town.exchanges() == {"0": 1}


def test_a_link_that_was_sent_to_somebody_else_logs_them_in_as_themselves(phone: Phone, town: Town) -> None:
    page, other = phone(), phone()
    leave_for_wechat(page)
    callback = callback_of(page)

    other.goto(callback)
    seen = log_in(other)
    page.goto(callback)

    assert seen == ["explained", "consent", "stranger", "consent"]
    assert log_in(page) == []
    assert town.exchanges() == {"0": 3}


def test_outside_of_wechat_a_page_says_how_to_get_in(phone: Phone) -> None:
    page = phone(user_agent=SAFARI)
    page.goto(f"{SHOP}/")
    link = way_on(page).get_attribute("href")

    way_on(page).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("请在微信中打开")
    expect(page.locator("#link")).to_have_text(link or "")
    expect(page.locator("main a")).to_have_count(0)
