"""Who may open what: every route, every role, and strangers, as the README's table says; and who is spared XSRF."""

import re
from pathlib import Path

import pytest
from tornado.web import RequestHandler

from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.app import ROUTES
from wxadmin.handlers.admin.base import AdminHandler, StaffHandler
from wxadmin.handlers.admin.no_such_page import NoSuchPage
from wxadmin.handlers.admin.preferences import Preferences
from wxadmin.handlers.admin.sign_in import SignIn as SignInHandler
from wxadmin.handlers.admin.sign_in import SignInCode
from wxadmin.handlers.admin.upload_new import UploadNew
from wxadmin.handlers.api_staff.base import NoSuchCall, StaffApiHandler
from wxadmin.handlers.api_staff.calls import CALLS, OpenApi
from wxadmin.handlers.gateway import Auth, Callback, OwnershipFile
from wxadmin.handlers.h5 import H5Script
from wxadmin.handlers.health import Health, Metrics, Ready
from wxadmin.handlers.page_codes import Exchange, GetCode, GetUserInfo
from wxadmin.handlers.site_contact import DoNotContact
from wxadmin.handlers.tickets import TicketRedeem
from wxadmin.models import Role

ROOT = Path(__file__).parents[3]
TABLES = [ROOT / "README.md", ROOT / "docs" / "README.zh-CN.md"]

# What strangers may reach: visitors and sites (who say who they are in other ways), and what leads to a sign-in.
VISITORS = {Auth, Callback, Exchange, GetCode, GetUserInfo, H5Script, OwnershipFile}
SITES = {TicketRedeem, DoNotContact}
PUBLIC = {*VISITORS, *SITES, OpenApi, NoSuchCall, Health, Ready, Metrics, SignInHandler, SignInCode, Preferences}
# These take no form, or are asked by programs with a key that no browser adds by itself, or by pages whose origin is
# checked.
SPARED_XSRF = {*VISITORS, *SITES, Health, Ready, Metrics, OpenApi, NoSuchCall, *CALLS.values()}
# Reads its large body only of somebody who may send one: the token is in it.
CHECKED_LATER = {UploadNew}
STAFF_ROUTES = [(pattern, handler) for pattern, handler in ROUTES if issubclass(handler, StaffHandler)]
METHODS = ("GET", "POST")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Who may open what is no matter of the database."""
    return sqlite_url


def example_of(pattern: str) -> str:
    """An address of the route, of something that is not there."""
    path = re.sub(r"\([^()]*\)", "1", pattern).removesuffix("?").replace("\\.", ".")
    assert re.fullmatch(pattern, path), pattern
    return path


def documented(path: Path, below: str = "/admin") -> dict[str, set[Role]]:
    """The README's table: which roles may open an address."""
    rows = re.findall(rf"^\| `GET ({below}[^`]*)` \|[^|]*\|((?:[^|]*\|){{5}})$", path.read_text("utf-8"), re.MULTILINE)
    return {
        address: {role for role, cell in zip(Role, cells.split("|"), strict=False) if cell.strip() != "–"}
        for address, cells in rows
    }


def concrete(address: str) -> str:
    return re.sub(r"<[a-z ]+>", "1", address)


def test_every_route_is_for_staff_or_named_as_public() -> None:
    unguarded = {handler for _, handler in ROUTES if not issubclass(handler, (StaffHandler, StaffApiHandler))}

    assert unguarded == PUBLIC
    assert all(pattern.startswith("/admin") for pattern, _ in STAFF_ROUTES)
    assert all(issubclass(handler, AdminHandler) for pattern, handler in ROUTES if pattern.startswith("/admin"))


async def test_an_address_that_is_no_page_says_so_within_the_dashboard(staff: SignIn) -> None:
    support = staff("support")

    missing = await support.get("/admin/nowhere/at-all?x=1")

    assert missing.status_code == 404
    assert "There is nothing here" in missing.text
    assert 'href="/admin/attempts"' in missing.text


def test_no_call_checks_keys_or_roles_in_a_way_of_its_own() -> None:
    assert {call for call in CALLS.values() if call.prepare is not StaffApiHandler.prepare} == set()


def test_no_page_checks_sign_ins_or_roles_in_a_way_of_its_own() -> None:
    assert {handler for _, handler in STAFF_ROUTES if handler.prepare is not StaffHandler.prepare} == set()


def test_only_the_named_handlers_are_spared_the_xsrf_check() -> None:
    spared = {handler for _, handler in ROUTES if handler.check_xsrf_cookie is not RequestHandler.check_xsrf_cookie}

    assert spared == SPARED_XSRF | CHECKED_LATER


@pytest.mark.parametrize("readme", TABLES, ids=["en", "zh_CN"])
def test_the_readmes_table_is_what_the_handlers_say(readme: Path) -> None:
    table = documented(readme)
    # The page for all other addresses would fit each of them.
    pages = [(pattern, handler) for pattern, handler in STAFF_ROUTES if handler is not NoSuchPage]

    said = {
        address: next(set(handler.roles) for pattern, handler in pages if re.fullmatch(pattern, concrete(address)))
        for address in table
    }

    assert table == said
    uncovered = [
        pattern for pattern, _ in pages if not any(re.fullmatch(pattern, concrete(address)) for address in table)
    ]
    assert uncovered == [r"/admin/sign-out"]


async def test_strangers_see_nothing(staff: SignIn) -> None:
    ada = staff("admin")
    strangers = [StaffVisitor(ada.gateway, ada.http, "stranger", token) for token in ("", "A" * 32)]

    for path in (example_of(pattern) for pattern, _ in STAFF_ROUTES):
        for stranger in strangers:
            shown, posted = await stranger.get(path), await stranger.post(path)

            assert (shown.status_code, shown.headers["Location"].partition("?")[0]) == (302, "/admin/sign-in"), path
            assert posted.status_code == 401, path


@pytest.mark.parametrize("role", Role)
async def test_every_route_opens_to_its_roles_and_to_nobody_else(staff: SignIn, role: Role) -> None:
    for pattern, handler in STAFF_ROUTES:
        assert issubclass(handler, StaffHandler)
        for method in METHODS:
            visitor = staff(role, ["shop"] if role is Role.DEVELOPER else [])
            path = example_of(pattern)

            response = await (visitor.get(path) if method == "GET" else visitor.post(path))

            if role in handler.roles:
                assert response.status_code in {200, 303, 400, 404, 405}, (method, path, response.status_code)
            else:
                assert response.status_code == 403, (method, path)
                assert "<h1>" in response.text, (method, path)


@pytest.mark.parametrize("role", Role)
async def test_the_menu_leads_to_pages_that_open(staff: SignIn, role: Role) -> None:
    visitor = staff(role, ["shop"] if role is Role.DEVELOPER else [])
    overview = await visitor.get("/admin/")
    (menu,) = re.findall(r'<nav aria-label="Main">.*?</nav>', overview.text, re.DOTALL)

    opened = [(await visitor.get(path)).status_code for path in re.findall(r'href="([^"]+)"', menu)]

    assert opened
    assert set(opened) == {200}


async def test_every_form_without_the_token_of_this_browser_is_refused(staff: SignIn) -> None:
    ada = staff("admin")

    for pattern, handler in ROUTES:
        if handler.check_xsrf_cookie is RequestHandler.check_xsrf_cookie or handler in CHECKED_LATER:
            path = example_of(pattern)
            refused = await ada.http.post(ada.gateway + path, headers={"Cookie": f"wxadmin_session={ada.token}"})

            assert refused.status_code == 403, path
    assert (await ada.get("/admin/")).status_code == 200
