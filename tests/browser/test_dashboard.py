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
DESK, PHONE = (1280, 800), (360, 740)
# Those whose address is all of them: a page of one user or one code is reached from its list.
PAGES = [
    pattern.rstrip("?")
    for pattern, handler in ROUTES
    if re.fullmatch(r"/admin[a-z/-]*\??", pattern) and handler.get is not RequestHandler.get
]


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
    for command in (("sample", "--users", "200", "--events", "2000"), ("staff", "add", NAME, "--role", "admin")):
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


@pytest.mark.parametrize("taste", TASTES, ids=str)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_everybody_and_fits_the_screen(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste)

    barriers = Axe().run(visitor.page)

    assert barriers.violations_count == 0, barriers.generate_report()
    visitor.look(path.strip("/").replace("/", "-"))


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
