"""PUBLIC_URL with a path: every route, link, redirect, asset and cookie lives under it."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
import segno
from tornado.web import RequestHandler

from tests import html_tree
from tests.factories import (
    AttemptFactory,
    EventFactory,
    ExportFactory,
    SegmentFactory,
    TokenFactory,
    UploadedListFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.handlers.admin.conftest import Fields, SignIn, StaffVisitor
from tests.running import RETURN_URL, SiteKeys, serving, switch
from tests.visiting import Visitor
from wxadmin import support_codes
from wxadmin.app import ROUTES
from wxadmin.database import Database
from wxadmin.handlers.admin.exports import ExportFile
from wxadmin.handlers.admin.no_such_page import NoSuchPage
from wxadmin.handlers.api_staff.base import NoSuchCall, StaffApiHandler
from wxadmin.models import Site
from wxadmin.services import accounts, sites
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

# With a sign that means something else in a pattern.
PATH = "/wx.cn"
PUBLIC_URL = f"https://m.example.com{PATH}"
VERIFY_FILE = "MP_verify_0123456789abcdef.txt"
# What an address is in, whether the page links to it, loads it or sends a form there.
CARRIERS = ("href", "src", "srcset", "action", "formaction", "poster", "data", "content", "data-href", "data-src")
# Of pages that nobody can be sent to by a link: these only take forms, or programs.
NO_PAGES = {"/auth/exchange", "/api/v1/tickets/redeem", "/api/v1/do-not-contact"}
NO_PAGES |= {"/admin/sign-out", "/admin/preferences"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Where pages live is no matter of the database."""
    return sqlite_url


@pytest.fixture
async def gateway(settings: Settings, site_keys: SiteKeys) -> AsyncIterator[str]:
    """Behind a proxy that passes on everything below the path; pages open in WeChat alone."""
    chosen = settings.model_copy(update={"public_url": PUBLIC_URL, "outside_wechat": "page"})
    async with serving(chosen) as address:
        yield address


@pytest.fixture
def ada(staff: SignIn) -> StaffVisitor:
    """An administrator, known by the cookie that https has."""
    ada = staff("admin")
    ada.session_cookie = "__Host-wxadmin_session"
    return ada


@dataclass(frozen=True)
class Example:
    """An address of a route, of something that is there; `path` is below PATH."""

    pattern: str
    path: str
    handler: type[Any]


@pytest.fixture
def examples(
    database: Database, gateway: str, store: Callable[[Callable[[], Any]], Any], staff: SignIn
) -> list[Example]:
    """One of each route."""
    database.write_now(accounts.change, "tea", actor="test", verify_file=(VERIFY_FILE, "0123456789abcdef"))
    # Only such a site has a hand-off key to rotate.
    switch(database, handoff="openid")
    site: Site = database.read_now(sites.find, "shop")
    user = store(lambda: UserFactory(site=site, last_ref="member-7"))
    store(lambda: UserChannelFactory(user=user))
    store(lambda: TokenFactory(user=user))
    attempt = store(lambda: AttemptFactory(site=site, failed=True))
    store(lambda: EventFactory(attempt=attempt, stage="exchange", event_class="failure", code="40029"))
    export = store(lambda: ExportFactory(done=True))
    there = {
        "/admin/segments/": str(store(SegmentFactory).id),
        "/admin/lists/": str(store(lambda: UploadedListFactory(account_id=user.account_id)).id),
        "/admin/exports/": str(export.id),
        "/admin/users/": str(user.id),
        "/admin/attempts/": support_codes.show(attempt.support_code),
        "/admin/failures/": "40029",
        "/admin/accounts/": "tea",
        "/admin/sites/": "shop",
        # Only such a person has sites to choose.
        "/admin/staff/": staff("developer", ["shop"]).name,
        "/admin/tokens/": "tea",
        "/": VERIFY_FILE,
    }
    return [Example(pattern, _filled(pattern, there), handler) for pattern, handler in ROUTES]


def _filled(pattern: str, there: Mapping[str, str]) -> str:
    name = there.get(pattern.partition("(")[0], "")

    def filled(part: re.Match[str]) -> str:
        # A number is of something that need not be there.
        return name if re.fullmatch(part[0], name) else "1"

    path = re.sub(r"\([^()]*\)", filled, pattern).replace("?", "").replace("\\.", ".").replace(".*", "nowhere")
    assert re.fullmatch(pattern, path), pattern
    return path


def own_addresses(page: str, at: str) -> Iterator[str]:
    """Those of this gateway that a page names, as paths."""
    for node in html_tree.read(page).all():
        for name in CARRIERS:
            for address in (
                node.attributes.get(name, "").split(",") if name == "srcset" else [node.attributes.get(name)]
            ):
                if address and re.match(r"/|[.?]|https?://m\.example\.com|http://127\.0\.0\.1", address.strip()):
                    whole = urlsplit(urljoin(PUBLIC_URL + at, address.strip().split(" ")[0]))
                    yield f"{whole.path}?{whole.query}".rstrip("?")


def is_below(address: str) -> bool:
    return address == PATH or address.startswith((f"{PATH}/", f"{PATH}?"))


def expected(example: Example) -> set[int]:
    """What an administrator's browser gets there."""
    if issubclass(example.handler, StaffApiHandler):
        return {401}
    # The export is there, and its file is on another machine.
    if example.handler in {NoSuchPage, NoSuchCall, ExportFile}:
        return {404}
    return {405} if example.path in NO_PAGES else set(range(200, 404))


async def test_every_route_answers_below_the_path_and_nowhere_else(ada: StaffVisitor, examples: list[Example]) -> None:
    for example in examples:
        below = await ada.get(PATH + example.path)
        beside = [await ada.get(example.path), await ada.get(f"/wxacn{example.path}")]

        assert below.status_code in expected(example), example.path
        assert [answer.status_code for answer in beside] == [404, 404], example.path


async def test_no_page_of_any_route_names_an_address_outside_of_the_path(
    ada: StaffVisitor, examples: list[Example]
) -> None:
    seen: set[str] = set()
    for example in examples:
        page = await ada.get(PATH + example.path)
        if page.headers.get("Content-Type", "").startswith("text/html"):
            named = set(own_addresses(page.text, example.path))
            assert [address for address in named if not is_below(address)] == [], example.path
            seen |= named
        assert is_below(urlsplit(page.headers.get("Location", PATH)).path), example.path

    missing = [address for address in sorted(seen) if (await ada.get(address)).status_code not in {200, 302, 405}]
    assert len(seen) > 50
    assert missing == []


async def test_no_stylesheet_and_no_script_names_an_address_of_its_own(
    ada: StaffVisitor, examples: list[Example]
) -> None:
    page = await ada.get(f"{PATH}/admin/")
    files = [address for address in own_addresses(page.text, "/admin/") if re.search(r"\.(css|js)$", address)]
    files.append(f"{PATH}/h5.js")

    for file in files:
        text = (await ada.get(file)).text
        named = re.findall(r"url\(\s*[\"']?(/[^)]*)|(?:from|import|fetch)\s*\(?\s*[\"'`](/[^\"'`]*)", text)
        assert named == [], file
    assert len(files) > 5


async def test_strangers_are_led_to_the_sign_in_below_the_path_and_back(ada: StaffVisitor) -> None:
    stranger = StaffVisitor(ada.gateway, ada.http, "stranger", "")
    asked = f"{PATH}/admin/attempts?outcome=failed"

    sent = await stranger.get(asked)
    form = await stranger.get(sent.headers["Location"])
    elsewhere = await stranger.post(f"{PATH}/admin/preferences", {"lang": "en", "back": "/admin/users"})

    assert sent.headers["Location"] == f"{PATH}/admin/sign-in?next={quote(asked, safe='')}"
    assert f'name="next" value="{asked}"' in form.text
    assert elsewhere.headers["Location"] == f"{PATH}/admin/"


async def test_every_form_leads_on_below_the_path(ada: StaffVisitor, examples: list[Example]) -> None:
    fields: dict[str, Fields] = {
        "/admin/preferences": {"lang": "en", "back": f"{PATH}/admin/users?scope=silent"},
        "/admin/sites/shop/change": {"return_urls": RETURN_URL, "handoff": "ticket", "title": "Tea", "contact": ""},
        "/admin/new/site": {
            "account": "tea",
            "name": "new",
            "return_urls": "https://new.example.com/",
            "handoff": "ticket",
        },
        "/admin/accounts/tea": {"title": "Tea", "refresh_policy": "all"},
    }
    led_to = {}
    # Signing out comes last.
    for example in sorted(examples, key=lambda example: (example.path == "/admin/sign-out", example.path)):
        if example.path.startswith("/admin/") and example.handler.post is not RequestHandler.post:
            answer = await ada.post(PATH + example.path, fields.get(example.path))
            led_to[example.path] = answer.headers.get("Location")
            assert [address for address in own_addresses(answer.text, example.path) if not is_below(address)] == []

    redirects = {path: address for path, address in led_to.items() if address is not None}
    assert [path for path, address in redirects.items() if not is_below(address)] == []
    assert redirects["/admin/preferences"] == f"{PATH}/admin/users?scope=silent"
    assert redirects["/admin/sign-out"] == f"{PATH}/admin/sign-in"
    assert len(redirects) > 7


async def test_a_visitor_walks_the_whole_way_below_the_path(gateway: str, http: httpx.AsyncClient) -> None:
    visitor = Visitor(gateway, http)
    in_wechat = {"User-Agent": "MicroMessenger/8.0.50"}

    code = await visitor.get(f"{PATH}/getCode?url={quote(RETURN_URL, safe='')}")
    begun = await visitor.get(code.headers["Location"], **in_wechat)
    callback = await visitor.agree(begun)
    back = await visitor.get(callback)

    assert code.headers["Location"].startswith(f"{PATH}/auth?url=")
    assert f"redirect_uri={quote(f'{PUBLIC_URL}/auth/callback', safe='')}" in begun.headers["Location"]
    assert callback.startswith(f"{PATH}/auth/callback?")
    assert back.headers["Location"].startswith(f"{RETURN_URL}?ticket=")


async def test_a_visitor_begins_again_below_the_path(gateway: str, http: httpx.AsyncClient, world: World) -> None:
    visitor = Visitor(gateway, http)
    in_wechat = {"User-Agent": "MicroMessenger/8.0.50"}
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    world.faults.order(Fault("exchange", "drop", after=True, times=1))

    refused = await visitor.get(await visitor.agree(await visitor.start(f"{PATH}/auth", in_wechat)))
    lost = await visitor.get(await visitor.agree(await visitor.start(f"{PATH}/auth", in_wechat)))

    (again,) = [address for address in own_addresses(refused.text, "/auth/callback") if "/auth?" in address]
    assert is_below(again)
    assert (lost.status_code, is_below(lost.headers["Location"])) == (302, True)


async def test_the_link_that_is_carried_into_wechat_is_whole_in_words_and_as_a_picture(
    gateway: str, http: httpx.AsyncClient
) -> None:
    link = f"{PUBLIC_URL}/auth?url={quote(RETURN_URL, safe='')}"

    page = await Visitor(gateway, http).start(f"{PATH}/auth", {"User-Agent": "Mozilla/5.0 Firefox/150.0"})

    assert f">{link}</p>" in page.text
    assert segno.make(link, error="l", micro=False).svg_inline(omitsize=True, border=0, svgclass="qr") in page.text


async def test_cookies_are_those_of_the_host_which_browsers_send_below_the_path_too(
    gateway: str, http: httpx.AsyncClient, ada: StaffVisitor
) -> None:
    begun = await http.get(
        f"{gateway}{PATH}/auth?url={quote(RETURN_URL, safe='')}", headers={"User-Agent": "MicroMessenger/8.0.50"}
    )
    chosen = await ada.post(f"{PATH}/admin/preferences", {"lang": "en"})
    signed_out = await ada.post(f"{PATH}/admin/sign-out")

    cookies = [line for answer in (begun, chosen, signed_out) for line in answer.headers.get_list("Set-Cookie")]
    assert len(cookies) >= 3
    assert [cookie for cookie in cookies if "Path=/" not in cookie.split("; ")] == []
