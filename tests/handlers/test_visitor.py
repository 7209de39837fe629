"""The visitor's page: what it says for each reason, and what it looks like on a phone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.chromium import launched
from wxadmin.handlers.static import StaticTree, static_root
from wxadmin.handlers.visitor import CONTENT_SECURITY_POLICY, VisitorPage, headers, render
from wxadmin.handlers.visitor_kinds import KINDS, NOT_FINISHED, SET_UP, kind_of
from wxadmin.i18n import LANGUAGES, Language
from wxadmin.wechat import errcodes

PAGE = VisitorPage(
    reason="40163",
    status=400,
    lang="zh_CN",
    at=datetime(2026, 11, 20, 8, 34, 12, tzinfo=UTC),
    zone=ZoneInfo("Asia/Shanghai"),
    site_title="山间茶铺",
    contact="400-820-1234（9:00–21:00）",
    support_code="K7M2-Q9XD",
    request_id="01928a3c-7f1e-7c3a-9d2b-5b1f0a9c4e21",
    restart_url="https://m.example.com/auth?url=https%3A%2F%2Fshop.example.com%2Fh5&scope=snsapi_userinfo",
)
TREE = StaticTree(static_root())
ONE_OF_EACH_KIND = list({kind: reason for reason, kind in KINDS.items()}.values())
OUTCOMES = {"denied", "snapshot", "abandoned", "no_profile"}
REFUSED_REQUESTS = {"not_found", "method_not_allowed", "bad_request", "too_large", "server_error"}
JARGON = re.compile(
    r"\b(state|cookie|code|token|oauth|errcode|errmsg|openid|ticket|scope|callback|api)s?\b", re.IGNORECASE
)


class Text(HTMLParser):
    """The words of a page, and the addresses of its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")


def text(page: VisitorPage) -> str:
    return " ".join(" ".join(Text(render(page, TREE.url)).words).split())


def test_a_used_link_is_explained_with_a_way_on() -> None:
    html = render(PAGE, TREE.url)

    words = text(PAGE)

    assert "这个链接已失效" in words
    assert "This link no longer works. Tap Continue to start again." in words
    assert Text(html).links == [PAGE.restart_url]


def test_customer_service_can_be_told_what_happened_and_when() -> None:
    words = text(PAGE)

    assert "问题编号 K7M2-Q9XD 复制 请截图或复制给客服" in words
    assert "客服：400-820-1234（9:00–21:00）" in words
    assert "2026-11-20 16:34:12 UTC+8" in words
    assert PAGE.request_id not in words


def test_without_a_support_code_the_request_number_stands_in() -> None:
    words = text(replace(PAGE, support_code=None))

    assert f"请求编号：{PAGE.request_id}" in words
    assert "问题编号" not in words


def test_a_page_of_no_site_names_itself_by_what_it_does() -> None:
    words = text(replace(PAGE, site_title=None, contact=None))

    assert "微信授权" in words
    assert "客服：" not in words


@pytest.mark.parametrize(
    ("lang", "first", "beneath"),
    [
        ("zh_CN", "请在微信中打开", 'lang="en"'),
        ("zh_TW", "請在微信中開啟", 'lang="en"'),
        ("en", "Please open this page in WeChat", 'lang="zh-CN"'),
    ],
)
def test_the_other_language_stands_beneath(lang: Language, first: str, beneath: str) -> None:
    html = render(replace(PAGE, reason="gw_not_wechat", lang=lang), TREE.url)

    heading = html.split("<h1", 1)[1].split("</h1>")[0]

    assert html.startswith(f'<!doctype html>\n<html lang="{lang.replace("_", "-")}">')
    assert first in heading
    assert f'<p class="other" {beneath}>' in html


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", ["40029", "gw_state_cookie_lost", "gw_overloaded", "99999", "server_error"])
def test_a_page_without_a_link_does_not_speak_of_continuing(reason: str, lang: Language) -> None:
    page = replace(PAGE, reason=reason, lang=lang, restart_url=None)

    body = render(page, TREE.url).split("</h1>")[1]

    assert Text(body).links == []
    assert not re.search("Continue|点击继续|點擊繼續", body)


@pytest.mark.parametrize("reason", ["gw_return_url_refused", "10003", "40125", "snapshot", "40226", "gw_loop"])
def test_where_trying_again_cannot_help_nothing_invites_to_it(reason: str) -> None:
    html = render(replace(PAGE, reason=reason), TREE.url)

    assert Text(html).links == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_button_of_wechat_is_named_to_the_letter(lang: Language) -> None:
    words = text(replace(PAGE, reason="snapshot", lang=lang))

    assert "“使用完整服务”" in words or "「使用完整服务」" in words


def test_a_busy_gateway_says_how_long_to_wait() -> None:
    page = replace(PAGE, reason="gw_overloaded", status=503, retry_after=30)

    words = text(page)

    assert "当前访问人数较多，请稍后重试" in words
    assert "请等待 30 秒，再点击继续。" in words
    assert headers(page)["Retry-After"] == "30"


def test_one_second_is_one_second_in_english() -> None:
    page = replace(PAGE, reason="gw_overloaded", lang="en", retry_after=1)

    assert "Please wait 1 second, then tap Continue." in text(page)


def test_another_browser_can_carry_the_link_into_wechat() -> None:
    page = replace(PAGE, reason="gw_not_wechat")

    html = render(page, TREE.url)

    assert PAGE.restart_url in text(page)
    assert Text(html).links == []
    assert 'class="qr"' in html


@pytest.mark.parametrize(
    ("lang", "title"),
    [
        ("zh_CN", "打开方式不对：企业微信"),
        ("zh_TW", "開啟方式不對：企業微信"),
        ("en", "Opened in WeCom, not in WeChat"),
    ],
)
def test_wecom_is_told_that_it_is_not_wechat(lang: Language, title: str) -> None:
    page = replace(PAGE, reason="gw_not_wechat", browser_family="wecom", lang=lang)

    html = render(page, TREE.url)

    assert title in html.split("<h1", 1)[1].split("</h1>")[0]
    assert PAGE.restart_url in text(page)
    assert 'class="qr"' in html


def test_in_wecom_every_other_page_is_as_elsewhere() -> None:
    assert {kind_of(reason, "wecom") is kind for reason, kind in KINDS.items() if reason != "gw_not_wechat"} == {True}


def test_a_link_too_long_to_scan_is_still_there_to_copy() -> None:
    page = replace(PAGE, reason="gw_not_wechat", restart_url="https://m.example.com/auth?url=" + "x" * 400)

    html = render(page, TREE.url)

    assert 'class="qr"' not in html
    assert str(page.restart_url) in html


@pytest.mark.parametrize("field", ["site_title", "contact", "support_code", "restart_url", "request_id"])
def test_nothing_that_a_page_is_given_becomes_markup(field: str) -> None:
    hostile = '"><script>alert(1)</script>'
    page = replace(replace(PAGE, support_code=None), **{field: hostile})

    html = render(page, TREE.url)

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", [*KINDS, "99999"])
def test_no_page_uses_words_of_the_trade(reason: str, lang: Language) -> None:
    page = replace(PAGE, reason=reason, lang=lang)

    words = text(page).replace(str(PAGE.restart_url), "")

    assert JARGON.search(words) is None
    assert not re.search(rf"(?<!\d){re.escape(reason)}(?!\d)", words)


def test_every_outcome_and_every_code_of_the_catalogue_has_its_page() -> None:
    catalogued = {entry.code for entry in errcodes.all_entries() if not entry.code.startswith(("page_", "symptom_"))}

    assert catalogued | OUTCOMES | REFUSED_REQUESTS == set(KINDS)


def test_an_unknown_errcode_gets_a_good_general_page() -> None:
    assert kind_of("987654") is NOT_FINISHED


def test_a_wrong_set_up_is_not_blamed_on_the_visitor() -> None:
    page = replace(PAGE, reason="40125")

    assert kind_of(page.reason) is SET_UP
    assert "不是您的操作问题" in text(page)


def test_the_headers_allow_nothing_that_the_page_does_not_need() -> None:
    sent = headers(PAGE)

    assert sent == {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Language": "zh-CN",
    }
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("reason", ONE_OF_EACH_KIND)
def test_pages_carry_no_inline_style_and_no_inline_script(reason: str) -> None:
    html = render(replace(PAGE, reason=reason), TREE.url)

    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert re.findall(r"<script[^>]*>[^<]*", html) == [f'<script type="module" src="{TREE.url("js/copy.js")}">']


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], str]) -> Iterator[Browser]:
    with launched(require("chromium")) as browser:
        yield browser


Phone = Callable[..., Page]


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Phone]:
    """Show a page on a phone as the gateway would send it, with its headers; the network is never reached."""
    contexts = []

    def show(page: VisitorPage, origin: str = "https://m.example.com", **options: Any) -> Page:
        def answer(route: Route) -> None:
            _, first, *rest = urlsplit(route.request.url).path.split("/")
            if first == "static":
                route.fulfill(path=static_root().joinpath(*rest[1:]))
            else:
                shown = replace(page, reason=first)
                sent = headers(shown) | {"Content-Type": "text/html"}
                route.fulfill(status=shown.status, headers=sent, body=render(shown, TREE.url))

        contexts.append(chromium.new_context(viewport={"width": 360, "height": 640}, base_url=origin, **options))
        contexts[-1].route("**/*", answer)
        tab = contexts[-1].new_page()
        tab.goto(f"/{page.reason}")
        return tab

    yield show
    for context in contexts:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_page_fits_one_phone_screen(phone: Phone, lang: Language) -> None:
    tab = phone(replace(PAGE, lang=lang))
    sizes = {}

    for reason in ONE_OF_EACH_KIND:
        tab.goto(f"/{reason}")
        sizes[reason] = tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")

    assert {reason: size for reason, size in sizes.items() if size != [360, 640]} == {}


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_in_wecom_fits_one_phone_screen(phone: Phone, lang: Language) -> None:
    tab = phone(replace(PAGE, reason="gw_not_wechat", browser_family="wecom", lang=lang))

    assert tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [360, 640]


@pytest.mark.browser
def test_no_page_meets_its_own_content_security_policy(phone: Phone) -> None:
    tab = phone(replace(PAGE, status=200))
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))

    for reason in ONE_OF_EACH_KIND:
        tab.goto(f"/{reason}")

    assert complaints == []


@pytest.mark.browser
def test_one_tap_copies_the_support_code(phone: Phone) -> None:
    tab = phone(PAGE, permissions=["clipboard-read", "clipboard-write"])

    tab.click("[data-copy=support-code]")
    tab.wait_for_selector("text=已复制")

    assert tab.evaluate("navigator.clipboard.readText()") == "K7M2-Q9XD"


@pytest.mark.browser
def test_copying_works_on_a_plain_address_of_the_office_network(phone: Phone) -> None:
    tab = phone(PAGE, "http://192.168.1.20:8000")

    tab.click("[data-copy=support-code]")
    tab.wait_for_selector("text=已复制")

    assert tab.evaluate("navigator.clipboard") is None
    assert tab.evaluate("getSelection().toString()") == "K7M2-Q9XD"


@pytest.mark.browser
def test_without_scripts_the_page_offers_only_what_works(phone: Phone) -> None:
    tab = phone(PAGE, java_script_enabled=False)

    assert not tab.is_visible("[data-copy=support-code]")
    assert tab.is_visible("text=K7M2-Q9XD")
    assert tab.is_visible("a >> text=点击继续")


@pytest.mark.browser
def test_the_keyboard_reaches_the_way_on_first(phone: Phone) -> None:
    tab = phone(PAGE)

    tab.keyboard.press("Tab")

    assert tab.evaluate("document.activeElement.getAttribute('href')") == PAGE.restart_url
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
