"""The demo opened to a local network: a phone in WeChat walks the whole way, and nothing leads it to this machine's own
loopback."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Demo, Visitor, playing
from wxadmin.demo.addresses import in_local_network
from wxadmin.errors import BadValue

pytestmark = pytest.mark.browser

_WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN"
)


@pytest.fixture(scope="module")
def host() -> str:
    try:
        return in_local_network(None, 8000).listen
    except BadValue as reason:
        pytest.skip(f"no local network: {reason}")


@pytest.fixture(scope="module")
def demo(host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("lan")
    with playing(folder, "--lan", "--users", "0", host=host, shop_host=host) as demo:
        yield demo


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Visitor]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 780},
        device_scale_factor=3,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        user_agent=_WECHAT,
    )
    context.set_default_timeout(10_000)
    phone = Visitor(context.new_page(), "lan")
    yield phone
    context.close()
    assert phone.complaints == []


@pytest.mark.parametrize("link", ["微信登录", "静默登录"])
def test_a_phone_comes_back_signed_in_without_ever_being_led_to_the_loopback(
    demo: Demo, host: str, phone: Visitor, link: str
) -> None:
    asked: list[str] = []
    page = phone.page
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{demo.shop}/")
    page.get_by_role("link", name=link).tap()
    if link == "微信登录":
        allow = page.get_by_role("link", name="允许")
        allow.wait_for()
        phone.look("lan-consent")
        allow.tap()

    expect(page.get_by_role("heading", level=1)).to_contain_text("欢迎")
    phone.look("lan-welcome")
    assert {urlsplit(url).hostname for url in asked} == {host}
    assert not re.search(r"127\.0\.0\.1|localhost", page.content())


def test_three_programs_on_one_host_do_not_take_each_others_cookies_for_their_own(
    demo: Demo, chromium: Browser
) -> None:
    page = chromium.new_page(locale="zh-CN")
    page.goto(demo.shop)
    page.get_by_role("link", name="静默登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("欢迎")
    page.goto(f"{demo.simulator}/_sim/")
    page.get_by_role("button", name="48001").click()
    page.get_by_role("button", name="全部取消").click()
    page.goto(f"{demo.gateway}/admin/")

    page.get_by_label("名称").fill("admin")
    page.get_by_label("密码").fill((demo.folder / "demo" / "staff_password").read_text())
    page.get_by_role("button", name="登录").click()

    expect(page).to_have_url(f"{demo.gateway}/admin/")
    assert not re.search(r"127\.0\.0\.1|localhost", page.content())
    page.goto(demo.shop)
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="微信登录")).to_be_visible()
    page.goto(f"{demo.gateway}/admin/users")
    expect(page).to_have_url(f"{demo.gateway}/admin/users")
    page.close()


def test_what_is_opened_and_to_whom_is_said_in_words(demo: Demo, host: str) -> None:
    assert f"OPEN TO YOUR NETWORK until you stop it with Ctrl-C: whoever is in the same network as {host}" in demo.said
    assert "127.0.0.1" not in demo.said.partition("wxadmin is running")[2].partition("Stop")[0]


def test_it_listens_in_the_local_network_and_nowhere_else(demo: Demo) -> None:
    for port in (urlsplit(address).port for address in (demo.gateway, demo.simulator, demo.shop)):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
