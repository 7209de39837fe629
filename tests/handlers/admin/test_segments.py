"""Segments at the dashboard: saved from the list, opened, changed, exported as a whole and by what has changed."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.databases import on_sqlite
from tests.factories import ExportFactory, SegmentFactory, UserFactory
from wxadmin.database import Database
from wxadmin.models import AuditEntry, Export, Segment, Site, User
from wxadmin.queries import read_budget, segments
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.services.batch import number_changes
from wxadmin.tasks import exports as tasks

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]
Stored = Callable[[type], Sequence[Any]]
ASKED = {
    "destination": "other",
    "format": "csv",
    "columns": ["openid"],
    "purpose": "coupons",
    "zone": "UTC",
    "account": "tea",
}


@pytest.fixture(autouse=True)
def jobs_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_LOOKS_EVERY_S", 0.05)
    monkeypatch.setattr(tasks, "_TELLS_EVERY_S", 0.05)


@pytest.fixture
def people(store: Store, gateway: str, database: Database) -> list[User]:
    shop = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    made = partial(UserFactory, account_id=shop.account_id, last_site_id=shop.id)
    found = [store(made) for _ in range(3)]
    database.write_now(lambda session: number_changes(session.connection(), [user.id for user in found]))
    return found


async def saved(visitor: Any, query: str, name: str) -> str:
    """The address of a new segment."""
    answer = await visitor.post(f"/admin/segments/new?{query}", {"name": name})
    assert answer.status_code == 303, answer.text
    address: str = answer.headers["Location"]
    return address


async def exported(visitor: Any, query: str, **fields: Any) -> str:
    answer = await visitor.post(f"/admin/exports/new?{query}", ASKED | fields)
    assert answer.status_code == 303, re.findall(r'role="alert">([^<]*)', answer.text)
    address: str = answer.headers["Location"]
    while (await visitor.get(f"{address}/progress.json")).json()["is_underway"]:
        await asyncio.sleep(0.05)
    return address


def said(stored: Stored, action: str) -> list[dict[str, Any]]:
    return [json.loads(entry.details) for entry in stored(AuditEntry) if entry.action == action]


async def test_filters_of_the_list_are_saved_under_a_name_and_opened_again(
    people: list[User], staff: Staff, store: Store, stored: Stored
) -> None:
    store(lambda: UserFactory(silent=True))
    lin = staff("marketer")

    on_list = await lin.get("/admin/users?scope=explicit")
    form = await lin.get("/admin/segments/new?scope=explicit")
    address = await saved(lin, "scope=explicit", " 双十一  老客 ")
    page = await lin.get(address)
    listed = await lin.get("/admin/segments")

    assert 'href="/admin/segments/new?scope=explicit"' in on_list.text
    assert "Explicit" in form.text
    [segment] = stored(Segment)
    assert (segment.name, segment.filters, segment.filter_zone) == (
        "双十一 老客",
        '{"scope": "explicit"}',
        "Asia/Shanghai",
    )
    for text in (page.text, listed.text):
        assert "双十一 老客" in text
        assert "3 users" in text
        assert f"/admin/users?scope=explicit&amp;over={segment.id}" in text
    assert said(stored, "segment_added") == [{"name": "双十一 老客", "filters": {"scope": "explicit"}}]


async def test_a_segment_keeps_no_search_and_says_why(people: list[User], staff: Staff, stored: Stored) -> None:
    refused = await staff("marketer").post("/admin/segments/new?q=小雨&scope=explicit", {"name": "x"})

    assert refused.status_code == 400
    assert "may be somebody&#x27;s name" in refused.text or "may be somebody&#39;s name" in refused.text
    assert stored(Segment) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\u202eb"], ids=["empty", "blank", "long", "backwards"])
@on_sqlite
async def test_a_segment_needs_a_name_that_can_be_shown(
    name: str, people: list[User], staff: Staff, stored: Stored
) -> None:
    refused = await staff("marketer").post("/admin/segments/new?scope=explicit", {"name": name})

    assert refused.status_code == 400
    assert stored(Segment) == []


async def test_two_segments_do_not_share_a_name(people: list[User], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")
    await saved(lin, "scope=explicit", "老客")
    other = await saved(lin, "scope=silent", "新客")

    again = await lin.post("/admin/segments/new?scope=silent", {"name": "老客"})
    renamed = await lin.post(f"{other}/rename", {"name": "老客"})
    same = await lin.post(f"{other}/rename", {"name": "新客"})

    assert (again.status_code, renamed.status_code, same.status_code) == (400, 400, 303)
    assert sorted(one.name for one in stored(Segment)) == ["新客", "老客"]


async def test_other_filters_are_saved_over_it_from_the_list(people: list[User], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")
    address = await saved(lin, "scope=explicit", "老客")
    segment_id = address.rpartition("/")[2]

    on_list = await lin.get(f"/admin/users?logins_min=2&over={segment_id}")
    form = await lin.get(f"{address}/filters?logins_min=2")
    done = await lin.post(f"{address}/filters?logins_min=2")
    searched = await lin.post(f"{address}/filters?q=小雨")
    unknown = await lin.post(f"{address}/filters?site=nowhere")

    assert f'/filters?logins_min=2&amp;over={segment_id}"' in on_list.text
    assert f'name="over" value="{segment_id}"' in on_list.text
    assert "Explicit" in form.text
    assert (done.status_code, searched.status_code, unknown.status_code) == (303, 400, 400)
    [segment] = stored(Segment)
    assert json.loads(segment.filters) == {"logins_min": "2"}
    assert said(stored, "segment_changed") == [{"filters": {"logins_min": "2"}, "was": {"scope": "explicit"}}]


async def test_a_deleted_segment_is_gone_and_its_receipts_keep_the_name(
    people: list[User], staff: Staff, stored: Stored
) -> None:
    lin = staff("marketer")
    address = await saved(lin, "scope=explicit", "老客")
    export = await exported(lin, f"segment={address.rpartition('/')[2]}")

    asked = await lin.get(f"{address}/delete")
    await lin.post(f"{address}/delete")

    receipt = (await lin.get(f"{export}/receipt.json")).json()
    page = await lin.get(export)
    assert "老客" in asked.text
    assert stored(Segment) == []
    assert (await lin.get(address)).status_code == 404
    assert (await lin.get(f"/admin/exports/new?segment={address.rpartition('/')[2]}")).status_code == 404
    assert receipt["segment"] == "老客"
    assert "老客" in page.text
    assert "/admin/exports/new?account=tea&amp;scope=explicit&amp;since=" in page.text
    assert said(stored, "segment_deleted") == [{"name": "老客"}]


async def test_what_has_changed_since_is_exported_and_told_on_the_receipt(
    people: list[User], staff: Staff, stored: Stored, database: Database
) -> None:
    lin = staff("marketer")
    address = await saved(lin, "scope=explicit", "老客")
    segment = f"segment={address.rpartition('/')[2]}"
    first = await exported(lin, segment)
    first_id = first.rpartition("/")[2]
    database.write_now(_silenced, people[0].id)

    of_segment = await lin.get(address)
    dialog = await lin.get(f"/admin/exports/new?{segment}&since={first_id}")
    later = await exported(lin, segment, since=first_id)

    file, page = await lin.get(f"{later}/file"), await lin.get(later)
    receipt = (await lin.get(f"{later}/receipt.json")).json()
    assert f"/admin/exports/new?{segment}&amp;since={first_id}" in of_segment.text
    assert f'<option value="{first_id}" selected>' in dialog.text
    assert file.text == f"change,openid\ngone,{people[0].openid}\n"
    assert receipt["changes"] == {"since": first_id, "added": 0, "changed": 0, "gone": 1, "forgotten": 0}
    assert "0 added, 0 changed, 1 gone" in page.text
    assert said(stored, "export_asked")[1]["changes_since"] == int(first_id)


def _silenced(session: Any, user_id: int) -> None:
    session.execute(update(User).where(User.id == user_id).values(granted_userinfo=False))
    number_changes(session.connection(), [user_id])


@on_sqlite
@pytest.mark.parametrize("since", ["1", "x", "9" * 30], ids=["nobody's", "no number", "long"])
async def test_changes_are_told_only_since_exports_that_are_known(
    since: str, people: list[User], staff: Staff, stored: Stored
) -> None:
    refused = await staff("marketer").post("/admin/exports/new?scope=explicit", ASKED | {"since": since})

    assert refused.status_code == 400
    assert 'id="since-fault"' in refused.text
    assert stored(Export) == []


@on_sqlite
async def test_changes_are_not_told_since_exports_of_other_filters_accounts_or_unknown_people(
    people: list[User], staff: Staff, store: Store, stored: Stored
) -> None:
    lin = staff("marketer")
    done = {"done": True, "change_no": 1}
    others = [
        store(lambda: ExportFactory(**done, filters='{"scope": "silent", "account": "tea"}')),
        store(lambda: ExportFactory(**done, filters='{"scope": "explicit", "account": "milk"}')),
        store(lambda: ExportFactory(done=True, filters='{"scope": "explicit", "account": "tea"}')),
        store(lambda: ExportFactory(filters='{"scope": "explicit", "account": "tea"}', change_no=1, state="failed")),
    ]

    refused = [await lin.post("/admin/exports/new?scope=explicit", ASKED | {"since": str(one.id)}) for one in others]

    assert [answer.status_code for answer in refused] == [400] * 4
    assert len(stored(Export)) == 4


async def test_sizes_of_one_page_share_a_budget_and_are_never_more_than_is_known(
    people: list[User], store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [SegmentFactory(filters='{"scope": "silent"}') for _ in range(3)])
    store(lambda: UserFactory(silent=True))
    monkeypatch.setattr(read_budget, "_FIRST_WINDOW", 1)

    page = database.read_now(segments.page, masks=CLEAR, budget=ReadBudget(0))
    whole = database.read_now(segments.page, masks=CLEAR, budget=ReadBudget(60))

    assert [(row.size.number, row.size.is_all) for row in page.rows if row.size] == [(1, False)] * 3
    assert [(row.size.number, row.size.is_all) for row in whole.rows if row.size] == [(1, True)] * 3


@on_sqlite
async def test_a_segment_whose_filters_name_what_is_gone_says_so_and_is_still_shown(
    people: list[User], staff: Staff, store: Store
) -> None:
    segment = store(lambda: SegmentFactory(filters='{"site": "nowhere"}'))
    odd = store(lambda: SegmentFactory(filters='{"scope": "whatever"}'))
    lin = staff("marketer")

    listed = await lin.get("/admin/segments")
    pages = [await lin.get(f"/admin/segments/{one.id}") for one in (segment, odd)]

    assert listed.text.count("name what is not there any more") == 2
    assert [page.status_code for page in pages] == [200, 200]
    assert (await lin.get(f"/admin/exports/new?segment={odd.id}")).status_code == 400


async def test_pages_of_segments_follow_each_other_by_name(store: Store, database: Database) -> None:
    names = [store(lambda name=name: SegmentFactory(name=name)).name for name in "cabed"]

    first = database.read_now(segments.page, masks=CLEAR, size=2)
    second = database.read_now(segments.page, masks=CLEAR, after=first.after, size=2)
    last = database.read_now(segments.page, masks=CLEAR, after=second.after, size=2)
    back = database.read_now(segments.page, masks=CLEAR, before=second.before, size=2)

    shown = [[row.segment.name for row in page.rows] for page in (first, second, last, back)]
    assert shown == [["a", "b"], ["c", "d"], ["e"], ["a", "b"]]
    assert (first.before, last.after, back.before) == (None, None, None)
    assert sorted(names) == list("abcde")


@on_sqlite
async def test_support_sees_segments_and_changes_none(people: list[User], staff: Staff, store: Store) -> None:
    segment = store(SegmentFactory)
    support = staff("support")

    shown = [await support.get(path) for path in ("/admin/segments", f"/admin/segments/{segment.id}")]
    refused = [
        await support.post(f"/admin/segments/{segment.id}/{what}", {"name": "x"})
        for what in ("rename", "filters", "delete")
    ]

    assert [page.status_code for page in shown] == [200, 200]
    assert [page.status_code for page in refused] == [403] * 3
    assert all("/admin/exports" not in page.text for page in shown)
