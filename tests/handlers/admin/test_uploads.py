"""Uploaded lists at the dashboard: stored and matched, used, marked, deleted; and whatever is no list."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from tests.factories import AccountFactory, SiteFactory, UploadedListFactory, UploadedValueFactory, UserFactory
from tests.handlers.admin import exported
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.clock import utcnow
from wxadmin.flows import uploads as flows
from wxadmin.handlers.admin import upload_new
from wxadmin.models import AuditEntry, Site, UploadedList, UploadedValue, User
from wxadmin.services import uploads

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def people(store: Store, shop: Site) -> list[User]:
    of_shop = {"account_id": shop.account_id, "last_site_id": shop.id}
    return [store(partial(UserFactory, openid=f"oPerson{at}", nickname=f"人{at}", **of_shop)) for at in range(5)]


async def uploaded(
    visitor: StaffVisitor, data: bytes | None = None, *, text: str = "", **fields: str
) -> httpx.Response:
    """The answer to the form: a file where there are bytes, else what was pasted."""
    said = {"name": "双十一老客户", "account": "tea", "kind": "", "text": text} | fields
    files = {"file": ("客户.csv", data)} if data is not None else None
    return await visitor.post("/admin/lists/new", said, files=files)


def refusals(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.status_code
    return re.findall(r'role="alert">([^<]*)', answer.text)


def facts(page: httpx.Response) -> dict[str, str]:
    pairs = re.findall(r"<dt>([^<]*)</dt><dd[^>]*>([^<]*)", page.text)
    return {name: value.strip() for name, value in pairs}


async def test_a_list_is_stored_matched_and_told(
    people: list[User], store: Store, staff: SignIn, stored: Stored
) -> None:
    store(partial(UserFactory, openid="oElsewhere", site=store(SiteFactory)))
    lin = staff("marketer")
    table = "OpenID,昵称\r\noPerson1,甲\r\noPerson3,乙\r\noPerson3,乙\r\noElsewhere,丙\r\noNobody,丁\r\n小雨,戊\r\n"

    answer = await uploaded(lin, table.encode("gb18030"), account="tea")
    page = await lin.get(answer.headers["Location"])

    assert answer.status_code == 303
    told = facts(page)
    assert {name: told[name] for name in ("Values", "Found", "Of another account", "Unknown")} == {
        "Values": "4",
        "Found": "2",
        "Of another account": "1",
        "Unknown": "1",
    }
    assert (told["Lines that say one again"], told["Lines that cannot be read"]) == ("1", "1")
    assert "such as line 7" in page.text
    assert "oPerson1" not in page.text
    [entry] = [one for one in stored(AuditEntry) if one.action == "list_uploaded"]
    assert (entry.actor, json.loads(entry.details)) == (lin.name, {"kind": "openid", "values": 4})
    assert "双十一老客户" in (await lin.get("/admin/lists")).text


async def test_a_pasted_list_filters_users_both_ways(people: list[User], staff: SignIn, stored: Stored) -> None:
    ada = staff("admin")

    await uploaded(ada, text="oPerson0\r\noPerson4\r\n")
    [one] = stored(UploadedList)
    only = await ada.get(f"/admin/users?only={one.id}")
    without = await ada.get(f"/admin/users?without={one.id}")
    file = await exported.file_of_users(ada, f"?only={one.id}", account="tea")

    assert one.kind == "openid"
    assert set(re.findall(r"<bdi>(人\d)", only.text)) == {"人0", "人4"}
    assert set(re.findall(r"<bdi>(人\d)", without.text)) == {"人1", "人2", "人3"}
    assert file.text.count("oPerson") == 2


async def test_everybody_on_a_list_is_marked_and_lifted(
    people: list[User], staff: SignIn, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "_MARKED_AT_ONCE", 2)
    lin = staff("marketer")
    address = (await uploaded(lin, text="\n".join(f"oPerson{at}" for at in range(4)) + "\noNobody")).headers["Location"]

    asked = await lin.get(f"{address}/contact")
    marked = await lin.post(f"{address}/contact", {"blocked": "yes"})
    blocked = {one.openid for one in stored(User) if one.blocked_at}
    numbers = sorted(one.change_no for one in stored(User) if one.blocked_at)
    lifted = await lin.post(f"{address}/contact", {"blocked": "no"})

    assert "4 values of the list were known" in asked.text
    assert "Done: 4 people were changed." in marked.text
    assert blocked == {"oPerson0", "oPerson1", "oPerson2", "oPerson3"}
    assert len(set(numbers)) == 4
    assert "Done: 4 people were changed." in lifted.text
    assert not any(one.blocked_at for one in stored(User))
    told = [json.loads(one.details)["people"] for one in stored(AuditEntry) if one.action == "contact_blocked"]
    assert sum(told) == 4


async def test_a_deleted_list_is_gone_with_its_values_and_its_filter(
    people: list[User], staff: SignIn, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_A_TIME", 2)
    lin = staff("marketer")
    address = (await uploaded(lin, text="\n".join(f"oPerson{at}" for at in range(5)))).headers["Location"]
    list_id = address.rpartition("/")[2]

    asked = await lin.get(f"{address}/delete")
    answer = await lin.post(f"{address}/delete")

    assert "Delete 双十一老客户?" in asked.text
    assert answer.headers["Location"] == "/admin/lists"
    assert (stored(UploadedList), stored(UploadedValue)) == ([], [])
    assert (await lin.get(address)).status_code == 404
    assert (await lin.post(f"{address}/contact", {"blocked": "yes"})).status_code == 404
    assert (await lin.get(f"/admin/users?only={list_id}")).status_code == 400


async def test_whoever_logs_in_later_is_counted_when_looked_up_anew(
    people: list[User], store: Store, shop: Site, staff: SignIn, stored: Stored
) -> None:
    lin = staff("marketer")
    address = (await uploaded(lin, text="oPerson0\noLater", kind="openid")).headers["Location"]
    store(partial(UserFactory, openid="oLater", account_id=shop.account_id, last_site_id=shop.id))

    before = facts(await lin.get(address))["Found"]
    asked = await lin.get(f"{address}/match")
    await lin.post(f"{address}/match")

    assert "It was last done on" in asked.text
    assert (before, facts(await lin.get(address))["Found"]) == ("1", "2")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"text": ""}, "choose a file or paste a list"),
        ({"text": "oPerson0", "name": " "}, "a name has from 1 to 64 characters"),
        ({"text": "oPerson0", "name": "x" * 65}, "a name has from 1 to 64 characters"),
        ({"text": "oPerson0", "kind": "phone"}, "choose what the list holds"),
        ({"text": "nobody-knows-this"}, "nobody is known by the first of these"),
        ({"text": "小雨", "kind": "openid"}, "no line holds an id of this kind"),
        ({"text": "oPerson0", "account": "nowhere"}, "there is no account"),
        ({"text": 'oPerson0\n"oPerson1'}, "line 2 opens a quote"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_list_is_refused_beside_its_field(
    people: list[User], staff: SignIn, stored: Stored, fields: dict[str, str], says: str
) -> None:
    answer = await uploaded(staff("marketer"), **fields)

    assert any(says in one for one in refusals(answer))
    assert (stored(UploadedList), stored(UploadedValue)) == ([], [])
    # It can be mended there.
    assert fields["text"].splitlines()[-1:] == [] or "<textarea" in answer.text


async def test_a_workbook_is_no_text(staff: SignIn, people: list[User]) -> None:
    answer = await uploaded(staff("marketer"), b"PK\x03\x04\x14\x00\x00\x00\x08\x00")

    assert any("save the sheet as CSV" in one for one in refusals(answer))


async def test_a_name_that_is_taken_is_refused(staff: SignIn, people: list[User]) -> None:
    lin = staff("marketer")
    await uploaded(lin, text="oPerson0")

    assert any("already" in one for one in refusals(await uploaded(lin, text="oPerson1")))


async def test_of_several_accounts_one_is_chosen(staff: SignIn, people: list[User], store: Store) -> None:
    store(AccountFactory)

    assert refusals(await uploaded(staff("marketer"), text="oPerson0", account="")) == ["choose a service account"]


async def test_a_large_list_is_taken_where_other_bodies_are_small(staff: SignIn, people: list[User]) -> None:
    lin = staff("marketer")
    lines = "".join(f"o{at:027}\n" for at in range(3_000))

    answer = await uploaded(lin, lines.encode(), kind="openid")
    assert facts(await lin.get(answer.headers["Location"]))["Values"] == "3,000"
    # The connection is closed on whoever sends on.
    with suppress(httpx.TransportError):
        assert (await lin.post("/admin/search", {"q": lines[:80_000]})).status_code == 400


async def test_a_list_that_is_too_large_is_refused_before_it_is_read(
    staff: SignIn, people: list[User], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_new, "_LARGEST_BODY", 1_000)

    # The connection is closed on whoever sends on.
    with suppress(httpx.TransportError):
        answer = await uploaded(staff("marketer"), b"oA\n" * 1_000, kind="openid")
        assert answer.status_code == 413

    assert stored(UploadedList) == []


async def test_strangers_and_forged_forms_store_nothing(
    gateway: str, http: httpx.AsyncClient, staff: SignIn, people: list[User], stored: Stored
) -> None:
    lin = staff("marketer")
    fields, address = {"name": "x", "text": "oPerson0"}, f"{gateway}/admin/lists/new"

    stranger = await http.post(address, data=fields)
    forged = await http.post(address, data=fields, headers={"Cookie": f"{lin.session_cookie}={lin.token}"})
    wrong = {"Cookie": f"{lin.session_cookie}={lin.token}; _xsrf=0123456789abcdef0123456789abcdef"}
    other = await http.post(address, data=fields | {"_xsrf": "f" * 32}, headers=wrong)

    assert [answer.status_code for answer in (stranger, forged, other)] == [401, 403, 403]
    assert stored(UploadedList) == []


@pytest.mark.parametrize("role", ["support", "developer"])
async def test_whoever_takes_no_lists_along_brings_none(staff: SignIn, role: str) -> None:
    visitor = staff(role)

    assert (await visitor.get("/admin/lists")).status_code == 403
    assert (await uploaded(visitor, text="oPerson0")).status_code == 403


async def test_a_list_whose_time_is_up_is_purged_by_and_by(
    store: Store, stored: Stored, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_A_TIME", 2)
    old = store(partial(UploadedListFactory, kept_until=utcnow() - timedelta(seconds=1)))
    for _ in range(5):
        store(partial(UploadedValueFactory, of_list=old))
    kept = store(partial(UploadedValueFactory, of_list=store(UploadedListFactory)))

    [found] = database.write_now(uploads.expired)
    while database.write_now(uploads.delete_some, found):
        await asyncio.sleep(0)

    assert [one.id for one in stored(UploadedList)] == [kept.list_id]
    assert [one.value for one in stored(UploadedValue)] == [kept.value]
