"""The pages of the staff: added with a password that is shown once, reset, switched off."""

import html
import re

import httpx
import pytest

from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.database import Database
from wxadmin.queries import staff as queries


def password_in(page: httpx.Response) -> str:
    (password,) = re.findall(r'<code id="password">(.*?)</code>', page.text)
    return html.unescape(password)


async def can_sign_in(visitor: StaffVisitor, name: str, password: str) -> bool:
    signed_in = await visitor.post("/admin/sign-in", {"name": name, "password": password})
    return signed_in.status_code == 303


async def test_a_person_is_added_and_signs_in_with_the_password_that_is_shown_once(staff: SignIn) -> None:
    ada = staff("admin")

    added = await ada.post("/admin/new/person", {"name": "grace", "role": "developer", "sites": ["shop", "clinic"]})
    listed = await ada.get("/admin/staff")

    assert await can_sign_in(ada, "grace", password_in(added))
    assert password_in(added) not in listed.text
    assert "clinic, shop" in listed.text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Grace H", "role": "support"}, "name"),
        ({"name": "grace", "role": "boss"}, "role"),
        ({"name": "grace", "role": "developer"}, "sites"),
        ({"name": "grace", "role": "support", "sites": "shop"}, "sites"),
        ({"name": "grace", "role": "developer", "sites": "nowhere"}, "sites"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(staff: SignIn, fields: dict[str, str], field: str) -> None:
    ada = staff("admin")

    refused = await ada.post("/admin/new/person", fields)

    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text


async def test_a_new_password_ends_the_persons_sessions_at_once(staff: SignIn) -> None:
    ada, grace = staff("admin"), staff("support")

    reset = await ada.post(f"/admin/staff/{grace.name}/reset")

    assert (await grace.get("/admin/")).status_code == 302
    assert await can_sign_in(ada, grace.name, password_in(reset))


async def test_whoever_is_switched_off_is_out_at_once(staff: SignIn, database: Database) -> None:
    ada, grace = staff("admin"), staff("support")

    switched_off = await ada.post(f"/admin/staff/{grace.name}/disable")

    assert switched_off.status_code == 303
    assert (await grace.get("/admin/")).status_code == 302
    person = database.read_now(queries.named, grace.name)
    assert person is not None
    assert person.disabled_at is not None


async def test_nobody_switches_themselves_off(staff: SignIn) -> None:
    ada = staff("admin")

    refused = await ada.post(f"/admin/staff/{ada.name}/disable")

    assert refused.status_code == 400
    assert "ask another administrator" in refused.text
    assert (await ada.get("/admin/")).status_code == 200


async def test_a_developer_sees_a_site_from_the_moment_it_is_given(staff: SignIn) -> None:
    ada, grace = staff("admin"), staff("developer", ["clinic"])
    hidden = await grace.get("/admin/sites/shop")

    saved = await ada.post(f"/admin/staff/{grace.name}/sites", {"sites": ["shop"]})

    assert (hidden.status_code, saved.status_code) == (404, 303)
    assert (await grace.get("/admin/sites/shop")).status_code == 200
    assert (await grace.get("/admin/sites/clinic")).status_code == 404


async def test_a_developer_without_sites_is_refused_beside_the_boxes(staff: SignIn) -> None:
    ada, grace = staff("admin"), staff("developer", ["clinic"])

    refused = await ada.post(f"/admin/staff/{grace.name}/sites", {})

    assert refused.status_code == 400
    assert 'id="sites-fault"' in refused.text


async def test_whoever_is_no_developer_has_no_sites_to_choose(staff: SignIn) -> None:
    ada, grace = staff("admin"), staff("support")

    page = await ada.get(f"/admin/staff/{grace.name}/sites")
    posted = await ada.post(f"/admin/staff/{grace.name}/sites", {"sites": ["shop"]})

    assert page.status_code == 404
    assert posted.status_code in {400, 404}


async def test_a_new_site_is_shown_to_the_developers_who_are_chosen(staff: SignIn) -> None:
    ada, grace, ken = staff("admin"), staff("developer", ["clinic"]), staff("developer", ["clinic"])
    fields = {"account": "tea", "name": "mine", "return_urls": "https://mine.example.com/", "handoff": "ticket"}

    await ada.post("/admin/new/site", {**fields, "developers": [grace.name]})

    assert (await grace.get("/admin/sites/mine")).status_code == 200
    assert (await ken.get("/admin/sites/mine")).status_code == 404


@pytest.mark.parametrize("page", ["sites", "two-step", "reset", "disable"])
async def test_a_person_who_is_not_there_is_a_page_that_says_so(staff: SignIn, page: str) -> None:
    ada = staff("admin")

    shown, posted = await ada.get(f"/admin/staff/nobody/{page}"), await ada.post(f"/admin/staff/nobody/{page}")

    assert (shown.status_code, posted.status_code) == (404, 404)
