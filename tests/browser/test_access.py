"""Masks, reveals and one's own sign-in in a real browser: open to everybody, and without scripts as well."""

from collections.abc import Callable, Iterator

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, expect

from tests import running
from tests.browser.conftest import Visitor
from tests.browser.tastes import TASTES, Taste
from tests.browser.test_dashboard import NAME, PASSWORD, dashboard_of
from wxadmin.clock import utcnow
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser

SUPPORT, SHY = "grace", "lin"
# Light and dark, a desk and a phone, both languages.
SOME = [taste for taste in TASTES if (taste.width < 500) is (taste.theme == "dark")]

SignIn = Callable[..., Visitor]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with sample people, an administrator and two of support."""
    folder = tmp_path_factory.mktemp("access")
    with dashboard_of(folder, users=100) as url:
        env = running.environment(Settings(_env_file=None, data_dir=folder))
        for name in (SUPPORT, SHY):
            added = running.run("staff", "add", name, "--role", "support", env=env, folder=folder, said=PASSWORD)
            assert added.returncode == 0, added.stderr
        yield url


@pytest.fixture
def sign_in(chromium: Browser, url: str) -> Iterator[SignIn]:
    """`sign_in("grace")` is at the overview; nothing may make the browser complain."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def sign_in(name: str, taste: Taste = TASTES[0], *, scripts: bool = True) -> Visitor:
        context = chromium.new_context(
            viewport={"width": taste.width, "height": taste.height}, java_script_enabled=scripts
        )
        context.set_default_timeout(10_000)
        chosen = {"wxadmin_theme": taste.theme, "wxadmin_lang": taste.lang}
        context.add_cookies([{"name": key, "value": value, "url": url} for key, value in chosen.items()])
        visitor = Visitor(context.new_page(), str(taste))
        opened.append((context, visitor))
        visitor.page.goto(f"{url}/admin/sign-in")
        visitor.page.locator("input[name=name]").fill(name)
        visitor.page.locator("input[name=password]").fill(PASSWORD)
        visitor.page.locator("main button").click()
        return visitor

    yield sign_in
    for context, _ in opened:
        context.close()
    assert [complaint for _, visitor in opened for complaint in visitor.complaints] == []


def is_open_to_everybody(visitor: Visitor, name: str) -> None:
    barriers = Axe().run(visitor.page)
    assert barriers.violations_count == 0, barriers.generate_report()
    visitor.look(name)


@pytest.mark.parametrize("taste", SOME, ids=str)
def test_what_support_sees_masked_is_open_to_everybody(sign_in: SignIn, url: str, taste: Taste) -> None:
    grace = sign_in(SUPPORT, taste)

    for path in ("/admin/users", "/admin/attempts"):
        grace.page.goto(url + path)
        grace.page.locator("[data-swap] tbody a:visible").first.click()
        grace.page.locator("details:has(form[action$=reveal]) summary").click()

        is_open_to_everybody(grace, f"masked{path.replace('/', '-')}")
    grace.page.goto(f"{grace.page.url}/reveal")
    is_open_to_everybody(grace, "reveal")


@pytest.mark.parametrize("taste", SOME, ids=str)
def test_a_person_of_the_staff_and_the_question_about_a_key_are_open_to_everybody(
    sign_in: SignIn, url: str, taste: Taste
) -> None:
    ada = sign_in(NAME, taste)
    ada.page.goto(f"{url}/admin/me/new-key")
    ada.page.locator("input[name=name]").fill("morning report")
    ada.page.locator("main button").first.click()
    is_open_to_everybody(ada, "key")

    ada.page.goto(f"{url}/admin/staff/{NAME}")
    is_open_to_everybody(ada, "staff-one")

    ada.page.locator("a[href$=revoke]").first.click()
    is_open_to_everybody(ada, "revoke")


def test_a_reason_shows_a_person_in_the_clear_without_scripts(sign_in: SignIn, url: str) -> None:
    page = sign_in(SUPPORT, scripts=False).page
    page.goto(f"{url}/admin/users?scope=explicit")
    page.locator("#users tbody a").first.click()
    masked = page.locator("dd.mono").first.inner_text()

    page.locator("details:has(form[action$=reveal]) summary").click()
    page.locator("select[name=reason]").select_option("own_data")
    page.locator("form[action$=reveal] button").click()

    expect(page.locator("p.notice[role=status]")).to_be_visible()
    clear = page.locator("dd.mono").first.inner_text()
    assert "…" in masked
    assert len(clear) == 28
    assert (clear[:4], clear[-4:]) == (masked[:4], masked[-4:])


def test_the_two_step_code_is_switched_on_and_asked_for_without_scripts(sign_in: SignIn, url: str) -> None:
    first = sign_in(SHY, scripts=False).page
    first.goto(f"{url}/admin/me")
    first.locator("a[href$=two-step]").click()
    first.locator("button[name=begin]").click()
    secret = first.locator("#secret").inner_text()
    first.locator("input[name=code]").fill(pyotp.TOTP(secret).now())
    first.locator("main button.primary").click()
    expect(first.locator("a[href$='two-step/off']")).to_be_visible()

    second = sign_in(SHY, scripts=False).page

    expect(second).to_have_url(f"{url}/admin/sign-in/code?next=%2Fadmin%2F")
    # The code of this half minute is spent; an app shows the next one soon enough.
    second.locator("input[name=code]").fill(pyotp.TOTP(secret).at(utcnow(), counter_offset=1))
    second.locator("main button").click()
    expect(second).to_have_url(f"{url}/admin/")
    third = sign_in(SHY, SOME[-1])
    expect(third.page.locator("input[name=code]")).to_be_focused()
    is_open_to_everybody(third, "code")


@pytest.mark.parametrize("taste", SOME, ids=str)
def test_the_picture_for_the_app_is_open_to_everybody(sign_in: SignIn, url: str, taste: Taste) -> None:
    grace = sign_in(SUPPORT, taste)
    grace.page.goto(f"{url}/admin/me/two-step")
    if grace.page.locator("button[name=begin]").count():
        grace.page.locator("button[name=begin]").click()

    expect(grace.page.locator("#secret")).to_be_visible()
    is_open_to_everybody(grace, "two-step")
