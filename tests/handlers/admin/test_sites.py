"""The pages of sites: what their developers copy, and every change by a form."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.handlers.admin.conftest import SignIn
from tests.running import RETURN_URL, SiteKeys
from tests.visiting import redeem
from wxadmin.database import Database
from wxadmin.queries import sites as queries
from wxadmin.queries.sites import SiteRow

NEW = {"account": "tea", "name": "menu", "handoff": "ticket", "return_urls": "https://menu.example.com/a\n\n"}


def stored(database: Database, name: str) -> SiteRow:
    found = database.read_now(queries.named, name, None)
    assert found is not None
    return found


def key_in(page: httpx.Response) -> str:
    found = re.search(r"wxs_[A-Z2-7]{40}", page.text)
    assert found, page.text
    return found[0]


async def knows(http: httpx.AsyncClient, gateway: str, key: str) -> bool:
    """Whether the gateway takes the key: a made-up ticket is then unknown, and else never looked at."""
    return (await redeem(http, gateway, key, "MADEUP")).status_code == 404


async def test_a_site_is_added_and_its_key_is_shown_once(staff: SignIn, database: Database) -> None:
    ada = staff("admin")

    added = await ada.post("/admin/new/site", NEW | {"dev": "1", "contact": "店长"})
    page = await ada.get("/admin/sites/menu")

    assert await knows(ada.http, ada.gateway, key_in(added))
    assert added.headers["Cache-Control"] == "no-store"
    assert "wxs_" not in page.text
    menu = stored(database, "menu")
    assert (menu.return_urls, menu.dev, menu.page_code) == (["https://menu.example.com/a"], True, False)
    assert (menu.contact, menu.account) == ("店长", "tea")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "shop"}, "name"),
        ({"name": "The Shop"}, "name"),
        ({"return_urls": ""}, "return_urls"),
        ({"return_urls": "javascript:alert(1)"}, "return_urls"),
        ({"return_urls": "http://localhost/"}, "return_urls"),
        ({"origins": "https://menu.example.com/path"}, "origins"),
        ({"handoff": "pigeon"}, "handoff"),
        ({"account": "nobody"}, "account"),
        ({"contact": "x" * 300}, "contact"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(staff: SignIn, changes: dict[str, str], field: str) -> None:
    ada = staff("admin")

    refused = await ada.post("/admin/new/site", NEW | {"title": "菜单"} | changes)

    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text
    assert refused.text.count('role="alert"') == 1
    assert 'value="菜单"' in refused.text


async def test_a_site_is_changed_and_cannot_be_left_without_a_return_url(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    fields = {"title": "茶", "return_urls": f"{RETURN_URL}\nhttps://b.example.com/", "handoff": "ticket"}

    changed = await ada.post("/admin/sites/shop/change", fields)
    refused = await ada.post("/admin/sites/shop/change", fields | {"return_urls": " \n "})

    assert (changed.status_code, refused.status_code) == (303, 400)
    assert stored(database, "shop").return_urls == [RETURN_URL, "https://b.example.com/"]
    assert stored(database, "shop").title == "茶"


async def test_the_old_key_goes_on_for_the_grace_that_was_chosen(staff: SignIn, site_keys: SiteKeys) -> None:
    ada = staff("admin")

    shop = key_in(await ada.post("/admin/sites/shop/key", {"grace": "24"}))
    clinic = key_in(await ada.post("/admin/sites/clinic/key", {"grace": "0"}))
    refused = await ada.post("/admin/sites/shop/key", {"grace": "7"})

    assert [await knows(ada.http, ada.gateway, key) for key in (shop, clinic, site_keys.shop)] == [True] * 3
    assert not await knows(ada.http, ada.gateway, site_keys.clinic)
    assert refused.status_code == 400


async def test_the_link_to_copy_starts_a_login(staff: SignIn) -> None:
    developer = staff("developer", ["shop"])
    page = await developer.get("/admin/sites/shop")

    (link,) = re.findall(r'<code id="auth-link">(.*?)</code>', page.text)
    begun = await developer.http.get(html.unescape(link))

    assert begun.status_code == 302
    assert parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"] == [f"{developer.gateway}/auth/callback"]


async def test_a_developer_sees_the_own_sites_alone_and_changes_nothing(staff: SignIn) -> None:
    developer = staff("developer", ["shop"])

    listed = await developer.get("/admin/sites")
    other = await developer.get("/admin/sites/clinic")
    changed = await developer.post("/admin/sites/shop/key", {"grace": "0"})

    assert "/admin/sites/shop" in listed.text
    assert "clinic" not in listed.text
    assert "/admin/new/site" not in listed.text
    assert (other.status_code, changed.status_code) == (404, 403)


async def test_a_site_that_is_switched_off_starts_no_login(staff: SignIn, database: Database) -> None:
    ada = staff("admin")

    await ada.post("/admin/sites/shop/disable")

    assert stored(database, "shop").state == "off"
    assert "Off" in (await ada.get("/admin/sites/shop")).text


@pytest.mark.parametrize("page", ["/change", "/key", "/disable"])
async def test_a_site_that_is_not_there_is_a_page_that_says_so(staff: SignIn, page: str) -> None:
    ada = staff("admin")

    shown, posted = (
        await ada.get(f"/admin/sites/nobody{page}"),
        await ada.post(f"/admin/sites/nobody{page}", NEW | {"grace": "0"}),
    )

    assert (shown.status_code, posted.status_code) == (404, 404)
