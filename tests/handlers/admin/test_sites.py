"""The pages of sites: what their developers copy, and every change by a form."""

import html
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import running
from tests.handlers.admin.conftest import SignIn
from tests.running import RETURN_URL, SiteKeys
from tests.visiting import redeem
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.queries import registry
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
        ({"privacy_url": "http://menu.example.com/"}, "privacy_url"),
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


async def test_what_a_site_switches_on_is_stored_and_shown(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    switches = {"explain": "1", "snapshot_guest": "1", "profile_required": "1"}
    fields = {"return_urls": RETURN_URL, "handoff": "ticket", "privacy_url": "https://shop.example.com/privacy"}

    await ada.post("/admin/sites/shop/change", fields | switches)
    on = stored(database, "shop")
    form = await ada.get("/admin/sites/shop/change")
    await ada.post("/admin/sites/shop/change", fields | {"privacy_url": ""})
    off = stored(database, "shop")

    assert (on.explain, on.snapshot_guest, on.profile_required) == (True, True, True)
    assert on.privacy_url == "https://shop.example.com/privacy"
    for name in switches:
        assert f'name="{name}" value="1" checked' in form.text
    assert (off.explain, off.snapshot_guest, off.profile_required, off.privacy_url) == (False, False, False, None)


def handoff_key_in(page: httpx.Response) -> str:
    found = re.search(r"wxh_[A-Z2-7]{40}", page.text)
    assert found, page.text
    return found[0]


def signing_key(database: Database, at: datetime) -> str:
    [shop] = [site for site in database.read_now(registry.load).sites if site.name == "shop"]
    return running.keys().open(shop.signing_key_sealed(at) or b"", handoff_key_bound_to("shop"))


async def test_the_hand_off_key_is_shown_when_it_is_made_and_never_again(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    fields = {"return_urls": RETURN_URL, "handoff": "openid"}

    changed = await ada.post("/admin/sites/shop/change", fields)
    again = await ada.post("/admin/sites/shop/change", fields)
    added = await ada.post("/admin/new/site", NEW | {"handoff": "openid"})
    page = await ada.get("/admin/sites/shop")

    assert handoff_key_in(changed) == signing_key(database, utcnow())
    assert "wxs_" not in changed.text
    assert again.status_code == 303
    assert key_in(added)
    assert handoff_key_in(added)
    assert "wxh_" not in page.text
    assert "Whoever sees an address" in page.text


async def test_a_new_hand_off_key_signs_when_the_grace_that_was_chosen_ends(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    before = await ada.get("/admin/sites/shop/handoff-key")
    old = handoff_key_in(await ada.post("/admin/sites/shop/change", {"return_urls": RETURN_URL, "handoff": "openid"}))

    question = await ada.get("/admin/sites/shop/handoff-key")
    new = handoff_key_in(await ada.post("/admin/sites/shop/handoff-key", {"grace": "1"}))
    refused = await ada.post("/admin/sites/shop/handoff-key", {"grace": "7"})

    assert (before.status_code, question.status_code, refused.status_code) == (404, 200, 400)
    assert [signing_key(database, utcnow() + timedelta(minutes=minutes)) for minutes in (59, 61)] == [old, new]


async def test_the_link_to_copy_starts_a_login(staff: SignIn) -> None:
    developer = staff("developer", ["shop"])
    page = await developer.get("/admin/sites/shop")

    (link,) = re.findall(r'<code id="auth-link">(.*?)</code>', page.text)
    begun = await developer.http.get(html.unescape(link))

    assert begun.status_code == 302
    assert parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"] == [f"{developer.gateway}/auth/callback"]


async def test_the_call_that_redeems_is_shown_with_the_blanks_of_its_lines(staff: SignIn) -> None:
    page = await staff("developer", ["shop"]).get("/admin/sites/shop")

    (call,) = re.findall(r'<code id="redeem">(.*?)</code>', page.text, re.DOTALL)
    first, *others = html.unescape(call).splitlines()
    assert re.fullmatch(r"curl http://[^ ]+/api/v1/tickets/redeem \\", first)
    assert [line[:5] for line in others] == ["  -H ", "  -H ", "  -d "]


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


async def test_a_site_that_is_switched_on_again_has_the_key_that_it_had(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    before = stored(database, "shop")
    await ada.post("/admin/sites/shop/disable")

    question = await ada.get("/admin/sites/shop/enable")
    off = await ada.get("/admin/sites/shop")
    answered = await ada.post("/admin/sites/shop/enable")

    assert "Switch shop on?" in question.text
    assert "/admin/sites/shop/enable" in off.text
    assert answered.headers["Location"] == "/admin/sites/shop"
    assert stored(database, "shop") == before


@pytest.mark.parametrize("page", ["/change", "/key", "/handoff-key", "/disable", "/enable"])
async def test_a_site_that_is_not_there_is_a_page_that_says_so(staff: SignIn, page: str) -> None:
    ada = staff("admin")

    shown, posted = (
        await ada.get(f"/admin/sites/nobody{page}"),
        await ada.post(f"/admin/sites/nobody{page}", NEW | {"grace": "0"}),
    )

    assert (shown.status_code, posted.status_code) == (404, 404)
