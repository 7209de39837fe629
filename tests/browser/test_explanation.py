"""The explanation page in a real browser: one phone screen, open to everybody, and both ways on without scripts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.browser.conftest import Visitor
from wxadmin.handlers.static import StaticTree, static_root
from wxadmin.handlers.visitor import SECURITY_HEADERS
from wxadmin.handlers.visitor_explanation import Explanation, render
from wxadmin.i18n import LANGUAGES, Language

pytestmark = pytest.mark.browser

GATEWAY = "https://m.example.com"
PAGE = Explanation(
    lang="zh_CN",
    site_title="山间茶铺",
    contact="400-820-1234（9:00–21:00）",
    privacy_url="https://shop.example.com/privacy",
    agree_url="/auth?url=https%3A%2F%2Fshop.example.com%2Fh5&agreed=AAAA",
    guest_url="https://shop.example.com/h5?guest=declined",
)
TREE = StaticTree(static_root())
PHONE, DESK = (360, 640), (1280, 800)
Show = Callable[..., Visitor]


@pytest.fixture
def show(chromium: Browser) -> Iterator[Show]:
    """`show(page)` is somebody before it, sent as the gateway sends it; nothing may make the browser complain."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def show(page: Explanation, size: tuple[int, int] = PHONE, **options: Any) -> Visitor:
        def answer(route: Route) -> None:
            address = urlsplit(route.request.url)
            if address.path.startswith("/static/"):
                route.fulfill(path=static_root().joinpath(*address.path.split("/")[3:]))
            elif address.path == "/page":
                route.fulfill(headers=SECURITY_HEADERS | {"Content-Type": "text/html"}, body=render(page, TREE.url))
            else:
                route.fulfill(body=f"at {route.request.url}", content_type="text/plain")

        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, base_url=GATEWAY, **options)
        context.route("**/*", answer)
        visitor = Visitor(context.new_page(), f"{size[0]}-{page.lang}-{options.get('color_scheme', 'light')}")
        opened.append((context, visitor))
        visitor.page.goto("/page")
        return visitor

    yield show
    for context, _ in opened:
        context.close()
    assert [complaint for _, visitor in opened for complaint in visitor.complaints] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_fits_one_screen_and_is_open_to_everybody(
    show: Show, lang: Language, scheme: str, size: tuple[int, int]
) -> None:
    visitor = show(replace(PAGE, lang=lang), size, color_scheme=scheme)

    barriers = Axe().run(visitor.page)

    assert barriers.violations_count == 0, barriers.generate_report()
    assert visitor.page.evaluate("document.documentElement.scrollHeight") == size[1]
    visitor.look("explanation")


def test_a_long_name_and_no_privacy_policy_leave_the_page_whole(show: Show) -> None:
    visitor = show(replace(PAGE, lang="en", site_title="云雾山间茶铺旗舰店" * 14, privacy_url=None, contact=None))

    barriers = Axe().run(visitor.page)

    assert barriers.violations_count == 0, barriers.generate_report()
    assert visitor.page.get_by_role("link").count() == 2
    visitor.look("explanation-long")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("同意并继续", GATEWAY + PAGE.agree_url),
        ("先看看", PAGE.guest_url),
        ("隐私政策", PAGE.privacy_url),
    ],
)
def test_every_way_on_is_a_link_that_works_without_scripts(show: Show, name: str, address: str) -> None:
    page = show(PAGE, java_script_enabled=False).page

    page.get_by_role("link", name=name).click()

    expect(page).to_have_url(address)


def test_the_keyboard_comes_to_the_policy_then_to_both_ways_on(show: Show) -> None:
    page = show(PAGE).page
    reached = []

    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText"))

    assert reached == ["隐私政策", "同意并继续", "先看看"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
