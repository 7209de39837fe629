"""Every page and the answers of its forms in a real browser, in both themes, languages and widths: open to everybody,
with nothing that the Content Security Policy refuses and nothing wider than the screen."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, StorageState, expect

from tests.browser.conftest import Visitor
from tests.browser.every_page import (
    ADMIN,
    BEFORE_SIGNING_IN,
    CAREFUL,
    OF_SUPPORT,
    PAGES,
    REFUSED,
    SITE,
    SUPPORT,
    Known,
    furnish,
)
from tests.browser.tastes import TASTES, Taste, in_tastes
from tests.browser.test_dashboard import PASSWORD, dashboard_of
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class House:
    """A gateway with sample people and everything else that pages show; `cookies` are those of each person."""

    url: str
    known: Known
    cookies: dict[str, StorageState]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("every-page")
    with dashboard_of(folder, users=1000) as url:
        known = furnish(Settings(_env_file=None, data_dir=folder), PASSWORD)
        people = (ADMIN, SUPPORT)
        yield House(url, known, {name: cookies_of(chromium, url, name) for name in people})


def cookies_of(chromium: Browser, url: str, name: str) -> StorageState:
    """Of a browser in which the password was right; whoever is asked for a code has come half of the way."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{url}/admin/sign-in")
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url("**/admin/sign-in/code?*" if name == CAREFUL else "**/admin/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def contexts(chromium: Browser, house: House) -> Iterator[Callable[[str, Taste], BrowserContext]]:
    """One a person and taste: what a browser keeps of one page, it need not be given with the next. Whoever is asked
    for a code is so for some minutes only, and comes anew."""
    opened: dict[tuple[str, Taste], BrowserContext] = {}

    def of(name: str, taste: Taste) -> BrowserContext:
        if name == CAREFUL:
            house.cookies[name] = cookies_of(chromium, house.url, name)
            if (earlier := opened.pop((name, taste), None)) is not None:
                earlier.close()
        if (name, taste) not in opened:
            size = {"width": taste.width, "height": taste.height}
            context = chromium.new_context(storage_state=house.cookies.get(name), viewport=size)  # type: ignore[arg-type]
            context.set_default_timeout(10_000)
            chosen = {"wxadmin_theme": taste.theme, "wxadmin_lang": taste.lang}
            context.add_cookies([{"name": key, "value": value, "url": house.url} for key, value in chosen.items()])
            opened[name, taste] = context
        return opened[name, taste]

    yield of
    for context in opened.values():
        context.close()


Open = Callable[..., Visitor]


@pytest.fixture
def browse(house: House, contexts: Callable[[str, Taste], BrowserContext]) -> Iterator[Open]:
    """`browse("/admin/me", taste)` is the administrator before that page; nothing may make the browser complain."""
    opened: list[Visitor] = []

    def browse(path: str, taste: Taste, name: str = ADMIN) -> Visitor:
        visitor = Visitor(contexts(name, taste).new_page(), str(taste))
        opened.append(visitor)
        address = house.url + quote(path.format(**house.known), safe="/?=&%-._:")
        answer = visitor.page.goto(address)
        assert answer is not None
        # Neither a refusal nor another page to which somebody is sent on.
        assert answer.status == (REFUSED.get(path, 200) if (name, path) != (ADMIN, "/admin/staff") else 200)
        assert visitor.page.url.partition("?")[0] == address.partition("?")[0]
        return visitor

    yield browse
    for visitor in opened:
        visitor.page.close()
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []


def is_open_to_everybody(visitor: Visitor, name: str) -> None:
    """What is folded away is looked at, too."""
    visitor.look(name)
    visitor.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    barriers = Axe().run(visitor.page)
    assert barriers.violations_count == 0, barriers.generate_report()
    visitor.look(f"{name}-unfolded")


def named(path: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in path.strip("/"))


@in_tastes("path", PAGES)
def test_a_page_is_open_to_everybody_and_fits_the_screen(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste)

    is_open_to_everybody(visitor, named(path))


@in_tastes("path", OF_SUPPORT)
def test_a_page_is_open_to_everybody_as_support_sees_it(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste, SUPPORT)

    is_open_to_everybody(visitor, named(f"support {path}"))


@in_tastes("path", BEFORE_SIGNING_IN)
def test_the_way_in_is_open_to_everybody(browse: Open, path: str, taste: Taste) -> None:
    visitor = browse(path, taste, CAREFUL)

    is_open_to_everybody(visitor, named(path))
    assert "/admin/sign-in" in visitor.page.url
    assert visitor.page.locator("[name=code]").count() == int(path.endswith("/code"))


@dataclass(frozen=True)
class Sent:
    """A form that is sent, and a part of the page that answers."""

    path: str
    fields: tuple[tuple[str, str], ...]
    button: str
    shows: str
    name: str = ADMIN

    def __str__(self) -> str:
        return named(self.path)


FORMS = [
    Sent("/admin/sign-in", (("name", "nobody"), ("password", "wrong")), "main button", "[role=alert]", CAREFUL),
    Sent("/admin/me/two-step", (), "main .primary", ".qr-code"),
    Sent("/admin/me/new-key", (("name", "{unique}"),), "main .primary", "#staff-key"),
    Sent("/admin/new/person", (("name", "p-{unique}"),), "main .primary", "main code"),
    Sent("/admin/new/person", (("name", "No Name"),), "main .primary", ".error"),
    Sent("/admin/new/account", (("name", "a b"), ("appid", "gh_1"), ("secret", "x")), "main .primary", ".error"),
    Sent("/admin/new/site", (("name", "a b"), ("return_urls", "javascript:alert(1)")), "main .primary", ".error"),
    Sent(f"/admin/sites/{SITE}/key", (), "main .primary", "main code"),
    Sent("/admin/accounts/sample-tea", (("verify_name", "x.txt"),), "main .primary", ".error"),
    Sent("/admin/attempts/{failed}/notes", (("text", " "),), "form[action$=notes] button", ".error"),
    Sent("/admin/users/{explicit_user}/reveal", (), "main .primary", ".error", SUPPORT),
    Sent(
        "/admin/",
        (("q", "https://open.weixin.qq.com/connect/oauth2/authorize?redirect_uri=http%3A%2F%2Fx.test%3A81&appid=wx1"),),
        ".search [name=q]",
        "main ul, main ol",
    ),
]

# Fields that are folded away can be filled in then, and what the browser would refuse is sent.
LET_IN = """() => {
  document.querySelectorAll("main details").forEach((one) => one.open = true);
  document.querySelectorAll("form").forEach((one) => one.noValidate = true);
}"""


@in_tastes("sent", FORMS)
def test_what_a_form_answers_is_open_to_everybody(browse: Open, sent: Sent, taste: Taste) -> None:
    visitor = browse(sent.path, taste, sent.name)
    page, unique = visitor.page, str(taste).lower().replace("_", "-")
    page.evaluate(LET_IN)

    for name, value in sent.fields:
        page.locator(f"[name={name}]").last.fill(value.format(unique=unique))
    page.locator(sent.button).first.press("Enter")

    expect(page.locator(sent.shows).first).to_be_visible()
    is_open_to_everybody(visitor, named(f"sent {sent.path} {sent.shows}"))


@pytest.mark.parametrize("taste", TASTES, ids=str)
def test_lines_to_paste_are_open_to_everybody(browse: Open, taste: Taste) -> None:
    visitor = browse("/admin/doctor", taste)
    visitor.page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})

    visitor.page.reload()

    expect(visitor.page.locator(".findings code", has_text="WXADMIN_TRUSTED_PROXIES=127.0.0.1")).to_be_visible()
    is_open_to_everybody(visitor, "doctor-proxy")


@pytest.mark.parametrize("taste", TASTES, ids=str)
def test_the_live_page_is_looked_at_while_it_listens(browse: Open, taste: Taste) -> None:
    visitor = browse("/admin/live", taste)

    expect(visitor.page.locator("#live-state")).to_have_text(re.compile("实时更新中|Live"))

    is_open_to_everybody(visitor, "live-listening")
