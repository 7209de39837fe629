"""The script for pages: a page of a site's own, in a real browser, gets tickets by h5.js and nothing else."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests import running
from tests.browser.conftest import Demo
from wxadmin.demo import stage
from wxadmin.handlers.static import static_root
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>h5</title><body>
<p id="said">…</p><script src="{gateway}/h5.js"></script><script>
const said = document.getElementById("said");
wxadmin.ticket({{ scope: "snsapi_userinfo", channel: "h5" }}).then(
  (got) => fetch("/login", {{ method: "POST", body: JSON.stringify(got) }}).then((answer) => answer.text()),
  (error) => error.guest ? `looks around: ${{error.guest}}` : error.message,
).then((text) => {{ said.textContent = text; }});
</script>"""


@dataclass
class Site:
    """A site with one page, and a server that redeems what the page posts."""

    gateway: str
    key: str
    url: str
    people: list[dict[str, object]] = field(default_factory=list)

    def redeem(self, ticket: str) -> dict[str, object]:
        request = Request(
            f"{self.gateway}/api/v1/tickets/redeem",
            data=json.dumps({"ticket": ticket}).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:
            person: dict[str, object] = json.load(answer)
        self.people.append(person)
        return person


@pytest.fixture(scope="module")
def site(demo: Demo) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("text/html; charset=utf-8", PAGE.format(gateway=demo.gateway))

        def do_POST(self) -> None:
            got = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            person = site.redeem(got["ticket"])
            is_own = person["nonce"] == got["nonce"]
            self._answer("text/plain; charset=utf-8", f"welcome {person['openid']}" if is_own else "not your ticket")

        def _answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://localhost:{server.server_address[1]}"
        site = Site(demo.gateway, add_site(demo, "h5", f"{url}/"), url)
        # A site of its own below it, on the same server.
        add_site(demo, "h5-guests", f"{url}/guests", "--explain", "--snapshot-guest")
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def add_site(demo: Demo, name: str, return_url: str, *options: str) -> str:
    """Its API key."""
    added = running.run(
        *("site", "add", "--account", stage.ACCOUNT, "--name", name, "--return-url", return_url, "--dev", *options),
        env=running.environment(Settings(data_dir=demo.folder / "demo")),
        folder=demo.folder,
    )
    assert added.returncode == 0, added.stderr
    return added.stdout.strip()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="zh-CN")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def allow(page: Page) -> None:
    page.get_by_role("link", name="允许").click()


def said(page: Page) -> Locator:
    return page.locator("#said")


def test_a_page_gets_a_ticket_that_its_server_can_redeem_and_no_trace_of_it_stays(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/?table=7#/menu")
    allow(page)

    expect(said(page)).to_contain_text("welcome o")
    assert page.url == f"{site.url}/?table=7#/menu"
    assert site.people[-1]["scope"] == "snsapi_userinfo"
    assert "ticket" not in page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")


def test_a_ticket_that_somebody_put_into_the_address_is_not_taken(site: Site, page: Page) -> None:
    redeemed = len(site.people)
    page.goto(f"{site.url}/?ticket=SomebodyElsesTicket")

    allow(page)

    expect(said(page)).to_contain_text("welcome o")
    assert page.url == f"{site.url}/"
    assert len(site.people) == redeemed + 1


def test_a_gateway_below_a_path_is_left_for_below_it(page: Page) -> None:
    script = (static_root() / "js" / "h5.js").read_text("utf-8")
    answers = {
        "https://shop.example.com/": ("text/html", PAGE.format(gateway="https://m.example.com/wx")),
        "https://m.example.com/wx/h5.js": ("text/javascript", script),
    }

    def answer(route: Route) -> None:
        kind, body = answers.get(route.request.url, ("text/plain", "arrived"))
        route.fulfill(content_type=kind, body=body)

    page.route("**/*", answer)
    page.goto("https://shop.example.com/")

    page.wait_for_url(re.compile(r"^https://m\.example\.com/wx/auth\?url=https%3A%2F%2Fshop\.example\.com%2F&"))


def test_whoever_looks_around_first_is_a_guest_and_may_begin_later(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/guests?table=7#/menu")

    page.get_by_role("link", name="先看看").click()

    expect(said(page)).to_have_text("looks around: declined")
    assert page.url == f"{site.url}/guests?table=7#/menu"
    page.reload()
    expect(page.get_by_role("link", name="同意并继续")).to_be_visible()


def test_a_visitor_of_the_snapshot_page_is_a_guest_and_not_sent_round(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/guests?table=7#/menu")

    page.get_by_role("link", name="同意并继续").click()
    page.get_by_role("link", name="看快照页").click()
    page.get_by_role("link", name="仅浏览快照").click()

    expect(said(page)).to_have_text("looks around: snapshot")
    assert page.url == f"{site.url}/guests?table=7#/menu"


def test_two_tabs_do_not_disturb_each_other(site: Site, page: Page) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{site.url}/")

    for tab in (page, other):
        allow(tab)

    for tab in (page, other):
        expect(said(tab)).to_contain_text("welcome o")


def test_a_page_that_never_gets_its_ticket_stops_leaving(site: Site, page: Page) -> None:
    for _ in range(2):
        page.goto(f"{site.url}/")
        expect(page.get_by_role("link", name="允许")).to_be_visible()

    page.goto(f"{site.url}/")

    expect(said(page)).to_contain_text("does not leave again")
    assert page.url == f"{site.url}/"
