"""The task of support, with the customer on the phone: sign in, type the support code, read, copy the reply. By the
keyboard alone, and where no scripts run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests import running
from tests.browser.conftest import Visitor
from tests.browser.test_dashboard import PASSWORD, dashboard_of
from wxadmin import support_codes
from wxadmin.database import Database
from wxadmin.models import Attempt, Outcome
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser

NAME = "grace"
# As many as no page has places to stop at before what is looked for.
MOST_KEYS = 60


@dataclass(frozen=True)
class Desk:
    """Where support works. A customer's login failed; `code` is what they read on their page."""

    url: str
    code: str


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("support")
    settings = Settings(_env_file=None, data_dir=folder)
    with dashboard_of(folder, users=100) as url:
        env = running.environment(settings)
        added = running.run("staff", "add", NAME, "--role", "support", env=env, folder=folder, said=PASSWORD)
        assert added.returncode == 0, added.stderr
        yield Desk(url, support_codes.show(code_of_a_failure(settings)))


def code_of_a_failure(settings: Settings) -> str:
    """One with a sign that people mistake for another."""
    failed = select(Attempt.support_code).where(Attempt.outcome == Outcome.FAILED).order_by(Attempt.id.desc())
    database = Database(settings.database)
    try:
        codes = database.read_now(lambda session: session.scalars(failed).all())
    finally:
        database.close()
    return next((code for code in codes if set(code) & {"0", "1"}), codes[0])


@contextmanager
def sitting(chromium: Browser, **options: object) -> Iterator[Page]:
    """Somebody at a browser of their own, without a mouse; nothing may make the browser complain."""
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    visitor = Visitor(context.new_page(), "support")
    yield visitor.page
    context.close()
    assert visitor.complaints == []


def sloppy(code: str) -> str:
    """As it is typed from what is heard: small letters, gaps anywhere, O for nought, l for one."""
    heard = code.replace("-", "").lower().replace("0", "o").replace("1", "l")
    return f" {heard[:3]} {heard[3:]} "


def tab_to(page: Page, selector: str) -> None:
    """Presses the tab key until the focus is there, and can be seen to be."""
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{selector} is not reached by the tab key")


def sign_in_by_keys(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/admin/")
    # The focus is there by itself, if not within the same instant.
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type(NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{desk.url}/admin/")


def test_by_the_keyboard_alone(chromium: Browser, desk: Desk) -> None:
    with sitting(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        sign_in_by_keys(page, desk)

        page.keyboard.press("/")
        page.keyboard.type(sloppy(desk.code))
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{desk.url}/admin/attempts/{desk.code}")
        expect(page.get_by_role("heading", name="结论")).to_be_in_viewport()
        tab_to(page, "[data-copy=reply-0]")
        expect(page.locator("#reply-0")).to_be_in_viewport()
        page.keyboard.press("Enter")

        expect(page.locator("[data-copy=reply-0]")).to_have_text("已复制")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("#reply-0").inner_text()


def test_what_the_engineers_need_is_copied_by_the_keyboard_too(chromium: Browser, desk: Desk) -> None:
    with sitting(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        sign_in_by_keys(page, desk)
        page.goto(f"{desk.url}/admin/attempts/{desk.code}")

        tab_to(page, "details:has(#engineers) > summary")
        page.keyboard.press("Enter")
        tab_to(page, "[data-copy=engineers]")
        page.keyboard.press("Space")

        expect(page.locator("[data-copy=engineers]")).to_have_text("已复制")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert desk.code in copied


def test_without_scripts_the_reply_is_read_and_selected(chromium: Browser, desk: Desk) -> None:
    with sitting(chromium, java_script_enabled=False) as page:
        sign_in_by_keys(page, desk)

        # No script leads `/` to the box: it is among the first stops.
        box = page.get_by_role("searchbox", name="搜索")
        for _ in range(MOST_KEYS):
            page.keyboard.press("Tab")
            if box.evaluate("box => box === document.activeElement"):
                break
        page.keyboard.type(sloppy(desk.code))
        page.keyboard.press("Enter")

        expect(page).to_have_url(f"{desk.url}/admin/attempts/{desk.code}")
        reply = page.locator("#reply-0")
        expect(page.get_by_role("heading", name="回复话术")).to_be_in_viewport()
        assert len(reply.inner_text()) > 10
        assert reply.evaluate("one => getComputedStyle(one).userSelect") != "none"
        # A button that could do nothing is not shown.
        expect(page.locator("[data-copy=reply-0]")).to_be_hidden()
        reply.click(click_count=3)
        assert reply.inner_text().strip() in str(page.evaluate("getSelection().toString()"))
        page.locator("details:has(#engineers) > summary").press("Enter")
        expect(page.locator("#engineers")).to_contain_text(desk.code)
