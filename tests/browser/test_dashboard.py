"""The dashboard in a real browser: every page in both themes, languages and widths, by mouse, finger and keyboard."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect
from tornado.web import RequestHandler

from tests import running
from tests.browser.conftest import Visitor
from wxadmin.app import ROUTES
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser

NAME, PASSWORD = "ada", "correct horse battery staple"
# With twenty thousand events, the evening with a wrong AppSecret is surely among the days of a month.
MONTH = "/admin/failures?range=30"
DESK, PHONE = (1280, 800), (360, 740)
# Those whose address is all of them: a page of one user or one code is reached from its list.
PAGES = [
    pattern.rstrip("?")
    for pattern, handler in ROUTES
    if re.fullmatch(r"/admin[a-z/-]*\??", pattern) and handler.get is not RequestHandler.get
]
LISTS = [path for path in ("/admin/users", "/admin/attempts", "/admin/failures") if path in PAGES]
FIRST_OF_LIST = "[data-swap] tbody a:visible"


@dataclass(frozen=True)
class Dashboard:
    """A gateway with sample people, and the cookies of an administrator."""

    url: str
    signed_in: StorageState


@dataclass(frozen=True)
class Taste:
    width: int
    height: int
    theme: str
    lang: str

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}-{self.lang}"


TASTES = [Taste(*size, theme, lang) for size, theme, lang in product((DESK, PHONE), ("light", "dark"), ("zh_CN", "en"))]

Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    settings = Settings(_env_file=None, data_dir=folder)
    env = running.environment(settings)
    for command in (("sample", "--users", "1000", "--events", "20000"), ("staff", "add", NAME, "--role", "admin")):
        made = running.run(*command, env=env, folder=folder, said=PASSWORD)
        assert made.returncode == 0, made.stderr
    port = running.unused_port()
    with running.serve(settings, port, folder=folder) as program:
        url = f"http://127.0.0.1:{port}"
        yield Dashboard(url, signed_in(chromium, url))
        assert program.terminate() == 0
        assert "Traceback" not in program.output


def signed_in(chromium: Browser, url: str) -> StorageState:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{url}/admin/")
    page.get_by_label("名称").fill(NAME)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{url}/admin/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def browse(chromium: Browser, dashboard: Dashboard) -> Iterator[Open]:
    """`browse("/admin/")` is the administrator before that page; nothing may make the browser complain."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def browse(path: str, taste: Taste = TASTES[0], **options: Any) -> Visitor:
        size: dict[str, Any] = {"viewport": {"width": taste.width, "height": taste.height}}
        context = chromium.new_context(storage_state=dashboard.signed_in, **size, **options)
        context.set_default_timeout(10_000)
        chosen = {"wxadmin_theme": taste.theme, "wxadmin_lang": taste.lang}
        context.add_cookies([{"name": name, "value": value, "url": dashboard.url} for name, value in chosen.items()])
        visitor = Visitor(context.new_page(), str(taste))
        opened.append((context, visitor))
        visitor.page.goto(dashboard.url + path)
        return visitor

    yield browse
    for context, _ in opened:
        context.close()
    assert [complaint for _, visitor in opened for complaint in visitor.complaints] == []


def test_a_stranger_finds_an_empty_form(chromium: Browser, dashboard: Dashboard) -> None:
    page = chromium.new_page(locale="zh-CN")

    page.goto(f"{dashboard.url}/admin/users")

    expect(page.get_by_label("名称")).to_have_value("")
    expect(page.get_by_label("名称")).to_be_focused()
    assert Axe().run(page).violations_count == 0
    page.close()


@pytest.mark.parametrize("taste", TASTES, ids=str)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_everybody_and_fits_the_screen(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste)

    barriers = Axe().run(visitor.page)

    assert barriers.violations_count == 0, barriers.generate_report()
    visitor.look(path.strip("/").replace("/", "-"))


@pytest.mark.parametrize("taste", TASTES, ids=str)
@pytest.mark.parametrize("path", LISTS)
def test_what_a_list_leads_to_is_open_to_everybody_too(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste)

    visitor.page.locator(FIRST_OF_LIST).first.click()

    visitor.page.wait_for_url(re.compile(rf"{path}/."))
    barriers = Axe().run(visitor.page)
    assert barriers.violations_count == 0, barriers.generate_report()
    visitor.look(path.strip("/").replace("/", "-") + "-one")


def test_a_filter_changes_the_list_without_a_reload_and_the_way_back_changes_it_again(browse: Open) -> None:
    page = browse("/admin/users").page
    page.evaluate("document.body.dataset.stayed = 'yes'")
    everybody = page.locator("#users").inner_text()

    page.get_by_label("已授权范围").select_option("explicit")
    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("[?]scope=explicit$"))
    expect(page.locator("#users")).not_to_have_text(everybody, use_inner_text=True)
    expect(page.locator("#users tbody tr")).to_have_count(
        page.locator("#users tbody .badge.ok", has_text="手动").count()
    )
    page.go_back()
    expect(page.locator("#users")).to_have_text(everybody, use_inner_text=True)
    expect(page.get_by_label("已授权范围")).to_have_value("")
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_a_filter_may_have_any_name_and_keeps_the_keyboard_where_it_was(browse: Open) -> None:
    page = browse("/admin/audit").page
    page.evaluate("document.body.dataset.stayed = 'yes'")

    page.locator("select[name=action]").select_option("signed_in")
    page.get_by_role("button", name="查询").focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("[?]action=signed_in$"))
    expect(page.locator("select[name=action]")).to_have_value("signed_in")
    expect(page.get_by_role("button", name="查询")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_turning_a_page_keeps_the_keyboard_where_it_was(browse: Open) -> None:
    page = browse("/admin/users").page
    page.evaluate("document.body.dataset.stayed = 'yes'")
    first = page.locator("#users tbody tr").first.inner_text()

    page.locator("a[rel=next]").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#users tbody tr").first).not_to_have_text(first, use_inner_text=True)
    expect(page.locator("a[rel=next]")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_lists_are_filtered_and_turned_without_scripts(browse: Open) -> None:
    page = browse("/admin/users", java_script_enabled=False).page

    page.get_by_label("已授权范围").select_option("explicit")
    page.get_by_role("button", name="查询").click()
    page.locator("a[rel=next]").click()

    expect(page).to_have_url(re.compile("scope=explicit.*older="))
    expect(page.get_by_label("已授权范围")).to_have_value("explicit")
    expect(page.locator("#users tbody tr")).not_to_have_count(0)


def test_who_was_signed_out_meanwhile_is_led_to_the_sign_in(browse: Open) -> None:
    page = browse("/admin/users").page
    page.context.clear_cookies(name="wxadmin_session")

    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("/admin/sign-in[?]next="))


def test_a_slash_leads_to_the_search_and_a_support_code_to_its_attempt(browse: Open) -> None:
    page = browse("/admin/attempts").page
    code = page.locator(FIRST_OF_LIST).first.inner_text()

    page.keyboard.press("/")
    page.keyboard.type(code.lower().replace("-", " "))
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/admin/attempts/{code}$"))


def test_a_chart_is_walked_by_arrow_keys_and_each_bar_says_its_numbers(browse: Open) -> None:
    page = browse(MONTH).page
    bars = page.locator(".chart .wide .bar")
    words = bars.last.get_attribute("aria-label")

    bars.last.focus()
    assert page.locator(".tip").inner_text() == words
    page.keyboard.press("ArrowLeft")

    before = bars.nth(bars.count() - 2)
    expect(before).to_be_focused()
    assert page.locator(".tip").inner_text() == before.get_attribute("aria-label")
    assert page.locator(".chart .wide .bar[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/admin/failures.range=30$"))


def test_a_finger_reads_a_bar_first_and_follows_it_next(browse: Open) -> None:
    page = browse(MONTH, Taste(*PHONE, "dark", "zh_CN"), has_touch=True).page
    bar = page.locator(".chart .narrow .bar").last

    bar.tap()

    expect(page).to_have_url(re.compile("/admin/failures.range=30$"))
    expect(page.locator(".tip")).to_have_text(str(bar.get_attribute("aria-label")), use_inner_text=True)
    bar.tap()
    expect(page).not_to_have_url(re.compile("/admin/failures.range=30$"))


def test_the_phones_menu_is_a_sheet_that_leads_on_and_away(browse: Open) -> None:
    page = browse("/admin/", Taste(*PHONE, "light", "zh_CN"), has_touch=True).page
    expect(page.get_by_role("navigation")).to_be_hidden()

    page.get_by_role("button", name="菜单").tap()

    barriers = Axe().run(page)
    assert barriers.violations_count == 0, barriers.generate_report()
    expect(page.get_by_role("link", name="概览")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="退出").scroll_into_view_if_needed()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation")).to_be_hidden()


def test_colours_and_language_change_without_scripts_and_keep_the_page(browse: Open, dashboard: Dashboard) -> None:
    page = browse("/admin/?range=7", java_script_enabled=False).page

    page.get_by_role("button", name="深色").click()
    page.get_by_role("button", name="English").click()

    expect(page).to_have_url(f"{dashboard.url}/admin/?range=7")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def ground(page: Page) -> str:
    """The colour that the page is painted on."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_system_decides_on_the_colours_until_somebody_does(browse: Open) -> None:
    taste = Taste(*DESK, "system", "zh_CN")

    by_day, by_night = (browse("/admin/", taste, color_scheme=scheme).page for scheme in ("light", "dark"))

    assert ground(by_day) == "rgb(243, 246, 244)"
    assert ground(by_night) == "rgb(13, 20, 17)"
