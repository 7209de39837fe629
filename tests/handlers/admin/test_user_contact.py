"""勿扰 at the dashboard: set and lifted on a person's page, shown in the list, left out of files and counted."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.factories import ExportFactory, UploadedListFactory, UploadedValueFactory, UserFactory
from tests.handlers.admin import exported
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.database import Database
from wxadmin.models import AuditEntry, Export, Site, User
from wxadmin.services import uploads

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
ASKED = {"destination": "other", "format": "csv", "columns": ["openid"], "purpose": "coupons", "zone": "Asia/Shanghai"}
ASKED |= {"account": "tea"}


@pytest.fixture
def people(store: Store, shop: Site) -> list[User]:
    """Three who may be contacted, and two who are not to be."""
    of_shop = {"account_id": shop.account_id, "last_site_id": shop.id}
    return [
        store(partial(UserFactory, openid=f"oPerson{at}", nickname=f"人{at}", blocked=at > 2, **of_shop))
        for at in range(5)
    ]


async def made(visitor: StaffVisitor, query: str = "", **fields: Any) -> str:
    return await exported.made(visitor, f"/admin/exports/new{query}", ASKED | fields)


async def lines(visitor: StaffVisitor, address: str) -> list[str]:
    return sorted((await visitor.get(f"{address}/file")).text.split()[1:])


@pytest.mark.parametrize("role", ["admin", "operator", "marketer", "support"])
async def test_whoever_hears_the_complaint_sets_and_lifts_the_mark(
    people: list[User], staff: SignIn, stored: Stored, role: str
) -> None:
    visitor, own = staff(role), f"/admin/users/{people[0].id}"

    asked = await visitor.get(f"{own}/contact")
    answer = await visitor.post(f"{own}/contact", {"blocked": "yes", "why": "来电投诉"})
    page = await visitor.get(own)
    lifted = await visitor.post(f"{own}/contact", {"blocked": "no"})

    assert "Do not contact this person?" in asked.text
    assert answer.headers["Location"] == lifted.headers["Location"] == own
    assert "Do not contact</span></h1>" in page.text
    assert "来电投诉" in page.text
    assert visitor.name in page.text
    assert "Do not contact</span></h1>" not in (await visitor.get(own)).text
    said = [(one.actor, one.subject, one.details) for one in stored(AuditEntry) if one.action.startswith("contact")]
    assert said == [(visitor.name, f"user {people[0].id}", None)] * 2


async def test_a_developer_neither_sees_nor_sets_it(people: list[User], staff: SignIn, stored: Stored) -> None:
    answer = await staff("developer").post(f"/admin/users/{people[0].id}/contact", {"blocked": "yes"})

    assert answer.status_code == 403
    assert sum(one.blocked_at is not None for one in stored(User)) == 2


@pytest.mark.parametrize(
    ("fields", "status"), [({}, 400), ({"blocked": "maybe"}, 400), ({"blocked": "yes", "why": "x" * 201}, 400)]
)
async def test_a_form_that_says_nothing_changes_nothing(
    people: list[User], staff: SignIn, stored: Stored, fields: dict[str, str], status: int
) -> None:
    answer = await staff("support").post(f"/admin/users/{people[0].id}/contact", fields)

    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert sum(one.blocked_at is not None for one in stored(User)) == 2


@pytest.mark.parametrize("user_id", ["1", "9" * 19])
async def test_nobody_is_no_page(staff: SignIn, user_id: str) -> None:
    visitor = staff("support")

    assert (await visitor.get(f"/admin/users/{user_id}/contact")).status_code == 404
    assert (await visitor.post(f"/admin/users/{user_id}/contact", {"blocked": "yes"})).status_code == 404


async def test_the_list_shows_and_filters_them(people: list[User], staff: SignIn) -> None:
    lin = staff("marketer")

    everybody = await lin.get("/admin/users")
    blocked = await lin.get("/admin/users?contact=blocked")
    allowed = await lin.get("/admin/users?contact=allowed")

    assert everybody.text.count('<span class="badge stop">Do not contact</span>') == 2
    assert set(re.findall(r"<bdi>(人\d)", blocked.text)) == {"人3", "人4"}
    assert set(re.findall(r"<bdi>(人\d)", allowed.text)) == {"人0", "人1", "人2"}
    assert (await lin.get("/admin/users?contact=x")).status_code == 400


async def test_they_are_left_out_of_every_export_and_counted(people: list[User], staff: SignIn, stored: Stored) -> None:
    lin = staff("marketer")

    dialog = await lin.get("/admin/exports/new")
    address = await made(lin)
    page, receipt = await lin.get(address), (await lin.get(f"{address}/receipt.json")).json()

    assert "<strong>3 users" in dialog.text
    assert "2 people who are not to be contacted are left out." in dialog.text
    assert await lines(lin, address) == ["oPerson0", "oPerson1", "oPerson2"]
    assert "<dt>Not to be contacted</dt><dd>Left out: 2</dd>" in page.text
    assert receipt["do_not_contact"] == {"included": False, "left_out": 2}
    assert [(one.with_blocked, one.left_out, one.rows) for one in stored(Export)] == [(False, 2, 3)]


async def test_whoever_asks_for_them_too_gets_them_and_that_is_on_record(
    people: list[User], staff: SignIn, stored: Stored
) -> None:
    lin = staff("marketer")

    address = await made(lin, with_blocked="1")
    page, receipt = await lin.get(address), (await lin.get(f"{address}/receipt.json")).json()

    assert await lines(lin, address) == [f"oPerson{at}" for at in range(5)]
    assert "Included: whoever asked for it wanted them too" in page.text
    assert receipt["do_not_contact"] == {"included": True, "left_out": None}
    [entry] = [json.loads(one.details) for one in stored(AuditEntry) if one.action == "export_asked"]
    assert entry["with_blocked"] is True


async def test_whoever_filters_for_them_gets_them_alone(people: list[User], staff: SignIn) -> None:
    lin = staff("marketer")

    dialog = await lin.get("/admin/exports/new?contact=blocked")
    address = await made(lin, "?contact=blocked")

    assert "for nobody else" in dialog.text
    assert 'name="with_blocked"' not in dialog.text
    assert await lines(lin, address) == ["oPerson3", "oPerson4"]
    assert "Do not contact" in (await lin.get(address)).text


async def test_a_receipt_says_which_list_it_went_by_after_that_is_deleted(
    people: list[User], shop: Site, store: Store, database: Database, staff: SignIn
) -> None:
    lin = staff("marketer")
    of_list = store(partial(UploadedListFactory, account_id=shop.account_id, name="老客户", held=2))
    for at in (1, 4):
        store(partial(UploadedValueFactory, of_list=of_list, value=f"oPerson{at}"))

    address = await made(lin, f"?only={of_list.id}")
    database.write_now(uploads.withdraw, of_list.id, actor="lin")
    page, receipt = await lin.get(address), (await lin.get(f"{address}/receipt.json")).json()

    assert await lines(lin, address) == ["oPerson1"]
    assert "Only these people: 老客户 (2 values)" in page.text
    assert receipt["lists"] == {str(of_list.id): {"name": "老客户", "kind": "openid", "values": 2}}
    assert receipt["do_not_contact"]["left_out"] == 1


async def test_an_export_whose_list_is_gone_when_it_is_made_says_so(
    people: list[User], store: Store, staff: SignIn
) -> None:
    lin = staff("marketer")
    asked = store(partial(ExportFactory, filters='{"without": "1"}', columns="openid"))
    address = f"/admin/exports/{asked.id}"

    while (await lin.get(f"{address}/progress.json")).json()["is_underway"]:
        await asyncio.sleep(0.05)

    assert "An uploaded list that it goes by was deleted meanwhile." in (await lin.get(address)).text
    assert (await lin.get(f"{address}/file")).status_code == 404
